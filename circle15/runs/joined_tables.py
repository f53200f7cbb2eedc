"""Tables of finished runs put together: every district's rows, and what changed since an earlier batch."""

from __future__ import annotations

from typing import TYPE_CHECKING

import geopandas as gpd
import shapely

from circle15.files.door import steady_file
from circle15.inputs.geofiles.ogr_frames import read_geoframe
from circle15.outputs.catalogue import catalogue
from circle15.outputs.summary import FILES, PAGES, DistrictTables, Summary, read_previous, summarise
from circle15.outputs.summary_page import summary_page
from circle15.outputs.summary_workbook import write_summary_workbook
from circle15.outputs.tables import write_csv
from circle15.runs.folder import read_manifest, read_run_table

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    import pandas as pd

    from circle15.said import Said


def gather_summary(
    folders: Sequence[Path], failed: Sequence[tuple[str, Said | str]], previous: Path | None, lang: str | None = None
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


def _read_district(folder: Path) -> DistrictTables:
    manifest = read_manifest(folder)
    read = {o.key: folder / o.files[0] for o in catalogue().values() if "summary" in o.read_by}
    tables = {name: _read_table(path) for name, path in read.items() if path.suffix == ".csv" and path.is_file()}
    whole_id, name = manifest.district_id, manifest.district_name
    return DistrictTables(
        id=folder.name,
        whole_id=whole_id,
        name=name if folder.name == whole_id else f"{name} ({folder.name})",
        lang=manifest.lang,
        layers=manifest.told["layers"],
        tables=tables,
        units=unit_outlines(folder),
        warnings=tuple(str(w) for w in manifest.told.get("warnings", ())),
        sources=manifest.sources,
        pages=tuple(page for page in PAGES if (folder / page).is_file()),
        unit_pages=frozenset(page.stem for page in (folder / "units").glob("*.html")),
    )


def _read_table(path: Path) -> pd.DataFrame:
    texts = ("unit_id", "unit_name", "layer", "group", "gap_unit", "indicator_id")
    return read_run_table(path, dtype=dict.fromkeys(texts, str), na_values=[""], keep_default_na=False)


def unit_outlines(folder: Path) -> gpd.GeoDataFrame | None:
    """Read the units' shapes from district.gpkg, else put them together from the cells; None without either."""
    if (folder / "district.gpkg").is_file():
        units = read_geoframe(folder / "district.gpkg", layer="units")
        return units[["unit_id", "geometry"]].assign(unit_id=units["unit_id"].astype(str))
    if (folder / "cells.parquet").is_file():
        with steady_file(folder / "cells.parquet") as file:
            cells = gpd.read_parquet(file, columns=["unit_id", "geometry"])
        ids = sorted(cells["unit_id"].unique())
        shapes = [shapely.union_all(cells.geometry[cells["unit_id"] == i].to_numpy(), grid_size=1e-7) for i in ids]
        return gpd.GeoDataFrame({"unit_id": ids}, geometry=shapes, crs=cells.crs)
    return None
