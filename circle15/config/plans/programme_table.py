"""The config's table of the programme: years, money, candidates, goals, and what is to be best."""

from __future__ import annotations

from typing import Annotated, Literal, Self

from pydantic import Discriminator, Field, Tag, model_validator

from circle15.config.types import Count, KeyFaultError, LayerKey, NonNegative, Positive, Table

Year = Annotated[int, Field(ge=1949, le=2200, strict=True)]
Share = Annotated[float, Field(gt=0, le=1, strict=True)]
Money = Annotated[
    Annotated[NonNegative, Tag("each")] | Annotated[tuple[NonNegative, ...], Tag("years")],
    Discriminator(lambda given: "years" if isinstance(given, list | tuple) else "each"),
]
Budget = Annotated[
    Annotated[Money, Tag("one")] | Annotated[dict[LayerKey, Money], Tag("pots")],
    Discriminator(lambda given: "pots" if isinstance(given, dict) else "one"),
]
Number = Annotated[
    Annotated[Count, Tag("each")] | Annotated[tuple[Annotated[int, Field(ge=0, strict=True)], ...], Tag("years")],
    Discriminator(lambda given: "years" if isinstance(given, list | tuple) else "each"),
]
Files = Annotated[
    Annotated[str, Tag("file")] | Annotated[tuple[str, ...], Tag("files")],
    Discriminator(lambda given: "files" if isinstance(given, list | tuple) else "file"),
]


def files_named(given: str | tuple[str, ...] | None) -> tuple[str, ...]:
    """Give the names of files that are given as one or several."""
    return () if given is None else (given,) if isinstance(given, str) else given


GOALS = ("covered_share", "least_unit_share", "places_per_1000", "most_places_missing", "facilities_per_unit")


class GoalTable(Table):
    """One goal of a programme: a service, a year, and what must be reached by its end."""

    layer: LayerKey
    """The service, by id or name.
    哪项服务（id 或名称）。"""
    year: Year | None = None
    """By the end of which year; the last of the programme without it.
    截至哪一年年末；不写则为最后一年。"""
    unit: str | None = None
    """Id or name of one street that the goal is for; not for most_places_missing.
    目标只针对哪个街道（编号或名称）；不适用于 most_places_missing。"""
    covered_share: Share | None = None
    """Share of the service's people who must be covered, in the district or the unit.
    服务人群中应覆盖的比例（全区或该街道）。"""
    least_unit_share: Share | None = None
    """Covered share that no street may be under.
    每个街道的覆盖率都不得低于此值。"""
    places_per_1000: Positive | None = None
    """Places that must stand per 1,000 people of the layer's norm_group.
    每千人（服务的 norm_group）应有的容量。"""
    most_places_missing: NonNegative | None = None
    """Most places that may be missing in the district however they are shared out.
    全区至多允许的最少缺口。"""
    facilities_per_unit: Count | None = None
    """Facilities that must stand in every street (or the unit).
    每个街道（或该街道）至少应有几处设施。"""

    @model_validator(mode="after")
    def _asks_one_thing(self) -> Self:
        given = [name for name in GOALS if getattr(self, name) is not None]
        if len(given) != 1:
            names = ", ".join(GOALS)
            raise KeyFaultError(
                f"每个目标恰好写 {names} 中的一项",
                f"a goal asks one of {names}" + (f", not both {' and '.join(given)}" if given else ""),
            )
        if self.unit is not None and given[0] == "most_places_missing":
            raise KeyFaultError(
                "most_places_missing 只能针对全区，请去掉 unit",
                "most_places_missing holds for the whole district; leave unit out",
            )
        return self

    @property
    def kind(self) -> str:
        """Give which of `GOALS` it asks."""
        return next(name for name in GOALS if getattr(self, name) is not None)


