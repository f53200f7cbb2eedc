"""People from rasters with age classes, raked to official totals; surveys."""

from pathlib import Path

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
import rasterio
import shapely

from circle15.config.appraisal import SurveyTable
from circle15.config.model import parse_config
from circle15.errors import ConfigError, InputError, MissingFileError
from circle15.inputs.ground.cells import cut_cells
from circle15.inputs.ground.districts import District
from circle15.inputs.people.official_totals import rake_to_totals, read_totals
from circle15.inputs.people.population import read_population
from circle15.inputs.people.survey import read_survey
from circle15.inputs.tables.import_report import LEFT_OUT
from circle15.pipeline.study.table_warnings import people_warnings

LON, LAT, PIXEL = 121.50, 29.90, 0.002


def config(folder, **population):
    return parse_config(
        {
            "district": {"id": "made", "name": "示例", "boundary": "b.geojson"},
            "network": {"source": "n.osm"},
            "population": {"source": "raster", "path": "all.tif", **population},
            "layer": [{"id": "nursery", "name": "托育", "source": "f.csv"}],
        },
        folder / "made.toml",
    )


def write(folder, name, value):
    values = np.full((5, 10), float(value))
    transform = rasterio.Affine(PIXEL, 0, LON, 0, -PIXEL, LAT)
    profile = {"driver": "GTiff", "height": 5, "width": 10, "count": 1, "dtype": "float64", "crs": "EPSG:4326"}
    with rasterio.open(folder / name, "w", **profile, transform=transform) as f:
        f.write(values, 1)


@pytest.fixture
def district():
    """Two units of ten pixels each, side by side."""
    boxes = [shapely.box(LON + i * 2 * PIXEL, LAT - 5 * PIXEL, LON + (i + 1) * 2 * PIXEL, LAT) for i in range(2)]
    units = gpd.GeoDataFrame(
        {"unit_id": ["a", "b"], "unit_name": ["甲街道", "乙街道"]}, geometry=boxes, crs="EPSG:4326"
    )
    return District(id="made", name="示例", geometry=units.union_all(), units=units)


def people(folder, district, **population):
    return read_population(config(folder, **population), district, cut_cells(district.units, 10))


def by_unit(found, district, group="all"):
    unit = cut_cells(district.units, 10).pieces["unit_id"]
    return found.groups[group].groupby(unit.to_numpy()).sum().to_numpy()


def test_groups_come_from_their_own_rasters_and_from_age_classes_whose_split_is_printed(tmp_path, district):
    for name, value in {"all": 100, "old": 20, "f_0": 1, "m_0": 2, "c1": 8}.items():
        write(tmp_path, f"{name}.tif", value)
    found = people(
        tmp_path, district,
        groups={"age_60_plus": "old.tif", "age_0_2": "age_classes"},
        age_classes={"0": "f_0.tif+m_0.tif", "1-4": "c1.tif"},
    )  # fmt: skip
    np.testing.assert_allclose(by_unit(found, district), [1000, 1000])
    np.testing.assert_allclose(by_unit(found, district, "age_60_plus"), [200, 200])
    np.testing.assert_allclose(by_unit(found, district, "age_0_2"), [70, 70])
    assert "2/4 of 1-4" in found.label.zh
    assert "all.tif" in found.label.en
    assert set(found.inputs) == {"all.tif", "old.tif", "f_0.tif", "m_0.tif", "c1.tif"}


def test_a_pattern_takes_every_tile_and_a_pattern_without_files_is_named(tmp_path, district):
    write(tmp_path, "tile_1.tif", 3)
    assert people(tmp_path, district, path="tile_*.tif").groups["all"].sum() == pytest.approx(60)
    with pytest.raises(MissingFileError, match=r"gone_\*\.tif: no such population raster"):
        people(tmp_path, district, path="gone_*.tif")


def test_a_group_without_anybody_is_named(tmp_path, district):
    write(tmp_path, "all.tif", 100)
    write(tmp_path, "none.tif", 0)
    with pytest.raises(InputError, match=r"none\.tif.*the group age_60_plus has nobody in the district"):
        people(tmp_path, district, groups={"age_60_plus": "none.tif"})


def test_classes_that_do_not_hold_a_group_are_named_with_the_configs_key(tmp_path, district):
    write(tmp_path, "all.tif", 100)
    with pytest.raises(InputError, match="do not hold the ages 0-2 of age_0_2"):
        people(tmp_path, district, groups={"age_0_2": "age_classes"}, age_classes={"1-4": "all.tif"})


