"""An input of any kind that is replaced while a run reads it: the results are those of the hash in run.json, or the run says so."""

import json
import os
import random
import re
import shutil
import threading
import time

import geopandas as gpd
import pytest
import shapely

from circle15.config.model import load_config
from circle15.errors import InputError
from circle15.pipeline import run_district
from tests.batch_town import BOXES, SHARED, build_town, digests, without_most_streets
from tests.people_tiles import EAST, WEST, write_mosaic, write_raster

N_MOMENTS = int(os.environ.get("CIRCLE15_MOMENTS", "8"))
SEED = int(os.environ.get("CIRCLE15_SEED", "15"))
POINTS, CLINICS = '"points"\npath = "people.csv"\ncrs = "wgs84"', 'source = "osm:amenity=clinic"'


def people(folder, other):
    shutil.copyfile(folder / "people.csv", other / "people.csv")
    more = (folder / "people.csv").read_bytes().replace(b",7\n", b",9\n")
    (other / "people.csv").write_bytes(more)
    return "people.csv", None


def facilities(folder, other):
    (folder / "clinics.csv").write_text("name,lon,lat\nA,0.003,0.003\nB,0.006,0.009\n")
    (other / "clinics.csv").write_text("name,lon,lat\nA,0.007,0.004\nB,0.006,0.009\n")
    return "clinics.csv", (CLINICS, 'source = "clinics.csv"\ncrs = "wgs84"')


def extract(folder, other):
    without_most_streets(folder / "town.osm.pbf", other / "town.osm.pbf")
    return "town.osm.pbf", None


def raster(folder, other):
    for where, value in ((folder, 1), (other, 3)):
        write_raster(where / "people.tif", value, WEST)
    return "people.tif", (POINTS, '"raster"\npath = "people.tif"')


def tile_of_a_mosaic(folder, other):
    for where, value in ((folder, 1), (other, 3)):
        for name, west in (("a", WEST), ("b", EAST)):
            write_raster(where / f"{name}.tif", value if name == "b" else 1, west)
    write_mosaic(folder / "mosaic.vrt", "a.tif", "b.tif")
    return "b.tif", (POINTS, '"raster"\npath = "mosaic.vrt"')


def units(folder, other):
    for where, border in ((folder, 0.004), (other, 0.006)):
        shapes = [shapely.box(0, 0, border, 0.024), shapely.box(border, 0, 0.024, 0.024)]
        streets = gpd.GeoDataFrame({"code": ["a", "b"], "name": ["A", "B"]}, geometry=shapes, crs=4326)
        streets.to_file(where / "units.geojson")
    return "units.geojson", (
        "[network]",
        'units = "units.geojson"\nunit_id_field = "code"\nunit_name_field = "name"\n[network]',
    )


def part_of_a_shapefile(folder, other):
    for where, name in ((folder, "A"), (other, "Z")):
        clinics = gpd.GeoDataFrame({"name": [name]}, geometry=[shapely.Point(0.003, 0.003)], crs=4326)
        clinics.to_file(where / "clinics.shp")
    return "clinics.dbf", (CLINICS, 'source = "clinics.shp"')


KINDS = (people, facilities, extract, raster, tile_of_a_mosaic, units, part_of_a_shapefile)


def put_in_its_place(path, content, other):
    path.with_suffix(".next").write_bytes(other)
    path.with_suffix(".next").replace(path)


def edit_in_place(path, content, other):
    """Write into the file and set its time back, as some programs do."""
    before = path.stat()
    with path.open("r+b") as file:
        file.write(other)
        file.truncate()
    os.utime(path, ns=(before.st_atime_ns, before.st_mtime_ns))


def there_and_back(path, content, other):
    put_in_its_place(path, content, other)
    put_in_its_place(path, other, content)


CHANGES = (put_in_its_place, edit_in_place, there_and_back)


@pytest.fixture
def own_cache(tmp_path, monkeypatch):
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    return tmp_path / "cache"


def stated_hash(run, name):
    told = json.loads((run.folder / "run.json").read_text("utf-8"))
    return next(facts["sha256"] for named, facts in told["inputs"].items() if named.endswith(name))


@pytest.mark.slow
@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.__name__)
def test_an_input_replaced_at_random_moments_has_the_hash_of_what_was_read_or_the_run_says_so(
    kind, tmp_path, own_cache
):
    folder, other = tmp_path / "in", tmp_path / "other"
    folder.mkdir()
    other.mkdir()
    build_town(folder, districts=("west",))
    name, altered = kind(folder, other)
    district = f'[district]\nid = "west"\nname = "West"\nboundary = "box:{BOXES["west"]}"\n'
    stated = SHARED.replace("[district]\n", district, 1)
    assert altered is None or altered[0] in stated
    (folder / "west.toml").write_text(stated.replace(*altered, 1) if altered else stated, encoding="utf-8")
    config, path = load_config(folder / "west.toml"), folder / name
    contents = [path.read_bytes(), (other / name).read_bytes()]
    undisturbed, usual = {}, 0.0
    for content in reversed(contents):
        path.write_bytes(content)
        shutil.rmtree(own_cache, ignore_errors=True)
        begun = time.monotonic()
        run = run_district(config, out=tmp_path / f"undisturbed-{len(undisturbed)}")
        usual = time.monotonic() - begun
        undisturbed[stated_hash(run, name)] = digests(run.folder)
    assert len(set(map(str, undisturbed.values()))) == 2
    moments = random.Random(f"{SEED} {kind.__name__}")  # noqa: S311 (no secret)
    said, n_written = [], 0
    for turn in range(N_MOMENTS):
        put_in_its_place(path, b"", contents[0])
        if turn % 2:
            shutil.rmtree(own_cache)
        change = moments.choice(CHANGES)
        timer = threading.Timer(moments.uniform(0, 1.2 * usual), change, (path, *contents))
        timer.start()
        try:
            run = run_district(config, out=tmp_path / f"out-{turn}")
        except InputError as e:
            said.append(str(e))
            assert not (tmp_path / f"out-{turn}").exists()
        else:
            assert digests(run.folder) == undisturbed[stated_hash(run, name)]
            n_written += 1
        timer.join()
    for one in said:
        assert name.split(".")[0] in one
        assert re.search(r"was changed (or replaced )?while it was read", one)
    print(f"{kind.__name__}: {len(said)} said so, {n_written} written")  # noqa: T201 (the count, for who runs it by hand)
    assert len(said) + n_written == N_MOMENTS
