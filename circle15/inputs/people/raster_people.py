"""People of the cells from the rasters that a config names: the whole, groups, and groups derived from age classes."""

from __future__ import annotations

from dataclasses import dataclass
from functools import reduce
from glob import glob, has_magic
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from circle15.errors import InputError, MissingFileError, Problem
from circle15.files.door import is_there
from circle15.inputs.people.age_classes import derive_groups
from circle15.inputs.people.rasters import sum_rasters
from circle15.inputs.people.spread import Homes
from circle15.said import Said

if TYPE_CHECKING:
    import geopandas as gpd
    import numpy.typing as npt

    from circle15.config.model import Config

ALL = "all"
WHOLE = 1 - 1e-6
LEAST_COVERED = 0.995
"""Share of the district from which a raster is said to cover it: outlines and pixels have rounded borders."""


@dataclass(frozen=True, slots=True)
class RasterPopulation:
    """People of each piece from rasters."""

    groups: pd.DataFrame  # (n_pieces, n_groups) persons, first column "all"
    splits: tuple[str, ...]  # how age classes were split, one statement each
    counts: dict[str, float]  # of the whole's raster: pixels, nodata, negative, covered share
    inputs: dict[str, Path]  # every file read, as the config names it
    notes: tuple[Said, ...]  # what a planner must know of the rasters
    homes: Homes  # the parts of the whole's pixels in each piece


def read_raster_people(config: Config, pieces: gpd.GeoDataFrame) -> RasterPopulation:
    """Sum the config's population rasters into the pieces of the district's cells.

    Raises
    ------
    MissingFileError
        If a pattern names no file.
    InputError
        If a raster cannot be used, misses the district, or a group has nobody in it.
    """
    found = sum_raster_people(config, pieces)
    table = config.population
    InputError.gather(
        Problem(
            Said(f"人群 {group} 在区内无人", f"the group {group} has nobody in the district"),
            file=table.groups.get(str(group), table.path),
            key="population",
        )
        for group, people in found.groups.items()
        if not people.sum() > 0
    )
    return found


def sum_raster_people(config: Config, pieces: gpd.GeoDataFrame) -> RasterPopulation:
    """Sum the config's population rasters into pieces of cells, wherever these lie; errors as `read_raster_people`."""
    table = config.population
    inputs: dict[str, Path] = {}
    counts: dict[str, float] = {}
    notes: dict[Said, None] = {}
    homes: list[Homes] = []

    def read(named: str) -> npt.NDArray[np.float64]:
        people = np.zeros(len(pieces))
        for part in named.split("+"):
            paths = _files(config, part.strip())
            inputs.update({part.strip() if len(paths) == 1 else f"{part.strip()}: {p.name}": p for p in paths})
            found = sum_rasters(paths, pieces, crs=table.crs, band=table.band, nodata=table.nodata)
            notes.update(dict.fromkeys(found.notes))
            if found.covered_share < LEAST_COVERED:
                notes[_covers_part(named, found.covered_share)] = None
            people += found.people
            if named == str(table.path):
                homes.append(found.homes)
            if not counts:
                counts.update(
                    pixels=found.n_pixels,
                    pixels_nodata=found.n_nodata,
                    pixels_negative=found.n_negative,
                    district_share_on_raster=found.covered_share if found.covered_share < WHOLE else 1.0,
                )
        return people

    groups = {ALL: read(str(table.path))}
    groups |= {group: read(named) for group, named in table.source_groups.items()}
    classes = {name: read(named) for name, named in table.age_classes.items()} if table.class_groups else {}
    derived, splits = derive_groups(classes, table.class_groups, file=str(config.path))
    groups |= derived
    return RasterPopulation(pd.DataFrame(groups), splits, counts, inputs, tuple(notes), reduce(Homes.beside, homes))


def _covers_part(named: str, share: float) -> Said:
    """Say that a raster ends inside the district."""
    return Said(
        f"{Path(named).name}：只覆盖本区面积的 {share:.1%}，其余部分按无人计",
        f"{Path(named).name} covers {share:.1%} of the district's area; nobody is counted on the rest",
    )


def _files(config: Config, named: str) -> list[Path]:
    """Give the file, or the files of a pattern in order of their names."""
    path = config.resolve(named)
    is_pattern = has_magic(str(path)) and not is_there(path)
    found = [Path(p) for p in sorted(glob(str(path)))] if is_pattern else [path]  # noqa: PTH207 (an absolute pattern)
    if not found:
        raise MissingFileError(Problem(Said("没有这个人口栅格", "no such population raster"), file=str(path)))
    return found
