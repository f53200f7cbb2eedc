"""run.json: where every number came from."""

from __future__ import annotations

import hashlib
import platform
from dataclasses import asdict
from functools import cache
from typing import TYPE_CHECKING, Any

import pandas as pd

from circle15 import __version__, _core
from circle15.config.meaning import config_digest, plain_config, stated_config
from circle15.files.digests import code_tree_digest, file_digest, library_versions
from circle15.files.door import settled_path
from circle15.files.held_folders import files_to_keep
from circle15.inputs.tables.import_report import changes_frame
from circle15.outputs.result import one_side
from circle15.pipeline.record.tracing import input_files, trace_tables
from circle15.pipeline.study.outline_check import outline_records
from circle15.policy.registers import registers_folder
from circle15.said import in_

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from circle15.files.vouching import InputLedger
    from circle15.outputs.result import DistrictResult
    from circle15.pipeline.record.confirmed import Confirmation
    from circle15.pipeline.study.study import Study


@cache
def code_digest() -> str:
    """Give the SHA-256 of circle15's own files: code, templates, registers, compiled core."""
    digest = hashlib.sha256()
    for one in (code_tree_digest(), code_tree_digest(registers_folder())):
        digest.update(one.encode())
    digest.update(_core.build_info().encode())
    return digest.hexdigest()


def run_environment() -> dict[str, Any]:
    """Give Python's version and those of the libraries that numbers depend on."""
    return {"python": platform.python_version(), "libraries": library_versions()}


def manifest_of(
    study: Study,
    result: DistrictResult,
    seconds: Mapping[str, float],
    folder: Path,
    *,
    ledger: InputLedger,
    confirmation: Confirmation | None = None,
) -> dict[str, Any]:
    """Give the manifest of a run whose other files stand in ``folder``.

    Parameters
    ----------
    study, result
        What was read and what came of it.
    seconds
        Of each stage.
    folder
        The staged folder.
    ledger
        What the input files were before anything of them was read.
    confirmation
        Whether the totals that a scenario promised hold.

    Raises
    ------
    InputError
        If an input was changed or replaced since: its hash would be another content's than the results'.
    """
    config = study.policy.stated
    inputs = input_files(study)
    ledger.refuse_changed(inputs.values())
    files = files_to_keep(folder)
    return {
        "circle15": __version__,
        "core": _core.build_info(),
        "code_sha256": code_digest(),
        **run_environment(),
        "district": {"id": result.id, "name": result.name},
        "config_path": str(settled_path(config.path.parent) / config.path.name),  # a link's inputs lie beside the link
        "config": plain_config(config),
        "config_stated": stated_config(config),
        "config_sha256": config_digest(config),
        **({"scenario": [change.record() for change in result.scenario]} if result.scenario else {}),
        "layers": [asdict(layer) for layer in result.layers],  # as applied, with what [policy] filled in
        "inputs": {
            name: {"sha256": ledger.sha256_of(path), "bytes": ledger.size_of(path), "path": str(path)}
            for name, path in inputs.items()
        },
        "population_source": result.population_source,
        "attributions": list(result.attributions),
        **({} if study.chosen is None else {"cells": study.chosen.record()}),
        "counts": study.counts,
        "register_warnings": [w.record() for w in study.policy.warnings],  # with codes, for programs
        "import_report": _import_report(study),
        "network": study.network_report(),
        "outline_systems": in_(outline_records(study.outlines), result.lang),
        "warnings": list(result.warnings),
        **({} if result.programme is None else {"programme": result.programme}),
        **({} if confirmation is None else {"confirmation": confirmation.record()}),
        "files": {
            str(p.relative_to(folder).as_posix()): {"sha256": file_digest(p), "bytes": p.stat().st_size} for p in files
        },
        "tables": trace_tables(study, files, folder),
        "seconds": {name: round(value, 3) for name, value in seconds.items()},
    }


def _import_report(study: Study) -> list[dict[str, Any]]:
    """Give the import report's lines, each with the keys that say something."""
    rows = one_side(changes_frame(study.changes), study.config.district.lang).astype(object).to_dict("records")
    return [{str(k): v for k, v in row.items() if pd.notna(v) and v != ""} for row in rows]
