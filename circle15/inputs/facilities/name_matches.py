"""Places of a table that the extract has under the same name: where they lie tells in which system the table is."""

from __future__ import annotations

import re
import unicodedata
from collections import defaultdict
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from circle15.inputs.coordinates.systems import to_wgs84
from circle15.inputs.facilities.crs_signs import Sign
from circle15.inputs.osm.features import read_features
from circle15.inputs.osm.tag_filter import parse_tag_filter
from circle15.said import Said
from circle15.units import EARTH_RADIUS_M

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from circle15.inputs.osm.features import Features
    from circle15.inputs.osm.selection import Wanted

Floats = npt.NDArray[np.float64]

NAMED = ";".join(f"{key},name" for key in ("amenity", "leisure", "healthcare", "social_facility", "office", "tourism"))
"""What of an extract may be a facility with a name."""
NAMED_FILTERS = {"named": NAMED}
SCATTER_M = 60.0
"""By how much two maps differ on where a facility is: its gate, its middle, its address."""
AROUND_M = 3000.0
"""Farther off it is another place of that name."""
_OTHER = 0.4  # share of equal names that mean another place
_MOST_NATS = 3.0  # of one name: two of them outweigh what streets are likely to say
_MOST_ALIKE = 3  # a name that the extract has more often is a chain's
_SHORTEST = 3  # letters
_NOISE = re.compile(r"[\s·•,，.。、()（）\[\]【】\-—_'\"“”]")
_SYSTEMS = ("wgs84", "gcj02", "bd09")


@dataclass(frozen=True, slots=True)
class KnownNames:
    """Named places of an extract, by normalised name."""

    places: dict[str, list[tuple[float, float]]]  # degrees WGS-84


def names_wanted() -> Wanted:
    """Give the tags that `read_names` looks for."""
    return parse_tag_filter(NAMED).wanted


def read_names(path: Path, area: Any = None) -> KnownNames:
    """Read the named places of an extract, those in ``area`` where it is given."""
    return known_names(read_features(path, NAMED_FILTERS, area=area))


def known_names(found: Features) -> KnownNames:
    """Give the named places of what `read_features` found for `NAMED_FILTERS`."""
    features = found.frame
    places: dict[str, list[tuple[float, float]]] = defaultdict(list)
    middles = features.geometry.representative_point()
    for name, x, y in zip(features["name"].fillna(""), middles.x, middles.y, strict=True):
        plain = plain_name(str(name))
        if plain:
            places[plain].append((float(x), float(y)))
    return KnownNames(dict(places))


def plain_name(text: str) -> str:
    """Give a name without spaces, brackets and widths of characters; "" where it is too short to tell places apart."""
    plain = _NOISE.sub("", unicodedata.normalize("NFKC", text)).casefold()
    return plain if len(plain) >= _SHORTEST else ""


def name_sign(names: Sequence[str], x: Floats, y: Floats, known: KnownNames) -> Sign | None:
    """Compare where a table puts places with where the extract has those of the same name.

    Under the right system two maps' places of one name are some 60 m apart, or are two places. Each name adds the
    logarithm of how much likelier its distance is so than at random within 3 km, at most 3 nats.

    Parameters
    ----------
    names
        (n,) of the table's rows.
    x, y
        (n,) degrees as found.

    Returns
    -------
    Sign or None
        None where no name is in both.
    """
    nats = dict.fromkeys(_SYSTEMS, 0.0)
    close = dict.fromkeys(_SYSTEMS, 0)
    matched: set[str] = set()
    plain = [plain_name(n) for n in names]
    for i, name in enumerate(plain):
        spots = known.places.get(name, [])
        if not spots or len(spots) > _MOST_ALIKE or name in matched or not np.isfinite(x[i] + y[i]):
            continue
        away = {s: min(_metres(*_single(x[i], y[i], s), *spot) for spot in spots) for s in _SYSTEMS}
        if min(away.values()) > AROUND_M:
            continue
        matched.add(name)
        for system, metres in away.items():
            nats[system] += _nats(metres)
            close[system] += metres <= 2 * SCATTER_M
    if not matched:
        return None
    best = max(nats, key=lambda s: nats[s])
    shown = "、".join(f"{s} {close[s]}" for s in _SYSTEMS)
    reach = 2 * SCATTER_M
    least = min(nats.values())
    return Sign(
        {s: v - least for s, v in nats.items()},
        Said(
            f"与路网文件同名的 {len(matched)} 处中，相距 {reach:.0f} 米以内的：{shown}（{best} 最多）",
            f"of {len(matched)} places whose names stand in the extract, within {reach:.0f} m of it: {shown}",
        ),
    )


def _nats(metres: float) -> float:
    """Give the log ratio of a distance under "the same place" and "anywhere within 3 km"."""
    same = np.exp(-0.5 * (metres / SCATTER_M) ** 2) / (2 * np.pi * SCATTER_M**2)
    anywhere = 1.0 / (np.pi * AROUND_M**2)
    return float(min(np.log((1 - _OTHER) * same / anywhere + _OTHER), _MOST_NATS))


def _single(x: float, y: float, system: str) -> tuple[float, float]:
    lon, lat = to_wgs84(x, y, system)
    return float(lon), float(lat)


def _metres(lon: float, lat: float, other_lon: float, other_lat: float) -> float:
    east, north = np.deg2rad(other_lon - lon) * np.cos(np.deg2rad(lat)), np.deg2rad(other_lat - lat)
    return float(np.hypot(east, north) * EARTH_RADIUS_M)
