"""The what-if on a district's page gives, number by number, what a run of the same scenario gives."""

import json
import math
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from click.testing import CliRunner

from circle15.cli import main
from circle15.config.model import load_config
from circle15.pipeline import run_district
from tests.whatif_runs import differences, expected, numbers_of, study_of
from tests.whatif_town import RandomChanges, write_town

CONFIGS = {"monaco": "data/monaco.toml", "sample": "data/sample/sample.toml"}
QUICK = {"town": 11, "sample": 5, "monaco": 4}
KINDS = {"add_facility", "close_facility", "set_capacity", "add_path", "close_path"}


@pytest.fixture(scope="module")
def districts(root, tmp_path_factory):
    """Give the study of a district and the page of its run, made once."""
    made = {}

    def district(name):
        if name not in made:
            folder = tmp_path_factory.mktemp(name)
            path = write_town(folder) if name == "town" else root / CONFIGS[name]
            config = load_config(path)
            outputs = config.outputs.model_copy(update={"write": ("cells", "coverage", "map"), "isochrones": "none"})
            config = config.model_copy(update={"outputs": outputs})
            made[name] = (study_of(config), run_district(config, out=folder / "out").folder / "index.html", path)
        return made[name]

    return district


def ask(opened, name, *args):
    """Call a function of the page's what-if; a refusal comes back as {said, change}."""
    return opened.page.evaluate(
        "async ([name, args]) => { try { const a = await circle15.whatif[name](...args);"
        " return JSON.parse(JSON.stringify(a, (k, v) => ArrayBuffer.isView(v) ? Array.from(v) : v)); }"
        " catch (e) { if (!e.said) throw e; return {said: e.said, change: e.change}; } }",
        [name, args],
    )


def compare(opened, study, seed, n):
    """Evaluate random scenarios both ways; give the differences, and how many scenarios were compared."""
    draw, told, compared, kinds = RandomChanges(study, seed), [], 0, set()
    for number in range(n):
        changes = draw.scenario()
        right, found = expected(study, changes), ask(opened, "evaluate", changes)
        if right is None or "said" in found:
            if (right is None) != ("said" in found):
                told.append((number, changes, found.get("said", "no refusal")))
            continue
        compared += 1
        kinds |= {c["kind"] for c in changes}
        told += [(number, [c["kind"] for c in changes], d) for d in differences(found, right)[:3]]
    return told, compared, kinds


@pytest.mark.parametrize("name", QUICK)
def test_random_scenarios_have_the_numbers_of_their_run(open_page, districts, name):
    study, page, _ = districts(name)
    told, compared, kinds = compare(open_page(page), study, 15, QUICK[name])
    assert told == []
    assert compared >= QUICK[name] / 2
    assert len(kinds) >= 3


@pytest.mark.slow
@pytest.mark.parametrize("name", QUICK)
def test_a_hundred_random_scenarios_of_each_district_have_the_numbers_of_their_run(open_page, districts, name):
    study, page, _ = districts(name)
    told, compared, kinds = compare(open_page(page), study, 2027, 100)
    assert told == []
    assert compared >= 50
    assert kinds == KINDS


def as_toml(changes, base):
    """Write changes as the scenario file that a run takes."""
    tables = ["\n".join(f"{k} = {json.dumps(v)}" for k, v in change.items()) for change in changes]
    return "\n".join([f"base = {json.dumps(base)}", *(f"[[change]]\n{table}" for table in tables)])


