"""OpenDocument, KML, file geodatabases, GeoPackages that are open elsewhere: read as the others are, or refused by name."""

import hashlib
import os
import sqlite3
import struct
import zipfile

import geopandas as gpd
import numpy as np
import pandas as pd
import pyogrio
import pytest
import shapely

from circle15.doctor.check import check_config
from circle15.errors import InputError
from circle15.files.digests import file_parts
from circle15.inputs.coordinates.systems import wgs84_to_gcj02
from circle15.inputs.geofiles.open_geopackages import steady_geopackage
from circle15.inputs.tables.file_guards import REMEDIES
from circle15.inputs.tables.reading import read_table
from circle15.pipeline import run_district
from tests.chinese_town import M_LAT, M_LON, SIZE_M, SOUTH, WEST, Town

HALF = SIZE_M / 2
KML = """<?xml version="1.0" encoding="{encoding}"?>
<kml xmlns="http://www.opengis.net/kml/2.2"><Document><name>街道</name>
<Folder><name>一</name>{first}</Folder><Folder><name>一</name>{second}</Folder></Document></kml>"""
PLACEMARK = (
    "<Placemark><name>{name}</name><ExtendedData><Data name='code'><value>{code}</value></Data></ExtendedData>"
    "<Polygon><outerBoundaryIs><LinearRing><coordinates>{ring}</coordinates></LinearRing></outerBoundaryIs></Polygon>"
    "</Placemark>"
)


def halves():
    """Give the town's two units in degrees."""
    to_degrees = lambda xy: xy / (M_LON, M_LAT) + (WEST, SOUTH)  # noqa: E731 (a formula)
    boxes = [shapely.box(0, 0, HALF, SIZE_M), shapely.box(HALF, 0, SIZE_M, SIZE_M)]
    return gpd.GeoDataFrame(
        {"code": ["330205001000", "330205002000"], "名称": ["西街道", "东街道"]},
        geometry=[shapely.transform(box, to_degrees) for box in boxes],
        crs="EPSG:4326",
    )


def kml_text(units, encoding="UTF-8"):
    marks = [
        PLACEMARK.format(
            name=row.名称, code=row.code, ring=" ".join(f"{x!r},{y!r},0" for x, y in row.geometry.exterior.coords)
        )
        for row in units.itertuples()
    ]
    return KML.format(encoding=encoding, first=marks[0], second=marks[1])


def write_gdb(units, path):
    pyogrio.write_dataframe(units, path, layer="街道", driver="OpenFileGDB")
    return path


def write_units(units, folder, kind):
    """Write the units in one of the formats and give the file's name."""
    path = folder / f"街道.{kind.split('-')[0]}"
    if kind == "kml":
        path.write_text(kml_text(units), encoding="utf-8")
    elif kind == "kml-gbk":
        path.write_bytes(kml_text(units, "GBK").encode("gbk"))
    elif kind == "kmz":
        with zipfile.ZipFile(path, "w") as archive:
            archive.writestr("doc.kml", kml_text(units))
            archive.writestr("files/icon.png", b"")
    elif kind == "gdb":
        write_gdb(units, path)
    elif kind == "zip":
        made = write_gdb(units, folder / "made.gdb")
        with zipfile.ZipFile(path, "w") as archive:
            for part in made.iterdir():
                archive.write(part, f"资料/街道.gdb/{part.name}")
    return path.name


def town_with(folder, units_file, *, extra="", name_field=None):
    town = Town(folder)
    path = town.write()
    town.write_table(*town.places(6))
    text = path.read_text("utf-8").replace('"街道.geojson"', f'"{units_file}"')
    if name_field:
        text = text.replace('unit_name_field = "名称"', f'unit_name_field = "{name_field}"{extra}')
    path.write_text(text, encoding="utf-8")
    return path


@pytest.mark.parametrize("kind", ["kml", "kml-gbk", "kmz", "gdb", "zip"])
def test_outlines_of_every_format_give_the_same_numbers(tmp_path, kind):
    name_field = "Name" if kind.startswith("km") else None
    path = town_with(tmp_path, write_units(halves(), tmp_path, kind), name_field=name_field)
    assert check_config(path).problems == []
    run = run_district(path, out=tmp_path / "out")
    assert run.result.units["unit_id"].tolist() == ["330205001000", "330205002000"]
    assert run.result.units["unit_name"].tolist() == ["西街道", "东街道"]
    (tmp_path / "plain").mkdir()
    plain = Town(tmp_path / "plain")
    config = plain.write()
    plain.write_table(*plain.places(6))
    same = run_district(config, out=tmp_path / "plain/out").result.tables["coverage"]
    pd.testing.assert_frame_equal(run.result.tables["coverage"], same, rtol=1e-6)


