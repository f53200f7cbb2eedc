"""Selections of a shared extract: whoever reads one finds what the whole file holds, and never less than asked for."""

import logging
import shutil

import numpy as np
import osmium
import pytest
import shapely

from circle15.files.cache_room import clear_cache
from circle15.inputs.osm.features import read_areas, read_features
from circle15.inputs.osm.selection import holds_wanted, join_wanted, write_selection, write_selections
from circle15.inputs.osm.tag_filter import parse_tag_filter
from circle15.network.extracts import TAGS_FILE, keep_selection, kept_selection, read_wanted
from circle15.network.kept_features import GATE_TAGS
from circle15.network.linking.entrances import read_gates

LAYERS = {"clinic": "amenity=hospital|clinic|pharmacy", "sports": "leisure=pitch,access!=private;leisure=sports_centre"}
WANTED = join_wanted(*(parse_tag_filter(text).wanted for text in (*LAYERS.values(), "admin_level")))


@pytest.fixture(autouse=True)
def own_cache(tmp_path, monkeypatch):
    """Keep the tests out of the user's cache, and each test's entries to itself."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))


def same(one, two):
    assert one.drop(columns="geometry").equals(two.drop(columns="geometry"))
    assert np.array_equal(shapely.to_wkb(one.geometry.to_numpy()), shapely.to_wkb(two.geometry.to_numpy()))


def test_a_selection_gives_the_same_features_areas_and_gates_as_the_whole_file(monaco_pbf):
    kept = keep_selection(monaco_pbf, WANTED)
    assert kept.name == monaco_pbf.name
    assert kept.stat().st_size < monaco_pbf.stat().st_size / 10
    same(read_features(kept, LAYERS).frame, read_features(monaco_pbf, LAYERS).frame)
    same(read_areas(kept, "admin_level"), read_areas(monaco_pbf, "admin_level"))
    gates = keep_selection(monaco_pbf, GATE_TAGS)
    assert np.array_equal(read_gates(gates), read_gates(monaco_pbf))


def test_an_area_counts_once_wherever_its_relation_stands_in_the_file(monaco_pbf):
    areas = read_areas(monaco_pbf, "admin_level")
    assert areas["osm_id"].is_unique


def test_a_selection_serves_who_asks_for_part_of_it_and_nobody_who_asks_for_more(monaco_pbf):
    assert kept_selection(monaco_pbf, WANTED) == monaco_pbf
    kept = keep_selection(monaco_pbf, WANTED)
    assert kept_selection(monaco_pbf, {"amenity": frozenset({"clinic"})}) == kept
    assert kept_selection(monaco_pbf, {"amenity": frozenset({"bench"})}) == monaco_pbf
    assert kept_selection(monaco_pbf, {"amenity": None}) == monaco_pbf
    assert keep_selection(monaco_pbf, {"amenity": frozenset({"clinic"})}) == kept


def test_a_selection_that_is_deleted_while_it_is_in_use_is_done_without(monaco_pbf):
    kept = keep_selection(monaco_pbf, WANTED)
    tried = []

    def read(path):
        tried.append(path)
        clear_cache()
        return read_features(path, LAYERS).frame

    same(read_wanted(monaco_pbf, WANTED, read), read_features(monaco_pbf, LAYERS).frame)
    assert tried == [kept, monaco_pbf]


def test_a_selection_that_may_only_be_read_is_used(monaco_pbf, monkeypatch, caplog):
    kept = keep_selection(monaco_pbf, WANTED)
    monkeypatch.setattr("os.utime", read_only)
    assert kept_selection(monaco_pbf, WANTED) == kept
    assert caplog.text == ""


def read_only(*_args):
    raise PermissionError("read-only file system")


def test_another_content_is_another_selection(monaco_pbf, tmp_path):
    keep_selection(monaco_pbf, WANTED)
    copy = tmp_path / "renamed.osm.pbf"
    copy.write_bytes(monaco_pbf.read_bytes())
    assert kept_selection(copy, WANTED) != copy
    copy.write_bytes(monaco_pbf.read_bytes() + b" ")
    assert kept_selection(copy, WANTED) == copy


def test_a_selection_holds_what_the_objects_with_the_tags_are_made_of_and_nothing_more(tmp_path):
    source, out = tmp_path / "a.osm.pbf", tmp_path / "b.osm.pbf"
    mutable = osmium.osm.mutable
    with osmium.SimpleWriter(str(source)) as writer:
        for i in range(1, 11):
            writer.add(mutable.Node(id=i, location=(7.0 + i / 1e7, 43.0), tags={"amenity": "clinic"} if i == 9 else {}))
        writer.add(mutable.Way(id=1, nodes=[1, 2, 99], tags={"amenity": "clinic;bench"}))  # 99 is not in the file
        writer.add(mutable.Way(id=2, nodes=[3, 4], tags={"building": "yes"}))
        writer.add(mutable.Way(id=3, nodes=[5, 6], tags={"amenity": "bench"}))
        members = [("w", 2, "outer"), ("w", 77, "outer"), ("n", 7, ""), ("w", 1, "outer")]
        writer.add(mutable.Relation(id=1, members=members, tags={"amenity": "clinic"}))
        writer.add(mutable.Relation(id=2, members=[("w", 3, "outer")], tags={"type": "site"}))
    write_selections(source, [({"amenity": frozenset({"clinic"})}, out), ({"building": None}, tmp_path / "c.osm.pbf")])
    held = [(o.type_str() + str(o.id), dict(o.tags)) for o in osmium.FileProcessor(str(out))]
    clinic = {"amenity": "clinic"}
    assert held == [
        *((f"n{i}", {}) for i in (1, 2, 3, 4, 7)), ("n9", clinic), ("w1", {"amenity": "clinic;bench"}), ("w2", {}), ("r1", clinic),
    ]  # fmt: skip
    places = {o.id: o.location for o in osmium.FileProcessor(str(out), osmium.osm.NODE)}
    assert all((place.x, place.y) == (70000000 + i, 430000000) for i, place in places.items())
    other = [o.type_str() + str(o.id) for o in osmium.FileProcessor(str(tmp_path / "c.osm.pbf"))]
    assert other == ["n3", "n4", "w2"]


def test_a_selection_of_a_file_that_is_replaced_meanwhile_is_not_kept(monaco_pbf, tmp_path, monkeypatch, caplog):
    path = tmp_path / "a.osm.pbf"
    shutil.copyfile(monaco_pbf, path)

    def replaced(source, asked):
        write_selection(monaco_pbf, GATE_TAGS, tmp_path / "b.osm.pbf")
        (tmp_path / "b.osm.pbf").replace(source)
        write_selections(source, asked)

    monkeypatch.setattr("circle15.network.extracts.write_selections", replaced)
    assert keep_selection(path, WANTED) is None
    assert "was replaced while it was read" in caplog.text
    assert kept_selection(monaco_pbf, WANTED) == monaco_pbf


def test_a_broken_entry_is_said_and_not_used(monaco_pbf, caplog):
    kept = keep_selection(monaco_pbf, WANTED)
    (kept.parent / TAGS_FILE).write_text("{", encoding="utf-8")
    with caplog.at_level(logging.WARNING):
        assert kept_selection(monaco_pbf, WANTED) == monaco_pbf
    assert "broken" in caplog.text


def test_a_cache_that_cannot_be_written_is_said_and_done_without(monaco_pbf, tmp_path, caplog):
    (tmp_path / "cache").write_text("in the way")
    assert keep_selection(monaco_pbf, WANTED) is None
    assert "cannot be kept" in caplog.text
    assert kept_selection(monaco_pbf, WANTED) == monaco_pbf


def test_any_value_holds_every_value_but_not_the_other_way():
    some, any_value = {"amenity": frozenset({"clinic"})}, {"amenity": None}
    assert holds_wanted(any_value, some)
    assert not holds_wanted(some, any_value)
    assert join_wanted(some, any_value) == any_value
    assert join_wanted(some, {"amenity": frozenset({"bar"})}) == {"amenity": frozenset({"clinic", "bar"})}
