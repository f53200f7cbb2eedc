"""Where people live: points, units, rasters and buildings, raked to official totals; surveys."""
