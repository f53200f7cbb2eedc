"""[walk.NAME]: one walking profile's table, and the profiles that come along."""

from __future__ import annotations

import tomllib
from functools import cache
from importlib import resources
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, model_validator

from circle15.config.types import NonNegative, Positive, suggest

WAIT_KINDS = (
    "signals", "zebra", "unmarked", "footbridge", "underpass", "lift", "gate", "turnstile", "stile", "cycle_barrier",
    "kerb_raised", "kerb_rolled", "kerb_lowered",
)  # fmt: skip
"""What a walker passes and may have to wait for, or not be able to pass; walking_passages.csv says what they are."""

Factor = Annotated[float, Field(ge=0, le=1, strict=True)]
Speed = Annotated[float, Field(ge=0.05, le=5, strict=True)]


class WalkTable(BaseModel):
    """[walk.NAME]: one walking profile; a key that is not given costs nothing.

    ``like`` starts from a profile that comes along (`shipped_walks`); keys that stand beside it win. The other keys are
    those of `circle15.WalkProfile`.
    """

    model_config = ConfigDict(extra="forbid", frozen=True, strict=False)

    like: str | None = None
    speed_m_s: Speed
    stairs: bool = True
    stairs_up_m_s: Speed | None = None
    stairs_down_m_s: Speed | None = None
    climb_m_s: Positive | None = None
    descend_m_s: Positive | None = None
    step_height_m: Positive | None = None
    conveyor_m_s: Speed | None = None
    surfaces: dict[str, Factor] = {}
    smoothness: dict[str, Factor] = {}
    wheelchair_tag: bool = False
    min_width_m: NonNegative | None = None
    slope: Literal["none", "tobler"] = "none"
    max_slope: Positive | None = None
    waits: dict[str, NonNegative | Literal["never"]] = {}
    wait_once_m: NonNegative = 0.0

    @model_validator(mode="before")
    @classmethod
    def _start_from(cls, given: Any) -> Any:
        if not isinstance(given, dict) or given.get("like") is None:
            return given
        shipped = shipped_walks()
        if given["like"] not in shipped:
            known = ", ".join(shipped)
            raise ValueError(f'no profile "{given["like"]}" comes along{suggest(str(given["like"]), shipped)}: {known}')
        return {**shipped[given["like"]], **given}

    @model_validator(mode="after")
    def _holds_together(self) -> WalkTable:
        unknown = [kind for kind in self.waits if kind not in WAIT_KINDS]
        if unknown:
            raise ValueError(
                f'waits: unknown kind "{unknown[0]}"{suggest(unknown[0], WAIT_KINDS)}: {", ".join(WAIT_KINDS)}'
            )
        for key in ("stairs_up_m_s", "stairs_down_m_s", "conveyor_m_s"):
            value = getattr(self, key)
            if value is not None and value > self.speed_m_s:
                raise ValueError(f"{key} = {value:g} is above speed_m_s = {self.speed_m_s:g}, the fastest one walks")
        return self

    def profile_values(self) -> dict[str, Any]:
        """Give the arguments of a `circle15.WalkProfile` but for its name."""
        values = self.model_dump(exclude={"like"})
        waits = {kind: float("inf") if s == "never" else s for kind, s in self.waits.items()}
        return {**values, "waits": waits}


@cache
def shipped_walks() -> dict[str, dict[str, Any]]:
    """Give the profiles that come along, as their file states them."""
    return tomllib.loads(resources.files("circle15.config").joinpath("walking_profiles.toml").read_text("utf-8"))
