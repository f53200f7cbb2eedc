"""[policy], [saturation], [survey], [portrait]: what a district is held against, and how its portrait is weighed."""

from __future__ import annotations

import math
from typing import Annotated, Self

from pydantic import Field, model_validator

from circle15.config.types import Few, KeyFaultError, LayerKey, NonNegative, Seed, Table
from circle15.config.where import Where  # noqa: TC001 (pydantic needs it at run time)


class PolicyTable(Table):
    """[policy]: the place and year whose published targets the run is held against."""

    place: str
    """The place, by its place_id in the register: ningbo, jiangbei, yuhuan, wuxing, or one of your own registers.
    登记表中的 place_id：ningbo、jiangbei、yuhuan、wuxing，或自有登记表中的地方。"""
    year: int
    """Year whose targets and rules hold.
    采用哪一年的目标和规则。"""
    path: str | None = None
    """Folder of registers that replaces the shipped ones.
    自有登记表的文件夹，代替随软件提供的登记表。"""
    actual: str | None = None
    """Table of today's values that the run cannot measure: indicator_id, year, value, source.
    程序无法测算的现状值表：indicator_id、year、value、source。"""
    full_coverage_k: Few | None = None
    """Facilities per unit that a rule of "全覆盖" without a number asks for; without it such a rule is not judged.
    规划只写“全覆盖”而无数目时，每街道应有几处；不写则不作判断。"""


class SaturationTable(Table):
    """[saturation]: from which to which share of used places a facility is well used."""

    idle_below: Annotated[float, Field(gt=0, le=1, strict=True)] = 0.6
    """Share of used places below which a facility is idle; 0.6 is an assumption, as standards give none.
    使用率低于此值为闲置；0.6 为设定值，标准未作规定。"""
    overloaded_above: Annotated[float, Field(ge=1, allow_inf_nan=False, strict=True)] = 1.0
    """Share of used places above which a facility is overloaded: more used than it has.
    使用率高于此值为超负荷，即使用数超过容量。"""


class SurveyTable(Table):
    """[survey]: how satisfied people are, per unit (number and mean of answers) or per answer."""

    path: str
    """Table of the survey: unit, number, mean and (where known) standard deviation of answers, or single answers.
    满意度调查表：街道、样本数、均值和（如有）标准差，或逐份答卷。"""
    where: Where | None = None
    """Which rows of the table are taken; every row without it.
    取表中哪些行；不写则全取。"""
    unit_field: str | None = None
    """Column of the unit's name or code; recognised by its heading without it.
    街道名称或代码所在列；不写则按列名识别。"""
    n_field: str | None = None
    """Column of the number of answers; recognised by its heading without it.
    样本数所在列；不写则按列名识别。"""
    mean_field: str | None = None
    """Column of the mean of answers; recognised by its heading without it.
    均值所在列；不写则按列名识别。"""
    sd_field: str | None = None
    """Column of the standard deviation of answers; recognised by its heading without it.
    标准差所在列；不写则按列名识别。"""
    answer_field: str | None = None
    """Column of single answers, instead of n_field, mean_field and sd_field.
    逐份答卷的得分列，与 n_field、mean_field、sd_field 二选一。"""
    scale: tuple[float, float] = (1.0, 5.0)
    """Lowest and highest answer; the five points of most surveys.
    最低分和最高分，默认五分制。"""
    shrink_k: NonNegative | None = None
    """How many answers the district's mean counts for; without it estimated where the spread of at least five units is
    known (Efron & Morris 1975), else 30.
    全区均值相当于多少份答卷；不写则在至少五个街道的离散程度已知时估计（Efron & Morris 1975），否则取 30。"""

    @model_validator(mode="after")
    def _one_kind_of_table(self) -> Self:
        of_means = (self.n_field, self.mean_field, self.sd_field)
        if self.answer_field is not None and any(name is not None for name in of_means):
            raise KeyFaultError(
                "逐份答卷写 answer_field，汇总结果写 n_field、mean_field 和 sd_field，二者择一",
                "give answer_field for single answers, or n_field, mean_field and sd_field, not both",
            )
        if not -math.inf < self.scale[0] < self.scale[1] < math.inf:
            raise KeyFaultError("应写 scale = [最低分, 最高分]", "scale = [lowest answer, highest answer]")
        return self


class PortraitTable(Table):
    """[portrait]: weights of the composite index E^equity A^access Q^quality, and of layers in every mean."""

    equity: NonNegative = 1.0
    """Exponent of equity (1 - Gini) in the composite index; all three are 1, as the plans weigh none above another.
    综合指数中均衡（1 - 基尼系数）的指数；三项均为 1，规划未分轻重。"""
    access: NonNegative = 1.0
    """Exponent of the covered share.
    可及（覆盖率）的指数。"""
    quality: NonNegative = 1.0
    """Exponent of the share of reachable supply with a quality flag.
    优质（可达供给中带质量标志的份额）的指数。"""
    layers: dict[LayerKey, NonNegative] = {}
    """Weight of a layer in every mean over services, by id; a layer that is not named weighs 1.
    各服务在平均中的权重，按 id 写；未列出的为 1。"""
    seed: Seed = 15
    """Seed of the draws of weights, so that the same inputs give the same bytes.
    权重抽样的随机种子，保证同样输入得同样结果。"""
    draws: Annotated[int, Field(ge=1, le=100_000, strict=True)] = 1000
    """Draws of weights within plus and minus 20 % that rank_best and rank_worst come from.
    权重在正负 20 % 内抽样的次数，用于 rank_best 和 rank_worst。"""
