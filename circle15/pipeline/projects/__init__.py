"""A study's decisions: places ranked, planned projects compared, sites chosen, causes told."""
