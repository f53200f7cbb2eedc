"""Whether a kind of input is the same on two dates, by what was read and not by the files' names or bytes."""

from __future__ import annotations

from dataclasses import fields
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
import shapely

from circle15.runs.stale import digest_of

if TYPE_CHECKING:
    from circle15.inputs.people.spread import Homes
    from circle15.network.graph import WalkNetwork
    from circle15.pipeline.study.study import Study
    from circle15.policy.registers import Registers

_SOURCE_KEYS = {
    "name", "source", "note", "allow_empty", "crs", "encoding", "where", "lon_field", "lat_field", "id_field",
    "name_field", "capacity_field", "used_field", "quality_field",
}  # fmt: skip
_NETWORK = (
    "node_lon", "node_lat", "tail", "head", "length_m", "walk_ms", "is_island", "way_id", "is_span", "is_street",
    "depth", "links",
)  # fmt: skip


def same_networks(one: WalkNetwork, two: WalkNetwork) -> bool:
    """Tell whether two networks are the same to the last edge, hard borders counted."""
    if one is two:
        return True
    pairs = [(getattr(one, name), getattr(two, name)) for name in _NETWORK]
    pairs.append(tuple(np.asarray(net.report.hard_borders) for net in (one, two)))  # type: ignore[arg-type]
    return all(a.shape == b.shape and bool((a == b).all()) for a, b in pairs)


def same_people(one: Study, two: Study) -> bool:
    """Tell whether the same people live in the same parts of the same units, and say the same of themselves."""
    return (
        _same_frames(one.cells.pieces, two.cells.pieces)
        and _same_frames(one.district.units, two.district.units)
        and one.people.groups.equals(two.people.groups)
        and _same_homes(one.people.homes, two.people.homes)
        and one.config.cells.start == two.config.cells.start
        and _same_second(one, two)
        and _same_around(one, two)
        and _survey(one) == _survey(two)
    )


def same_rules(one: Study, two: Study) -> bool:
    """Tell whether both dates ask the same: services, thresholds, norms, groups, walkers, registers, weights."""
    return _rules(one) == _rules(two) and _same_registers(one.policy.registers, two.policy.registers)


def _rules(study: Study) -> dict[str, Any]:
    config = study.config
    asked = config.model_dump(mode="json", include={"walk", "policy", "saturation", "portrait"})
    layers = {layer.id: layer.model_dump(mode="json", exclude=_SOURCE_KEYS) for layer in config.layers}
    if asked.get("policy"):
        # Where the registers lie and what a bureau reports are not what the plan asks.
        asked["policy"] = {k: v for k, v in asked["policy"].items() if k not in {"path", "actual"}}
    return {**asked, "layers": layers, "max_access_m": config.network.max_access_m}


def _same_registers(one: Registers | None, two: Registers | None) -> bool:
    if one is None or two is None:
        return one is two
    pairs = ((getattr(one, f.name), getattr(two, f.name)) for f in fields(one))
    return all(a.equals(b) if isinstance(a, pd.DataFrame) else a == b for a, b in pairs)


def _same_frames(one: pd.DataFrame, two: pd.DataFrame) -> bool:
    if len(one) != len(two) or list(one.columns) != list(two.columns):
        return False
    shapes = [frame.geometry.to_numpy() for frame in (one, two)]
    plain = [pd.DataFrame(frame.drop(columns=frame.geometry.name)).reset_index(drop=True) for frame in (one, two)]
    return plain[0].equals(plain[1]) and bool(shapely.equals_exact(*shapes, tolerance=0.0).all())


def _same_second(one: Study, two: Study) -> bool:
    if one.second is None or two.second is None:
        return one.second is two.second
    return _same_frames(one.second.units, two.second.units) and one.second.groups.equals(two.second.groups)


def _same_around(one: Study, two: Study) -> bool:
    if one.config.buffer_m() != two.config.buffer_m():
        return True  # how far one looks is a rule; who lives where inside is compared above
    if one.around is None or two.around is None:
        return one.around is two.around
    # Where their walks start depends on the streets.
    return _same_homes(one.around.homes, two.around.homes) and one.around.groups.equals(two.around.groups)


def _same_homes(one: Homes | None, two: Homes | None) -> bool:
    if one is None or two is None:
        return one is two
    pairs = [(getattr(one, f.name), getattr(two, f.name)) for f in fields(one)]
    return all(np.array_equal(a, b) for a, b in pairs)


def _survey(study: Study) -> tuple[Any, ...] | None:
    survey = study.config.survey
    if survey is None:
        return None
    return digest_of(study.config.resolve(survey.path)), survey.model_dump(mode="json", exclude={"path"})
