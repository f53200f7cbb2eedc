"""Which coordinate system outlines are really in, measured against the extract's borders, each other, and points."""

from __future__ import annotations

import math
from dataclasses import dataclass, field, replace
from itertools import combinations, compress, product
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt
import shapely

from circle15.inputs.ground.names import UnitNames
from circle15.inputs.ground.outline_systems import OutlineSource, named_system, under_system
from circle15.network.detection.outline_fit import FINE_M, Fit, Offset, fit_lines, fit_points, flat_scale

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from circle15.said import Said

Floats = npt.NDArray[np.float64]

SYSTEMS = ("wgs84", "gcj02", "bd09")
SURE = 3.5
"""Votes by which a system must lead: one piece of evidence that stands out, and nothing against it."""

LIKELY = 1.5
"""Votes by which it must lead to be told of at all."""

_STANDS_OUT, _IN_DOUBT, _BETTER = 4.0, 2.5, 1.5
"""Votes of evidence that stands out, of such from a table in doubt itself, and of what merely fits better."""

_TELLABLE_M = 200.0
_AROUND_DEG = 0.03  # 3 km


@dataclass(frozen=True, slots=True)
class Evidence:
    """What one comparison says of one outline, or of two together."""

    about: tuple[str, ...]  # keys
    against: Said | str  # "borders", "streets", a key, or the name of a table
    fit: Fit  # by system, for two outlines by "wgs84 gcj02"
    votes: float  # 0 where it says nothing


@dataclass(frozen=True, slots=True)
class PointTable:
    """A table's points that should lie in the district, or in the unit that they name."""

    name: Said | str
    lon: Floats  # (n,) degrees WGS-84
    lat: Floats
    is_stated: bool  # the config says the table's system, so that it is not in doubt itself
    level: str = "boundary"  # or "units" or "communities", of which each row names the one that it lies in
    names: Sequence[str] = ()  # (n,) of that level


@dataclass(frozen=True, slots=True)
class OutlineDetection:
    """What was found of one outline's system."""

    source: OutlineSource
    votes: dict[str, float]  # per system; empty where no other system is thinkable
    evidence: tuple[Evidence, ...] = ()
    offsets: dict[str, Offset] = field(default_factory=dict)  # metres east and north from how it was read

    @property
    def is_thinkable(self) -> bool:
        """Whether another system would put the outline elsewhere: it is of a file in degrees, and in China."""
        return bool(self.votes)

    @property
    def read_as(self) -> str:
        """The system by which it was read: "wgs84", "gcj02" or "bd09"."""
        return named_system(self.source.system)

    @property
    def best(self) -> str | None:
        """The system that most speaks for, None where nothing was measured."""
        if not any(self.votes.values()):
            return None
        return max(self.votes, key=lambda s: (self.votes[s], s == self.read_as))

    @property
    def lead(self) -> float:
        """By how many votes the best leads."""
        first, second = sorted(self.votes.values(), reverse=True)[:2] if self.votes else (0.0, 0.0)
        return first - second

    @property
    def is_sure(self) -> bool:
        """Whether the best system is certain."""
        return self.best is not None and self.lead >= SURE

    @property
    def contradicts(self) -> bool:
        """Whether the outline is surely not in the system that it was read by."""
        return self.is_sure and self.best != self.read_as

    @property
    def is_doubted(self) -> bool:
        """Whether another system is likely, though not certain."""
        return self.best not in {None, self.read_as} and LIKELY <= self.lead < SURE

    @property
    def is_unasked(self) -> bool:
        """Whether the file's shape speaks for another system, nobody stated one, and measuring does not settle it."""
        signature = self.source.signature
        is_foreign = signature is not None and signature.system != self.read_as
        return self.is_thinkable and is_foreign and self.source.stated is None and not self.is_sure

    @property
    def off_m(self) -> float:
        """How far the outline is moved by the best system, metres."""
        return 0.0 if self.best is None else math.hypot(*self.offsets[self.best])


