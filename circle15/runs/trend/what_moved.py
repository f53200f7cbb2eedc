"""What moved the numbers of one district between two dates: the inputs exchanged one by one."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from circle15.errors import Circle15Error
from circle15.measures.shapley import shapley_parts
from circle15.outputs.dictionary import decimals_of
from circle15.outputs.result import one_side
from circle15.pipeline.record.tracing import planning_files
from circle15.pipeline.study.clock import Clock
from circle15.pipeline.study.read_study import read_study
from circle15.pipeline.tables.communities_table import communities_table
from circle15.pipeline.tables.coverage_tables import completeness_table, coverage_table, gaps_table
from circle15.pipeline.tables.measured import measure_service
from circle15.pipeline.tables.portrait_tables import appraisal_tables
from circle15.runs.stale import changed_inputs
from circle15.runs.trend.exchange import FACTORS, Pair
from circle15.runs.trend.unit_numbers import KEY, unit_numbers
from circle15.said import Said

if TYPE_CHECKING:
    from collections.abc import Iterable

    import numpy.typing as npt

    from circle15.pipeline.study.study import Study
    from circle15.runs.trend.dated_runs import DatedRun
    from circle15.runs.trend.unit_matches import UnitMatches

_NAMED = 3
_ROUNDING = 1e-9
_PRINTED_AS = {"match": "匹配度", "access": "可及度", "saturation": "饱和度", "satisfaction": "满意度"}
"""Columns that measures of `unit_numbers` are printed in, where they are called otherwise."""


@dataclass(frozen=True, slots=True)
class Again:
    """A run done again from its manifest: what its study holds, and its numbers to the last digit."""

    study: Study
    numbers: pd.DataFrame  # `unit_numbers.COLUMNS`


@dataclass(frozen=True, slots=True)
class Moved:
    """By how much each factor moved every number of a later date from that of an earlier one."""

    parts: pd.DataFrame  # a column per factor of FACTORS, index `KEY` in the later date's ids
    changed: tuple[str, ...]  # factors of which anything differs
    n_studies: int  # that were measured to find them


def run_again(run: DatedRun, *, threads: int | None = None) -> Again | Said:
    """Read and measure a run's inputs once more, or say why they cannot be, or are not those that the run read.

    Inputs of planning (candidates, projects) count for none of the numbers and may be others by now.
    """
    of_planning = planning_files(run.config)
    changed = [name for name in changed_inputs(run.manifest, run.config) if name not in of_planning]
    if changed:
        return _replaced(changed)
    try:
        study = read_study(run.config, Clock())
        numbers = measured_numbers(study, threads=threads)
    except Circle15Error as e:
        return Said("无法按原输入重算：{why}", "cannot be measured again: {why}").format(why=_why(e))
    n_other = _n_other(numbers, run.numbers)
    if n_other:
        told = run.manifest.told.get("circle15")
        return Said(
            f"用现在的程序重算有 {n_other} 个数与当时（版本 {told}）不同，请先对该期重新运行",
            f"{n_other} numbers are others when computed by this circle15 (it was written by {told}); run it again",
        )
    return Again(study, numbers)


def measured_numbers(study: Study, *, threads: int | None = None) -> pd.DataFrame:
    """Measure a study and give its numbers, `unit_numbers.COLUMNS`, without indicators that a bureau reported."""
    services = [measure_service(layer, study, threads=threads) for layer in study.config.layers]
    tables = {
        "coverage": coverage_table(study, services),
        "completeness": completeness_table(study, services),
        "gaps": gaps_table(study, services),
        **appraisal_tables(study, services),
    }
    if study.second is not None:
        tables["communities"] = communities_table(study, services)
    lang = study.config.district.lang
    said = {name: one_side(table, lang) for name, table in tables.items()}
    return unit_numbers(said, study.district.id, only_measured=True)


def what_moved(before: Again, after: Again, units: UnitMatches, *, threads: int | None = None) -> Moved | Said:
    """Split the change of every number between two dates, or say why it cannot be.

    A factor of which nothing differs is not exchanged and has the part 0 everywhere; of the others every set is
    measured once.

    Parameters
    ----------
    before, after
        Both dates, measured again.
    units
        Which units are the same.
    threads
        Threads to search with.
    """
    pair = Pair(before.study, after.study)
    if not pair.layers:
        return Said("两期没有相同的服务", "the two dates have no service in common")
    changed = pair.changed()
    index = _index(after.numbers)
    ends = {frozenset(changed): _keyed(after.numbers), frozenset(): _in_later_ids(before.numbers, units)}

    def value(exchanged: frozenset[str]) -> npt.NDArray[np.float64]:
        if exchanged in ends:
            return np.asarray(ends[exchanged].reindex(index), dtype=np.float64)
        numbers = measured_numbers(pair.study(exchanged), threads=threads)
        keyed = _keyed(numbers) if "people" in exchanged else _in_later_ids(numbers, units)
        return np.asarray(keyed.reindex(index), dtype=np.float64)

    try:
        found = shapley_parts(value, changed)
    except Circle15Error as e:
        text = Said("两期输入无法互换：{why}", "the two dates' inputs cannot be exchanged: {why}")
        return text.format(why=_why(e))
    nothing = np.where(np.isfinite(value(frozenset(changed)) - value(frozenset())), 0.0, np.nan)
    parts = pd.DataFrame({factor: found.get(factor, nothing) for factor in FACTORS}, index=index)
    parts[parts.isna().any(axis=1)] = np.nan
    rest = ends[frozenset(changed)].reindex(index) - ends[frozenset()].reindex(index) - parts.sum(axis=1, skipna=False)
    if (rest.abs() > _ROUNDING * (1 + ends[frozenset(changed)].reindex(index).abs())).any():
        return Said(
            "两期另有未列入五类因素的差异（如配置中的其他选项），变化原因无法分解",
            "the dates differ in something that is none of the five (another option of the config): not split",
        )
    return Moved(parts, changed, 2 ** len(changed))


def _keyed(numbers: pd.DataFrame) -> pd.Series[float]:
    return pd.Series(numbers["value"].to_numpy(np.float64), index=_index(numbers))


def _index(numbers: pd.DataFrame) -> pd.MultiIndex:
    return pd.MultiIndex.from_frame(numbers[KEY])


def _in_later_ids(numbers: pd.DataFrame, units: UnitMatches) -> pd.Series[float]:
    """Give an earlier date's numbers by the ids that its units have later; units that are gone are left out."""
    later = {(level, old): new for (level, new), old in units.before.items()}
    ids = [later.get(pair) for pair in zip(numbers["level"], numbers["unit_id"], strict=True)]
    known = numbers.assign(unit_id=pd.Series(ids, index=numbers.index, dtype=object)).dropna(subset="unit_id")
    return _keyed(known)


