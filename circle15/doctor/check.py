"""The doctor: every problem of a config and its inputs in one list, and how well they fit; measures nothing."""

from __future__ import annotations

from dataclasses import replace
from importlib.util import find_spec
from typing import TYPE_CHECKING, Any

from circle15.config.model import load_config, readable_config
from circle15.config.plans.programme_table import files_named
from circle15.doctor.fit import check_fit, note_district
from circle15.errors import Circle15Error, InputError, Problem
from circle15.files.door import files_up_to, vouched
from circle15.inputs.facilities.facility_sources import read_facilities
from circle15.inputs.facilities.guess import read_raw
from circle15.inputs.ground.cell_resolution import settle_resolution
from circle15.inputs.ground.districts import buffer_area, read_district
from circle15.inputs.ground.polygons import read_polygons
from circle15.inputs.people.people_tables import read_people_table
from circle15.outputs.printing import BROWSERS, find_browser
from circle15.pipeline.projects.programme.options import programme_offer
from circle15.pipeline.study.clock import Clock
from circle15.pipeline.study.later_tables import read_actual
from circle15.pipeline.study.layer_facilities import OSM_PREFIX, named_places, read_services
from circle15.pipeline.study.outline_check import measure_outlines, outline_warnings, read_outlines
from circle15.pipeline.study.parcels import candidates_of, read_parcels
from circle15.pipeline.study.read_study import read_study
from circle15.pipeline.study.second_level import read_people
from circle15.pipeline.study.study_streets import read_streets
from circle15.pipeline.study.table_systems import Coordinates, SystemJudge
from circle15.pipeline.study.table_warnings import people_warnings, table_warnings
from circle15.pipeline.tables.levels import levels_of
from circle15.pipeline.tables.surveyed import survey_of
from circle15.policy.apply import apply_policy

if TYPE_CHECKING:
    from pathlib import Path

    from circle15.config.model import Config
    from circle15.network.graph import WalkNetwork
    from circle15.pipeline.study.study import Study

from circle15.doctor.findings import Findings
from circle15.said import SEMICOLON, Said


def check_config(path: Path, *, lang: str | None = None) -> Findings:
    """Try everything that a run reads and list what is wrong with each, and how well the parts fit each other.

    ``lang``, "zh" or "en", is that of whoever asks; by default the config's, English where it cannot be read.
    """
    found = Findings(asked_in=lang)
    with found.gather():
        found.config = load_config(path)
    if found.config is None:
        # What is wrong with some keys hides nothing that the others name.
        found.config, has_people = readable_config(path)
        if found.config is not None and not has_people:
            _check_parts(found.config, found, with_people=False)
            return found
    if found.config is None:
        return found
    with files_up_to(found.config.limits.file_bytes):
        return _check_inputs(found.config, found)


def _check_inputs(config: Config, found: Findings) -> Findings:
    """Try what the config names."""
    try:
        study = read_study(config, Clock())
    except Circle15Error:
        # A run stops at the first thing; here every part is tried, so that all is told at once.
        _check_parts(config, found)
        return found
    _check_later_inputs(study, found)
    check_fit(study, found)
    return found


def _check_parts(config: Config, found: Findings, *, with_people: bool = True) -> None:
    """Read one part after another and note the problems of each."""
    with found.gather():
        config = apply_policy(config).config
    source = config.streets_file
    district = network = None
    with found.gather():
        district = read_district(config, source)
        note_district(district, found)
    if district is None:
        _check_polygons(config, source, found)
    area = buffer_area(district.geometry, config.buffer_m()) if district is not None else None
    with found.gather():
        network = read_streets(config, area)
    found.outlines = measure_outlines(
        config, district.outlines if district is not None else read_outlines(config), network
    )
    found.warnings.extend(outline_warnings(found.outlines))
    for layer in config.layers:
        with found.gather():
            if network is not None and area is not None:
                alone = config.model_copy(update={"layers": (layer,)})
                services = read_services(alone, network, area)
                found.systems.update(services.detections)
                found.warnings.extend(table_warnings(alone, services))
            elif not layer.source.startswith(OSM_PREFIX):
                read_facilities(layer, config.resolve(layer.source), headings=config.headings)
        if network is not None and layer.id not in found.systems:
            _guess_system(config, layer.id, network, area, found)
    with found.gather():
        if not with_people:
            pass  # the config's own fault
        elif district is not None:
            _, people, _ = read_people(settle_resolution(config, district)[0], district)
            found.warnings.extend(people_warnings(people))
        elif config.population.path is not None:
            read_people_table(config, config.resolve(config.population.path))
    _look_for_files(config, found)
    _check_programs(config, found)
    if not found.problems:
        # What fails only as a whole, such as a scenario's changes.
        with found.gather():
            read_study(config, Clock())


