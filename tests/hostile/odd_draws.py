"""Statements of how far inputs may be off that nobody would make."""

from tests.hostile.cases import Case

SPREADS = ("0", "5", "30.0", "1e5", "1e308", "-1", "nan", "inf", "1e-320", "{ nursery = 20 }", "{ x = 1 }", "{ nursery = -1 }", "{}", "[]", '"x"', "true", "{ nursery = { a = 1 } }")  # fmt: skip
DRAWS = ("0", "1", "2", "7", "20", "100", "-1", "1.5", "100001", "1000000000000", '"x"', "true", "nan")
SEEDS = ("15", "0", "-1", "9223372036854775807", "18446744073709551616", "1.5", '"x"', "1" + "0" * 300)
KEYS = {
    "draws": DRAWS,
    "seed": SEEDS,
    "position_m": SPREADS,
    "speed_sd": SPREADS,
    "walker_sd": SPREADS,
    "people_cv": SPREADS,
    "capacity_cv": SPREADS,
    "fuzzy": ("1",) * 3,
}


def make(rng, village):
    """Draw anew under odd spreads."""
    keys = {"draws": rng.choice(["2", "5", "20"])}
    for key in rng.sample(sorted(KEYS), rng.choice([1, 1, 1, 2, 3])):
        keys[key] = rng.choice(KEYS[key][:4] if rng.random() < 0.6 else KEYS[key])
    if keys["draws"] == "100":
        keys["draws"] = "30"
    table = "[certainty]\n" + "\n".join(f"{key} = {value}" for key, value in keys.items())
    village.say("[outputs]", f"{table}\n[outputs]")
    if rng.random() < 0.3:
        village.say('write = ["coverage"]', 'write = ["coverage", "cells"]')
    if rng.random() < 0.3:
        village.say("minutes = 10", 'minutes = 10\nnorm_per_1000 = 5.5\ncapacity_unit = "托位"')
    if rng.random() < 0.3:
        table = village.path("nursery.csv")
        table.write_text(
            table.read_text("utf-8").replace(",21\n", ",约20\n").replace(",22\n", ",50余\n"), encoding="utf-8"
        )
    out, config = village.path("out"), str(village.config)
    names = frozenset({village.config.name, "certainty"})
    label = " ".join(f"{k}={v[:20]}" for k, v in keys.items())
    command = rng.choice(["run", "run", "run", "check", "rank"])
    if command == "check":
        return Case(label, (command, config), names)
    if command == "rank":
        return Case(label, (command, config, "--robust", "--out", str(out)), names, out, ("ranking.csv",))
    return Case(label, (command, config, "--out", str(out)), names, out, ("run.json", "coverage.csv"))
