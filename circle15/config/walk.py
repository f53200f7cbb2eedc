"""[walk.NAME]: one walking profile's table, and the profiles that come along."""

from __future__ import annotations

import tomllib
from functools import cache
from importlib import resources
from typing import Annotated, Any, Literal

from pydantic import Field, model_validator

from circle15.config.types import KeyFaultError, NonNegative, Positive, Table, suggest

WAIT_KINDS = (
    "signals", "zebra", "unmarked", "footbridge", "underpass", "lift", "gate", "turnstile", "stile", "cycle_barrier",
    "kerb_raised", "kerb_rolled", "kerb_lowered",
)  # fmt: skip
"""What a walker passes and may have to wait for, or not be able to pass; walking_passages.csv says what they are."""

Factor = Annotated[float, Field(ge=0, le=1, strict=True)]
Speed = Annotated[float, Field(ge=0.05, le=5, strict=True)]


class WalkTable(Table):
    """[walk.NAME]: one walking profile; a key that is not given costs nothing.

    The keys but ``like`` are those of `circle15.WalkProfile`.
    """

    like: str | None = None
    """A profile that comes along ("adult", "with_child", "elderly", "wheelchair") to start from; keys beside it win.
    以随软件提供的步行者（"adult" "with_child" "elderly" "wheelchair"）为底，旁边写的键优先。"""
    speed_m_s: Speed
    """Walking speed on the flat in metres per second, the fastest it ever walks; required without like.
    平地步行速度（米/秒），也是最高速度；不写 like 时必填。"""
    stairs: bool = True
    """Whether it walks on steps at all, escalators included.
    能否走台阶（含自动扶梯）。"""
    stairs_up_m_s: Speed | None = None
    """Speed up steps in metres of mapped length per second; speed_m_s without it. Where nothing says which end is up,
    both ways take the mean time.
    上台阶的速度（按图上长度，米/秒）；不写则同 speed_m_s。不知哪端为上时两向取平均。"""
    stairs_down_m_s: Speed | None = None
    """Speed down steps, the same.
    下台阶的速度，同上。"""
    climb_m_s: Positive | None = None
    """Speed up steps in metres of height per second, where their number is tagged; the slower of both counts.
    上台阶的升高速度（米/秒），用于标有级数的台阶；取较慢者。"""
    descend_m_s: Positive | None = None
    """Speed down steps in metres of height per second, the same.
    下台阶的下降速度（米/秒），同上。"""
    step_height_m: Positive | None = None
    """Height of a step in metres where step_count is tagged without step:height.
    标有级数而无级高时每级的高度（米）。"""
    conveyor_m_s: Speed | None = None
    """Speed along escalators and moving walkways in their direction, against which they are closed; without it they are
    ordinary steps and paths.
    顺自动扶梯、自动步道方向的速度，逆向不通；不写则视为普通台阶和步道。"""
    surfaces: dict[str, Factor] = {}
    """Share of the speed that is left, 0 to 1, by value of OSM's surface: { gravel = 0.7, sand = 0 }; 0 closes the way.
    各种路面（OSM surface）上保留的速度比例，0 至 1：{ gravel = 0.7, sand = 0 }；0 表示不通。"""
    smoothness: dict[str, Factor] = {}
    """The same by value of OSM's smoothness; of both the smaller counts.
    按平整度（OSM smoothness）的速度比例，两者取小。"""
    wheelchair_tag: bool = False
    """Whether wheelchair=no closes a way.
    标有 wheelchair=no 的路是否不通。"""
    min_width_m: NonNegative | None = None
    """Ways tagged narrower than this, in metres, are closed.
    标注宽度（米）小于此值的路不通。"""
    slope: Literal["none", "tobler"] = "none"
    """"tobler" slows down on slopes (Tobler 1993), where [network] elevation is given.
    是否因坡度减速："tobler" 按 Tobler (1993)，需 [network] elevation。"""
    max_slope: Positive | None = None
    """Steeper ways are closed, both ways: rise over run, 0.08 is 8 %.
    坡度（高差/水平距离，0.08 即 8 %）超过此值的路双向不通。"""
    waits: dict[str, NonNegative | Literal["never"]] = {}
    """Seconds per passage by kind: { signals = 20, lift = 60, stile = "never" }; "never" closes it. Kinds: signals
    zebra unmarked footbridge underpass lift gate turnstile stile cycle_barrier kerb_raised kerb_rolled kerb_lowered.
    每次通过的等待秒数：{ signals = 20, lift = 60, stile = "never" }；"never" 为不能通过。种类：signals zebra unmarked
    footbridge underpass lift gate turnstile stile cycle_barrier kerb_raised kerb_rolled kerb_lowered。"""
    wait_once_m: NonNegative = 0.0
    """Two places of one kind at most this many metres apart on one street are waited for once.
    同一条路上相距不超过此值（米）的同类点只等一次。"""

    @model_validator(mode="before")
    @classmethod
    def _start_from(cls, given: Any) -> Any:
        if not isinstance(given, dict) or given.get("like") is None:
            return given
        shipped = shipped_walks()
        if given["like"] not in shipped:
            known = ", ".join(shipped)
            name, near = given["like"], suggest(str(given["like"]), shipped)
            raise KeyFaultError(
                f"没有名为“{name}”的自带步行者{near.zh}；自带的有 {known}",
                f'no profile "{name}" comes along{near.en}: {known}',
            )
        return {**shipped[given["like"]], **given}

    @model_validator(mode="after")
    def _holds_together(self) -> WalkTable:
        unknown = [kind for kind in self.waits if kind not in WAIT_KINDS]
        if unknown:
            near, kinds = suggest(unknown[0], WAIT_KINDS), ", ".join(WAIT_KINDS)
            raise KeyFaultError(
                f"waits：没有名为“{unknown[0]}”的等待种类{near.zh}；可用 {kinds}",
                f'waits: unknown kind "{unknown[0]}"{near.en}: {kinds}',
            )
        for key in ("stairs_up_m_s", "stairs_down_m_s", "conveyor_m_s"):
            value = getattr(self, key)
            if value is not None and value > self.speed_m_s:
                raise KeyFaultError(
                    f"{key} = {value:g} 高于 speed_m_s = {self.speed_m_s:g}，后者为最快步速",
                    f"{key} = {value:g} is above speed_m_s = {self.speed_m_s:g}, the fastest one walks",
                )
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
