"""Which columns places were taken from is told, and places that are hardly where facilities stand are warned of."""

import json

import numpy as np
import pytest

from circle15.config.layer import LayerTable
from circle15.errors import InputError
from circle15.inputs.coordinates.systems import wgs84_to_bd09, wgs84_to_gcj02
from circle15.inputs.facilities.facility_sources import read_facilities
from circle15.inputs.facilities.guess import guess_layer
from circle15.inputs.facilities.place_doubts import place_doubts

LON, LAT = 120.512345 + np.arange(6) / 997, 29.501234 + np.arange(6) / 991
GCJ, BD = wgs84_to_gcj02(LON, LAT), wgs84_to_bd09(LON, LAT)


def layer(source="a.csv", **keys):
    return LayerTable(id="nursery", name="托育", source=source, minutes=15, **keys)


def written(tmp_path, heading, *columns, name="a.csv"):
    rows = [f"{i}号托育园," + ",".join(str(c[i]) for c in columns) for i in range(len(columns[0]))]
    (tmp_path / name).write_text("\n".join([heading, *rows]) + "\n", encoding="utf-8")
    return tmp_path / name


def reasons(table):
    return {c.reason: c for c in table.changes}


@pytest.mark.parametrize(
    ("heading", "crs"),
    [
        ("园所名称,lng,lat", "gcj02"),
        ("学校全称,location.lng,location.lat", "gcj02"),
        ("机构全称,location_lng,location_lat", "gcj02"),
        ("托管点名称,gcj_lng,gcj_lat", None),
        ("园所全称,lng_gcj02,lat_gcj02", None),
    ],
)
def test_headings_of_names_and_coordinates_are_known(tmp_path, heading, crs):
    path = written(tmp_path, heading, *GCJ)
    table = read_facilities(layer(crs=crs), path)
    assert table.frame["name"].iloc[0] == "0号托育园"
    np.testing.assert_allclose(table.frame["lon"], LON, atol=1e-8)
    np.testing.assert_allclose(table.frame["lat"], LAT, atol=1e-8)


def test_of_several_pairs_the_one_that_is_stated_is_taken_and_the_others_are_named(tmp_path):
    path = written(tmp_path, "名称,lng,lat,lng_wgs84,lat_wgs84,bd_lng,bd_lat", *GCJ, LON, LAT, *BD)
    for crs, column in (("gcj02", "lng / lat"), ("wgs84", "lng_wgs84 / lat_wgs84"), ("bd09", "bd_lng / bd_lat")):
        table = read_facilities(layer(crs=crs), path)
        np.testing.assert_allclose(table.frame["lon"], LON, atol=1e-8)
        line = reasons(table)["columns_chosen"]
        assert line.column == column
        assert len(line.detail.split(", ")) == 4


def test_a_pair_whose_headings_name_their_system_needs_no_other_statement_and_is_told(tmp_path):
    path = written(tmp_path, "名称,lng,lat,lng_wgs84,lat_wgs84", *GCJ, LON, LAT)
    table = read_facilities(layer(), path)
    np.testing.assert_allclose(table.frame["lon"], LON, atol=1e-8)
    assert reasons(table)["system_by_heading"].detail == "wgs84"
    guess = guess_layer(path)
    assert (guess.system_in_headings, guess.columns["lon"], guess.columns["lat"]) == ("wgs84", "lng_wgs84", "lat_wgs84")


def test_without_a_system_in_heading_or_config_nothing_is_guessed(tmp_path):
    with pytest.raises(InputError, match="must be said"):
        read_facilities(layer(), written(tmp_path, "名称,lng,lat", *GCJ))


def test_a_location_of_two_numbers_is_split(tmp_path):
    text = [f'"{x:.6f},{y:.6f}"' for x, y in zip(*GCJ, strict=True)]
    path = written(tmp_path, "name,location,pname,type", text, ["浙江省"] * 6, ["教育;学校;幼儿园"] * 6)
    table = read_facilities(layer(crs="gcj02"), path)
    np.testing.assert_allclose(table.frame["lon"], LON, atol=1e-6)
    assert [s.nats for s in table.signs] == [{"gcj02": 2.5}]


def test_a_file_s_own_geometry_wins_over_its_columns_and_it_is_told(tmp_path):
    features = [
        {
            "type": "Feature",
            "properties": {"名称": f"{i}号", "经度": float(GCJ[0][i]), "纬度": float(GCJ[1][i])},
            "geometry": {"type": "Point", "coordinates": [float(LON[i]), float(LAT[i])]},
        }
        for i in range(6)
    ]
    path = tmp_path / "a.geojson"
    path.write_text(json.dumps({"type": "FeatureCollection", "features": features}), encoding="utf-8")
    table = read_facilities(layer("a.geojson"), path)
    np.testing.assert_allclose(table.frame["lon"], LON, atol=1e-9)
    assert reasons(table)["geometry_chosen"].detail == "经度, 纬度"


def test_coarse_places_are_told_with_value_row_and_grain(tmp_path):
    lon, lat = LON.round(6), LAT.round(6)
    lon[3], lat[3] = 120.51, 29.5
    (doubt,) = place_doubts("nursery", read_facilities(layer(crs="wgs84"), written(tmp_path, "名称,lng,lat", lon, lat)))
    assert (doubt.kind, doubt.n, doubt.of, doubt.rows, doubt.x, doubt.y, doubt.grain) == (
        "coarse", 1, 6, (5,), 120.51, 29.5, "0.01°"
    )  # fmt: skip


def test_facilities_of_many_names_at_one_point_are_told(tmp_path):
    lon, lat = np.append(LON, np.full(14, 120.512345)), np.append(LAT, np.full(14, 29.501234))
    (doubt,) = place_doubts("nursery", read_facilities(layer(crs="wgs84"), written(tmp_path, "名称,lng,lat", lon, lat)))
    assert (doubt.kind, doubt.n, doubt.of, doubt.x, doubt.y) == ("one_point", 15, 20, 120.512345, 29.501234)


def test_places_as_fine_as_they_should_be_are_not_doubted(tmp_path):
    path = written(tmp_path, "名称,lng,lat", LON.round(6), LAT.round(6))
    assert place_doubts("nursery", read_facilities(layer(crs="wgs84"), path)) == []
