"""What `[cells] resolution = "auto"` means: the finest H3 resolution whose cells a laptop's run and page still bear."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import h3.api.numpy_int as h3
import numpy as np
import shapely

from circle15.inputs.ground.cell_budget import check_cell_budget
from circle15.inputs.ground.cells import EQUAL_AREA_CRS, n_cells_cut
from circle15.said import Said

if TYPE_CHECKING:
    from collections.abc import Callable

    import geopandas as gpd

    from circle15.config.model import Config
    from circle15.inputs.ground.districts import District

FINEST, COARSEST = 11, 9
"""At 11, cells of some 50 m, a start leaves a tenth of the default's error; finer gains nothing that shows, and cells
coarser than 9 are wider than the shortest circles."""
MOST_CELLS = 100_000
"""Measured with four services, everybody everywhere (97,000 cells around Heidelberg): 28 s of processor time, 1.9 GB
and a page of 22 MB; 78,000 cells of Liechtenstein, a tenth of them inhabited: 20 s, 0.8 GB and 15 MB."""
_VARYING = 1.02  # cells of one resolution are not of one size within a district


@dataclass(frozen=True, slots=True)
class ChosenResolution:
    """The resolution that "auto" came to, and what it was chosen by."""

    resolution: int
    n_cells: int | None  # of the whole district; None at the coarsest, where nothing was left to choose

    def record(self) -> dict[str, Any]:
        """Give the choice as run.json holds it."""
        counted = {} if self.n_cells is None else {"n_cells": self.n_cells}
        return {"resolution": self.resolution, **counted, "finest": FINEST, "coarsest": COARSEST, "most": MOST_CELLS}

    def why(self) -> Said:
        """Say why it is this one, and what another would cost."""
        most, level = f"{MOST_CELLS:,}", self.resolution
        if level == FINEST:
            return Said(
                f"自动选取：{self.n_cells:,} 个网格，不超过 {most} 个，故取最细一级；如需运行更快、文件更小，请写"
                f" cells.resolution = {level - 1}（网格约为 1/7）",
                f"chosen by the district's size: {self.n_cells:,} cells, no more than {most}, so the finest; for faster"
                f" runs and smaller files state cells.resolution = {level - 1} (a seventh of the cells)",
            )
        counted = (
            Said("", "") if self.n_cells is None else Said(f"{self.n_cells:,} 个网格，", f"{self.n_cells:,} cells, ")
        )
        finer = Said(
            f"细一级则超过 {most} 个；如需更准，请写 cells.resolution = {level + 1}（网格约为 7 倍，更慢、更占内存）",
            f"and one finer would be more than {most}; for truer shares state cells.resolution = {level + 1}"
            " (seven times the cells: slower, larger)",
        )
        return Said("自动选取：", "chosen by the district's size: ") + counted + finer


def settle_resolution(config: Config, district: District) -> tuple[Config, ChosenResolution | None]:
    """Put a number in the place of "auto", and refuse cells that do not fit into memory before any is made.

    Returns
    -------
    tuple
        The config with a number, and what "auto" came to; None where the config states a number itself.

    Raises
    ------
    InputError
        If the cells would not fit into memory.
    """
    chosen = None
    if config.cells.resolution == "auto":
        chosen = choose_resolution(district.units)
        cells = config.cells.model_copy(update={"resolution": chosen.resolution})
        config = config.model_copy(update={"cells": cells})
    check_cell_budget(district.units.geometry, config.cells.settled_resolution)
    return config, chosen


def choose_resolution(units: gpd.GeoDataFrame) -> ChosenResolution:
    """Give the finest of the resolutions 11 to 9 whose cells number at most `MOST_CELLS`, the coarsest if none has.

    It depends on the outlines alone, never on the machine, so that a run is the same wherever it is made.

    Parameters
    ----------
    units
        Polygons that fill the district, EPSG:4326.
    """
    units = units[shapely.area(units.geometry.to_numpy()) > 0]
    ground_m2 = units.geometry.to_crs(EQUAL_AREA_CRS).area.to_numpy(np.float64)
    middles = shapely.point_on_surface(units.geometry.to_numpy())

    def fewest_at(resolution: int) -> float:
        cells = [h3.latlng_to_cell(at.y, at.x, resolution) for at in middles]
        return float((ground_m2 / [h3.cell_area(cell, unit="m^2") for cell in cells]).sum()) / _VARYING

    for resolution in range(FINEST, COARSEST, -1):
        # Cells are cut, and kept for the run, only where their ground does not say already that they are too many.
        if fewest_at(resolution) <= MOST_CELLS:
            n = n_cells_cut(units, resolution)
            if n <= MOST_CELLS:
                return ChosenResolution(resolution, n)
    return ChosenResolution(COARSEST, None)


def resolution_of_size(n_cells_at: Callable[[int], float]) -> int:
    """Give what "auto" comes to, as far as an estimate of the cells at a resolution tells."""
    return next((r for r in range(FINEST, COARSEST, -1) if n_cells_at(r) <= MOST_CELLS), COARSEST)
