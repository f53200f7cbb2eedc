"""Which outputs a run writes, and who writes each."""

from __future__ import annotations

from typing import TYPE_CHECKING

from circle15.outputs.maps import write_district_map, write_unit_maps
from circle15.outputs.report import write_report
from circle15.outputs.tables import write_cells, write_csv_tables, write_gpkg
from circle15.outputs.workbook import write_workbook
from circle15.reach.isochrone import isochrones

if TYPE_CHECKING:
    from pathlib import Path

    from circle15.outputs.result import DistrictResult
    from circle15.pipeline.study import Study

_CSV = {
    "coverage": (
        "coverage", "coverage_groups", "gaps", "portrait", "portrait_layers", "equity", "saturation", "satisfaction",
        "targets", "unit_rules", "policy", "communities", "raking",
    ),
    "completeness": ("completeness",),
    "facilities": ("facilities", "entrances", "unlinked"),
    "ranking": ("ranking", "projects"),
    "causes": ("causes",),
    "links": ("links",),
}  # fmt: skip


def write_outputs(result: DistrictResult, study: Study, folder: Path, *, threads: int | None = None) -> None:
    """Write into ``folder`` what the config's [outputs] asks for; without its ``write`` key, everything."""
    outputs = study.config.outputs
    for name, tables in _CSV.items():
        if outputs.writes(name):
            write_csv_tables(result, folder, tables)
    if outputs.writes("cells"):
        write_cells(result.cells, folder / "cells.parquet")
    if outputs.isochrones == "all":
        _write_cell_isochrones(study, folder / "isochrones.parquet", threads)
    if outputs.writes("gpkg"):
        write_gpkg(result, folder / "district.gpkg")
    if outputs.writes("xlsx"):
        write_workbook(result, folder / "tables.xlsx")
    if outputs.writes("map"):
        write_district_map(result, folder / "index.html")
    if outputs.writes("units"):
        write_unit_maps(result, folder / "units")
    if outputs.writes("report"):
        write_report(result, folder / "report.html")


def _write_cell_isochrones(study: Study, path: Path, threads: int | None) -> None:
    """Write the isochrone of every cell for the first layer's profile and threshold."""
    layer = study.config.layers[0]
    frame = isochrones(
        study.network,
        study.linked_cells(layer.profile),
        profile=layer.profile,
        cutoffs_min=(study.config.threshold_min(layer),),
        threads=threads,
    )
    frame.insert(0, "cell", study.cells.names[frame["origin"].to_numpy()])
    write_cells(frame.drop(columns="origin"), path)
