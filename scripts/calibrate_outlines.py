"""Print how often the measured system of outlines is right: real wards and towns laid out anywhere in China.

    python scripts/calibrate_outlines.py [DRAWS]

Wards and towns of the Monaco extract, with its streets and borders, are moved to a random place of China, where the
shift has another direction and length each time, put into random systems, and in half of the draws simplified by 60 or
150 m. With and without the extract's borders, a boundary alone or with its units, in one system or in two. Shapes that
follow nothing (boxes, hulls of random points) over the same streets show how often chance alone makes sure.
"""

from __future__ import annotations

import sys
from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import shapely

from circle15.inputs.coordinates.systems import wgs84_to_bd09, wgs84_to_gcj02
from circle15.inputs.ground.outline_systems import OutlineSource
from circle15.inputs.osm.features import read_areas
from circle15.network.build import read_network
from circle15.network.detection.admin_lines import admin_lines
from circle15.network.detection.outline_detector import SYSTEMS, OutlineDetection, detect_outlines
from circle15.pipeline.study.outline_check import street_lines

if TYPE_CHECKING:
    from collections.abc import Callable

EXTRACT = Path(__file__).parents[1] / "data" / "osm" / "monaco.osm.pbf"
MIDDLE = (7.42, 43.73)
M_PER_DEGREE = 111_195.0
NOTHING = np.empty(0, dtype=object)
FORTH = {"wgs84": lambda x, y: (x, y), "gcj02": wgs84_to_gcj02, "bd09": wgs84_to_bd09}
ANSWERS = ("sure and right", "sure and wrong", "likely and right", "likely and wrong", "not told")


def laid_out(shapes: Any, lon: float, lat: float) -> Any:
    """Move shapes of the extract to a place, true in metres."""
    narrower = np.cos(np.radians(MIDDLE[1])) / np.cos(np.radians(lat))
    return shapely.transform(shapes, lambda p: (p - MIDDLE) * (narrower, 1.0) + (lon, lat))


def in_system(key: str, shapes: Any, system: str) -> OutlineSource:
    """Give outlines of a file in ``system`` that says EPSG:4326."""
    moved = shapely.transform(shapes, lambda p: np.column_stack(FORTH[system](p[:, 0], p[:, 1])))
    return OutlineSource(key, f"{key}.geojson", "wgs84", None, is_shiftable=True, geometry=moved)


def given(shapes: Any) -> Callable[[], Any]:
    """Give shapes to whoever asks."""
    return lambda: shapes


def answer_of(found: OutlineDetection, system: str) -> str:
    """Name what was found of outlines that are in ``system``."""
    is_told = found.is_sure or (found.best is not None and found.lead > 0)
    if not is_told:
        return "not told"
    return f"{'sure' if found.is_sure else 'likely'} and {'right' if found.best == system else 'wrong'}"


def real_outlines(n: int) -> dict[tuple[str, str, str], Counter[str]]:
    """Measure ``n`` draws of real outlines; answers by borders, drawing, and what is beside the boundary."""
    areas = read_areas(EXTRACT, "boundary=administrative")
    areas = areas[areas.geometry.notna()]
    pools = [areas[areas["admin_level"] == level].geometry.to_numpy() for level in ("10", "10", "8")]
    borders = admin_lines(EXTRACT, shapely.box(7, 43, 8, 44))
    streets = street_lines(read_network(EXTRACT, hard_borders=True))
    table: dict[tuple[str, str, str], Counter[str]] = {}
    for seed in range(n):
        rng = np.random.default_rng(seed)
        place = rng.uniform((103, 24), (121, 38))
        pool = pools[rng.integers(3)]
        near = np.argsort(shapely.distance(pool, pool[rng.integers(len(pool))]))[: rng.integers(2, len(pool) + 1)]
        tolerance_m = (0, 0, 60, 150)[rng.integers(4)]
        units = shapely.make_valid(shapely.simplify(pool[near], tolerance_m / M_PER_DEGREE))
        whole = np.array([shapely.union_all(units)])
        first, second = (SYSTEMS[i] for i in rng.integers(3, size=2))
        second = first if rng.random() < 0.5 else second
        sources = [in_system("boundary", laid_out(whole, *place), first)]
        if rng.random() < 0.7:
            sources.append(in_system("units", laid_out(units, *place), second))
        has_borders = rng.random() < 0.5
        found = detect_outlines(
            sources,
            borders=given(laid_out(borders, *place) if has_borders else NOTHING),
            streets=given(laid_out(streets, *place)),
            tables=list,
        )
        beside = "alone" if len(sources) == 1 else "units alike" if first == second else "units in another"
        row = ("borders" if has_borders else "no borders", "simplified" if tolerance_m else "exact", beside)
        for one, system in zip(found, (first, second), strict=False):
            table.setdefault(row, Counter())[answer_of(one, system)] += 1
    return table


def shapes_of_nothing(n: int) -> Counter[str]:
    """Measure ``n`` boxes and hulls that follow neither streets nor borders and are read rightly."""
    streets = street_lines(read_network(EXTRACT, hard_borders=True))
    west, south, east, north = shapely.total_bounds(streets)
    answers: Counter[str] = Counter()
    for seed in range(n):
        rng = np.random.default_rng(seed)
        place, size = rng.uniform((103, 24), (121, 38)), rng.uniform(0.006, 0.03)
        x, y = rng.uniform((west, south), (east, north))
        hull = shapely.MultiPoint(rng.normal(0, size / 2, (12, 2)) + (x, y)).convex_hull  # noqa: RUF005 (a sum)
        shape = shapely.box(x - size, y - size, x + size, y + size) if seed % 2 else hull
        source = in_system("boundary", laid_out(np.array([shape]), *place), "wgs84")
        (found,) = detect_outlines(
            [source], borders=given(NOTHING), streets=given(laid_out(streets, *place)), tables=list
        )
        answers[answer_of(found, "wgs84")] += 1
    return answers


def main() -> None:
    """Print both tables."""
    n = int(sys.argv[1]) if len(sys.argv) > 1 else 200
    rows = {" / ".join(row): answers for row, answers in sorted(real_outlines(n).items())}
    rows["shapes that follow nothing"] = shapes_of_nothing(n)
    print(f"{'':42}" + "".join(f"{a:>18}" for a in ANSWERS))
    for title, answers in rows.items():
        print(f"{title:42}" + "".join(f"{answers[a]:18d}" for a in ANSWERS))


if __name__ == "__main__":
    main()
