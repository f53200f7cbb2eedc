"""Programmes and tables of candidates that hold together in no way."""

from tests.hostile.cases import Case
from tests.hostile.spoiling import NUMBERS, spoil, spoil_table
from tests.hostile.village import SOUTH, STEP, WEST, N, place

HEADING = "名称,经度,纬度,服务,造价(万元),容量,最早年份,已立项"
BUDGETS = ("0", "200", "1e308", "-1", "nan", "[1, 2]", "[100, 0, 1e-300]", "{ nursery = 100 }", "{ x = 1 }", "{ nursery = [1, 2, 3] }", "[]", "{}", '"x"', "9999999999999999999999", "true")  # fmt: skip
YEARS = ("[2025, 2026, 2027]", "[2027, 2025]", "[2025, 2025]", "[]", "[0]", "[1949]", "[2200, 2201]", "2025", '["2025"]', "[2025.0]", f"[{', '.join(map(str, range(1950, 2200)))}]", "[[2025]]")  # fmt: skip
GOALS = (
    "covered_share = 0.8", "covered_share = 1", "covered_share = 1e-300", "covered_share = 0", "covered_share = nan", "least_unit_share = 1.0", "places_per_1000 = 1e300",
    "places_per_1000 = 4.5", "most_places_missing = 0", "most_places_missing = -1", "facilities_per_unit = 1000000", "facilities_per_unit = 9223372036854775807",
    "facilities_per_unit = 2", 'unit = "西街道", covered_share = 0.9', 'unit = "无", covered_share = 0.9', "covered_share = 0.5, least_unit_share = 0.5", "",
    "year = 2026, covered_share = 0.9", "year = 1, covered_share = 0.9", 'unit = "330205001000", facilities_per_unit = 3', 'unit = "", covered_share = 1',
)  # fmt: skip
MORE = (
    'maximise = "places"', 'maximise = "worst_street"', 'maximise = "x"', "weights = { nursery = 1e300 }", "weights = { nursery = 1e-300 }", "weights = { x = 1 }", "seconds = 1e-300",
    "seconds = 5", "seconds = 1e300", "projects_per_year = 0", "projects_per_year = [1, 1, 1]", "projects_per_year = 9223372036854775807", 'decided = "nursery.csv"', 'decided = "village.toml"',
    "carry_over = true", 'decided = "无.csv"', "", "", "",
)  # fmt: skip


def candidates(rng):
    """Give rows of a table of candidates, sound ones."""
    rows = [HEADING]
    for k in range(rng.choice([1, 6, 6, 12])):
        x, y = place(rng.random() * (N - 1), rng.random() * (N - 1))
        rows.append(
            f"地块{k},{x:.6f},{y:.6f},托育,{rng.randrange(20, 200)},{rng.randrange(10, 90)},{rng.choice(['', '', '2026'])},{rng.choice(['', '', '是'])}"
        )
    return "\n".join(rows) + "\n"


def make(rng, village):
    """Write a table of candidates and a programme, spoil one or both, and plan with them."""
    path = village.path("备选.csv")
    text, how = candidates(rng), "sound"
    if rng.random() < 0.6:
        text, how = spoil_table(rng, text)
    path.write_bytes(text.encode(rng.choice(["utf-8", "utf-8", "gb18030", "utf-16"]), errors="replace"))
    if rng.random() < 0.15:
        how = spoil(rng, path)
    if rng.random() < 0.1:
        far = rng.choice([(0, 0), (-1e3, 1e3), (WEST + 3, SOUTH), (SOUTH, WEST), (WEST * 1e5, SOUTH * 1e5)])
        path.write_text(
            f"{HEADING}\n远,{far[0]},{far[1]},托育,1,1,,\n近,{WEST + STEP},{SOUTH + STEP},托育,1,1,,\n",
            encoding="utf-8",
        )
        how = f"far {far}"
    is_odd = how == "sound" or rng.random() < 0.4
    years, budget, goal, more = YEARS[0], "200", GOALS[0], ""
    if is_odd:
        years = rng.choice([years, years, rng.choice(YEARS)])
        budget, goal, more = rng.choice([budget, rng.choice(BUDGETS)]), rng.choice(GOALS), rng.choice(MORE)
    goals = ", ".join(
        f'{{ layer = "nursery", {g} }}' if g else '{ layer = "x" }'
        for g in [goal] * rng.choice([1, 1, 2, 60 if is_odd else 1])
    )
    village.say(
        "minutes = 10", rng.choice(["minutes = 10", 'minutes = 2\nnorm_per_1000 = 5.5\ncapacity_unit = "托位"'])
    )
    table = f'\n[planning]\ncrs = "wgs84"\n[programme]\nyears = {years}\nbudget = {budget}\ncandidates = "备选.csv"\ngoals = [{goals}]\n{more}\n'
    command = rng.choice(["programme", "programme", "programme", "check", "run", "rank", "site"])
    out, config = village.path("out"), str(village.config)
    names = frozenset({path.name, village.config.name, "nursery.csv", "programme.", "planning."})
    label = f"{how}; {years[:30]} {budget[:20]} {goal} {more}"
    if command in {"rank", "site"}:
        village.config.write_text(village.config.read_text("utf-8") + '\n[planning]\ncrs = "wgs84"\n', encoding="utf-8")
        number = rng.choice(["1", "3", "0", "1000000", "-1", rng.choice(NUMBERS) or "x"])
        if command == "rank":
            argv = (
                command,
                config,
                "--candidates",
                str(path),
                "--top",
                number,
                "--by",
                rng.choice(["people", "gap", "places", "people-per-cost"]),
            )
        else:
            model = rng.choice(["mclp", "set-cover", "p-median", "p-centre", "capacitated"])
            argv = (
                command,
                config,
                "--layer",
                "nursery",
                "--model",
                model,
                "--candidates",
                str(path),
                "--p",
                number,
                "--time-limit",
                "5",
            )
        whole = {"rank": "ranking.csv", "site": "siting.csv"}[command]
        return Case(
            f"{how} {command} {number}",
            (*argv, "--out", str(out)),
            names | {"--p", "--top", "--", "norm_per_1000"},
            out,
            (whole,),
            (1, 2),
        )
    village.config.write_text(village.config.read_text("utf-8") + table, encoding="utf-8")
    if command == "check":
        return Case(label, (command, config), names)
    whole = "programme.csv" if command == "programme" else "run.json"
    return Case(label, (command, config, "--out", str(out)), names, out, (whole,))
