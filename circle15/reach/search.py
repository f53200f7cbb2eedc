"""Walking times from origins to destinations: nearest, tables within a cutoff, and what a walk reaches."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from circle15 import _core
from circle15.errors import NetworkError
from circle15.reach.phases import check_network, outward, unfold_pair
from circle15.threads import MOST_THREADS, available_threads
from circle15.units import metres_to_ms, ms_to_seconds, seconds_to_ms

if TYPE_CHECKING:
    from collections.abc import Iterator

    from circle15.network.graph import WalkNetwork
    from circle15.network.linking.linkage import Linkage
    from circle15.network.walking.profiles import WalkProfile


@dataclass(frozen=True, slots=True, eq=False)
class Nearest:
    """Each origin's nearest destination.

    Parameters
    ----------
    seconds
        float64 (n,), NaN = none within the cutoff.
    destination
        int32 (n,), -1 = none within the cutoff.
    """

    seconds: npt.NDArray[np.float64]
    destination: npt.NDArray[np.int32]


@dataclass(frozen=True, slots=True, eq=False)
class TravelTimes:
    """Origin by destination walking times within a cutoff, as compressed rows.

    Parameters
    ----------
    indptr
        int64 (n + 1,): row i is ``indptr[i]:indptr[i + 1]``.
    destination
        int32 (nnz,), ascending in each row.
    seconds
        float64 (nnz,).
    cutoff_s
        The cutoff that the table was made for.
    n_destinations
        Number of destinations, reached or not.
    """

    indptr: npt.NDArray[np.int64]
    destination: npt.NDArray[np.int32]
    seconds: npt.NDArray[np.float64]
    cutoff_s: float
    n_destinations: int


@dataclass(frozen=True, slots=True, eq=False)
class ReachSummary:
    """What each origin reaches within a cutoff.

    Parameters
    ----------
    nodes
        int64 (n,): nodes of the network.
    length_m
        float64 (n,): metres of mapped street, partial edges counted exactly; sight lines across squares are none.
    weight
        float64 (n,): sum of the weights of the destinations.
    """

    nodes: npt.NDArray[np.int64]
    length_m: npt.NDArray[np.float64]
    weight: npt.NDArray[np.float64]


def nearest(
    net: WalkNetwork,
    origins: Linkage,
    destinations: Linkage,
    *,
    profile: str | WalkProfile,
    cutoff_s: float,
    threads: int | None = None,
    progress: _core.Progress | None = None,
) -> Nearest:
    """Find each origin's nearest destination; of several at the same millisecond the smallest index wins.

    Parameters
    ----------
    net
        Walking network.
    origins, destinations
        Linkages of ``net``; both access legs are part of the time.
    profile
        Walking profile of ``net``, by name or value.
    cutoff_s
        Longest walk in seconds, inclusive.
    threads
        Number of threads, by default every core that this process may use; it changes no result.
    progress
        Counter that another thread may read, and cancel by.

    Returns
    -------
    Nearest
        NaN and -1 where no destination is within the cutoff, or the origin is unlinked.

    Raises
    ------
    NetworkError
        If a linkage is of another network, or the network was not built with ``profile``.
    """
    if len(net.links):
        starts, goals, owner = unfold_pair(net, origins, destinations)
        options: Any = {"profile": profile, "cutoff_s": cutoff_s, "threads": threads, "progress": progress}
        found = nearest(starts.network, starts, goals, **options)
        return Nearest(found.seconds, np.append(owner, np.int32(-1))[found.destination])
    graph, speed = _graph(net, profile)
    cutoff_ms, n_threads = seconds_to_ms(cutoff_s), _threads(threads)
    time, destination = _core.nearest(
        graph,
        core_places(net, graph, speed, "origins", origins, threads=n_threads),
        core_places(net, graph, speed, "destinations", destinations, threads=n_threads),
        cutoff_ms,
        n_threads,
        progress,
    )
    return Nearest(seconds=ms_to_seconds(time), destination=destination)


def travel_times(
    net: WalkNetwork,
    origins: Linkage,
    destinations: Linkage,
    *,
    profile: str | WalkProfile,
    cutoff_s: float,
    threads: int | None = None,
    progress: _core.Progress | None = None,
) -> TravelTimes:
    """Compute the walking time of every pair within the cutoff.

    Parameters and errors are those of `nearest`. Memory is proportional to the answer; `travel_times_blocks` yields
    an answer that is too large for that.

    Returns
    -------
    TravelTimes
        One row per origin, empty where it is unlinked.
    """
    if len(net.links):
        starts, goals, owner = unfold_pair(net, origins, destinations)
        options: Any = {"profile": profile, "cutoff_s": cutoff_s, "threads": threads, "progress": progress}
        return folded(travel_times(starts.network, starts, goals, **options), owner, len(destinations))
    graph, speed = _graph(net, profile)
    cutoff_ms, n_threads = seconds_to_ms(cutoff_s), _threads(threads)
    indptr, destination, time = _core.travel_times(
        graph,
        core_places(net, graph, speed, "origins", origins, threads=n_threads),
        core_places(net, graph, speed, "destinations", destinations, threads=n_threads),
        cutoff_ms,
        n_threads,
        progress,
    )
    return TravelTimes(
        indptr=indptr,
        destination=destination,
        seconds=ms_to_seconds(time),
        cutoff_s=cutoff_s,
        n_destinations=len(destinations),
    )


def travel_times_blocks(
    net: WalkNetwork,
    origins: Linkage,
    destinations: Linkage,
    *,
    profile: str | WalkProfile,
    cutoff_s: float,
    block: int = 65_536,
    threads: int | None = None,
) -> Iterator[tuple[int, TravelTimes]]:
    """Yield the table of `travel_times` in blocks of rows, so that it never stands in memory whole.

    Parameters
    ----------
    net, origins, destinations, profile, cutoff_s, threads
        As for `travel_times`.
    block
        Rows per block.

    Yields
    ------
    tuple of int and TravelTimes
        Index of the block's first origin, and the rows of the block.
    """
    if block < 1:
        raise ValueError(f"block = {block}: must be at least 1")
    for first in range(0, len(origins), block):
        part = origins.take(slice(first, first + block))
        yield first, travel_times(net, part, destinations, profile=profile, cutoff_s=cutoff_s, threads=threads)


def reach_summary(
    net: WalkNetwork,
    origins: Linkage,
    *,
    profile: str | WalkProfile,
    cutoff_s: float,
    destinations: Linkage | None = None,
    weights: npt.ArrayLike | None = None,
    threads: int | None = None,
    progress: _core.Progress | None = None,
) -> ReachSummary:
    """Count what each origin reaches: nodes, metres of street, and weights of destinations.

    Parameters
    ----------
    net, origins, profile, cutoff_s, threads, progress
        As for `nearest`.
    destinations
        Linkage of ``net``; without it the weight is 0.
    weights
        float (n_destinations,), finite; 1 each by default.

    Returns
    -------
    ReachSummary
        Zeros where an origin is unlinked. ``nodes`` counts the network's nodes with a time within the cutoff.
        ``length_m`` counts each edge once, up to the very place where the walk ends, and only in directions that the
        profile may walk. Streets behind other people's private gates count in neither: one may visit somebody there,
        not walk about.

    Raises
    ------
    NetworkError
        As for `nearest`.
    ValueError
        If ``weights`` are given without destinations, differ in number, or are not finite.
    """
    if len(net.links):
        options: Any = {"profile": profile, "cutoff_s": cutoff_s, "threads": threads}
        walked = outward(net, origins)
        alone = reach_summary(walked.network, walked, progress=progress, **options)
        worth = _weights(weights, destinations)
        if destinations is None:
            return alone
        sums = np.zeros(len(origins))
        for first, table in travel_times_blocks(net, origins, destinations, **options):
            row = np.repeat(np.arange(len(table.indptr) - 1), np.diff(table.indptr))
            sums[first : first + len(table.indptr) - 1] = np.bincount(
                row, weights=worth[table.destination], minlength=len(table.indptr) - 1
            )
        return ReachSummary(alone.nodes, alone.length_m, sums)
    graph, speed = _graph(net, profile)
    cutoff_ms, n_threads = seconds_to_ms(cutoff_s), _threads(threads)
    nodes, length_m, weight = _core.reach_summary(
        graph,
        core_places(net, graph, speed, "origins", origins, threads=n_threads),
        cutoff_ms,
        core_places(net, graph, speed, "destinations", destinations, threads=n_threads),
        _weights(weights, destinations),
        n_threads,
        progress,
    )
    return ReachSummary(nodes=nodes, length_m=length_m, weight=weight)


def folded(table: TravelTimes, owner: npt.NDArray[np.int32], n: int) -> TravelTimes:
    """Give the shorter of both times where a destination behind a private gate was looked for twice."""
    row = np.repeat(np.arange(len(table.indptr) - 1), np.diff(table.indptr))
    whose = owner[table.destination]
    first = np.flatnonzero((np.diff(row, prepend=-1) != 0) | (np.diff(whose, prepend=-1) != 0))
    seconds = np.minimum.reduceat(table.seconds, first) if len(first) else table.seconds
    indptr = np.searchsorted(row[first], np.arange(len(table.indptr)))
    return TravelTimes(indptr.astype(np.int64), whose[first], seconds, table.cutoff_s, n)


def _graph(net: WalkNetwork, profile: str | WalkProfile) -> tuple[_core.Graph, float]:
    p = net.profile_index(profile)
    return net.compiled(p), net.profiles[p].speed_m_s


def core_places(
    net: WalkNetwork, graph: _core.Graph, speed: float, side: str, linkage: Linkage | None, *, threads: int = 1
) -> _core.Places:
    """Turn a linkage into the core's places, access legs in milliseconds at ``speed`` metres per second."""
    if linkage is None:
        return _core.Places(graph, side, np.empty(0, np.int32), np.empty(0), np.empty(0, np.uint32))
    check_network(net, side, linkage)
    edge = np.ascontiguousarray(linkage.edge, dtype=np.int32)
    access_m = np.where(edge >= 0, linkage.access_m, 0.0)
    try:
        access_ms = metres_to_ms(access_m, speed, name=f"{side}.access_m")
    except ValueError as error:
        raise NetworkError(str(error)) from error
    return _core.Places(graph, side, edge, np.ascontiguousarray(linkage.fraction, dtype=np.float64), access_ms, threads)


def _weights(weights: npt.ArrayLike | None, destinations: Linkage | None) -> npt.NDArray[np.float64]:
    if destinations is None:
        if weights is not None:
            raise ValueError("weights are given without destinations; give the linkage that they belong to")
        return np.empty(0)
    if weights is None:
        return np.ones(len(destinations))
    values = np.ascontiguousarray(weights, dtype=np.float64)
    if values.shape != (len(destinations),):
        raise ValueError(f"weights have shape {values.shape}, not one for each of {len(destinations)} destinations")
    bad = np.flatnonzero(~np.isfinite(values))
    if bad.size:
        raise ValueError(f"weights[{bad[0]}] = {values[bad[0]]}: must be finite")
    return values


def _threads(threads: int | None) -> int:
    if threads is None:
        return available_threads()
    if threads < 1:
        raise ValueError(f"threads = {threads}: must be at least 1, or None for all cores")
    if threads > MOST_THREADS:
        raise ValueError(f"threads = {threads}: must be at most {MOST_THREADS}")
    return threads
