"""Streets to a walking network, and points to places on it."""
