"""How much of a change each of several factors made: Shapley values, which sum to the change exactly."""

from __future__ import annotations

from itertools import combinations
from math import factorial
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    FloatArray = npt.NDArray[np.float64]


def shapley_parts(
    value: Callable[[frozenset[str]], FloatArray], factors: Sequence[str]
) -> dict[str, npt.NDArray[np.float64]]:
    """Split the change of numbers into one part per factor.

    A factor's part is what its exchange changes, averaged over all orders in which the factors can be exchanged one by
    one. What an exchange changes together with another is thus halved between the two; a factor whose exchange changes
    nothing in any order has the part 0.

    Source: Shapley 1953; as a decomposition of changes Shorrocks 2013, J Econ Inequal 11.

    Parameters
    ----------
    value
        Gives the numbers (n,) with these factors exchanged and the others as they were; asked once per set, 2 **
        len(factors) times.
    factors
        Names of the factors.

    Returns
    -------
    dict
        Parts (n,) by factor; their sum is the change to rounding. NaN where a number is not known in one of the sets.

    Examples
    --------
    >>> times = {"a": 2.0, "b": 3.0}
    >>> found = shapley_parts(lambda chosen: np.array([np.prod([times[f] for f in chosen])]), ["a", "b"])
    >>> {name: part.tolist() for name, part in found.items()}
    {'a': [2.0], 'b': [3.0]}
    """
    n = len(factors)
    found = {frozenset(chosen): value(frozenset(chosen)) for k in range(n + 1) for chosen in combinations(factors, k)}
    parts = {}
    for factor in factors:
        part = np.zeros_like(found[frozenset()], dtype=np.float64)
        for chosen, before in found.items():
            if factor not in chosen:
                k = len(chosen)
                part += (found[chosen | {factor}] - before) * (factorial(k) * factorial(n - k - 1) / factorial(n))
        parts[factor] = part
    return parts
