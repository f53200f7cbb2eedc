"""Every file that a config names, wherever in it: what a run may read."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from glob import glob
from pathlib import Path
from typing import TYPE_CHECKING, Any

from circle15.files.door import is_plain_file
from circle15.inputs.ground.china_districts import files_behind

if TYPE_CHECKING:
    from circle15.config.model import Config


def named_files(config: Config) -> list[Path]:
    """Give the files (and file geodatabases) that any text of the config is the name of, each once.

    A text may name a sheet or a feature behind "#", several rasters joined with "+", or a pattern. Every text is
    tried, so that a key that is added some day needs nothing here; a name of a district that happens to be a file's
    does no harm. Of a folder the tables in it count: it is one of registers. An area of China has its package's files.
    """
    found: dict[Path, None] = {}
    for text in dict.fromkeys(_texts(config.model_dump(exclude={"path"}))):
        for name in dict.fromkeys([text, text.partition("#")[0], *(part.strip() for part in text.split("+"))]):
            found |= dict.fromkeys(_files_of(config, name))
    table = config.district
    for area in (table.boundary, table.units, table.communities):
        found |= dict.fromkeys(files_behind(area) if area is not None else ())
    return list(found)


def _texts(value: Any) -> Iterator[str]:
    if isinstance(value, Path | str):
        yield str(value)
    elif isinstance(value, Mapping):
        for one in value.values():
            yield from _texts(one)
    elif isinstance(value, list | tuple | set | frozenset):
        for one in value:
            yield from _texts(one)


def _files_of(config: Config, name: str) -> list[Path]:
    if not name or "\0" in name or name.startswith(("osm:", "box:", "adcode:")):
        return []
    try:
        path = config.resolve(name)
        if is_plain_file(path) or (path.is_dir() and path.suffix.lower() == ".gdb"):
            return [path]
        if path.is_dir():
            return sorted(path.glob("*.csv"))
        return [p for p in map(Path, sorted(glob(str(path)))) if is_plain_file(p)]  # noqa: PTH207 (an absolute pattern)
    except (OSError, RuntimeError, ValueError):  # too long for a name, a loop of links: whoever reads it says so
        return []
