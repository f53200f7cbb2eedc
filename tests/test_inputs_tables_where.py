"""`where`: rows of a table chosen by what stands in its columns."""

import geopandas as gpd
import pytest
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st

from circle15.config.layer import LayerTable
from circle15.config.model import load_config, parse_config
from circle15.config.where import Condition
from circle15.errors import ConfigError, InputError
from circle15.inputs.facilities.facility_sources import read_facilities
from circle15.inputs.tables.reading import read_table
from circle15.inputs.tables.row_filter import filter_rows, n_left_out, where_text

ROWS = [
    ("一园", "幼儿园", "公办", "2023", "60"),
    ("二园", "托儿所", "民办", "2023", "50"),
    ("三校", "小学", "公办", "2023年", "900"),
    ("四园", " 幼儿园 ", "民办", "2022.0", "40"),
    ("五处", "", "", "", ""),
]


def table(folder):
    path = folder / "t.csv"
    lines = ["名称,经度,纬度,类型,性质,年份,托位数"]
    lines += [f"{n},121.5{i},29.9,{kind},{owner},{year},{c}" for i, (n, kind, owner, year, c) in enumerate(ROWS)]
    path.write_text("\n".join(lines), encoding="utf-8")
    return path


def layer(**more):
    return LayerTable(id="nursery", name="托育", source="t.csv", crs="wgs84", **more)


@pytest.mark.parametrize(
    ("where", "names"),
    [
        ({"类型": ["幼儿园", "托儿所"]}, "一二四"),
        ({"类型": "小学"}, "三"),
        ({"类型": {"not": ["小学", ""]}}, "一二四"),
        ({"类型": {"contains": "园"}}, "一四"),
        ({"类型": {"not_contains": ["园", "所"]}}, "三五"),
        ({"类型": ["幼儿园", "托儿所"], "性质": {"not": "民办"}}, "一"),
        ({"年份": 2023}, "一二三"),
        ({"年份": [2022, "2023"]}, "一二三四"),
        ({"类型": {"is": ["幼儿园", "小学"], "not": "小学"}}, "一四"),
        ({"类型": ""}, "五"),
    ],
)
def test_rows_are_chosen_by_what_stands_in_their_columns(tmp_path, where, names):
    found = read_facilities(layer(where=where), table(tmp_path))
    assert [n[0] for n in found.frame["name"]] == list(names)
    assert found.n_filtered == len(ROWS) - len(names)
    (line,) = [c for c in found.changes if c.reason == "where_rows"]
    assert (line.detail, line.row) == (str(len(ROWS) - len(names)), None)


def test_a_column_that_is_not_there_lists_the_headings(tmp_path):
    with pytest.raises(InputError, match=r'layer\.nursery\.where\."类別".*名称, 经度, 纬度, 类型, 性质'):
        read_facilities(layer(where={"类別": "幼儿园"}), table(tmp_path))


def test_a_value_that_no_row_has_is_told_with_those_there_are(tmp_path):
    with pytest.raises(InputError, match=r"no row is chosen.*小学 \(1\)") as caught:
        read_facilities(layer(where={"类型": "中学"}), table(tmp_path))
    assert caught.value.problems[0].value == "中学"
    found = read_facilities(layer(where={"类型": ["幼儿园", "幼稚园"]}), table(tmp_path))
    (told,) = [c for c in found.changes if c.reason == "where_unmatched"]
    assert (told.original, told.column) == ("幼稚园", "类型")
    assert "托儿所 (1)" in told.detail
    with pytest.raises(InputError, match="fits all columns"):
        read_facilities(layer(where={"类型": "小学", "性质": "民办"}), table(tmp_path))


