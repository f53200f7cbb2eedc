"""Which inputs and which formulas each table of a run comes from."""

from __future__ import annotations

from pathlib import PurePosixPath
from typing import TYPE_CHECKING, Any

from circle15.files.digests import file_parts
from circle15.outputs.dictionary import dictionary
from circle15.pipeline.study.study_streets import street_inputs

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

    from circle15.config.model import Config
    from circle15.pipeline.study.study import Study

_TABLES = (".csv", ".parquet", ".xlsx", ".gpkg")
_EVERYTHING = ("streets", "district", "people", "services", "scenario", "planning", "policy", "survey")
_WITHOUT_PEOPLE = ("streets", "district", "services", "scenario")
_MEASURED = ("streets", "district", "people", "services", "scenario", "policy")
_FROM: dict[str, tuple[str, ...]] = {
    "entrances": _WITHOUT_PEOPLE,
    "policy": ("policy",),
    "raking": ("district", "people"),
    "satisfaction": ("district", "people", "survey"),
    "portrait": (*_MEASURED, "survey"),
    "portrait_layers": (*_MEASURED, "survey"),
    "ranking": (*_MEASURED, "planning"),
    "siting": (*_MEASURED, "planning"),
    "projects": (*_MEASURED, "planning"),
    "district": _EVERYTHING,
    "tables": _EVERYTHING,
}
"""By a table's stem, the kinds of inputs that its numbers come from; any other comes from `_MEASURED`."""


def inputs_by_kind(study: Study) -> dict[str, dict[str, Path]]:
    """Give every input file by its kind, as the config names it."""
    config = study.config
    planning = (config.planning.candidates, config.planning.projects, config.planning.forbidden)
    return {
        "streets": street_inputs(config),
        "district": dict(study.district.inputs),
        "people": dict(study.people.inputs),
        "services": {n: p for n, p in study.inputs.items() if n in {_file(layer.source) for layer in config.layers}},
        "scenario": {n: p for n, p in study.inputs.items() if n in {_file(str(c.line)) for c in config.changes}},
        "planning": _files(study, planning),
        "policy": {**register_files(config), **_files(study, (config.policy.actual if config.policy else None,))},
        "survey": _files(study, (config.survey.path if config.survey is not None else None,)),
    }


def input_files(study: Study) -> dict[str, Path]:
    """Give every input file, as the config names it, and the files beside it that were read with it."""
    named = {**study.inputs, **{name: path for kind in inputs_by_kind(study).values() for name, path in kind.items()}}
    return {_name_of_part(name, path, part): part for name, path in named.items() for part in file_parts(path)}


def _name_of_part(name: str, path: Path, part: Path) -> str:
    """Give what the config would call a part of the file that it calls ``name``."""
    if part == path:
        return name
    return (
        PurePosixPath(name) / part.name if part.parent == path else PurePosixPath(name).with_name(part.name)
    ).as_posix()


def trace_tables(study: Study, files: Iterable[Path], folder: Path) -> dict[str, Any]:
    """Give for each table its input files and its formulas; config and code stand beside, for all of them."""
    kinds = inputs_by_kind(study)
    traced = {}
    for path in files:
        if path.suffix not in _TABLES:
            continue
        used = dict.fromkeys(name for kind in _FROM.get(path.stem, _MEASURED) for name in kinds[kind])
        stems = {table for table, _ in dictionary()} if path.suffix in {".xlsx", ".gpkg"} else {path.stem}
        formulas = {e.source for (table, _), e in dictionary().items() if table in stems and e.source}
        traced[path.relative_to(folder).as_posix()] = {"inputs": list(used), "formulas": sorted(formulas)}
    return traced


def register_files(config: Config) -> dict[str, Path]:
    """Give the files of the config's own folder of policy registers."""
    if config.policy is None or config.policy.path is None:
        return {}
    name = config.policy.path
    return {f"{name}/{p.name}": p for p in sorted(config.resolve(name).glob("*.csv"))}


def _files(study: Study, named: Iterable[str | None]) -> dict[str, Path]:
    """Give the files among ``named``, which may also be selections of tags, boxes or nothing."""
    names = dict.fromkeys(_file(text) for text in named if text is not None and not text.startswith(("osm:", "box:")))
    return {name: path for name in names if (path := study.config.resolve(name)).exists()}


def _file(text: str) -> str:
    return text.partition("#")[0]