def test_kml_in_gcj02_passes_the_door_that_all_outlines_pass(tmp_path):
    units = halves()
    shifted = units.set_geometry(
        shapely.transform(units.geometry, lambda xy: np.column_stack(wgs84_to_gcj02(xy[:, 0], xy[:, 1])))
    )
    name = write_units(shifted, tmp_path, "kml")
    said = '\nunits_crs = "gcj02"\nboundary_crs = "gcj02"'
    path = town_with(tmp_path, name, name_field="Name", extra=said)
    found = run_district(path, out=tmp_path / "out").result.units
    apart = shapely.hausdorff_distance(found.geometry.to_numpy(), units.geometry.to_numpy())
    assert (apart * M_LAT < 0.1).all()


@pytest.mark.parametrize("with_breaks", [False, True])
def test_an_open_document_table_is_read_as_a_workbook_is(tmp_path, with_breaks):
    table = pd.DataFrame(
        {"名称": ["甲园", "乙园"], "经度": [121.51, 121.52], "纬度": [29.91, 29.92], "托位数": [30, None]}
    )
    pyogrio.write_dataframe(table, tmp_path / "托育.ods", driver="ODS", layer="托育")
    if not with_breaks:  # as LibreOffice and WPS write it
        with zipfile.ZipFile(tmp_path / "托育.ods") as archive:
            members = {n: archive.read(n) for n in archive.namelist()}
        members["content.xml"] = members["content.xml"].replace(b"\n", b"")
        with zipfile.ZipFile(tmp_path / "托育.ods", "w") as archive:
            for name, content in members.items():
                archive.writestr(name, content)
    read = read_table(tmp_path / "托育.ods")
    assert read.columns == ["名称", "经度", "纬度", "托位数"]
    assert read.frame.to_numpy().tolist() == [["甲园", "121.51", "29.91", "30"], ["乙园", "121.52", "29.92", ""]]


def test_facilities_and_people_may_come_as_ods_and_kml(tmp_path):
    town = Town(tmp_path, source="托育.kml", layer_keys='crs = "wgs84"')
    path = town.write()
    lon, lat = town.places(4)
    marks = "".join(
        f"<Placemark><name>第{i}托育园</name><Point><coordinates>{x!r},{y!r}</coordinates></Point></Placemark>"
        for i, (x, y) in enumerate(zip(lon.tolist(), lat.tolist(), strict=True))
    )
    (tmp_path / "托育.kml").write_text(KML.format(encoding="UTF-8", first=marks, second=""), encoding="utf-8")
    people = pd.DataFrame({"街道": ["东街道", "西街道"], "常住人口": [30000, 20000]})
    pyogrio.write_dataframe(people, tmp_path / "人口.ods", driver="ODS", layer="人口")
    path.write_text(path.read_text("utf-8").replace("人口.csv", "人口.ods"), encoding="utf-8")
    result = run_district(path, out=tmp_path / "out").result
    assert sorted(result.tables["facilities"]["name"]) == [f"第{i}托育园" for i in range(4)]
    assert result.cells["population"].sum() == pytest.approx(50000)


def test_several_layers_of_a_geodatabase_are_chosen_by_name(tmp_path):
    write_gdb(halves(), tmp_path / "a.gdb")
    pyogrio.write_dataframe(halves().iloc[:1], tmp_path / "a.gdb", layer="社区", driver="OpenFileGDB", append=True)
    with pytest.raises(InputError, match=r"has 2 layers; say which as a\.gdb#LAYER"):
        read_table(tmp_path / "a.gdb")
    assert len(read_table(tmp_path / "a.gdb#社区").frame) == 1


def test_the_files_of_a_geodatabase_are_its_parts_and_locks_are_not(tmp_path):
    path = write_gdb(halves(), tmp_path / "a.gdb")
    (path / "_gdb.host.1.sr.lock").write_bytes(b"")
    parts = file_parts(path)
    assert parts
    assert all(p.parent == path and p.suffix != ".lock" for p in parts)


