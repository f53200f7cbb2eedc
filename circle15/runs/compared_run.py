"""One of two runs that are compared: its cells, its layers' rules, and what it is called."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import geopandas as gpd
import numpy as np
import pandas as pd

from circle15.config.model import LAYER_COLUMNS
from circle15.errors import InputError, MissingFileError, Problem
from circle15.files.door import settled_path, steady_file
from circle15.outputs.shown_changes import changes_of_records, scenario_title
from circle15.runs.folder import columns_of_runs, read_results, read_run_table
from circle15.said import Said

if TYPE_CHECKING:
    from pathlib import Path

    from circle15.runs.folder import Manifest

SAME_PEOPLE = 1e-6
"""People of a cell that differ by less are the same."""

NAMED_CHANGES = 3

_PLACE_COLUMNS = {"cell", "unit_id", "lon", "lat", "start_lon", "start_lat", "area_m2", "geometry"}


@dataclass(frozen=True, slots=True)
class ComparedRun:
    """A folder that `run` wrote, as it is compared with another."""

    folder: Path
    manifest: Manifest
    cells: gpd.GeoDataFrame  # sorted by cell and unit

    @property
    def layers(self) -> dict[str, dict[str, Any]]:
        """Rules by id as they were applied, of the layers that the cells have."""
        listed = {rules["id"]: rules for rules in self.manifest.told["layers"]}
        return {name: rules for name, rules in listed.items() if f"{name}_covered" in self.cells}

    @property
    def groups(self) -> list[str]:
        """Population columns."""
        measured = {f"{layer}_{measure}" for layer in self.layers for measure in LAYER_COLUMNS}
        own = [str(c) for c in self.cells.columns if c not in _PLACE_COLUMNS and c not in measured]
        return [c for c in own if pd.api.types.is_float_dtype(self.cells[c])]


def read_compared(folder: Path) -> ComparedRun:
    """Read a run's manifest and cells; raises InputError where it is none or has no cells."""
    manifest = read_results(folder)
    path = manifest.written("cells.parquet")
    if path is None:
        message = Said(
            '没有这个文件；请在 [outputs] write 中加入 "cells" 后重新运行',
            'no such file; run again with "cells" in [outputs] write',
        )
        raise MissingFileError(Problem(message, file=str(folder / "cells.parquet")))
    with steady_file(path) as file:
        cells = gpd.read_parquet(file)
    with columns_of_runs(path):
        cells = cells.sort_values(["cell", "unit_id"], kind="stable").reset_index(drop=True)
    return ComparedRun(folder, manifest, cells)


def check_same(one: ComparedRun, two: ComparedRun) -> None:
    """Refuse runs of other cells or other people with an InputError."""
    a, b = (pd.MultiIndex.from_frame(run.cells[["cell", "unit_id"]]) for run in (one, two))
    if not a.equals(b):
        n = len(a.symmetric_difference(b))
        message = Said(
            f"网格与 {one.folder} 不同（{n} 个）；请比较同一区县、同一网格精度的运行",
            f"has other cells than {one.folder} ({n} differ); compare runs of one district and cell resolution",
        )
        raise InputError(Problem(message, file=str(two.folder)))
    problems = []
    for group in one.groups:
        if group not in two.cells:
            problems.append(
                Problem(
                    Said(f"没有人群 {group} 的人口", f"has no people of group {group}"),
                    file=str(two.folder),
                )
            )
        elif (differ := np.abs(one.cells[group] - two.cells[group]) > SAME_PEOPLE).any():
            message = Said(
                f"有 {differ.sum()} 个网格的人口（{group}）与 {one.folder} 不同；一次只改一样",
                f"{differ.sum()} cells have other people ({group}) than in {one.folder}; change one thing at a time",
            )
            problems.append(Problem(message, file=str(two.folder)))
    InputError.gather(problems)


def runs_title(one: ComparedRun, two: ComparedRun, lang: str) -> str:
    """Name the district and both runs: a scenario by its changes, what it changes as it is, others by their folder."""
    texts = [_scenario(run, lang) for run in (one, two)]
    named = [text or run_called(run) for text, run in zip(texts, (one, two), strict=True)]
    if texts[1] and not one.manifest.told["config"].get("change"):
        named[0] = "现状" if lang == "zh" else "as it is"
    name = two.manifest.district_name
    return f"{name}：{named[0]} → {named[1]}" if lang == "zh" else f"{name}: {named[0]} → {named[1]}"


def _scenario(run: ComparedRun, lang: str) -> str:
    """Name a run's changes; "" where it has none, or is of an earlier version and one has no name."""
    kept = changes_of_records(run.manifest.told.get("scenario", ()))
    if kept:
        return scenario_title(kept, lang)
    changes = run.manifest.told["config"].get("change") or []
    names = [str(change.get("name") or "") for change in changes]
    if not all(names):
        return ""
    more = (
        "" if len(names) <= NAMED_CHANGES else f" 等 {len(names)} 项" if lang == "zh" else f" and others ({len(names)})"
    )
    return ("、" if lang == "zh" else ", ").join(names[:NAMED_CHANGES]) + more


def run_called(run: ComparedRun) -> str:
    """Name a run by the date that its inputs stand for, else by its folder."""
    return str(run.manifest.told["config"]["district"].get("as_of") or settled_path(run.folder).name)


def group_column(group: str) -> str:
    """Name the population column of a group that a layer is for."""
    return "population" if group == "all" else group


def unit_names(run: ComparedRun) -> dict[str, str]:
    """Give the units' names by id, in the run's order; from coverage.csv where it was written, else the ids."""
    ids = run.cells["unit_id"].drop_duplicates().tolist()
    path = run.manifest.written("coverage.csv")
    if path is None:
        return {name: name for name in sorted(ids)}
    table = read_run_table(path, dtype=str, keep_default_na=False)
    with columns_of_runs(path):
        listed = dict(zip(table["unit_id"], table["unit_name"], strict=True))
    return {name: listed[name] for name in listed if name in set(ids)} | {n: n for n in ids if n not in listed}
