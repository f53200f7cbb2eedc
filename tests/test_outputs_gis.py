"""GIS files: classes as on the map, coordinate systems as asked for, valid GeoParquet, the same bytes each time."""

import json
import sqlite3
from contextlib import closing
from dataclasses import replace
from xml.etree import ElementTree as ET

import geopandas as gpd
import numpy as np
import pyarrow.parquet
import pyogrio
import pyproj
import pytest
import shapely
from pyogrio.errors import DataSourceError

from circle15.inputs.coordinates.systems import gcj02_to_wgs84, wgs84_to_gcj02
from circle15.outputs.gis_whole import refuse_partial
from circle15.outputs.map_data import cell_classes, class_labels, layer_classes
from circle15.outputs.palette import CAUSE_COLOURS, OFF_NETWORK_LINE
from circle15.outputs.reprojected import in_system
from circle15.outputs.result_tables import ResultTables
from circle15.outputs.shared_words import words
from circle15.outputs.tables import write_cells, write_gpkg
from tests.made_result import EVIL_NAME, FORMULA_NAME, made_result

SHIFT = 112.0  # degrees from the made harbour into China, where GCJ-02 differs


@pytest.fixture(scope="module")
def result():
    return made_result("small")


@pytest.fixture(scope="module")
def package(result, tmp_path_factory):
    path = tmp_path_factory.mktemp("gis") / "district.gpkg"
    write_gpkg(result, path)
    return path


@pytest.fixture(scope="module")
def chinese():
    """The made district, moved to China."""
    made = made_result("tiny")

    def moved(frame):
        return frame.set_geometry(shapely.transform(frame.geometry.to_numpy(), lambda xy: xy + np.array([SHIFT, -8.0])))

    tables = {
        name: table.assign(lon=table["lon"] + SHIFT, lat=table["lat"] - 8.0) if "lon" in table else table
        for name, table in made.tables.items()
    }
    cells = moved(made.cells).assign(lon=made.cells["lon"] + SHIFT, lat=made.cells["lat"] - 8.0)
    streets = gpd.GeoSeries(
        shapely.transform(made.streets.to_numpy(), lambda xy: xy + np.array([SHIFT, -8.0])), crs="EPSG:4326"
    )
    return type(made)(
        **{
            **{name: getattr(made, name) for name in made.__dataclass_fields__},
            "boundary": moved(made.boundary), "units": moved(made.units), "isochrones": moved(made.isochrones),
            "cells": cells, "tables": ResultTables(**tables), "streets": streets,
        }
    )  # fmt: skip


def _styles(path):
    with closing(sqlite3.connect(path)) as file:
        return file.execute(
            "SELECT f_table_name, f_geometry_column, styleName, styleQML, useAsDefault FROM layer_styles ORDER BY id"
        ).fetchall()


def _rules(qml):
    root = ET.fromstring(qml)  # noqa: S314 (the run's own)
    symbols = {s.get("name"): s for s in root.iter("symbol")}
    for rule in root.iter("rule"):
        options = {o.get("name"): o.get("value") for o in symbols[rule.get("symbol")].iter("Option")}
        yield rule.get("filter"), rule.get("label"), options


def _rgb(colour):
    return ",".join(str(int(colour[i : i + 2], 16)) for i in (1, 3, 5)) + ",255"


def test_each_layer_has_one_style_that_qgis_opens_it_with(package):
    opened_with = [(table, column) for table, column, _, _, is_default in _styles(package) if is_default]
    with closing(sqlite3.connect(package)) as file:
        expected = file.execute("SELECT table_name, column_name FROM gpkg_geometry_columns").fetchall()
    assert sorted(opened_with) == sorted(expected)


def test_cells_fall_into_the_maps_classes_of_time(package, result):
    qml = {name: text for table, _, name, text, _ in _styles(package) if table == "cells"}
    for layer in result.layers:
        classes = layer_classes(layer)
        place = cell_classes(result.cells, layer, classes)
        rules = list(_rules(qml[f"{layer.name} · 步行时间"]))
        assert [options["color"] for *_, options in rules] == [_rgb(c) for c in (*classes.colours, OFF_NETWORK_LINE)]
        assert [label for _, label, _ in rules] == [*class_labels(classes, words("zh")), "未接入路网"]
        with closing(sqlite3.connect(package)) as file:
            counts = [file.execute(f"SELECT count(*) FROM cells WHERE {f}").fetchone()[0] for f, *_ in rules]  # noqa: S608 (the style's own filters)
        assert counts == np.bincount(place, minlength=len(rules)).tolist()


