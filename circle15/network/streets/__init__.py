"""An extract to streets: ways, squares, seams, borders, islands."""
