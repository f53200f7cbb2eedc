"""Communities: each in one unit, filling it with its remainder; people, cells and surveys by them."""

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
import shapely
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from circle15.config.model import parse_config
from circle15.errors import InputError, MissingColumnError
from circle15.inputs.ground.cells import EQUAL_AREA_CRS, cut_by_communities, cut_cells
from circle15.inputs.ground.districts import read_district
from circle15.inputs.ground.partition import metric_scale
from circle15.pipeline.study.second_level import read_people

BOX = "box:0,0,0.01,0.01"
LEFT, RIGHT = shapely.box(0, 0, 0.005, 0.01), shapely.box(0.005, 0, 0.01, 0.01)


def save(folder, file, shapes, **columns):
    gpd.GeoDataFrame(columns, geometry=list(shapes), crs="EPSG:4326").to_file(folder / file)


def config(folder, communities=(), names=None, population=None, **district):
    save(folder, "units.geojson", [LEFT, RIGHT], code=["w", "e"], name=["西街道", "东街道"])
    if len(communities):
        labels = names or [f"{i}社区" for i in range(len(communities))]
        codes = [f"c{i}" for i in range(len(communities))]
        save(folder, "communities.geojson", communities, code=codes, name=labels)
        district = {"communities": "communities.geojson", "community_id_field": "code", **district}
    return parse_config(
        {
            "district": {
                "id": "demo", "name": "示范区", "boundary": BOX, "units": "units.geojson", "unit_id_field": "code",
                **district,
            },
            "network": {"source": "demo.osm"},
            "population": population or {"source": "buildings"},
            "layer": [{"id": "clinic", "name": "医", "source": "osm:amenity=clinic"}],
        },
        folder / "demo.toml",
    )  # fmt: skip


def read(folder, *shapes, **options):
    return read_district(config(folder, shapes, **options), folder / "demo.osm")


def square_metres(district, square_degrees):
    x, y = metric_scale(district.geometry)
    return square_degrees * x * y


def test_a_community_across_units_belongs_to_the_one_with_most_of_it_and_the_rest_is_told_by_its_area(tmp_path):
    district = read(tmp_path, shapely.box(0, 0, 0.007, 0.01), names=["跨界社区"])
    rows = district.communities.set_index("unit_id")
    assert rows.loc["c0", "parent_id"] == "w"
    assert rows.loc["c0"].geometry.equals(LEFT)
    assert rows["is_rest"].to_dict() == {"c0": False, "e-rest": True}
    told = next(n.zh for n in district.notes if "跨街道" in n.zh)
    assert f"跨界社区 归 西街道，界外 {square_metres(district, 0.002 * 0.01):,.0f} 平方米不计入" in told


def test_ground_in_no_community_is_a_row_of_its_own_in_each_unit(tmp_path):
    district = read(tmp_path, shapely.box(0, 0, 0.005, 0.004), shapely.box(0.005, 0, 0.01, 0.01), lang="en")
    rows = district.communities.set_index("unit_id")
    assert rows.index.tolist() == ["c1", "c0", "w-rest"]
    assert rows.loc["w-rest", "unit_name"] == "西街道 (in no community)"
    assert rows.loc["w-rest"].geometry.area == pytest.approx(0.005 * 0.006)
    assert any(f"西街道 {square_metres(district, 0.005 * 0.006):,.0f} m2" in n.en for n in district.notes)


def test_borders_drawn_twice_are_told_in_one_line_and_leave_no_remainder(tmp_path):
    off = 0.00003  # 3 m
    district = read(tmp_path, shapely.box(0, 0, 0.005 + off, 0.01), shapely.box(0.005 + off, 0, 0.01, 0.01))
    assert not district.communities["is_rest"].any()
    assert [n for n in district.notes if "细小出入" in n.zh] == list(district.notes)


def test_two_communities_of_one_name_keep_ids_of_their_own(tmp_path):
    district = read(tmp_path, LEFT, RIGHT, names=["新村社区", "新村社区"], community_id_field=None)
    assert district.communities["unit_name"].tolist() == ["新村社区", "新村社区"]
    assert district.communities["unit_id"].nunique() == 2
    assert district.communities["parent_id"].tolist() == ["e", "w"]


def test_an_id_that_a_unit_has_already_is_made_another(tmp_path):
    district = read(tmp_path, LEFT, RIGHT, community_id_field="name", names=["w", "demo"])
    assert sorted(district.communities["unit_id"]) == ["demo-2", "w-2"]