def test_what_the_command_line_runs_is_what_the_page_said(open_page, districts, tmp_path):
    study, page, config = districts("town")
    draw = RandomChanges(study, 4)
    changes = next(c for c in iter(draw.scenario, None) if len({x["kind"] for x in c}) > 2 and expected(study, c))
    scenario = config.with_name("scenario.toml")
    scenario.write_text(as_toml(changes, config.name), encoding="utf-8")
    done = CliRunner().invoke(main, ["run", str(scenario), "--out", str(tmp_path / "out")])
    assert done.exit_code == 0, done.output
    found = ask(open_page(page), "evaluate", changes)
    cover, gaps = (pd.read_csv(tmp_path / "out" / f"{t}.csv", encoding="utf-8-sig") for t in ("coverage", "gaps"))
    cells = pd.read_parquet(tmp_path / "out" / "cells.parquet")
    right = cover.merge(gaps[["unit_id", "layer", "gap"]], on=["unit_id", "layer"])
    for row, unit in zip(right.itertuples(), found["units"], strict=True):
        assert (row.unit_id, row.layer) == (unit["unit_id"], unit["layer"])
        assert abs(row.covered_people - unit["covered_people"]) <= 5.1e-4
        assert abs(row.gap - unit["gap"]) <= 5.1e-4
    for layer, times in found["cells"].items():
        assert [None if math.isnan(s) else round(s * 1000) for s in cells[f"{layer}_seconds"]] == times


def test_a_step_of_a_drag_is_the_difference_of_two_scenarios(open_page, districts):
    study, page, _ = districts("town")
    opened, draw, n_compared = open_page(page), RandomChanges(study, 8), 0
    for layer in draw.layers:
        for moved in (
            [],
            [
                {
                    "kind": "close_facility",
                    "layer": layer,
                    "id": study.facilities.iloc[study.rows_of(layer)[2]]["facility_id"],
                }
            ],
        ):
            others = [] if moved else draw.scenario()
            changes = [*others, *moved, *draw._add(layer)]
            moving = list(range(len(others), len(changes)))
            before, after = ask(opened, "evaluate", others), ask(opened, "evaluate", changes)
            if "said" in after:
                continue
            n_compared += 1
            step = ask(opened, "drag", changes, moving, {k: changes[-1][k] for k in ("lon", "lat")})
            own = [[u for u in result["units"] if u["layer"] == layer] for result in (before, after)]
            for unit, was, is_ in zip(step["units"], *own, strict=True):
                assert unit["covered_before"] == pytest.approx(was["covered_people"], abs=1e-6)
                assert unit["covered_after"] == pytest.approx(is_["covered_people"], abs=1e-6)
                assert unit["gap_before"] == pytest.approx(was["gap"], abs=1e-6)
                assert unit["gap_after"] == pytest.approx(is_["gap"], abs=1e-6)
            covered = [np.array(result["covered"][layer], dtype=bool) for result in (before, after)]
            assert sorted(step["gained"]) == np.flatnonzero(covered[1] & ~covered[0]).tolist()
            assert sorted(step["lost"]) == np.flatnonzero(covered[0] & ~covered[1]).tolist()
    assert n_compared > 4


def test_the_way_of_every_cell_takes_the_time_that_the_map_says(open_page, districts):
    study, page, _ = districts("town")
    opened = open_page(page)
    base = ask(opened, "evaluate", [])
    n_waits = 0
    for layer in [layer.id for layer in study.config.layers]:
        for row in range(0, len(base["cells"][layer]), 37):
            way = ask(opened, "way", layer, row, [])
            assert way["ms"] == base["cells"][layer][row]
            if not way["reached"]:
                assert way["why"]["zh"]
                assert way["why"]["en"]
                continue
            assert way["ms_at"][-1] == pytest.approx(way["ms"])
            assert way["ms_at"] == sorted(way["ms_at"])
            assert len(way["line"]) == len(way["ms_at"])
            paid = way["access_start_ms"] + way["access_end_ms"] + way["wait_ms"] + way["extra_ms"]
            profile = study.config.walk[next(x.profile for x in study.config.layers if x.id == layer)]
            assert paid + way["length_m"] / profile.speed_m_s * 1000 == pytest.approx(way["ms"], abs=1)
            n_waits += way["n_waits"]
    assert n_waits > 0


