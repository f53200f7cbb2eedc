"""Where walks start: at the homes in the middle of a cell's people, on their own side of rivers and railways."""
