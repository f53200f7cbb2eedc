"""Facilities whose coordinates are too coarse, or the same as many others': places that somebody has not looked up."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

import numpy as np

if TYPE_CHECKING:
    import numpy.typing as npt

    from circle15.inputs.facilities.facility_sources import FacilityTable

COARSE_DECIMALS = 3
"""Of degrees: 0.001 is about 110 m. By chance one place in a million has no more on both axes."""
COARSE_M = 100.0
"""Of projected coordinates."""
MANY_AT_ONE = 5
"""Facilities of different names at one point; from three on, if they are half of the layer."""
_SOME_AT_ONE, _LARGE_PART = 3, 0.5
_DEGREES = 1e-9
_HALF_CIRCLE = 180.0


@dataclass(frozen=True, slots=True)
class PlaceDoubt:
    """Some facilities of a layer whose place is hardly where they stand."""

    layer: str
    kind: Literal["coarse", "one_point"]
    n: int
    of: int
    file: str
    rows: tuple[int, ...]  # as a spreadsheet shows them
    x: float  # of the first, as the file has it
    y: float
    grain: str = ""  # "0.01°" or "100 m", of coarse ones


def place_doubts(layer: str, table: FacilityTable) -> list[PlaceDoubt]:
    """Look for coarse coordinates and for points that many facilities share, in a layer read from a table."""
    places, frame = table.places, table.frame
    if places is None or not len(frame) or table.is_own_geometry:
        return []
    kept = np.isin(table.rows, [int(s.rpartition(":")[2]) for s in frame["source"]])
    x, y, rows = places.x[kept], places.y[kept], table.rows[kept]
    names = np.array(table.names, dtype=object)[kept]
    file = str(frame["source"].iloc[0]).rpartition(":")[0]

    def doubt(kind: Literal["coarse", "one_point"], members: list[int], first: int, grain: str = "") -> PlaceDoubt:
        listed = tuple(int(r) for r in rows[members])
        return PlaceDoubt(layer, kind, len(members), len(x), file, listed, float(x[first]), float(y[first]), grain)

    found = []
    grain = _grain(x, y)
    coarse = np.flatnonzero(np.isfinite(grain)).tolist()
    if coarse:
        worst = max(coarse, key=lambda i: grain[i])
        unit = "°" if abs(x[worst]) <= _HALF_CIRCLE else " m"
        found.append(doubt("coarse", coarse, worst, f"{grain[worst]:g}{unit}"))
    spots: dict[tuple[float, float], list[int]] = {}
    for i in np.flatnonzero(np.isfinite(x) & np.isfinite(y)).tolist():
        spots.setdefault((float(x[i]), float(y[i])), []).append(i)
    for members in spots.values():
        n_names = len({str(names[i]) for i in members if names[i]}) or len(members)
        if n_names >= MANY_AT_ONE or (n_names >= _SOME_AT_ONE and len(members) >= _LARGE_PART * len(x)):
            found.append(doubt("one_point", members, members[0]))
    return found


def _grain(x: npt.NDArray[np.float64], y: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    """Give what both coordinates of each place are multiples of, NaN where that is fine enough."""
    grain = np.full(len(x), np.nan)
    with np.errstate(invalid="ignore"):
        is_degrees = (np.abs(x) <= _HALF_CIRCLE) & (np.abs(y) <= _HALF_CIRCLE)
        for decimals in range(COARSE_DECIMALS, -1, -1):
            even = np.maximum(*(np.abs(v - np.round(v, decimals)) for v in (x, y))) < _DEGREES
            grain[is_degrees & even] = 10.0**-decimals
        metres = ~is_degrees & (x % COARSE_M == 0) & (y % COARSE_M == 0)
    grain[metres] = COARSE_M
    return grain
