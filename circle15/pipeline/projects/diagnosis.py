"""Why people are not covered, and which missing links would help: causes.csv, links.csv and the cells' causes."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt
import pandas as pd

from circle15.inputs.ground.cells import COORDINATE_DECIMALS, unit_of_points
from circle15.measures.coverage import sum_by_unit
from circle15.pipeline.fit.islands import is_unserved
from circle15.pipeline.projects.whereabouts import communities_at, roads_near
from circle15.planning.causes import FULL, UNCOVERED_CAUSES, detour_ratio, find_causes
from circle15.planning.demand import Demand
from circle15.planning.links import find_missing_links
from circle15.planning.straight_line import straight_to_kth
from circle15.reach.kth import seconds_to_kth

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from circle15.config.layer import LayerTable
    from circle15.network.linking.linkage import Linkage
    from circle15.pipeline.study.study import Study
    from circle15.pipeline.tables.measured import Service

FloatArray = npt.NDArray[np.float64]
IntArray = npt.NDArray[np.int64]

ADULT = "adult"
CAUSE_COLUMNS = (
    "unit_id", "unit_name", "layer", "group", "cause", "people", "share", "n_cells", "detour_ratio", "gap",
)  # fmt: skip
LINK_COLUMNS = (
    "rank", "layer", "from_lon", "from_lat", "to_lon", "to_lat", "unit_id", "straight_m", "walk_m",
    "newly_covered_people", "group", "from_road", "to_road", "community",
)  # fmt: skip

DETOUR_SEARCHED_M = 20_000.0
"""Walks are followed this far to tell how long the way round is; farther, the ratio is unknown."""


@dataclass(frozen=True, slots=True)
class Diagnosis:
    """A layer's causes over the pieces of cells."""

    cause: npt.NDArray[np.object_]  # (n_pieces,) "" where nothing is wrong
    detour: FloatArray  # (n_pieces,) walk over straight line to the nearest facility, NaN where covered or unknown


def diagnose(study: Study, service: Service, *, threads: int | None = None) -> Diagnosis:
    """Give each piece of a cell its cause (`planning.causes`)."""
    layer, cells = service.layer, study.cells
    people = cells.sum_of_pieces(service.people)
    covered = np.zeros(cells.n_cells, dtype=np.bool_)
    covered[cells.cell_of_piece] = service.covered
    rows = np.flatnonzero(~covered & (people > 0))
    speed = study.config.walk[layer.profile].speed_m_s
    entrances, owner = study.linked_entrances(layer)
    doors = study.entrances[study.entrances["layer"] == layer.id]
    lon, lat = doors["lon"].to_numpy(np.float64), doors["lat"].to_numpy(np.float64)
    on_network = entrances.edge >= 0
    places = [(lon, lat, owner), (lon[on_network], lat[on_network], owner[on_network])]
    straight, straight_linked = (
        straight_to_kth(cells.lon[rows], cells.lat[rows], x, y, facility=who, k=layer.min_count) for x, y, who in places
    )
    homes = study.linked_cells(layer.profile)
    walk_s = _seconds_to_kth(study, layer, homes.take(rows), cutoff_s=DETOUR_SEARCHED_M / speed, threads=threads)
    detour = detour_ratio(walk_s * speed, straight_linked)
    spread = _Spread(rows, cells.cell_of_piece, cells.n_cells)
    radius_m = service.threshold_s * speed
    cause = find_causes(
        covered=service.covered,
        inhabited=service.people > 0,
        on_network=(homes.edge >= 0)[cells.cell_of_piece],
        cut_off=is_unserved(study, layer)[cells.cell_of_piece],
        straight_m=spread.floats(straight),
        straight_linked_m=spread.floats(straight_linked),
        radius_m=radius_m,
        adult_makes_it=spread.flags(_adult_makes_it(study, service, rows, threads)),
        detour=spread.floats(detour),
        short_of_supply=(service.gap > 0) if service.has_norm else np.zeros(len(service.gap), dtype=np.bool_),
    )
    return Diagnosis(cause, spread.floats(detour))


def causes_table(study: Study, services: Sequence[Service], found: Mapping[str, Diagnosis]) -> pd.DataFrame:
    """Give causes.csv: a row per unit, layer and cause that occurs; the whole district last.

    ``share`` is of all people of the unit in the layer's group. The causes but ``full`` sum to the people who are not
    covered; ``full`` counts covered people, whose gap is given in the layer's unit.
    """
    names = study.unit_names()
    frames = []
    for service in services:
        diagnosis = found[service.layer.id]
        unit, n = study.unit_of_piece, study.n_units
        everybody = sum_by_unit(service.people, unit, n)
        for cause in (*UNCOVERED_CAUSES, FULL):
            has = diagnosis.cause == cause
            people = sum_by_unit(np.where(has, service.people, 0.0), unit, n)
            known = has & ~np.isnan(diagnosis.detour)
            weight = sum_by_unit(np.where(known, service.people, 0.0), unit, n)
            total = sum_by_unit(np.where(known, service.people * np.nan_to_num(diagnosis.detour), 0.0), unit, n)
            gap = sum_by_unit(np.where(has, service.gap, 0.0), unit, n)
            table = names.assign(
                layer=service.layer.id,
                group=service.layer.group,
                cause=cause,
                people=people,
                share=_ratio(people, everybody),
                n_cells=sum_by_unit(has.astype(np.float64), unit, n).astype(np.int64),
                detour_ratio=_ratio(total, weight),
                gap=gap if service.has_norm else np.nan,
                _unit=np.arange(len(names)),
            )
            frames.append(study.once_per_unit(table))
    joined = pd.concat(frames, ignore_index=True)
    joined = joined[joined["people"] > 0].sort_values("_unit", kind="stable")
    return joined[list(CAUSE_COLUMNS)].reset_index(drop=True)


