"""The hash in run.json is that of the bytes that were read, or the run says that an input changed."""

import hashlib
import os
import shutil

import pytest

from circle15.batch.district_list import find_districts
from circle15.errors import InputError
from circle15.files.digests import file_parts
from circle15.files.vouching import InputLedger
from circle15.pipeline import STAGES, run_district
from circle15.pipeline.record.named_files import named_files
from circle15.runs.folder import read_manifest
from circle15.runs.stale import changed_inputs, why_stale
from tests.batch_town import build_town, without_most_streets
from tests.people_tiles import write_mosaic, write_raster

STAGES_THAT_RUN = [name for name in STAGES if name not in {"certainty", "write"}]


@pytest.fixture(autouse=True)
def own_cache(tmp_path_factory, monkeypatch):
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path_factory.mktemp("cache")))


@pytest.fixture
def town(tmp_path):
    """The config of one made district, for tests that alter its inputs."""
    (tmp_path / "in").mkdir()
    (entry,) = find_districts([build_town(tmp_path / "in", districts=("west",))])
    return entry.config


def sha256(path):
    return hashlib.sha256(path.read_bytes()).hexdigest()


def more_people(path):
    path.write_bytes(path.read_bytes().replace(b",7\n", b",9\n"))  # as many bytes


def replaced(path):
    """Put another file in the place of ``path``, as editors do."""
    shutil.copyfile(path, path.with_suffix(".new"))
    more_people(path.with_suffix(".new"))
    path.with_suffix(".new").replace(path)


def edited_in_place(path):
    """Write into the file and set its time back, as some programs do."""
    before = path.stat()
    more_people(path)
    os.utime(path, ns=(before.st_atime_ns, before.st_mtime_ns))


def there_and_back(path):
    """Another content for a moment: what was read is then not what stands there in the end."""
    content = path.read_bytes()
    replaced(path)
    path.write_bytes(content)


@pytest.mark.parametrize("change", [replaced, edited_in_place, there_and_back])
@pytest.mark.parametrize("stage", STAGES_THAT_RUN)
def test_an_input_that_changes_during_any_stage_is_named_and_nothing_is_written(town, tmp_path, stage, change):
    people = town.resolve("people.csv")

    def on_stage(name):
        if name == stage:
            change(people)

    with pytest.raises(InputError, match=r"people\.csv: was changed or replaced while it was read"):
        run_district(town, out=tmp_path / "out", on_stage=on_stage)
    assert not (tmp_path / "out").exists()
    run = run_district(town, out=tmp_path / "out")
    assert why_stale(town, run.folder) is None


def test_streets_of_an_extract_that_was_another_for_a_moment_are_not_kept_under_its_name(town, tmp_path):
    pbf = town.resolve("town.osm.pbf")
    other = without_most_streets(pbf, tmp_path / "fewer.osm.pbf")
    content = {"network": other.read_bytes(), "facilities": pbf.read_bytes()}

    def on_stage(name):
        if name in content:
            pbf.write_bytes(content[name])

    with pytest.raises(InputError, match=r"town\.osm\.pbf: was changed"):
        run_district(town, out=tmp_path / "out", on_stage=on_stage)
    run = run_district(town, out=tmp_path / "out")
    assert read_manifest(run.folder).told["network"]["n_ways_read"] == 50


def test_the_tiles_behind_a_virtual_raster_are_inputs_and_make_a_run_stale(town, tmp_path):
    folder = town.path.parent
    for side, west in (("a", 0.0005), ("b", 0.0045)):
        (folder / "tiles" / side).mkdir(parents=True)
        write_raster(folder / "tiles" / side / "people.tif", 1, west)  # two files of one name
    write_mosaic(folder / "mosaic.vrt", "tiles/a/people.tif", "tiles/b/people.tif")
    people = town.population.model_copy(update={"source": "raster", "path": "mosaic.vrt", "crs": None})
    config = town.model_copy(update={"population": people})
    run = run_district(config, out=tmp_path / "out")
    manifest = read_manifest(run.folder)
    names = {"mosaic.vrt", "tiles/a/people.tif", "tiles/b/people.tif"}
    assert names <= set(manifest.told["inputs"])
    assert changed_inputs(manifest, config) == []
    write_raster(folder / "tiles" / "b" / "people.tif", 3, 0.0045)
    assert changed_inputs(manifest, config) == ["tiles/b/people.tif"]
    (folder / "tiles" / "a" / "people.tif.msk").write_bytes(b"mask")
    found = changed_inputs(manifest, config)
    assert found == ["tiles/b/people.tif", f"{folder / 'tiles' / 'a' / 'people.tif.msk'} (new)"]


def test_virtual_rasters_within_each_other_are_followed_once(tmp_path):
    (tmp_path / "a.tif").write_bytes(b"x")
    write_mosaic(tmp_path / "inner.vrt", "a.tif", "outer.vrt", "inner.vrt", "gone.tif")
    write_mosaic(tmp_path / "outer.vrt", "inner.vrt")
    assert [p.name for p in file_parts(tmp_path / "outer.vrt")] == ["outer.vrt", "inner.vrt", "a.tif"]
    (tmp_path / "broken.vrt").write_text("<VRTDataset>")
    assert file_parts(tmp_path / "broken.vrt") == [tmp_path / "broken.vrt"]


@pytest.mark.parametrize("end", [".ovr", ".msk", ".aux.xml", ".msk.ovr"])
def test_what_gdal_reads_beside_a_raster_belongs_to_it(tmp_path, end):
    (tmp_path / "a.tif").write_bytes(b"x")
    (tmp_path / f"a.tif{end}").write_bytes(b"x")
    assert file_parts(tmp_path / "a.tif") == [tmp_path / "a.tif", tmp_path / f"a.tif{end}"]


@pytest.mark.parametrize(
    ("text", "names"),
    [
        ("people.csv#2020", ["people.csv"]),
        ("a.tif + b.tif", ["a.tif", "b.tif"]),
        ("tiles/*.tif", ["1.tif", "2.tif"]),
        ("registers", ["targets.csv"]),
        ("layers.gdb", ["layers.gdb"]),
        ("x" * 5000, []),
        ("a\0b", []),
        ("loop/x.csv", []),
        ("no such file", []),
    ],
)
def test_every_file_that_a_text_of_the_config_names_is_known_before_anything_is_read(town, text, names):
    folder = town.path.parent
    for name in ("a.tif", "b.tif", "tiles/1.tif", "tiles/2.tif", "registers/targets.csv", "layers.gdb/a.gdbtable"):
        (folder / name).parent.mkdir(exist_ok=True)
        (folder / name).write_text(name)
    (folder / "loop").symlink_to("loop")
    config = town.model_copy(update={"headings": {"name": (text,)}})  # wherever it stands
    assert sorted({p.name for p in named_files(config)} - {"town.osm.pbf"}) == sorted({"people.csv", *names})


def test_a_file_that_nobody_vouched_for_is_never_said_to_be_an_input(tmp_path):
    (tmp_path / "late.csv").write_text("x")
    with pytest.raises(InputError, match=r"late\.csv"):
        InputLedger.of([]).sha256_of(tmp_path / "late.csv")
