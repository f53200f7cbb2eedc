"""People beyond the border: who they are, at whose level, and where a source tells nothing of them."""

import geopandas as gpd
import numpy as np
import pytest
import rasterio
import shapely

from circle15.config.model import parse_config
from circle15.errors import ConfigError, InputError
from circle15.inputs.ground.cells import cut_cells
from circle15.inputs.ground.districts import District
from circle15.inputs.people.beyond import read_buffer_people
from circle15.inputs.people.population import read_population

WEST, SOUTH, SIDE = 121.50, 29.90, 0.01
BORDER = shapely.box(WEST, SOUTH, WEST + SIDE, SOUTH + SIDE)
AREA = shapely.box(WEST - SIDE, SOUTH - SIDE, WEST + 2 * SIDE, SOUTH + 2 * SIDE)
DISTRICT = District(
    "made", "示例", BORDER,
    gpd.GeoDataFrame({"unit_id": ["a"], "unit_name": ["甲街道"]}, geometry=[BORDER], crs="EPSG:4326"),
)  # fmt: skip


def read(folder, **population):
    config = parse_config(
        {
            "district": {"id": "made", "name": "示例", "boundary": "b.geojson"},
            "network": {"source": "n.osm"},
            "population": population,
            "layer": [{"id": "nursery", "name": "托育", "source": "f.csv"}],
        },
        folder / "made.toml",
    )
    inside = read_population(config, DISTRICT, cut_cells(DISTRICT.units, 10))
    return inside, read_buffer_people(config, BORDER, AREA, inside)


def points(folder, *rows):
    lines = "".join(f"{lon:.6f},{lat:.6f},{people},{old}\n" for lon, lat, people, old in rows)
    (folder / "p.csv").write_text(f"lon,lat,people,old\n{lines}", encoding="utf-8")
    return {
        "source": "points", "path": "p.csv", "crs": "wgs84", "value_field": "people",
        "groups": {"age_60_plus": "old"},
    }  # fmt: skip


HOME = (WEST + 0.005, SOUTH + 0.005, 200, 50)
NEAR, FAR = (WEST + SIDE + 0.002, SOUTH + 0.005, 80, 30), (WEST + 5 * SIDE, SOUTH, 999, 99)


def test_points_in_the_buffer_compete_and_those_farther_out_do_not(tmp_path):
    inside, around = read(tmp_path, **points(tmp_path, HOME, NEAR, FAR))
    assert inside.groups.sum().tolist() == [200, 50]
    assert around.groups.sum().tolist() == [80, 30]
    assert len(around.lon) == 1


def test_people_beyond_the_border_are_brought_to_the_level_of_the_district(tmp_path):
    _, around = read(tmp_path, total=300, **points(tmp_path, HOME, NEAR))
    assert around.groups.sum().tolist() == pytest.approx([120, 45])
    (tmp_path / "t.csv").write_text("街道,人群,人口\n全区,all,400\n全区,age_60_plus,60\n", encoding="utf-8")
    _, around = read(tmp_path, totals="t.csv", **points(tmp_path, HOME, NEAR))
    assert around.groups.sum().tolist() == pytest.approx([160, 36], rel=1e-4)


def test_a_group_that_the_source_lacks_is_the_districts_share(tmp_path):
    (tmp_path / "t.csv").write_text("街道,人群,人口\n全区,all,400\n全区,age_0_2,20\n", encoding="utf-8")
    given = points(tmp_path, HOME, NEAR) | {"groups": {"age_0_2": "totals"}}
    _, around = read(tmp_path, totals="t.csv", **given)
    assert around.groups["age_0_2"].sum() == pytest.approx(160 * 20 / 400, rel=1e-4)


def test_a_raster_counts_everybody_once_inside_or_in_the_buffer(tmp_path):
    pixel = SIDE / 4
    transform = rasterio.Affine(pixel, 0, WEST - SIDE, 0, -pixel, SOUTH + 2 * SIDE)
    profile = {"driver": "GTiff", "height": 12, "width": 12, "count": 1, "dtype": "float64", "crs": "EPSG:4326"}
    with rasterio.open(tmp_path / "p.tif", "w", **profile, transform=transform) as file:
        file.write(np.full((12, 12), 5.0), 1)
    inside, around = read(tmp_path, source="raster", path="p.tif")
    assert inside.groups["all"].sum() == pytest.approx(16 * 5, rel=1e-9)
    assert around.groups["all"].sum() == pytest.approx((144 - 16) * 5, rel=1e-9)


def test_a_source_without_anybody_beyond_the_border_gives_nobody(tmp_path):
    assert read(tmp_path, **points(tmp_path, HOME, FAR))[1] is None
    assert read(tmp_path, buffer_demand=False, **points(tmp_path, HOME, NEAR))[1] is None


@pytest.mark.parametrize("source", [{"source": "buildings", "total": 5}, {"source": "units", "path": "u.csv"}])
def test_a_source_of_the_district_alone_cannot_be_asked_for_people_beyond(tmp_path, source):
    with pytest.raises(ConfigError, match="does not tell who lives beyond the border"):
        read(tmp_path, buffer_demand=True, **source)


def test_a_group_with_nobody_in_the_district_is_named(tmp_path):
    with pytest.raises(InputError, match="the group age_60_plus has nobody in the district") as caught:
        read(tmp_path, **points(tmp_path, (*HOME[:3], 0), NEAR))
    assert caught.value.problems[0].key == "population.groups.age_60_plus"