def test_cells_off_the_network_are_drawn_by_why_they_are(result, tmp_path):
    layer = result.layers[0]
    cells = result.cells.copy()
    cells.loc[:4, f"{layer.id}_linked"] = False
    cells[f"{layer.id}_off"] = ""
    cells.loc[:2, f"{layer.id}_off"] = "behind"
    cells.loc[3:4, f"{layer.id}_off"] = "no_street"
    write_gpkg(replace(result, cells=cells), tmp_path / "district.gpkg")
    qml = next(text for _, _, name, text, _ in _styles(tmp_path / "district.gpkg") if name.endswith("步行时间"))
    hatched = [(f, label) for f, label, o in _rules(qml) if o["color"] == _rgb(OFF_NETWORK_LINE)]
    assert [label for _, label in hatched] == ["未接入路网 · 道路都在河流等对侧", "未接入路网 · 附近没有道路"]
    with closing(sqlite3.connect(tmp_path / "district.gpkg")) as file:
        counts = [file.execute(f"SELECT count(*) FROM cells WHERE {f}").fetchone()[0] for f, _ in hatched]  # noqa: S608 (as above)
    assert counts == [3, 2]


def test_cells_have_the_causes_colours(package, result):
    qml = {name: text for table, _, name, text, _ in _styles(package) if table == "cells"}
    *rules, rest = _rules(qml["托育 · 问题成因"])
    assert {options["color"] for *_, options in rules} == {_rgb(c) for c in CAUSE_COLOURS.values()}
    assert rest[0] == "ELSE"
    counts = result.cells["nursery_cause"].value_counts()
    with closing(sqlite3.connect(package)) as file:
        for name, colour in CAUSE_COLOURS.items():
            wanted = next(f for f, _, options in rules if options["color"] == _rgb(colour))
            assert file.execute(f"SELECT count(*) FROM cells WHERE {wanted}").fetchone()[0] == counts.get(name, 0)  # noqa: S608 (as above)


def test_units_have_their_residents_whatever_group_the_first_service_counts(result, tmp_path):
    coverage = result.tables["coverage"]
    few = coverage.assign(people=coverage["people"] / 100)
    write_gpkg(replace(result, tables=replace(result.tables, coverage=few)), tmp_path / "district.gpkg")
    units = gpd.read_file(tmp_path / "district.gpkg", layer="units").set_index("unit_id")
    people = coverage[coverage["layer"] == "nursery"].set_index("unit_id")["people"]
    np.testing.assert_allclose(units["people"], people[units.index])


def test_names_stay_names_in_the_package(package):
    names = gpd.read_file(package, layer="facilities")["name"].tolist()
    assert EVIL_NAME in names
    assert FORMULA_NAME in names


def test_the_package_states_its_table_of_styles(package):
    with closing(sqlite3.connect(package)) as file:
        kinds = dict(file.execute("SELECT table_name, data_type FROM gpkg_contents"))
        assert file.execute("PRAGMA integrity_check").fetchone() == ("ok",)
    assert kinds["layer_styles"] == "attributes"
    assert {name for name, kind in kinds.items() if kind == "features"} == {
        "cells",
        "units",
        "facilities",
        "isochrones",
        "ranking",
        "boundary",
        "streets",
    }


def test_gcj02_files_state_no_system_and_shift_every_place(chinese, tmp_path):
    shifted = in_system(chinese, "gcj02")
    write_gpkg(shifted, tmp_path / "district-gcj02.gpkg")
    units = gpd.read_file(tmp_path / "district-gcj02.gpkg", layer="units")
    assert pyogrio.read_info(tmp_path / "district-gcj02.gpkg", layer="cells")["crs"] is None
    for before, after in zip(chinese.units.geometry, units.geometry, strict=True):
        lon, lat = shapely.get_coordinates(before).T
        moved_lon, moved_lat = shapely.get_coordinates(after).T
        np.testing.assert_allclose(np.array(wgs84_to_gcj02(lon, lat)), [moved_lon, moved_lat], atol=1e-9)
        metres = np.hypot((moved_lon - lon) * 91_000, (moved_lat - lat) * 111_000)
        assert ((metres > 100) & (metres < 1000)).all()
    facilities = gpd.read_file(tmp_path / "district-gcj02.gpkg", layer="facilities")
    lon, lat = gcj02_to_wgs84(facilities["lon"], facilities["lat"])
    np.testing.assert_allclose(lon, chinese.tables["facilities"]["lon"], atol=1e-7)
    np.testing.assert_allclose(facilities.geometry.x, facilities["lon"], atol=1e-12)
    write_cells(shifted.cells, tmp_path / "cells-gcj02.parquet")
    assert gpd.read_parquet(tmp_path / "cells-gcj02.parquet").crs is None


