"""A district's inputs, read, checked and put on the network: what every measure starts from."""

from __future__ import annotations

from dataclasses import dataclass, field, fields, replace
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt
import pandas as pd
import shapely

from circle15.config import BUFFER_MARGIN_M
from circle15.inputs.buffer_people import BufferPeople, read_buffer_people
from circle15.inputs.cell_budget import check_cell_budget
from circle15.inputs.communities import REST_SUFFIX
from circle15.inputs.districts import District, buffer_area, read_district
from circle15.inputs.osm_file import is_osm_file
from circle15.inputs.policy import apply_policy, settle_norms
from circle15.inputs.unit_names import check_streets
from circle15.network.build import missing_buffer_sides
from circle15.network.extracts import read_wanted
from circle15.network.link import Linkage, link
from circle15.pipeline.communities import SecondLevel, read_people, without_pieces
from circle15.pipeline.later_tables import later_changes
from circle15.pipeline.off_reasons import off_reasons
from circle15.pipeline.outline_check import measure_outlines, outline_warnings
from circle15.pipeline.scenario import change_network, change_services, scenario_inputs
from circle15.pipeline.services import OSM_ATTRIBUTION, read_services, wanted_tags
from circle15.pipeline.starts import start_warnings, start_where_people_are
from circle15.pipeline.streets import read_streets, street_inputs
from circle15.pipeline.table_warnings import people_warnings, row_warnings, table_warnings
from circle15.pipeline.tabulate import unit_of_points
from circle15.units import minutes_to_seconds

if TYPE_CHECKING:
    from pathlib import Path

    import geopandas as gpd

    from circle15.config import Config, LayerTable
    from circle15.inputs.cells import Cells
    from circle15.inputs.import_report import Change, DroppedFacility
    from circle15.inputs.people_spread import Population
    from circle15.inputs.policy import AppliedPolicy
    from circle15.network.crs_detector import CrsDetection
    from circle15.network.graph import WalkNetwork
    from circle15.network.outline_detector import OutlineDetection
    from circle15.pipeline.clock import Clock
    from circle15.pipeline.off_reasons import OffReasons


