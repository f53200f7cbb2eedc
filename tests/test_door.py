"""Every input file comes in by one door: what is no plain, readable file of bounded size is refused in one line."""

import os
import socket
from pathlib import Path

import pytest
from click.testing import CliRunner

from circle15.cli import main
from circle15.errors import InputError, MissingFileError
from circle15.files import door
from circle15.files.door import files_up_to, is_there, read_whole, settled_path, steady_file, vouched
from tests.chinese_town import Town

LONG = "x" * 300


def fifo(path):
    os.mkfifo(path)


def loop(path):
    path.symlink_to(path.with_name("other-" + path.name))
    path.with_name("other-" + path.name).symlink_to(path)


def listening(path):
    # A socket's name may have 108 bytes.
    before = Path.cwd()
    os.chdir(path.parent)
    try:
        with socket.socket(socket.AF_UNIX) as one:
            one.bind(path.name)
    finally:
        os.chdir(before)


def holes(path):
    with path.open("wb") as file:
        file.truncate(1 << 40)


ODD = {
    "a folder": (lambda p: p.mkdir(), "is a folder"),
    "a pipe": (fifo, "named pipe"),
    "a socket": (listening, "socket"),
    "a device": (lambda p: p.symlink_to("/dev/zero"), "device"),
    "a file of the kernel": (lambda p: p.symlink_to("/proc/self/environ"), "made up by the system"),
    "links in a circle": (loop, "leads back to itself"),
    "nothing": (lambda _: None, "no such file"),
    "an empty file": (lambda p: p.touch(), "the file is empty"),
    "a terabyte of holes": (holes, "of which 0 MB are filled"),
}  # fmt: skip


@pytest.mark.parametrize("kind", ODD)
def test_what_is_no_plain_file_is_refused_and_why_is_said(tmp_path, kind):
    make, says = ODD[kind]
    make(tmp_path / "streets.osm")
    with pytest.raises(InputError, match=says):
        vouched(tmp_path / "streets.osm")


@pytest.mark.parametrize(("name", "says"), [(LONG, "longer than"), ("a\0b", "a character that none may have")])
def test_a_name_that_no_file_can_bear_is_refused(tmp_path, name, says):
    assert not is_there(tmp_path / name)
    with pytest.raises(InputError, match=says) as caught:
        vouched(tmp_path / name)
    assert len(str(caught.value)) < 400


def test_a_file_that_may_not_be_read_is_refused(tmp_path, monkeypatch):
    (tmp_path / "a.csv").write_text("x")

    def locked(*_args):
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(os, "open", locked)
    with pytest.raises(InputError, match="may not be read"):
        vouched(tmp_path / "a.csv")


def test_a_file_larger_than_the_limit_is_refused_before_it_is_read(tmp_path):
    (tmp_path / "a.csv").write_bytes(b"x" * 2000)
    with files_up_to(1000), pytest.raises(InputError, match=r"raise \[limits\] file_mb"):
        read_whole(tmp_path / "a.csv")
    with files_up_to(2000):
        assert len(read_whole(tmp_path / "a.csv")) == 2000


def deleted(path):
    path.unlink()


def cut_off(path):
    os.truncate(path, 1)


def replaced(path):
    path.with_suffix(".new").write_text("another text")
    path.with_suffix(".new").replace(path)


@pytest.mark.parametrize(
    ("happens", "says"), [(deleted, "deleted while"), (cut_off, "changed while"), (replaced, "changed while")]
)
def test_who_fails_on_a_file_that_changed_meanwhile_is_told_so(tmp_path, happens, says):
    path = tmp_path / "a.csv"
    path.write_text("x,y\n1,2\n")
    with pytest.raises(InputError, match=says), steady_file(path):
        happens(path)
        raise RuntimeError("whatever a library makes of it")


def test_whatever_a_library_says_of_a_file_names_the_file(tmp_path):
    path = tmp_path / "a.csv"
    path.write_text("x,y\n1,2\n")
    with (
        pytest.raises(InputError, match=r"a\.csv: cannot be read \(KeyError: 'crs'\).*save or export it again"),
        steady_file(path),
    ):
        {}["crs"]
    with pytest.raises(MemoryError), steady_file(path):
        raise MemoryError


def test_links_in_a_circle_and_names_of_no_file_keep_their_names(tmp_path):
    loop(tmp_path / "a")
    assert settled_path(tmp_path / "a").name in {"a", "other-a"}
    assert settled_path(tmp_path / "a\0").name == "a\0"
    with pytest.raises(MissingFileError):
        vouched(tmp_path / "none" / "b.csv")


