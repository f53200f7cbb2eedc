"""Streets of a large extract cut to study areas: each is what the whole file would give, to the byte."""

import logging
import shutil
import sys
from pathlib import Path

import numpy as np
import pytest
import shapely
from numpy.testing import assert_array_equal

from circle15.inputs.osm import columns as osm_columns
from circle15.network import build, cuts
from circle15.network.build import read_network
from circle15.network.cache import cache_folder, content_key, has_cut, has_segments
from circle15.network.cuts import keep_cuts
from tests.toy_osm import write_osm

ARRAYS = (
    "node_lon",
    "node_lat",
    "tail",
    "head",
    "length_m",
    "walk_ms",
    "is_island",
    "component",
    "way_id",
    "depth",
    "links",
)
MONACO = [
    shapely.box(7.410, 43.725, 7.417, 43.731),
    shapely.Point(7.427, 43.740).buffer(0.006),
    shapely.box(7.40, 43.72, 7.44, 43.75),
]


@pytest.fixture(autouse=True)
def own_cache(tmp_path, monkeypatch):
    """Keep the tests out of the user's cache; let the smallest file be worth a cut."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    monkeypatch.setattr(cuts, "WORTH_BYTES", 0)


def same_as_whole(path, area, **options):
    """Compare with the whole file, of which nothing may be in the cache yet."""
    cut = read_network(path, area=area, hard_borders=True, **options)
    assert not has_segments(path), "the whole file was read"
    whole = read_network(path, area=area, hard_borders=True, cache=False, **options)
    for name in ARRAYS:
        assert_array_equal(getattr(cut, name), getattr(whole, name), err_msg=name)
    assert_array_equal(cut.report.hard_borders, whole.report.hard_borders)
    assert cut.report.extent.equals(whole.report.extent)
    assert cut.report.as_dict() == whole.report.as_dict()
    return cut


def test_cuts_of_monaco_are_what_the_whole_file_gives(monaco_pbf):
    assert keep_cuts(monaco_pbf, MONACO)
    assert any(same_as_whole(monaco_pbf, area).is_island.any() for area in MONACO)


ISLAND_M = 300.0
HOURS = [
    "",
    "",
    "",
    ",oneway:foot=yes",
    ",foot=use_sidepath",
    ",access:conditional=no @ (06:00-22:00)",
    ",foot=no,foot:conditional=yes @ (6:00-22:00)",
]
PRIVATE = "barrier=gate,access=private"
STEP = 0.001  # about 110 m


def random_town(path, seed):
    """Write crooked ways up to kilometres long, gates on them, squares of one way and of two, rivers, loose clusters."""
    rng, more = np.random.default_rng(seed), np.random.default_rng(seed + 1000)
    node, ways, relations = {}, [], []

    def at(x, y, twin=0):
        ref = 1000 * (int(x) + 500) + int(y) + 500 + twin
        node.setdefault(ref, (int(x) * STEP, int(y) * STEP))
        return ref

    kinds = [
        "highway=residential",
        "highway=tertiary",
        "highway=footway",
        "highway=steps",
        "waterway=river",
        "building=yes",
    ]
    for way in range(100, 220):
        x, y = rng.integers(-40, 40, 2)
        refs = [at(x, y, twin=10_000_000 if more.random() < 0.2 else 0)]  # as at an import seam
        for _ in range(rng.integers(2, 9)):
            dx, dy = rng.integers(-3, 4, 2) * (12 if rng.random() < 0.05 else 1)
            x, y = x + dx, y + dy
            refs.append(at(x, y))
            if rng.random() < 0.1:
                tag = str(rng.choice(["barrier=wall", "barrier=gate,locked=yes", PRIVATE], p=[0.45, 0.45, 0.1]))
                node[refs[-1]] = (*node[refs[-1]][:2], tag)
        ways.append((way, refs, str(rng.choice(kinds)) + str(more.choice(HOURS))))
        if rng.random() < 0.15:
            size = int(rng.integers(1, 15))
            a, b, c, d = (at(x + i * size, y + j * size) for i, j in ((0, 0), (1, 0), (1, 1), (0, 1)))
            if rng.random() < 0.5:
                ways.append((5000 + way, [a, b, c, d, a], "highway=pedestrian,area=yes"))
            else:
                ways += [(6000 + way, [a, b, c], "note=outline"), (7000 + way, [c, d, a], "note=outline")]
                members = [("way", 6000 + way, "outer"), ("way", 7000 + way, "outer")]
                relations.append((way, members, "type=multipolygon,highway=pedestrian"))
    return write_osm(path, nodes=node, ways=sorted(ways), relations=relations)


@pytest.mark.parametrize("seed", range(12))
def test_cuts_of_random_towns_are_what_the_whole_file_gives(tmp_path, seed, monkeypatch):
    if seed % 2:
        monkeypatch.setattr(osm_columns, "BLOCK_BYTES", 1000)  # some ten ways or thirty nodes
    path = random_town(tmp_path / "town.osm", seed)
    rng = np.random.default_rng(seed)
    corners = rng.uniform(-0.03, 0.02, (3, 2))
    areas = [shapely.box(x, y, x + 0.008, y + 0.005) for x, y in corners]
    assert keep_cuts(path, areas, island_m=ISLAND_M)
    n_edges = 0
    for area in areas:
        if has_cut(content_key(path), area, ISLAND_M):
            n_edges += same_as_whole(path, area, island_m=ISLAND_M).n_edges
    assert n_edges > 0


def test_a_file_is_not_cut_where_that_could_change_what_an_island_is(tmp_path):
    short = write_osm(tmp_path / "short.osm", ways=[(11, [1, 2, 3], "highway=path")])
    assert not keep_cuts(short, [shapely.box(0, 0, 1, 1)])
    assert not any(cache_folder().glob("*"))


@pytest.mark.skipif(sys.platform != "linux", reason="the process's open files as Linux tells them")
def test_there_may_be_more_areas_than_a_process_may_have_open_files(monaco_pbf):
    resource = pytest.importorskip("resource")
    usual, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    few = max(int(file.name) for file in Path("/proc/self/fd").iterdir()) + 20
    areas = [shapely.box(7.410, 43.725, 7.417 + i * 1e-5, 43.731) for i in range(30)]
    resource.setrlimit(resource.RLIMIT_NOFILE, (few, hard))
    try:
        assert keep_cuts(monaco_pbf, areas)
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, (usual, hard))
    assert all(has_cut(content_key(monaco_pbf), area, 1000.0) for area in areas)


def test_streets_of_other_libraries_or_of_another_file_beside_are_read_again(monaco_pbf, monkeypatch, tmp_path):
    read_network(monaco_pbf)
    monkeypatch.setattr("circle15.network.cache.library_versions", lambda: {"shapely": "3.0"})
    assert not has_segments(monaco_pbf)
    monkeypatch.undo()
    (tmp_path / "streets.gpkg").write_bytes(b"x")
    before = content_key(tmp_path / "streets.gpkg")
    (tmp_path / "streets.gpkg-wal").write_bytes(b"changes")
    assert content_key(tmp_path / "streets.gpkg") != before


@pytest.mark.parametrize("kept", ["whole", "cut"])
def test_streets_of_a_file_that_is_replaced_while_it_is_read_are_not_kept(tmp_path, monkeypatch, caplog, kept):
    path, before = tmp_path / "town.osm", tmp_path / "before.osm"
    nodes = {n: (n * 0.02, 0.0) for n in range(1, 5)}
    write_osm(path, nodes=nodes, ways=[(1, [1, 2, 3, 4], "highway=footway")])
    shutil.copyfile(path, before)
    area = shapely.box(0.01, -0.01, 0.09, 0.01)
    room, name = (build, "_read_segments") if kept == "whole" else (cuts, "relation_squares")
    read = getattr(room, name)

    def replaced(source):
        write_osm(tmp_path / "new.osm", nodes=nodes, ways=[(1, [1, 2], "highway=footway")]).replace(source)
        return read(source)

    monkeypatch.setattr(room, name, replaced)
    if kept == "whole":
        assert read_network(path, area=area).n_edges == 1
    else:
        assert keep_cuts(path, [area])
    monkeypatch.undo()
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    assert "was replaced while it was read" in caplog.text
    assert list(cache_folder().glob("*")) == []
    assert read_network(before, area=area).n_edges == 3


def test_streets_in_a_cache_that_may_only_be_read_are_used(monaco_pbf, monkeypatch, caplog):
    def refuse(*_args):
        raise PermissionError("read-only file system")

    read_network(monaco_pbf)
    monkeypatch.setattr("os.utime", refuse)
    monkeypatch.setattr("circle15.network.cache._save", None)  # making the entry again would call it
    assert read_network(monaco_pbf).n_edges > 0
    assert caplog.text == ""


def test_a_small_file_and_one_that_is_in_the_cache_whole_are_not_cut(monaco_pbf, monkeypatch):
    monkeypatch.setattr(cuts, "WORTH_BYTES", 1 << 30)
    assert not keep_cuts(monaco_pbf, MONACO)
    monkeypatch.setattr(cuts, "WORTH_BYTES", 0)
    read_network(monaco_pbf)
    assert not keep_cuts(monaco_pbf, MONACO)


def test_a_cut_is_made_once_and_an_area_without_streets_is_left_to_its_own_run(monaco_pbf, monkeypatch, caplog):
    sea = shapely.box(7.5, 43.6, 7.51, 43.61)
    with caplog.at_level(logging.INFO, logger="circle15.network.cuts"):
        assert keep_cuts(monaco_pbf, [MONACO[0], sea])
    assert "holds no street" in caplog.text
    assert not has_cut(content_key(monaco_pbf), sea, 1000.0)
    monkeypatch.setattr(cuts, "cut_streets_text", None)  # a second cut would call it
    assert keep_cuts(monaco_pbf, [MONACO[0]])


def test_a_broken_cut_is_said_and_the_whole_file_is_read(monaco_pbf, caplog):
    keep_cuts(monaco_pbf, MONACO[:1])
    (entry,) = cache_folder().glob("*.npz")
    entry.write_bytes(entry.read_bytes()[:1000])
    assert read_network(monaco_pbf, area=MONACO[0]).n_edges > 0
    assert "is broken" in caplog.text
    assert has_segments(monaco_pbf)
