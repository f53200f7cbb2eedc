"""What the tags of streets mean for the cost of walking them: each combination of tags once, as a trait."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from circle15.network.rules.directions import ONE_WAY
from circle15.network.rules.passage_table import BIG_ROADS, ROADS, kind_of_road, passage_keys, passage_of
from circle15.network.streets.spans import leaves_ground

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from circle15.network.rules.tags import Bool, Float64, Int64
    from circle15.network.walking.profiles import WalkProfile


_ONE_WAY = {"forward": 1, "backward": -1}
_NUMBER = re.compile(r"\s*([-+]?\d+(?:[.,]\d+)?)\s*(%|°|m|cm|mm|'|ft)?\s*")
_METRES = {None: 1.0, "m": 1.0, "cm": 0.01, "mm": 0.001, "'": 0.3048, "ft": 0.3048}


@dataclass(frozen=True, slots=True)
class Traits:
    """What each segment's tags say, from its trait; every array is (n_segments,)."""

    is_steps: Bool
    up: npt.NDArray[np.int8]  # 1: rises from tail to head, -1: falls, 0: not said
    incline: Float64  # rise over run from tail to head, NaN where no number is tagged
    step_height_m: Float64  # NaN where not tagged
    conveys: npt.NDArray[np.int8]  # 1: from tail to head alone, -1: from head to tail, 2: both ways, 0: not moving
    is_road: Bool
    is_big_road: Bool
    on_ground: Bool  # neither bridge nor tunnel
    off_ground: Bool  # up on a bridge or down in a tunnel (`spans.leaves_ground`), passages and galleries apart
    one_way: npt.NDArray[np.int8]  # 1: from tail to head alone, -1: from head to tail alone, 0: both ways
    on_terrain: Bool  # whose height a raster of the ground tells: not on a bridge, in a tunnel or inside a building
    passage: Int64  # row of the table of passages, -1: none
    trait: Int64
    traits: tuple[dict[str, str], ...]

    @classmethod
    def of(cls, trait: npt.NDArray[Any], traits: tuple[dict[str, str], ...]) -> Traits:
        """Read the tags of every trait."""
        rows = traits or ({},)
        kinds = [kind_of_road(t.get("highway", "")) for t in rows]
        columns = {
            "is_steps": np.array([k == "steps" for k in kinds]),
            "up": np.array([_up(t.get("incline", "")) for t in rows], np.int8),
            "incline": np.array([_slope(t.get("incline", "")) for t in rows]),
            "step_height_m": np.array([metres_of(t.get("step:height")) for t in rows]),
            "conveys": np.array([_conveys(t.get("conveying", "no")) for t in rows], np.int8),
            "is_road": np.array([k in ROADS for k in kinds]),
            "is_big_road": np.array([k in BIG_ROADS for k in kinds]),
            "on_ground": np.array([all(t.get(k, "no") == "no" for k in ("bridge", "tunnel")) for t in rows]),
            "off_ground": np.array([leaves_ground(t) for t in rows]),
            "one_way": np.array([_ONE_WAY.get(t.get(ONE_WAY, ""), 0) for t in rows], np.int8),
            "on_terrain": np.array([_is_on_terrain(t) for t in rows]),
            "passage": np.array(_passages(rows), np.int64),
        }
        return cls(
            **{name: values[trait] for name, values in columns.items()}, trait=trait.astype(np.int64), traits=rows
        )

    def slowness(self, profile: WalkProfile) -> Float64:
        """Give how much longer a profile takes for the tags' sake, steps and slopes aside; infinite: closed."""
        return np.array([_slowness(tags, profile) for tags in self.traits])[self.trait]


def metres_of(text: str | None) -> float:
    """Read a length in metres, NaN where there is none."""
    found = _NUMBER.fullmatch(text or "")
    return float(found[1].replace(",", ".")) * _METRES[found[2]] if found and found[2] in _METRES else float("nan")


def _passages(traits: Sequence[Mapping[str, str]]) -> list[int]:
    """Give each trait's row of the table of passages; traits that differ in other tags alone are asked about once."""
    keys = passage_keys("way")
    known: dict[tuple[str | None, ...], int] = {}
    found = []
    for tags in traits:
        asked = tuple(tags.get(key) for key in keys)
        if asked not in known:
            known[asked] = passage_of(tags, "way")
        found.append(known[asked])
    return found


def _slowness(tags: Mapping[str, str], p: WalkProfile) -> float:
    if p.wheelchair_tag and tags.get("wheelchair") == "no":
        return float("inf")
    if p.min_width_m is not None and metres_of(tags.get("width")) < p.min_width_m:
        return float("inf")
    share = min(
        dict(p.surfaces).get(tags.get("surface", ""), 1.0), dict(p.smoothness).get(tags.get("smoothness", ""), 1.0)
    )
    return 1.0 / share if share > 0 else float("inf")


def _is_on_terrain(tags: Mapping[str, str]) -> bool:
    """Tell whether a raster of the ground tells a street's height; bridges, tunnels and ways inside rise evenly."""
    if tags.get("highway") in {"corridor", "elevator"} or tags.get("location") == "underground":
        return False
    if any(tags.get(key, "no") != "no" for key in ("bridge", "tunnel", "indoor")):
        return False
    return tags.get("level", "0") in {"0", "0;0"} and not tags.get("layer", "0").startswith("-")


def _up(incline: str) -> int:
    slope = _slope(incline)
    return {"up": 1, "down": -1}.get(incline, 0 if np.isnan(slope) else int(np.sign(slope)))


def _slope(incline: str) -> float:
    found = _NUMBER.fullmatch(incline)
    if found is None or found[2] not in {"%", "°"}:
        return float("nan")
    value = float(found[1].replace(",", "."))
    return value / 100 if found[2] == "%" else float(np.tan(np.radians(value)))


def _conveys(value: str) -> int:
    return {"forward": 1, "backward": -1, "yes": 2, "reversible": 2}.get(value, 0)
