"""Which project first: ranking and siting of new facilities."""

from typing import Literal, get_args

Model = Literal["mclp", "set-cover", "p-median", "p-centre", "capacitated"]
MODELS: tuple[Model, ...] = get_args(Model)
"""What can be sited exactly; stands here, where a command line's --help finds it without loading a solver."""
