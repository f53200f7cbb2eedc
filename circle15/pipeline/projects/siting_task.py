"""What is to be sited: the model, how many or for how much money."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from circle15.errors import ConfigError, Problem
from circle15.planning import MODELS
from circle15.said import Said

if TYPE_CHECKING:
    from circle15.planning import Model


def as_model(name: str) -> Model:
    """Give the model of that name.

    Raises
    ------
    ConfigError
        If there is none; lists those there are.
    """
    for model in MODELS:
        if model == name:
            return model
    raise ConfigError(
        Problem(
            Said(f"没有这种模型；可用 {', '.join(MODELS)}", f"no such model; there are {', '.join(MODELS)}"),
            value=name,
        )
    )


@dataclass(frozen=True, slots=True)
class Task:
    """What is to be sited."""

    model: Model
    p: int | None = None
    budget: float | None = None  # 万元
    share: float = 1.0  # of the layer's people, for set-cover
    cheapest: bool = False  # set-cover by cost, not by number
    time_limit_s: float = 60.0

    def problems(self) -> list[Problem]:
        """Say what the task lacks."""
        found = []
        if self.model == "set-cover":
            if not 0 < self.share <= 1:
                found.append(
                    Problem(
                        Said("比例应大于 0 且不大于 1", "a share is above 0 and at most 1"),
                        key="--share",
                        value=self.share,
                    )
                )
            if self.p is not None or self.budget is not None:
                found.append(
                    Problem(
                        Said(
                            "set-cover 求最少需要几处；请写 --share，不写 --p 或 --budget",
                            "set-cover asks how few are enough; give --share, not --p or --budget",
                        ),
                    )
                )
        elif self.p is None and self.budget is None:
            found.append(
                Problem(
                    Said(
                        f"{self.model} 须写 --p N（处数）或 --budget（万元）",
                        f"{self.model} needs --p N (how many) or --budget (in 万元)",
                    ),
                )
            )
        if self.p is not None and self.p < 1:
            found.append(Problem(Said("至少一处", "at least one facility"), key="--p", value=self.p))
        return found