def test_cells_are_raked_to_official_totals_by_name_and_the_label_says_so(tmp_path, district):
    write(tmp_path, "all.tif", 100)
    (tmp_path / "totals.csv").write_text(
        "街道,人群,常住人口\n甲街道,all,1500\n乙街道,all,800\n甲街道,age_60_plus,300\n全区,age_60_plus,500\n",
        encoding="gb18030",
    )
    found = people(tmp_path, district, groups={"age_60_plus": "totals"}, totals="totals.csv")
    np.testing.assert_allclose(by_unit(found, district), [1500, 800], atol=0.5)
    np.testing.assert_allclose(by_unit(found, district, "age_60_plus"), [300, 200], atol=0.5)
    assert "totals.csv" in found.label.en
    assert found.raking["unit_id"].tolist() == ["made", "a", "b", "a"]
    assert (found.raking["after"] - found.raking["total"]).abs().max() < 0.5


def test_totals_without_groups_speak_of_everybody(tmp_path):
    (tmp_path / "t.csv").write_text("街道,人口\n甲街道,10\n", encoding="utf-8")
    assert read_totals(tmp_path / "t.csv").table[["unit", "group", "people"]].to_numpy().tolist() == [
        ["甲街道", "all", 10.0]
    ]


def test_totals_of_unknown_units_and_groups_are_named_together(tmp_path):
    (tmp_path / "t.csv").write_text("街道,group,人口\n丙街道,all,10\n甲街道,youth,10\n", encoding="utf-8")
    cells = gpd.GeoDataFrame({"all": [1.0]})
    with pytest.raises(InputError) as caught:
        rake_to_totals(
            cells,
            np.array([0]),
            ["a"],
            ["甲街道"],
            tmp_path / "t.csv",
            district_id="made",
            known_groups=("age_60_plus",),
        )
    assert [(p.row, p.value) for p in caught.value.problems] == [(3, "youth"), (2, "丙街道")]


def test_a_group_that_the_totals_do_not_have_is_named(tmp_path, district):
    write(tmp_path, "all.tif", 100)
    (tmp_path / "totals.csv").write_text("街道,人口\n甲街道,1500\n", encoding="utf-8")
    with pytest.raises(InputError, match=r"totals\.csv.*has no total of the group age_60_plus"):
        people(tmp_path, district, groups={"age_60_plus": "totals"}, totals="totals.csv")


def test_a_derived_group_needs_its_source(tmp_path):
    with pytest.raises(ConfigError, match=r'groups\.age_0_2 = "age_classes" needs population\.age_classes'):
        config(tmp_path, groups={"age_0_2": "age_classes"})
    with pytest.raises(ConfigError, match=r'groups\.age_0_2 = "totals" needs population\.totals'):
        config(tmp_path, groups={"age_0_2": "totals"})


def of_units(folder, district, text, **population):
    (folder / "people.csv").write_text(text, encoding="utf-8")
    return people(folder, district, source="units", path="people.csv", **population)


def problems_of(*args, **population):
    with pytest.raises(InputError) as caught:
        of_units(*args, **population)
    return [(p.file, p.row, p.column, p.value) for p in caught.value.problems]


@pytest.mark.parametrize("cell", ["", "—", "12000~13000", "见附表"])
def test_a_unit_without_a_number_of_people_is_named_and_not_empty(tmp_path, district, cell):
    told = problems_of(tmp_path, district, f"街道,常住人口\n甲街道,1500\n乙街道,{cell}\n", total=3000)
    assert told == [("people.csv", 3, "常住人口", cell)]


def test_a_unit_where_nobody_lives_says_so_with_0(tmp_path, district):
    found = of_units(tmp_path, district, "街道,常住人口\n甲街道,1500\n乙街道,0\n")
    np.testing.assert_allclose(by_unit(found, district), [1500, 0])


def test_a_unit_of_the_district_without_a_row_is_named(tmp_path, district):
    with pytest.raises(InputError, match=r"people\.csv: no row tells of 乙街道 \(b\)"):
        of_units(tmp_path, district, "街道,常住人口\n甲街道,1500\n")


def test_a_unit_of_two_years_is_named_and_not_added_up(tmp_path, district):
    text = "街道,年份,常住人口\n甲街道,2020,1000\n甲街道,2023,1100\n乙街道,2023,500\n"
    assert problems_of(tmp_path, district, text) == [("people.csv", 3, None, "甲街道")]


