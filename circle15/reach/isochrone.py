"""Areas within reach: the streets walked to within a cutoff, widened by a buffer, as polygons."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any

import geopandas as gpd
import numpy as np
import numpy.typing as npt
import shapely

from circle15 import _core
from circle15.network.linking.link import link_nodes
from circle15.reach.phases import ending, starting
from circle15.reach.search import _graph, _threads, core_places
from circle15.units import minutes_to_ms

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from circle15.network.graph import WalkNetwork
    from circle15.network.linking.linkage import Linkage
    from circle15.network.walking.profiles import WalkProfile

STEPS_PER_BUFFER = 4
"""Nodes of the drawing grid per buffer width."""

TOLERANCE_PER_BUFFER = 0.02
"""How far, in buffer widths, an outline may move for the sake of fewer vertices."""

MAX_BUFFER_M = 1000.0
MIN_BUFFER_M = 1.0
_ORIGINS_PER_BLOCK = 1024
_CRS = "EPSG:4326"

_Degrees = npt.NDArray[np.float64]
_Ends = npt.NDArray[np.int32]


def isochrones(
    net: WalkNetwork,
    origins: Linkage,
    *,
    profile: str | WalkProfile,
    cutoffs_min: Sequence[float] = (5.0, 10.0, 15.0),
    buffer_m: float = 25.0,
    threads: int | None = None,
) -> gpd.GeoDataFrame:
    """Draw the area that each origin reaches within each cutoff.

    An area is what lies within ``buffer_m`` of the street pieces reached, partial edges cut where the walk ends. The
    distance to them is computed on a grid whose nodes are at most ``buffer_m / STEPS_PER_BUFFER`` metres apart, and
    the outline drawn where it equals the buffer (marching squares, distance taken as linear between nodes); then
    vertices are dropped that move it by at most ``TOLERANCE_PER_BUFFER``. Hence

    - every reached piece is inside, and of every place inside some reached piece is no farther than ``buffer_m`` plus
      half the grid's diagonal plus the tolerance, 1.2 ``buffer_m`` in all and 1.02 as a rule; where two arms of
      street nearly meet, so small a slit is closed;
    - what is not within that distance stays outside: courtyards and blocks are holes;
    - smaller cutoffs lie within larger ones of the same origin, exactly: they are drawn on one grid, and lose vertices
      together (so an outline may differ within the tolerance by which other cutoffs are asked for);
    - rings neither touch nor cross, so that every geometry is valid; coordinates are whole 1e-7 degrees.

    Metres are those of the tangent plane at each street (sphere of 6,371,009 m). Polygons are drawings; measures come
    from times. Areas across the antimeridian and of streets beyond 89 degrees north or south are not supported.

    Parameters
    ----------
    net
        Walking network.
    origins
        Linkage of ``net``; the access leg is paid and not drawn.
    profile
        Walking profile of ``net``, by name or value. Walks lead away from the origin.
    cutoffs_min
        Minutes, inclusive, each once.
    buffer_m
        Metres to widen by, 1 to 1000.
    threads
        Number of threads, by default every core that this process may use; it changes no result.

    Returns
    -------
    geopandas.GeoDataFrame
        ``origin`` (int32, index into ``origins``), ``cutoff_min`` (float64) and ``geometry`` (Polygon or MultiPolygon,
        EPSG:4326), by origin, then by cutoff. An unlinked origin has no row, nor has a cutoff that the access leg
        alone exceeds.

    Raises
    ------
    NetworkError
        If the linkage is of another network, or the network was not built with ``profile``.
    ValueError
        If cutoffs are missing, repeated or out of range, the buffer is out of range, or a street within reach lies
        beyond 89 degrees north or south.

    Examples
    --------
    >>> from circle15 import WalkNetwork, link_nodes
    >>> net = WalkNetwork.from_edges([0.0, 0.01], [0.0, 0.0], [0], [1], [1112.0])
    >>> isochrones(net, link_nodes(net, [0]), profile="adult")["cutoff_min"].tolist()
    [5.0, 10.0, 15.0]
    """
    if len(net.links):
        origins = starting(net, origins)
        net = origins.network
    minutes, cutoffs_ms = _cutoffs(cutoffs_min)
    widths = _widths(buffer_m)
    graph, speed = _graph(net, profile)
    n_threads = _threads(threads)
    core_places(net, graph, speed, "origins", origins)  # refuses a stranger's linkage even where it is empty

    progress = _core.Progress()

    def draw(first: int) -> tuple[npt.NDArray[Any], ...]:
        part = core_places(net, graph, speed, "origins", origins.take(slice(first, first + _ORIGINS_PER_BLOCK)))
        return _core.isochrones(graph, *_positions(net), part, cutoffs_ms, *widths, n_threads, progress)

    origin, cutoff, geometry = [], [], []
    starts = range(0, len(origins), _ORIGINS_PER_BLOCK)
    for first, columns in zip(starts, _one_ahead(draw, starts, progress), strict=True):
        origin.append(columns[0] + np.int32(first))
        cutoff.append(columns[1])
        geometry.append(_geometries(*columns[2:]))
    return gpd.GeoDataFrame(
        {
            "origin": np.concatenate([np.empty(0, np.int32), *origin]),
            "cutoff_min": minutes[np.concatenate([np.empty(0, np.int32), *cutoff])],
        },
        geometry=np.concatenate([np.empty(0, object), *geometry]),
        crs=_CRS,
    )


def service_area(
    net: WalkNetwork,
    destinations: Linkage,
    *,
    profile: str | WalkProfile,
    cutoffs_min: Sequence[float] = (5.0, 10.0, 15.0),
    buffer_m: float = 25.0,
    threads: int | None = None,
) -> gpd.GeoDataFrame:
    """Draw the area from which any destination is reached within each cutoff: a facility layer in one polygon.

    One search from all destinations and one grid, in place of a union of many areas. The walk goes towards the
    destination, which matters where slope or one-way streets make the two ways differ; the destination's access leg is
    paid. For all else, see `isochrones`.

    Parameters
    ----------
    net
        Walking network.
    destinations
        Linkage of ``net``.
    profile, cutoffs_min, buffer_m, threads
        As for `isochrones`.

    Returns
    -------
    geopandas.GeoDataFrame
        ``cutoff_min`` (float64) and ``geometry`` (EPSG:4326), ascending. A cutoff within which no street leads to a
        destination has no row.

    Raises
    ------
    NetworkError, ValueError
        As for `isochrones`.
    """
    if len(net.links):
        destinations, _ = ending(net, destinations)
        net = destinations.network
    minutes, cutoffs_ms = _cutoffs(cutoffs_min)
    widths = _widths(buffer_m)
    graph, speed = _graph(net, profile)
    n_threads = _threads(threads)
    goals = core_places(net, graph, speed, "destinations", destinations)
    nodes = core_places(net, graph, speed, "nodes", link_nodes(net, np.arange(net.n_nodes)))
    time_to, _ = _core.nearest(graph, nodes, goals, int(cutoffs_ms[-1]), n_threads)
    columns = _core.service_area(graph, *_positions(net), time_to, goals, cutoffs_ms, *widths)
    return gpd.GeoDataFrame({"cutoff_min": minutes[columns[1]]}, geometry=_geometries(*columns[2:]), crs=_CRS)


def _cutoffs(cutoffs_min: Sequence[float]) -> tuple[npt.NDArray[np.float64], npt.NDArray[np.uint32]]:
    minutes = np.sort(np.asarray(cutoffs_min, dtype=np.float64).ravel())
    if len(minutes) == 0:
        raise ValueError("cutoffs_min is empty: give at least one number of minutes")
    ms = np.array([minutes_to_ms(m, name="cutoffs_min") for m in minutes.tolist()], dtype=np.uint32)
    twice = np.flatnonzero(ms[1:] == ms[:-1])
    if twice.size:
        raise ValueError(f"cutoffs_min has {minutes[twice[0]]:g} twice: give each cutoff once")
    return minutes, ms


def _widths(buffer_m: float) -> tuple[float, float, float]:
    """Give the core's buffer, grid step and tolerance, metres."""
    if not MIN_BUFFER_M <= buffer_m <= MAX_BUFFER_M:
        raise ValueError(f"buffer_m = {buffer_m}: must be {MIN_BUFFER_M:g} to {MAX_BUFFER_M:g} metres")
    return float(buffer_m), buffer_m / STEPS_PER_BUFFER, buffer_m * TOLERANCE_PER_BUFFER


