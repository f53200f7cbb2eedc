"""A street is known by every usual spelling of name and code, and a column by the config's headings, in every table."""

import csv

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
import shapely

from circle15.config.model import LayerTable, SurveyTable, parse_config
from circle15.errors import ConfigError, InputError
from circle15.inputs.facilities.facility_sources import read_facilities
from circle15.inputs.ground.cells import cut_cells
from circle15.inputs.ground.districts import read_district
from circle15.inputs.ground.names import UnitNames, check_streets
from circle15.inputs.ground.outline_systems import OutlineSource
from circle15.inputs.people.official_totals import rake_to_totals, read_totals
from circle15.inputs.people.people_tables import read_people_of_units
from circle15.inputs.people.population import read_population
from circle15.inputs.people.survey import read_survey
from circle15.network.detection.outline_detector import PointTable, detect_outlines
from circle15.pipeline.study.later_tables import open_actual
from circle15.pipeline.study.parcels import open_parcels

STREETS = {"330205001000": "东桥街道", "330205002000": "西桥街道", "330205101000": "慈城镇"}
COMMUNITIES = {"330205001001": "月湖社区", "330205001002": "新村社区", "330205101201": "新村"}
FIRST = next(iter(STREETS))
SHAPES = [shapely.box(121.5 + i * 0.02, 29.9, 121.52 + i * 0.02, 29.92) for i in range(3)]

SPELLINGS = [
    "东桥街道", "东桥街道办事处", "东桥街道办", "东桥街办", "东桥街道人民政府", "东桥", "东 桥 街 道", "\u3000东桥街道 ",
    "江北区东桥街道", "浙江省宁波市江北区东桥街道办事处", "江北东桥街道", "江北区东桥", "330205001", "330205001000",
    "３３０２０５００１０００", "330205001000.0", "3.30205001000E+11", '="330205001"', " 330205001",
]  # fmt: skip
OTHERS = ["大东桥街道", "东桥镇", "东桥街道、慈城镇", "东桥街道慈城镇", "东桥区", "330205003", "桥街道", "—"]


def write(folder, *rows):
    with (folder / "t.csv").open("w", encoding="utf-8", newline="") as f:
        csv.writer(f).writerows(rows)
    return folder / "t.csv"


def district(folder, units="units.geojson"):
    frame = gpd.GeoDataFrame({"code": list(STREETS), "name": list(STREETS.values())}, geometry=SHAPES, crs="EPSG:4326")
    frame.to_file(folder / "units.geojson")
    config = parse_config(
        {
            "district": {"id": "made", "name": "江北区", "boundary": "box:121.5,29.9,121.56,29.92", "units": units,
                         "unit_id_field": "code"},
            "network": {"source": "n.osm"},
            "population": {"source": "units", "path": "t.csv"},
            "layer": [{"id": "nursery", "name": "托育", "source": "f.csv"}],
        },
        folder / "made.toml",
    )  # fmt: skip
    return config, read_district(config, folder / "n.osm")


def by_people(folder, spelling):
    config, made = district(folder)
    write(folder, ["街道", "人口"], [spelling, 7], ["西桥街道", 1], ["慈城镇", 1])
    cells = cut_cells(made.units, 9)
    people = read_population(config, made, cells).groups["all"].groupby(cells.pieces["unit_id"].to_numpy()).sum()
    return people.idxmax()


def by_totals(folder, spelling):
    path = write(folder, ["街道", "人口"], [spelling, 7])
    frame = gpd.GeoDataFrame({"all": [1.0] * 3})
    ids, names = list(STREETS), list(STREETS.values())
    raked = rake_to_totals(frame, np.arange(3), ids, names, path, district_id="made", known_groups=())
    return next((i for i, heads in zip(ids, raked.groups["all"], strict=True) if heads == pytest.approx(7)), None)


def by_survey(folder, spelling):
    path = write(folder, ["街道", "样本数", "平均分"], [spelling, 7, 4])
    units = pd.DataFrame({"unit_id": list(STREETS), "unit_name": list(STREETS.values()), "parent_id": ""})
    found = read_survey(SurveyTable(path="t.csv"), path, units)
    return units["unit_id"][int(found.n.argmax())]


def by_facilities(folder, spelling):
    path = write(folder, ["名称", "经度", "纬度", "街道"], ["一园", 121.51, 29.91, spelling])
    facilities = read_facilities(LayerTable(id="a", name="a", source="t.csv", crs="wgs84"), path).frame
    units = gpd.GeoDataFrame({"unit_id": list(STREETS), "unit_name": list(STREETS.values())}, geometry=SHAPES)
    told = check_streets(facilities, units, np.array([0]))
    return None if told or not facilities["street"][0] else FIRST


def by_choice(folder, spelling):
    district(folder)
    units = district(folder, f"units.geojson#{spelling}")[1].units
    found = [i for i in units["unit_id"] if i in STREETS]
    return found[0] if len(found) == 1 else None


