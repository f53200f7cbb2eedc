"""Whether people are where people can be: empty units, impossible densities, everybody in few cells, few buildings."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import h3.api.numpy_int as h3
import numpy as np
import numpy.typing as npt
import pandas as pd
import shapely

from circle15.inputs.ground.communities import REST_SUFFIX
from circle15.inputs.ground.partition import metric_scale
from circle15.inputs.people.densest import bound_text, most_people
from circle15.pipeline.fit.street_check import edge_middles, street_m_by_unit
from circle15.said import COMMA, Said

if TYPE_CHECKING:
    from circle15.network.graph import WalkNetwork
    from circle15.pipeline.study.study import Study

Floats = npt.NDArray[np.float64]

FEWEST_STREET_M = 1000.0
"""Metres of street from which a unit is expected to have people."""
FEWEST_PER_STREET_KM = 1.0
"""People per kilometre of street below which a unit counts as empty."""
BLOCK_RESOLUTION = 10
"""Density is judged on cells of this H3 resolution (1.5 ha) or the run's own coarser ones: a house is no quarter."""
FEW_CELLS = 0.02
CROWDED_PER_KM2 = 100_000.0
"""Half of the people on fewer than `FEW_CELLS` of the cells with streets, at more than this density on average: such
people were put at a few places. A rural county's towns hold half of it on as few cells, at a fifth of this density."""
NEAR_HOME_M = 50.0
BUILT_UP_RESOLUTION, BUILT_UP_KM_PER_KM2 = 9, 10.0
FEWEST_BUILT_UP_KM = 5.0
LEAST_HOMES_SHARE, LEAST_HOMES_SHARE_OF_ALL = 0.5, 0.15
"""Least share of the streets that have a home within `NEAR_HOME_M`, where streets stand as densely as
`BUILT_UP_KM_PER_KM2` on cells of `BUILT_UP_RESOLUTION` and, where there is next to no such ground, of all streets.
Extracts whose buildings are mapped have 79 to 86 % (Nanjing Xuanwu, Monaco), those with single ones 2 to 23 %."""
_SHOWN = 3
_M_PER_KM, _M2_PER_KM2 = 1e3, 1e6


@dataclass(frozen=True, slots=True)
class HomesAlongStreets:
    """How much of an area's streets the mapped homes stand along."""

    n_homes: int
    street_km: float  # streets that were judged
    share: float  # of them that have a home within NEAR_HOME_M, 0 to 1
    is_built_up: bool  # judged where streets stand densely; else over all streets

    @property
    def is_enough(self) -> bool:
        """Whether people may be spread over these buildings."""
        return self.share >= (LEAST_HOMES_SHARE if self.is_built_up else LEAST_HOMES_SHARE_OF_ALL)


def homes_along_streets(
    network: WalkNetwork, homes: npt.NDArray[np.object_], area: Any = None
) -> HomesAlongStreets | None:
    """Measure which share of the streets has a home beside it; None where no street lies in ``area``.

    Parameters
    ----------
    network
        Streets.
    homes
        Footprints of residential buildings, degrees WGS-84.
    area
        Polygon within which streets count, degrees WGS-84; all by default.
    """
    (lon, lat), length = edge_middles(network), network.street_m
    if area is not None:
        shapely.prepare(area)
        inside = shapely.contains_xy(area, lon, lat)
        lon, lat, length = lon[inside], lat[inside], length[inside]
    if not length.sum() > 0:
        return None
    cells = np.array([h3.latlng_to_cell(y, x, BUILT_UP_RESOLUTION) for x, y in zip(lon, lat, strict=True)])
    used, cell = np.unique(cells, return_inverse=True)
    area_km2 = np.array([h3.cell_area(i, unit="km^2") for i in used])
    is_dense = (np.bincount(cell, weights=length) / _M_PER_KM >= BUILT_UP_KM_PER_KM2 * area_km2)[cell]
    is_built_up = bool(length[is_dense].sum() >= FEWEST_BUILT_UP_KM * _M_PER_KM)
    judged = is_dense if is_built_up else np.ones(len(length), dtype=np.bool_)
    x_m, y_m = metric_scale(shapely.box(lon.min(), lat.min(), lon.max(), lat.max()))
    tree = shapely.STRtree(shapely.transform(np.asarray(homes, dtype=object), lambda xy: xy * (x_m, y_m)))
    middles = shapely.points(lon[judged] * x_m, lat[judged] * y_m)
    is_near = np.zeros(len(middles), dtype=np.bool_)
    is_near[tree.query(middles, predicate="dwithin", distance=NEAR_HOME_M)[0]] = True
    street_m = length[judged]
    return HomesAlongStreets(
        n_homes=len(homes),
        street_km=float(street_m.sum()) / _M_PER_KM,
        share=float(street_m[is_near].sum() / street_m.sum()),
        is_built_up=is_built_up,
    )


def people_fit_warnings(study: Study) -> list[Said]:
    """Say where people are that cannot be there, and where nobody is who should be, one line each."""
    blocks = _blocks(study)
    return [*_few_homes(study), *_empty_units(study), *_impossible(blocks), *_few_cells(blocks)]


def _few_homes(study: Study) -> list[Said]:
    footprints = study.people.footprints
    found = None if footprints is None else homes_along_streets(study.network, footprints, study.district.geometry)
    if found is None or found.is_enough:
        return []
    return [
        Said(
            f"建筑数据不全，人口位置不可信：{found.street_km:,.1f} 公里道路中只有 {found.share:.0%} 在"
            f" {NEAR_HOME_M:g} 米内有住宅建筑（共 {found.n_homes:,} 栋），总人口却全部分到这些建筑上；"
            '请改用人口表（population.source = "points" 或 "units"）或人口栅格（"raster"）',
            f"buildings are mapped in part, so people stand in the wrong places: of {found.street_km:,.1f} km of street"
            f" only {found.share:.0%} have a home within {NEAR_HOME_M:g} m ({found.n_homes:,} in all), and everybody is"
            ' put into these; give people as a table (population.source = "points" or "units") or as a "raster"',
        )
    ]


