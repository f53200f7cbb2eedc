"""Solve a made programme of a district's size and print what was proven, and how fast.

    python scripts/bench_programme.py [--aim people|places|worst_street] [--candidates 300] [--years 5] [--services 3]
        [--cells 7000] [--seconds 60] [--seed 1]

The district is made: cells on a square of ground that is 0.015 km2 each, people in clusters, candidates among them,
each for one service, with costs and capacities; circles are crow's flights of 1.1 km. No streets are walked.
"""

from __future__ import annotations

import argparse
import time

import numpy as np
from scipy.sparse import csr_array
from scipy.spatial import cKDTree

from circle15.planning.place_ranking import shortage_of
from circle15.planning.programme.solve import solve_programme
from circle15.planning.programme.task import DISTRICT, Options, Places, Requirement, ServiceTask, Task
from circle15.reach.times import Times

CELL_M2, CIRCLE_M, N_UNITS = 15_000.0, 1_100.0, 9


def made_task(
    *, n_candidates: int, n_years: int, n_services: int, n_cells: int, aim: str, goals: bool, seed: int
) -> Task:
    """Make the programme."""
    rng = np.random.default_rng(seed)
    side = np.sqrt(CELL_M2 * n_cells)
    at = rng.random((n_cells, 2)) * side
    centres = rng.random((12, 2)) * side
    near = np.exp(-(np.linalg.norm(at[:, None] - centres[None], axis=2).min(axis=1) ** 2) / (2 * 1_500.0**2))
    people = np.round(rng.gamma(1.5, 60.0, n_cells) * (0.1 + near), 1)
    unit = (np.floor(at[:, 0] / side * 3) * 3 + np.floor(at[:, 1] / side * 3)).astype(np.int64)
    sites = at[rng.choice(n_cells, n_candidates, p=(0.2 + near) / (0.2 + near).sum())] + rng.normal(
        0, 40, (n_candidates, 2)
    )
    offers = rng.integers(0, n_services, n_candidates)
    services = []
    for number in range(n_services):
        heads = people * rng.uniform(0.05, 0.2)
        old = at[rng.choice(n_cells, 25)]
        own = np.flatnonzero(offers == number)
        old_reach, new_reach = (_within(places, at) for places in (old, sites[own]))
        is_covered = np.asarray(old_reach.sum(axis=0)).ravel() > 0
        need, supply = heads * 0.3, np.full(25, heads.sum() * 0.3 / 50)
        by_cell = csr_array(old_reach.T)
        times = Times(by_cell.indptr.astype(np.int64), by_cell.indices.astype(np.int32), np.zeros(by_cell.nnz), 1.0, 25)
        shortage, rows = shortage_of(times, supply=supply, need=need, n_inside=n_cells)
        services.append(
            ServiceTask(
                option=own,
                capacity=np.round(rng.uniform(0.01, 0.03, len(own)) * need.sum()),
                stands_in=unit[cKDTree(at).query(sites[own])[1]],
                reach=new_reach,
                people=np.where(is_covered, 0.0, heads),
                missing=np.ones(n_cells, dtype=np.int64),
                unit=unit,
                people_of_unit=np.bincount(unit, weights=heads, minlength=N_UNITS),
                covered_of_unit=np.bincount(unit, weights=np.where(is_covered, heads, 0.0), minlength=N_UNITS),
                places=Places(shortage, csr_array(new_reach[:, rows])),
            )
        )
    cost = np.round(rng.uniform(80.0, 400.0, n_candidates))[:, None]
    nothing = np.zeros(n_candidates, dtype=np.int64)
    options = Options(cost, nothing, nothing + n_years - 1, nothing.astype(bool), np.arange(n_candidates))
    budget = np.full((n_years, 1), cost.sum() * 0.03)
    wanted = []
    if goals:
        for number, service in enumerate(services):
            most = service.newly_covered(np.ones(len(service.option), dtype=bool)).sum()
            wanted.append(Requirement(number, "people", number, DISTRICT, n_years - 1, 0.25 * most))
    return Task(options, tuple(services), budget, np.zeros(1, dtype=bool), tuple(wanted), aim)  # type: ignore[arg-type]


def _within(places: np.ndarray, at: np.ndarray) -> csr_array:
    found = cKDTree(at).query_ball_point(places, CIRCLE_M)
    indptr = np.concatenate([[0], np.cumsum([len(f) for f in found])])
    columns = np.concatenate([np.sort(f) for f in found]).astype(np.int64)
    return csr_array((np.ones(len(columns), np.int8), columns, indptr), shape=(len(places), len(at)))


def main() -> None:
    """Print a line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--aim", default="people", choices=["people", "places", "worst_street"])
    for name, value in (
        ("candidates", 300),
        ("years", 5),
        ("services", 3),
        ("cells", 7000),
        ("seconds", 60),
        ("seed", 1),
    ):
        parser.add_argument(f"--{name}", type=int, default=value)
    parser.add_argument("--goals", action="store_true", help="ask for a covered share of each service")
    given = parser.parse_args()
    task = made_task(
        n_candidates=given.candidates, n_years=given.years, n_services=given.services, n_cells=given.cells,
        aim=given.aim, goals=given.goals, seed=given.seed,
    )  # fmt: skip
    start = time.perf_counter()
    found = solve_programme(task, time_limit_s=given.seconds)
    print(
        f"{given.aim}: {given.candidates} candidates,"
        f" {given.years} years, {given.services} services, {given.cells} cells: {found.status},"
        f" objective {found.objective:,.1f}, bound {found.bound:,.1f}, gap {found.gap:.3%},"
        f" greedy {found.greedy_objective:,.1f} ({found.greedy_objective / found.objective - 1:+.2%})"
        f" in {found.greedy_seconds:.1f} s, {time.perf_counter() - start:.1f} s in all"
    )


if __name__ == "__main__":
    main()