def test_a_change_that_a_run_refuses_is_refused_with_its_reason(open_page, districts):
    study, page, _ = districts("town")
    opened = open_page(page)
    f = study.facilities.iloc[0]
    add = {"kind": "add_facility", "layer": "school", "lon": float(f["lon"]), "lat": float(f["lat"])}
    refused = {
        "no facility has the id": {"kind": "close_facility", "id": "nobody"},
        "outside the district": {**add, "lon": 0.0, "lat": 0.0},
        "is another facility's": {**add, "id": f["facility_id"]},
        'no layer "shop"': {**add, "layer": "shop"},
        "joins no street": {"kind": "add_path", "line": [[0, 0], [0, 1]]},
        "no street lies along": {"kind": "close_path", "line": [[0, 0], [0, 1]]},
        "two different points": {"kind": "add_path", "line": [[1, 1], [1, 1]]},
        'kind "paint"': {"kind": "paint"},
        "0 or more": {"kind": "set_capacity", "id": f["facility_id"], "layer": f["layer"], "capacity": -1},
    }
    for text, change in refused.items():
        found = ask(opened, "evaluate", [add, change])
        assert text in found["said"]["en"], change
        assert any("\u4e00" <= c <= "\u9fff" for c in found["said"]["zh"])
        assert found["change"] == 1


@pytest.mark.parametrize("name", ["town", "sample"])
def test_a_service_that_loses_its_places_or_first_states_some_is_counted_as_in_a_run(open_page, districts, name):
    study, page, _ = districts(name)
    opened, n_refused = open_page(page), 0
    for layer in study.config.layers[:2]:
        own = study.facilities.iloc[study.rows_of(layer.id)]
        close = [{"kind": "close_facility", "layer": layer.id, "id": i} for i in own["facility_id"]]
        at = {k: float(own[k].iloc[0]) for k in ("lon", "lat")}
        add = {"kind": "add_facility", "layer": layer.id, **at}
        for changes in (
            close,
            [*close, add],
            [*close, {**add, "capacity": 50.0}],
            [*close[1:], add],
            [add] * 3,
            close[1:],
        ):
            right, found = expected(study, changes), ask(opened, "evaluate", changes)
            assert (right is None) is ("said" in found), changes
            n_refused += right is None
            assert right is None or differences(found, right) == []
    assert n_refused > 0


def test_minutes_and_pace_that_are_tried_are_those_of_a_config_that_states_them(open_page, districts):
    study, page, config = districts("town")
    opened = open_page(page)
    for tried in ({"clinic": 6.0, "nursery": 5.5}, {"clinic": 11.0, "nursery": 12.5, "meals": 3.0}):
        found = ask(opened, "evaluate", [], {"minutes": tried})
        layers = tuple(x.model_copy(update={"minutes": tried.get(x.id, x.minutes)}) for x in study.config.layers)
        stated = replace(study, config=study.config.model_copy(update={"layers": layers}))
        assert differences(found, numbers_of(stated)) == []
        assert found["trial"] is True
        assert bool(found["told"]) is (tried["clinic"] > 9)  # the streets beyond the run's buffer are not known
    assert ask(opened, "evaluate", [])["trial"] is False
    assert "pace alone cannot be changed" in ask(opened, "evaluate", [], {"pace": {"elderly": 1.0}})["said"]["en"]
    text = config.read_text(encoding="utf-8").replace("speed_m_s = 1.25", "speed_m_s = 0.7")
    slow = config.with_name("slow.toml")
    slow.write_text(text, encoding="utf-8")
    assert (
        differences(ask(opened, "evaluate", [], {"pace": {"adult": 0.7}}), numbers_of(study_of(load_config(slow))))
        == []
    )


def test_nothing_runs_before_the_what_if_is_asked_for_and_nothing_leaves_the_page(open_page, districts):
    _, page, _ = districts("town")
    opened = open_page(page)
    assert opened.page.evaluate("circle15.whatif.isThere()") is True
    assert opened.page.workers == []
    ask(opened, "ready")
    assert len(opened.page.workers) == 1
    assert all(url.startswith(("file:", "blob:")) for url in opened.requests)
    assert opened.complaints == []


def test_a_config_may_leave_the_what_if_out(open_page, districts, tmp_path):
    study, _, _ = districts("town")
    outputs = study.config.outputs.model_copy(update={"whatif": False})
    folder = run_district(study.config.model_copy(update={"outputs": outputs}), out=tmp_path / "out").folder
    assert open_page(folder / "index.html").page.evaluate("document.getElementById('c15-whatif-data')") is None