def detect_outlines(
    sources: Sequence[OutlineSource],
    *,
    borders: Callable[[], Any],
    streets: Callable[[], Any],
    tables: Callable[[], Sequence[PointTable]],
) -> tuple[OutlineDetection, ...]:
    """Measure each outline that is of a file in degrees.

    Every comparison asks by which displacement the outline would fit best (`outline_fit`). What it finds votes for the
    systems, or for the pairs of systems of two outlines, whose displacement that is; the most that any assignment of
    systems to all outlines gets is a system's number of votes.

    Parameters
    ----------
    sources
        The district's outlines, those of the OSM file among them: they are certain.
    borders, streets
        Give (n,) lines of the extract, degrees WGS-84; asked only where another system is thinkable.
    tables
        Gives tables of points; asked only where lines leave an outline uncertain.
    """
    near = _near_each_other(sources)
    lat = {s.key: _centre(s)[1] for s in near}
    shifts = {s.key: _offsets(s) for s in near}
    open_keys = [s.key for s in near if len(shifts[s.key]) > 1]
    if not open_keys:
        return tuple(OutlineDetection(s, {}) for s in sources)
    by_key = {s.key: s for s in near}
    found: list[Evidence] = []
    for one, other in combinations(near, 2):
        if one.key in open_keys or other.key in open_keys:
            found.append(_pair(one, other, shifts, lat[one.key]))
    border_lines, street_lines = borders(), streets()
    for key in open_keys:
        shape = by_key[key].geometry
        fit = _fit_borders(shape, border_lines, shifts[key], lat[key])
        found.append(Evidence((key,), "borders", fit, _weight(fit)))
        fit = fit_lines(shape, street_lines, shifts[key], lat[key], scales_m=(FINE_M,), is_within=True)
        found.append(Evidence((key,), "streets", fit, _weight(fit)))
    detections = _counted(sources, found, shifts)
    if all(d.is_sure for d in detections if d.is_thinkable):
        return detections
    for table in tables():
        found.extend(_in_points(table, near, open_keys, shifts, lat))
    return _counted(sources, found, shifts)


def _fit_borders(shape: Any, lines: Any, offsets: dict[str, Offset], lat: float) -> Fit:
    """Lay outlines over the extract's borders; where those are few, these over the outlines."""
    fit = fit_lines(shape, lines, offsets, lat)
    if fit.is_strong:
        return fit
    back = fit_lines(lines, shape, {system: (-x, -y) for system, (x, y) in offsets.items()}, lat)
    return back if back.is_strong else fit


def _weight(fit: Fit, strong: float = _STANDS_OUT) -> float:
    return 0.0 if fit.best is None else strong if fit.is_strong else _BETTER


def _near_each_other(sources: Sequence[OutlineSource]) -> list[OutlineSource]:
    """Leave out of files of a whole city what lies kilometres from the boundary, in whatever system."""
    first = next((s for s in sources if s.key == "boundary"), None)
    if first is None:
        return list(sources)
    west, south, east, north = shapely.total_bounds(first.geometry)
    around = shapely.box(west - _AROUND_DEG, south - _AROUND_DEG, east + _AROUND_DEG, north + _AROUND_DEG)
    kept = [(s, shapely.intersects(around, s.geometry)) for s in sources]
    return [
        replace(s, geometry=s.geometry[hit], names=tuple(compress(s.names, hit)), keys=tuple(compress(s.keys, hit)))
        for s, hit in kept
        if hit.any()
    ]


def _centre(source: OutlineSource) -> tuple[float, float]:
    west, south, east, north = shapely.total_bounds(source.geometry)
    return (west + east) / 2, (south + north) / 2


