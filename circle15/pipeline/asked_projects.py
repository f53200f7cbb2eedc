"""What to build, asked by itself: ranked places, planned projects compared, exact sites, a programme of years."""

from __future__ import annotations

from contextlib import nullcontext
from dataclasses import replace
from typing import TYPE_CHECKING

from circle15.config.model import Config, load_config
from circle15.errors import ConfigError, Problem
from circle15.files.door import files_up_to
from circle15.outputs.result import one_side
from circle15.pipeline.draws.certainty_table import draw_certainty
from circle15.pipeline.measured_study import measure_services
from circle15.pipeline.study.clock import Clock
from circle15.pipeline.study.parcels import layer_ids
from circle15.pipeline.study.read_study import read_study
from circle15.pipeline.tables.district_result import labels_of_study
from circle15.pipeline.tables.measured import measure_service
from circle15.said import Said

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    import pandas as pd

    from circle15.pipeline.projects.programme.answer import ProgrammeAnswer
    from circle15.pipeline.projects.ranked import Ranking
    from circle15.pipeline.projects.sited import Answer
    from circle15.pipeline.projects.siting_task import Task

DEFAULT_DRAWS = 200


def rank_district(
    config: Config | str | Path,
    *,
    layer: str | None = None,
    top: int | None = None,
    robust: bool = False,
    threads: int | None = None,
    on_stage: Callable[[str], None] | None = None,
) -> Ranking:
    """Rank the places where one more facility would newly cover most people; ranking.csv and its warnings.

    With the config's [certainty] the table says how its places hold in the draws. ``robust`` ranks by the 10 % quantile
    of the newly covered people over them; a config without [certainty] is then drawn as its defaults say.

    Raises
    ------
    Circle15Error
        If the config or an input cannot be used, ``layer`` is not one of the config's, or ``robust`` is asked of a
        ranking by something else than people.
    """
    from circle15.pipeline.projects.ranked import rank_services  # noqa: PLC0415 (each command loads what it asks for)

    loaded = config if isinstance(config, Config) else load_config(config)
    layer = layer_named(loaded, layer)
    ConfigError.gather(_not_robust(loaded) if robust else [])
    clock = Clock(on_stage)
    with files_up_to(loaded.limits.file_bytes):
        study = read_study(loaded, clock)
    services = [s for s in measure_services(study, clock, threads) if layer in (None, s.layer.id)]
    n_places = top or study.config.outputs.ranking_top
    n_draws = study.config.draws or (DEFAULT_DRAWS if robust else 0)
    if not n_draws:
        with clock.stage("rank"):
            return rank_services(study, services, top=n_places, threads=threads)
    from circle15.pipeline.projects.held import held_ranking, robust_ranking  # noqa: PLC0415 (as above)

    with clock.stage("certainty"):
        drawn = draw_certainty(study, services, draws=n_draws, threads=threads)
    if drawn is None:
        raise AssertionError("draws are asked for")
    with clock.stage("rank"):
        found = rank_services(study, services, top=n_places, threads=threads)
        if robust:
            found = robust_ranking(study, services, drawn, found, top=n_places, threads=threads)
        return replace(found, table=held_ranking(study, services, drawn, found.table))


def _not_robust(config: Config) -> list[Problem]:
    by, budget = config.planning.rank_by, config.planning.budget
    if by == "people" and budget is None:
        return []
    message = Said(
        "稳健排序只按新增覆盖人数，不计造价；请去掉 --robust，或改按人数排序",
        "a robust ranking is by people newly covered alone, without costs; leave out --robust, or rank by people",
    )
    return [Problem(message, file=str(config.path), key="planning.rank_by", value=by)]


def compare_projects_of(
    config: Config | str | Path, *, threads: int | None = None, on_stage: Callable[[str], None] | None = None
) -> pd.DataFrame:
    """Tell what each of the config's planned projects adds, and which duplicate each other; projects.csv as a frame.

    Raises
    ------
    Circle15Error
        If the config names no ``[planning] projects``, or it or an input cannot be used.
    """
    return compared_projects(config, threads=threads, on_stage=on_stage).table


