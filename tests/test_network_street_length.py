"""Street kilometres are the mapped ones: added up again from the ways, on the ellipsoid, by other libraries."""

import itertools

import numpy as np
import osmium
import pyproj
import pytest

from circle15.network.build import read_network
from circle15.network.rules.daytime import by_day
from circle15.network.rules.walking_table import may_walk

WITHIN = 0.005
GEOD = pyproj.Geod(ellps="WGS84")


def mapped_m(path):
    """Add up the ways that the tag table lets people walk on; a way that goes to and fro counts once."""
    ends = []
    ways = osmium.FileProcessor(str(path), osmium.osm.NODE | osmium.osm.WAY).with_locations()
    for way in ways.with_filter(osmium.filter.EntityFilter(osmium.osm.WAY)):
        if not may_walk(by_day({tag.k: tag.v for tag in way.tags}))[0]:
            continue
        seen = set()
        for a, b in itertools.pairwise(way.nodes):
            pair = frozenset((a.ref, b.ref))
            if a.location.valid() and b.location.valid() and len(pair) == 2 and pair not in seen:
                seen.add(pair)
                ends.append((a.lon, a.lat, b.lon, b.lat))
    return GEOD.inv(*np.array(ends).T)[2].sum()


def test_street_kilometres_of_monaco_are_the_mapped_ones(monaco_pbf):
    found = read_network(monaco_pbf, cache=False).report.street_length_m
    assert found == pytest.approx(mapped_m(monaco_pbf), rel=WITHIN)


@pytest.mark.slow
@pytest.mark.parametrize(
    "city", ["porto_alegre", "sao_paulo", "shenzhen_nanshan", "heidelberg", "porto", "multicity15"]
)
def test_street_kilometres_of_cities_are_the_mapped_ones(shared_data, city):
    path = shared_data / "osm" / f"{city}.osm.pbf"
    found = read_network(path, cache=False).report.street_length_m
    assert found == pytest.approx(mapped_m(path), rel=WITHIN)