# What the config is to say instead, and the file in question.
INPUTS = {
    "config": ("", "", "town.toml"),
    "streets": ("", "", "streets.osm"),
    "graphml": ('source = "streets.osm"', 'source = "s.graphml"', "s.graphml"),
    "geopackage of streets": ('source = "streets.osm"', 'source = "s.gpkg"', "s.gpkg"),
    "outlines": ("", "", "街道.geojson"),
    "people": ("", "", "人口.csv"),
    "people in pixels": ('"units"\npath = "人口.csv"', '"raster"\npath = "p.tif"', "p.tif"),
    "facilities": ("", "", "托育.csv"),
    "a parquet table": ("托育.csv", "托育.parquet", "托育.parquet"),
    "a workbook": ("托育.csv", "托育.xlsx#甲", "托育.xlsx"),
    "elevation": ("[network]\n", '[network]\nelevation = "dem.tif"\n', "dem.tif"),
    "own lines": ("[network]\n", '[network]\nlines = ["own.geojson"]\n', "own.geojson"),
    "totals": ("[population]\n", '[population]\ntotals = "t.csv"\n', "t.csv"),
    "candidates": ("[population]\n", '[planning]\ncandidates = "c.csv"\n[population]\n', "c.csv"),
    "projects": ("[population]\n", '[planning]\nprojects = "c.csv"\n[population]\n', "c.csv"),
    "survey": ("[population]\n", '[survey]\npath = "s.csv"\n[population]\n', "s.csv"),
    "today's values": (
        "[population]\n",
        '[policy]\nplace = "jiangbei"\nyear = 2027\nactual = "a.csv"\n[population]\n',
        "a.csv",
    ),
}


@pytest.mark.parametrize("which", INPUTS)
@pytest.mark.parametrize("kind", ["a pipe", "links in a circle"])
def test_every_input_comes_in_by_the_door(tmp_path, which, kind):
    town = Town(tmp_path)
    town.write_table(*town.places())
    config = town.write()
    old, new, name = INPUTS[which]
    text = config.read_text("utf-8")
    assert old in text
    config.write_text(text.replace(old, new, 1), encoding="utf-8")
    (tmp_path / name).unlink(missing_ok=True)
    ODD[kind][0](tmp_path / name)
    for command in (["check", config], ["run", config, "--out", tmp_path / "out"]):
        done = CliRunner().invoke(main, [str(a) for a in command])
        assert done.exit_code == 2, done.output
        assert name in done.output
        assert ODD[kind][1] in done.output, done.output
        assert "Traceback" not in done.output
        assert not (tmp_path / "out").exists()


def test_the_limit_of_the_config_holds_wherever_a_file_is_read(tmp_path):
    town = Town(tmp_path)
    town.write_table(*town.places())
    config = town.write()
    path = tmp_path / "托育.csv"
    path.write_bytes(path.read_bytes() + "备注\n".encode("gb18030") + b"\n" * (2 << 20))
    config.write_text(config.read_text("utf-8") + "\n[limits]\nfile_mb = 1\n", encoding="utf-8")
    for command in ("check", "run"):
        done = CliRunner().invoke(
            main, [command, str(config), *(["--out", str(tmp_path / "o")] if command == "run" else [])]
        )
        assert done.exit_code == 2
        assert "托育.csv" in done.output
        assert "[limits] file_mb" in done.output
    config.write_text(config.read_text("utf-8").replace("file_mb = 1", "file_mb = 3"), encoding="utf-8")
    assert "file_mb" not in CliRunner().invoke(main, ["check", str(config)]).output


def test_a_config_that_is_a_file_of_the_kernel_is_not_read_for_its_language_either(tmp_path, monkeypatch):
    (tmp_path / "a.toml").symlink_to("/proc/self/environ")
    done = CliRunner().invoke(main, ["run", str(tmp_path / "a.toml")])
    assert done.exit_code == 2
    assert "a.toml" in done.output or "/proc/" in done.output
    opened = []
    monkeypatch.setattr(Path, "open", lambda path, *_args, **_options: opened.append(path))
    CliRunner().invoke(main, ["check", str(tmp_path / "a.toml")])
    assert [p for p in opened if p.name == "a.toml"] == []


def test_a_large_table_is_refused_with_what_it_takes_before_a_byte_of_it_is_read(tmp_path, monkeypatch):
    path = tmp_path / "people.csv"
    path.write_bytes(b"x" * 2000)
    monkeypatch.setattr(door, "LARGEST_BYTES", 1000)
    monkeypatch.setattr(door, "available_bytes", lambda: 15_000)
    with pytest.raises(InputError, match="of memory to read") as e:
        door.vouched(path, largest=4000)
    assert "people.csv" in str(e.value)
    assert door.vouched(path) == path  # of what is read bit by bit nobody asks
    monkeypatch.setattr(door, "available_bytes", lambda: 17_000)
    assert door.vouched(path, largest=4000) == path
