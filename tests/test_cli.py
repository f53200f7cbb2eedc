"""The command line: exit codes, plain messages, no half-written output."""

import json
import re
import subprocess
import sys

import pytest
from click.testing import CliRunner

from circle15.cli import main


def run(*args):
    return CliRunner().invoke(main, [str(a) for a in args])


@pytest.fixture
def edited(root, tmp_path):
    """Write the shipped config with a text replaced, beside its own data."""

    def write(old, new):
        text = (root / "data" / "monaco.toml").read_text(encoding="utf-8")
        assert old in text
        text = text.replace(old, new, 1)
        text = text.replace('"osm/monaco.osm.pbf"', f"'{root / 'data' / 'osm' / 'monaco.osm.pbf'}'")
        path = tmp_path / "edited.toml"
        path.write_text(text, encoding="utf-8")
        return path

    return write


def test_help_loads_no_heavy_library():
    code = (
        "import sys\nfrom click.testing import CliRunner\nfrom circle15.cli import main\n"
        "for args in (['--help'], ['--version']):\n    assert CliRunner().invoke(main, args).exit_code == 0\n"
        "print(sorted({m.split('.')[0] for m in sys.modules} & {'numpy', 'pandas', 'geopandas', 'shapely', 'folium'}))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_what_a_run_reads_and_measures_with_loads_no_slow_part_of_scipy():
    code = (
        "import sys\nimport scipy.sparse\nits_own = set(sys.modules)\n"  # scipy 1.15 loads csgraph with it
        "import circle15.doctor.check, circle15.pipeline\n"
        "slow = {'scipy.stats', 'scipy.signal', 'scipy.optimize', 'scipy.sparse.csgraph', 'scipy.ndimage'}\n"
        "print(sorted(slow & set(sys.modules) - its_own))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


@pytest.mark.parametrize(
    ("old", "new", "expected"),
    [
        ('"osm/monaco.osm.pbf"', '"osm/nothing.osm.pbf"', r"nothing\.osm\.pbf"),
        ("minutes = 15", "minute = 15", r"layer\.nursery\.minute: unknown key; did you mean 'minutes'\?"),
        ('"osm:amenity=hospital|clinic|doctors|pharmacy"', '"osm:amenity=spaceport"', "clinic.*allow_empty"),
        ('"osm:amenity=hospital|clinic|doctors|pharmacy"', '"nothing.csv"\ncrs = "wgs84"', r"nothing\.csv"),
        ('"osm:admin_level=8,name=Monaco"', '"osm:admin_level=8,name=Monako"', "Monako.*Monaco"),
        (
            '"osm:admin_level=8,name=Monaco"',
            '"box:10.0,50.0,10.1,50.1"',
            r"district\.units.*no unit lies in the district",
        ),
        (
            '"osm:admin_level=8,name=Monaco"   # an area of the extract below\nunits = "osm:admin_level=10" ',
            '"box:10.0,50.0,10.1,50.1"\n',
            r"no walkable street in the study area.*check the boundary",
        ),
    ],
)
def test_wrong_input_is_exit_2_with_its_name_and_nothing_is_written(edited, tmp_path, old, new, expected):
    path = edited(old, new)
    if "nothing.osm" in new:
        path.write_text(
            re.sub(r"source = '.*?\.osm\.pbf'", 'source = "osm/nothing.osm.pbf"', path.read_text("utf-8")), "utf-8"
        )
    result = run("run", path, "--out", tmp_path / "out")
    assert result.exit_code == 2, result.output
    assert re.search(expected, result.stderr, re.DOTALL), result.stderr
    assert "Traceback" not in result.stderr
    assert not (tmp_path / "out").exists()
    assert run("check", path).exit_code == 2


def test_a_table_without_its_columns_is_told_which(edited, tmp_path):
    (tmp_path / "clinics.csv").write_text("名字,位置\n甲,乙\n", encoding="utf-8")
    path = edited('"osm:amenity=hospital|clinic|doctors|pharmacy"', '"clinics.csv"\ncrs = "wgs84"')
    result = run("run", path, "--out", tmp_path / "out")
    assert result.exit_code == 2
    assert "clinics.csv" in result.stderr
    assert "名字" in result.stderr  # the headings that were found
    assert not (tmp_path / "out").exists()


def test_an_allowed_empty_layer_covers_nobody(edited, tmp_path):
    path = edited('"osm:amenity=hospital|clinic|doctors|pharmacy"', '"osm:amenity=spaceport"\nallow_empty = true')
    result = run("run", path, "--out", tmp_path / "out", "-q")
    assert result.exit_code == 0, result.output
    rows = [r for r in (tmp_path / "out" / "coverage.csv").read_text("utf-8-sig").splitlines() if ",clinic," in r]
    assert len(rows) == 10
    assert all(r.endswith(",0,0") for r in rows)


def test_check_tells_what_a_run_will_find(root):
    result = run("check", root / "data" / "monaco.toml", "--json")
    assert result.exit_code == 0, result.output
    told = json.loads(result.stdout)
    assert told["problems"] == []
    assert any("9 个街道" in fact for fact in told["facts"])


def test_rank_prints_a_table_to_stdout(root):
    result = run("rank", root / "data" / "monaco.toml", "--layer", "nursery", "--top", "3")
    assert result.exit_code == 0, result.output
    lines = result.stdout.splitlines()
    assert lines[0].startswith("rank,layer,cell,lon,lat,unit_id,newly_covered_people")
    assert len(lines) <= 4
    assert {line.split(",")[1] for line in lines[1:]} <= {"nursery"}


def test_rank_of_an_unknown_layer_names_the_known_ones(root):
    result = run("rank", root / "data" / "monaco.toml", "--layer", "nurse")
    assert result.exit_code == 2
    assert "nursery" in result.stderr


def test_isochrone_prints_geojson_and_writes_it(root, tmp_path):
    config = root / "data" / "monaco.toml"
    result = run("isochrone", config, "--at", "7.4246,43.7384", "--minutes", "5,10")
    assert result.exit_code == 0, result.output
    features = json.loads(result.stdout)["features"]
    assert [f["properties"]["cutoff_min"] for f in features] == [5, 10]
    written = run("isochrone", config, "--at", "7.4246,43.7384", "--minutes", "5,10", "-o", tmp_path / "i.geojson")
    assert written.exit_code == 0
    assert json.loads((tmp_path / "i.geojson").read_text("utf-8"))["features"] == features


def test_isochrone_refuses_a_cutoff_given_twice_and_a_file_without_a_name(root):
    place = ("isochrone", root / "data" / "monaco.toml", "--at", "7.4246,43.7384")
    twice = run(*place, "--minutes", "5,5")
    assert (twice.exit_code, "give each cutoff once" in twice.stderr) == (2, True)
    nameless = run(*place, "-o", "")
    assert (nameless.exit_code, "the name is empty" in nameless.stderr) == (2, True)


def test_an_empty_folder_name_is_not_the_current_folder(root):
    result = run("run", root / "data" / "monaco.toml", "--out", "")
    assert (result.exit_code, "the name is empty" in result.stderr) == (2, True)


def test_a_traceback_asked_for_leaves_the_exit_code_as_it_is(tmp_path):
    for flags in ((), ("--debug",)):
        result = run("run", tmp_path / "missing.toml", *flags)
        assert result.exit_code == 2
        assert ("Traceback" in result.stderr) == bool(flags)
        assert "no such config file" in result.stderr


def test_verbose_talk_is_of_circle15_alone(root):
    command = [sys.executable, "-m", "circle15", "rank", root / "data" / "monaco.toml", "--layer", "nursery", "-v"]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    assert all(line.startswith("INFO circle15.") for line in done.stderr.splitlines() if line.startswith("INFO"))


def test_isochrone_in_the_sea_is_an_error(root):
    result = run("isochrone", root / "data" / "monaco.toml", "--at", "7.48,43.715")
    assert result.exit_code == 2
    assert "no walkable street" in result.stderr


def test_init_writes_a_config_and_never_overwrites_one(tmp_path):
    assert run("init", tmp_path / "new").exit_code == 0
    again = run("init", tmp_path / "new")
    assert again.exit_code != 0
    assert "not overwritten" in again.stderr


def test_info_shows_versions_and_registers():
    result = run("info")
    assert result.exit_code == 0, result.output
    assert "targets.csv" in result.stdout
    assert "threads" in result.stdout


def test_batch_goes_on_after_a_district_that_fails(root, tmp_path):
    result = run("batch", tmp_path / "missing.toml", root / "data" / "monaco.toml", "--out", tmp_path / "out")
    assert result.exit_code == 1, result.output
    assert (tmp_path / "out" / "monaco" / "coverage.csv").exists()
    assert "missing.toml" in result.stdout
