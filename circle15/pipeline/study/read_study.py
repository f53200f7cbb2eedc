"""Everything that a config names, read into one study."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
import shapely

from circle15.config.model import BUFFER_MARGIN_M
from circle15.inputs.ground.cell_resolution import settle_resolution
from circle15.inputs.ground.cells import unit_of_points
from circle15.inputs.ground.communities import REST_SUFFIX
from circle15.inputs.ground.districts import District, buffer_area, read_district
from circle15.inputs.ground.names import check_streets
from circle15.inputs.osm.file import is_osm_file
from circle15.inputs.people.beyond import read_buffer_people
from circle15.network.build import missing_buffer_sides
from circle15.network.extracts import read_wanted
from circle15.network.linking.link import link
from circle15.pipeline.starts.walk_starts import start_around, start_walks, start_warnings
from circle15.pipeline.study.later_tables import later_changes
from circle15.pipeline.study.layer_facilities import OSM_ATTRIBUTION, read_services, wanted_tags
from circle15.pipeline.study.outline_check import measure_outlines, outline_warnings
from circle15.pipeline.study.scenario import change_network, change_services, scenario_inputs, shown_changes
from circle15.pipeline.study.second_level import SecondLevel, read_people, without_pieces
from circle15.pipeline.study.study_streets import read_streets, street_inputs
from circle15.pipeline.study.table_warnings import people_warnings, row_warnings, table_warnings
from circle15.policy.apply import apply_policy, settle_norms
from circle15.units import minutes_to_seconds

if TYPE_CHECKING:
    from pathlib import Path

    from circle15.config.model import Config
    from circle15.inputs.ground.cells import Cells
    from circle15.inputs.people.spread import Population
    from circle15.network.linking.linkage import Linkage
    from circle15.pipeline.study.clock import Clock

from circle15.pipeline.study.study import Study
from circle15.said import Said


def study_area(config: Config) -> Any:
    """Give the area whose streets a config's district needs, degrees WGS-84: the district and its buffer.

    Raises
    ------
    Circle15Error
        If the district's files cannot be used.
    """
    config = apply_policy(config).config
    district, area = _read_area(config, config.streets_file)
    # Before the streets are read: a country's box is refused in a second.
    settle_resolution(config, district)
    return area


def _read_area(config: Config, source: Path) -> tuple[District, Any]:
    """Give the district, and the area around it."""
    district = read_wanted(source, wanted_tags(config), lambda extract: read_district(config, extract))
    return district, buffer_area(district.geometry, config.buffer_m())


def read_study(config: Config, clock: Clock) -> Study:
    """Read everything that the config names.

    Raises
    ------
    Circle15Error
        If a file is missing, malformed or does not fit the others.
    """
    applied = apply_policy(config)
    config = applied.config
    source = config.streets_file
    with clock.stage("district"):
        district, area = _read_area(config, source)
        config, chosen = settle_resolution(config, district)
        applied = replace(applied, config=config)
    with clock.stage("network"):
        unchanged = read_streets(config, area)
        network, path_warnings = change_network(config, unchanged)
    with clock.stage("facilities"):
        services = change_services(config, read_services(config, network, area), area)
        applied = settle_norms(applied, services.facilities, services.capacity_units)
        config = applied.config
    with clock.stage("people"):
        cells, people, second = read_people(config, district)
        # A scenario's walks start where its base's do, or the two could not be compared.
        starts = start_walks(config, cells, people, unchanged)
        district, cells, people, second = _without_empty_rest(district, starts.cells, people, second)
        around = start_around(config, read_buffer_people(config, district.geometry, area, people), unchanged)
    with clock.stage("district"):
        outlines = measure_outlines(config, district.outlines, network, services.facilities)
    units = pd.Index(district.units["unit_id"])
    unit_of_piece = units.get_indexer(cells.pieces["unit_id"]).astype(np.int64)
    facilities = services.facilities
    lon, lat = facilities["lon"].to_numpy(np.float64), facilities["lat"].to_numpy(np.float64)
    unit_of_facility = unit_of_points(cells.pieces, unit_of_piece, lon, lat)
    # Without streets of its own the district is the one unit, and a street in a table says nothing about it.
    named = check_streets(facilities, district.units, unit_of_facility) if config.district.units is not None else []
    sides = missing_buffer_sides(network.report.extent, district.geometry, config.buffer_m())
    later = later_changes(config)
    return Study(
        config=config,
        policy=applied,
        district=district,
        network=network,
        cells=cells,
        people=people,
        facilities=facilities,
        entrances=services.entrances,
        dropped=services.dropped,
        changes=(*services.changes, *named, *people.changes, *district.changes, *later),
        unit_of_piece=unit_of_piece,
        unit_of_facility=unit_of_facility,
        warnings=(
            *outline_warnings(outlines),
            *_buffer_warnings(sides),
            *district.notes,
            *path_warnings,
            *table_warnings(config, services, named),
            *people_warnings(people),
            *row_warnings(later),
            *start_warnings(starts),
            *applied.warning_texts(),
        ),
        attributions=(OSM_ATTRIBUTION,) if is_osm_file(source) else (),
        counts={
            "facilities": services.counts,
            "population": people.counts
            | {"pieces_started_on_their_side": starts.n_moved, "people_behind_a_border": starts.people_across},
            "unbuffered_sides": list(sides),
            "units_without_ground_in_the_district": district.n_outside,
            "slivers_given_to_neighbours_m2": round(district.sliver_m2, 2),
        },
        inputs={
            **street_inputs(config),
            **services.inputs,
            **people.inputs,
            **district.inputs,
            **scenario_inputs(config),
        },
        detections=services.detections,
        outlines=outlines,
        second=second,
        around=around,
        area=area,
        gates=services.gates,
        scenario=shown_changes(config, services),
        chosen=chosen,
    )


def _without_empty_rest(
    district: District, cells: Cells, people: Population, second: SecondLevel | None
) -> tuple[District, Cells, Population, SecondLevel | None]:
    """Leave out the part of the district that belongs to no unit where nobody lives there (sea, forest)."""
    rest = district.id + REST_SUFFIX
    in_rest = (cells.pieces["unit_id"] == rest).to_numpy()
    if not in_rest.any() or people.groups.to_numpy()[in_rest].sum() > 0:
        return district, cells, people, second
    units = district.units[district.units["unit_id"] != rest].reset_index(drop=True)
    groups = people.groups.loc[~in_rest].reset_index(drop=True)
    homes = people.homes
    if homes is not None:
        homes = homes.of_pieces(~in_rest)
        homes = replace(homes, piece=(np.cumsum(~in_rest) - 1)[homes.piece])
    kept = None if second is None else without_pieces(second, ~in_rest, rest)
    return replace(district, units=units), cells.select(~in_rest), replace(people, groups=groups, homes=homes), kept


def network_around(config: Config, lon: float, lat: float, minutes: float, profile: str) -> Linkage:
    """Link one place to the streets that it can reach within ``minutes``."""
    speed = config.walk[profile].speed_m_s
    area = buffer_area(
        shapely.Point(lon, lat), minutes_to_seconds(minutes) * speed + config.network.max_access_m + BUFFER_MARGIN_M
    )
    network = read_streets(config, area)
    places = (np.array([lon]), np.array([lat]))
    return link(network, *places, max_access_m=config.network.max_access_m, profile=profile)


_SIDES_ZH = {"north": "北", "east": "东", "south": "南", "west": "西"}


def _buffer_warnings(sides: tuple[str, ...]) -> list[Said]:
    if not sides:
        return []
    zh, en = "、".join(_SIDES_ZH[s] for s in sides), ", ".join(sides)
    return [
        Said(
            f"路网数据在缓冲区内终止：{zh}侧无缓冲，靠近该侧边界的结果可能偏低",
            f"the extract ends inside the buffer: unbuffered on the {en} side; results near it may be too low",
        )
    ]
