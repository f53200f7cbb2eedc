"""Private gates: residents of a compound pass their own outward and visitors inward, and nobody cuts through.

A compound is what lies behind gates that are tagged private, cut off from the public streets once they are shut. Where
compounds hang on the public streets like branches of a tree nobody can cut through them, and their gates are simply
open. Behind several gates the streets of the compound are walked in two phases: *out* by those who start there, *in*
by those whose walk ends there. A walk goes out of its own compounds, along public streets, and into those that it
ends in; from in there is no way out. `unfolded` says this with an ordinary directed network, in which the streets
of such compounds stand twice.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from itertools import combinations
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from circle15.network.rules.passage_table import kind_of_road
from circle15.network.rules.tags import combine_tags
from circle15.network.streets.components import find_components

if TYPE_CHECKING:
    from collections.abc import Mapping

    from circle15.inputs.osm.columns import OsmColumns
    from circle15.network.streets.segments import Segments

GATE_KEYS = ("barrier", "access", "foot", "locked")
_NO_OPENING = frozenset({
    "wall", "fence", "hedge", "city_wall", "retaining_wall", "guard_rail", "cable_barrier", "ditch",
})  # fmt: skip
_THOROUGHFARES = frozenset({"trunk", "primary", "secondary", "tertiary"})
"""Kinds of road that no compound holds: what they belong to is public."""

Bool = npt.NDArray[np.bool_]
Int32 = npt.NDArray[np.int32]
Int64 = npt.NDArray[np.int64]


def is_private_gate(tags: Mapping[str, str]) -> bool:
    """Tell whether a barrier is a gate for those who live behind it and their visitors.

    Examples
    --------
    >>> is_private_gate({"barrier": "gate", "access": "private"}), is_private_gate({"barrier": "gate", "access": "no"})
    (True, False)
    """
    if tags.get("barrier", "wall") in _NO_OPENING or tags.get("locked") == "yes":
        return False
    return tags.get("foot", tags.get("access")) == "private"


def gate_numbers(ways: OsmColumns, osm_node: Int64) -> Int32:
    """Give the number of the private gate that each of the streets' nodes is: int32 (n_nodes,), -1: none."""
    number, found = combine_tags(ways.node_tags, GATE_KEYS, len(ways.node_id))
    private = np.array([is_private_gate(tags) for tags in found], dtype=np.bool_)
    gates = np.unique(ways.node_id[private[number]]) if len(ways.node_id) else np.empty(0, np.int64)
    at = np.searchsorted(gates, osm_node)
    met = at < len(gates)
    met[met] = gates[at[met]] == osm_node[met]
    return np.where(met, at, -1).astype(np.int32)


def open_private_gates(s: Segments) -> Segments:
    """Join the compounds of a file to the streets before their gates.

    Parameters
    ----------
    s
        Its streets end at private gates (``gate``), each end at a node of its own.

    Returns
    -------
    Segments
        Compounds in branches are joined by their gates. Of the others ``depth`` tells how many private gates lie
        between a node and the public streets, and ``links`` which nodes a gate joins.
    """
    ends = np.flatnonzero(s.gate >= 0)
    if not len(ends):
        return s
    gates = _gates(s, ends)
    depth, branch = _depths(s, gates)
    counts = _Counts(gates, depth, branch, s.component)
    merged, links = np.arange(len(s.node_lon)), []
    for gate in gates:
        at = [(node, int(s.component[node])) for node in gate]
        inside = [c for _, c in at if depth[c] > 0]
        if not inside:  # between public streets nobody tells who lives behind it
            continue
        if counts.is_tree(int(branch[inside[0]])):
            merged[gate[1:]] = gate[0]
            continue
        links += [(u, v) for (u, c), (v, d) in combinations(at, 2) if max(depth[c], depth[d]) > 0]
    of_node = np.where([counts.is_tree(int(b)) for b in branch], 0, depth)[s.component]
    return _renumbered(s, merged, of_node, np.array(links, dtype=np.int64).reshape(-1, 2))