def test_moving_a_result_leaves_the_given_one_as_it_was(chinese):
    before = chinese.cells.copy(), chinese.tables["facilities"].copy()
    in_system(chinese, "gcj02")
    assert before[0].equals(chinese.cells)
    assert before[1].equals(chinese.tables["facilities"])


def test_cgcs2000_files_state_epsg_4490(chinese, tmp_path):
    moved = in_system(chinese, "cgcs2000")
    write_gpkg(moved, tmp_path / "district-cgcs2000.gpkg")
    assert gpd.read_file(tmp_path / "district-cgcs2000.gpkg", layer="cells").crs.to_epsg() == 4490
    lon, lat = pyproj.Transformer.from_crs(4326, 4490, always_xy=True).transform(118.9, 36.1)
    assert (lon, lat) == (118.9, 36.1)


def test_cells_are_valid_geoparquet_1_1(result, tmp_path):
    """Checked against the specification's rules, geoparquet.org/releases/v1.1.0."""
    write_cells(result.cells, tmp_path / "cells.parquet")
    schema = pyarrow.parquet.read_schema(tmp_path / "cells.parquet")
    geo = json.loads(schema.metadata[b"geo"])
    assert geo["version"] == "1.1.0"
    column = geo["columns"][geo["primary_column"]]
    assert schema.field(geo["primary_column"]).type == pyarrow.binary()
    assert column["encoding"] == "WKB"
    assert set(column["geometry_types"]) <= {"Polygon", "MultiPolygon"}
    assert set(column["geometry_types"]) == set(result.cells.geometry.geom_type)
    assert pyproj.CRS.from_json_dict(column["crs"]).to_epsg() == 4326
    np.testing.assert_allclose(column["bbox"], result.cells.total_bounds)
    assert column.get("edges", "planar") == "planar"
    stored = pyarrow.parquet.read_table(tmp_path / "cells.parquet").column(geo["primary_column"])
    shapes = shapely.from_wkb(stored.to_pylist())
    assert shapely.is_valid(shapes).all()
    assert shapely.equals_exact(shapes, result.cells.geometry.to_numpy()).all()


@pytest.mark.parametrize("system", ["wgs84", "cgcs2000", "gcj02"])
def test_same_result_gives_the_same_bytes(system, tmp_path):
    for name in ("a", "b"):
        moved = in_system(made_result("tiny"), system)
        write_gpkg(moved, tmp_path / f"{name}.gpkg")
        write_cells(moved.cells, tmp_path / f"{name}.parquet")
    for kind in ("gpkg", "parquet"):
        assert (tmp_path / f"a.{kind}").read_bytes() == (tmp_path / f"b.{kind}").read_bytes()


@pytest.mark.parametrize(
    "lost",
    [
        "DROP TABLE units",
        "UPDATE gpkg_ogr_contents SET feature_count = 0 WHERE table_name = 'facilities'",
        "DROP TABLE rtree_cells_geom_rowid",
        "DROP TRIGGER rtree_units_geom_insert",
        "UPDATE gpkg_contents SET min_x = NULL WHERE table_name = 'cells'",
        "PRAGMA user_version = 0",
    ],
)
def test_what_gdal_could_not_write_and_says_nothing_of_ends_the_run(result, tmp_path, monkeypatch, lost):
    def look_again(path, layers):
        with closing(sqlite3.connect(path)) as file, file:
            file.create_function("ST_IsEmpty", 1, lambda _: 0)  # GDAL's, which its triggers ask for
            file.execute(lost)
        refuse_partial(path, layers)

    monkeypatch.setattr("circle15.outputs.gis_whole.refuse_partial", look_again)
    with pytest.raises(OSError, match=r"Input/output error.*district\.gpkg"):
        write_gpkg(result, tmp_path / "district.gpkg")


def test_a_geopackage_that_the_disk_refuses_ends_the_run(result, tmp_path, monkeypatch):
    def refuse(*_, **__):
        raise DataSourceError("Failed to commit transaction")

    monkeypatch.setattr("geopandas.GeoDataFrame.to_file", refuse)
    with pytest.raises(OSError, match=r"Input/output error.*district\.gpkg"):
        write_gpkg(result, tmp_path / "district.gpkg")
