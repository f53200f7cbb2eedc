"""Which inputs and which formulas each table of a run comes from."""

from __future__ import annotations

import os
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING, Any

from circle15.config.plans.programme_table import files_named
from circle15.files.digests import file_parts
from circle15.outputs.catalogue import output_of
from circle15.outputs.dictionary import dictionary
from circle15.pipeline.study.study_streets import street_inputs

if TYPE_CHECKING:
    from collections.abc import Iterable

    from circle15.config.model import Config
    from circle15.pipeline.study.study import Study

_OF_ALL_TABLES = ("tables", "district")
_TABLES = (".csv", ".parquet", ".xlsx", ".gpkg")


def inputs_by_kind(study: Study) -> dict[str, dict[str, Path]]:
    """Give every input file by its kind, as the config names it."""
    config = study.config
    return {
        "streets": street_inputs(config),
        "district": dict(study.district.inputs),
        "people": dict(study.people.inputs),
        "services": {n: p for n, p in study.inputs.items() if n in {_file(layer.source) for layer in config.layers}},
        "scenario": {n: p for n, p in study.inputs.items() if n in {_file(str(c.line)) for c in config.changes}},
        "planning": _files(study, planning_files(config)),
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
    if path in part.parents:  # of a file geodatabase
        return (PurePosixPath(name) / part.relative_to(path).as_posix()).as_posix()
    try:
        beside = PurePosixPath(Path(os.path.relpath(part, path.parent)).as_posix())
    except ValueError:  # on another drive
        return part.as_posix()
    return os.path.normpath((PurePosixPath(name.partition(": ")[0]).parent / beside).as_posix()).replace(os.sep, "/")


def trace_tables(study: Study, files: Iterable[Path], folder: Path) -> dict[str, Any]:
    """Give for each table its input files and its formulas; config and code stand beside, for all of them."""
    kinds = inputs_by_kind(study)
    traced = {}
    for name in (path.relative_to(folder).as_posix() for path in files if path.suffix in _TABLES):
        output = output_of(name)
        used = dict.fromkeys(name for kind in output.computed_from for name in kinds[kind])
        entries = dictionary().values()
        formulas = {e.source for e in entries if e.source and (output.key in _OF_ALL_TABLES or e.table == output.key)}
        traced[name] = {"inputs": list(used), "formulas": sorted(formulas)}
    return traced


def register_files(config: Config) -> dict[str, Path]:
    """Give the files of the config's own folder of policy registers."""
    if config.policy is None or config.policy.path is None:
        return {}
    name = config.policy.path
    return {f"{name}/{p.name}": p for p in sorted(config.resolve(name).glob("*.csv"))}


def planning_files(config: Config) -> tuple[str, ...]:
    """Name the files of candidates, projects and forbidden ground: what could be built, not what stands."""
    planning, programme = config.planning, config.programme
    stated = [planning.candidates, planning.projects, planning.forbidden]
    if programme is not None:
        stated += [*files_named(programme.candidates), *files_named(programme.decided)]
    named = (_file(t) for t in stated if t is not None)
    return tuple(dict.fromkeys(name for name in named if not name.startswith(("osm:", "box:"))))


def _files(study: Study, named: Iterable[str | None]) -> dict[str, Path]:
    """Give the files among ``named``, which may also be selections of tags, boxes or nothing."""
    names = dict.fromkeys(_file(text) for text in named if text is not None and not text.startswith(("osm:", "box:")))
    return {name: path for name in names if (path := study.config.resolve(name)).exists()}


def _file(text: str) -> str:
    return text.partition("#")[0]