def _n_other(now: pd.DataFrame, written: pd.DataFrame) -> int:
    """Count the written numbers that are not what is computed now, beyond what printing rounds."""
    both = pd.DataFrame({"now": _keyed(now), "written": _keyed(written)})
    kept = both[both.index.isin(_keyed(now).index) & both.index.isin(_keyed(written).index)]
    measures = kept.index.get_level_values("measure")
    step = np.array([10.0 ** -decimals_of(_PRINTED_AS.get(m, m)) for m in measures])
    one, two = kept["now"].to_numpy(np.float64), kept["written"].to_numpy(np.float64)
    # Supply per 1,000 people is a ratio of two printed numbers.
    near = np.isclose(one, two, rtol=1e-6, atol=0) | (np.abs(one - two) <= step) | (np.isnan(one) & np.isnan(two))
    return int((~near).sum())


def _why(error: Circle15Error) -> Said:
    first = error.problems[0]
    return Said(first.in_("zh"), first.in_("en"))


def _replaced(names: Iterable[str]) -> Said:
    listed = list(names)
    some = listed[:_NAMED]
    zh, en = "、".join(some), ", ".join(some)
    if len(listed) > len(some):
        zh, en = f"{zh} 等 {len(listed)} 个文件", f"{en} and {len(listed) - len(some)} more"
    return Said(
        f"输入文件已不是当时所读的（{zh}），变化原因无法分解；每期输入请各存一份（如文件名带日期），并在该期配置中写明",
        f"its inputs are not what it read ({en}), so that why numbers moved cannot be told; keep each date's files"
        " under names of their own and name them in that date's config",
    )
