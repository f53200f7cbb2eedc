"""OSM files: objects chosen by tags, ways in columns, parts of large extracts."""
