"""Batches whose districts contradict each other."""

from tests.hostile.cases import Case
from tests.hostile.spoiling import flipped, spoil
from tests.hostile.village import CONFIG, SOUTH, STEP, WEST

WHOLE = f"box:{WEST},{SOUTH},{WEST + 4 * STEP},{SOUTH + 4 * STEP}"
BOXES = (
    WHOLE, "units.geojson", WHOLE,
    f"box:{WEST},{SOUTH},{WEST + 2 * STEP},{SOUTH + 4 * STEP}", f"box:{WEST + 2 * STEP},{SOUTH},{WEST + 4 * STEP},{SOUTH + 4 * STEP}", "units.geojson#西街道", "units.geojson#330205002000",
    "units.geojson", "box:0,0,1,1", "box:1,1,0,0", "box:", "box:nan,0,1,1", f"box:{WEST},{SOUTH},{WEST},{SOUTH}", "无.geojson", "units.geojson#无", "adcode:999999", "box:-180,-90,180,90", "osm:x=y",
)  # fmt: skip
IDS = ("a", "b", "c", "village", "a", "", "../a", "A", "a/b", "con", "summary", "run.json", "x" * 300, "a b", "-", "甲")
MORE = (
    "", "", "", "population.total = 1000", "population.total = -1", "population.total = 1e308", "population = 5", "layer = []", 'layer = [{ id = "nursery", minutes = 5 }]', 'layer = [{ id = "x" }]',
    "cells.resolution = 10", "cells.resolution = 99", 'network.source = "无.osm"', "x = 1", 'units = "无.geojson"', 'lang = "fr"', "walk = {}", 'layer = "x"', "layer = [5]", "outputs.write = []", "as_of = 2024-13-01",
)  # fmt: skip


def _file(rng, village):
    shared = CONFIG.replace('id = "village"\nname = "小镇"\nboundary = "units.geojson"\n', "")
    blocks = []
    for k in range(rng.choice([1, 2, 2, 3])):
        name = chr(97 + k) if rng.random() < 0.8 else rng.choice(IDS)
        box = BOXES[k] if rng.random() < 0.75 else rng.choice(BOXES)
        blocks.append(
            f'[[districts]]\nid = "{name}"\nname = "区{k}"\nboundary = "{box}"\n{rng.choice(MORE) if rng.random() < 0.4 else ""}\n'
        )
    if rng.random() < 0.1:
        blocks = [
            rng.choice(
                ["districts = []\n", "districts = 5\n", "[districts]\nid = 5\n", "districts = [5]\n", "[[districts]]\n"]
            )
        ]
        text = blocks[0] + shared if "[" not in blocks[0].split("=")[0] else shared + blocks[0]
    else:
        text = shared + "\n".join(blocks)
    path = village.path("batch.toml")
    path.write_bytes(flipped(rng, text.encode(), 3) if rng.random() < 0.15 else text.encode())
    return [path], " ".join(blocks)[:200].replace("\n", " ")


def _configs(rng, village):
    """Several configs, or a folder of them with what is none."""
    folder = village.path("configs")
    folder.mkdir()
    paths = []
    for k in range(rng.choice([1, 2, 3])):
        text = (
            village.config.read_text("utf-8")
            .replace('"units.geojson"', '"../units.geojson"')
            .replace('"streets.osm"', '"../streets.osm"')
        )
        text = text.replace('"people.csv"', '"../people.csv"').replace('"nursery.csv"', '"../nursery.csv"')
        paths.append(folder / f"{k}.toml")
        paths[-1].write_text(text.replace('id = "village"', f'id = "{rng.choice([f"d{k}", "d0"])}"'), encoding="utf-8")
    how = "sound"
    if rng.random() < 0.7:
        how = spoil(rng, paths[-1])
    if rng.random() < 0.3:
        (folder / "x.toml").mkdir()
    if rng.random() < 0.3:
        (folder / "loop.toml").symlink_to("loop.toml")
    given = rng.choice(
        [
            [folder],
            [folder, *paths],
            [*paths, paths[0]],
            [folder / "无"],
            [folder, village.folder],
            [village.path("people.csv")],
        ]
    )
    return given, f"configs {how}"


def make(rng, village):
    """Write a batch of which something is odd and run it in this very process."""
    given, label = rng.choice([_file, _file, _configs])(rng, village)
    out = village.path("out")
    argv = ("batch", *map(str, given), "--out", str(out), "--jobs", "1", "--lang", "en")
    if rng.random() < 0.2:
        argv += rng.choice(
            [
                ("--resume",),
                ("--previous", str(village.folder)),
                ("--memory-limit", rng.choice(["1KB", "2GB", "x", "-1", "1e400"])),
            ]
        )
    names = frozenset(
        {"batch.toml", "configs", "people.csv", "village", "units.geojson", "--memory-limit", "--previous"}
    )
    return Case(label, argv, names, out, ("summary.csv", "run.json"), (1, 2), keeps_parts=True)