def is_told_by_part(s: Segments, is_whole: Bool) -> bool:
    """Tell whether a part of a file opens its private gates as the whole file would.

    Streets that go on beyond the part are public in both where a thoroughfare is among them, and no gate joins two
    such, which may be one beyond.

    Parameters
    ----------
    s
        Streets of the part.
    is_whole
        bool (n_nodes,): inside the part, so that every street at the node is in it.
    """
    ends = np.flatnonzero(s.gate >= 0)
    gates = _gates(s, ends) if len(ends) else []
    goes_on = np.zeros(int(s.component.max(initial=-1)) + 1, dtype=np.bool_)
    goes_on[s.component[~is_whole]] = True
    is_public = _has_thoroughfare(s)
    beyond = [[c for c in s.component[gate].tolist() if goes_on[c]] for gate in gates]
    return all(len(found) < 2 and all(is_public[c] for c in found) for found in beyond)  # noqa: PLR2004 (two)


def _has_thoroughfare(s: Segments) -> Bool:
    """Tell which components hold a road that no compound holds."""
    is_one = np.array([kind_of_road(t.get("highway", "")) in _THOROUGHFARES for t in s.traits])[s.trait]
    return np.bincount(s.component[s.tail], weights=is_one, minlength=int(s.component.max(initial=-1)) + 1) > 0


def _gates(s: Segments, ends: Int64) -> list[list[int]]:
    """Give of each gate that joins several components one end in each, smallest node first."""
    order = ends[np.lexsort((ends, s.component[ends], s.gate[ends]))]
    key = s.gate[order].astype(np.int64) * (int(s.component.max()) + 1) + s.component[order]
    first = order[np.diff(key, prepend=-1) != 0]
    begin = np.flatnonzero(np.diff(s.gate[first], prepend=-1) != 0)
    return [sorted(nodes.tolist()) for nodes in np.split(first, begin[1:]) if len(nodes) > 1]


def _depths(s: Segments, gates: list[list[int]]) -> tuple[Int64, Int64]:
    """Give of each component how many private gates lie before it, and the branch of compounds that it is in.

    Public are, of components that gates join, those with a thoroughfare, or else the one with most street.
    """
    n = int(s.component.max()) + 1
    of_edge = s.component[s.tail]
    street_m = np.bincount(of_edge, weights=np.where(s.is_street, s.length_m, 0.0), minlength=n)
    is_public = _has_thoroughfare(s)
    near = np.array([(s.component[a], s.component[b]) for g in gates for a, b in combinations(g, 2)], np.int64)
    near = near.reshape(-1, 2)
    cluster = find_components(n, *near.T)
    has_public = np.zeros(int(cluster.max()) + 1, dtype=np.bool_)
    has_public[cluster[is_public]] = True
    longest = np.lexsort((np.arange(n), -street_m))
    firsts = longest[np.unique(cluster[longest], return_index=True)[1]]
    is_public[firsts[~has_public[cluster[firsts]]]] = True
    depth = np.where(is_public, 0, -1).astype(np.int64)
    step = 0
    while True:
        reached = np.concatenate([near[depth[near[:, 0]] == step][:, 1], near[depth[near[:, 1]] == step][:, 0]])
        reached = reached[depth[reached] < 0]
        if not len(reached):
            break
        step += 1
        depth[reached] = step
    inner = near[(depth[near] > 0).all(axis=1)]
    return np.maximum(depth, 0), find_components(n, *inner.T).astype(np.int64)


class _Counts:
    """How the gates of each branch of compounds join it: in a tree each of them is the only way somewhere."""

    def __init__(self, gates: list[list[int]], depth: Int64, branch: Int64, component: npt.NDArray[Any]) -> None:
        self._n_joints: dict[int, int] = {}  # gates' ends
        self._n_gates: dict[int, int] = {}
        for gate in gates:
            of_branch = {int(branch[component[v]]) for v in gate if depth[component[v]] > 0}
            for b in of_branch:  # one, since all compounds of a gate are of one branch
                self._n_joints[b] = self._n_joints.get(b, 0) + len(gate)
                self._n_gates[b] = self._n_gates.get(b, 0) + 1
        self._n_compounds = np.bincount(branch[depth > 0], minlength=int(branch.max()) + 1)

    def is_tree(self, branch: int) -> bool:
        """Tell whether compounds, gates and the public streets, which are one, hang together without a round trip."""
        n_gates = self._n_gates.get(branch, 0)
        return self._n_joints.get(branch, 0) == int(self._n_compounds[branch]) + n_gates


