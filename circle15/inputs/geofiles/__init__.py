"""Geographic files as GDAL reads them: what is opened, and how names and codes in them are stored."""
