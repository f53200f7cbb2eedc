"""Names that point at no plain file."""

import os
import socket
from pathlib import Path

INPUTS = ("streets.osm", "units.geojson", "people.csv", "nursery.csv", "village.toml")


def _socket(path):
    before = Path.cwd()
    os.chdir(path.parent)
    try:
        with socket.socket(socket.AF_UNIX) as one:
            one.bind(path.name)
    finally:
        os.chdir(before)


def _loop(path):
    path.symlink_to(path.with_name("b"))
    path.with_name("b").symlink_to(path)


def _holes(path):
    with path.open("wb") as file:
        file.truncate(1 << 40)


def _locked(path):
    path.write_bytes(b"x")
    path.chmod(0)


FILES = {
    "pipe": os.mkfifo, "socket": _socket, "zeros": lambda p: p.symlink_to("/dev/zero"), "loop": _loop, "holes": _holes,
    "folder": Path.mkdir, "kernel": lambda p: p.symlink_to("/proc/self/mem"), "messages": lambda p: p.symlink_to("/proc/kmsg"),
    "gone": lambda _: None, "empty": Path.touch, "dangling": lambda p: p.symlink_to("nowhere"),
    "maps": lambda p: p.symlink_to("/proc/self/maps"), "tty": lambda p: p.symlink_to("/dev/tty"),
    "root": lambda p: p.symlink_to("/"), "locked": _locked,
}  # fmt: skip
NAMES = ("x" * 300, "a\\u0000b", "", ".", "..", "#", "a.xlsx#", "#甲", "\\u001b[2J", "/dev/stdin", "//", "~", "con", "x/" * 2000,
         "nursery.csv/", "nursery.csv#甲", "a*b", "[", "http://127.0.0.1:9/x", "/vsicurl/http://127.0.0.1:9/x", "osm:", "box:", "adcode:")  # fmt: skip
KEYS = (
    'boundary = "units.geojson"',
    'units = "units.geojson"',
    'source = "streets.osm"',
    'path = "people.csv"',
    'source = "nursery.csv"',
)


def make(rng, village):
    """Lay something odd at an input's place, or name it oddly."""
    if rng.random() < 0.5:
        name, kind = rng.choice(INPUTS), rng.choice(sorted(FILES))
        village.path(name).unlink()
        FILES[kind](village.path(name))
        return f"{name} is {kind}", name
    key, name = rng.choice(KEYS), rng.choice(NAMES)
    village.say(key, f'{key.split(" = ")[0]} = "{name}"')
    return f"{key} named {name[:40]}", village.config.name
