"""What scripts/bench.py times: the same questions put to circle15, pandana, scipy, networkx and cityseer."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any

import numpy as np
import scipy.sparse
from scipy.sparse import csgraph

import circle15

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

Nodes = np.ndarray
CUTOFF_MS = 900_000
PANDANA_S = (CUTOFF_MS + 0.5) / 1000
PROFILE = circle15.WalkProfile("adult", 1.25)
N_LAYERS = 4
RUNS = 3
CLOCKS = {"wall": time.perf_counter, "cpu": time.process_time}
chosen_clock = ["wall"]


def clock() -> float:
    """Return seconds on the chosen clock."""
    return CLOCKS[chosen_clock[0]]()


def best(work: Callable[[], Any]) -> tuple[float, Any]:
    """Return the least seconds of a few runs, and the last answer."""
    seconds, answer = [], None
    for _ in range(RUNS):
        start = clock()
        answer = work()
        seconds.append(clock() - start)
    return min(seconds), answer


class Case:
    """The network, origins and layers of one benchmark, in each tool's own form."""

    def __init__(self, path: str | Path) -> None:
        arrays = np.load(path)
        self.lon, self.lat, self.tail, self.head, self.length_m, self.origins, self.layers = (
            arrays[name] for name in ("lon", "lat", "tail", "head", "length_m", "origins", "layers")
        )
        self.ms = np.floor(self.length_m * (1000 / PROFILE.speed_m_s) + 0.5)
        self.n = len(self.lon)

    def net(self) -> circle15.WalkNetwork:
        """Return the network as circle15 takes it."""
        return circle15.WalkNetwork.from_edges(
            self.lon, self.lat, self.tail, self.head, self.length_m, profiles=(PROFILE,)
        )

    def sparse(self) -> Any:
        """Return milliseconds as a sparse matrix, the least of parallel edges; zeros become a thousandth."""
        u, v = np.minimum(self.tail, self.head), np.maximum(self.tail, self.head)
        order = np.lexsort((self.ms, v, u))
        u, v, ms = u[order], v[order], np.maximum(self.ms[order], 1e-3)
        first = np.append(True, (u[1:] != u[:-1]) | (v[1:] != v[:-1])) & (u != v)
        return scipy.sparse.csr_array((ms[first], (u[first], v[first])), shape=(self.n, self.n))

    def pandana(self) -> Any:
        """Return the network as pandana takes it, in seconds.

        Inside, pandana counts whole thousandths in 32 bits: milliseconds would overflow there, and its preparation
        would then not end. Half a millisecond more keeps its cutting-off of digits from losing one.
        """
        import pandana  # noqa: PLC0415 (each tool is loaded in its own process alone)
        import pandas as pd  # noqa: PLC0415 (each tool is loaded in its own process alone)

        return pandana.Network(
            pd.Series(self.lon),
            pd.Series(self.lat),
            pd.Series(self.tail),
            pd.Series(self.head),
            pd.DataFrame({"s": (self.ms + 0.5) / 1000}),
        )


def balls_circle15(case: Case, origins: Nodes, threads: int | None) -> tuple[float, Any]:
    """Count the nodes that each origin reaches, with street length and the rest of reach_summary."""
    net = case.net()
    net.compiled(0)
    places = circle15.link_nodes(net, origins)
    how = {"profile": "adult", "cutoff_s": CUTOFF_MS / 1000, "threads": threads}
    seconds, found = best(lambda: circle15.reach_summary(net, places, **how))
    return seconds, found.nodes


def balls_pandana(case: Case, origins: Nodes) -> tuple[float, Any]:
    """List the nodes in range, the only way in which pandana gives balls, and count them."""
    net = case.pandana()
    start = clock()
    reached = net.nodes_in_range(origins.tolist(), PANDANA_S)
    seconds = clock() - start
    return seconds, reached.groupby("source").size().reindex(origins).fillna(0).to_numpy()


