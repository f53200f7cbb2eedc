"""Configs that no planner would write."""

import re

from tests.hostile.spoiling import spoil

VALUES = (
    "9" * 5000, "1e308", "-1e308", "-1", "0", "nan", "inf", "1e400", '""', '"' + "x" * 5000 + '"', "[]", "{}", "true", "1979-05-27", "07:32:00",
    "[" * 3000 + "]" * 3000, '"\\u0000"', '"\\u001b[2J"', "1_0", "0x10", "2**3", '"nan"', "{a = {b = {c = 1}}}", "[1, [2, [3]]]", "1000000", "-0.0", "'''\n'''",
)  # fmt: skip
MORE = (
    "min_count = 1000000", "min_count = 9223372036854775807", "norm_per_1000 = 1e308", "norm_per_1000 = 1e-320", "minutes = 1439", "metres = 0.0001",
    'group = "x"', "where = { a = [] }", 'where = { "" = ["x"] }', 'decay = "gaussian"', "fuzzy = 1", 'capacity_field = "托位数"\nnorm_per_1000 = 5.5',
)  # fmt: skip
TABLES = (
    "[certainty]\nseed = -1\n", "[certainty]\ndraws = 1000000000\n", "[walk.adult]\nspeed_m_s = 1e-300\n", "[walk.adult]\nspeed_m_s = 1e300\n", "[walk.x]\n",
    '[policy]\nplace = "nowhere"\nyear = 2027\n', '[policy]\nplace = "jiangbei"\nyear = 999999999\n', "[planning]\nseed = -1\n", '[[change]]\nkind = "x"\n',
    '[[change]]\nkind = "add_facility"\nlayer = "nursery"\nlon = nan\nlat = 1e308\n', '[survey]\npath = "people.csv"\n', '[planning]\ncandidates = "people.csv"\n',
    '[[change]]\nkind = "add_path"\nline = [[121.5, 29.9], [nan, 1]]\n', '[[change]]\nkind = "close_facility"\nlayer = "nursery"\nid = "x"\n', '[headings]\nname = ["托位数"]\n',
    "[portrait]\nweights = {}\n", "[saturation]\nlow = 2\nhigh = 1\n", '[outputs]\ncrs = "EPSG:5703"\n', "[population]\n", "[network]\nbuffer_m = 1e300\n",
)  # fmt: skip


def make(rng, village):
    """Spoil the config."""
    path = village.config
    kind = rng.choice(["bytes", "value", "value", "value", "layer", "table", "twice", "deep", "long", "base", "cells"])
    text = path.read_text("utf-8")
    if kind == "bytes":
        return spoil(rng, path), path.name
    if kind == "value":
        keys = list(re.finditer(r"^(\w+) = .*$", text, re.MULTILINE))
        one = rng.choice(keys)
        value = rng.choice(VALUES)
        text = text[: one.start()] + f"{one[1]} = {value}" + text[one.end() :]
        kind += f" {one[1]} {value[:20]}"
    elif kind == "layer":
        more = rng.choice(MORE)
        text = text.replace("minutes = 10", more if more.startswith(("minutes", "metres")) else f"minutes = 10\n{more}")
        kind += f" {more[:30]}"
    elif kind == "table":
        table = rng.choice(TABLES)
        text += table
        kind += f" {table[:30]!r}"
    elif kind == "twice":
        text += rng.choice([text, "[[layer]]\n" * 500, text.partition("[[layer]]")[2].join(["[[layer]]", ""])])
    elif kind == "deep":
        n = rng.choice([50, 2000, 100_000])
        text += rng.choice(
            [
                "\n[" + "a." * n + "b]\n",
                "\nx = " + "[" * n + "]" * n + "\n",
                "\nx = " + "{a = " * n + "1" + "}" * n + "\n",
                "\n" + "a." * n + "b = 1\n",
            ]
        )
    elif kind == "long":
        text += rng.choice(
            [
                "# " + "x" * 5_000_000,
                "\nx = '" + "y" * 3_000_000 + "'",
                "\n".join(f"k{i} = 1" for i in range(20_000)),
                "\nx = [" + "1," * 300_000 + "]",
            ]
        )
    elif kind == "base":
        text = (
            rng.choice(
                [
                    'base = "village.toml"\n',
                    'base = ""\n',
                    "base = 5\n",
                    'base = "/dev/zero"\n',
                    'base = "nowhere.toml"\n',
                    'base = "people.csv"\n',
                ]
            )
            + text
        )
    else:
        text = text.replace("resolution = 9", f"resolution = {rng.choice([13, 12, 99, -1, 5, 7])}")
    path.write_text(text, encoding="utf-8")
    return kind, path.name