def test_a_group_above_everybody_is_named_and_rounding_is_not(tmp_path, district):
    text = "街道,常住人口,0-2岁\n甲街道,1000,30\n乙街道,0,{}\n"
    groups = {"age_0_2": "0-2岁"}
    assert problems_of(tmp_path, district, text.format(300), groups=groups) == [("people.csv", 3, "0-2岁", 300.0)]
    assert of_units(tmp_path, district, text.format(0.4), groups=groups).groups["age_0_2"].sum() == 30.4
    (tmp_path / "people.csv").write_text("经度,纬度,人口,0-2岁\n121.501,29.899,0,300\n", encoding="utf-8")
    with pytest.raises(InputError, match=r"row 2, column '0-2岁', value 300\.0: is more than everybody in this row"):
        people(tmp_path, district, source="points", path="people.csv", crs="wgs84", groups=groups)


def test_every_problem_of_a_table_of_units_is_told_at_once(tmp_path, district):
    told = problems_of(tmp_path, district, "街道,常住人口\n甲街道,\n丙街道,5\n")
    assert [(row, value) for _, row, _, value in told] == [(2, ""), (3, "丙街道")]


def test_people_at_points_without_a_place_are_told_one_by_one_and_counted(tmp_path, district):
    text = "经度,纬度,人口\n121.501,29.899,500\n,,120\n0,0,30\n"
    (tmp_path / "people.csv").write_text(text, encoding="utf-8")
    found = people(tmp_path, district, source="points", path="people.csv", crs="wgs84")
    assert (found.counts["rows_without_place"], found.counts["people_without_place"]) == (2, 150)
    lost = [(c.file, c.row, c.reason, c.original) for c in found.changes if c.reason in LEFT_OUT]
    assert lost == [("people.csv", 3, "no_coordinates", "120"), ("people.csv", 4, "no_coordinates", "30")]
    assert [w.zh for w in people_warnings(found)] == ["人口表：2 行没有可用坐标，其中 150 人未计入，见导入报告"]
    assert "2 rows have no usable place; their 150 people" in people_warnings(found)[0].en


STREETS = pd.DataFrame({"unit_id": ["a", "b"], "unit_name": ["甲街道", "乙街道"], "parent_id": ["", ""]})


def survey(folder, text, units=STREETS, **settings):
    Path(folder / "s.csv").write_text(text, encoding="utf-8")
    return read_survey(SurveyTable(path="s.csv", **settings), folder / "s.csv", units)


def test_a_survey_of_means_gives_number_and_mean_per_unit(tmp_path):
    found = survey(tmp_path, "街道,样本数,平均分\n甲街道,40,4.0\n甲街道,10,3.0\n")
    np.testing.assert_allclose(found.mean, [3.8, np.nan])
    assert found.n.tolist() == [50, 0]
    assert found.spread is None


def test_a_survey_of_single_answers_gives_their_spread_too(tmp_path):
    found = survey(tmp_path, "街道,评分\n甲街道,5\n甲街道,3\n乙街道,2\n乙街道,2\n")
    np.testing.assert_allclose(found.mean, [4, 2])
    assert found.n.tolist() == [2, 2]
    assert found.spread == pytest.approx(1.0)


def test_a_survey_of_means_with_standard_deviations_gives_the_spread_of_its_single_answers(tmp_path):
    # 5 3 and 2 2 2 as above: (2 - 1) x 2 + 0 over 1 + 2 degrees of freedom; rows of one unit differ between them too.
    found = survey(tmp_path, f"街道,样本数,平均分,标准差\n甲街道,2,4.0,{2**0.5}\n乙街道,3,2.0,0\n")
    assert found.spread == pytest.approx(np.sqrt(2 / 3))
    found = survey(tmp_path, "街道,样本数,平均分,标准差\n甲街道,1,5.0,\n甲街道,1,3.0,\n乙街道,3,2.0,0\n")
    assert found.spread == pytest.approx(np.sqrt(2 / 3))
    assert survey(tmp_path, "街道,样本数,平均分,标准差\n甲街道,9,5.0,\n乙街道,3,2.0,0\n").spread is None
    with pytest.raises(InputError, match="a standard deviation is a number that is not negative"):
        survey(tmp_path, "街道,样本数,平均分,标准差\n甲街道,9,5.0,-1\n")


