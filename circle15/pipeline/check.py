"""The doctor: every problem of a config and its inputs in one list, and how well they fit; measures nothing."""

from __future__ import annotations

from contextlib import contextmanager
from dataclasses import dataclass, field
from importlib.util import find_spec
from typing import TYPE_CHECKING, Any, Literal

import numpy as np

from circle15.config import load_config, readable_config
from circle15.errors import Circle15Error, Problem
from circle15.inputs.districts import buffer_area, read_district
from circle15.inputs.facilities import read_facilities
from circle15.inputs.layer_guess import read_raw
from circle15.inputs.people_tables import read_people_table
from circle15.inputs.policy import apply_policy
from circle15.inputs.polygons import read_polygons
from circle15.outputs.printing import BROWSERS, find_browser
from circle15.pipeline.appraise import levels_of
from circle15.pipeline.check_fit import check_fit, note_district
from circle15.pipeline.clock import Clock
from circle15.pipeline.communities import read_people
from circle15.pipeline.outline_check import measure_outlines, outline_records, outline_warnings, read_outlines
from circle15.pipeline.parcels import candidates_of, read_parcels
from circle15.pipeline.plan import read_actual
from circle15.pipeline.services import OSM_PREFIX, named_places, read_services
from circle15.pipeline.streets import read_streets
from circle15.pipeline.study import read_study
from circle15.pipeline.surveyed import survey_of
from circle15.pipeline.systems import Coordinates, SystemJudge
from circle15.pipeline.table_warnings import people_warnings, table_warnings

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    import pandas as pd

    from circle15.config import Config
    from circle15.network.crs_detector import CrsDetection
    from circle15.network.graph import WalkNetwork
    from circle15.network.outline_detector import OutlineDetection
    from circle15.pipeline.study import Study


@dataclass(slots=True)
class Findings:
    """What `check` found."""

    config: Config | None = None  # None where it cannot be read
    problems: list[Problem] = field(default_factory=list)  # a run would stop at each of these
    warnings: list[str] = field(default_factory=list)  # a run would print these
    facts: list[tuple[str, str]] = field(default_factory=list)  # what was read, and what was found of it
    systems: dict[str, CrsDetection] = field(default_factory=dict)  # by layer, or layers: "nursery, canteen"
    outlines: tuple[OutlineDetection, ...] = ()  # of the systems of outlines
    streets: dict[str, Any] = field(default_factory=dict)  # `street_check.street_facts`
    units: pd.DataFrame | None = None  # `street_check.unit_access`

    @contextmanager
    def gather(self) -> Iterator[None]:
        """Note the problems of the block and go on."""
        try:
            yield
        except Circle15Error as e:
            self.problems.extend(p for p in e.problems if p not in self.problems)

    @property
    def lang(self) -> Literal["zh", "en"]:
        """The config's language; English where it has none."""
        return "en" if self.config is None else self.config.district.lang

    def words(self, zh: str, en: str) -> str:
        """Choose by the config's language."""
        return zh if self.lang == "zh" else en

    def note(self, zh: str, en: str, *, text_zh: str, text_en: str) -> None:
        """Add a fact under a title."""
        self.facts.append((self.words(zh, en), self.words(text_zh, text_en)))

    def as_json(self) -> dict[str, Any]:
        """Give everything as JSON can hold it."""
        return {
            "problems": [str(p) for p in self.problems],
            "warnings": self.warnings,
            "facts": [f"{title}: {text}" for title, text in self.facts],
            "outline_systems": outline_records(self.outlines),
            "streets": self.streets,
            "units": [] if self.units is None else _records(self.units),
            "coordinate_systems": [
                {
                    "layers": layers.split(", "),
                    "stated": found.stated,
                    "n_points": found.n_points,
                    "n_compared": found.n_compared,
                    "best": found.best,
                    "is_sure": found.is_sure,
                    "contradicts": found.contradicts,
                    "signs": [self.words(s.zh, s.en) for s in found.signs],
                    "hypotheses": _records(found.table),
                }
                for layers, found in self.systems.items()
            ],
        }


def check_config(path: Path) -> Findings:
    """Try everything that a run reads and list what is wrong with each, and how well the parts fit each other."""
    found = Findings()
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
    try:
        study = read_study(found.config, Clock())
    except Circle15Error:
        # A run stops at the first thing; here every part is tried, so that all is told at once.
        _check_parts(found.config, found)
        return found
    _check_later_inputs(study, found)
    check_fit(study, found)
    return found


def _check_parts(config: Config, found: Findings, *, with_people: bool = True) -> None:
    """Read one part after another and note the problems of each."""
    with found.gather():
        config = apply_policy(config).config
    source = config.resolve(config.network.source)
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
    found.warnings.extend(outline_warnings(found.outlines, found.lang))
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
            _, people, _ = read_people(config, district)
            found.warnings.extend(people_warnings(config, people))
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
    shared: dict[str, Any] = {"osm_path": source, "resolve": config.resolve, "lang": table.lang}
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
        **{f"change.{i}.line": c.line for i, c in enumerate(config.changes, start=1) if isinstance(c.line, str)},
    }
    told = {p.file for p in found.problems}
    for key, name in named.items():
        path = config.resolve(name.partition("#")[0]) if name is not None else None
        if path is not None and not path.exists() and str(path) not in told:
            found.problems.append(Problem("no such file", file=str(path), key=key))


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
    fit_zh = f"：{n} 个可比点位距最近街道的中位数 {median:.0f} m" if n else ""
    fit_en = f": median {median:.0f} m to the nearest street over {n} points that can be compared" if n else ""
    because_zh = "".join(f"；{s.zh}" for s in detection.signs)
    because_en = "".join(f"; {s.en}" for s in detection.signs)
    sure_zh, sure_en = ("", "") if detection.is_sure else ("（把握不大）", " (not sure)")
    is_swapped = bool(detection.table["is_swapped"].iloc[0])
    advice_zh = "请核对经纬度两列是否写反" if is_swapped else "请核对后写入 crs"
    advice_en = "check which column is the longitude" if is_swapped else "check it and say it as crs"
    found.warnings.append(
        found.words(
            f"{layer.name}：坐标更像 {detection.best}{sure_zh}{fit_zh}{because_zh}；{advice_zh}",
            f"{layer.name}: looks like {detection.best}{sure_en}{fit_en}{because_en}; {advice_en}",
        )
    )


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
    _check_programs(config, found)


def _check_programs(config: Config, found: Findings) -> None:
    """Look for the programs that the outputs asked for need."""
    file = str(config.path)
    if config.outputs.pdf and find_browser() is None:
        message = f"needs a browser on the PATH, one of {', '.join(BROWSERS)}; or leave pdf out"
        found.problems.append(Problem(message, file=file, key="outputs.pdf"))
    if config.outputs.pictures and find_spec("matplotlib") is None:
        message = "needs matplotlib: pip install 'circle15[pictures]'"
        found.problems.append(Problem(message, file=file, key="outputs.pictures"))


def _records(table: pd.DataFrame) -> list[dict[str, Any]]:
    """Give a table's rows for JSON: numbers to six digits, None where nothing is known."""
    rows = []
    for row in table.to_dict("records"):
        plain = {str(k): v.item() if isinstance(v, np.generic) else v for k, v in row.items()}
        rows.append({k: _plain(v) for k, v in plain.items()})
    return rows


def _plain(value: Any) -> Any:
    if isinstance(value, float):
        return float(f"{value:.6g}") if np.isfinite(value) else None
    return value