def by_outlines(folder, spelling):
    """Shift the streets' outlines: points that name their street tell by how much, those that name none do not."""
    rng = np.random.default_rng(1)
    points = np.column_stack([rng.uniform(121.5, 121.52, 300), rng.uniform(29.9, 29.92, 300)])
    moved = np.array([shapely.affinity.translate(s, 0.0046, -0.0028) for s in SHAPES])
    names = tuple(STREETS.values())
    source = OutlineSource("units", "u", "wgs84", None, True, moved, names=names, keys=tuple(STREETS))
    table = PointTable("t", *points.T, True, "units", (spelling,) * len(points))
    nothing = np.empty(0, dtype=object)
    (found,) = detect_outlines([source], borders=lambda: nothing, streets=lambda: nothing, tables=lambda: [table])
    return FIRST if any(e.fit.best is not None for e in found.evidence if e.against == "t") else None


TABLES = [by_people, by_totals, by_survey, by_facilities, by_choice, by_outlines]


@pytest.mark.parametrize("spelling", SPELLINGS)
@pytest.mark.parametrize("table", TABLES)
def test_every_spelling_of_a_street_is_that_street_in_every_table(tmp_path, table, spelling):
    assert table(tmp_path, spelling) == FIRST


@pytest.mark.parametrize("spelling", OTHERS)
@pytest.mark.parametrize("table", TABLES)
def test_what_is_no_spelling_of_a_street_is_it_in_no_table(tmp_path, table, spelling):
    try:
        found = table(tmp_path, spelling)
    except InputError:
        found = None
    assert found != FIRST


KNOWN = UnitNames([*STREETS, *COMMUNITIES], [*STREETS.values(), *COMMUNITIES.values()],
                  ["", "", "", "330205001000", "330205001000", "330205101000"])  # fmt: skip


@pytest.mark.parametrize(
    "spelling",
    [
        "月湖社区",
        "月湖社区居委会",
        "月湖居民委员会",
        "月湖",
        "东桥街道月湖社区",
        "江北区东桥街道月湖社区",
        "330205001001.0",
    ],
)
def test_a_community_is_known_by_its_spellings_too(spelling):
    assert KNOWN.find(spelling) == (3,)


def test_a_name_means_the_street_before_a_community_and_the_community_of_a_street_where_that_is_named():
    assert KNOWN.find("新村") == (5,)
    assert KNOWN.find("新村", within=0) == (4,)
    assert UnitNames(["a", "b"], ["东桥街道", "东桥社区"], ["", "a"]).find("东桥") == (0,)
    assert UnitNames(["a", "b"], ["东桥街道", "东桥社区"], ["", "a"]).find("东桥居委会") == (1,)


OWN = {
    "name": ["叫啥"], "lon": ["东"], "lat": ["北"], "street": ["属地"], "people": ["在册"], "group": ["哪些人"], "n": ["份"],
    "mean": ["打几分"], "cost": ["要花"], "indicator_id": ["哪项"], "year": ["哪年"], "value": ["多少"],
}  # fmt: skip


def test_headings_of_the_config_hold_for_every_table(tmp_path):
    config = district(tmp_path)[0].model_copy(update={"headings": OWN})
    path = write(
        tmp_path,
        ["叫啥", "东", "北", "属地", "在册", "哪些人", "份", "打几分"],
        ["甲", 121.51, 29.91, "东桥", 7, "all", 3, 4],
    )
    facilities = read_facilities(LayerTable(id="a", name="a", source="t.csv", crs="wgs84"), path, headings=OWN).frame
    assert facilities[["name", "street", "lon"]].to_numpy().tolist() == [["甲", "东桥", 121.51]]
    assert read_people_of_units(config, path).people_of("all").tolist() == [7]
    assert read_totals(path, headings=OWN).table[["unit", "group", "people"]].to_numpy().tolist() == [
        ["东桥", "all", 7.0]
    ]
    units = pd.DataFrame({"unit_id": list(STREETS), "unit_name": list(STREETS.values()), "parent_id": ""})
    assert read_survey(SurveyTable(path="t.csv"), path, units, headings=OWN).n.tolist() == [3, 0, 0]
    write(tmp_path, ["叫啥", "东", "北", "要花"], ["甲", 121.51, 29.91, 300])
    assert open_parcels(config, "t.csv").column_of("cost") == "要花"
    write(tmp_path, ["哪项", "哪年", "多少"], ["nursery_seats_per_1000", 2025, 5])
    assert [open_actual(config, "t.csv").column_of(f) for f in ("indicator_id", "value")] == ["哪项", "多少"]


def test_a_field_of_headings_that_no_table_has_is_an_error_that_lists_those_that_there_are(tmp_path):
    with pytest.raises(ConfigError, match=r"no such field; known are name, .*, cost, .*layer, .*value, source"):
        read_totals(write(tmp_path, ["街道", "人口"], ["东桥", 1]), headings={"prise": ["价"]})