def cause_columns(found: Mapping[str, Diagnosis]) -> dict[str, npt.NDArray[np.object_]]:
    """Give the column ``<layer>_cause`` of cells.parquet."""
    return {f"{layer}_cause": diagnosis.cause for layer, diagnosis in found.items()}


def links_table(study: Study, services: Sequence[Service], *, threads: int | None = None) -> pd.DataFrame:
    """Give links.csv: per layer, the short new connections that would newly cover most people, best first."""
    frames = [_links_of(study, service, threads) for service in services]
    return pd.concat(frames, ignore_index=True)[list(LINK_COLUMNS)]


def _links_of(study: Study, service: Service, threads: int | None) -> pd.DataFrame:
    layer, cells = service.layer, study.cells
    people = cells.sum_of_pieces(service.people)
    doors = study.entrances[study.entrances["layer"] == layer.id]
    found = find_missing_links(
        study.network,
        Demand(
            lon=cells.lon,
            lat=cells.lat,
            people=people,
            place_lon=doors["lon"].to_numpy(np.float64),
            place_lat=doors["lat"].to_numpy(np.float64),
            facility=study.linked_entrances(layer)[1],
            n_facilities=len(service.rows),
            min_count=layer.min_count,
            profile=layer.profile,
            threshold_s=service.threshold_s,
            max_access_m=study.config.network.max_access_m,
        ),
        top=study.config.planning.links_top,
        threads=threads,
    )
    lon, lat = found.from_lon.round(COORDINATE_DECIMALS), found.from_lat.round(COORDINATE_DECIMALS)
    unit_ids = np.append(study.district.units["unit_id"].to_numpy(object), "")
    return pd.DataFrame(
        {
            "rank": np.arange(1, len(lon) + 1),
            "layer": layer.id,
            "group": layer.group,
            "from_lon": lon,
            "from_lat": lat,
            "to_lon": found.to_lon,
            "to_lat": found.to_lat,
            "unit_id": unit_ids[unit_of_points(cells.pieces, study.unit_of_piece, lon, lat)],
            "straight_m": found.straight_m,
            "walk_m": found.walk_m,
            "newly_covered_people": found.newly_covered_people,
            "from_road": roads_near(study, lon, lat),
            "to_road": roads_near(study, found.to_lon, found.to_lat),
            "community": communities_at(study, lon, lat),
        }
    )


def _adult_makes_it(study: Study, service: Service, rows: IntArray, threads: int | None) -> npt.NDArray[np.bool_]:
    """Tell which cells an adult would be covered from in the same time; nobody where the layer's walkers are as fast.

    A circle in metres is the same for all, so there no one is too slow.
    """
    layer, walk = service.layer, study.config.walk
    nobody = np.zeros(len(rows), dtype=np.bool_)
    if ADULT not in walk or layer.metres is not None or walk[ADULT].speed_m_s <= walk[layer.profile].speed_m_s:
        return nobody
    as_adult = layer.model_copy(update={"profile": ADULT})
    homes = study.linked_cells(ADULT).take(rows)
    return ~np.isnan(_seconds_to_kth(study, as_adult, homes, cutoff_s=service.threshold_s, threads=threads))


def _seconds_to_kth(
    study: Study, layer: LayerTable, homes: Linkage, *, cutoff_s: float, threads: int | None
) -> FloatArray:
    """Give the seconds to the layer's min_count-th nearest facility, NaN beyond the cutoff."""
    return seconds_to_kth(
        study.network, homes, *study.linked_entrances(layer),
        k=layer.min_count, profile=layer.profile, cutoff_s=cutoff_s, threads=threads,
    )  # fmt: skip


@dataclass(frozen=True, slots=True)
class _Spread:
    """Values of some cells, spread to the pieces of all."""

    rows: IntArray
    cell_of_piece: npt.NDArray[np.int32]
    n_cells: int

    def floats(self, values: FloatArray) -> FloatArray:
        every = np.full(self.n_cells, np.nan)
        every[self.rows] = values
        return every[self.cell_of_piece]

    def flags(self, values: npt.NDArray[np.bool_]) -> npt.NDArray[np.bool_]:
        every = np.zeros(self.n_cells, dtype=np.bool_)
        every[self.rows] = values
        return every[self.cell_of_piece]


def _ratio(part: FloatArray, whole: FloatArray) -> FloatArray:
    ratio: FloatArray = np.divide(part, whole, out=np.full(len(whole), np.nan), where=whole > 0)
    return ratio