def _positions(net: WalkNetwork) -> tuple[_Degrees, _Degrees, _Ends, _Ends]:
    return net.node_lon, net.node_lat, net.tail, net.head


def _one_ahead(draw: Any, starts: range, progress: _core.Progress) -> Iterator[tuple[npt.NDArray[Any], ...]]:
    """Yield each block, the next one being drawn by the core while the caller makes geometries of it."""
    with ThreadPoolExecutor(max_workers=1) as pool:
        try:
            waiting = [pool.submit(draw, first) for first in starts[:1]]
            for following in [*starts[1:], None]:
                columns = waiting.pop().result() if waiting else None
                if following is not None:
                    waiting.append(pool.submit(draw, following))
                if columns is not None:
                    yield columns
        except BaseException:  # Ctrl-C reaches this thread alone, and the pool would wait for the other one's block
            progress.cancel()
            raise


def _geometries(
    polygon_begin: npt.NDArray[np.int64],
    ring_begin: npt.NDArray[np.int64],
    coordinate_begin: npt.NDArray[np.int64],
    lon_lat: npt.NDArray[np.float64],
) -> npt.NDArray[np.object_]:
    """Make a Polygon of each geometry with one polygon, a MultiPolygon of each with several."""
    polygons = shapely.from_ragged_array(
        shapely.GeometryType.POLYGON, lon_lat.reshape(-1, 2), (coordinate_begin, ring_begin)
    )
    n_polygons = np.diff(polygon_begin)
    geometries = polygons[polygon_begin[:-1]]
    for g in np.flatnonzero(n_polygons > 1):
        geometries[g] = shapely.multipolygons(polygons[polygon_begin[g] : polygon_begin[g + 1]])
    return np.asarray(geometries, dtype=np.object_)