def _check_polygons(config: Config, source: Path, found: Findings) -> None:
    """Read units and communities by themselves, where the boundary keeps them from being fitted into it."""
    table = config.district
    shared: dict[str, Any] = {"osm_path": source, "resolve": config.resolve, "names_in": table.lang}
    units = ("units", table.units, table.unit_id_field, table.unit_name_field)
    communities = ("communities", table.communities, table.community_id_field, table.community_name_field)
    for name, text, id_field, name_field in (units, communities):
        with found.gather():
            if text is not None:
                read_polygons(
                    text,
                    key=f"district.{name}",
                    id_field=id_field,
                    name_field=name_field,
                    crs=table.crs_of(name),
                    **shared,
                )


def _look_for_files(config: Config, found: Findings) -> None:
    """See that the files are there that a run reads with what was read before them."""
    named = {
        "network.elevation": config.network.elevation,
        **{f"network.lines.{i}": name for i, name in enumerate(config.network.lines, start=1)},
        "population.totals": config.population.totals,
        "survey.path": config.survey.path if config.survey is not None else None,
        "policy.actual": config.policy.actual if config.policy is not None else None,
        "planning.candidates": config.planning.candidates,
        "planning.projects": config.planning.projects,
        **_programme_files(config),
        **{f"change.{i}.line": c.line for i, c in enumerate(config.changes, start=1) if isinstance(c.line, str)},
    }
    told = {p.file for p in found.problems}
    for key, name in named.items():
        path = config.resolve(name.partition("#")[0]) if name is not None else None
        if path is not None and str(path) not in told:
            try:
                vouched(path, may_be_folder=path.suffix.lower() == ".gdb")
            except InputError as e:
                found.problems.extend(replace(problem, key=key) for problem in e.problems)


def _guess_system(config: Config, layer_id: str, network: WalkNetwork, area: Any, found: Findings) -> None:
    """Say which system a layer that could not be read is in, where its numbers tell."""
    layer = next(one for one in config.layers if one.id == layer_id)
    if layer.source.startswith(OSM_PREFIX):
        return
    try:
        raw = read_raw(layer, config.resolve(layer.source), headings=config.headings)
        table = Coordinates(raw.x, raw.y, layer.crs, raw.names, raw.signs, raw.headings)
        judge = SystemJudge(network, area=area, read_names=lambda: named_places(config, area))
        detection = judge.judge({layer_id: table}).get(layer_id)
    except Circle15Error:
        return  # its problems are in the list already
    if detection is None or detection.best is None:
        return
    found.systems[layer_id] = detection
    n, median = detection.n_compared, detection.table["median_m"].iloc[0]
    told = Said(f"{layer.name}：坐标更像 {detection.best}", f"{layer.name}: looks like {detection.best}")
    if not detection.is_sure:
        told += Said("（把握不大）", " (not sure)")
    if n:
        told += Said(
            f"：{n} 个可比点位距最近街道的中位数 {median:.0f} 米",
            f": median {median:.0f} m to the nearest street over {n} points that can be compared",
        )
    if detection.table["is_swapped"].iloc[0]:
        advice = Said("请核对经纬度两列是否写反", "check which column is the longitude")
    else:
        advice = Said("请核对后写入 crs", "check it and say it as crs")
    found.warnings.append(SEMICOLON.join([told, *(s.words for s in detection.signs), advice]))


def _programme_files(config: Config) -> dict[str, str]:
    """Give the files of the programme's projects by the keys that name them."""
    if config.programme is None:
        return {}
    given = (("candidates", config.programme.candidates), ("decided", config.programme.decided))
    return {f"programme.{key}": name for key, names in given for name in files_named(names)}


def _check_later_inputs(study: Study, found: Findings) -> None:
    """Read what a run reads after its study: survey, today's values, candidates, planned projects."""
    config = study.config
    with found.gather():
        survey_of(study, levels_of(study))
    with found.gather():
        if config.policy is not None and config.policy.actual is not None:
            read_actual(study, config.policy.actual)
    with found.gather():
        candidates_of(study)
    with found.gather():
        if config.planning.projects is not None:
            read_parcels(study, config.planning.projects)
    with found.gather():
        if config.programme is not None:
            found.warnings += programme_offer(study, config.programme).told
    _check_programs(config, found)


def _check_programs(config: Config, found: Findings) -> None:
    """Look for the programs that the outputs asked for need."""
    file = str(config.path)
    if config.outputs.pdf and find_browser() is None:
        message = Said(
            f"PATH 中须有浏览器（{', '.join(BROWSERS)} 之一）；否则请删去 pdf",
            f"needs a browser on the PATH, one of {', '.join(BROWSERS)}; or leave pdf out",
        )
        found.problems.append(Problem(message, file=file, key="outputs.pdf"))
    if config.outputs.pictures and find_spec("matplotlib") is None:
        message = Said(
            "需要 matplotlib：pip install 'circle15[pictures]'",
            "needs matplotlib: pip install 'circle15[pictures]'",
        )
        found.problems.append(Problem(message, file=file, key="outputs.pictures"))
