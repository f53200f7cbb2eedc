"""The ground that is planned: districts, units, communities, cells, and their names."""
