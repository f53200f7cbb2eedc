"""How whole the walking network is, and how near people and facilities stand to it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt
import pandas as pd
import shapely

from circle15.inputs.ground.cells import piece_of_points
from circle15.network.linking.link import link

if TYPE_CHECKING:
    from circle15.network.graph import WalkNetwork
    from circle15.pipeline.study.study import Study

Floats = npt.NDArray[np.float64]

NEAR_M, FAR_M = 50.0, 100.0
BUILT_UP_PER_KM2 = 300.0
"""People per square kilometre from which ground counts as built up: an urban cluster's least density in the Degree of
Urbanisation (UN Statistical Commission 2020)."""
THIN_SHARE = 0.5
SMALLEST_BUILT_UP_KM2 = 0.1
_M2_PER_KM2, _M_PER_KM = 1e6, 1e3


def street_facts(study: Study) -> dict[str, Any]:
    """Give what the network consists of; dead ends are counted within the district, where no edge of the data cuts."""
    network, report = study.network, study.network.report
    degree = np.bincount(np.concatenate([network.tail, network.head]), minlength=network.n_nodes)
    shapely.prepare(study.district.geometry)
    inside = shapely.contains_xy(study.district.geometry, network.node_lon, network.node_lat)
    ends, junctions = int((inside & (degree == 1)).sum()), int((inside & (degree > 2)).sum())  # noqa: PLR2004 (2 pass through)
    return {
        "nodes": network.n_nodes - report.n_wait_links,
        "edges": network.n_edges - report.n_wait_links,
        "street_km": report.street_length_m / _M_PER_KM,
        "components": report.n_components,
        "islands": report.n_islands,
        "island_km": report.island_length_m / _M_PER_KM,
        "junctions_in_district": junctions,
        "dead_ends_in_district": ends,
        "dead_end_share": ends / max(1, ends + junctions),
        "ways_read": report.n_ways_read,
        "ways_refused": dict(report.ways_refused),
        "nodes_missing": report.n_nodes_missing,
        "opened_by_day": report.n_opened_by_day,
        "closed_by_day": report.n_closed_by_day,
    }


def unit_access(study: Study) -> pd.DataFrame:
    """Tell for each unit, and for the district, how near people and facilities stand to a street.

    Returns
    -------
    pandas.DataFrame
        ``unit_id, unit_name``; ``people``, ``people_far_50``, ``people_far_100`` (shares of people whose walk's start
        is farther than so many metres from any walkable street);
        ``facilities``, ``facilities_far_50``, ``facilities_far_100`` (shares by the nearest entrance);
        ``street_km``, ``built_up_km2`` and ``street_km_per_km2`` (both within ground of at least `BUILT_UP_PER_KM2`).
        The whole district is the last row; shares of nothing are NaN.
    """
    n = study.n_units
    people = study.people.groups["all"].to_numpy(np.float64)
    to_street = link(study.network, study.cells.lon, study.cells.lat, max_access_m=FAR_M).access_m
    cell_m = to_street[study.cells.cell_of_piece]
    facility_m = _facility_m(study)
    area_m2 = study.cells.pieces["area_m2"].to_numpy(np.float64)
    is_built_up = people * _M2_PER_KM2 >= BUILT_UP_PER_KM2 * area_m2
    all_m, built_up_m = street_m_by_unit(study), street_m_by_unit(study, is_built_up)
    built_up = _by_unit(np.where(is_built_up, area_m2, 0.0), study.unit_of_piece, n) / _M2_PER_KM2
    inside = study.unit_of_facility >= 0
    ones, of_facility = np.ones(int(inside.sum())), study.unit_of_facility[inside]
    counted = {
        "people": _by_unit(people, study.unit_of_piece, n),
        "facilities": _by_unit(ones, of_facility, n),
        **{
            f"people_far_{m:.0f}": _by_unit(people * _is_farther(cell_m, m), study.unit_of_piece, n)
            for m in (NEAR_M, FAR_M)
        },
        **{
            f"facilities_far_{m:.0f}": _by_unit(ones * _is_farther(facility_m[inside], m), of_facility, n)
            for m in (NEAR_M, FAR_M)
        },
        "street_km": all_m / _M_PER_KM,
        "built_up_km2": built_up,
        "built_up_street_km": built_up_m / _M_PER_KM,
    }
    sums = pd.DataFrame({name: np.append(values, values.sum()) for name, values in counted.items()})
    if study.is_one_unit:
        sums = sums.iloc[1:].reset_index(drop=True)
    names = study.unit_names().iloc[-len(sums) :].reset_index(drop=True)
    return _shares(pd.concat([names, sums], axis=1))


def thin_units(access: pd.DataFrame) -> pd.DataFrame:
    """Choose the units whose built-up ground has less than half of the district's streets: mapped thinly, probably."""
    district = access["street_km_per_km2"].iloc[-1]
    is_thin = (access["built_up_km2"] >= SMALLEST_BUILT_UP_KM2) & (access["street_km_per_km2"] < THIN_SHARE * district)
    thin: pd.DataFrame = access[is_thin & (np.arange(len(access)) < len(access) - 1)]
    return thin


