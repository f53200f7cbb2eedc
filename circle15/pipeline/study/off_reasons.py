"""Why a place is on no street: none mapped near, none on its own side, only such as cannot be entered there."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from circle15.network.linking.link import link, near_span
from circle15.said import Said

if TYPE_CHECKING:
    from circle15.network.linking.linkage import Linkage


NO_STREET, OWN_SIDE, BEHIND, ISLAND, SPAN = "no_street", "own_side", "behind", "island", "span"
UNMAPPED = (NO_STREET, OWN_SIDE)
"""Reasons that speak of the map rather than of the ground: nobody knows what streets there are."""

OWN_SIDE_M = 1000.0
"""How far a street on the own side of a river or railway shows that streets are mapped there at all."""


@dataclass(frozen=True, slots=True)
class OffReasons:
    """Why each of some points is unlinked."""

    code: npt.NDArray[np.object_]  # (n,) "" where it is linked
    own_side_m: npt.NDArray[np.float64]  # (n,) metres to the nearest street on the own side; NaN but for BEHIND

    def text(self, i: int, limit: float) -> Said:
        """Say the reason of a point linked within ``limit`` metres."""
        code = str(self.code[i])
        if code == NO_STREET:
            return Said(f"{limit:g} 米内没有可步行的街道", f"no walkable street within {limit:g} m")
        if code == ISLAND:
            return Said(
                f"{limit:g} 米内只有与路网不相连的孤立道路",
                f"only streets cut off from the network within {limit:g} m",
            )
        if code == SPAN:
            return Said(
                f"{limit:g} 米内只有桥梁或隧道，须从两端进出",
                f"only a bridge or tunnel within {limit:g} m, which is entered at its ends",
            )
        behind_zh = f"{limit:g} 米内的道路都隔着河流、铁路、快速路、围墙或自设边界"
        behind_en = f"every street within {limit:g} m lies behind a river, railway, expressway, wall or own border"
        if code == BEHIND:
            return Said(
                f"{behind_zh}，本侧最近的道路在 {self.own_side_m[i]:,.0f} 米外",
                f"{behind_en}; the nearest street on its own side is {self.own_side_m[i]:,.0f} m away",
            )
        if code == OWN_SIDE:
            return Said(
                f"{behind_zh}，本侧 {OWN_SIDE_M:g} 米内没有道路数据",
                f"{behind_en}; on its own side no street is mapped within {OWN_SIDE_M:g} m",
            )
        raise KeyError(code)


def off_reasons(
    at: Linkage, lon: npt.NDArray[np.float64], lat: npt.NDArray[np.float64], limit_m: float, profile: str
) -> OffReasons:
    """Tell why points are unlinked.

    Where every street within the limit lies behind a hard border, streets farther away on the own side show that the
    map knows that side, and the border is to blame; where there are none either, the map lacks the streets there.

    Parameters
    ----------
    at
        The points as linked within ``limit_m`` for ``profile``.
    lon, lat
        float64 (n,), degrees WGS-84.
    """
    code = np.full(len(at), "", dtype=object)
    own_side_m = np.full(len(at), np.nan)
    off = np.flatnonzero(at.edge < 0)
    code[off] = np.where(at.skipped_border[off], OWN_SIDE, np.where(at.skipped_island[off], ISLAND, NO_STREET))
    bare = np.flatnonzero(code == NO_STREET)
    code[bare[near_span(at.network, lon[bare], lat[bare], limit_m)]] = SPAN
    behind = np.flatnonzero(code == OWN_SIDE)
    if len(behind):
        reach_m = max(OWN_SIDE_M, limit_m)
        own_side_m[behind] = link(at.network, lon[behind], lat[behind], max_access_m=reach_m, profile=profile).access_m
        code[np.isfinite(own_side_m)] = BEHIND
    return OffReasons(code, own_side_m)


def start_notes(at: Linkage, unreached_min: list[float], speed_m_s: float) -> list[str]:
    """Say what must be known of a walk that starts at one linked place, in English as all of the command line.

    Parameters
    ----------
    at
        One place, linked.
    unreached_min
        Cutoffs in minutes that its access leg alone exceeds.
    speed_m_s
        Of the walker.
    """
    net, access_m = at.network, float(at.access_m[0])
    notes = []
    if at.skipped_island[0]:
        notes.append(
            f"the nearest street is cut off from the network; the walk starts on the next one, {access_m:,.0f} m away"
        )
    if at.skipped_border[0]:
        notes.append(
            "the nearest street lies behind a river, railway, expressway, wall or own border; the walk starts on the"
            f" nearest one on this side, {access_m:,.0f} m away"
        )
    component = net.component[net.tail[at.edge[0]]]
    own_m = float(net.street_m[net.component[net.tail] == component].sum())
    if own_m < SMALL_SHARE * float(net.street_m.sum()):
        km = own_m / 1000
        notes.append(f"the walk starts on {km:,.1f} km of street that join no other around; it leads nowhere else")
    if unreached_min:
        names, minutes = ", ".join(f"{m:g}" for m in unreached_min), access_m / speed_m_s / 60
        way = f"the way to the street, {access_m:,.0f} m, takes {minutes:.1f} min"
        notes.append(f"nothing is drawn for {names} min: {way}")
    return notes


SMALL_SHARE = 0.05
"""A component with less than this share of the study area's mapped street is cut off, not a part of the network."""
