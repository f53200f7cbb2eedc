"""Outlines in a system that nobody stated: told loudly by check and first by a run, and right once it is stated."""

import csv
import json
import shutil
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import shapely
from click.testing import CliRunner

from circle15.cli import main
from circle15.config.model import parse_config
from circle15.doctor.check import check_config
from circle15.doctor.page import check_text
from circle15.errors import InputError
from circle15.inputs.coordinates.systems import wgs84_to_bd09, wgs84_to_gcj02
from circle15.inputs.ground.outline_systems import OutlineSource
from circle15.pipeline import run_district
from circle15.pipeline.study.outline_check import measure_outlines

SAMPLE = Path(__file__).parents[1] / "data" / "sample"
FILES = {"boundary": "district", "units": "units", "communities": "communities"}
FORTH = {"gcj02": wgs84_to_gcj02, "bd09": wgs84_to_bd09}


def moved(data, system, **properties):
    for feature in data["features"]:
        shape = shapely.geometry.shape(feature["geometry"])
        shape = shapely.transform(shape, lambda p: np.column_stack(FORTH[system](p[:, 0], p[:, 1])))
        feature["geometry"] = shapely.geometry.mapping(shape)
        feature["properties"] |= properties
    return data


def sample(folder, systems, *, stated=False, without=(), **properties):
    """Give a copy of the sample whose outlines are in other systems, in files that say EPSG:4326."""
    shutil.copytree(SAMPLE, folder, dirs_exist_ok=True)
    config = (folder / "sample.toml").read_text(encoding="utf-8")
    for key, system in systems.items():
        path = folder / f"{FILES[key]}.geojson"
        data = moved(json.loads(path.read_text(encoding="utf-8")), system, **properties)
        path.write_text(json.dumps(data, ensure_ascii=False), encoding="utf-8")
        if stated:
            config = config.replace("[district]", f'[district]\n{key}_crs = "{system}"', 1)
    lines = [line for line in config.splitlines() if not line.startswith(tuple(f"{k} =" for k in without))]
    lines = [line for line in lines if not line.startswith("totals =")]  # they would set each unit's people right
    config = "\n".join(lines) + '\n[outputs]\nwrite = ["coverage"]\n'
    (folder / "sample.toml").write_text(config, encoding="utf-8")
    return folder / "sample.toml"


@pytest.mark.parametrize(
    "systems",
    [
        {"boundary": "gcj02", "units": "gcj02", "communities": "gcj02"},
        {"units": "gcj02"},
        {"boundary": "bd09"},
        {"communities": "gcj02"},
        {"boundary": "gcj02", "units": "bd09"},
    ],
    ids=lambda s: "-".join(f"{k}:{v}" for k, v in s.items()),
)
def test_whichever_outlines_are_shifted_check_names_each_with_the_key_that_mends_it(tmp_path, systems):
    found = check_config(sample(tmp_path / "s", systems))
    told = {record["key"].removeprefix("district."): record for record in found.as_json()["outline_systems"]}
    assert {key for key, record in told.items() if record["contradicts"]} == set(systems)
    assert {key: told[key]["best"] for key in systems} == systems
    in_order = sorted(systems.items(), key=lambda s: list(FILES).index(s[0]))
    for warning, (key, system) in zip([w.zh for w in found.warnings], in_order, strict=False):  # others follow
        assert warning.startswith("边界坐标系有误！")
        assert f'{key}_crs = "{system}"' in warning
    page = check_text(found)
    assert "边界坐标系有误" in page.splitlines()[1]
    assert "结果不可用" in page.splitlines()[-1]


def test_right_outlines_are_measured_and_nothing_is_warned_of(tmp_path):
    found = check_config(sample(tmp_path / "s", {}))
    assert not any("边界坐标系" in w.zh for w in found.warnings)
    assert [(r["best"], r["is_sure"]) for r in found.as_json()["outline_systems"]] == [("wgs84", True)] * 3
    assert "量得 wgs84（确定）" in check_text(found)


def test_a_run_warns_of_it_first_of_all_and_with_the_system_stated_has_the_sample_s_own_numbers(tmp_path):
    systems = dict.fromkeys(FILES, "gcj02")
    run_district(sample(tmp_path / "wrong", systems), out=tmp_path / "a")
    warnings = json.loads((tmp_path / "a" / "run.json").read_text(encoding="utf-8"))["warnings"]
    assert [w[:8] for w in warnings[:3]] == ["边界坐标系有误！"] * 3
    run_district(sample(tmp_path / "stated", systems, stated=True), out=tmp_path / "b")
    manifest = json.loads((tmp_path / "b" / "run.json").read_text(encoding="utf-8"))
    assert not any("边界坐标系" in w for w in manifest["warnings"])
    assert [r["contradicts"] for r in manifest["outline_systems"]] == [False] * 3
    with (tmp_path / "b" / "coverage.csv").open(encoding="utf-8-sig") as file:
        people = {(r["unit_name"], r["group"]): float(r["people"]) for r in csv.DictReader(file)}
    assert people["竹溪乡", "all"] == 4916


UNITLESS = ("units", "unit_id_field", "unit_name_field", "communities", "community_id_field", "community_name_field")


