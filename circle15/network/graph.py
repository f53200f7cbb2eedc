"""The walking network: nodes, straight edges between them, and each profile's milliseconds."""

from __future__ import annotations

import hashlib
import threading
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from circle15.errors import NetworkError
from circle15.network.checked_arrays import read_only
from circle15.network.graph_problems import degree_problems, length_problems, network_problems, shape_problems
from circle15.network.streets.components import find_components
from circle15.network.walking.profiles import WalkProfile, as_profiles
from circle15.said import Said
from circle15.units import UNREACHED, metres_to_ms

if TYPE_CHECKING:
    from collections.abc import Iterable

    import networkx as nx

    from circle15._core import EdgeTree, Graph, Streets
    from circle15.network.streets.compounds import Unfolded

_MAKING = threading.Lock()  # threads that search a new network together make its core once


@dataclass(frozen=True, slots=True, eq=False)
class WalkNetwork:
    """Nodes, edges and walking times; indices mean the network as it was read or given.

    Every edge is a straight segment between two nodes, so that a place on it is (edge, fraction). The arrays are
    checked once, here, and made read-only.

    Parameters
    ----------
    node_lon, node_lat
        float64 (n_nodes,), degrees WGS-84.
    tail, head
        int32 (n_edges,), node indices; an edge may be walked both ways unless ``walk_ms`` forbids one.
    length_m
        float64 (n_edges,), metres.
    profiles
        The walking profiles that ``walk_ms`` was computed for; their names differ.
    walk_ms
        uint32 (n_profiles, 2, n_edges): whole milliseconds from tail to head and from head to tail; ``UNREACHED`` where
        the profile may not walk.
    is_island
        bool (n_edges,): edge of a small component, which points are never linked to; all False by default.
    is_span
        bool (n_edges,): edge of a bridge or tunnel, which points are never linked to either, as it is entered and left
        at its ends (`circle15.network.streets.spans`); all False by default.
    way_id
        int64 (n_edges,): OSM way, -1 where there is none; all -1 by default.
    is_street
        bool (n_edges,): mapped street; False for sight lines across squares, which are ways to walk and count in no
        length of street; all True by default.
    report
        What building the network found (ways refused by reason, extent of the data ...).

    depth
        int8 (n_nodes,): private gates between the node and the public streets, of compounds that one could cut through
        (`circle15.network.streets.compounds`); all 0 by default. Ends of an edge have one depth.
    links
        int32 (n_links, 2): nodes that a private gate joins, residents outward and visitors inward; none by default.

    Raises
    ------
    NetworkError
        If an array is malformed; the message names the array, the index and the value.
    """

    node_lon: npt.NDArray[np.float64]
    node_lat: npt.NDArray[np.float64]
    tail: npt.NDArray[np.int32]
    head: npt.NDArray[np.int32]
    length_m: npt.NDArray[np.float64]
    profiles: tuple[WalkProfile, ...]
    walk_ms: npt.NDArray[np.uint32]
    is_island: npt.NDArray[np.bool_] = field(default_factory=lambda: np.empty(0, dtype=np.bool_))
    component: npt.NDArray[np.int32] = field(default_factory=lambda: np.empty(0, dtype=np.int32))
    way_id: npt.NDArray[np.int64] = field(default_factory=lambda: np.empty(0, dtype=np.int64))
    report: Any = None
    is_span: npt.NDArray[np.bool_] = field(default_factory=lambda: np.empty(0, dtype=np.bool_))
    is_street: npt.NDArray[np.bool_] = field(default_factory=lambda: np.empty(0, dtype=np.bool_))
    depth: npt.NDArray[np.int8] = field(default_factory=lambda: np.empty(0, dtype=np.int8))
    links: npt.NDArray[np.int32] = field(default_factory=lambda: np.empty((0, 2), dtype=np.int32))
    _unfolded: dict[bool, tuple[WalkNetwork, Unfolded]] = field(default_factory=dict, init=False, repr=False)
    _streets: list[Streets] = field(default_factory=list, init=False, repr=False)
    _compiled: dict[int, Graph] = field(default_factory=dict, init=False, repr=False)
    _edge_tree: list[EdgeTree] = field(default_factory=list, init=False, repr=False)
    _border_tree: list[EdgeTree] = field(default_factory=list, init=False, repr=False)
    _content: list[bytes] = field(default_factory=list, init=False, repr=False)

    def __post_init__(self) -> None:
        for name, dtype in _DTYPES.items():
            column = read_only(name, getattr(self, name), dtype, ndim={"walk_ms": 3, "links": 2}.get(name, 1))
            if name in _DEFAULTS and column.size == 0:
                n = self.n_nodes if name == "depth" else self.n_edges
                column = read_only(name, np.full(n, _DEFAULTS[name]), dtype)
            object.__setattr__(self, name, column)
        object.__setattr__(self, "profiles", tuple(self.profiles))
        arrays = {name: getattr(self, name) for name in _DTYPES}
        NetworkError.gather(network_problems(arrays, [profile.name for profile in self.profiles]))
        if len(self.component) == 0:
            component = find_components(self.n_nodes, self.tail, self.head, self.links)
            object.__setattr__(self, "component", read_only("component", component, np.int32))

    @property
    def n_nodes(self) -> int:
        """Number of nodes as read or given."""
        return len(self.node_lon)

    @property
    def n_edges(self) -> int:
        """Number of edges as read or given."""
        return len(self.tail)

    @property
    def street_m(self) -> npt.NDArray[np.float64]:
        """Metres of mapped street of each edge, float64 (n_edges,): its length, 0 where it is no street."""
        return np.where(self.is_street, self.length_m, 0.0)

    def content_digest(self) -> bytes:
        """Give a digest of all that decides where walks lead and how long they take, made once."""
        if not self._content:
            digest = hashlib.blake2b(repr(self.profiles).encode())
            borders = None if self.report is None else self.report.hard_borders
            for column in (*(getattr(self, name) for name in _DTYPES), borders):
                digest.update(b"none" if column is None else str(column.shape).encode() + column.tobytes())
            self._content.append(digest.digest())
        return self._content[0]

    @classmethod
    def from_edges(
        cls,
        lon: npt.ArrayLike,
        lat: npt.ArrayLike,
        tail: npt.ArrayLike,
        head: npt.ArrayLike,
        length_m: npt.ArrayLike,
        *,
        profiles: Iterable[WalkProfile] = (WalkProfile(),),
    ) -> WalkNetwork:
        """Build a network from nodes and undirected edges; lengths are taken as given.

        Parameters
        ----------
        lon, lat
            (n_nodes,) degrees WGS-84.
        tail, head
            (n_edges,) node indices.
        length_m
            (n_edges,) metres; each edge rounds to whole milliseconds by itself.
        profiles
            One or more walking profiles.

        Raises
        ------
        NetworkError
            If an array is malformed.

        Examples
        --------
        >>> net = WalkNetwork.from_edges([0.0, 0.001], [0.0, 0.0], [0], [1], [111.2])
        >>> net.n_nodes, net.n_edges
        (2, 1)
        """
        chosen = as_profiles(profiles)
        x, y = read_only("lon", lon, np.float64), read_only("lat", lat, np.float64)
        tails, heads = read_only("tail", tail, np.int32), read_only("head", head, np.int32)
        lengths = read_only("length_m", length_m, np.float64)
        given = {"lon": x, "lat": y, "tail": tails, "head": heads, "length_m": lengths}
        nodes, edges = (len(x),), (len(tails),)
        shapes = {"lon": nodes, "lat": nodes, "tail": edges, "head": edges, "length_m": edges}
        NetworkError.gather(shape_problems(given, shapes))
        NetworkError.gather([*degree_problems("lon", x, "lat", y), *length_problems(lengths, chosen)])
        walk_ms = np.empty((len(chosen), 2, len(lengths)), dtype=np.uint32)
        for p, profile in enumerate(chosen):
            walk_ms[p, :] = metres_to_ms(lengths, profile.speed_m_s)
        return cls(x, y, tails, heads, lengths, profiles=chosen, walk_ms=walk_ms)

    def profile_index(self, profile: str | WalkProfile) -> int:
        """Return the row of ``walk_ms`` for a profile given by name or by value.

        Raises
        ------
        NetworkError
            If the network was not built with this profile; the message lists those it was built with.
        """
        for p, known in enumerate(self.profiles):
            if profile in (known.name, known):
                return p
        known_names = ", ".join(repr(known.name) for known in self.profiles)
        if isinstance(profile, WalkProfile) and profile.name in {known.name for known in self.profiles}:
            raise NetworkError(
                Said(
                    f"路网中的步行者 {profile.name!r} 与给出的参数不同（{profile}）；请用搜索时的步行者建路网",
                    f"the network's profile {profile.name!r} has other values than the one given ({profile}); "
                    "build the network with the profile that you search with",
                )
            )
        name = profile.name if isinstance(profile, WalkProfile) else profile
        raise NetworkError(
            Said(
                f"本路网没有步行者 {name!r}，建网时有 {known_names}",
                f"no walking profile {name!r} in this network, which was built with {known_names}",
            )
        )

    def compiled(self, p: int) -> Graph:
        """Return the core's graph of profile row ``p``, made at the first call and kept; all share one topology."""
        found = self._compiled.get(p)
        if found is None:
            from circle15 import _core  # noqa: PLC0415 (a network can be built and saved without the core)

            streets = self.streets()
            with _MAKING:
                if p not in self._compiled:
                    forward, backward = self.walk_ms[p]
                    self._compiled[p] = _core.Graph(streets, forward, backward)
            found = self._compiled[p]
        return found

    def streets(self) -> Streets:
        """Return the core's topology, which all profiles share, made at the first call and kept."""
        if not self._streets:
            from circle15 import _core  # noqa: PLC0415 (a network can be built and saved without the core)

            with _MAKING:
                if not self._streets:
                    self._streets.append(
                        _core.Streets(self.node_lon, self.node_lat, self.tail, self.head, self.street_m, self.walk_ms)
                    )
        return self._streets[0]

    def edge_tree(self) -> EdgeTree:
        """Return the core's search tree over all edges, made at the first call and kept."""
        if not self._edge_tree:
            from circle15 import _core  # noqa: PLC0415 (a network can be built and saved without the core)

            with _MAKING:
                if not self._edge_tree:
                    self._edge_tree.append(_core.EdgeTree(self.node_lon, self.node_lat, self.tail, self.head))
        return self._edge_tree[0]

    def unfolded(self, *, outward_alone: bool = False) -> tuple[WalkNetwork, Unfolded]:
        """Give the ordinary directed network that says who passes which private gate, made at the first call and kept.

        Its edges, as far as they are this network's, have the same numbers (`streets.compounds.unfold`).
        """
        if outward_alone not in self._unfolded:
            from circle15.network.streets.compounds import unfold  # noqa: PLC0415 (few need it)

            u = unfold(self.depth, self.links, self.tail, self.head, outward_alone=outward_alone)
            edge, is_link = u.origin_edge, u.origin_edge < 0
            walk_ms = self.walk_ms[:, :, edge]
            walk_ms[:, 0, is_link], walk_ms[:, 1, is_link] = 0, UNREACHED
            made = WalkNetwork(
                node_lon=self.node_lon[u.origin_node],
                node_lat=self.node_lat[u.origin_node],
                tail=u.tail,
                head=u.head,
                length_m=np.where(is_link, 0.0, self.length_m[edge]),
                profiles=self.profiles,
                walk_ms=walk_ms,
                is_street=self.is_street[edge] & ~is_link,
            )
            with _MAKING:
                self._unfolded.setdefault(outward_alone, (made, u))
        return self._unfolded[outward_alone]

    def border_tree(self) -> EdgeTree | None:
        """Return the core's search tree over the hard borders, None where the network was read without any."""
        pieces = getattr(self.report, "hard_borders", None)
        if pieces is None or not len(pieces):
            return None
        if not self._border_tree:
            from circle15 import _core  # noqa: PLC0415 (as above)

            lon, lat = (np.ascontiguousarray(pieces[:, c::2].ravel()) for c in (0, 1))
            ends = np.arange(2 * len(pieces), dtype=np.int32)
            with _MAKING:
                if not self._border_tree:
                    self._border_tree.append(_core.EdgeTree(lon, lat, ends[::2].copy(), ends[1::2].copy()))
        return self._border_tree[0]

    def to_networkx(self) -> nx.MultiDiGraph:
        """Export to networkx: nodes with ``x``, ``y``; one arc per walkable direction, none through `links`.

        Returns
        -------
        networkx.MultiDiGraph
            Arc attributes: ``edge`` (index), ``forward`` (bool), ``length`` (metres) and ``<profile>_ms`` for each
            profile that may walk it. The graph attribute ``crs`` is set, so OSMnx can plot and save it.
        """
        import networkx as nx  # noqa: PLC0415 (slow import, used for export alone)

        graph = nx.MultiDiGraph(crs="EPSG:4326")
        graph.add_nodes_from(
            (i, {"x": x, "y": y})
            for i, (x, y) in enumerate(zip(self.node_lon.tolist(), self.node_lat.tolist(), strict=True))
        )
        tails, heads, lengths = self.tail.tolist(), self.head.tolist(), self.length_m.tolist()
        names = [f"{profile.name}_ms" for profile in self.profiles]
        for direction, (sources, targets) in enumerate(((tails, heads), (heads, tails))):
            for e, (u, v, length) in enumerate(zip(sources, targets, lengths, strict=True)):
                times = zip(names, self.walk_ms[:, direction, e].tolist(), strict=True)
                walkable = {name: ms for name, ms in times if ms != UNREACHED}
                if walkable:
                    graph.add_edge(u, v, edge=e, forward=direction == 0, length=length, **walkable)
        return graph

    def __reduce__(self) -> tuple[Any, ...]:
        """Pickle the arrays alone; the compiled graphs are made again where needed."""
        return (
            WalkNetwork,
            (
                *(getattr(self, name) for name in ("node_lon", "node_lat", "tail", "head", "length_m")),
                self.profiles,
                *(getattr(self, name) for name in ("walk_ms", "is_island", "component", "way_id", "report")),
                self.is_span,
                self.is_street,
                self.depth,
                self.links,
            ),
        )


_DTYPES: dict[str, type[np.generic]] = {
    "node_lon": np.float64,
    "node_lat": np.float64,
    "tail": np.int32,
    "head": np.int32,
    "length_m": np.float64,
    "walk_ms": np.uint32,
    "is_island": np.bool_,
    "component": np.int32,
    "way_id": np.int64,
    "is_span": np.bool_,
    "is_street": np.bool_,
    "depth": np.int8,
    "links": np.int32,
}
_DEFAULTS = {"is_island": False, "way_id": -1, "is_span": False, "is_street": True, "depth": 0}


METRES = WalkProfile("metres", 1.0)
"""Walks a metre in a second and pays nothing else: its seconds are metres."""


def metres_network(network: WalkNetwork) -> WalkNetwork:
    """Give the same streets walked by `METRES` alone: its seconds are metres.

    It takes every street, but a street that everybody else may walk along in one direction alone in that direction.
    """
    lengths = metres_to_ms(network.length_m, METRES.speed_m_s)
    closed = (network.walk_ms == UNREACHED).all(axis=0)
    against = closed & (closed[0] != closed[1])
    return replace(network, profiles=(METRES,), walk_ms=np.where(against, UNREACHED, lengths)[np.newaxis])
