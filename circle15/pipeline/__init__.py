"""One district, from config to files; the only room that knows all the others."""

from __future__ import annotations

from contextlib import nullcontext
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from circle15.config.model import Config, load_config
from circle15.errors import ConfigError, InputError, Problem
from circle15.files.door import files_up_to
from circle15.files.staging import claimed_folder
from circle15.files.vouching import InputLedger
from circle15.files.written import MANIFEST, files_of_manifest, refuse_foreign, write_manifest
from circle15.outputs.beside_share import beside_share
from circle15.outputs.certainty_words import interval_of
from circle15.outputs.result import one_side
from circle15.outputs.sentences import whom
from circle15.outputs.text import plain_number, share_text, spaced
from circle15.outputs.view import View
from circle15.pipeline.draws.certainty_table import draw_certainty, with_certainty
from circle15.pipeline.projects.planned import plan_projects, with_planned
from circle15.pipeline.record.confirmed import confirm, with_confirmation
from circle15.pipeline.record.manifest import manifest_of
from circle15.pipeline.record.named_files import named_files
from circle15.pipeline.record.named_places import with_named_places
from circle15.pipeline.record.whatif_data import pack_whatif
from circle15.pipeline.record.writing import require_tools, sure_outputs, write_outputs
from circle15.pipeline.study.clock import Clock
from circle15.pipeline.study.outline_check import outlines_named
from circle15.pipeline.study.parcels import layer_ids
from circle15.pipeline.study.read_study import read_study
from circle15.pipeline.tables.district_result import district_result, labels_of_study
from circle15.pipeline.tables.measured import Service, count_competitors, measure_service
from circle15.reach.isochrone import isochrones
from circle15.said import Said

if TYPE_CHECKING:
    from collections.abc import Callable

    import geopandas as gpd
    import pandas as pd

    from circle15.measures.random_draws import Seed
    from circle15.outputs.result import DistrictResult
    from circle15.pipeline.projects.programme.answer import ProgrammeAnswer
    from circle15.pipeline.projects.ranked import Ranking
    from circle15.pipeline.projects.sited import Answer
    from circle15.pipeline.projects.siting_task import Task
    from circle15.pipeline.record.confirmed import Confirmation
    from circle15.pipeline.study.study import Study

DEFAULT_OUT = Path("maps")
DEFAULT_DRAWS = 200
STAGES = ("district", "network", "facilities", "people", "link", "reach", "certainty", "rank", "draw", "write")


@dataclass(frozen=True, slots=True)
class Run:
    """A finished run: its results, and the folder that they were written to."""

    result: DistrictResult
    folder: Path
    seconds: dict[str, float]  # per stage

    def summary(self) -> str:
        """Say in a few lines what was found, in English; `said` says it in both languages."""
        return self.said().en

    def said(self) -> Said:
        """Say in a few lines what was found: residents, each layer's covered share of its group, and the time taken."""
        total = self.result.tables.coverage.query("unit_id == @self.result.id")
        residents = self.result.cells["population"].sum()
        n = len(self.result.units)
        units = f"{n} unit{'s' if n != 1 else ''}"
        lines = [
            Said(
                f"{self.result.name}：{residents:,.0f} 人，{n} 个单元",
                f"{self.result.name}: {residents:,.0f} people, {units}",
            )
        ]
        layers = {layer.id: layer for layer in self.result.layers}
        view = View(self.result)
        row: Any
        for row in total.itertuples(index=False):
            zh, en = (beside_share(row, lang, group=row.group) for lang in ("zh", "en"))
            layer = layers[row.layer]
            served = {lang: whom(layer, lang) for lang in ("zh", "en")}
            share = share_text(row.covered_share)
            sure = {lang: interval_of(view, row.layer, lang) for lang in ("zh", "en")}
            minutes, metres = plain_number(row.threshold_min), f"{row.threshold_m:,.0f}"
            lines.append(
                Said(
                    f"  {layer.name}：步行 {minutes} 分钟（{metres} 米）内覆盖"
                    f"{spaced(served['zh'], 'zh')} {share}{sure['zh']}{'；' if zh else ''}{zh}",
                    f"  {layer.name} ({row.layer}): {share}{sure['en']} of {served['en']} within {minutes} min"
                    f" ({metres} m){'; ' if en else ''}{en}",
                )
            )
        seconds = f"{sum(self.seconds.values()):.1f}"
        return Said("\n", "\n").join([*lines, Said(f"用时 {seconds} 秒", f"{seconds} s")])


