"""Which coordinate system places and outlines are really in, measured against the streets and borders."""
