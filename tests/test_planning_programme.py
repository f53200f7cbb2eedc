"""A programme over the years: held against every choice there is."""

from __future__ import annotations

import runpy
from dataclasses import replace

import numpy as np
import pytest
from scipy.sparse import csr_array

from circle15.planning.place_ranking import Gains
from circle15.planning.programme.greedy import greedy_programme
from circle15.planning.programme.solve import solve_programme
from circle15.planning.programme.task import Sites
from tests.small_programmes import Everything, make

SEEDS = range(200)


def _aim(seed: int) -> str:
    return ("people", "people", "places", "worst_street")[seed % 4]


@pytest.mark.parametrize("block", range(10))
def test_no_choice_is_better_than_the_programme(block: int) -> None:
    for seed in SEEDS[block::10]:
        rng = np.random.default_rng(seed)
        made = make(rng, aim=_aim(seed), n_goals=int(seed % 3), with_others=seed % 8 == 2)
        every = Everything(made)
        found = solve_programme(made.task, time_limit_s=20)
        choices = every.choices()
        if not len(choices):
            assert found.overdrawn.sum() > 0, seed
            continue
        lacks = every.lacks(choices)
        fine = ~(lacks > 0).any(axis=1)
        assert (found.status != "goals not met") == fine.any(), seed
        assert made.task.is_allowed(found.year_built), seed
        if fine.any():
            best = every.values(choices[fine]).max()
            assert found.status == "optimal", seed
            assert found.objective == pytest.approx(best, abs=1e-4), seed
            assert every.values(found.year_built[None])[0] == pytest.approx(best, abs=1e-4), seed
            continue
        scale = np.array([max(r.need, 1e-9) for r in made.task.requirements])
        least = (lacks / scale).sum(axis=1)
        near = least <= least.min() + 1e-5
        own = (every.lacks(found.year_built[None]) / scale).sum()
        assert own == pytest.approx(least.min(), abs=1e-4), seed
        assert found.objective == pytest.approx(every.values(choices[near]).max(), abs=1e-3), seed


@pytest.mark.parametrize("block", range(5))
def test_the_least_money_that_is_told_meets_the_goals_and_no_less_does(block: int) -> None:
    n_told = 0
    for seed in SEEDS[block::5]:
        rng = np.random.default_rng(1000 + seed)
        made = make(rng, aim="people", n_goals=2, with_others=seed % 5 == 0)
        every = Everything(made)
        found = solve_programme(made.task, time_limit_s=20)
        anyhow = every.choices(keep_to_money=False)
        fine = anyhow[~(every.lacks(anyhow) > 0).any(axis=1)]
        if found.status != "goals not met":
            continue
        assert found.additions is not None
        assert found.additions.is_money_enough == bool(len(fine)), seed
        if not len(fine):
            continue
        n_told += 1
        least = every.overdraft(fine, made.task.budget).min()
        assert found.additions.money.sum() == pytest.approx(least, abs=1e-5), seed
        more = replace(made.task, budget=made.task.budget + found.additions.money)
        assert solve_programme(more, time_limit_s=20).status == "optimal", seed
    assert n_told


def test_the_fewest_sites_that_are_told_meet_the_goals_and_one_less_does_not() -> None:
    n_told = 0
    for seed in range(60):
        rng = np.random.default_rng(5000 + seed)
        made = make(rng, aim="people", n_goals=2)
        kept = tuple(r for r in made.task.requirements if r.measure in {"people", "facilities"})
        if len(made.task.options) > 5 or not kept:
            continue
        made.task = replace(made.task, requirements=kept)
        n_pieces, n_services = len(made.task.services[0].people), len(made.task.services)
        sites = Sites(
            service=np.repeat(np.arange(n_services), 3),
            unit=np.tile(np.arange(3), n_services),
            reach=tuple(csr_array((rng.random((3, n_pieces)) < 0.4).astype(np.int8)) for _ in range(n_services)),
        )
        found = solve_programme(made.task, sites=lambda sites=sites: sites, time_limit_s=20)
        if found.additions is None or found.additions.is_money_enough or found.additions.beyond is not None:
            continue
        n_told += 1
        wider = replace(made, task=made.task.with_sites(sites))
        wider.reach = [np.vstack([a, b.toarray() > 0]) for a, b in zip(made.reach, sites.reach, strict=True)]
        every = Everything(wider)
        anyhow = every.choices(keep_to_money=False)
        n_options = len(made.task.options)
        # A site costs nothing and stands best from the first year.
        anyhow = anyhow[(anyhow[:, n_options:] <= 0).all(axis=1)]
        fine = anyhow[~(every.lacks(anyhow) > 0).any(axis=1)]
        fewest = (fine[:, n_options:] >= 0).sum(axis=1)
        assert len(found.additions.sites) == fewest.min(), seed
        money = every.overdraft(fine[fewest == fewest.min()], wider.task.budget).min()
        assert found.additions.money.sum() == pytest.approx(money, abs=1e-5), seed
    assert n_told > 1


def test_the_least_places_that_are_told_are_what_the_candidates_lack() -> None:
    n_told = 0
    for seed in range(60):
        made = make(np.random.default_rng(7000 + seed), aim="people", n_goals=1)
        asked = made.task.requirements[0]
        if asked.measure not in {"supply", "places"}:
            continue
        found = solve_programme(made.task, time_limit_s=20)
        if found.additions is None or found.additions.is_money_enough:
            continue
        n_told += 1
        every = Everything(made)
        lack = every.lacks(every.choices(keep_to_money=False)).min()
        assert sum(found.additions.places.values()) == np.ceil(lack - 1e-6), seed
    assert n_told > 1


@pytest.mark.parametrize("seed", range(6))
def test_greedy_filling_is_the_same_whether_earlier_gains_bound_later_ones_or_every_gain_is_counted_anew(
    root, monkeypatch, seed
):
    made_task = runpy.run_path(str(root / "scripts" / "bench_programme.py"))["made_task"]
    task = made_task(n_candidates=30, n_years=3, n_services=2, n_cells=600, aim="places", goals=False, seed=seed)
    assert all(Gains(s.places.shortage, s.places.circles, s.capacity).is_submodular for s in task.services)
    found = greedy_programme(task)
    monkeypatch.setattr(Gains, "is_submodular", property(lambda _: False))
    assert found.tolist() == greedy_programme(task).tolist()
    assert (found >= 0).any()
