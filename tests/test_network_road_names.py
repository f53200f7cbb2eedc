"""Names of roads come from the file, are read once, and come the same from the cache, whatever has become of it."""

import logging
import shutil

import numpy as np
import osmium
import pytest

from circle15.files.cache_room import clear_cache, list_entries
from circle15.network import road_names as module
from circle15.network.road_names import road_names


@pytest.fixture(autouse=True)
def own_cache(tmp_path, monkeypatch):
    """Keep the tests out of the user's cache, and each test's entries to itself."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    module._names_of.cache_clear()
    yield
    module._names_of.cache_clear()


@pytest.fixture
def n_reads(monkeypatch):
    """Count how often a file is read."""
    reads = []
    original = module.read_way_names
    monkeypatch.setattr(module, "read_way_names", lambda path: reads.append(path) or original(path))
    return reads


def plain_names(path):
    """Look at each way of the file."""
    ways = osmium.FileProcessor(str(path), osmium.osm.WAY)
    return {w.id: w.tags["name"] for w in ways if "highway" in w.tags and "name" in w.tags}


def test_names_are_those_of_the_file_for_the_ways_that_are_asked_for(monaco_pbf, n_reads):
    every = plain_names(monaco_pbf)
    asked = np.array([*sorted(every)[::3], 1, -1, *sorted(every)[:4]])
    assert road_names(monaco_pbf, asked) == {way: every[way] for way in asked.tolist() if way in every}
    assert road_names(monaco_pbf, np.array(sorted(every))) == every
    module._names_of.cache_clear()
    assert road_names(monaco_pbf, np.array(sorted(every))) == every
    assert len(n_reads) == 1
    assert road_names(monaco_pbf, np.empty(0, np.int64)) == {}


def test_another_content_under_the_same_name_is_read_anew(monaco_pbf, tmp_path, n_reads):
    path = tmp_path / "streets.osm.pbf"
    shutil.copy(monaco_pbf, path)
    before = road_names(path, np.array(sorted(plain_names(path))))
    ways = {way: f"{name} II" for way, name in before.items()}
    path.unlink()
    with osmium.SimpleWriter(str(path)) as writer:
        for way, name in sorted(ways.items()):
            writer.add_way(osmium.osm.mutable.Way(id=way, nodes=[1, 2], tags={"highway": "path", "name": name}))
    assert road_names(path, np.array(sorted(ways))) == ways
    assert len(n_reads) == 2


def test_an_entry_that_is_broken_is_said_and_made_again(monaco_pbf, n_reads, caplog):
    every = plain_names(monaco_pbf)
    road_names(monaco_pbf, np.array([1]))
    (entry,) = list_entries()
    entry.path.write_bytes(entry.path.read_bytes()[:-100])
    module._names_of.cache_clear()
    with caplog.at_level(logging.WARNING):
        assert road_names(monaco_pbf, np.array(sorted(every))) == every
    assert "is broken" in caplog.text
    assert len(n_reads) == 2
    assert clear_cache() == 1


def test_a_cache_that_cannot_be_written_is_done_without(monaco_pbf, tmp_path, monkeypatch):
    (tmp_path / "file").write_text("no folder")
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "file"))
    every = plain_names(monaco_pbf)
    assert road_names(monaco_pbf, np.array(sorted(every))) == every