def test_survey_rows_with_no_answers_unknown_units_and_answers_off_the_scale_are_named_together(tmp_path):
    with pytest.raises(InputError) as caught:
        survey(tmp_path, "街道,样本数,平均分\n甲街道,0,4\n丙街道,3,4\n乙街道,3,9\n")
    problems = caught.value.problems
    assert [(p.row, p.column) for p in problems] == [(2, "样本数"), (3, "街道"), (4, "平均分")]
    assert "at least one answer" in str(problems[0])


def test_a_survey_without_its_columns_says_which_keys_name_them(tmp_path):
    with pytest.raises(
        InputError, match=r"name them as survey\.n_field and survey\.mean_field, or survey\.answer_field"
    ):
        survey(tmp_path, "街道,意见\n甲街道,好\n")


def test_a_survey_names_its_columns_and_scale_as_the_config_says(tmp_path):
    found = survey(tmp_path, "街道,份,分\n甲街道,4,80\n", n_field="份", mean_field="分", scale=(0, 100))
    assert found.mean[0] == 80
    with pytest.raises(ValueError, match="not both"):
        SurveyTable(path="s.csv", n_field="n", answer_field="a")


COMMUNITIES = pd.concat(
    [
        STREETS,
        pd.DataFrame(
            {
                "unit_id": ["a1", "a2", "b1"],
                "unit_name": ["新村社区", "河东社区", "新村社区"],
                "parent_id": ["a", "a", "b"],
            }
        ),
    ],
    ignore_index=True,
)


def test_a_survey_with_streets_and_communities_is_read_by_community(tmp_path):
    rows = "街道,社区,样本数,平均分\n甲街道,新村社区,10,4\n乙街道,新村社区,20,3\n甲街道,,5,2\n"
    found = survey(tmp_path, rows, COMMUNITIES)
    assert found.n.tolist() == [5, 0, 10, 0, 20]
    np.testing.assert_allclose(found.mean, [2, np.nan, 4, np.nan, 3])


def test_a_survey_by_a_name_that_two_communities_have_asks_for_more(tmp_path):
    with pytest.raises(InputError, match="2 units have this name; give the unit's id"):
        survey(tmp_path, "社区,样本数,平均分\n新村社区,10,4\n", COMMUNITIES)
    with pytest.raises(InputError, match="no such unit"):
        survey(tmp_path, "街道,社区,样本数,平均分\n乙街道,河东社区,10,4\n", COMMUNITIES)


def at_points(folder, district, text, **population):
    (folder / "people.csv").write_text(text, encoding="utf-8")
    return people(folder, district, source="points", path="people.csv", crs="wgs84", **population)


def test_cells_of_people_that_are_no_numbers_are_errors_row_by_row(tmp_path, district):
    cells = ["1000", "#N/A", "=500+500", "2024-03-05", "TRUE", "-50", "", "约三百"]
    text = "".join(f"{n},121.50{n},29.899,{cell}\n" for n, cell in enumerate(cells))
    with pytest.raises(InputError) as caught:
        at_points(tmp_path, district, "小区,经度,纬度,人口\n" + text)
    assert [(p.row, p.value) for p in caught.value.problems] == [(n, cells[n - 2]) for n in (3, 4, 5, 6, 7, 8)]
    assert "open and save the file in Excel" in str(caught.value.problems[1])


def test_empty_cells_of_people_at_places_count_as_nobody_and_are_told(tmp_path, district):
    found = at_points(
        tmp_path, district, "小区,经度,纬度,人口\n甲,121.501,29.899,1000\n乙,121.502,29.899,\n丙,121.503,29.899,—\n"
    )
    assert found.groups["all"].sum() == 1000
    assert [w.zh for w in people_warnings(found)] == ["people.csv：“人口”列第 3-4 行没有数字，按 0 人计"]
    assert [w.en for w in people_warnings(found)] == ["people.csv, rows 3-4: no number in '人口'; counted as nobody"]


YEARS = "小区,年份,经度,纬度,户数,人口\n" + "".join(
    f"{n},{year},{x},29.899,{h},{p}\n"
    for n, x in (("甲", 121.501), ("乙", 121.503))
    for year, h, p in ((2021, 300, 900), (2022, 310, 950), (2023, 320, 1000))
)


def test_people_of_several_years_are_an_error_with_the_remedy_and_right_with_it(tmp_path, district):
    with pytest.raises(InputError) as caught:
        at_points(tmp_path, district, YEARS)
    assert [p.row for p in caught.value.problems] == [3, 4, 6, 7]
    assert 'population.where = { "年份" = "2023" }' in str(caught.value.problems[0])
    found = at_points(tmp_path, district, YEARS, where={"年份": "2023"})
    assert found.groups["all"].sum() == 2000
    assert found.counts["rows_filtered_out"] == 4