def _offsets(source: OutlineSource) -> dict[str, Offset]:
    """Give how far each thinkable system moves an outline from where it was read."""
    read_as = named_system(source.system)
    here: dict[str, Offset] = {read_as: (0.0, 0.0)}
    if not source.is_shiftable:
        return here
    lon, lat = _centre(source)
    middle = replace(source, geometry=shapely.points([[lon, lat]]))
    scale = flat_scale(lat)
    for system in SYSTEMS:
        place = shapely.get_coordinates(under_system(middle, system))[0]
        here[system] = tuple(((place - (lon, lat)) * scale).tolist())
    apart = [math.dist(a, b) for a, b in combinations(here.values(), 2)]
    return here if min(apart) >= _TELLABLE_M else {read_as: (0.0, 0.0)}


def _pair(one: OutlineSource, other: OutlineSource, shifts: dict[str, dict[str, Offset]], lat: float) -> Evidence:
    """Lay two outlines' borders over each other."""
    offsets = {
        f"{a} {b}": (x - p, y - q)
        for (a, (x, y)), (b, (p, q)) in product(shifts[one.key].items(), shifts[other.key].items())
    }
    fit = fit_lines(one.geometry, other.geometry, offsets, lat)
    return Evidence((one.key, other.key), other.key, fit, _STANDS_OUT if fit.is_strong else 0.0)


def _in_points(
    table: PointTable,
    near: Sequence[OutlineSource],
    open_keys: Sequence[str],
    shifts: dict[str, dict[str, Offset]],
    lat: dict[str, float],
) -> list[Evidence]:
    source = next((s for s in near if s.key == table.level), None)
    if source is None or source.key not in open_keys:
        return []
    points = np.column_stack([table.lon, table.lat])
    if table.level == "boundary":
        areas, own = np.array([shapely.union_all(source.geometry)]), np.zeros(len(points), dtype=np.int64)
    else:
        areas = source.geometry
        units = UnitNames(source.keys, source.names)
        meant = [units.find(name) for name in table.names]
        own = np.array([rows[0] if len(rows) == 1 else -1 for rows in meant], dtype=np.int64)
    known = own >= 0
    fit = fit_points(areas, points[known], own[known], shifts[source.key], lat[source.key])
    return [Evidence((source.key,), table.name, fit, _weight(fit, _STANDS_OUT if table.is_stated else _IN_DOUBT))]


def _counted(
    sources: Sequence[OutlineSource], found: Sequence[Evidence], shifts: dict[str, dict[str, Offset]]
) -> tuple[OutlineDetection, ...]:
    keys = [s.key for s in sources if s.key in shifts]
    votes: dict[str, dict[str, float]] = {key: dict.fromkeys(shifts[key], 0.0) for key in keys}
    for systems in product(*(shifts[key] for key in keys)):
        chosen = dict(zip(keys, systems, strict=True))
        weak: dict[Said | str, float] = {}
        total = 0.0
        for e in found:
            if not e.votes or e.fit.best is None or not _is_meant(e, chosen, shifts):
                continue
            if e.votes > _BETTER:
                total += e.votes
            else:  # what boundary, units and communities have in common is not evidence three times
                weak[e.against] = _BETTER
        total += sum(weak.values())
        for key, system in chosen.items():
            votes[key][system] = max(votes[key][system], total)
    result = []
    for s in sources:
        is_open = s.key in shifts and len(shifts[s.key]) > 1
        own = tuple(e for e in found if s.key in e.about)
        result.append(
            OutlineDetection(s, votes[s.key] if is_open else {}, own if is_open else (), shifts.get(s.key, {}))
        )
    return tuple(result)


def _is_meant(e: Evidence, chosen: dict[str, str], shifts: dict[str, dict[str, Offset]]) -> bool:
    """Tell whether evidence speaks for the chosen systems: for two outlines all that differ alike are meant."""
    if len(e.about) == 1:
        return chosen[e.about[0]] == e.fit.best
    one, other = e.about
    best_one, best_other = str(e.fit.best).split(" ")
    meant, here = (
        np.subtract(shifts[one][a], shifts[other][b]) for a, b in ((best_one, best_other), (chosen[one], chosen[other]))
    )
    return math.dist(meant, here) <= _TELLABLE_M / 2