class ProgrammeTable(Table):
    """[programme]: which project in which year, all services under the years' budgets."""

    years: Annotated[tuple[Year, ...], Field(min_length=1, max_length=30)]
    """The years, ascending: [2026, 2027, 2028].
    年度，从早到晚：[2026, 2027, 2028]。"""
    budget: Budget | None = None
    """Money in 万元: 500 for each year, [500, 600, 400] year by year, or by service { nursery = 300, sport = [0, 200]
    }. Without it money does not bound.
    资金（万元）：每年 500，或逐年 [500, 600, 400]，或按服务 { nursery = 300, sport = [0, 200] }；不写则不限资金。"""
    projects_per_year: Number | None = None
    """Most projects that may be built each year, one number or year by year; unbounded without it.
    每年至多建几个项目，一个数或逐年；不写则不限。"""
    carry_over: bool = False
    """Whether money that a year leaves is there in the next; mostly it goes back, so false.
    当年结余可否结转下年；多数要收回，默认不可。"""
    candidates: Files | None = None
    """Tables of projects that may be built, or scenario files (.toml, a what-if's export) whose new facilities may be;
    those of [planning] candidates, else projects, without it. Headings: name, layer (several joined by 、), cost,
    capacity, earliest year (最早年份), decided (已立项: yes, or the year).
    可建项目的表格，或方案文件（.toml，方案推演的导出）；不写则取 [planning] 的 candidates，再取 projects。列：名称、
    服务（多项用、连接）、造价、容量、最早年份、已立项（是，或年份）。"""
    decided: Files | None = None
    """The same, of projects that are decided: they are built, in the year that their row says, else in whichever is
    best.
    同上，但均为已定项目：必建，行内写明年份的按该年，否则由测算择年。"""
    goals: tuple[
        Annotated[
            Annotated[Literal["policy"], Tag("policy")] | Annotated[GoalTable, Tag("goal")],
            Discriminator(lambda given: "policy" if isinstance(given, str) else "goal"),
        ],
        ...,
    ] = ()
    """What must be reached, each { layer = "nursery", year = 2027, covered_share = 0.8 }; "policy" stands for all that
    the registers of [policy] ask in these years: places per 1,000, and facilities in every street.
    必须达到的目标，逐条写 { layer = "nursery", year = 2027, covered_share = 0.8 }；"policy" 代表 [policy] 登记表对这些
    年度的要求：千人指标与每街道设施数。"""
    maximise: Literal["people", "places", "worst_street"] = "people"
    """What is best once the goals are met: "people" newly covered, "places" that are missing made up for, or the
    covered share of the "worst_street"; each summed over years and services, so that sooner is better.
    达到目标之后求什么最大："people" 新增覆盖人数，"places" 补足最少缺口，"worst_street" 最差街道的覆盖率；各年、各服务
    合计，故早建为优。"""
    weights: dict[LayerKey, Positive] = {}
    """Weight of each service in what is maximised; 1 without it.
    各服务在最大化目标中的权重；不写为 1。"""
    seconds: Positive = 60.0
    """Seconds for the solver; where it stops, what is not excluded is told.
    求解限时（秒）；到时未证明最优则说明差距。"""

    @model_validator(mode="after")
    def _years_fit(self) -> Self:
        if list(self.years) != sorted(set(self.years)):
            raise KeyFaultError("年度应从早到晚，各写一次", "years ascend, each named once")
        n = len(self.years)
        lists = [self.projects_per_year, *(self.budget.values() if isinstance(self.budget, dict) else [self.budget])]
        for given in lists:
            if isinstance(given, tuple) and len(given) != n:
                raise KeyFaultError(
                    f"逐年的数应与年度一样多：{n} 个，现有 {len(given)} 个",
                    f"a list year by year has one number for each of the {n} years, not {len(given)}",
                )
        for goal in self.goals:
            if isinstance(goal, GoalTable) and goal.year is not None and goal.year not in self.years:
                known = ", ".join(str(y) for y in self.years)
                raise KeyFaultError(
                    f"目标年份 {goal.year} 不在计划年度之内（{known}）",
                    f"the goal's year {goal.year} is none of the programme's ({known})",
                )
        return self

    def layers_named(self) -> list[tuple[str, str]]:
        """Give the key and id of every layer that the table names."""
        named = [("programme.budget", name) for name in (self.budget if isinstance(self.budget, dict) else ())]
        named += [("programme.weights", name) for name in self.weights]
        named += [(f"programme.goals.{i}", g.layer) for i, g in enumerate(self.goals) if isinstance(g, GoalTable)]
        return named
