"""How files are kept and replaced: digests, staged folders, the cache's room."""