def _facility_m(study: Study) -> Floats:
    """Give the metres from each facility's nearest entrance to a street, infinite beyond `FAR_M`."""
    doors = study.entrances
    access = link(study.network, doors["lon"].to_numpy(), doors["lat"].to_numpy(), max_access_m=FAR_M).access_m
    owner = pd.Index(study.facilities["facility_id"].to_numpy()).get_indexer(doors["facility_id"])
    nearest = np.full(len(study.facilities), np.inf)
    np.minimum.at(nearest, owner, np.where(np.isnan(access), np.inf, access))
    return nearest


def edge_middles(network: WalkNetwork) -> tuple[Floats, Floats]:
    """Give longitude and latitude of the middle of every edge."""
    lon = (network.node_lon[network.tail] + network.node_lon[network.head]) / 2
    lat = (network.node_lat[network.tail] + network.node_lat[network.head]) / 2
    return lon, lat


def street_m_by_unit(study: Study, is_chosen: npt.NDArray[np.bool_] | None = None) -> Floats:
    """Sum the metres of street in each unit, (n_units,), by the edges' middles; only in the chosen pieces, if given."""
    lon, lat = edge_middles(study.network)
    west, south, east, north = study.district.geometry.bounds
    near = np.flatnonzero((lon >= west) & (lon <= east) & (lat >= south) & (lat <= north))
    piece = piece_of_points(study.cells.pieces, lon[near], lat[near])
    near, piece = near[piece >= 0], piece[piece >= 0]
    length = study.network.street_m[near]
    return _by_unit(
        length if is_chosen is None else length * is_chosen[piece], study.unit_of_piece[piece], study.n_units
    )


def _by_unit(values: Floats, unit: npt.NDArray[np.int64], n_units: int) -> Floats:
    return np.bincount(unit, weights=values, minlength=n_units).astype(np.float64)


def _is_farther(access_m: Floats, limit_m: float) -> npt.NDArray[np.bool_]:
    """Tell what stands farther from the streets than ``limit_m``; NaN is what no street was found for."""
    return ~(access_m <= limit_m)


def _shares(sums: pd.DataFrame) -> pd.DataFrame:
    """Turn numbers of those farther off to shares, and street length to length by area."""

    def by(numerator: str, denominator: str) -> pd.Series[float]:
        whole = sums[denominator].where(sums[denominator] > 0)
        return sums[numerator] / whole

    shares = {
        f"{kind}_far_{m:.0f}": by(f"{kind}_far_{m:.0f}", kind)
        for kind in ("people", "facilities")
        for m in (NEAR_M, FAR_M)
    }
    density = by("built_up_street_km", "built_up_km2")
    told: pd.DataFrame = sums.assign(**shares, street_km_per_km2=density).drop(columns="built_up_street_km")
    return told