def _empty_units(study: Study) -> list[Said]:
    people = np.bincount(
        study.unit_of_piece, weights=study.people.groups["all"].to_numpy(np.float64), minlength=study.n_units
    )
    is_rest = (study.district.units["unit_id"] == study.district.id + REST_SUFFIX).to_numpy()
    if not (~is_rest & (people < FEWEST_PER_STREET_KM * study.network.street_m.sum() / _M_PER_KM)).any():
        return []  # too many people everywhere for all the streets there are
    street_m = street_m_by_unit(study)
    is_empty = ~is_rest & (street_m >= FEWEST_STREET_M) & (people < FEWEST_PER_STREET_KM * street_m / _M_PER_KM)
    rows = np.flatnonzero(is_empty)
    if not len(rows):
        return []
    names = study.district.units["unit_name"].astype(str).to_numpy()
    listed = [
        Said(
            f"{names[i]}（{street_m[i] / _M_PER_KM:,.1f} 公里，{people[i]:,.0f} 人）",
            f"{names[i]} ({street_m[i] / _M_PER_KM:,.1f} km, {people[i]:,.0f} people)",
        )
        for i in rows[:_SHOWN]
    ]
    shown = COMMA.join(listed) + (Said(" 等", " ...") if len(rows) > _SHOWN else "")
    return [
        Said(
            f"{len(rows)} 个街道有道路却没有居民：{shown.zh}；请核对人口来源是否覆盖全区",
            f"{len(rows)} unit{'s have' if len(rows) > 1 else ' has'} streets but nobody living there:"
            f" {shown.en}; check that the population source covers the whole district",
        )
    ]


def _impossible(blocks: pd.DataFrame) -> list[Said]:
    over = blocks.loc[blocks["people"].to_numpy() > most_people(blocks["area_m2"].to_numpy())]
    if over.empty:
        return []
    worst = over.iloc[int(over["people"].argmax())]
    density = f"{worst['people'] / worst['area_m2'] * _M2_PER_KM2:,.0f}"
    place = f"{worst['lon']:.5f}, {worst['lat']:.5f}"
    bound = bound_text(float(worst["area_m2"]))
    heads, n = f"{over['people'].sum():,.0f}", len(over)
    return [
        Said(
            f"人口密度不可能：网格 {worst['cell']}（{place}）有 {worst['people']:,.0f} 人，"
            f"折合每平方公里 {density} 人，而{bound.zh}；这样的网格共 {n} 个、{heads} 人，请核对人口来源",
            f"impossible density: cell {worst['cell']} ({place}) has {worst['people']:,.0f} people, {density} per km²,"
            f" but {bound.en}; {n} such cell{'s' if n > 1 else ''} with {heads} people, check the population source",
        )
    ]


def _few_cells(blocks: pd.DataFrame) -> list[Said]:
    n_with_streets = int((blocks["has_streets"] | (blocks["people"] > 0)).sum())
    ordered = blocks.sort_values("people", ascending=False, kind="stable")
    summed = ordered["people"].cumsum().to_numpy()
    everybody = float(summed[-1])
    n = int(np.searchsorted(summed, everybody / 2)) + 1
    density = float(summed[n - 1]) / float(ordered["area_m2"].iloc[:n].sum()) * _M2_PER_KM2
    if n >= FEW_CELLS * n_with_streets or density < CROWDED_PER_KM2:
        return []
    share = n / n_with_streets
    return [
        Said(
            f"居民集中在极少数网格：{n} 个网格（占有道路网格的 {share:.2%}）就有 {summed[n - 1]:,.0f} 人，"
            f"超过总人口的一半，平均每平方公里 {density:,.0f} 人；"
            "人口来源可能只含少数地点，或把整个街道、社区的人数记在一点上",
            f"few cells hold most people: {summed[n - 1]:,.0f}, more than half of all, live in {n} cells ({share:.2%}"
            f" of those with streets), {density:,.0f} per km² on average; the source may know a few places alone, or"
            " put the people of whole streets or communities at one point each",
        )
    ]


def _blocks(study: Study) -> pd.DataFrame:
    """Give cell, lon, lat, people, area_m2, has_streets by cell, finer cells summed to `BLOCK_RESOLUTION`."""
    cells = study.cells
    people = study.people_by_cell()
    has_streets = np.zeros(cells.n_cells, dtype=np.bool_)
    for profile in dict.fromkeys(layer.profile for layer in study.config.layers):
        has_streets |= study.linked_cells(profile).edge >= 0
    ids = np.array([h3.str_to_int(name) for name in cells.names], dtype=np.uint64)
    if cells.resolution > BLOCK_RESOLUTION:
        ids = np.array([h3.cell_to_parent(i, BLOCK_RESOLUTION) for i in ids], dtype=np.uint64)
    frame = pd.DataFrame({"id": ids, "people": people, "has_streets": has_streets})
    by_id = frame.groupby("id", sort=True).agg({"people": "sum", "has_streets": "any"}).reset_index()
    centres = np.array([h3.cell_to_latlng(i) for i in by_id["id"].to_numpy()])
    return by_id.assign(
        cell=[h3.int_to_str(int(i)) for i in by_id["id"]],
        lon=centres[:, 1],
        lat=centres[:, 0],
        area_m2=[h3.cell_area(i, unit="m^2") for i in by_id["id"].to_numpy()],
    )