@pytest.mark.parametrize("suffix", sorted(REMEDIES))
def test_what_is_not_read_is_refused_by_name_with_the_remedy(tmp_path, suffix):
    path = tmp_path / f"x{suffix}"
    path.write_bytes(b"something")
    with pytest.raises(InputError) as refused:
        read_table(path)
    assert REMEDIES[suffix].en in str(refused.value)
    assert str(path) in str(refused.value)


def test_a_folder_named_as_a_geodatabase_without_tables_is_refused(tmp_path):
    (tmp_path / "a.gdb").mkdir()
    with pytest.raises(InputError, match="copy the whole folder again"):
        read_table(tmp_path / "a.gdb")


def edited_elsewhere(path):
    """Write the units and move their border to x = HALF / 2 in a write-ahead log that no program has merged."""
    halves().to_file(path, layer="街道", driver="GPKG")
    work = path.with_name("open.gpkg")
    os.replace(path, work)  # noqa: PTH105 (both ends are named)
    file = sqlite3.connect(work)
    file.execute("PRAGMA journal_mode=WAL")
    file.execute("PRAGMA wal_autocheckpoint=0")
    for (trigger,) in file.execute("SELECT name FROM sqlite_master WHERE type = 'trigger'").fetchall():
        file.execute(f'DROP TRIGGER "{trigger}"')
    head = b"GP" + struct.pack("<BBi", 0, 1, 4326)
    moved = shapely.transform(shapely.box(0, 0, HALF / 2, SIZE_M), lambda xy: xy / (M_LON, M_LAT) + (WEST, SOUTH))
    file.execute("UPDATE 街道 SET geom = ? WHERE code = '330205001000'", (head + shapely.to_wkb(moved),))
    file.commit()
    for end in ("", "-wal"):
        path.with_name(path.name + end).write_bytes(work.with_name(work.name + end).read_bytes())
    file.close()
    for end in ("", "-wal", "-shm"):
        work.with_name(work.name + end).unlink(missing_ok=True)
    return path, moved


def digests(folder):
    return {p.name: hashlib.sha256(p.read_bytes()).hexdigest() for p in folder.iterdir()}


def test_a_geopackage_that_is_open_elsewhere_is_read_as_it_is_now_and_left_as_it_was(tmp_path):
    (tmp_path / "d").mkdir()
    path, moved = edited_elsewhere(tmp_path / "d" / "街道.gpkg")
    before = digests(tmp_path / "d")
    assert set(before) == {"街道.gpkg", "街道.gpkg-wal"}
    read = read_table(path)
    assert read.geometry[0].area == pytest.approx(moved.area)
    assert digests(tmp_path / "d") == before


def test_a_geopackage_in_log_mode_without_a_log_leaves_nothing_beside_it(tmp_path):
    (tmp_path / "d").mkdir()
    halves().to_file(tmp_path / "d" / "a.gpkg", layer="街道", driver="GPKG")
    file = sqlite3.connect(tmp_path / "d" / "a.gpkg")
    file.execute("PRAGMA journal_mode=WAL")
    file.close()
    before = digests(tmp_path / "d")
    assert len(read_table(tmp_path / "d" / "a.gpkg").frame) == 2
    assert digests(tmp_path / "d") == before


def test_a_geopackage_that_is_written_all_the_while_says_so(tmp_path, monkeypatch):
    path, _ = edited_elsewhere(tmp_path / "街道.gpkg")
    states = iter(range(100))
    monkeypatch.setattr("circle15.inputs.geofiles.open_geopackages._state", lambda _: next(states))
    with pytest.raises(InputError, match="save and close it there"), steady_geopackage(path):
        pass


def test_an_ordinary_geopackage_is_read_where_it_is(tmp_path):
    halves().to_file(tmp_path / "a.gpkg", layer="街道", driver="GPKG")
    with steady_geopackage(tmp_path / "a.gpkg") as steady:
        assert steady == tmp_path / "a.gpkg"


@pytest.mark.parametrize("suffix", ["geojson", "kml", "gpkg"])
def test_a_damaged_file_is_called_by_its_own_name_alone(tmp_path, suffix):
    path = tmp_path / f"街道.{suffix}"
    text = {"geojson": '{"type": "FeatureCollection", "features": [{"type"', "kml": "<?xml version='1.0'?><kml><Doc"}
    path.write_bytes(text[suffix].encode() if suffix in text else b"SQLite format 3\0" + b"GPKG" * 100)
    with pytest.raises(InputError) as refused:
        read_table(path)
    said = str(refused.value)
    assert str(path) in said
    assert "vsimem" not in said
    assert said.count(str(tmp_path.parents[-2])) == 1
