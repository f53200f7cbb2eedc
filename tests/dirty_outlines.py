"""Outlines of streets as they come from many hands: a square cut into strips, each border of which has its faults.

Coordinates are metres in a square of ``SIZE_M``; `as_geojson` writes them in degrees, with whatever a file may have.
"""

import itertools
import json
from dataclasses import dataclass, field

import numpy as np

SIZE_M = 2400.0
FAULTS = (
    "finer border", "gap", "overlap", "wobble", "spike", "bow tie", "loop", "doubled vertices", "hole on an edge",
    "nested holes", "hole outside", "overlapping parts", "nested part", "exclave", "rounded", "duplicate", "sliver",
    "zero area", "no geometry", "empty", "z", "collection", "unclosed", "line in a collection", "keyhole", "retraced",
)  # fmt: skip


@dataclass
class Outline:
    """One feature: polygons, each a list of rings (the shell first), each a list of (x, y) that begins where it ends."""

    code: str
    name: str
    polygons: list
    with_z: bool = False
    in_collection: bool = False
    unclosed: bool = False
    more: list = field(default_factory=list)  # further members of its collection, as GeoJSON in metres
    geometry: object = "polygons"  # "polygons", or what stands in its place

    @property
    def shell(self):
        return self.polygons[0][0]


def dirty_outlines(seed, faults=None):
    """Give the outlines of three to five units, with three to seven kinds of faults (or those of `faults`) in them.

    Returns
    -------
    tuple
        Outlines, and the kinds of faults.
    """
    rng = np.random.default_rng(seed)
    n = int(rng.integers(3, 6))
    if faults is None:
        faults = list(rng.choice(FAULTS, size=int(rng.integers(3, 8)), replace=False))
    borders = [_border(rng, x) for x in SIZE_M * np.arange(1, n) / n]
    borders = [[(0.0, 0.0), (0.0, SIZE_M)], *borders, [(SIZE_M, 0.0), (SIZE_M, SIZE_M)]]
    units = []
    for i, (west, east) in enumerate(itertools.pairwise(borders), start=1):
        ring = [*west, *reversed(east)]
        units.append(Outline(f"3302050{i:02d}000", f"{'甲乙丙丁戊'[i - 1]}街道", [[[*ring, ring[0]]]]))
    for fault in faults:
        _FAULTS[fault](rng, units)
    return units, faults


def _border(rng, x):
    """Draw a border from south to north around ``x``."""
    y = np.linspace(0, SIZE_M, int(rng.integers(4, 12)))
    return [(x + (rng.uniform(-90, 90) if 0 < v < SIZE_M else 0.0), float(v)) for v in y]


def _one(rng, units):
    whole = [u for u in units if u.polygons and u.name[0] in "甲乙丙丁戊"]
    return whole[int(rng.integers(len(whole)))]


def _with_shell(unit, ring):
    unit.polygons[0][0] = ring


def _finer(rng, units):
    """Set more corners on one side of a border, each moved by the rounding of another system."""
    ring = _one(rng, units).shell
    made = [ring[0]]
    for a, b in itertools.pairwise(ring):
        made += [(a[0] + (b[0] - a[0]) * t, a[1] + (b[1] - a[1]) * t) for t in np.sort(rng.uniform(0, 1, 3))]
        made.append(b)
    ring[:] = made


def _moved(rng, units, inwards):
    unit = _one(rng, units)
    middle = np.mean(unit.shell, axis=0)
    d = float(rng.choice([0.01, 0.1, 1.0, 4.0]))
    ring = [(x + np.sign(middle[0] - x) * d * inwards, y) if 1 < x < SIZE_M - 1 else (x, y) for x, y in unit.shell]
    _with_shell(unit, ring)


def _wobble(rng, units):
    unit = _one(rng, units)
    ring = [(x + rng.normal(0, 1.5), y + rng.normal(0, 1.5)) for x, y in unit.shell[:-1]]
    _with_shell(unit, [*ring, ring[0]])


def _spike(rng, units):
    ring = _one(rng, units).shell
    at = int(rng.integers(1, len(ring)))
    x, y = ring[at - 1]
    ring[at:at] = [(x + rng.uniform(-300, 300), y + rng.uniform(-300, 300)), (x, y)]


def _bow_tie(rng, units):
    ring = _one(rng, units).shell
    at = int(rng.integers(1, len(ring) - 2))
    ring[at], ring[at + 1] = ring[at + 1], ring[at]


def _loop(rng, units):
    """Draw a loop at a corner, as a slip of the pen does."""
    ring = _one(rng, units).shell
    at = int(rng.integers(1, len(ring) - 1))
    x, y = ring[at]
    ring[at + 1 : at + 1] = [(x + 40, y + 5), (x + 30, y + 40), (x + 10, y - 30)]


def _doubled(rng, units):
    ring = _one(rng, units).shell
    ring[:] = [p for p in ring for _ in range(int(rng.integers(1, 4)))]


def _square(x, y, d):
    return [(x, y), (x, y + d), (x + d, y + d), (x + d, y), (x, y)]


def _middle(unit):
    shell = np.array(unit.shell)
    return float(shell[:, 0].mean()), float(shell[:, 1].mean())


def _hole_on_edge(rng, units):
    unit = _one(rng, units)
    x, y = unit.shell[int(rng.integers(len(unit.shell)))]
    unit.polygons[0].append(_square(x - 20, y - 20, 40))


