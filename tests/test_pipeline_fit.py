"""Who and what is off the network, and thresholds that do not fit cells, buffer or facilities: said in a run and by check."""

import json

import pytest
import shapely

from circle15.config.model import load_config
from circle15.doctor.check import check_config
from circle15.pipeline import run_district
from circle15.pipeline.fit.fit_warnings import fit_warnings
from circle15.pipeline.study.clock import Clock
from circle15.pipeline.study.read_study import read_study
from tests.chinese_town import M_LAT, M_LON, SOUTH, WEST, Town
from tests.test_pipeline_planning import at, scenario, write_town

OFF = at(800, 5000)  # far north of every street


@pytest.fixture
def town(tmp_path):
    write_town(tmp_path)
    return tmp_path


def edited(folder, old, new):
    path = folder / "town.toml"
    text = path.read_text("utf-8")
    assert old in text
    path.write_text(text.replace(old, new, 1), "utf-8")
    return path


def warned(path):
    return [w.en for w in fit_warnings(read_study(load_config(path), Clock()))]


def test_a_town_that_fits_is_warned_of_nothing(town):
    assert warned(town / "town.toml") == []


def test_people_off_the_network_are_told_with_cells_and_share_by_a_run_and_by_check(town):
    path = edited(town, 'source = "town.osm"', 'source = "town.osm"\nmax_access_m = 0.001')
    run = run_district(path, out=town / "out")
    (warning,) = [w for w in run.result.warnings if "off the network" in w]
    unlinked = run.result.tables["unlinked"].query("kind == 'cell'").drop_duplicates("id")
    people = unlinked["people"].sum()
    everybody = run.result.cells["population"].sum()
    assert warning == (
        f"{people:,.0f} people ({people / everybody:.1%}) in {len(unlinked)} cells are off the network (adult, elderly)"
        ": how far they walk is unknown, and they are told beside each share; see unlinked.csv"
    )
    assert warning in {w.en for w in check_config(path).warnings}


def test_a_new_facility_off_the_network_is_told_to_reach_nobody(town):
    path = edited(town, 'source = "town.osm"', 'source = "town.osm"\nbuffer_m = 6000')
    lon, lat = OFF
    far = f'kind = "add_facility"\nlayer = "clinic"\nname = "Hill"\nlon = {lon}\nlat = {lat}'
    assert warned(scenario(town, "off", far)) == [
        "the new facility 'Hill' (clinic) is off the network and reaches nobody: no walkable street within 300 m"
    ]
    assert warned(path) == []


def test_cells_that_are_wide_beside_the_shortest_walk_are_told(town):
    (warning,) = warned(edited(town, "resolution = 10", "resolution = 8"))
    # 531 m from side to middle times the root of 3; a canteen is 600 s at 0.9 m/s away.
    assert warning.startswith("cells of resolution 8 are about 920 m across, too coarse for Canteen's walk of 540 m")


def test_more_facilities_asked_for_than_there_are_and_a_buffer_shorter_than_a_walk_are_told(town):
    edited(town, "minutes = 12", "minutes = 12\nmin_count = 99")
    path = edited(town, 'source = "town.osm"', 'source = "town.osm"\nbuffer_m = 100')
    count, buffer = warned(path)
    assert count.startswith("Clinic: min_count = 99, but there are ")
    assert buffer.startswith("network.buffer_m = 100 m is shorter than the longest walk, 900 m")


def test_people_beyond_the_border_count_where_they_can_walk_to_a_facility(town):
    lon, lat = OFF
    with (town / "people.csv").open("a", encoding="utf-8") as file:
        file.write(f"{lon},{lat},700\n")
    path = edited(town, 'source = "town.osm"', 'source = "town.osm"\nbuffer_m = 6000')
    run = run_district(path, out=town / "out")
    counts = json.loads((town / "out" / "run.json").read_text("utf-8"))["counts"]["population"]
    assert counts["people_competing_from_the_buffer"] == 0
    warning = (
        "people beyond the border do not compete for supply (nobody there can walk to a facility); supply per person"
        " near it may be too high"
    )
    assert warning in run.result.warnings
    assert warning in {w.en for w in check_config(path).warnings}


def test_a_few_rows_on_another_continent_are_left_out_and_named(tmp_path):
    town = Town(tmp_path)
    lon, lat = (list(v) for v in town.places())
    lat[3] = 0.0
    lon[5] = lat[5]
    town.write_table(lon, lat)
    path = town.write()
    found = check_config(path)
    (warning,) = [w.zh for w in found.warnings if "未采用" in w.zh]
    assert warning == (
        "托育：24 行中有 2 行未采用（距研究范围 80 公里以上，坐标疑误 2），见导入报告（托育.csv:5、托育.csv:7）"
    )
    run = run_district(path, out=tmp_path / "out")
    lost = run.result.tables["unlinked"].query("kind == 'facility'")
    assert lost["id"].tolist() == ["托育.csv:5", "托育.csv:7"]
    report = run.result.tables["import_report"]
    assert report.loc[report["reason"].str.contains("80 公里"), "row"].tolist() == [5, 7]


def test_the_rows_of_a_regions_table_that_lie_elsewhere_are_counted_alone(tmp_path):
    town = Town(tmp_path)
    lon, lat = (list(v) for v in town.places())
    town.write_table([*lon, *(x + 2 for x in lon)], [*lat, *lat])
    found = check_config(town.write())
    assert not [w.zh for w in found.warnings if "未采用" in w.zh]
    assert any("读入 48，范围外 24，研究范围内 24" in text.zh for _, text in found.facts)


def test_what_reaches_nobody_beyond_streets_of_its_own_is_told(tmp_path):
    far = 5000.0
    loop = [(700.0, far), (1100.0, far), (1100.0, far + 300), (700.0, far)]
    town = Town(tmp_path, lang="en", extra_ways=(loop,))
    town.write()
    lon, lat = town.places()
    alone = (WEST + 900.0 / M_LON, SOUTH + (far + 5) / M_LAT)
    town.write_table([*lon, alone[0]], [*lat, alone[1]], names=[*(f"n{i}" for i in range(len(lon))), "Alone"])
    box = {"type": "FeatureCollection", "features": [
        {"type": "Feature", "properties": {"code": "330205001000", "名称": "东街道"},
         "geometry": json.loads(shapely.to_geojson(shapely.box(WEST, SOUTH, WEST + 2400 / M_LON, SOUTH + 6000 / M_LAT)))},
    ]}  # fmt: skip
    town.write_units(box["features"])
    (tmp_path / "人口.csv").write_text("街道,常住人口\n东街道,30000\n", "utf-8")
    path = tmp_path / "town.toml"
    text = path.read_text("utf-8")
    for limit, is_linked in ((1000, True), (2000, False)):
        path.write_text(text.replace("[network]", f"[network]\nisland_m = {limit}"), "utf-8")
        run = run_district(path, out=tmp_path / "out")
        row = run.result.tables["unlinked"].query("name == 'Alone'")
        assert len(row) == 1
        assert ("km of street that join no other" in row["reason"].iloc[0]) == is_linked
        assert any("serve nobody beyond them (Alone ...)" in w for w in run.result.warnings) == is_linked
