"""The config's tables of planning: what may be built, and a scenario's changes to the config that it is based on."""

from __future__ import annotations

import os
import re
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal, Self

from pydantic import BaseModel, ConfigDict, Discriminator, Field, Tag, ValidationError, model_validator

from circle15.config.types import Count, Identifier, NonNegative, Positive  # noqa: TC001 (pydantic reads them at run time)
from circle15.errors import ConfigError, Problem

if TYPE_CHECKING:
    from collections.abc import Callable

ORDERS = ("people", "gap", "places", "people_per_cost", "gap_per_cost", "places_per_cost")

Lon = Annotated[float, Field(ge=-180, le=180, strict=True)]
Lat = Annotated[float, Field(ge=-90, le=90, strict=True)]
Points = Annotated[tuple[tuple[Lon, Lat], ...], Field(min_length=2)]
Line = Annotated[
    Annotated[str, Tag("file")] | Annotated[Points, Tag("points")],
    Discriminator(lambda given: "file" if isinstance(given, str) else "points"),
]


class _Table(BaseModel):
    """A TOML table whose keys are exactly the declared ones."""

    model_config = ConfigDict(extra="forbid", frozen=True, strict=False, populate_by_name=True)


class PlanningTable(_Table):
    """[planning]: the places that could be built on, by what they are ranked, and which answers a run gives.

    Costs are in 万元. `new_capacity` is a new facility's capacity where a candidate states none; without it the median
    of the layer's existing facilities. `projects` is a list of planned projects that a run compares. Missing links
    are looked for where `links` says so or outputs.write names them: each is proved by walking it, which takes long.
    """

    candidates: str | None = None
    projects: str | None = None
    forbidden: str | None = None
    crs: str | None = None
    name_field: str | None = None
    layer_field: str | None = None
    lon_field: str | None = None
    lat_field: str | None = None
    cost_field: str | None = None
    capacity_field: str | None = None
    rank_by: Literal["people", "gap", "places", "people_per_cost", "gap_per_cost", "places_per_cost"] = "people"
    budget: Positive | None = None
    new_capacity: dict[Identifier, Positive] = {}
    causes: bool = True
    links: bool = False
    links_top: Count = 20

    @model_validator(mode="after")
    def _costs_are_there(self) -> Self:
        if self.candidates is None:
            if self.rank_by.endswith("per_cost"):
                raise ValueError(f'rank_by = "{self.rank_by}" needs candidates = "FILE" with a cost for each')
            if self.budget is not None:
                raise ValueError('budget needs candidates = "FILE" with a cost for each')
        return self


_NEEDED = {
    "add_facility": ("layer", "lon", "lat"),
    "close_facility": ("id",),
    "set_capacity": ("id", "capacity"),
    "add_path": ("line",),
    "close_path": ("line",),
}
_ALLOWED = {
    "add_facility": ("name", "id", "capacity", "cost"),
    "close_facility": ("layer",),
    "set_capacity": ("layer",),
    "add_path": ("name", "cost", "tolerance_m"),
    "close_path": ("name", "tolerance_m"),
}


class ChangeTable(_Table):
    """[[change]]: one change of a scenario; coordinates are WGS-84."""

    kind: Literal["add_facility", "close_facility", "set_capacity", "add_path", "close_path"]
    name: str | None = None
    layer: Identifier | None = None
    id: str | None = None
    lon: Lon | None = None
    lat: Lat | None = None
    capacity: NonNegative | None = None
    cost: NonNegative | None = None
    line: Line | None = None
    tolerance_m: Positive | None = None

    @model_validator(mode="after")
    def _fits_its_kind(self) -> Self:
        needed = _NEEDED[self.kind]
        lacking = [key for key in needed if getattr(self, key) is None]
        if lacking:
            raise ValueError(f'kind = "{self.kind}" needs {", ".join(lacking)}')
        known = {"kind", *needed, *_ALLOWED[self.kind]}
        idle = sorted(self.model_fields_set - known)
        if idle:
            raise ValueError(f'kind = "{self.kind}" has no {", ".join(idle)}; it takes {", ".join(sorted(known))}')
        return self


def merge_scenario(
    raw: dict[str, Any], path: Path, read: Callable[[Path], dict[str, Any]]
) -> tuple[dict[str, Any], Path]:
    """Lay a scenario over the config that its ``base`` names, which may be a scenario too.

    Tables are merged key by key and the scenario's values win; its changes come after the base's.

    Parameters
    ----------
    raw
        The config as read.
    path
        Its file.
    read
        Reads a config file to nested dicts.

    Returns
    -------
    tuple
        The merged config without ``base``, and the innermost base, whose folder its paths are relative to.

    Raises
    ------
    ConfigError
        If a base is not a name, has no file, or the bases form a ring.
    """
    chain: list[tuple[dict[str, Any], Path]] = [(raw, path)]
    seen = {path.resolve()}
    while "base" in chain[-1][0]:
        inner, inner_path = chain[-1]
        base = inner["base"]
        if not isinstance(base, str):
            raise ConfigError(Problem("is the name of a config file", file=str(inner_path), key="base", value=base))
        found = inner_path.parent / base
        if found.resolve() in seen:
            message = "a scenario cannot be based on itself, nor on one that is based on it"
            raise ConfigError(Problem(message, file=str(inner_path), key="base", value=base))
        seen.add(found.resolve())
        chain.append((read(found), found))
    folder = chain[-1][1].parent
    merged: dict[str, Any] = {}
    changes: list[Any] = []
    for layer, layer_path in reversed(chain):
        own = dict(layer)
        own.pop("base", None)
        listed = own.pop("change", [])
        changes += [_moved(c, layer_path.parent, folder) for c in listed] if isinstance(listed, list) else [listed]
        merged = _merged(merged, own)
    return ({**merged, "change": changes} if changes else merged), chain[-1][1]


def _moved(change: Any, from_folder: Path, to_folder: Path) -> Any:
    """Give a change whose line's file, named from the scenario's folder, is named from the base's."""
    if not (isinstance(change, dict) and isinstance(change.get("line"), str)):
        return change
    file, mark, part = change["line"].partition("#")
    moved = Path(os.path.relpath((from_folder / file).resolve(), to_folder.resolve())).as_posix()
    return {**change, "line": f"{moved}{mark}{part}"}


def _merged(below: dict[str, Any], above: dict[str, Any]) -> dict[str, Any]:
    result = dict(below)
    for key, value in above.items():
        old = result.get(key)
        result[key] = _merged(old, value) if isinstance(old, dict) and isinstance(value, dict) else value
    return result


def override_planning(planning: PlanningTable, **values: Any) -> PlanningTable:
    """Give the table with some values set anew, those that are not None; validated as if they stood in the config.

    Raises
    ------
    ConfigError
        If a value does not fit the others.
    """
    stated = {k: v for k, v in values.items() if v is not None}
    try:
        return PlanningTable.model_validate({**planning.model_dump(exclude_unset=True), **stated})
    except ValidationError as e:
        found = (re.sub("^Value error, ", "", error["msg"]) for error in e.errors(include_url=False))
        raise ConfigError(*(Problem(message) for message in found)) from None
