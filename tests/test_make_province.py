"""A made province is its extract several times side by side: every copy reads as the extract does."""

import importlib.util

import osmium
import pytest
import shapely

from circle15 import read_network


def test_every_copy_of_a_made_province_has_the_streets_of_the_extract(root, monaco_pbf, tmp_path):
    spec = importlib.util.spec_from_file_location("make_province", root / "scripts" / "make_province.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    province = tmp_path / "province.osm.pbf"
    module.make_province(monaco_pbf, province, 2)
    for kind in module.KINDS.values():
        ids = [thing.id for thing in osmium.FileProcessor(str(province), kind)]
        assert ids == list(range(1, len(ids) + 1))
    west, south, east, north = 7.41, 43.72, 7.43, 43.74
    whole = read_network(monaco_pbf, area=shapely.box(west, south, east, north), cache=False)
    for copy in range(2):
        shift = copy * module.SHIFT_DEG
        part = read_network(province, area=shapely.box(west + shift, south, east + shift, north), cache=False)
        assert (part.n_nodes, part.n_edges) == (whole.n_nodes, whole.n_edges)
        assert part.length_m.sum() == pytest.approx(whole.length_m.sum(), rel=1e-9)
