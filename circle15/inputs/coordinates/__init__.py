"""Coordinate systems of Chinese data: WGS-84, GCJ-02, BD-09, CGCS2000 and every EPSG system."""

from circle15.inputs.coordinates.systems import bd09_to_wgs84, gcj02_to_wgs84, wgs84_to_bd09, wgs84_to_gcj02

__all__ = ["bd09_to_wgs84", "gcj02_to_wgs84", "wgs84_to_bd09", "wgs84_to_gcj02"]
