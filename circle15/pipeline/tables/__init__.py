"""A study's numbers: each layer measured, and the tables that come of it."""