def test_features_of_a_geographic_file_are_chosen_with_their_places(tmp_path):
    frame = gpd.GeoDataFrame(
        {"name": ["甲", "乙", "丙"], "kind": ["a", "b", "a"]},
        geometry=[shapely.Point(121 + i, 29) for i in range(3)], crs=4326,
    )  # fmt: skip
    frame.to_file(tmp_path / "t.gpkg", layer="t")
    found = read_facilities(
        LayerTable(id="x", name="x", source="t.gpkg", where={"kind": "a"}), tmp_path / "t.gpkg"
    ).frame
    assert found[["name", "lon"]].to_numpy().tolist() == [["甲", 121], ["丙", 123]]


@pytest.mark.parametrize(
    ("where", "says"),
    [
        ({"类型": {"nott": "a"}}, "known here: is, not, contains, not_contains"),
        ({"类型": []}, "give a text, a number, or a list"),
        ({"类型": True}, "give a text, a number, or a list"),
        ({"类型": {}}, "says nothing"),
    ],
)
def test_a_condition_that_says_nothing_known_is_refused(tmp_path, where, says):
    raw = {
        "district": {"id": "a", "name": "a", "boundary": "b.geojson"},
        "network": {"source": "n.osm"},
        "population": {"source": "units", "path": "p.csv"},
        "layer": [{"id": "x", "name": "x", "source": "f.csv", "where": where}],
    }
    with pytest.raises(ConfigError, match=says):
        parse_config(raw, tmp_path / "c.toml")


def test_a_selection_of_tags_or_a_raster_has_no_rows_to_choose():
    with pytest.raises(ValueError, match="osm: chooses by tags"):
        LayerTable(id="x", name="x", source="osm:a=b", where={"a": "b"})


CONFIG = """
[district]
id = "a"
name = "甲 = 乙"   # 注释 = 不动
boundary = "b.geojson"
[network]
source = "n.osm"
[population]
source = "units"
path = "p.csv"
where = { %s = 2023 }
[[layer]]
id = "x"
name = "x"
source = "f.csv"
where = { %s = ["幼儿园", "托儿所"], 性质（公民办） = { not = "民 = 办" } }
"""


@pytest.mark.parametrize("mark", ["", '"', "'"])
def test_headings_stand_as_keys_with_quotation_marks_or_without(tmp_path, mark):
    (tmp_path / "c.toml").write_text(CONFIG % (f"{mark}年份{mark}", f"{mark}类型{mark}"), encoding="utf-8")
    config = load_config(tmp_path / "c.toml")
    assert config.population.where == {"年份": Condition.model_validate({"is": 2023})}
    assert list(config.layers[0].where) == ["类型", "性质（公民办）"]
    assert config.layers[0].where["性质（公民办）"].not_ == ("民 = 办",)
    assert config.district.name == "甲 = 乙"
    assert parse_config(config.model_dump(mode="json", by_alias=True, exclude_none=True, exclude={"path"}), config.path)


CELL = st.sampled_from(["甲", "乙", "", "甲乙", "12", "3"])


@settings(max_examples=60, deadline=None)
@given(
    st.lists(st.tuples(CELL, CELL), min_size=1, max_size=12),
    st.lists(CELL, min_size=1, max_size=3),
    st.sampled_from(["is", "not"]),
)
def test_is_and_not_of_the_same_values_share_all_rows_between_them(tmp_path_factory, rows, values, word):
    path = tmp_path_factory.mktemp("t") / "t.csv"
    path.write_text("名称,类型,性质\n" + "\n".join(f"n{i},{a},{b}" for i, (a, b) in enumerate(rows)), encoding="utf-8")
    read = read_table(path)
    kept = filter_rows(read, {"类型": Condition.model_validate({word: values})}, key="where", may_be_empty=True)
    expected = [i for i, (a, _) in enumerate(rows) if (a in values) == (word == "is")]
    assert kept.frame["名称"].tolist() == [f"n{i}" for i in expected]
    assert kept.row.tolist() == [i + 2 for i in expected]
    assert len(kept.frame) + n_left_out(kept) == len(rows)
    assert where_text({"类型": Condition.model_validate({word: values})}).startswith("类型 ")
