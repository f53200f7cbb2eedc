"""Who may walk where and how fast: walking profiles and the tag table."""

from __future__ import annotations

import math
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from circle15.config.types import suggest
from circle15.config.walk import WAIT_KINDS
from circle15.errors import NetworkError
from circle15.said import Said

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping


Pairs = tuple[tuple[str, float], ...]


@dataclass(frozen=True, slots=True)
class WalkProfile:
    """How one kind of person walks.

    A profile that states only a speed pays nothing else: no stairs, slope or waits. ``speed_m_s`` is the fastest that
    it ever walks, whatever else it states; circles drawn with it hold every place that it can reach.

    Parameters
    ----------
    name
        Short name; layers of a config refer to it.
    speed_m_s
        Walking speed on the flat in metres per second, above 0 and at most 5.
    stairs
        Whether it walks on steps (highway=steps) at all, escalators included.
    stairs_up_m_s, stairs_down_m_s
        Speed on steps, in metres of mapped length. Where neither the map (``incline``) nor a raster says which end is
        up, both ways take the mean of both times.
    climb_m_s, descend_m_s
        Speed on steps in metres of height, where their number and height are known; the slower of both counts.
    step_height_m
        Height of a step where ``step_count`` is tagged without ``step:height``.
    conveyor_m_s
        Speed along escalators and moving walkways (``conveying``) in their direction; against it they are closed. None
        takes them for ordinary steps and paths.
    surfaces, smoothness
        Share of the speed that is left on a value of the tag, 0 to 1, by value; 0 closes the way. Of several the
        smallest counts.
    wheelchair_tag
        Whether ``wheelchair=no`` closes a way.
    min_width_m
        Ways tagged narrower are closed.
    slope
        "tobler" slows down on slopes (`walking.slope`), if the network was read with an elevation raster.
    max_slope
        Steeper ways are closed, both ways: rise over run, of the raster or else the tag ``incline``.
    waits
        Seconds per passage by kind (`circle15.config.walk.WAIT_KINDS`); infinite closes it.
    wait_once_m
        Two places of one kind at most this far apart on one edge are waited for once.

    Raises
    ------
    ValueError
        If the name is empty or has other characters than ``a-z 0-9 _ -``, or a value is out of range.
    """

    name: str = "adult"
    speed_m_s: float = 1.25
    stairs: bool = True
    stairs_up_m_s: float | None = None
    stairs_down_m_s: float | None = None
    climb_m_s: float | None = None
    descend_m_s: float | None = None
    step_height_m: float | None = None
    conveyor_m_s: float | None = None
    surfaces: Mapping[str, float] | Pairs = ()
    smoothness: Mapping[str, float] | Pairs = ()
    wheelchair_tag: bool = False
    min_width_m: float | None = None
    slope: Literal["none", "tobler"] = "none"
    max_slope: float | None = None
    waits: Mapping[str, float] | Pairs = ()
    wait_once_m: float = 0.0

    def __post_init__(self) -> None:
        for key in ("surfaces", "smoothness", "waits"):
            object.__setattr__(self, key, tuple(sorted(dict(getattr(self, key)).items())))
        problems = list(_profile_problems(self))
        if problems:
            raise ValueError(f"WalkProfile {self.name!r}: {'; '.join(problems)}")

    @property
    def pays_only_speed(self) -> bool:
        """Whether it states nothing but a speed."""
        return self == WalkProfile(self.name, self.speed_m_s)

    @property
    def closed_kinds(self) -> frozenset[str]:
        """Kinds of passages that it can never pass."""
        return frozenset(kind for kind, seconds in dict(self.waits).items() if seconds == math.inf)

    def wait_s(self, kind: str) -> float:
        """Give the seconds of a passage, infinite where it cannot be passed."""
        return dict(self.waits).get(kind, 0.0)


def _profile_problems(p: WalkProfile) -> Iterator[str]:
    if not re.fullmatch(r"[a-z0-9][a-z0-9_-]*", p.name):
        yield "use a-z 0-9 _ - only"
    if not 0 < p.speed_m_s <= 5:  # noqa: PLR2004 (stated in the docstring)
        yield f"speed_m_s = {p.speed_m_s} is not in (0, 5] metres per second"
    speeds = (p.stairs_up_m_s, p.stairs_down_m_s, p.conveyor_m_s)
    for key, value in zip(("stairs_up_m_s", "stairs_down_m_s", "conveyor_m_s"), speeds, strict=True):
        if value is not None and not 0 < value <= p.speed_m_s:
            yield f"{key} = {value} is not in (0, {p.speed_m_s}]: speed_m_s is the fastest one walks"
    above_0 = (p.climb_m_s, p.descend_m_s, p.step_height_m, p.max_slope)
    for key, value in zip(("climb_m_s", "descend_m_s", "step_height_m", "max_slope"), above_0, strict=True):
        if value is not None and not 0 < value < math.inf:
            yield f"{key} = {value} must be above 0"
    for key, value in (("min_width_m", p.min_width_m), ("wait_once_m", p.wait_once_m)):
        if value is not None and not 0 <= value < math.inf:
            yield f"{key} = {value} must be 0 or more"
    if p.slope not in {"none", "tobler"}:
        yield f"slope = {p.slope!r} is neither 'none' nor 'tobler'"
    yield from _table_problems(p)


def _table_problems(p: WalkProfile) -> Iterator[str]:
    for key, shares in (("surfaces", dict(p.surfaces)), ("smoothness", dict(p.smoothness))):
        yield from (
            f"{key}.{value} = {share} is not in [0, 1]" for value, share in shares.items() if not 0 <= share <= 1
        )
    for kind, seconds in dict(p.waits).items():
        if kind not in WAIT_KINDS:
            yield f"waits: unknown kind {kind!r}{suggest(str(kind), WAIT_KINDS).en}: {', '.join(WAIT_KINDS)}"
        elif not seconds >= 0:
            yield f"waits.{kind} = {seconds} must be 0 or more seconds"


def as_profiles(profiles: Iterable[WalkProfile] | WalkProfile) -> tuple[WalkProfile, ...]:
    """Give the profiles of a network to be built; one may stand by itself.

    Raises
    ------
    NetworkError
        If there is none, or one of them is not a WalkProfile.
    """
    if isinstance(profiles, WalkProfile):
        return (profiles,)
    chosen = (profiles,) if isinstance(profiles, str) else tuple(profiles)  # a name alone is refused below, whole
    if not chosen:
        raise NetworkError(
            Said(
                "profiles 为空：路网至少须有一种步行者（WalkProfile）",
                "profiles is empty: a network needs at least one WalkProfile",
            )
        )
    for profile in chosen:
        if not isinstance(profile, WalkProfile):
            raise NetworkError(f"profiles has {profile!r}: must be a circle15.WalkProfile(name, speed_m_s)")
    return chosen
