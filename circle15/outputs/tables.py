"""CSV and GIS files of a run: one row order, one number format, the same bytes for the same inputs."""

from __future__ import annotations

import errno
import os
import re
import warnings
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from circle15.outputs.dictionary import decimals_of

if TYPE_CHECKING:
    from collections.abc import Hashable
    from pathlib import Path

    import geopandas as gpd

    from circle15.outputs.result import DistrictResult

_UNSEEN = r"\s\x00-\x1f\x7f-\x9f\u200b-\u200f\u202a-\u202e\u2060-\u206f\ufeff"
_FORMULA = re.compile(rf"^(?:[{_UNSEEN}]*[=+\-@＝＋－＠]|[\t\r\n])")
_ROWS_AT_ONCE = 50_000  # of a table as text, which takes several times its size in memory
_LINE_ENDS = re.compile(r"\r\n?")


def as_plain_text(value: Any) -> Any:
    """Keep a spreadsheet from reading a name as a formula: such a text gets a leading apostrophe.

    Blanks and unseen letters before the sign, and its full-width form, make no difference to a spreadsheet. A bare
    carriage return begins a row of its own there, so that it becomes a line feed, which CSV puts in quotation marks.

    Source: OWASP, CSV Injection.
    """
    if not isinstance(value, str):
        return value
    return _LINE_ENDS.sub("\n", f"'{value}" if _FORMULA.match(value) else value)


def printed(table: pd.DataFrame) -> pd.DataFrame:
    """Give ``table`` as it is written: fixed decimals, no formulas, empty where nothing is known."""
    columns: dict[Hashable, Any] = {}
    for name, column in table.items():
        if pd.api.types.is_float_dtype(column):
            text = f"%.{decimals_of(name)}f"
            columns[name] = [_number_text(text, v) for v in column]
        elif pd.api.types.is_bool_dtype(column):
            columns[name] = column.astype(int)
        else:
            # As objects: whether a number is printed whole does not depend on the rows it stands among.
            columns[name] = pd.Series([as_plain_text(v) for v in column], table.index, dtype=object)
    return pd.DataFrame(columns, index=table.index)


def _number_text(template: str, value: float) -> str:
    if np.isnan(value):
        return ""
    text = template % value
    text = text.rstrip("0").rstrip(".") if "." in text else text
    return "0" if text == "-0" else text


def write_csv(table: pd.DataFrame, path: Path) -> None:
    """Write ``table`` as UTF-8 CSV with BOM, so that Excel reads Chinese."""
    with path.open("w", encoding="utf-8-sig", newline="") as file:
        for start in range(0, max(len(table), 1), _ROWS_AT_ONCE):
            rows = printed(table.iloc[start : start + _ROWS_AT_ONCE])
            rows.to_csv(file, index=False, header=start == 0, lineterminator="\n")


def write_cells(cells: gpd.GeoDataFrame, path: Path) -> None:
    """Write the cells' pieces as GeoParquet 1.1."""
    cells.to_parquet(path, index=False, compression="zstd", schema_version="1.1.0")


def write_gpkg(result: DistrictResult, path: Path) -> None:
    """Write what the map draws as styled layers of one GeoPackage for QGIS and ArcGIS, and a project beside it."""
    import geopandas as gpd  # noqa: PLC0415 (loaded by the run already; tables alone do not need it)
    import pyogrio  # noqa: PLC0415 (as geopandas above)

    from circle15.outputs.gis_project import write_project  # noqa: PLC0415 (as geopandas above)
    from circle15.outputs.gis_proposals import change_layers, proposal_layers  # noqa: PLC0415 (as geopandas above)
    from circle15.outputs.gis_styles import STAMP, write_styles  # noqa: PLC0415 (as geopandas above)
    from circle15.outputs.gis_whole import refuse_partial  # noqa: PLC0415 (as geopandas above)

    facilities = result.tables.facilities
    points = gpd.GeoDataFrame(
        facilities, geometry=gpd.points_from_xy(facilities["lon"], facilities["lat"]), crs=result.cells.crs
    )
    layers = {"cells": result.cells, "units": _units_with_coverage(result), "facilities": points}
    if len(result.isochrones):
        layers["isochrones"] = result.isochrones
    layers |= proposal_layers(result) | change_layers(result)
    layers["boundary"] = result.boundary
    if len(result.streets):
        layers["streets"] = gpd.GeoDataFrame(geometry=result.streets.to_numpy(), crs=result.cells.crs)
    # One fixed date: a GeoPackage states when each layer last changed, and the same inputs give the same bytes. Nothing
    # is forced to the disk layer by layer: who publishes the file has all of it there before it gets its name.
    options = {"OGR_CURRENT_DATE": STAMP, "OGR_SQLITE_SYNCHRONOUS": "OFF"}
    pyogrio.set_gdal_config_options(options)
    try:
        with warnings.catch_warnings():
            # GCJ-02 is in no register of coordinate systems: such a file states none, on purpose.
            warnings.filterwarnings("ignore", message="'crs' was not provided")
            for name, frame in layers.items():
                # Of many rows Arrow hands the columns over as a whole; the file is the same.
                is_large = name in {"cells", "streets"}
                frame.to_file(path, layer=name, driver="GPKG", engine="pyogrio", use_arrow=is_large)
            refuse_partial(path, layers)
    except pyogrio.errors.DataSourceError as e:  # the file itself, not what stands in it: the disk refuses
        raise OSError(errno.EIO, os.strerror(errno.EIO), str(path)) from e
    finally:
        pyogrio.set_gdal_config_options(dict.fromkeys(options))
    write_styles(result, path)
    write_project(result, layers, path.with_suffix(".qgz"))


def _units_with_coverage(result: DistrictResult) -> gpd.GeoDataFrame:
    """Give the units with their residents and one column of covered share per layer."""
    coverage = result.tables.coverage
    wide = coverage.pivot_table(index="unit_id", columns="layer", values="covered_share", dropna=False)
    people = result.cells.groupby("unit_id")["population"].sum()
    units = result.units.set_index("unit_id")
    columns = {f"{layer.id}_covered_share": wide[layer.id].reindex(units.index) for layer in result.layers}
    return units.assign(people=people.reindex(units.index, fill_value=0.0), **columns).reset_index()
