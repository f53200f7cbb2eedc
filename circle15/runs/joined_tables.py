"""Tables of finished runs put together: every district's rows, and what changed since an earlier batch."""

from __future__ import annotations

from typing import TYPE_CHECKING

import geopandas as gpd
import shapely

from circle15.files.door import settled_path, steady_file
from circle15.inputs.geofiles.ogr_frames import read_geoframe
from circle15.outputs.catalogue import catalogue
from circle15.outputs.summary import FILES, PAGES, DistrictTables, Summary, read_previous, summarise
from circle15.outputs.summary_page import summary_page
from circle15.outputs.summary_workbook import write_summary_workbook
from circle15.outputs.tables import write_csv
from circle15.runs.folder import manifest_of_folder, read_manifest, read_results, read_run_table

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    import pandas as pd

    from circle15.runs.folder import Manifest
    from circle15.said import Said


def gather_summary(
    folders: Sequence[Path], failed: Sequence[tuple[str, Said | str]], previous: Path | None, *, as_found: bool = False
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
    as_found
        Whether files are taken as they are, by an audit that tells which are not as they were written.
    """
    districts = [_read_district(folder, as_found=as_found) for folder in folders]
    return summarise(
        districts,
        failed,
        lang=districts[0].lang if districts else "zh",
        previous=_read_previous(previous) if previous is not None else None,
        previous_name=settled_path(previous).name if previous is not None else None,
    )


def _read_previous(folder: Path) -> pd.DataFrame:
    manifest = manifest_of_folder(folder)
    if manifest is not None and manifest.is_of_a_batch:
        read_results(folder).written(FILES[0])
    return read_previous(folder)


def write_summary(summary: Summary, folder: Path) -> None:
    """Write the three files of the summary into ``folder``."""
    csv, xlsx, page = (folder / name for name in FILES)
    write_csv(summary.rows, csv)
    write_summary_workbook(summary, xlsx)
    page.write_text(summary_page(summary), encoding="utf-8", newline="\n")


def _read_district(folder: Path, *, as_found: bool) -> DistrictTables:
    manifest = read_manifest(folder) if as_found else read_results(folder)
    read = {o.key: o.files[0] for o in catalogue().values() if "summary" in o.read_by}
    found = {key: manifest.written(name, as_found=as_found) for key, name in read.items() if name.endswith(".csv")}
    tables = {key: _read_table(path) for key, path in found.items() if path is not None}
    whole_id, name = manifest.district_id, manifest.district_name
    return DistrictTables(
        id=folder.name,
        whole_id=whole_id,
        name=name if folder.name == whole_id else f"{name} ({folder.name})",
        lang=manifest.lang,
        layers=manifest.told["layers"],
        tables=tables,
        units=unit_outlines(manifest, as_found=as_found),
        warnings=tuple(str(w) for w in manifest.told.get("warnings", ())),
        sources=manifest.sources,
        pages=tuple(page for page in PAGES if (folder / page).is_file()),
        unit_pages=frozenset(page.stem for page in (folder / "units").glob("*.html")),
    )


def _read_table(path: Path) -> pd.DataFrame:
    texts = ("unit_id", "unit_name", "layer", "group", "gap_unit", "indicator_id")
    return read_run_table(path, dtype=dict.fromkeys(texts, str), na_values=[""], keep_default_na=False)


def unit_outlines(manifest: Manifest, *, as_found: bool = False) -> gpd.GeoDataFrame | None:
    """Read the units' shapes from district.gpkg, else put them together from the cells; None without either."""
    book = manifest.written("district.gpkg", as_found=as_found)
    if book is not None:
        units = read_geoframe(book, layer="units")
        return units[["unit_id", "geometry"]].assign(unit_id=units["unit_id"].astype(str))
    pieces = manifest.written("cells.parquet", as_found=as_found)
    if pieces is not None:
        with steady_file(pieces) as file:
            cells = gpd.read_parquet(file, columns=["unit_id", "geometry"])
        ids = sorted(cells["unit_id"].unique())
        shapes = [shapely.union_all(cells.geometry[cells["unit_id"] == i].to_numpy(), grid_size=1e-7) for i in ids]
        return gpd.GeoDataFrame({"unit_id": ids}, geometry=shapes, crs=cells.crs)
    return None
