"""Who may walk where and how fast: walking profiles and the tag table."""

from __future__ import annotations

import re
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class WalkProfile:
    """How one kind of person walks.

    Parameters
    ----------
    name
        Short name; layers of a config refer to it.
    speed_m_s
        Walking speed on the flat in metres per second, above 0 and at most 5. A profile that states only a speed pays
        nothing else: no stairs, slope or waits.

    Raises
    ------
    ValueError
        If the name is empty or has other characters than ``a-z 0-9 _ -``, or the speed is out of range.
    """

    name: str = "adult"
    speed_m_s: float = 1.25

    def __post_init__(self) -> None:
        if not re.fullmatch(r"[a-z0-9][a-z0-9_-]*", self.name):
            raise ValueError(f"WalkProfile name {self.name!r}: use a-z 0-9 _ - only")
        if not 0 < self.speed_m_s <= 5:  # noqa: PLR2004 (stated in the docstring)
            raise ValueError(f"WalkProfile {self.name!r}: speed_m_s = {self.speed_m_s} is not in (0, 5] metres per second")
