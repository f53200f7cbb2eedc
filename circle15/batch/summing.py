"""The batch's own files: summary.csv, .xlsx and .html beside the districts, and run.json."""

from __future__ import annotations

import platform
import time
from typing import TYPE_CHECKING, Any

import geopandas as gpd
import pandas as pd
import shapely

from circle15 import __version__
from circle15.batch.work import manifest_of_folder
from circle15.outputs.folder import MANIFEST, sha256_of, staged_folder, write_json
from circle15.outputs.summary import FILES, DistrictTables, Summary, read_previous, summarise
from circle15.outputs.summary_page import summary_page
from circle15.outputs.summary_workbook import write_summary_workbook
from circle15.outputs.tables import write_csv
from circle15.pipeline.manifest import code_digest, map_sources, run_environment

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from circle15.batch.outcomes import Outcome

_TABLES = ("coverage", "gaps", "targets", "completeness")


def gather_summary(
    folders: Sequence[Path], failed: Sequence[tuple[str, str]], previous: Path | None, lang: str | None = None
) -> Summary:
    """Read finished districts' folders and put them side by side.

    Parameters
    ----------
    folders
        Folders with a manifest.
    failed
        Label and error of districts without results.
    previous
        Folder of an earlier batch.
    lang
        "zh" or "en"; the first district's by default.
    """
    districts = [_read_district(folder) for folder in folders]
    return summarise(
        districts,
        failed,
        lang=lang or (districts[0].lang if districts else "zh"),
        previous=read_previous(previous) if previous is not None else None,
        previous_name=previous.resolve().name if previous is not None else None,
    )


def write_summary(summary: Summary, folder: Path) -> None:
    """Write the three files of the summary into ``folder``."""
    csv, xlsx, page = (folder / name for name in FILES)
    write_csv(summary.rows, csv)
    write_summary_workbook(summary, xlsx)
    page.write_text(summary_page(summary), encoding="utf-8", newline="\n")


def write_batch_summary(outcomes: Sequence[Outcome], root: Path, previous: Path | None, facts: dict[str, Any]) -> None:
    """Write the summary and the batch's run.json into ``root``.

    Raises
    ------
    OutputError
        If they cannot be written.
    """
    begun = time.perf_counter()
    folders = [o.folder for o in outcomes if o.folder is not None]
    failed = [(o.config, o.error) for o in outcomes if o.error is not None]
    with staged_folder(root, is_inside=True) as stage:
        write_summary(gather_summary(folders, failed, previous), stage)
        files = {name: {"sha256": sha256_of(stage / name)} for name in FILES}
        seconds = {**facts["seconds"], "summary": round(time.perf_counter() - begun, 3)}
        manifest = {
            "circle15": __version__,
            "code_sha256": code_digest(),
            **run_environment(),
            "host": platform.node(),
            "batch": [_told(o) for o in outcomes],
            "previous": str(previous.resolve()) if previous is not None else None,
            "previous_sha256": sha256_of(previous / FILES[0]) if previous is not None else None,
            "files": files,
            **{k: v for k, v in facts.items() if k != "seconds"},
            "seconds": seconds,
        }
        write_json(manifest, stage / MANIFEST)


def _told(outcome: Outcome) -> dict[str, Any]:
    """Give one district's line of the batch's manifest: seconds stand here and in its own run.json alone."""
    report = outcome.report
    told: dict[str, Any] = {"config": outcome.config, "folder": outcome.name, "status": outcome.status}
    if outcome.error is not None:
        told["error"] = outcome.error.splitlines()
    if report.worker:
        told |= {
            "worker": report.worker,
            "wall_s": round(report.wall_s, 3),
            "cpu_s": round(report.cpu_s, 3),
            "peak_mb": None if report.peak_bytes is None else round(report.peak_bytes / 1e6, 1),
            "seconds": {name: round(s, 3) for name, s in report.seconds.items()},
        }
    return told


def _read_district(folder: Path) -> DistrictTables:
    manifest: dict[str, Any] = manifest_of_folder(folder) or {}
    district = manifest["district"]
    tables = {name: _read_table(folder / f"{name}.csv") for name in _TABLES if (folder / f"{name}.csv").is_file()}
    warnings = tuple(str(w) for w in manifest.get("warnings", ()))
    lang = manifest["config"]["district"]["lang"]
    own_id = str(district["id"])
    name = district["name"] if folder.name == own_id else f"{district['name']} ({folder.name})"
    units, sources = _units(folder), map_sources(manifest)
    return DistrictTables(folder.name, own_id, name, lang, manifest["layers"], tables, units, warnings, sources)


def _read_table(path: Path) -> pd.DataFrame:
    texts = ("unit_id", "unit_name", "layer", "group", "gap_unit", "indicator_id")
    return pd.read_csv(
        path, encoding="utf-8-sig", dtype=dict.fromkeys(texts, str), na_values=[""], keep_default_na=False
    )


def _units(folder: Path) -> gpd.GeoDataFrame | None:
    """Read the units' shapes from district.gpkg, else put them together from the cells; None without either."""
    if (folder / "district.gpkg").is_file():
        units = gpd.read_file(folder / "district.gpkg", layer="units", engine="pyogrio")
        return units[["unit_id", "geometry"]].assign(unit_id=units["unit_id"].astype(str))
    if (folder / "cells.parquet").is_file():
        cells = gpd.read_parquet(folder / "cells.parquet", columns=["unit_id", "geometry"])
        ids = sorted(cells["unit_id"].unique())
        shapes = [shapely.union_all(cells.geometry[cells["unit_id"] == i].to_numpy(), grid_size=1e-7) for i in ids]
        return gpd.GeoDataFrame({"unit_id": ids}, geometry=shapes, crs=cells.crs)
    return None
