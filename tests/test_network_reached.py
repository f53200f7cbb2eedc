"""Pairs of places that a foot router reaches are reached: the judge is another network, by OSRM's rules for walkers."""

import itertools

import numpy as np
import osmium
import pytest
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components

import circle15
from circle15.network.build import read_network

AT_LEAST = 0.97
N_PLACES = 1500
# Facts of OSRM's profiles/foot.lua as of 2025: kinds that are walked, values that close, barriers that stop.
KINDS = {
    "primary", "primary_link", "secondary", "secondary_link", "tertiary", "tertiary_link", "unclassified", "residential",
    "road", "living_street", "service", "track", "path", "steps", "pedestrian", "footway", "pier", "platform",
}  # fmt: skip
OTHERS = {("railway", "platform"), ("man_made", "pier"), ("leisure", "track"), ("amenity", "parking")}
CLOSED, BARRIERS = {"no", "agricultural", "forestry", "private", "delivery"}, {"yes", "wall", "fence"}


def is_walked(tags):
    access = tags.get("foot", tags.get("access"))
    if access in CLOSED or tags.get("status") == "impassable" or "proposed" in tags:
        return False
    is_street = tags.get("highway") in KINDS or not OTHERS.isdisjoint(tags.items())
    return is_street or ("highway" in tags and access is not None)


def stops(tags):
    access = tags.get("foot", tags.get("access"))
    return tags.get("barrier") in BARRIERS if access is None else access in CLOSED


def judged(path):
    """Give straight pieces of streets, (n, 4) lon, lat, lon, lat, and the component of each."""
    keys = osmium.filter.KeyFilter("barrier", "access", "foot")
    nodes = osmium.FileProcessor(str(path), osmium.osm.NODE).with_filter(keys)
    stopping = {n.id for n in nodes if stops({t.k: t.v for t in n.tags})}
    ways = osmium.FileProcessor(str(path), osmium.osm.NODE | osmium.osm.WAY).with_locations()
    number, pieces, ends, new = {}, [], [], itertools.count()
    for way in ways.with_filter(osmium.filter.EntityFilter(osmium.osm.WAY)):
        if not is_walked({t.k: t.v for t in way.tags}):
            continue
        for a, b in itertools.pairwise(way.nodes):
            if a.location.valid() and b.location.valid() and a.ref != b.ref:
                ends.append([next(new) if n.ref in stopping else number.setdefault(n.ref, next(new)) for n in (a, b)])
                pieces.append((a.lon, a.lat, b.lon, b.lat))
    u, v = np.array(ends).T
    n = int(max(u.max(), v.max())) + 1
    return np.array(pieces), connected_components(coo_array((np.ones(len(u)), (u, v)), shape=(n, n)))[1][u]


@pytest.mark.slow
@pytest.mark.parametrize(
    "city", ["porto_alegre", "sao_paulo", "shenzhen_nanshan", "nanjing_xuanwu", "heidelberg", "porto"]
)
def test_pairs_that_a_foot_router_reaches_are_reached(shared_data, city):
    path = shared_data / "osm" / f"{city}.osm.pbf"
    pieces, theirs = judged(path)
    rng = np.random.default_rng(15)
    metres = np.hypot((pieces[:, 2] - pieces[:, 0]) * np.cos(np.radians(pieces[:, 1])), pieces[:, 3] - pieces[:, 1])
    at = rng.choice(len(pieces), N_PLACES, p=metres / metres.sum())
    share = rng.random((N_PLACES, 1))
    lon, lat = (pieces[at, :2] + share * (pieces[at, 2:] - pieces[at, :2])).T
    net = read_network(path, cache=False)
    links = circle15.link(net, lon, lat)
    ours = np.where(links.edge >= 0, net.component[net.tail[links.edge]], -1 - np.arange(N_PLACES))
    pair = np.triu_indices(N_PLACES, 1)
    reached = theirs[at][pair[0]] == theirs[at][pair[1]]
    assert (ours[pair[0]] == ours[pair[1]])[reached].mean() >= AT_LEAST
