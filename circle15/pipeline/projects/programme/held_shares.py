"""In how many draws a programme's choices are made and its goals are met."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from circle15.pipeline.draws.held_choices import NO_REGRET

Float64 = npt.NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class HeldProgramme:
    """In how many draws a programme's choices are made and its goals are met."""

    n_draws: int
    n_unproven: int  # draws whose best choice was not proven in the time
    chosen_share: Float64  # (n_options,) of the draws, built in some year
    same_year_share: Float64  # (n_options,) built in the programme's own year; 0 of what it does not build
    depends_on: npt.NDArray[np.object_]  # (n_options,) factor under which it is built least often, "" of no regret
    met_share: Float64  # (n_lines,) draws in which the programme, as it stands, meets a line of its goals
    all_met_share: float  # the same of all lines at once; NaN without goals

    @property
    def no_regret(self) -> npt.NDArray[np.bool_]:
        """Tell which options are built in nearly every draw."""
        return self.chosen_share >= NO_REGRET
