"""Which band of a raster holds people, and which of its values are no number of people."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np
from rasterio.enums import ColorInterp

from circle15.errors import InputError, Problem
from circle15.inputs.people.densest import bound_text, most_people
from circle15.said import Said

if TYPE_CHECKING:
    from pathlib import Path

    import numpy.typing as npt
    import rasterio

SENTINELS = (9999, 32766, 32767, 65534, 65535, 99999, 999999, 2147483647, 4294967295)
"""Positive values that programs write for "no data": the largest of each integer type, and rows of nines."""
LARGE_SENTINEL, FEWEST_OF_LARGE = 32766, 2
"""From here on two pixels of exactly the same largest value are no coincidence; smaller ones need `MUCH`."""
MUCH = 0.005
"""Share of the pixels that hold a smaller sentinel."""
NO_NUMBER_OF_PEOPLE = 1e9
"""No pixel on earth has so many people; 1e20 and 3.4e38 are what floating-point rasters write for "no data"."""
_PEOPLE = re.compile(r"pop|people|person|inhabit|resident|人口|居民|人数", re.IGNORECASE)
_DENSITY = re.compile(r"densit|per.?km|密度", re.IGNORECASE)
_COLOURS = {ColorInterp.red, ColorInterp.green, ColorInterp.blue}


def band_of_people(raster: rasterio.DatasetReader, path: Path, stated: int | None) -> tuple[int, tuple[Said, ...]]:
    """Give the band that holds people, from 1, and what to tell of the choice.

    Raises
    ------
    InputError
        If the raster is a picture, has no such band, or several of which none or more than one is described as people.
    """
    kinds = set(raster.colorinterp)
    if (kinds >= _COLOURS and np.issubdtype(raster.dtypes[0], np.integer)) or ColorInterp.palette in kinds:
        what = Said("红绿蓝", "red, green, blue") if kinds >= _COLOURS else Said("调色板", "a palette of colours")
        message = Said(
            f"是图片（{what.zh}），不是人口数；请给绘图所用的人口栅格",
            f"is a picture ({what.en}), no count of people; give the raster of people that it was drawn from",
        )
        raise InputError(Problem(message, file=str(path), key="population.path"))
    texts = [text or "" for text in raster.descriptions]
    listed = ", ".join(f"{i}{f' ({text})' if text else ''}" for i, text in enumerate(texts, start=1))
    if stated is not None:
        if stated > raster.count:
            message = Said(f"栅格没有这个波段；现有 {listed}", f"the raster has no such band; there are {listed}")
            raise InputError(Problem(message, file=str(path), key="population.band", value=stated))
        return stated, ()
    if raster.count == 1:
        return 1, ()
    described = [i for i, text in enumerate(texts, start=1) if _PEOPLE.search(text) and not _DENSITY.search(text)]
    if len(described) != 1:
        message = Said(
            f"有 {raster.count} 个波段；请用 population.band 写明人口在哪一个；现有 {listed}",
            f"has {raster.count} bands; say which one holds people with population.band; there are {listed}",
        )
        raise InputError(Problem(message, file=str(path), key="population.band"))
    (band,) = described
    name = texts[band - 1]
    note = Said(
        f"{path.name}：{raster.count} 个波段中取第 {band} 波段“{name}”为人口；若不是，请写明 population.band",
        f"{path.name}: of {raster.count} bands the {_ordinal(band)}, {name!r}, is taken for people; if it is not, say"
        " population.band",
    )
    return band, (note,)


def _ordinal(n: int) -> str:
    return {1: "first", 2: "second", 3: "third"}.get(n, f"{n}th")


@dataclass(slots=True)
class ValueTally:
    """What one raster's values in the district's frame look like, gathered over windows.

    `see` is told every window; `refuse_unmarked` and `notes` judge at the end.
    """

    file: str
    dtype: str
    scale: float = 1.0  # persons are raw values times this plus `offset`
    offset: float = 0.0
    n_pixels: int = 0
    largest: dict[float, int] = field(default_factory=dict)  # suspicious values with their number of pixels
    first: dict[float, tuple[float, float]] = field(default_factory=dict)  # and where the first of each lies
    top: float = -np.inf  # the largest value that is no suspicious one
    n_negative: int = 0
    lowest: float = 0.0
    crowded: tuple[float, float, float, float] | None = None  # people, lon, lat, pixel's m² of the worst pixel
    n_crowded: int = 0

    def see(self, values: npt.NDArray[np.float64], place: Any, *, pixel_m2: float) -> None:
        """Note a window's values: raw numbers (rows, columns), NaN where nothing is known; ``place(row, column)``."""
        known = np.isfinite(values)
        self.n_pixels += int(known.sum())
        negative = known & (values < 0)
        if negative.any():
            self.n_negative += int(negative.sum())
            self.lowest = min(self.lowest, float(values[negative].min()))
        suspicious = known & (np.isin(values, self._suspects()) | (values >= NO_NUMBER_OF_PEOPLE))
        for value in np.unique(values[suspicious]).tolist():
            here = values == value
            self.largest[value] = self.largest.get(value, 0) + int(here.sum())
            if value not in self.first:
                self.first[value] = place(*np.argwhere(here)[0])
        ordinary = np.where(known & ~suspicious, values, -np.inf)
        self.top = max(self.top, float(ordinary.max(initial=-np.inf)))
        people = ordinary * self.scale + self.offset
        crowded = people > most_people(pixel_m2)
        if crowded.any():
            self.n_crowded += int(crowded.sum())
            at = np.unravel_index(int(people.argmax()), people.shape)
            if self.crowded is None or people[at] > self.crowded[0]:
                self.crowded = (float(people[at]), *place(*at), pixel_m2)

    def _suspects(self) -> list[float]:
        own = [float(np.iinfo(self.dtype).max)] if np.issubdtype(self.dtype, np.integer) else []
        return [*map(float, SENTINELS), *own]

    def unmarked(self, pixel_m2: float) -> list[Problem]:
        """Give a problem for each value that means "no data" without the file's saying so."""
        found = []
        for value in sorted(self.largest, reverse=True):
            n = self.largest[value]
            is_repeated = n >= FEWEST_OF_LARGE if value >= LARGE_SENTINEL else n >= max(MUCH * self.n_pixels, 2)
            if value < self.top or not (is_repeated or value * self.scale + self.offset > most_people(pixel_m2)):
                break
            lon, lat = self.first[value]
            message = Said(
                f"见于区内 {n:,} 个像元（第一个在 {lon:.5f}, {lat:.5f}）：不是人数，而是未标明的无数据值；请写 "
                f"population.nodata = {value:g}，或在文件中标明（gdal_edit.py -a_nodata）",
                f"stands in {n:,} pixel{'s' if n > 1 else ''} of the district (the first at {lon:.5f}, {lat:.5f}): no"
                " number of people, but an unmarked value for no data; say population.nodata ="
                f" {value:g}, or mark it in the file (gdal_edit.py -a_nodata)",
            )
            found.append(Problem(message, file=self.file, key="population.nodata", value=f"{value:g}"))
        return found

    def notes(self) -> list[Said]:
        """Say which values were not taken as they stand, and which no place on earth has."""
        found = []
        if self.n_negative:
            n, low = f"{self.n_negative:,}", f"{self.lowest:g}"
            note = Said(
                f"{self.file}：区内 {n} 个像元为负数（最小 {low}），应为未声明的无数据值，按无人计；"
                f"可写明 population.nodata = {low}",
                f"{self.file}: {n} pixels of the district are negative (down to {low}), an unmarked value for no data"
                f" most likely, and count as nobody; say population.nodata = {low}",
            )
            found.append(note)
        if self.crowded is not None:
            people, lon, lat, pixel_m2 = self.crowded
            bound = bound_text(pixel_m2)
            n = f"{self.n_crowded:,} pixel{'s have' if self.n_crowded > 1 else ' has'}"
            note = Said(
                f"{self.file}：{self.n_crowded:,} 个像元的人数不可能，最大 {people:,.0f} 人（{lon:.5f}, {lat:.5f}），"
                f"而{bound.zh}；请核对该栅格是否为人数",
                f"{self.file}: {n} more people than any place, up to {people:,.0f} at {lon:.5f}, {lat:.5f}, but"
                f" {bound.en}; check that the raster counts people",
            )
            found.append(note)
        return found
