"""Print the lowest versions that pyproject allows of every dependency, as pip's constraints.

Given names of extras, theirs too: python scripts/lowest.py test
"""

from __future__ import annotations

import re
import sys
import tomllib
from pathlib import Path


def lowest_versions(*extras: str) -> list[str]:
    """Give "name==version" for each dependency whose requirement has a lower bound."""
    project = tomllib.loads((Path(__file__).parents[1] / "pyproject.toml").read_text("utf-8"))["project"]
    optional = project["optional-dependencies"]
    wanted, waiting = list(project["dependencies"]), list(extras)
    while waiting:
        for requirement in optional[waiting.pop()]:
            own = re.fullmatch(r"circle15\[(.*)\]", requirement)
            waiting += own[1].split(",") if own else []
            wanted += [] if own else [requirement]
    found = (re.match(r"([\w.-]+)(?:\[.*?\])?\s*>=\s*([\w.]+)", requirement) for requirement in wanted)
    return sorted({f"{match[1]}=={match[2]}" for match in found if match})


if __name__ == "__main__":
    print("\n".join(lowest_versions(*sys.argv[1:])))
