"""Which outputs a run writes, and who writes each."""

from __future__ import annotations

import importlib.util
from typing import TYPE_CHECKING, Any

from circle15.errors import OutputError, Problem
from circle15.outputs.catalogue import catalogue
from circle15.outputs.drawings import Drawings
from circle15.outputs.reprojected import in_system
from circle15.outputs.tables import write_cells, write_csv, write_gpkg
from circle15.reach.isochrone import isochrones
from circle15.said import Said

if TYPE_CHECKING:
    from pathlib import Path

    from circle15.config.model import Config
    from circle15.outputs.result import DistrictResult
    from circle15.pipeline.study.study import Study


def require_tools(config: Config) -> None:
    """See that the programs are there that a config's outputs need, before anything is computed.

    Raises
    ------
    OutputError
        Naming the key and what to install.
    """
    file, outputs = str(config.path), config.outputs
    if outputs.pdf:
        from circle15.outputs.printing import BROWSERS, find_browser  # noqa: PLC0415 (asked for by few)

        if find_browser() is None:
            message = Said(
                f"为 true 时 PATH 中须有浏览器（{', '.join(BROWSERS)} 之一）；请安装，或删去 pdf",
                f"true needs a browser on the PATH, one of {', '.join(BROWSERS)}; install one or leave pdf out",
            )
            raise OutputError(Problem(message, file=file, key="outputs.pdf"))
    if outputs.pictures and importlib.util.find_spec("matplotlib") is None:
        message = Said(
            "为 true 时需要 matplotlib：pip install circle15[pictures]；或删去 pictures",
            "true needs matplotlib: pip install circle15[pictures]; or leave pictures out",
        )
        raise OutputError(Problem(message, file=file, key="outputs.pictures"))


_ALWAYS_MADE = (
    "coverage",
    "completeness",
    "gaps",
    "facilities",
    "cells",
    "tables",
    "district",
    "index",
    "report",
    "run",
)


def sure_outputs(config: Config) -> list[str]:
    """Name the files that a run of this config writes whatever its inputs hold; others depend on these."""
    made = [catalogue()[key] for key in _ALWAYS_MADE]
    return [o.files[0] for o in made if not o.asked_by or config.outputs.writes(o.asked_by)]


def write_outputs(result: DistrictResult, study: Study, folder: Path, *, threads: int | None = None) -> tuple[str, ...]:
    """Write into ``folder`` what the config's [outputs] asks for; without its ``write`` key, everything.

    Tables are written first. A drawing that fails costs itself alone.

    Returns
    -------
    tuple of str
        A sentence in the run's language for each drawing that could not be made.

    Raises
    ------
    OutputError
        If a file cannot be written.
    """
    outputs = study.config.outputs
    drawings = Drawings(folder, result.lang)
    for name, table in result.tables.items():
        if outputs.writes(catalogue()[name].asked_by):
            write_csv(table, folder / f"{name}.csv")
    # Loaded here: folium and the workbook's writer take half a second that checks and rankings need not wait for.
    if outputs.writes("xlsx"):
        from circle15.outputs.workbook import write_import_report, write_workbook  # noqa: PLC0415 (see above)

        write_workbook(result, folder / "tables.xlsx")
        if result.tables.import_report is not None:
            write_import_report(result, result.tables.import_report, folder / "import_report.xlsx")
    _write_gis(result, study, drawings, threads)
    drawn: dict[str, Any] = {}  # what the maps' pages read of the result, once for all
    if outputs.writes_map or outputs.writes("units"):
        from circle15.outputs.maps import write_district_map, write_unit_maps  # noqa: PLC0415 (see above)

        if outputs.writes_map:
            with drawings.attempt(folder / "index.html"):
                write_district_map(result, folder / "index.html", shared=drawn)
        if outputs.writes("units"):
            write_unit_maps(result, folder / "units", attempt=drawings.attempt, shared=drawn)
    if outputs.writes("report"):
        from circle15.outputs.report import write_report  # noqa: PLC0415 (see above)

        with drawings.attempt(folder / "report.html"):
            # A map on tiles may be shifted to fit them; a report never is.
            write_report(result, folder / "report.html", shared=drawn if result.tiles == "none" else None)
    _write_prints(result, study, drawings)
    return tuple(drawings.sentences())


def _write_gis(result: DistrictResult, study: Study, drawings: Drawings, threads: int | None) -> None:
    """Write what GIS programs read, in WGS-84 and, where the config asks, once more in another system."""
    outputs, folder = study.config.outputs, drawings.folder
    systems = ("wgs84",) if outputs.crs == "wgs84" else ("wgs84", outputs.crs)
    for system in systems:
        suffix = "" if system == "wgs84" else f"-{system}"
        moved = in_system(result, system)
        if outputs.writes("cells"):
            write_cells(moved.cells, folder / f"cells{suffix}.parquet")
        if outputs.writes("gpkg"):
            with drawings.attempt(folder / f"district{suffix}.gpkg"):
                write_gpkg(moved, folder / f"district{suffix}.gpkg")
    if outputs.isochrones == "all":
        with drawings.attempt(folder / "isochrones.parquet"):
            _write_cell_isochrones(study, folder / "isochrones.parquet", threads)


def _write_prints(result: DistrictResult, study: Study, drawings: Drawings) -> None:
    """Write the PDF and the pictures that the config asks for by name."""
    outputs, folder = study.config.outputs, drawings.folder
    if outputs.pdf and (folder / "report.html").is_file():
        from circle15.outputs.printing import write_pdf  # noqa: PLC0415 (asked for by few)

        with drawings.attempt(folder / "report.pdf"):
            write_pdf(folder / "report.html", folder / "report.pdf")
    if outputs.pictures:
        from circle15.outputs.pictures import write_pictures  # noqa: PLC0415 (asked for by few)

        (folder / "pictures").mkdir()
        with drawings.attempt(folder / "pictures"):  # what all of them need, such as a font
            write_pictures(result, folder / "pictures", attempt=drawings.attempt)


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