def test_communities_elsewhere_are_an_error_that_names_the_key(tmp_path):
    with pytest.raises(InputError, match="no community lies in the district") as caught:
        read(tmp_path, shapely.box(5, 5, 5.01, 5.01))
    assert caught.value.problems[0].key == "district.communities"
    with pytest.raises(MissingColumnError, match="nmae"):
        read(tmp_path, LEFT, community_name_field="nmae")


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    st.lists(
        st.tuples(*[st.integers(-2, 11)] * 2, *[st.integers(1, 6)] * 2), min_size=1, max_size=6, unique=True
    ).filter(lambda boxes: any(0 <= x < 10 and 0 <= y < 10 for x, y, _, _ in boxes))
)  # fmt: skip
def test_whatever_the_communities_are_each_unit_is_filled_by_its_own(tmp_path, boxes):
    shapes = [shapely.box(x / 1000, y / 1000, (x + w) / 1000, (y + h) / 1000) for x, y, w, h in boxes]
    district = read(tmp_path, *shapes)
    for unit in district.units.itertuples():
        own = district.communities[district.communities["parent_id"] == unit.unit_id].geometry.to_numpy()
        assert shapely.area(own).sum() == pytest.approx(unit.geometry.area, rel=1e-9)
        assert shapely.union_all(own).symmetric_difference(unit.geometry).area < 1e-12


def test_parts_tile_their_piece_and_lie_in_a_community_of_its_unit(tmp_path):
    district = read(tmp_path, shapely.box(0, 0, 0.0033, 0.01), shapely.box(0.0041, 0.002, 0.0087, 0.0061))
    cells = cut_cells(district.units, 10)
    parts = cut_by_communities(cells, district.communities)
    area = np.bincount(parts.piece, weights=parts.cells.pieces["area_m2"], minlength=len(cells.pieces))
    np.testing.assert_allclose(area, cells.pieces["area_m2"], rtol=1e-6)
    parent = district.communities.set_index("unit_id")["parent_id"]
    assert (parts.cells.pieces["community_id"].map(parent) == parts.cells.pieces["unit_id"]).all()
    whole = district.communities.set_index("unit_id").to_crs(EQUAL_AREA_CRS).area
    by_community = parts.cells.pieces.groupby("community_id")["area_m2"].sum()
    np.testing.assert_allclose(by_community, whole[by_community.index], rtol=1e-6)
    assert not cells.pieces.duplicated(["cell", "unit_id"]).any()


def people(folder, communities, rows, source, **options):
    heading = "lon,lat,population\n" if source == "points" else "街道,人口\n"
    (folder / "p.csv").write_text(heading + rows, encoding="utf-8")
    settings_ = {"source": source, "path": "p.csv", **({"crs": "wgs84"} if source == "points" else {})}
    chosen = config(folder, communities, population=settings_, **options)
    return read_people(chosen, read_district(chosen, folder / "demo.osm"))


def test_people_of_a_unit_are_the_same_with_and_without_communities(tmp_path):
    draw = np.random.default_rng(3)
    rows = "".join(f"{x:.6f},{y:.6f},{p}\n" for x, y, p in draw.uniform(0, (0.01, 0.01, 90), (400, 3)))
    shapes = [shapely.box(0, 0, 0.0033, 0.01), shapely.box(0.0041, 0.002, 0.0087, 0.0061)]
    cells, alone, none = people(tmp_path, [], rows, "points")
    same_cells, split, second = people(tmp_path, shapes, rows, "points")
    assert none is None
    assert same_cells.pieces["cell"].tolist() == cells.pieces["cell"].tolist()
    np.testing.assert_allclose(split.groups["all"], alone.groups["all"], rtol=1e-12)
    by_unit = second.groups["all"].groupby(second.units["parent_id"].to_numpy()[second.unit]).sum()
    expected = alone.groups["all"].groupby(cells.pieces["unit_id"]).sum()
    pd.testing.assert_series_equal(by_unit, expected, rtol=1e-12, check_names=False)


def test_a_table_may_count_people_by_community(tmp_path):
    shapes = [shapely.box(0, 0, 0.005, 0.004), RIGHT]
    _, found, second = people(tmp_path, shapes, "0社区,100\n1社区,300\n", "units")
    by_community = second.groups["all"].groupby(second.units["unit_id"].to_numpy()[second.unit]).sum()
    np.testing.assert_allclose(by_community[["c0", "c1", "w-rest"]], [100, 300, 0])
    assert found.groups["all"].sum() == pytest.approx(400)


def test_people_are_not_counted_by_a_street_and_its_community_both(tmp_path):
    with pytest.raises(InputError, match="count twice"):
        people(tmp_path, [LEFT, RIGHT], "西街道,500\n0社区,100\n", "units")


def test_a_unit_told_by_its_communities_needs_a_row_of_each(tmp_path):
    with pytest.raises(InputError, match=r"^p\.csv: no row tells of 1社区 \(c1\); add one, with 0 where nobody lives$"):
        people(
            tmp_path,
            [shapely.box(0, 0, 0.005, 0.005), shapely.box(0, 0.005, 0.005, 0.01), RIGHT],
            "0社区,1\n2社区,3\n",
            "units",
        )


def test_a_name_of_two_communities_asks_for_the_id(tmp_path):
    with pytest.raises(InputError, match="several communities; give one of the ids c0, c1"):
        people(tmp_path, [LEFT, RIGHT], "新村社区,500\n", "units", names=["新村社区", "新村社区"])