def balls_scipy(case: Case, origins: Nodes) -> tuple[float, Any]:
    """Count with scipy's Dijkstra, sixteen rows at a time: each row is as long as the network."""
    graph, counts = case.sparse(), []
    start = clock()
    for first in range(0, len(origins), 16):
        times = csgraph.dijkstra(graph, directed=False, indices=origins[first : first + 16], limit=CUTOFF_MS + 0.5)
        counts.append(np.isfinite(times).sum(axis=1))
    return clock() - start, np.concatenate(counts)


def balls_networkx(case: Case, origins: Nodes) -> tuple[float, Any]:
    """Count with networkx."""
    import networkx as nx  # noqa: PLC0415 (each tool is loaded in its own process alone)

    graph = nx.MultiGraph()
    graph.add_nodes_from(range(case.n))
    graph.add_weighted_edges_from(
        zip(case.tail.tolist(), case.head.tolist(), case.ms.tolist(), strict=True), weight="ms"
    )
    start = clock()
    counts = [
        len(nx.single_source_dijkstra_path_length(graph, node, cutoff=CUTOFF_MS, weight="ms"))
        for node in origins.tolist()
    ]
    return clock() - start, np.array(counts)


def sums_circle15(case: Case, origins: Nodes) -> tuple[float, Any]:
    """Sum one per origin within the cutoff."""
    net = case.net()
    net.compiled(0)
    places, everyone = circle15.link_nodes(net, origins), circle15.link_nodes(net, case.origins)
    how = {"profile": "adult", "cutoff_s": CUTOFF_MS / 1000, "destinations": everyone}
    seconds, found = best(lambda: circle15.reach_summary(net, places, **how))
    return seconds, found.weight


def sums_pandana(case: Case, origins: Nodes, *, with_cache: bool) -> tuple[float, Any]:
    """Sum one per origin within the cutoff around every node of the network: pandana has no smaller question."""
    import pandas as pd  # noqa: PLC0415 (each tool is loaded in its own process alone)

    net = case.pandana()
    start = clock()
    if with_cache:
        net.precompute(PANDANA_S)
    net.set(pd.Series(case.origins), variable=pd.Series(np.ones(len(case.origins))), name="one")
    sums = net.aggregate(PANDANA_S, type="sum", decay="flat", name="one")
    seconds = clock() - start
    return seconds * len(origins) / case.n, sums.to_numpy()[origins]


def nearest_circle15(case: Case, origins: Nodes, *, with_network: bool) -> tuple[float, Any]:
    """Find the nearest of each layer; the making of the searchable network is counted where asked for."""
    start = clock()
    net = case.net()
    net.compiled(0)
    preparation = clock() - start
    places = circle15.link_nodes(net, origins)
    layers = [circle15.link_nodes(net, layer) for layer in case.layers]
    how = {"profile": "adult", "cutoff_s": CUTOFF_MS / 1000}
    seconds, found = best(lambda: [circle15.nearest(net, places, layer, **how).seconds for layer in layers])
    return seconds + with_network * preparation, np.nan_to_num(np.concatenate(found), nan=-1)


def nearest_pandana(case: Case, origins: Nodes, *, k: int, with_network: bool, with_pois: bool) -> tuple[float, Any]:
    """Find the nearest, or the k nearest, of each layer; pandana answers for every node."""
    start = clock()
    net = case.pandana()
    preparation = clock() - start

    def set_pois() -> None:
        for number, layer in enumerate(case.layers):
            net.set_pois(str(number), PANDANA_S, k, case.lon[layer], case.lat[layer])

    pois, _ = best(set_pois)
    seconds, answers = best(
        lambda: [net.nearest_pois(PANDANA_S, str(number), num_pois=k) for number in range(N_LAYERS)]
    )
    seconds += with_network * preparation + with_pois * pois
    if k > 1:
        return seconds, np.concatenate([(answer.to_numpy()[origins] < PANDANA_S).sum(axis=1) for answer in answers])
    times = np.concatenate([answer.to_numpy()[origins][:, 0] for answer in answers])
    return seconds, np.where(times >= PANDANA_S, -1, times)


