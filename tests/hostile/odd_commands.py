"""Commands whose options and arguments hold together in no way: isochrones, rankings, sites, drafts, fetching, the cache."""

from tests.hostile.cases import Case
from tests.hostile.spoiling import NUMBERS, spoil_table
from tests.hostile.village import SOUTH, STEP, UNITS, WEST, place

AT = (
    f"{WEST + STEP},{SOUTH + STEP}", f"{WEST + STEP},{SOUTH + STEP}", f"{SOUTH + STEP},{WEST + STEP}", f"{WEST + STEP}，{SOUTH + STEP}", f"{WEST} {SOUTH}", "121.5", "", ",", "nan,nan", "inf,0",
    "1e400,5", "181,91", "-180,-90", "0,0", "121.5,29.9,3", "121°30′,29°54′", "E121.5,N29.9", "121.5;29.9", "x,y", "=1+1,2", "\u202e121.5,29.9", "１２１．５,２９．９",
)  # fmt: skip
MINUTES = (
    "5,10,15",
    "5",
    "0",
    "-5",
    "1e308",
    "nan",
    "5,5",
    "15,5",
    "",
    ",",
    "5,,10",
    "1440",
    "100000",
    "0.0001",
    ",".join(map(str, range(1, 400))),
    "5;10",
    "x",
    "５",
)
PROJECTS = "名称,经度,纬度,服务,造价(万元),容量\n" + "".join(
    f"项目{k},{place(k % 4 + 0.5, 1)[0]:.6f},{place(1, k // 2 + 0.2)[1]:.6f},托育,{100 + k},{30 + k}\n"
    for k in range(5)
)
FORBIDDEN = (
    "units.geojson",
    "streets.osm",
    "nursery.csv",
    "无.geojson",
    "",
    ".",
    "units.geojson#西街道",
    "box:0,0,1,1",
    "/dev/zero",
    "x" * 300,
)
PLACES = (
    "", " ", "nowhere", "江北区, 宁波市", "121.5,29.9,121.6,30.0", "121.5,29.9,121.4,29.8", "nan,0,1,1", "-180,-90,180,90", "units.geojson", "people.csv", "无.geojson", "/dev/zero",
    "x" * 5000, "\x1b[2J", "'; DROP", "121.5,29.9", "http://127.0.0.1:9/", "%s%n", "../", "-",
)  # fmt: skip
LAYERS = ("nursery", "托育", "NURSERY", "", "x", "nursery ", "all", "../nursery")


def _isochrone(rng, village):
    argv = ["isochrone", str(village.config), "--at", rng.choice(AT)]
    if rng.random() < 0.6:
        argv += ["--minutes", rng.choice(MINUTES)]
    if rng.random() < 0.3:
        argv += ["--profile", rng.choice(["adult", "x", "", "elderly", "成人"])]
    out = village.path("out")
    if rng.random() < 0.6:
        name = rng.choice(
            [
                "out/i.geojson",
                "i.geojson",
                "i.txt",
                "",
                ".",
                "/dev/full",
                "people.csv",
                "x" * 300 + ".geojson",
                "无/i.geojson",
                "i.geojson/",
                "units.geojson",
            ]
        )
        argv += ["-o", name and str(village.path(name)) if not name.startswith("/") else name]
    return argv, None if "-o" in argv else out, ()


def _rank(rng, village):
    path = village.path("项目.csv")
    text, _ = spoil_table(rng, PROJECTS) if rng.random() < 0.5 else (PROJECTS, "")
    path.write_bytes(text.encode(rng.choice(["utf-8", "gb18030", "utf-16"]), errors="replace"))
    argv = ["rank", str(village.config)]
    for option, values in (
        (
            "--projects",
            [str(path)] * 3 + [str(village.path("无.csv")), str(village.folder), str(village.path("units.geojson"))],
        ),
        ("--layer", LAYERS),
        ("--budget", ("500", "0", *NUMBERS)),
        ("--top", ("3", "1", *NUMBERS)),
        ("--by", ("people", "gap", "places", "people-per-cost", "gap-per-cost", "x")),
    ):
        if rng.random() < (0.5 if option in {"--projects", "--layer"} else 0.2):
            argv += [option, rng.choice([values[0], rng.choice(values)])]
    village.say("[outputs]", '[planning]\ncrs = "wgs84"\n[outputs]')
    return [*argv, "--out", str(village.path("out"))], village.path("out"), ()


def _site(rng, village):
    argv = ["site", str(village.config), "--layer", rng.choice(["nursery", rng.choice(LAYERS)]), "--time-limit", "5"]
    for option, values in (
        ("--model", ("mclp", "set-cover", "p-median", "p-centre", "capacitated")),
        ("--p", ("2", "1", "3", "999999", *NUMBERS)),
        ("--share", ("0.8", "1", "0", *NUMBERS)),
        ("--budget", ("500", *NUMBERS)),
        ("--forbidden", [str(village.path(one)) if one and not one.startswith("/") else one for one in FORBIDDEN]),
        ("--candidates", [str(village.path(one)) for one in ("nursery.csv", "people.csv", "units.geojson", "无.csv")]),
    ):
        if rng.random() < 0.45:
            argv += [option, rng.choice([values[0], rng.choice(values)])]
    if rng.random() < 0.1:
        argv.append("--cheapest")
    village.say("[outputs]", '[planning]\ncrs = "wgs84"\n[outputs]')
    return [*argv, "--out", str(village.path("out"))], village.path("out"), ()


