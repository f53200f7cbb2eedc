"""Sound inputs in odd surroundings: variables of the environment, consoles, folders and links where results are to stand."""

import os
import shutil

from tests.hostile.cases import RESULT, Case
from tests.hostile.odd_paths import FILES
from tests.hostile.sound import sound_results

VARIABLES = {
    "XDG_CACHE_HOME": ("", "/dev/null", "/proc", "relative", "{here}/file", "{here}/locked", "{here}/open", "/nowhere/x", "x" * 5000, "{here}/loop", "{here}/缓存"),
    "TMPDIR": ("", "/dev/null", "/proc", "relative", "{here}/file", "{here}/locked", "/nowhere", "x" * 5000, "{here}/临时"),
    "HOME": ("", "/dev/null", "/nowhere"),
    "LANG": ("", "C", "zh_CN.GB18030", "xx_YY", "tr_TR.UTF-8", "x" * 5000),
    "LC_ALL": ("C", "zh_CN.UTF-8", "POSIX", "甲"),
    "LANGUAGE": ("zh:en", "fr", ""),
    "COLUMNS": ("0", "-5", "1", "x", "99999999999"),
    "TERM": ("dumb", "", "x" * 3000),
    "NO_COLOR": ("1", ""),
    "PROJ_DATA": ("/nowhere", ""),
    "GDAL_DATA": ("/nowhere",),
    "GDAL_NUM_THREADS": ("x", "ALL_CPUS", "99999"),
    "OGR_GEOMETRY_ACCEPT_UNCLOSED_RING": ("NO",),
    "OMP_NUM_THREADS": ("0", "-1", "x", "1"),
    "PYTHONWARNINGS": ("error", "x"),
    "TZ": ("Asia/Shanghai", "x" * 500, "/etc/passwd", ""),
    "SOURCE_DATE_EPOCH": ("x", "-1", "9" * 40),
    "http_proxy": ("http://127.0.0.1:9", "x"),
    "CPL_DEBUG": ("ON",),
    "CIRCLE15_NOTHING": ("x",),
}  # fmt: skip
CODES = ("utf-8", "utf-8", "utf-8", "gbk", "ascii", "latin-1", "cp1252", "utf-16-le")


def _lay_places(village):
    village.path("file").write_text("mine")
    village.path("locked").mkdir()
    village.path("locked").chmod(0o500)
    village.path("open").mkdir()
    village.path("open").chmod(0o777)
    village.path("loop").symlink_to("loop")


def _lay_out(rng, village):  # noqa: PLR0912 (a few lines for each)
    """Lay something where results are to stand; give the folder, and files that must be there afterwards as they are."""
    out, kept = village.path("out"), {}
    how = rng.choice(
        [
            "none",
            "link",
            "dangling",
            "loop",
            "file",
            "mine",
            "mine",
            "names",
            "locked",
            "earlier",
            "edited",
            "deep",
            "long",
            "inside",
            "parent",
            "special",
            "manifest",
            "stage",
        ]
    )
    if how in {"link", "dangling"}:
        out.symlink_to(village.path("elsewhere"))
        if how == "link":
            village.path("elsewhere").mkdir()
            kept[village.path("elsewhere") / "mine.txt"] = b"mine"
    elif how == "loop":
        out.symlink_to("out")
    elif how == "file":
        kept[out] = b"mine"
    elif how in {"mine", "names", "manifest", "stage"}:
        out.mkdir()
        names = {
            "mine": ["mine.txt", "notes/a.csv", ".hidden"], "names": rng.sample(["coverage.csv", "run.json", "index.html", "facilities.csv", "cells.parquet", "tables.xlsx", "units"], 3),
            "manifest": ["a.csv", "b/c.csv"], "stage": [".run-circle15-x.partial/coverage.csv", ".circle15.json", ".run.earlier/coverage.csv", ".circle15-lock"],
        }[how]  # fmt: skip
        for name in names:
            kept[out / name] = b"mine," + name.encode()
        if how == "manifest":
            (out / "run.json").write_text(
                '{"files": {"a.csv": {"sha256": "00"}, "../people.csv": {"sha256": "00"}, "b/c.csv": {}}, "sealed": "x"}'
            )
    elif how == "locked":
        out.mkdir()
        out.chmod(0o500)
    elif how in {"earlier", "edited"}:
        shutil.copytree(sound_results(village.folder.parent)[0], out)
        if how == "edited":
            kept[out / "coverage.csv"] = (out / "coverage.csv").read_bytes() + b"mine\n"
    elif how == "deep":
        out = out.joinpath(*["子"] * rng.choice([3, 60, 2000]))
    elif how == "long":
        out = village.path("长" * rng.choice([60, 85, 90, 300]))
    elif how == "inside":
        out = village.path("streets.osm") / "out"
    elif how == "parent":
        out = rng.choice([village.folder, village.folder / "..", village.folder / "." / "out" / ".." / "out"])
    elif how == "special":
        FILES[rng.choice(["pipe", "socket", "zeros"])](out)
    for path, content in kept.items():
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
    return how, out, kept


def make(rng, village):
    """Run or check sound inputs in a place that is odd."""
    _lay_places(village)
    told, kept, out = [], {}, village.path("out")
    command = rng.choice(["run"] * 5 + ["check", "rank", "batch", "isochrone", "programme"])
    if command != "check" and rng.random() < 0.7:
        how, out, kept = _lay_out(rng, village)
        told.append(how)
    env = {}
    for name in rng.sample(sorted(VARIABLES), rng.choice([0, 1, 1, 2, 4])):
        env[name] = rng.choice(VARIABLES[name]).replace("{here}", str(village.folder))
        told.append(f"{name}={env[name][-12:]}")
    code = rng.choice(CODES)
    if rng.random() < 0.3:
        village.say('name = "小镇"', 'name = "小镇²\u0301𠮷\u200b"')
    config = str(village.config)
    argv = {
        "run": ("run", config, "--out", str(out)), "check": ("check", config), "rank": ("rank", config, "--out", str(out)), "batch": ("batch", config, "--out", str(out), "--jobs", "1"),
        "isochrone": ("isochrone", config, "--at", "121.503,29.903", "-o", str(out / "i.geojson")), "programme": ("programme", config, "--out", str(out)),
    }[command]  # fmt: skip
    names = frozenset(
        {str(village.folder), "out", village.config.name, "TMPDIR", "XDG_CACHE_HOME", "长", "子", "programme"}
    )
    label = f"{command} {code} {' '.join(told)}"[:150]
    whole = RESULT if command == "run" else ()
    is_judged = whole and not os.path.lexists(out)
    return Case(
        label, argv, names, out if is_judged else None, whole, (1, 2),
        env=tuple(env.items()), code=code, kept=tuple(kept.items()),
    )  # fmt: skip
