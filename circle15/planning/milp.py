"""The door to the solver: a mixed-integer programme in, a solution with its proven bound out.

The solver is HiGHS (Huangfu & Hall 2018, Mathematical Programming Computation 10), reached through
`scipy.optimize.milp`, which wraps the same library that highspy does and is a dependency already. What highspy has
beyond it, a starting solution, is made up for here: where a limit stops the solver, the caller's own greedy solution
stands in if it is the better one.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

import numpy as np
import numpy.typing as npt
from scipy.optimize import Bounds, LinearConstraint, milp

if TYPE_CHECKING:
    from collections.abc import Sequence

Status = Literal["optimal", "time limit", "infeasible"]
FloatArray = npt.NDArray[np.float64]

_SOLVED, _STOPPED, _INFEASIBLE = 0, 1, 2
_LEAST_SECONDS = 0.01


@dataclass(frozen=True, slots=True)
class Solution:
    """What the solver found for a minimisation."""

    x: FloatArray | None  # None where there is no solution, or none was found in time
    bound: float  # no solution is below it; -inf where nothing was proven
    status: Status


@dataclass(frozen=True, slots=True)
class Siting:
    """Chosen places, what they achieve, and what has been proven about it."""

    candidate: npt.NDArray[np.int64]  # (n_chosen,) rows, ascending; empty where infeasible
    objective: float  # of the chosen, in the model's unit; NaN where infeasible or nothing was found
    bound: float  # proven: no choice is better; equals the objective where optimal
    status: Status

    @property
    def gap(self) -> float:
        """Distance of objective and bound as a share of the larger; 0 where proven optimal, NaN where unknown."""
        if self.status == "optimal":
            return 0.0
        largest = max(abs(self.objective), abs(self.bound))
        if not np.isfinite(largest):
            return float("nan")
        return abs(self.objective - self.bound) / largest if largest > 0 else 0.0


def no_siting() -> Siting:
    """Give the answer of a model that nothing can satisfy."""
    return Siting(np.empty(0, dtype=np.int64), float("nan"), float("nan"), "infeasible")


def minimise(
    cost: FloatArray,
    constraints: Sequence[LinearConstraint],
    *,
    is_integer: npt.NDArray[np.bool_],
    time_limit_s: float,
    upper: float = 1.0,
    bounds: tuple[FloatArray, FloatArray] | None = None,
) -> Solution:
    """Minimise ``cost @ x`` over 0 <= x <= 1 for the whole variables and 0 <= x <= ``upper`` for the others.

    Parameters
    ----------
    cost
        float64 (n_variables,).
    constraints
        At least one.
    is_integer
        bool (n_variables,); these are 0 or 1.
    time_limit_s
        Seconds after which the solver stops with what it has.
    upper
        Upper bound of the variables that are not whole.
    bounds
        Lower and upper bound of each variable, (n_variables,) each, instead of these.

    Raises
    ------
    RuntimeError
        If the solver fails numerically, which none of the models here should make it do.
    """
    lowest, highest = (0.0, np.where(is_integer, 1.0, upper)) if bounds is None else bounds
    options = {"time_limit": max(time_limit_s, _LEAST_SECONDS), "mip_rel_gap": 0.0}
    for with_presolve in (True, False):  # HiGHS's presolve stumbles over a model now and then
        found = milp(
            cost,
            integrality=is_integer.astype(np.int8),
            bounds=Bounds(lowest, highest),
            constraints=constraints,
            options=options | {"presolve": with_presolve},
        )
        if found.status in (_SOLVED, _STOPPED, _INFEASIBLE):
            break
    if found.status == _INFEASIBLE:
        return Solution(None, float("inf"), "infeasible")
    if found.status not in (_SOLVED, _STOPPED):
        raise RuntimeError(f"HiGHS could not solve the model: {found.message}")
    bound = float(found.mip_dual_bound) if found.mip_dual_bound is not None else float("-inf")
    return Solution(found.x, bound, "optimal" if found.status == _SOLVED else "time limit")


def chosen_rows(x: FloatArray) -> npt.NDArray[np.int64]:
    """Give the rows whose binary variable is 1."""
    return np.flatnonzero(x > 0.5)  # noqa: PLR2004 (halfway between no and yes)


def settle(
    found: npt.NDArray[np.int64] | None,
    value: float,
    solution: Solution,
    bound: float,
    start: tuple[npt.NDArray[np.int64], float] | None,
    *,
    is_maximum: bool,
) -> Siting:
    """Make a `Siting` of what the solver found, or of the caller's own start where that is better.

    Parameters
    ----------
    found, value
        The solver's choice and its objective, recomputed from the choice; None and NaN where it has none.
    solution
        The solver's answer.
    bound
        Its bound in the model's unit.
    start
        A known feasible choice and its objective.
    is_maximum
        Whether more is better.
    """
    if solution.status == "infeasible":
        return no_siting()
    if solution.status == "optimal" and found is not None:
        return Siting(found, value, value, "optimal")
    sign = 1.0 if is_maximum else -1.0
    if start is not None and (found is None or sign * start[1] > sign * value):
        found, value = np.sort(start[0]), start[1]
    nothing = np.empty(0, dtype=np.int64)
    return Siting(nothing if found is None else found, value, bound, "time limit")