def _planned(rng, village):
    """Let a run compare projects and keep off forbidden areas."""
    path = village.path("项目.csv")
    text, _ = spoil_table(rng, PROJECTS) if rng.random() < 0.7 else (PROJECTS, "")
    path.write_bytes(text.encode(rng.choice(["utf-8", "gb18030", "utf-16"]), errors="replace"))
    keys = [f'crs = "{rng.choice(["wgs84", "wgs84", "gcj02", "x", ""])}"', 'projects = "项目.csv"']
    if rng.random() < 0.4:
        keys.append(f'forbidden = "{rng.choice(FORBIDDEN)}"')
    keys += rng.sample(["budget = 300", "budget = nan", 'rank_by = "gap"', "new_capacity = { nursery = 50 }", "new_capacity = { x = 1 }", "links = true", "causes = false", "links_top = 1", 'name_field = "无"', 'cost_field = "容量"'], rng.choice([0, 1, 2]))  # fmt: skip
    village.say("[outputs]", "[planning]\n" + "\n".join(keys) + "\n[outputs]")
    village.say(
        'write = ["coverage"]',
        rng.choice(
            [
                'write = ["coverage", "ranking", "causes", "links"]',
                'write = ["coverage", "ranking"]',
                'write = ["coverage"]',
            ]
        ),
    )
    return (
        ["run", str(village.config), "--out", str(village.path("out"))],
        village.path("out"),
        ("run.json", "coverage.csv"),
    )


def _init(rng, village):
    """Draft a config from folders as users have them, odd files in them."""
    folder = village.folder
    village.config.rename(village.path("village.was"))
    for k in range(rng.choice([0, 1, 5])):
        name = rng.choice(
            [
                "新建 文本文档.txt",
                "数据.xlsx",
                "~$表.xlsx",
                ".hidden.csv",
                "a.dbf",
                "b.prj",
                "图.png",
                "Thumbs.db",
                "x.shp",
                "y.tif",
                "z.gpkg",
                "报告.docx",
                f"{k}.csv",
                "街道.osm.pbf",
                "m.zip",
            ]
        )
        folder.joinpath(name).write_bytes(
            rng.choice(
                [
                    b"",
                    b"\xff\xfe\x00",
                    b"PK\x03\x04",
                    "名称,经度,纬度\n".encode("gbk"),
                    b"x" * 99,
                    f"街道,{next(iter(UNITS))}\n".encode(),
                ]
            )
        )
    return (
        [
            "init",
            rng.choice(
                [str(folder), str(folder), str(folder / "新"), str(folder / "people.csv"), "", str(folder / "a" / "b")]
            ),
        ],
        None,
        (),
    )


def _others(rng, village):
    out = str(village.path("x.osm.pbf"))
    url = "http://127.0.0.1:9/api"
    argv = rng.choice(
        [
            ["fetch", rng.choice(PLACES), "-o", rng.choice([out, out, out[:-8], ".", "/dev/full", str(village.config)]), "--overpass", url, "--nominatim", url, "--buffer", rng.choice(["0", "500", *NUMBERS])],
            ["cache", *rng.choice([[], ["--clear"], ["--clear", "x"]])],
            ["schema", *rng.choice([[], ["x"]])],
            ["info", *rng.choice([[], ["--walking-table"], ["--x"]])],
            ["check", str(village.config), *rng.choice([["--json"], ["--lang", "en"], ["--lang", "fr"], ["-v"], ["-q"], ["-v", "-q"], ["x"]])],
            ["run", str(village.config), "--threads", rng.choice(["1", "2", "0", "1024", "1025", *NUMBERS]), "--out", str(village.path("out"))],
            [rng.choice(["rnu", "", "-", "--", "run run", "help", "-h", "--version", "RUN", "\x00"[:0] + "检查"])],
            ["compare", str(village.folder), str(village.path(rng.choice(["无", "people.csv", "."]))), "--out", str(village.path("out"))],
            ["trend", *[str(village.path(rng.choice(["无", "people.csv", "."]))) for _ in range(rng.choice([0, 1, 3]))]],
            ["verify", rng.choice([str(village.folder), str(village.config), "", "/", "/dev/null"])],
        ]
    )  # fmt: skip
    return argv, None, ()


def make(rng, village):
    """Give a command line nobody means."""
    argv, out, whole = rng.choice(
        [_isochrone, _isochrone, _rank, _site, _site, _planned, _planned, _init, _others, _others]
    )(rng, village)
    said = {a for a in argv if len(a) > 1}
    names = frozenset(
        {
            *said,
            "--",
            "Usage",
            "用法",
            "circle15 ",
            str(village.folder),
            "项目.csv",
            "planning.",
            "DIR",
            "CONFIG",
            "PLACE",
            "candidates",
            "/:",
        }
    )
    label = " ".join(a.replace(str(village.folder), "") for a in argv)[:150]
    return Case(
        label,
        tuple(argv),
        names,
        out if whole else None,
        whole,
        (1, 2) if argv[0] in {"site", "verify", "compare", "trend", "rank"} else (2,),
    )