def _renumbered(s: Segments, merged: Int64, depth: Int64, links: Int64) -> Segments:
    """Give the streets with nodes merged, and without those that no street has any more."""
    used, ends = np.unique(merged[np.concatenate([s.tail, s.head])], return_inverse=True)
    tail, head = ends[: len(s.tail)].astype(np.int32), ends[len(s.tail) :].astype(np.int32)
    joined = np.searchsorted(used, merged[links]).astype(np.int32)
    return replace(
        s,
        node_lon=s.node_lon[used],
        node_lat=s.node_lat[used],
        tail=tail,
        head=head,
        component=find_components(len(used), tail, head, joined),
        node_row=s.node_row[used],
        gate=np.full(len(used), -1, np.int32),
        depth=depth[used].astype(np.int8),
        links=joined,
    )


@dataclass(frozen=True, slots=True)
class Unfolded:
    """Arrays of a network in which the streets behind private gates stand twice, *out* first.

    Nodes and edges as given keep their numbers; the *in* copies follow, then the links through gates.
    """

    origin_node: Int64  # (n_nodes,) node that each is or copies
    tail: Int32
    head: Int32
    origin_edge: Int64  # (n_edges,) edge that each is or copies, -1: a link through a gate
    is_one_way: Bool  # (n_edges,): from tail to head alone
    twin: Int64  # (n_edges as given,) the *in* copy of each edge, -1 where it has none


def unfold(
    depth: npt.NDArray[np.int8], links: Int32, tail: Int32, head: Int32, *, outward_alone: bool = False
) -> Unfolded:
    """Lay the two phases of private streets beside each other.

    Parameters
    ----------
    depth
        int8 (n_nodes,): private gates between each node and the public streets.
    links
        int32 (n_links, 2): nodes that a private gate joins.
    tail, head
        int32 (n_edges,).
    outward_alone
        Without the *in* copies: what one may walk freely from where one starts.
    """
    n_nodes, n_edges = len(depth), len(tail)
    copied = np.flatnonzero(depth > 0) if not outward_alone else np.empty(0, np.int64)
    copy = np.arange(n_nodes)  # of a public node: itself
    copy[copied] = n_nodes + np.arange(len(copied))
    private = np.flatnonzero(depth[tail] > 0) if not outward_alone else np.empty(0, np.int64)
    twin = np.full(n_edges, -1, np.int64)
    twin[private] = n_edges + np.arange(len(private))
    inner, outer = _inner_first(depth, links)
    same = depth[inner] == depth[outer]
    leaving = np.stack([inner[~same], outer[~same]])  # out to out, and where the outer one is public to all
    entering = [np.stack([copy[outer], copy[inner]])]  # in (or public) to in
    started = depth[outer] > 0  # those who live in the outer compound go on into the inner one
    entering += [np.stack([outer[started], copy[inner][started]]), np.stack([inner[same], copy[outer][same]])]
    entering[0] = entering[0][:, ~same]
    through = np.concatenate([leaving, *([] if outward_alone else entering)], axis=1)
    return Unfolded(
        origin_node=np.concatenate([np.arange(n_nodes), copied]),
        tail=np.concatenate([tail, copy[tail[private]], through[0]]).astype(np.int32),
        head=np.concatenate([head, copy[head[private]], through[1]]).astype(np.int32),
        origin_edge=np.concatenate([np.arange(n_edges), private, np.full(through.shape[1], -1)]),
        is_one_way=np.concatenate([np.zeros(n_edges + len(private), np.bool_), np.ones(through.shape[1], np.bool_)]),
        twin=twin,
    )


def _inner_first(depth: npt.NDArray[np.int8], links: Int32) -> tuple[Int64, Int64]:
    a, b = links.astype(np.int64).reshape(-1, 2).T
    turned = depth[a] < depth[b]
    return np.where(turned, b, a), np.where(turned, a, b)
