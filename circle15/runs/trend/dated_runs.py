"""Finished runs of several dates, found in the folders that a user names, by district and date."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from circle15.config.district import last_day
from circle15.config.model import parse_config
from circle15.errors import InputError, Problem
from circle15.files.door import settled_path
from circle15.runs.folder import columns_of_runs, read_results, read_run_table
from circle15.runs.joined_tables import unit_outlines
from circle15.runs.trend.unit_numbers import READ, unit_numbers
from circle15.said import Said

if TYPE_CHECKING:
    import datetime as dt
    from collections.abc import Iterable, Sequence
    from pathlib import Path

    import geopandas as gpd
    import pandas as pd

    from circle15.config.model import Config
    from circle15.runs.folder import Manifest

_TEXTS = (
    "unit_id", "unit_name", "parent_id", "layer", "group", "level", "gap_unit", "supply_unit", "unit", "indicator_id",
    "service_id", "service", "kind", "actual_source", "direction", "comparator", "indicator", "status",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class DatedRun:
    """One district at one date, as its folder tells of it."""

    folder: Path
    manifest: Manifest
    config: Config
    as_of: str  # as the config states it
    day: dt.date  # the last day of that
    tables: dict[str, pd.DataFrame]  # those of `unit_numbers.READ` that it wrote
    numbers: pd.DataFrame  # `unit_numbers.COLUMNS`, as written

    @property
    def district_id(self) -> str:
        """The district's id."""
        return self.manifest.district_id

    def units(self) -> gpd.GeoDataFrame | None:
        """Read the streets' outlines; None where no file of the run has them."""
        return unit_outlines(self.manifest)

    def layer_names(self) -> dict[str, str]:
        """Give the services' names by id."""
        return {str(layer["id"]): str(layer["name"]) for layer in self.manifest.told["layers"]}


def dated_runs(folders: Sequence[Path]) -> dict[str, list[DatedRun]]:
    """Read runs and batches; give each district's runs by its id, the earliest first.

    Raises
    ------
    MissingFileError, InputError
        If a folder is no run's or batch's; naming every run that states no date, lacks coverage.csv, or has the date of
        another one; or if no district has two dates.
    """
    found: list[DatedRun] = []
    problems: list[Problem] = []
    for folder in _districts(folders):
        try:
            found.append(_read(folder))
        except InputError as e:
            problems += e.problems
    InputError.gather(problems)
    runs: dict[str, list[DatedRun]] = {}
    for run in sorted(found, key=lambda r: (r.district_id, r.day, str(r.folder))):
        of_district = runs.setdefault(run.district_id, [])
        if of_district and of_district[-1].day == run.day:
            message = Said(
                f"与 {of_district[-1].folder} 同为 {run.as_of}；每个时点只给一次运行",
                f"is of the same date ({run.as_of}) as {of_district[-1].folder}; give one run of each date",
            )
            problems.append(Problem(message, file=str(run.folder), value=run.district_id))
        of_district.append(run)
    if not problems and all(len(of_district) == 1 for of_district in runs.values()):
        message = Said(
            "没有区县具备两个时点的运行；请给出先后两次运行的文件夹",
            "no district has runs of two dates; give the folders of earlier and later runs",
        )
        problems.append(Problem(message, value=", ".join(f"{d} {r[0].as_of}" for d, r in runs.items())))
    InputError.gather(problems)
    return runs


def _districts(folders: Iterable[Path]) -> list[Path]:
    """Give the runs' own folders, each once, those of a batch for the batch's."""
    found: list[Path] = []
    for folder in folders:
        manifest = read_results(folder)
        found += [folder / name for name in manifest.finished] if manifest.is_of_a_batch else [folder]
    return list({settled_path(path): path for path in found}.values())


def _read(folder: Path) -> DatedRun:
    manifest = read_results(folder)
    as_of = manifest.told["config"]["district"].get("as_of")
    if as_of is None:
        message = Said(
            "未写日期；请在其配置的 [district] 中写 as_of = 2024-12-31（按实际日期）后重新运行",
            "states no date; write as_of = 2024-12-31 (or what holds) into its config's [district] and run again",
        )
        raise InputError(Problem(message, file=str(folder), key="district.as_of"))
    found = {name: manifest.written(f"{name}.csv") for name in READ}
    tables = {name: _table(path) for name, path in found.items() if path is not None}
    if "coverage" not in tables:
        message = Said(
            '没有 coverage.csv；请在 [outputs] write 中加入 "coverage" 后重新运行',
            'no coverage.csv; run again with "coverage" in [outputs] write',
        )
        raise InputError(Problem(message, file=str(folder)))
    config = parse_config(manifest.told["config_stated"], manifest.config_path)
    for name, table in tables.items():
        if name != "targets":  # which stand for the district
            with columns_of_runs(folder / f"{name}.csv"):
                table["unit_id"]
    with columns_of_runs(folder / "*.csv"):
        numbers = unit_numbers(tables, manifest.district_id)
    return DatedRun(folder, manifest, config, as_of, last_day(as_of), tables, numbers)


def _table(path: Path) -> pd.DataFrame:
    types = dict.fromkeys(_TEXTS, str)
    table = read_run_table(path, dtype=types, na_values=[""], keep_default_na=False)
    texts = [name for name in _TEXTS if name in table]
    return table.assign(**{name: table[name].fillna("") for name in texts})
