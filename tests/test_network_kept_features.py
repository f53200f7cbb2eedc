"""Facilities, names and gates of an extract are kept by all that decides them, and come back as they were read."""

import logging
import shutil

import numpy as np
import pytest
import shapely
from geopandas.testing import assert_geodataframe_equal

from circle15.errors import MissingFileError
from circle15.files.cache_room import cache_root, empty_cache
from circle15.inputs.facilities.name_matches import NAMED_FILTERS
from circle15.inputs.osm.features import read_features
from circle15.network import kept_features as module
from circle15.network.kept_features import kept_features, kept_gates
from circle15.network.linking.entrances import read_gates
from tests.toy_osm import write_osm

FILTERS = [
    {"a": "amenity"},
    {"clinic": "amenity=clinic|doctors;healthcare=clinic", "park": "leisure=park|garden|pitch"},
    NAMED_FILTERS,
    {"nothing": "amenity=there_is_none"},
]
WANTED = {"amenity": None, "healthcare": None, "leisure": None}


@pytest.fixture(autouse=True)
def own_cache(tmp_path_factory, monkeypatch):
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path_factory.mktemp("cache")))


def entries():
    return sorted((cache_root() / "results").glob("*.npz"))


def same(found, right):
    assert_geodataframe_equal(found.frame, right.frame)
    assert shapely.to_wkb(found.frame.geometry).tolist() == shapely.to_wkb(right.frame.geometry).tolist()
    assert [type(tags) for tags in found.frame["tags"]] == [dict] * len(found.frame)
    assert found.left_out == right.left_out


@pytest.mark.parametrize("filters", FILTERS)
@pytest.mark.parametrize("names_in", ["zh", "en"])
def test_facilities_from_the_cache_are_those_of_the_file(monaco_pbf, monkeypatch, filters, names_in):
    right = read_features(monaco_pbf, filters, names_in=names_in)
    same(kept_features(monaco_pbf, filters, wanted=WANTED, names_in=names_in), right)
    monkeypatch.setattr(module, "read_features", lambda *_, **__: pytest.fail("it was kept"))
    same(kept_features(monaco_pbf, filters, wanted=WANTED, names_in=names_in), right)


def test_gates_from_the_cache_are_those_of_the_file(monaco_pbf, monkeypatch):
    right = read_gates(monaco_pbf)
    kept_gates(monaco_pbf)
    monkeypatch.setattr(module, "read_gates", lambda *_: pytest.fail("it was kept"))
    found = kept_gates(monaco_pbf)
    assert len(found) > 10
    assert (found.dtype, found.tobytes()) == (right.dtype, right.tobytes())


def town(folder, name="town.osm", **tags):
    """Write an extract of two clinics; ``tags`` are the first one's."""
    first = ",".join(f"{k}={v}" for k, v in {"amenity": "clinic", "name": "A", **tags}.items())
    nodes = {1: (7.1, 43.1, first), 2: (7.2, 43.2, "amenity=clinic,name=乙"), 3: (7.3, 43.1, "barrier=gate")}
    return write_osm(folder / name, nodes=nodes)


def test_other_bytes_tags_area_or_language_are_read_anew_and_a_copy_is_not(tmp_path):
    def read(path, filters=None, **more):
        kept_features(path, filters or {"clinic": "amenity=clinic"}, wanted=WANTED, **more)
        return len(entries())

    path = town(tmp_path)
    assert read(path) == read(path) == 1
    shutil.copyfile(path, tmp_path / "copy.osm")
    assert read(tmp_path / "copy.osm") == 1
    assert read(path, {"clinic": "amenity=clinic|doctors"}) == 2
    assert read(path, {"doctor": "amenity=clinic"}) == 3
    assert read(path, area=shapely.box(7.15, 43, 7.25, 44)) == 4
    assert read(path, area=shapely.box(7.15, 43, 7.25, 45)) == 5
    assert read(path, names_in="en") == 6
    assert read(town(tmp_path, capacity="30")) == 7
    found = kept_features(path, {"clinic": "amenity=clinic"}, wanted=WANTED).frame
    assert found["capacity"].tolist()[0] == 30.0
    kept_gates(path)
    assert len(entries()) == 8


def test_an_object_that_the_extract_holds_in_part_is_told_from_the_cache_too(tmp_path):
    nodes = {1: (7.1, 43.1), 2: (7.2, 43.1)}
    members = [("way", 7, "outer")]
    relations = [(5, members, "type=multipolygon,leisure=park,name=半园")]
    path = write_osm(tmp_path / "half.osm", nodes=nodes, relations=relations)
    right = read_features(path, {"park": "leisure=park"})
    assert right.left_out == (("park", "r5", "半园"),)
    for _ in range(2):
        same(kept_features(path, {"park": "leisure=park"}, wanted=WANTED), right)


def test_what_was_read_of_a_file_that_was_replaced_meanwhile_is_not_kept(tmp_path, monkeypatch, caplog):
    path = town(tmp_path)

    def replaced(*given, **more):
        found = read_features(*given, **more)
        town(tmp_path, capacity="30")
        return found

    with monkeypatch.context() as patched:
        patched.setattr(module, "read_features", replaced)
        kept_features(path, {"clinic": "amenity=clinic"}, wanted=WANTED)
    assert entries() == []
    assert "was replaced while it was read" in caplog.text
    assert kept_features(path, {"clinic": "amenity=clinic"}, wanted=WANTED).frame["capacity"].tolist()[0] == 30.0


def test_a_broken_entry_is_told_and_read_anew(tmp_path, caplog):
    path = town(tmp_path)
    right = kept_features(path, {"clinic": "amenity=clinic"}, wanted=WANTED)
    (entry,) = entries()
    whole = entry.read_bytes()
    broken = bytearray(whole)
    broken[len(whole) // 2] ^= 1
    entry.write_bytes(broken)
    with caplog.at_level(logging.WARNING):
        same(kept_features(path, {"clinic": "amenity=clinic"}, wanted=WANTED), right)
    assert "broken" in caplog.text
    assert entry.read_bytes() == whole


def test_an_audit_that_believes_no_cache_reads_the_file(tmp_path, monkeypatch):
    path = town(tmp_path)
    kept_gates(path)
    reads = []
    monkeypatch.setattr(module, "read_gates", lambda file: reads.append(file) or np.empty((0, 2)))
    with empty_cache():
        kept_gates(path)
    assert reads == [path]


def test_a_file_that_is_not_there_is_told_as_ever(tmp_path):
    with pytest.raises(MissingFileError, match=r"none\.osm"):
        kept_gates(tmp_path / "none.osm")
