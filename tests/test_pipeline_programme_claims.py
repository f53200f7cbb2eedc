"""Every claim of best, most and least that a programme makes in words is so in its tables, over generated programmes."""

import re
from dataclasses import replace

import numpy as np
import pytest

from circle15.config.certainty import CertaintyTable
from circle15.config.model import load_config
from circle15.config.plans.programme_table import ProgrammeTable
from circle15.pipeline.projects.programme.held_programme import hold_programme
from circle15.pipeline.projects.programme.programme_tables import programme_tables
from circle15.pipeline.projects.programme.programmed import solve_district_programme
from circle15.pipeline.study.clock import Clock
from circle15.pipeline.study.read_study import read_study
from circle15.pipeline.tables.measured import measure_service
from circle15.said import in_

CLAIM = {
    "zh": re.compile("最(?!少缺口|低)|没有更好|至少|全部|多于|相同|都"),
    "en": re.compile(r"\b(least|most|best|better|worst|fewest|largest|all|more|same)\b"),
}
HARMLESS = {
    "zh": ("最差街道的覆盖率", "最优", "各服务合计", "在同样少地偏离目标的方案中"),
    "en": ("worst street", "share-years over all services", "among the choices that miss the goals by as little"),
}
"""What is counted and how it was sought, which the other checks hold against the tables."""


@pytest.fixture(scope="module")
def sample(root):
    study = read_study(load_config(root / "data" / "sample" / "programme.toml"), Clock(None))
    return study, [measure_service(layer, study) for layer in study.config.layers]


def generated(rng):
    """Give the keys of a [programme] at random."""
    years = [2025, 2026, 2027][: int(rng.integers(1, 4))]
    goals = []
    for layer in ("nursery", "elderly_meals"):
        if rng.random() < 0.6:
            goals.append(
                {"layer": layer, "year": int(rng.choice(years)), "covered_share": float(rng.uniform(0.5, 0.99))}
            )
        if rng.random() < 0.4:
            goals.append({"layer": layer, "least_unit_share": float(rng.uniform(0.3, 0.9))})
    if rng.random() < 0.3:
        goals.append({"layer": "nursery", "places_per_1000": float(rng.uniform(3, 6))})
    budget = None if rng.random() < 0.15 else [float(rng.integers(40, 400)) for _ in years]
    aim = str(rng.choice(["people", "people", "places", "worst_street"]))
    return {"years": years, "budget": budget, "goals": goals, "maximise": aim, "carry_over": bool(rng.random() < 0.3)}


def solved_of(sample, keys, draws=0):
    study, services = sample
    table = ProgrammeTable.model_validate({"candidates": "备选项目.csv", **keys})
    certainty = CertaintyTable(draws=draws, position_m=60.0, people_cv=0.8) if draws else None
    config = study.config.model_copy(update={"programme": table, "certainty": certainty})
    solved = solve_district_programme(replace(study, config=config), services)
    return replace(solved, held=hold_programme(solved))


@pytest.mark.parametrize("seed", range(12))
def test_every_claim_of_a_programme_is_so_in_its_tables(sample, seed):
    solved = solved_of(sample, generated(np.random.default_rng([seed, 17])), draws=5 if seed % 4 == 0 else 0)
    tables = programme_tables(solved)
    for lang in ("zh", "en"):
        rest = [str(in_(said, lang)) for said in tables["programme_proof"]["statement"]]
        for check in (_totals, _best, _greedy, _goals, _held):
            rest = check(solved, tables, rest, lang)
        left = " ".join(rest)
        for phrase in HARMLESS[lang]:
            left = left.replace(phrase, " ")
        notes = [str(in_(said, lang)) for said in solved.told]
        for note in notes:
            left = left.replace(note, " ")
        assert not CLAIM[lang].search(left), left


def value_of(table, solved):
    """Sum what rows of projects add over the years in which they stand."""
    years = list(solved.programme.years)
    column = "newly_covered_people" if solved.programme.maximise == "people" else "places_filled"
    stands = np.array([len(years) - years.index(year) for year in table["year"]], dtype=float)
    weight = np.array([solved.programme.weights.get(layer, 1.0) for layer in table["layer"]], dtype=float)
    return float((table[column].fillna(0.0).to_numpy() * stands * weight).sum())


def _taken(rest, pattern):
    """Take out what a pattern finds; give the matches and the rest."""
    found = [m for sentence in rest for m in pattern.finditer(sentence)]
    return found, [pattern.sub(" ", sentence) for sentence in rest]


def _number(text):
    return float(text.replace(",", ""))


def _totals(solved, tables, rest, lang):
    """How many projects for how much money, and what that adds up to."""
    pattern = re.compile({
        "zh": r"共建 (?P<n>\d+) 个项目，投资 (?P<m>[\d,.]+) 万元；.*?各年合计 (?P<v>[\d,.]+)",
        "en": r"(?P<n>\d+) projects from .*? for (?P<m>[\d,.]+) 万元; .*?summed over the years: (?P<v>[\d,.]+)",
    }[lang])  # fmt: skip
    (said,), rest = _taken(rest, pattern)
    table = tables["programme"]
    assert int(said["n"]) == table["order"].nunique()
    assert _number(said["m"]) == pytest.approx(table["cost"].fillna(0).sum(), abs=0.051)
    if solved.programme.maximise == "people":
        assert _number(said["v"]) == pytest.approx(value_of(table, solved), abs=0.6)
    if solved.programme.maximise == "worst_street":
        units = tables["programme_units"]
        streets = units[(units["unit_id"] != solved.study.district.id) & (units["people"] > 0)]
        worst = streets.groupby(["year", "layer"])["covered_share"].min().sum()
        assert _number(said["v"]) == pytest.approx(worst, abs=6e-4)
    return rest