@dataclass(frozen=True, slots=True)
class Study:
    """One district ready to be measured."""

    config: Config  # its layers filled from the policy registers
    policy: AppliedPolicy
    district: District
    network: WalkNetwork
    cells: Cells
    people: Population
    facilities: gpd.GeoDataFrame  # facility_id, layer, name, lon, lat, capacity, used, quality, source, geometry
    entrances: pd.DataFrame  # facility_id, layer, lon, lat
    dropped: tuple[DroppedFacility, ...]  # facilities of files without a usable place, repeated or closed
    changes: tuple[Change, ...]  # lines of the import report
    unit_of_piece: npt.NDArray[np.int64]  # (n_pieces,) row of district.units
    unit_of_facility: npt.NDArray[np.int64]  # (n_facilities,), -1 in the buffer
    warnings: tuple[str, ...]
    attributions: tuple[str, ...]
    counts: dict[str, Any]  # everything read, dropped or unlinked
    inputs: dict[str, Path]  # file as the config names it
    detections: dict[str, CrsDetection] = field(default_factory=dict)  # of the layers' coordinate systems
    outlines: tuple[OutlineDetection, ...] = ()  # of the systems of the district's outlines
    second: SecondLevel | None = None  # communities, where the config names them
    around: BufferPeople | None = None  # people just beyond the border, where the source tells of them
    _linked: dict[str, Linkage] = field(default_factory=dict)
    _off: dict[str, OffReasons] = field(default_factory=dict)

    @property
    def n_units(self) -> int:
        """Number of units."""
        return len(self.district.units)

    @property
    def is_one_unit(self) -> bool:
        """Whether the district has no units but itself."""
        return list(self.district.units["unit_id"]) == [self.district.id]

    def once_per_unit(self, table: pd.DataFrame) -> pd.DataFrame:
        """Leave out the row of the one unit where that is the whole district itself, which has a row of its own."""
        return table.iloc[1:].reset_index(drop=True) if self.is_one_unit else table

    def words(self, zh: str, en: str) -> str:
        """Choose by the run's language."""
        return zh if self.config.district.lang == "zh" else en

    def unit_names(self) -> pd.DataFrame:
        """Give unit_id and unit_name, the whole district last."""
        units = self.district.units
        return pd.DataFrame(
            {
                "unit_id": [*units["unit_id"], self.district.id],
                "unit_name": [*units["unit_name"], self.words("全区", "whole district")],
            }
        )

    def rows_of(self, layer_id: str) -> npt.NDArray[np.int64]:
        """Give the rows of a layer's facilities."""
        return np.flatnonzero((self.facilities["layer"] == layer_id).to_numpy())

    def linked_cells(self, profile: str) -> Linkage:
        """Link every cell's start, mostly its centre, to the streets that ``profile`` may walk; done once."""
        key = f"cells/{profile}"
        if key not in self._linked:
            self._linked[key] = self._link(self.cells.lon, self.cells.lat, profile)
        return self._linked[key]

    def cells_off(self, profile: str) -> OffReasons:
        """Tell why cells are on no street that ``profile`` may walk; done once."""
        if profile not in self._off:
            at, limit = self.linked_cells(profile), self.config.network.max_access_m
            self._off[profile] = off_reasons(at, self.cells.lon, self.cells.lat, limit, profile)
        return self._off[profile]

    def facilities_off(self, layer: LayerTable) -> dict[int, str]:
        """Say why a layer's facilities are on no street, by row of the facilities; of several entrances the first."""
        at, owner = self.linked_entrances(layer)
        of_layer = self.entrances[self.entrances["layer"] == layer.id]
        lon, lat = (of_layer[c].to_numpy(np.float64) for c in ("lon", "lat"))
        limit = self.config.network.max_access_m
        found = off_reasons(at, lon, lat, limit, layer.profile)
        rows, on = self.rows_of(layer.id), set(owner[at.edge >= 0].tolist())
        first = {int(o): i for i, o in reversed(list(enumerate(owner.tolist()))) if o not in on}
        return {int(rows[o]): self.words(*found.texts(i, limit)) for o, i in first.items()}

    def linked_around(self, around: BufferPeople, profile: str) -> Linkage:
        """Link the centres of the cells beyond the border; done once."""
        key = f"around/{profile}"
        if key not in self._linked:
            self._linked[key] = self._link(around.lon, around.lat, profile)
        return self._linked[key]

    def linked_entrances(self, layer: LayerTable) -> tuple[Linkage, npt.NDArray[np.int64]]:
        """Link a layer's entrances; give with them the facility of each, counted within the layer."""
        of_layer = self.entrances[self.entrances["layer"] == layer.id]
        key = f"layer/{layer.id}/{layer.profile}"
        if key not in self._linked:
            self._linked[key] = self._link(of_layer["lon"].to_numpy(), of_layer["lat"].to_numpy(), layer.profile)
        ids = pd.Index(self.facilities["facility_id"].to_numpy()[self.rows_of(layer.id)])
        return self._linked[key], ids.get_indexer(of_layer["facility_id"]).astype(np.int64)

    def facility_access_m(self) -> npt.NDArray[np.float64]:
        """Give each facility's access leg in metres at its nearest linked entrance, NaN where none is linked."""
        access = np.full(len(self.facilities), np.inf)
        for layer in self.config.layers:
            at, owner = self.linked_entrances(layer)
            np.minimum.at(access, self.rows_of(layer.id)[owner], np.where(at.edge >= 0, at.access_m, np.inf))
        return np.where(np.isinf(access), np.nan, access)

    def facility_skipped_border(self) -> npt.NDArray[np.bool_]:
        """Tell which facilities have an entrance whose nearest street lies behind a hard border."""
        skipped = np.zeros(len(self.facilities), dtype=np.bool_)
        for layer in self.config.layers:
            at, owner = self.linked_entrances(layer)
            np.logical_or.at(skipped, self.rows_of(layer.id)[owner], at.skipped_border)
        return skipped

    def network_report(self) -> dict[str, Any]:
        """Give what building the network found, for the manifest."""
        n_waits = self.network.report.n_wait_links  # one node and one edge each, of no length
        counted = {"nodes": self.network.n_nodes - n_waits, "edges": self.network.n_edges - n_waits}
        return {**counted, **_plain_report(self.network.report)}

    def _link(self, lon: npt.NDArray[np.float64], lat: npt.NDArray[np.float64], profile: str) -> Linkage:
        return link(self.network, lon, lat, max_access_m=self.config.network.max_access_m, profile=profile)


