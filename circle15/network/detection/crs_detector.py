"""Which coordinate system facilities are really in, measured against the streets that they must stand beside."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt
import pandas as pd
import scipy  # its parts load when they are used
import shapely

from circle15.inputs.coordinates.checks import looks_like
from circle15.inputs.coordinates.systems import central_meridian_epsg, parse_crs, to_wgs84
from circle15.network.detection.street_fit import Chance, StreetFit
from circle15.network.linking.link import link
from circle15.said import SEMICOLON, Said

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from circle15.inputs.facilities.crs_signs import Sign
    from circle15.network.graph import WalkNetwork

Floats = npt.NDArray[np.float64]
Bools = npt.NDArray[np.bool_]

FARTHEST_M = 2000.0  # beyond it a point is just "far"; BD-09 is at most 1.3 km off
NEAR_STREET_M = 30.0
FEWEST_POINTS = 8
MOST_POINTS = 2000
SURE = 0.97
_BEHIND_M = 20.0  # a street's half and a forecourt

_AROUND_DEG = 0.02  # 2 km
_SAME_M = 1.0  # systems that put every point this near to each other are one
_FEWEST_SPOTS, _SPOT_M = 8, 150.0  # twenty facilities of one compound are one witness
_SPOTS_TO_TRUST = 5.0  # at so many, half of the evidence counts
_LEAST_CHANCE = 1e-12
_AXES = ("lon", "lat")
_NO_EVIDENCE = -50.0  # nats: of a hypothesis that leads away from all streets
_COLUMNS = (
    "crs", "is_swapped", "is_stated", "n_among_streets", "fit", "median_m", "share_near", "share_in_reach",
    "share_in_district", "evidence", "confidence",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class CrsDetection:
    """What each hypothesis on a file's coordinates would mean.

    `table` has a row per hypothesis, the likeliest first: ``crs``; ``is_swapped`` (x and y exchanged); ``is_stated``;
    ``n_among_streets`` (points that it brings among the streets, where they can be measured); ``fit`` (standard
    deviations by which these keep to streets better than chance has it, 0 = too few to measure); ``median_m`` (of the
    compared points' distances to the nearest edge); ``share_near`` (of these, within 30 m); ``share_in_reach`` (of all
    points that were looked at, within 2 km); ``share_in_district`` (of the same, NaN without a district); ``evidence``
    (nats: what the fit is worth, and what else speaks for the system); ``confidence`` (the odds that follow, summing
    to 1).
    """

    table: pd.DataFrame
    n_points: int  # looked at: those that some hypothesis brings near the streets
    stated: str | None
    n_compared: int = 0  # among the streets under every hypothesis alike; medians and shares near are of these
    signs: tuple[Sign, ...] = field(default=())  # what else spoke for a system

    @property
    def best(self) -> str | None:
        """The likeliest hypothesis, None where no hypothesis brings the points near the streets."""
        return self._name(0) if len(self.table) and self.table["share_in_reach"].iloc[0] > 0 else None

    @property
    def is_sure(self) -> bool:
        """Whether the best one may be acted upon: chance would hardly do as well, and no other fits closer."""
        if self.best is None or float(self.table["confidence"].iloc[0]) < SURE:
            return False
        rivals = self.table[self.table["evidence"] > _NO_EVIDENCE]
        if len(rivals) == 1:
            return True
        # Facilities stand behind the street, where a wrong system puts some upon it: a somewhat larger median speaks
        # against none.
        is_near = not rivals["median_m"].iloc[0] > rivals["median_m"].min() + _BEHIND_M
        return bool(is_near and rivals["fit"].iloc[0] >= rivals["fit"].max())

    @property
    def contradicts(self) -> bool:
        """Whether the stated system is surely not the right one: another one surely is."""
        stated = np.flatnonzero(self.table["is_stated"])
        return bool(self.is_sure and len(stated) > 0 and stated[0] != 0)

    def message(self) -> Said | None:
        """Word the warning, None where the stated system is the best or the points do not tell."""
        if not self.contradicts:
            return None
        row = int(np.flatnonzero(self.table["is_stated"])[0])
        best, other = (f"{self.table['fit'].iloc[i]:.1f}" for i in (0, row))
        n, n_stated = (int(self.table["n_among_streets"].iloc[i]) for i in (0, row))
        if self.table["evidence"].iloc[row] > _NO_EVIDENCE:
            told = Said(
                f"路网内 {n} 个点位的沿街程度高出随机水平 {best} 个标准差，"
                f"按所写的 {self.stated}（{n_stated} 个点位）为 {other} 个",
                f"{n} points among the streets keep to them {best} standard deviations better than chance has it,"
                f" against {other} as stated ({self.stated}, {n_stated} points)",
            )
        else:
            told = Said(
                f"按所写的 {self.stated}，各点远离所有街道",
                f"as stated ({self.stated}) all points lie far from the streets",
            )
        looks = Said(f"坐标更像 {self.best}：", f"looks like {self.best}: ")
        return SEMICOLON.join([looks + told, *(s.words for s in self.signs)])

    def _name(self, row: int) -> str:
        crs = str(self.table["crs"].iloc[row])
        return f"{crs} (x/y swapped)" if self.table["is_swapped"].iloc[row] else crs


@dataclass(slots=True)
class _Hypothesis:
    """A system, and where it puts the points."""

    crs: str
    is_swapped: bool
    lon: Floats  # (n,) NaN where the system cannot hold the numbers
    lat: Floats
    same_as: int | None = None  # an earlier hypothesis that puts every point at the same place
    distance_m: Floats = field(default_factory=lambda: np.empty(0))  # (n,), FARTHEST_M where beyond
    surrounded: Bools = field(default_factory=lambda: np.empty(0, dtype=np.bool_))  # (n,) among the streets
    fit: float = 0.0
    evidence: float = _NO_EVIDENCE


def detect_crs(
    network: WalkNetwork,
    x: npt.ArrayLike,
    y: npt.ArrayLike,
    *,
    stated: str | None = None,
    district: Any = None,
    signs: Sequence[Sign] = (),
    fit: Callable[[], StreetFit] | None = None,
) -> CrsDetection:
    """Measure every coordinate system that the numbers could be in against the streets.

    In the right system facilities keep to streets; in a wrong one they fall anywhere between them. How well they do so
    by chance is seen from the same points moved by 120 to 600 m in all directions (`street_fit`), so that neither
    clusters and repetitions nor dense quarters pass for evidence. Under every hypothesis alike only points that it
    brings among the streets count: a city's file beside a district's streets tells no more than its part inside. Eight
    points at eight different spots are the least. What goes beyond chance is turned into log odds, less where
    spots are few, to which `signs` add theirs.

    Parameters
    ----------
    network
        Walking network of the district and its surroundings.
    x, y
        (n,) coordinates as found in the file, in the order in which it states them; NaN is passed over, and so are
        places far from all streets whatever the system (a city's file for one district).
    stated
        The system that the config states.
    district
        Shapely geometry, degrees WGS-84.
    signs
        What else speaks for a system: `inputs.crs_signs`, `inputs.name_matches`.
    fit
        Gives the streets as rasters, where several tables share them; else they are drawn for this one.

    Returns
    -------
    CrsDetection
        With an empty table where fewer than eight points are given, or their numbers fit no known system.
    """
    east, north = np.asarray(x, dtype=np.float64), np.asarray(y, dtype=np.float64)
    given = np.isfinite(east) & np.isfinite(north)
    east, north = east[given], north[given]
    said = parse_crs(stated) if stated is not None else None
    named = name_hypotheses(east, north, network, said) if len(east) >= FEWEST_POINTS else []
    near = _near_any(network, east, north, named)
    if len(near) > MOST_POINTS:
        near = near[np.linspace(0, len(near) - 1, MOST_POINTS).astype(np.int64)]
    hypotheses = _placed(named, east[near], north[near])
    compared = _compare(network, hypotheses, fit)
    for h in hypotheses:
        if h.evidence > _NO_EVIDENCE:
            h.evidence += sum(sign.nats.get("wgs84" if h.crs == "cgcs2000" else h.crs, 0.0) for sign in signs)
    rows = [
        (
            h.crs,
            h.is_swapped,
            h.crs == said and not h.is_swapped,
            int(h.surrounded.sum()),
            h.fit,
            *_measures(h, compared, district),
            h.evidence,
            0.0,
        )
        for h in hypotheses
    ]
    table = pd.DataFrame(rows, columns=list(_COLUMNS))
    table["confidence"] = _confidence(hypotheses)
    order = ["confidence", "share_in_reach", "median_m"]
    table = table.sort_values(order, ascending=[False, False, True], kind="stable").reset_index(drop=True)
    return CrsDetection(table, len(near), said, int(compared.sum()), tuple(signs))


def _placed(named: Sequence[tuple[str, bool]], x: Floats, y: Floats) -> list[_Hypothesis]:
    """Convert the points under each hypothesis, and note which hypotheses are one."""
    placed: list[_Hypothesis] = []
    for crs, is_swapped in named:
        lon, lat = to_wgs84(y, x, crs) if is_swapped else to_wgs84(x, y, crs)
        same = next((i for i, h in enumerate(placed) if h.same_as is None and _are_same(h, lon, lat)), None)
        placed.append(_Hypothesis(crs, is_swapped, lon, lat, same))
    return placed


def _are_same(h: _Hypothesis, lon: Floats, lat: Floats) -> bool:
    degree_m = 111_000.0
    both = np.isfinite(h.lon) & np.isfinite(lon)
    if not both.any() or (np.isfinite(h.lon) != np.isfinite(lon)).any():
        return False
    east = np.abs(h.lon - lon)[both] * np.cos(np.deg2rad(lat[both]))
    return bool(max(east.max(), np.abs(h.lat - lat)[both].max()) * degree_m <= _SAME_M)


def _compare(network: WalkNetwork, hypotheses: list[_Hypothesis], draw: Callable[[], StreetFit] | None) -> Bools:
    """Fill in distances and evidence, and give the points that were compared."""
    none = np.zeros(len(hypotheses[0].lon) if hypotheses else 0, dtype=np.bool_)
    for h in hypotheses:
        h.distance_m = hypotheses[h.same_as].distance_m if h.same_as is not None else _distances(network, h)
    # A hypothesis that leads away from all streets is out; the others are rivals.
    rivals = [h for h in hypotheses if h.same_as is None and (h.distance_m < FARTHEST_M).any()]
    if not rivals:
        return none
    for h in rivals:
        h.evidence = 0.0
    if len(rivals) == 1:  # nothing to compare, as outside China
        return rivals[0].distance_m < FARTHEST_M
    if draw is None:
        lon, lat = (np.concatenate([getattr(h, axis)[h.distance_m < FARTHEST_M] for h in rivals]) for axis in _AXES)
        fit = StreetFit.of(network, float(np.median(lon)), float(np.median(lat)))
    else:
        fit = draw()
    for h in rivals:
        h.surrounded = fit.are_surrounded(h.lon, h.lat)
    measured = [h for h in rivals if h.surrounded.sum() >= FEWEST_POINTS and _spots(fit, h) >= _FEWEST_SPOTS]
    for h in measured:
        apart = [(float(np.nanmedian(o.lon - h.lon)), float(np.nanmedian(o.lat - h.lat))) for o in rivals if o is not h]
        moves = np.array(apart).reshape(-1, 2) * (fit.metres_per_lon, fit.metres_per_lat)
        chance = fit.chance(h.lon[h.surrounded], h.lat[h.surrounded], apart_m=moves)
        n_spots = _spots(fit, h)
        h.fit = max(chance.above, -float(scipy.special.ndtri(max(chance.share, _LEAST_CHANCE))))
        h.evidence = _nats(chance) * n_spots / (n_spots + _SPOTS_TO_TRUST)
    compared: Bools = np.logical_and.reduce([h.surrounded for h in measured]) if measured else none
    return compared


def _nats(chance: Chance) -> float:
    """Give what a fit is worth as log odds against chance.

    By standard deviations it is z^2/2; by the share p of moves that do as well it is at most -ln(-e p ln p) (Sellke,
    Bayarri & Berger 2001). Either sees what the other misses: many moves of a small share, or streets that repeat.
    """
    p = max(chance.share, _LEAST_CHANCE)
    by_share = -1.0 - float(np.log(-p * np.log(p))) if p < np.exp(-1.0) else 0.0
    return max(0.5 * max(chance.above, 0.0) ** 2, by_share)


def _distances(network: WalkNetwork, h: _Hypothesis) -> Floats:
    distance = np.full(len(h.lon), FARTHEST_M)
    good = np.isfinite(h.lon) & np.isfinite(h.lat)
    if good.any():
        access = link(network, h.lon[good], h.lat[good], max_access_m=FARTHEST_M).access_m
        distance[good] = np.where(np.isnan(access), FARTHEST_M, access)
    return distance


def _spots(fit: StreetFit, h: _Hypothesis) -> int:
    """Count the different spots among the streets that a hypothesis puts points at."""
    column = np.floor(h.lon[h.surrounded] * fit.metres_per_lon / _SPOT_M)
    row = np.floor(h.lat[h.surrounded] * fit.metres_per_lat / _SPOT_M)
    return len(np.unique(np.column_stack([column, row]), axis=0))


def _measures(h: _Hypothesis, compared: Bools, district: Any) -> tuple[float, float, float, float]:
    """Give the median, the share near of the compared points, and the shares in reach and in the district."""
    distance = h.distance_m[compared]
    if len(h.lon) == 0:
        return np.nan, np.nan, 0.0, np.nan
    inside = np.nan
    if district is not None:
        shapely.prepare(district)
        good = np.isfinite(h.lon) & np.isfinite(h.lat)
        inside = float(shapely.contains_xy(district, h.lon[good], h.lat[good]).sum()) / len(h.lon)
    return (
        float(np.median(distance)) if len(distance) else np.nan,
        float((distance <= NEAR_STREET_M).mean()) if len(distance) else np.nan,
        float((h.distance_m < FARTHEST_M).mean()),
        inside,
    )


def _near_any(network: WalkNetwork, x: Floats, y: Floats, named: Sequence[tuple[str, bool]]) -> npt.NDArray[np.int64]:
    """Give the points that some hypothesis brings near the streets' bounds; all of them where that is too few."""
    west, east = network.node_lon.min() - _AROUND_DEG, network.node_lon.max() + _AROUND_DEG
    south, north = network.node_lat.min() - _AROUND_DEG, network.node_lat.max() + _AROUND_DEG
    near = np.zeros(len(x), dtype=np.bool_)
    for crs, swapped in named:
        lon, lat = to_wgs84(y, x, crs) if swapped else to_wgs84(x, y, crs)
        near |= (lon >= west) & (lon <= east) & (lat >= south) & (lat <= north)
    return np.flatnonzero(near) if near.sum() >= FEWEST_POINTS else np.arange(len(x))


def _confidence(hypotheses: Sequence[_Hypothesis]) -> Floats:
    """Turn evidence into odds; of hypotheses that are one, the first has them all."""
    if not hypotheses:
        return np.empty(0)
    nats = np.array([h.evidence if h.same_as is None else -np.inf for h in hypotheses])
    if not (nats > _NO_EVIDENCE).any():
        return np.full(len(nats), 1.0 / len(nats))
    odds = np.exp(nats - nats.max())
    result: Floats = odds / odds.sum()
    return result


def name_hypotheses(x: Floats, y: Floats, network: WalkNetwork, said: str | None) -> list[tuple[str, bool]]:
    """Name the systems that the numbers' size allows and whether x and y are swapped, the stated one first."""
    looks = looks_like(x, y)
    centre = float(np.median(network.node_lon))
    if looks in {"degrees", "degrees_swapped"}:
        systems = ["wgs84", "gcj02", "bd09"]
    elif looks in {"zoned", "zoned_swapped"}:
        systems = ["cgcs2000"]
    elif looks in {"metres", "metres_swapped"}:
        meridians = {central_meridian_epsg(centre + shift, 3)[1] for shift in (-3.0, 0.0, 3.0)}
        utm = f"EPSG:{32600 + int((centre + 180.0) // 6) + 1}"
        systems = [*sorted(meridians), utm]
    elif looks == "mercator":
        systems = ["EPSG:3857", "cgcs2000"]
    else:
        systems = []
    # CGCS2000 in degrees is WGS-84 to a decimetre: one hypothesis under the name that the config uses.
    if said == "cgcs2000" and "wgs84" in systems:
        systems[0] = "cgcs2000"
    if said is not None and said not in systems:
        systems.insert(0, said)
    ordered = sorted(systems, key=lambda s: s != said)
    return [(s, swapped) for swapped in (False, True) for s in ordered]