def _best(solved, tables, rest, lang):
    """That nothing is better: no project built otherwise, in another year or not at all, gives more."""
    del tables
    said, rest = _taken(rest, re.compile({"zh": "已证明没有更好的方案", "en": "no choice is better: proven"}[lang]))
    found = solved.found
    assert bool(said) == (found.gap <= 1e-6)
    if said and found.status == "optimal":
        task = replace(solved.task, budget=solved.task.budget + found.overdrawn)
        lacks = task.lacks(found.year_built)
        for option in range(len(found.year_built)):
            for year in range(-1, task.n_years):
                other = found.year_built.copy()
                other[option] = year
                if task.is_allowed(other) and (task.lacks(other) <= lacks + 1e-9).all():
                    assert task.value(other) <= found.objective * (1 + 1e-6) + 1e-6
    return rest


def _greedy(solved, tables, rest, lang):
    """What greedy order has, and whether that is less, as much or more; more only where it breaks a rule."""
    pattern = re.compile({
        "zh": r"逐年逐点择优得 (?P<v>[\d,.]+) [^，；]*?(?:（[^）]*）)?(?P<w>，与本计划相同|，本计划多 (?P<d>[\d,.]+)（[\d.]+%）|，多于本计划)",
        "en": r"year by year greedily: (?P<v>[\d,.]+) [^,;]*?(?P<w>, the same as this programme|; this programme has (?P<d>[\d,.]+) more \([\d.]+%\)|, more than this programme)",
    }[lang])  # fmt: skip
    (said,), rest = _taken(rest, pattern)
    greedy, best = _number(said["v"]), solved.found.objective
    if solved.programme.maximise == "people":
        assert greedy == pytest.approx(value_of(tables["programme_greedy"], solved), abs=0.6)
    if said["d"]:
        assert _number(said["d"]) == pytest.approx(best - solved.found.greedy_objective, abs=0.6)
        assert solved.found.greedy_objective < best
    elif "同" in said["w"] or "same" in said["w"]:
        assert solved.found.greedy_objective == pytest.approx(best)
    else:
        assert solved.found.greedy_objective > best
        is_allowed = solved.task.is_allowed(solved.found.greedy)
        assert not is_allowed or (solved.task.lacks(solved.found.greedy) > 0).any() or solved.found.status != "optimal"
    return rest


def _goals(solved, tables, rest, lang):
    """Whether all goals are met, how many are not, and that what would meet them is the least only where proven."""
    goals = tables["programme_goals"]
    for row in goals.itertuples(index=False):
        is_met = row.reached <= row.target + 1e-6 if row.goal_kind == "most_places_missing" else (
            row.reached >= row.target - 1e-6
        )  # fmt: skip
        assert row.is_met == is_met
    everything, rest = _taken(rest, re.compile({
        "zh": r"全部 (\d+) 条目标都按期达到", "en": r"all (\d+) lines of the goals are met in time"}[lang]))  # fmt: skip
    assert [int(m[1]) for m in everything] == ([len(goals)] if len(goals) and goals["is_met"].all() else [])
    unmet, rest = _taken(rest, re.compile({
        "zh": r"(\d+) 条目标在现有资金与备选下不能达到；要全部达到，(至少：|可行（未证明最少）：)?.*",
        "en": r"(\d+) lines of the goals cannot be met with this money and these candidates; to meet all, (at least: |enough \(not proven least\): )?.*",
    }[lang]))  # fmt: skip
    assert [int(m[1]) for m in unmet] == ([int((~goals["is_met"]).sum())] if not goals["is_met"].all() else [])
    for m in unmet:
        proven = m[2] in {"至少：", "at least: "}
        assert not proven or solved.found.additions.is_proven
    misses, rest = _taken(rest, re.compile({"zh": r"；但有 (\d+) 条目标达不到", "en": r", but it misses (\d+) lines of the goals"}[lang]))  # fmt: skip
    lacks = int((solved.task.lacks(solved.found.greedy) > 0).sum())
    assert [int(m[1]) for m in misses] == ([lacks] if lacks else [])
    return rest


def _held(solved, tables, rest, lang):
    """Which projects hold in 95 % of the draws, and which goal is met least often."""
    if solved.held is None:
        return rest
    pattern = re.compile({
        "zh": r"：(?P<p>[^：]*?) 在至少 95% 的抽样中都入选（稳妥项目）|没有在至少 95% 的抽样中都入选的项目",
        "en": r"draws: (?P<p>.*?) in at least 95 % of them \(no regret\)|no project is chosen in 95 % of them",
    }[lang])  # fmt: skip
    said, rest = _taken(rest, pattern)
    own = tables["programme"].query("~is_decided")
    firm = set(own.loc[own["no_regret"].astype(bool), "name"])
    assert (own["no_regret"] == (own["chosen_share"] >= 0.95)).all()
    if len(own):
        (one,) = said
        assert set(re.split("、|, ", one["p"])) == firm if one["p"] else not firm
    goals = tables["programme_goals"]
    weak, rest = _taken(
        rest, re.compile({"zh": "；最难稳定达到的是“(?P<g>.*?)”（", "en": r"; least surely (?P<g>.*) \("}[lang])
    )
    for one in weak:
        named = goals[[str(in_(goal, lang)) == one["g"] for goal in goals["goal"]]]
        assert named["met_share"].min() == goals["met_share"].min()
    _, rest = _taken(rest, re.compile({
        "zh": r"本计划不作调整，在 .*? 的抽样中按期达到全部目标",
        "en": r"as it stands the programme meets all its goals in .*? of the draws",
    }[lang]))  # fmt: skip
    if len(goals):
        assert solved.held.all_met_share <= goals["met_share"].min() + 1e-9
    return rest