def study_area(config: Config) -> Any:
    """Give the area whose streets a config's district needs, degrees WGS-84: the district and its buffer.

    Raises
    ------
    Circle15Error
        If the district's files cannot be used.
    """
    config = apply_policy(config).config
    return _read_area(config, config.resolve(config.network.source))[1]


def _read_area(config: Config, source: Path) -> tuple[District, Any]:
    """Give the district, and the area around it."""
    district = read_wanted(source, wanted_tags(config), lambda extract: read_district(config, extract))
    # Before the streets are read: a country's box is refused in a second.
    check_cell_budget(district.units.geometry, config.cells.resolution)
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
    source = config.resolve(config.network.source)
    with clock.stage("district"):
        district, area = _read_area(config, source)
    with clock.stage("network"):
        network = read_streets(config, area)
        network, path_warnings = change_network(config, network)
    with clock.stage("facilities"):
        services = change_services(config, read_services(config, network, area), area)
        applied = settle_norms(applied, services.facilities, services.capacity_units)
        config = applied.config
    with clock.stage("people"):
        cells, people, second = read_people(config, district)
        starts = start_where_people_are(config, cells, people, network)
        district, cells, people, second = _without_empty_rest(district, starts.cells, people, second)
        around = read_buffer_people(config, district.geometry, area, people)
    with clock.stage("district"):
        outlines = measure_outlines(config, district.outlines, network, services.facilities)
    units = pd.Index(district.units["unit_id"])
    unit_of_piece = units.get_indexer(cells.pieces["unit_id"]).astype(np.int64)
    facilities = services.facilities
    lon, lat = facilities["lon"].to_numpy(np.float64), facilities["lat"].to_numpy(np.float64)
    unit_of_facility = unit_of_points(cells.pieces, unit_of_piece, lon, lat)
    # Without streets of its own the district is the one unit, and a street in a table says nothing about it.
    streets = check_streets(facilities, district.units, unit_of_facility) if config.district.units is not None else []
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
        changes=(*services.changes, *streets, *people.changes, *district.changes, *later),
        unit_of_piece=unit_of_piece,
        unit_of_facility=unit_of_facility,
        warnings=(
            *outline_warnings(outlines, config.district.lang),
            *_buffer_warnings(sides, config.district.lang),
            *district.notes,
            *path_warnings,
            *table_warnings(config, services, streets),
            *people_warnings(config, people),
            *row_warnings(later, config.district.lang),
            *start_warnings(starts, config.district.lang),
            *applied.warning_texts(config.district.lang),
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
    kept = None if second is None else without_pieces(second, ~in_rest, rest)
    return replace(district, units=units), cells.select(~in_rest), replace(people, groups=groups), kept


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


def _buffer_warnings(sides: tuple[str, ...], lang: str) -> list[str]:
    if not sides:
        return []
    if lang == "zh":
        names = "、".join(_SIDES_ZH[s] for s in sides)
        return [f"路网数据在缓冲区内终止：{names}侧无缓冲，靠近该侧边界的结果可能偏低"]
    names = ", ".join(sides)
    return [f"the extract ends inside the buffer: unbuffered on the {names} side; results near it may be too low"]


def _plain_report(report: Any) -> dict[str, Any]:
    """Give a network's build report as JSON can hold it; ground is told by its bounds."""
    found: dict[str, Any] = {}
    for f in fields(report):
        value = getattr(report, f.name)
        if f.name == "hard_borders":
            continue
        if hasattr(value, "bounds"):
            value = [round(b, 7) for b in value.bounds]
        elif isinstance(value, tuple) and value and isinstance(value[0], tuple):
            value = dict(value)
        found[f.name] = value
    return {k: v for k, v in found.items() if v is not None}
