"""`python -m circle15`: the command line."""

from circle15.cli import main

main()