def run_district(
    config: Config | str | Path,
    *,
    out: str | Path | None = None,
    threads: int | None = None,
    on_stage: Callable[[str], None] | None = None,
) -> Run:
    """Plan one district and write its maps, tables and manifest.

    Parameters
    ----------
    config
        A config file, or a config already loaded.
    out
        Folder to write to; by default ``maps/<district id>``, for a scenario with its file's name behind. It is left as
        it was if anything fails.
    threads
        Threads to search with; all by default. Results do not depend on it.
    on_stage
        Told the name of each of `STAGES` as it begins.

    Returns
    -------
    Run

    Raises
    ------
    Circle15Error
        If the config or an input cannot be used; the message names file, row, column and value.
    """
    loaded = config if isinstance(config, Config) else load_config(config)
    folder = Path(out) if out is not None else DEFAULT_OUT / loaded.folder_name
    require_tools(loaded)
    clock = Clock(on_stage)
    with claimed_folder(folder) as claim:
        # Now, not after everything is computed.
        refuse_foreign(folder, dict.fromkeys((*files_of_manifest(folder), *sure_outputs(loaded))))
        ledger = InputLedger.of(named_files(loaded))
        study, result, confirmation = _compute(loaded, clock, threads)
        with claim.stage() as stage:
            with clock.stage("write"):
                undrawn = write_outputs(result, study, stage, threads=threads)
                result = replace(result, warnings=(*result.warnings, *undrawn))
            told = manifest_of(study, result, clock.seconds, stage, ledger=ledger, confirmation=confirmation)
            write_manifest(told, stage / MANIFEST)
    return Run(result, folder, dict(clock.seconds))


def _compute(config: Config, clock: Clock, threads: int | None) -> tuple[Study, DistrictResult, Confirmation | None]:
    """Read, measure and plan; nothing is written."""
    with outlines_named(config), files_up_to(config.limits.file_bytes):
        study = read_study(config, clock)
        services = _measure(study, clock, threads)
        study = count_competitors(study, services)
        with clock.stage("certainty") if study.config.draws else nullcontext():
            drawn = draw_certainty(study, services, threads=threads)
        with clock.stage("rank"):
            planned = plan_projects(study, services, certainty=drawn, threads=threads)
        with clock.stage("draw"):
            measured = district_result(study, services, planned.tables.get("ranking"), threads=threads)
            result = with_certainty(with_planned(measured, planned), drawn)
            outputs = study.config.outputs
            if outputs.whatif and outputs.writes_map:
                result = replace(result, whatif=pack_whatif(study, services))
            if outputs.writes_map or outputs.writes("units"):
                result = with_named_places(result, study)
        confirmation = confirm(config, result)
    return study, with_confirmation(result, confirmation), confirmation