def nearest_scipy(case: Case, origins: Nodes) -> tuple[float, Any]:
    """Find the nearest of each layer by one search from all its places."""
    graph = case.sparse()
    start = clock()
    found = [
        csgraph.dijkstra(graph, directed=False, indices=layer, min_only=True, limit=CUTOFF_MS + 0.5)[origins] / 1000
        for layer in case.layers
    ]
    times = np.concatenate(found)
    return clock() - start, np.where(np.isfinite(times), times, -1)


def table_circle15(case: Case, origins: Nodes) -> tuple[float, Any]:
    """Compute every pair within the cutoff; the answer that is compared is the number per row."""
    net = case.net()
    net.compiled(0)
    places = circle15.link_nodes(net, origins)
    layers = [circle15.link_nodes(net, layer) for layer in case.layers]
    how = {"profile": "adult", "cutoff_s": CUTOFF_MS / 1000}
    seconds, found = best(lambda: [circle15.travel_times(net, places, layer, **how) for layer in layers])
    return seconds, np.concatenate([np.diff(t.indptr) for t in found])


def balls_cityseer(case: Case, origins: Nodes) -> tuple[float, Any]:
    """Count the nodes within the distance with cityseer, which measures straight streets by itself.

    Its lengths are of projected coordinates, so its counts are not compared.
    """
    import networkx as nx  # noqa: PLC0415 (each tool is loaded in its own process alone)
    from cityseer.tools import graphs, io  # noqa: PLC0415 (each tool is loaded in its own process alone)

    graph = nx.MultiGraph(crs="EPSG:32629")
    xy = np.column_stack([case.lon * np.cos(np.radians(case.lat.mean())), case.lat]) * 111_195.0
    is_origin = np.isin(np.arange(case.n), origins)
    graph.add_nodes_from(
        (str(i), {"x": x, "y": y, "live": live})
        for i, (x, y, live) in enumerate(zip(*xy.T.tolist(), is_origin.tolist(), strict=True))
    )
    inside = case.tail != case.head
    graph.add_edges_from(
        (str(u), str(v)) for u, v in zip(case.tail[inside].tolist(), case.head[inside].tolist(), strict=True)
    )
    _, _, structure = io.network_structure_from_nx(graphs.nx_simple_geoms(graph))
    start = clock()
    structure.centrality_shortest(
        distances=[round(CUTOFF_MS / 1000 * PROFILE.speed_m_s)], closeness_exprs=[("n", "1")], betweenness_exprs=[]
    )
    return clock() - start, None


TASKS = {
    "balls": {
        "circle15": lambda c, o: balls_circle15(c, o, None),
        "circle15 1 thread": lambda c, o: balls_circle15(c, o, 1),
        "pandana": balls_pandana,
        "scipy": balls_scipy,
        "networkx": balls_networkx,
        "cityseer": balls_cityseer,
    },
    "sums": {
        "circle15": sums_circle15,
        "pandana": lambda c, o: sums_pandana(c, o, with_cache=False),
        "pandana with cache": lambda c, o: sums_pandana(c, o, with_cache=True),
    },
    "nearest": {
        "circle15": lambda c, o: nearest_circle15(c, o, with_network=False),
        "pandana": lambda c, o: nearest_pandana(c, o, k=1, with_network=False, with_pois=False),
        "pandana with set_pois": lambda c, o: nearest_pandana(c, o, k=1, with_network=False, with_pois=True),
        "scipy": nearest_scipy,
    },
    "prepared": {  # nearest, and the preparation of the network from arrays
        "circle15": lambda c, o: nearest_circle15(c, o, with_network=True),
        "pandana": lambda c, o: nearest_pandana(c, o, k=1, with_network=True, with_pois=True),
    },
    "table": {
        "circle15": table_circle15,
        "pandana k = 60": lambda c, o: nearest_pandana(c, o, k=60, with_network=False, with_pois=True),
    },
}
