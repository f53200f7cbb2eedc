"""Scenario files as the map's what-if writes them, cut, bent and put together wrongly."""

from tests.hostile.cases import Case
from tests.hostile.spoiling import cut_off, doubled, flipped
from tests.hostile.village import SOUTH, STEP, WEST

LONS = (
    "121.503",
    "121.5031234567890123",
    "nan",
    "inf",
    "181",
    "-180",
    "0",
    '"121.5"',
    "1e308",
    "29.9",
    "[121.5]",
    "121",
)
LATS = ("29.903", "29.9", "nan", "91", "-90", "1e-320", "true", "121.5", "90.0000001")
TEXTS = (
    '"新建"',
    '""',
    '"\\u0000"',
    '"\\u001b[2J"',
    '"=1+1"',
    '"' + "长" * 3000 + '"',
    "5",
    '"<script>alert(1)</script>"',
    '"\\u202e"',
    '"../x"',
    '"nursery-1"',
)
NUMBERS = ("40", "0", "-1", "1e308", "nan", "9223372036854775808", '"40"', "1e-300", "inf")
LINES = (
    f"[[{WEST}, {SOUTH + STEP / 2}], [{WEST + 4 * STEP}, {SOUTH + STEP / 2}]]", "[]", "[[121.5, 29.9]]", "[[121.5, 29.9], [121.5, 29.9]]", "[[121.5, 29.9, 3], [121.6, 29.9]]",
    "[[0, 0], [180, 90]]", "[[-180, 0], [180, 0]]", "[[nan, 0], [1, 1]]", '"units.geojson"', '"streets.osm"', '"无.geojson"', "[[29.9, 121.5], [29.9, 121.6]]", '[["a", "b"]]',
    "[" + ", ".join(f"[{WEST + (k * 37 % 100) * 8e-5:.6f}, {SOUTH + (k * 61 % 100) * 8e-5:.6f}]" for k in range(400)) + "]", "5", "{}", "[[121.5, 29.9], [121.5000000001, 29.9]]",
)  # fmt: skip
IDS = ('"nursery-1"', '"1"', '"第1托育园"', '""', '"无"', "1", '"nursery-2"')


def _change(rng):
    kind = rng.choice(
        ["add_facility", "add_facility", "close_facility", "set_capacity", "add_path", "close_path", "fly"]
    )
    keys = {
        "add_facility": {"layer": ('"nursery"', '"x"', '""', "5"), "lon": LONS, "lat": LATS, "name": TEXTS, "id": TEXTS, "capacity": NUMBERS, "cost": NUMBERS},
        "close_facility": {"id": IDS, "layer": ('"nursery"', '"x"')},
        "set_capacity": {"id": IDS, "capacity": NUMBERS, "layer": ('"nursery"',)},
        "add_path": {"line": LINES, "name": TEXTS, "cost": NUMBERS, "tolerance_m": NUMBERS},
        "close_path": {"line": LINES, "name": TEXTS, "tolerance_m": NUMBERS},
        "fly": {"id": IDS},
    }[kind]  # fmt: skip
    needed = {"layer", "lon", "lat", "id" if kind != "add_facility" else "", "line"}
    lines = [f'kind = "{kind}"']
    for key, values in keys.items():
        if rng.random() < (0.95 if key in needed else 0.4):
            lines.append(f"{key} = {values[0] if rng.random() < 0.88 else rng.choice(values)}")
    if rng.random() < 0.05:
        lines.append(rng.choice(["x = 1", "lines = []", 'kind = "close_facility"']))
    return "[[change]]\n" + "\n".join(lines)


def _expected(rng):
    digest = rng.choice(["0" * 64, "a" * 63, "A" * 64, "", "g" * 64])
    unit = rng.choice(['"village"', '"330205001000"', '"x"', "5"])
    total = f'{{ unit_id = {unit}, layer = "nursery", covered_people = {rng.choice(NUMBERS)} }}'
    return f'[expected]\nbase_sha256 = "{digest}"\ntotals = [{", ".join([total] * rng.choice([0, 1, 1, 3]))}]'


def make(rng, village):
    """Write a scenario of a few changes, one of them odd or the file spoiled."""
    path = village.path("方案.toml" if rng.random() < 0.3 else "scenario.toml")
    base = rng.choice(['"village.toml"'] * 25 + [f'"{path.name}"', '"无.toml"', "5", '"."', '"units.geojson"'])
    parts = [
        "# 方案推演导出 / exported from the what-if on the map",
        f"base = {base}",
        *(_change(rng) for _ in range(rng.choice([0, 1, 1, 2, 4, 40]))),
    ]
    if rng.random() < 0.4:
        parts.append(_expected(rng))
    if rng.random() < 0.1:
        parts.append(
            rng.choice(
                [
                    '[district]\nid = "x"',
                    "[cells]\nresolution = 12",
                    "[[layer]]",
                    '[[layer]]\nid = "nursery"',
                    "[network]",
                    '[population]\nsource = "points"',
                ]
            )
        )
    content = "\n\n".join(parts).encode() + b"\n"
    how = "changes"
    if rng.random() < 0.25:
        spoil = rng.choice([cut_off, doubled, flipped])
        content, how = spoil(rng, content), spoil.__name__
    path.write_bytes(content)
    names = frozenset(
        {path.name, str(village.folder), village.config.name, "units.geojson", "change.", "base", "expected"}
    )
    out, label = village.path("out"), f"{how} {parts[1]} {' '.join(parts[2:])[:150]}"
    if rng.random() < 0.4:
        return Case(label, ("check", str(path)), names)
    return Case(label, ("run", str(path), "--out", str(out)), names, out, ("run.json", "coverage.csv"))
