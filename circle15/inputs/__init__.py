"""Files to validated frames; knows formats, not networks."""