def test_the_same_place_and_name_twice_is_an_error_and_two_houses_on_one_point_are_not(tmp_path, district):
    text = "小区,楼号,经度,纬度,户数,人口\n甲,1,121.501,29.899,30,100\n甲,2,121.501,29.899,30,100\n乙,1,121.501,29.899,30,100\n"
    assert at_points(tmp_path, district, text).groups["all"].sum() == 300
    assert at_points(tmp_path, district, text.replace("楼号", "建成年份")).groups["all"].sum() == 300
    with pytest.raises(InputError) as caught:
        at_points(tmp_path, district, text + "甲,2,121.501,29.899,31,120\n")
    assert [(p.row, p.value) for p in caught.value.problems] == [(5, "甲 | 2")]
    assert "as row 3" in str(caught.value.problems[0])
    nameless = "经度,纬度,人口\n121.501,29.899,100\n121.501,29.899,120\n"
    assert at_points(tmp_path, district, nameless).groups["all"].sum() == 220
    with pytest.raises(InputError, match=r"row 4.*as row 2"):
        at_points(tmp_path, district, nameless + "121.501,29.899,100\n")


def test_a_row_of_both_sexes_beside_each_is_an_error(tmp_path, district):
    text = "小区,性别,经度,纬度,人口\n甲,合计,121.501,29.899,100\n甲,男,121.501,29.899,52\n甲,女,121.501,29.899,48\n"
    with pytest.raises(InputError, match=r'total of other rows.*population\.where = \{ "性别" = "合计" \}'):
        at_points(tmp_path, district, text)
    assert at_points(tmp_path, district, text, where={"性别": "合计"}).groups["all"].sum() == 100
    assert at_points(tmp_path, district, text, where={"性别": {"not": "合计"}}).groups["all"].sum() == 100


def test_units_of_several_years_name_the_column_and_the_remedy(tmp_path, district):
    text = "街道,年份,常住人口\n甲街道,2020,1000\n甲街道,2023,1100\n乙街道,2023,500\n"
    with pytest.raises(InputError, match=r'stands in row 2 too.*population\.where = \{ "年份" = "2023" \}'):
        of_units(tmp_path, district, text)
    np.testing.assert_allclose(by_unit(of_units(tmp_path, district, text, where={"年份": 2023}), district), [1100, 500])


def test_codes_meet_however_they_were_stored_and_lost_ones_are_errors(tmp_path, district):
    coded = District(
        id="made", name="示例", geometry=district.geometry,
        units=district.units.assign(unit_id=["330205001000", "330205002000"]),
    )  # fmt: skip
    for first, second in (
        ("330205001000", "330205002000"),
        ("330205001", "330205002.0"),
        ('"=""330205001000"""', "330205002"),
    ):
        found = of_units(tmp_path, coded, f"街道代码,常住人口\n{first},1500\n{second},500\n")
        assert found.groups["all"].sum() == 2000
    with pytest.raises(InputError) as caught:
        of_units(tmp_path, coded, "街道代码,常住人口\n3.30205E+11,1500\n3.30205E+11,500\n")
    assert [p.row for p in caught.value.problems] == [2, 3]
    assert "lost digits" in str(caught.value.problems[0])


def test_a_total_that_is_no_number_is_named_with_what_stands_there(tmp_path):
    (tmp_path / "t.csv").write_text("街道,人口\n甲街道,TRUE\n乙街道,\n", encoding="utf-8")
    with pytest.raises(InputError) as caught:
        read_totals(tmp_path / "t.csv")
    assert [(p.row, p.value) for p in caught.value.problems] == [(2, "TRUE"), (3, "")]


def test_a_survey_of_several_years_is_an_error_until_one_is_chosen(tmp_path):
    text = "街道,年份,样本数,平均分\n甲街道,2022,40,3.0\n甲街道,2023,40,4.0\n"
    with pytest.raises(InputError, match=r'survey\.where = \{ "年份" = "2023" \}'):
        survey(tmp_path, text)
    assert survey(tmp_path, text, where={"年份": 2023}).mean[0] == 4
    single = "街道,年份,评分\n甲街道,2022,3\n甲街道,2023,5\n"
    assert survey(tmp_path, single).mean[0] == 4
    with pytest.raises(InputError, match=r"row 2.*a date, not a number"):
        survey(tmp_path, "街道,样本数,平均分\n甲街道,40,2024-03-05\n")
