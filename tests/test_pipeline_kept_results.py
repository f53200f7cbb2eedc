"""What a run keeps of its stages: found again by content alone, and never another result than an empty cache gives."""

import json
import random
import shutil

import numpy as np
import pytest
import shapely

from circle15.files.cache_room import cache_root, empty_cache, list_entries
from circle15.files.kept_results import arrays_to_shapes, kept_arrays, shapes_to_arrays
from circle15.pipeline import run_district
from tests.test_pipeline_starts import at, river_town

SOURCES = ["points", "buildings", "units", "raster"]
HOMES = [(-230, -120, 4), (-120, 40, 30), (-60, 210, 12), (60, -30, 25), (140, 130, 9), (290, -260, 40)]


@pytest.fixture(autouse=True)
def own_cache(tmp_path_factory, monkeypatch):
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path_factory.mktemp("cache")))


def made_town(folder, source="points"):
    """Make a town on both sides of a river, with service areas on its map."""
    folder.mkdir()
    river_town(folder, border="waterway=river", border_x=0, homes=HOMES, clinic_x=150, source=source)
    drawn = edit_config('isochrones = "none"', lambda _: 'write = ["cells", "coverage", "facilities", "map", "gpkg"]')
    drawn(folder, None)
    return folder


def kept(stage):
    return sorted(path.name for path in (cache_root() / "results").glob(f"{stage}-*.npz"))


def written(folder):
    """Give every file of a run by name; of run.json all but what the clock and the seal over it say."""
    found = {p.relative_to(folder).as_posix(): p.read_bytes() for p in sorted(folder.rglob("*")) if p.is_file()}
    told = json.loads(found.pop("run.json"))
    return found, {key: value for key, value in told.items() if key not in {"seconds", "sealed"}}


def move_clinic(folder, rng):
    lon, lat = at(rng.uniform(-300, 300), rng.uniform(-300, 300))
    (folder / "clinics.csv").write_text(f"lon,lat,name\n{lon},{lat},A\n")


def edit_config(old, new):
    def edit(folder, rng):
        path = folder / "town.toml"
        path.write_text(path.read_text().replace(old, new(rng)))

    return edit


def move_people(folder, rng):
    path = folder / "people.csv"
    if path.is_file():
        head, *rows = path.read_text().splitlines()
        rng.shuffle(rows)
        first = rows[0].rsplit(",", 1)[0]
        path.write_text("\n".join([head, f"{first},{rng.randint(50, 90)}", *rows[1:]]) + "\n")


def close_street(folder, rng):
    path = folder / "town.osm"
    closed = path.read_text().replace('v="residential"', 'v="motorway"', rng.randint(1, 3))
    path.write_text(closed)


def move_border(folder, rng):
    path = folder / "units.geojson"
    told = json.loads(path.read_text())
    shift = rng.uniform(1e-4, 4e-4)
    (ring,) = told["features"][0]["geometry"]["coordinates"]
    west = min(x for x, _ in ring)
    told["features"][0]["geometry"]["coordinates"] = [[[x - shift if x == west else x, y] for x, y in ring]]
    path.write_text(json.dumps(told))


EDITS = [
    move_clinic,
    move_people,
    close_street,
    move_border,
    edit_config("speed_m_s = 1.25", lambda rng: f"speed_m_s = {rng.uniform(0.8, 1.2):.2f}"),
    edit_config('start = "people"', lambda _: 'start = "people"\nresolution = 11'),
    edit_config("minutes = 15", lambda rng: f"minutes = {rng.randint(4, 12)}"),
]


@pytest.mark.parametrize(
    "source", [pytest.param(s, marks=[pytest.mark.slow] if s != "points" else []) for s in SOURCES]
)
def test_after_any_edit_a_run_writes_the_bytes_that_an_empty_cache_gives(tmp_path, source):
    rng = random.Random(15)  # noqa: S311 (edits, no secrets)
    town = made_town(tmp_path / "town", source)
    as_made = tmp_path / "as_made"
    shutil.copytree(town, as_made)
    run_district(town / "town.toml", out=tmp_path / "kept")
    for edit in rng.sample(EDITS, 3 if source == "points" else len(EDITS)):
        if rng.random() < 1 / 3:  # and back again
            shutil.rmtree(town)
            shutil.copytree(as_made, town)
        edit(town, rng)
        run_district(town / "town.toml", out=tmp_path / "kept")
        with empty_cache():
            run_district(town / "town.toml", out=tmp_path / "anew")
        assert written(tmp_path / "kept") == written(tmp_path / "anew"), edit


def test_a_changed_facility_leaves_cells_and_starts_as_they_were_kept(tmp_path):
    town = made_town(tmp_path / "town")
    run_district(town / "town.toml", out=tmp_path / "out")
    before = {stage: kept(stage) for stage in ("cells", "starts", "area")}
    assert all(before.values())
    move_clinic(town, random.Random(15))  # noqa: S311 (as above)
    run_district(town / "town.toml", out=tmp_path / "out")
    assert (kept("cells"), kept("starts")) == (before["cells"], before["starts"])
    assert len(kept("area")) == len(before["area"]) + 1
    assert {entry.kind for entry in list_entries()} == {"networks", "results"}


def test_an_entry_whose_bytes_have_changed_is_made_again(caplog):
    def make():
        return {"numbers": np.arange(3.0)}

    kept_arrays("stage", [1, "a"], make)
    (entry,) = (cache_root() / "results").iterdir()
    content = bytearray(entry.read_bytes())
    content[len(content) // 2] ^= 1
    entry.write_bytes(content)
    assert kept_arrays("stage", [1, "a"], make)["numbers"].tolist() == [0.0, 1.0, 2.0]
    assert "broken" in caplog.text
    assert kept_arrays("stage", [1, "a"], lambda: pytest.fail("it was kept"))["numbers"].tolist() == [0.0, 1.0, 2.0]


INPUTS = [
    [], [None], [0], [0.0], [-0.0], [False], ["0"], [b"0"], ["a", "b"], ["ab"], ["a b"], [b"a", "b"],
    [np.array([1, 2])], [np.array([1, 2], np.int32)], [np.array([1]), np.array([2])], [np.array([[1, 2]])],
    [np.array([1.0, 2.0])], [np.array([], object)], [np.array(["a", "b"], object)], [np.array(["ab"], object)],
    [np.array([b"a", b"b"], object)], [np.array(["a", "b"])], [np.array(["a"], object), np.array(["b"], object)],
]  # fmt: skip


def test_no_two_inputs_find_each_others_results():
    for number, inputs in enumerate(INPUTS):
        kept_arrays("stage", inputs, lambda number=number: {"number": np.array([number])})
    for number, inputs in enumerate(INPUTS):
        assert kept_arrays("stage", inputs, lambda: pytest.fail("it was kept"))["number"][0] == number, inputs
    with pytest.raises(TypeError, match="dict"):
        kept_arrays("stage", [{}], dict)


def test_shapes_come_back_bit_for_bit():
    shapes = [shapely.Point(0.1 + 0.2, 1e-300), shapely.Polygon(), shapely.box(0, 0, 1, 1).boundary]
    back = arrays_to_shapes(shapes_to_arrays(np.array(shapes, dtype=object)))
    assert shapely.to_wkb(back).tolist() == [shapely.to_wkb(shape) for shape in shapes]
    assert len(arrays_to_shapes(shapes_to_arrays(np.empty(0, dtype=object)))) == 0
