"""A run written down: tables, maps and the manifest."""