@pytest.mark.parametrize("systems", [{"units": "gcj02"}, {"communities": "bd09"}])
def test_a_run_that_stops_over_shifted_outlines_names_them_above_what_they_cost(tmp_path, systems):
    config = sample(tmp_path / "s", systems)
    with pytest.raises(InputError, match="there is no such unit") as raised:  # the survey speaks of a community beyond
        run_district(config, out=tmp_path / "out")
    assert raised.value.problems[0].message.zh.startswith("边界坐标系有误！")
    assert f"{next(iter(systems))}_crs" in raised.value.problems[0].message.zh
    assert check_text(check_config(config)).splitlines()[-1].count("不能运行，且边界坐标系有误") == 1


def test_a_run_that_stops_over_something_else_says_that_alone(tmp_path):
    config = sample(tmp_path / "s", {})
    survey = tmp_path / "s" / "满意度调查.csv"
    survey.write_text(survey.read_text(encoding="utf-8-sig").replace("老街社区", "无此社区"), encoding="utf-8")
    with pytest.raises(InputError) as raised:
        run_district(config, out=tmp_path / "out")
    assert ["无此社区" in str(problem) for problem in raised.value.problems] == [True] * len(raised.value.problems)


def test_a_datav_file_is_asked_about_until_its_system_is_stated(tmp_path):
    shape = {"acroutes": [100000], "childrenNum": 4, "adcode": 330299}
    found = check_config(sample(tmp_path / "s", {"boundary": "gcj02"}, without=UNITLESS, **shape))
    assert found.warnings[0].zh.startswith("边界坐标系")
    assert 'boundary_crs = "gcj02"' in found.warnings[0].zh
    (record,) = found.as_json()["outline_systems"]
    assert (record["shape_of"], record["expected"]) == ("DataV", "gcj02")
    stated = check_config(sample(tmp_path / "t", {"boundary": "gcj02"}, without=UNITLESS, stated=True, **shape))
    assert not any("边界坐标系" in w.zh for w in stated.warnings)


@pytest.mark.parametrize("column", ["street", "address"])
def test_facilities_that_name_their_street_or_have_it_in_their_address_tell_the_streets_system(tmp_path, column):
    west, south, side, names = 120.5, 29.5, 0.012, ("东桥街道", "西桥街道", "南湖街道", "竹溪乡")
    units = np.array([shapely.box(west + i * side, south, west + (i + 1) * side, south + side) for i in range(4)])
    points = np.random.default_rng(3).uniform((west, south), (west + 4 * side, south + side), (200, 2))
    lies_in = ((points[:, 0] - west) // side).astype(int)
    said = {"street": "", "community": "", "address": ""} | {
        column: [f"{names[i]}办事处" if column == "street" else f"示例市示例区{names[i]}人民路{i}号" for i in lies_in]
    }
    facilities = pd.DataFrame({"layer": "clinic", "lon": points[:, 0], "lat": points[:, 1], **said})
    config = parse_config(
        {
            "district": {"id": "demo", "name": "示范区", "boundary": "osm:admin_level=6"},
            "network": {"source": "none.osm"},
            "population": {"source": "buildings"},
            "layer": [{"id": "clinic", "name": "医", "source": "clinics.csv", "crs": "gcj02"}],
        },
        tmp_path / "demo.toml",
    )
    moved = shapely.transform(units, lambda p: np.column_stack(wgs84_to_gcj02(p[:, 0], p[:, 1])))
    source = OutlineSource("units", "u.geojson", "wgs84", None, is_shiftable=True, geometry=moved, names=names)
    (found,) = measure_outlines(config, [source], None, facilities)
    assert (found.best, found.contradicts) == ("gcj02", True)


def test_what_could_not_be_measured_is_said(tmp_path):
    config = sample(tmp_path / "s", {}, without=UNITLESS, acroutes=[100000])
    data = json.loads((tmp_path / "s" / "district.geojson").read_text(encoding="utf-8"))
    shape = shapely.box(120.511, 29.507, 120.5145, 29.5095)  # in the middle of everything
    data["features"][0]["geometry"] = shapely.geometry.mapping(shape)
    data["features"][0]["properties"] |= {"adcode": 330299, "childrenNum": 4, "acroutes": [100000]}
    (tmp_path / "s" / "district.geojson").write_text(json.dumps(data), encoding="utf-8")
    found = check_config(config)
    assert found.warnings[0].zh.startswith("边界坐标系存疑！区界 district.geojson 像 DataV 的文件")
    assert "未能核对" in check_text(found)
    (record,) = found.as_json()["outline_systems"]
    assert (record["could_be_measured"], record["is_sure"]) == (False, False)


def test_check_measures_outlines_of_which_no_district_can_be_made(tmp_path):
    config = sample(tmp_path / "s", dict.fromkeys(FILES, "gcj02"))
    (tmp_path / "s" / "communities.geojson").unlink()
    found = check_config(config)
    assert found.problems
    assert found.warnings[0].zh.startswith("边界坐标系有误！")


def test_the_command_says_it_in_json_too(tmp_path):
    config = sample(tmp_path / "s", {"units": "gcj02"})
    told = json.loads(CliRunner().invoke(main, ["check", str(config), "--json"]).stdout)
    assert told["warnings"][0].startswith("边界坐标系有误！")
    assert [r["contradicts"] for r in told["outline_systems"]] == [False, True, False]