def compared_projects(
    config: Config | str | Path,
    *,
    layer: str | None = None,
    threads: int | None = None,
    on_stage: Callable[[str], None] | None = None,
) -> Ranking:
    """Give the same, of one layer if asked, with how a workbook of it calls layers and units."""
    loaded = config if isinstance(config, Config) else load_config(config)
    layer = layer_named(loaded, layer)
    if loaded.planning.projects is None:
        message = Said(
            '请写明拟建项目表：[planning] projects = "文件"，或 --projects 文件',
            'name the table of planned projects: [planning] projects = "FILE", or --projects FILE',
        )
        raise ConfigError(Problem(message, file=str(loaded.path), key="planning.projects"))
    clock = Clock(on_stage)
    with files_up_to(loaded.limits.file_bytes):
        study = read_study(loaded, clock)
    services = measure_services(study, clock, threads)
    from circle15.pipeline.projects.compared import projects_table  # noqa: PLC0415 (as above)
    from circle15.pipeline.projects.ranked import Ranking  # noqa: PLC0415 (as above)

    with clock.stage("certainty") if study.config.draws else nullcontext():
        drawn = draw_certainty(study, services, threads=threads)
    with clock.stage("rank"):
        table = projects_table(study, services, threads=threads)
        if drawn is not None:
            from circle15.pipeline.projects.held import held_projects  # noqa: PLC0415 (as above)

            table = held_projects(study, services, drawn, table)
    own = table if layer is None else table[table["layer"] == layer]
    return Ranking(own, (), labels_of_study(study, services))


def site_district(
    config: Config | str | Path,
    task: Task,
    *,
    layer: str,
    threads: int | None = None,
    on_stage: Callable[[str], None] | None = None,
) -> Answer:
    """Site new facilities of one layer exactly; siting.csv as a frame, with what was proven.

    Raises
    ------
    Circle15Error
        If the config or an input cannot be used, ``layer`` is no id or name of its layers, or the task lacks something.
    """
    from circle15.pipeline.projects.sited import site_service  # noqa: PLC0415 (the solver is one command's own need)

    loaded = config if isinstance(config, Config) else load_config(config)
    layer_id = layer_named(loaded, layer)
    ConfigError.gather(task.problems())
    clock = Clock(on_stage)
    with files_up_to(loaded.limits.file_bytes):
        study = read_study(loaded, clock)
    chosen = next(table for table in study.config.layers if table.id == layer_id)
    with clock.stage("reach"):
        service = measure_service(chosen, study, threads=threads)
    with clock.stage("rank"):
        answer = site_service(study, service, task, threads=threads)
    drawn = draw_certainty(study, [service], threads=threads)
    if drawn is not None:
        from circle15.pipeline.projects.held_siting import held_siting  # noqa: PLC0415 (as above)

        with clock.stage("certainty"):
            answer = replace(answer, table=held_siting(study, service, drawn, answer.table, task))
    return replace(answer, table=one_side(answer.table, loaded.district.lang))


def programme(
    config: Config | str | Path, *, threads: int | None = None, on_stage: Callable[[str], None] | None = None
) -> ProgrammeAnswer:
    """Choose which project is built in which year, all services under the years' budgets, as [programme] asks.

    Parameters
    ----------
    config
        A config file with a [programme], or a config already loaded.
    threads
        Threads to search with; all by default.
    on_stage
        Told the name of each stage as it begins.

    Returns
    -------
    ProgrammeAnswer
        ``table`` as programme.csv; ``objective`` and the proven ``bound``; ``unmet``, the goals that cannot be met with
        the least that would meet them.

    Raises
    ------
    Circle15Error
        If the config has no [programme], or it or an input cannot be used.
    """
    from circle15.pipeline.projects.programme.answer import answer_of  # noqa: PLC0415 (the solver is its own need)
    from circle15.pipeline.projects.programme.held_programme import hold_programme  # noqa: PLC0415 (as above)
    from circle15.pipeline.projects.programme.programmed import solve_district_programme  # noqa: PLC0415 (as above)

    loaded = config if isinstance(config, Config) else load_config(config)
    if loaded.programme is None:
        message = Said(
            "没有 [programme] 表：请写明 years、budget 与 goals",
            "there is no [programme]: state years, budget and goals",
        )
        raise ConfigError(Problem(message, file=str(loaded.path), key="programme"))
    clock = Clock(on_stage)
    study = read_study(loaded, clock)
    services = measure_services(study, clock, threads)
    with clock.stage("rank"):
        solved = solve_district_programme(study, services, threads=threads)
    with clock.stage("certainty") if study.config.draws else nullcontext():
        return answer_of(replace(solved, held=hold_programme(solved)), threads=threads)


def layer_named(config: Config, name: str | None) -> str | None:
    """Give the id of the layer that has this id or name; None for None.

    Raises
    ------
    ConfigError
        If there is none; lists those there are.
    """
    known = layer_ids(config)
    if name is None or name in known:
        return None if name is None else known[name]
    there = ", ".join(f"{table.id} ({table.name})" for table in config.layers)
    message = Said(f"没有这项服务；配置中有 {there}", f"no such layer; the config has {there}")
    raise ConfigError(Problem(message, file=str(config.path), value=name))