def certainty(
    config: Config | str | Path, *, draws: int = 200, seed: Seed = 15, threads: int | None = None
) -> pd.DataFrame:
    """Tell how sure every covered share is; certainty.csv as a frame.

    Parameters
    ----------
    config
        A config file, or a config already loaded. Its [certainty] says how far the inputs may be off; without it the
        defaults hold.
    draws
        How often the district is measured anew, at least 1.
    seed
        Whole number, `numpy.random.SeedSequence` or `numpy.random.Generator`. The same number gives the same bytes
        whatever the threads; a Generator gives other draws each time.
    threads
        Threads to search with; all by default.

    Returns
    -------
    pandas.DataFrame
        A row per unit and layer, the district last: unit_id, unit_name, layer, covered_share, its quantiles p05, p50
        and p95 over the draws, and what certainty.csv has besides.

    Raises
    ------
    Circle15Error
        If the config or an input cannot be used.
    ValueError
        If ``draws`` is below 1.
    """
    if draws < 1:
        raise ValueError(f"draws = {draws}: at least 1")
    loaded = config if isinstance(config, Config) else load_config(config)
    clock = Clock(None)
    with files_up_to(loaded.limits.file_bytes):
        study = read_study(loaded, clock)
    found = draw_certainty(study, _measure(study, clock, threads), draws=draws, seed=seed, threads=threads)
    if found is None:
        raise AssertionError("draws are asked for")
    return one_side(found.table, loaded.district.lang)


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
    from circle15.pipeline.projects.ranked import rank_services  # noqa: PLC0415 (a run without ranking does not load it)

    loaded = config if isinstance(config, Config) else load_config(config)
    layer = layer_named(loaded, layer)
    ConfigError.gather(_not_robust(loaded) if robust else [])
    clock = Clock(on_stage)
    with files_up_to(loaded.limits.file_bytes):
        study = read_study(loaded, clock)
    services = [s for s in _measure(study, clock, threads) if layer in (None, s.layer.id)]
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
    services = _measure(study, clock, threads)
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


def _not_robust(config: Config) -> list[Problem]:
    by, budget = config.planning.rank_by, config.planning.budget
    if by == "people" and budget is None:
        return []
    message = Said(
        "稳健排序只按新增覆盖人数，不计造价；请去掉 --robust，或改按人数排序",
        "a robust ranking is by people newly covered alone, without costs; leave out --robust, or rank by people",
    )
    return [Problem(message, file=str(config.path), key="planning.rank_by", value=by)]


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
    services = _measure(study, clock, threads)
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


def draw_isochrone(
    config: Config, *, lon: float, lat: float, minutes: tuple[float, ...], profile: str | None = None
) -> tuple[gpd.GeoDataFrame, list[str]]:
    """Draw the area within ``minutes`` of one place, as `circle15.isochrones` does.

    Returns
    -------
    tuple
        The areas, and what must be known of them: where the walk starts on another street than the nearest, or on one
        that hangs together with few others, and cutoffs within which no street is reached.

    Raises
    ------
    InputError
        If no street within the distance that the config allows can be walked from the place; it says why.
    """
    from circle15.pipeline.study.off_reasons import off_reasons, start_notes  # noqa: PLC0415 (one command's own need)
    from circle15.pipeline.study.read_study import network_around  # noqa: PLC0415 (as above)

    name = profile or next(iter(config.walk))
    if name not in config.walk:
        raise ConfigError(
            Problem(
                Said(
                    f"没有这种步行者；配置中有 {', '.join(config.walk)}",
                    f"no such profile; the config has {', '.join(config.walk)}",
                ),
                value=name,
            )
        )
    at = network_around(config, lon, lat, max(minutes), name)
    if at.edge[0] < 0:
        place, limit = (np.array([lon]), np.array([lat])), config.network.max_access_m
        why = off_reasons(at, *place, limit, name).text(0, limit)
        message = Said(f"{lon},{lat}：{why.zh}", f"{why.en} of {lon},{lat}")
        raise InputError(Problem(message, file=config.network.source))
    found = isochrones(at.network, at, profile=name, cutoffs_min=tuple(sorted(minutes)))
    speed = config.walk[name].speed_m_s
    return found, start_notes(at, [m for m in sorted(minutes) if m not in set(found["cutoff_min"])], speed)


def _measure(study: Study, clock: Clock, threads: int | None) -> list[Service]:
    with clock.stage("link"):
        for layer in study.config.layers:
            study.linked_cells(layer.profile)
            study.linked_entrances(layer)
    with clock.stage("reach"):
        return [measure_service(layer, study, threads=threads) for layer in study.config.layers]