def _nested_holes(rng, units):
    unit = _one(rng, units)
    x, y = _middle(unit)
    unit.polygons[0] += [_square(x, y, 90), _square(x + 20, y + 20, 30)]


def _hole_outside(rng, units):
    unit = _one(rng, units)
    x, _y = _middle(unit)
    unit.polygons[0].append(_square(x, SIZE_M + 50, 60))


def _overlapping_parts(rng, units):
    unit = _one(rng, units)
    x, y = _middle(unit)
    unit.polygons.append([_square(x - 100, y - 100, 150)])
    unit.polygons.append([_square(x, y, 150)])


def _nested_part(rng, units):
    unit = _one(rng, units)
    x, y = _middle(unit)
    unit.polygons.append([_square(x, y, 50)])


def _exclave(rng, units):
    unit = _one(rng, units)
    unit.polygons.append([_square(float(rng.uniform(100, SIZE_M - 300)), float(rng.uniform(100, SIZE_M - 300)), 160)])


def _rounded(rng, units):
    """Keep one unit to five decimals of a degree, some metre."""
    unit = _one(rng, units)
    unit.polygons[0][0] = [(round(x), round(y)) for x, y in unit.shell]


def _duplicate(rng, units):
    """Give one outline twice, under two names, the second a millimetre off."""
    unit = _one(rng, units)
    ring = [(x + 0.001, y) for x, y in unit.shell]
    units.append(Outline("330205090000", "重复街道", [[ring]]))


def _sliver(rng, units):
    border = _one(rng, units).shell
    (x, y), (u, v) = border[0], border[1]
    units.append(Outline("330205091000", "细条街道", [[[(x, y), (u, v), (u + 0.3, v), (x + 0.3, y), (x, y)]]]))


def _zero_area(rng, units):
    x, y = _middle(_one(rng, units))
    units.append(Outline("330205092000", "零面积街道", [[[(x, y), (x + 50, y), (x, y), (x, y)]]]))


def _no_geometry(rng, units):
    units.append(Outline("330205093000", "无图形街道", [], geometry=None))


def _empty(rng, units):
    units.append(Outline("330205094000", "空图形街道", [], geometry={"type": "Polygon", "coordinates": []}))


def _z(rng, units):
    _one(rng, units).with_z = True


def _collection(rng, units):
    _one(rng, units).in_collection = True


def _line_in_collection(rng, units):
    unit = _one(rng, units)
    unit.in_collection = True
    x, y = _middle(unit)
    unit.more += [{"type": "LineString", "coordinates": [(x, y), (x + 9, y)]}, {"type": "Point", "coordinates": (x, y)}]


def _unclosed(rng, units):
    _one(rng, units).unclosed = True


def _keyhole(rng, units):
    """Bring a hole into the one ring by a cut, as formats without holes do."""
    unit = _one(rng, units)
    ring = unit.shell
    x, y = _middle(unit)
    a = ring[0]
    ring += [*_square(x, y, 80), a]


def _retraced(rng, units):
    """Go along a stretch of the border three times, each a little aside."""
    ring = _one(rng, units).shell
    at = int(rng.integers(1, len(ring)))
    (x, y), (u, v) = ring[at - 1], ring[at]
    ring[at:at] = [(u, v), (x + 0.002, y + 0.001)]


_FAULTS = {
    "finer border": _finer, "gap": lambda r, u: _moved(r, u, 1), "overlap": lambda r, u: _moved(r, u, -1),
    "wobble": _wobble, "spike": _spike, "bow tie": _bow_tie, "loop": _loop, "doubled vertices": _doubled,
    "hole on an edge": _hole_on_edge, "nested holes": _nested_holes, "hole outside": _hole_outside,
    "overlapping parts": _overlapping_parts, "nested part": _nested_part, "exclave": _exclave, "rounded": _rounded,
    "duplicate": _duplicate, "sliver": _sliver, "zero area": _zero_area, "no geometry": _no_geometry, "empty": _empty,
    "z": _z, "collection": _collection, "unclosed": _unclosed, "line in a collection": _line_in_collection,
    "keyhole": _keyhole, "retraced": _retraced,
}  # fmt: skip


def as_geojson(units, at, decimals=None):
    """Write outlines as the text of a GeoJSON file; ``at`` turns metres into degrees."""

    def place(x, y, z=None):
        found = [*at(x, y)]
        found = found if decimals is None else [round(v, decimals) for v in found]
        return found if z is None else [*found, z]

    def geometry(unit):
        if unit.geometry != "polygons":
            return unit.geometry
        z = 12.5 if unit.with_z else None
        polygons = [
            [[place(x, y, z) for x, y in (ring[:-1] if unit.unclosed else ring)] for ring in rings]
            for rings in unit.polygons
        ]
        if unit.in_collection:
            members = [{"type": "Polygon", "coordinates": p} for p in polygons]
            for one in unit.more:
                flat = one["type"] == "Point"
                moved = place(*one["coordinates"]) if flat else [place(*p) for p in one["coordinates"]]
                members.append({"type": one["type"], "coordinates": moved})
            return {"type": "GeometryCollection", "geometries": members}
        if len(polygons) == 1:
            return {"type": "Polygon", "coordinates": polygons[0]}
        return {"type": "MultiPolygon", "coordinates": polygons}

    features = [
        {"type": "Feature", "properties": {"code": u.code, "名称": u.name}, "geometry": geometry(u)} for u in units
    ]
    return json.dumps({"type": "FeatureCollection", "features": features}, ensure_ascii=False)
