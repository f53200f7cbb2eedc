"""Arrays to arrays: what walking times mean for people and supply."""
