"""Facilities of a layer, from tables, geographic files and OSM objects."""
