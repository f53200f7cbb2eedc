"""What a published plan says of a config's layers: threshold, norm and demand group, each with its source."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import pandas as pd

from circle15.config.types import suggest
from circle15.errors import ConfigError, InputError, Problem
from circle15.inputs.tables.units_of_supply import compare_units
from circle15.policy.registers import read_registers
from circle15.policy.traps import RegisterWarning, is_dated, is_table, register_warnings, target_rows, warn
from circle15.said import Said

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from pathlib import Path

    from circle15.config.layer import LayerTable
    from circle15.config.model import Config
    from circle15.policy.registers import Registers
    from circle15.policy.traps import Row

ALL_SERVICES = "all_services"
NORM_GROUPS = {
    "": "all",
    "resident_population": "all",
    "registered_population": "all",
    "elderly_60_or_65_unstated": "age_60_plus",
}
"""Population group that stands for a norm's denominator; the registers' other denominators (beds, institutions...)
count no people. Residents stand for an unstated denominator where the note says that it is people."""

_WITH_CHILD, _OLD = ("with_child", "child"), ("elderly",)
PROFILES = {"age_0_2": _WITH_CHILD, "age_3_5": _WITH_CHILD, "age_60_plus": _OLD, "age_65_plus": _OLD}
"""Walking profiles of those who walk slower than an adult; the first that the config has a [walk] table of is taken."""


@dataclass(frozen=True, slots=True)
class Taken:
    """One value that a layer took from the registers."""

    layer: str
    key: str  # key of [[layer]]
    value: float | str
    source: str  # document and location, or the register
    row: int | None  # row of the register's file


@dataclass(frozen=True, slots=True)
class AppliedPolicy:
    """A config with its layers filled from the registers, and where each value came from."""

    config: Config  # with the layers filled
    stated: Config  # as its author wrote it
    taken: tuple[Taken, ...]
    warnings: tuple[RegisterWarning, ...]
    registers: Registers | None  # None where the config has no [policy]

    def norm_is_from_policy(self, layer: str) -> bool:
        """Tell whether a layer's norm came from the registers, not from the config."""
        return any(t.layer == layer and t.key == "norm_per_1000" for t in self.taken)

    def warning_texts(self) -> list[Said]:
        """Say the warnings as people read them: of layers and, in Chinese, of indicators by the names they have."""
        names: dict[str, Said | str] = {}
        policy = self.config.policy
        if policy is not None and self.registers is not None:
            here = self.registers.targets.query("place_id == @policy.place")
            for indicator, printed in zip(here["indicator_id"], here["indicator_zh"], strict=True):
                names[indicator] = Said(printed, indicator.replace("_", " "))
        names |= {layer.id: layer.name for layer in self.config.layers}
        return [warning.text(names) for warning in self.warnings]


def apply_policy(config: Config) -> AppliedPolicy:
    """Fill what the config leaves open from the registers of its [policy] place and year.

    A layer whose id is a service_id of the register takes: minutes, from the place's circle for the service, else its
    circle of all services, else the service's default; norm_per_1000 with norm_group and capacity_unit, from the
    target of the norm's indicator; group, the service's demand group where the population has it; profile, that of
    those who use it where [walk] has it. A key that the config states wins.

    Raises
    ------
    ConfigError
        If the place is not in the registers, or they have nothing for it up to the year.
    InputError
        If a register is malformed.
    """
    policy = config.policy
    if policy is None:
        return AppliedPolicy(config, config, (), (), None)
    registers = read_registers(config.resolve(policy.path) if policy.path is not None else None)
    _check_place(registers, policy.place, policy.year, config.path)
    reader = _Reader(registers, policy.place, policy.year, config)
    layers = tuple(reader.filled(layer) for layer in config.layers)
    return AppliedPolicy(
        config.model_copy(update={"layers": layers}),
        config,
        tuple(reader.taken),
        tuple(dict.fromkeys(reader.warnings)),
        registers,
    )


def settle_norms(
    applied: AppliedPolicy, facilities: pd.DataFrame, units: Mapping[str, str] | None = None
) -> AppliedPolicy:
    """Decide on every layer's unit and norm once the facilities are read; see `settle_norm`.

    A layer whose config and plan say no unit counts in that of the column that was read.

    Parameters
    ----------
    applied
        From `apply_policy`.
    facilities
        ``layer`` and ``capacity`` (NaN where not stated) of every facility.
    units
        Unit of each layer's column of capacities, where its heading says it.

    Raises
    ------
    InputError
        Naming every layer whose config states a norm while no facility states a capacity.
    """
    # A layer without any facility has no supply, which is known; one whose facilities are silent is "count only".
    silent = set(facilities["layer"]) - set(facilities.loc[facilities["capacity"].notna(), "layer"])
    place = applied.config.policy.place if applied.config.policy is not None else ""
    layers, warnings = [], list(applied.warnings)
    problems: list[Problem] = []
    for unsettled in applied.config.layers:
        unit = unsettled.capacity_unit or (units or {}).get(unsettled.id)
        layer = unsettled.model_copy(update={"capacity_unit": unit})
        is_taken = applied.norm_is_from_policy(layer.id)
        try:
            settled, warning = settle_norm(
                layer, has_capacity=layer.id not in silent, from_policy=is_taken, place=place
            )
        except InputError as e:
            problems.extend(e.problems)
            continue
        layers.append(settled)
        warnings += [warning] if warning is not None else []
    InputError.gather(problems)
    config = applied.config.model_copy(update={"layers": tuple(layers)})
    return replace(applied, config=config, warnings=tuple(warnings))


def settle_norm(
    layer: LayerTable, *, has_capacity: bool, from_policy: bool, place: str = ""
) -> tuple[LayerTable, RegisterWarning | None]:
    """Decide on a layer's norm once its facilities are read.

    Returns
    -------
    layer
        As it was, or without norm where the facilities state no capacity and the norm came from the registers.
    warning
        "count-only" in that case.

    Raises
    ------
    InputError
        If the config itself states a norm for a layer of which no facility states a capacity.
    """
    if layer.norm_per_1000 is None or has_capacity:
        return layer, None
    if from_policy:
        return layer.model_copy(update={"norm_per_1000": None}), warn("count-only", layer.id, place)
    message = Said(
        "norm_per_1000 须有容量，而该服务没有一处设施写明容量；请用 capacity_field 写明容量列，或删去该标准",
        "norm_per_1000 needs capacities, but no facility of this layer states one;"
        " name the column of places with capacity_field, or remove the norm",
    )
    raise InputError(
        Problem(message, file=layer.source, column=f"layer.{layer.id}.norm_per_1000", value=layer.norm_per_1000)
    )


def choose_target(rows: Iterable[Row], year: int, documents: pd.DataFrame) -> Row | None:
    """Choose the target that stands for `year` among rows of one indicator and place; None without any.

    The year's own target; else the latest before it; else the first after it. Among several of one year: the document
    issued last, its table before its clauses.
    """
    dated = [r for r in rows if not r["is_base"] and is_dated(r) and r["direction"] != "range"]
    if not dated:
        return None
    before = [r["year"] for r in dated if r["year"] <= year]
    used = max(before) if before else min(r["year"] for r in dated)
    issued = dict(zip(documents["document_id"], documents["issued"], strict=True))
    of_year = sorted((r for r in dated if r["year"] == used), key=lambda r: r["row"])
    return max(of_year, key=lambda r: (issued[r["document_id"]], is_table(r["location"])))


def norm_group(target: Row) -> str | None:
    """Give the population group that stands for a target's denominator; None where it is no people, or unknown."""
    denominator = str(target["denominator"])
    is_people = denominator != "" or "分母为人口" in target["definition_note_zh"]
    return NORM_GROUPS.get(denominator) if is_people else None


class _Reader:
    """Reads layer after layer, noting what was taken and which traps were met."""

    def __init__(self, registers: Registers, place: str, year: int, config: Config) -> None:
        self.registers = registers
        self.place = place
        self.place_name = registers.places()[place]
        self.year = year
        self.groups = {"all", *config.population.groups}
        self.walks = set(config.walk)
        self.taken: list[Taken] = []
        self.warnings: list[RegisterWarning] = []

    def filled(self, layer: LayerTable) -> LayerTable:
        services = self.registers.services
        service = services[services["service_id"] == layer.id]
        if service.empty:
            return layer
        update: dict[str, object] = {}
        stated = layer.model_fields_set
        if not {"minutes", "metres"} & stated:
            update |= self._minutes(layer.id, service.iloc[0])
        if "group" not in stated:
            update |= self._group(layer.id, service.iloc[0])
        if "profile" not in stated:
            # Who uses a service walks to it, also where the population cannot tell them from everybody.
            group = layer.group if "group" in stated else str(service.iloc[0]["demand_group"])
            update |= self._profile(layer, group)
        if "norm_per_1000" not in stated:
            update |= self._norm(layer, service.iloc[0])
        return layer.model_copy(update=update)

    def _take(self, layer: str, key: str, value: float | str, source: str, row: int | None) -> None:
        self.taken.append(Taken(layer, key, value, source, row))

    def _warn(self, code: str, subject: str, **values: object) -> None:
        self.warnings.append(warn(code, subject, self.place, **values))

    def _source(self, document: str, at: str) -> str:
        titles = self.registers.documents.set_index("document_id")["title_zh"]
        return f"{titles[document]} {at}".strip()

    def _minutes(self, service_id: str, service: pd.Series) -> dict[str, object]:
        circles = self.registers.circles
        here = circles[circles["place_id"] == self.place]
        own = here[here["service_id"] == service_id]
        general = here[here["service_id"] == ALL_SERVICES]
        rows = own if len(own) else general
        if rows.empty:
            if pd.isna(service["default_minutes"]):
                return {}
            minutes = float(service["default_minutes"])
            self._warn("circle-of-other-places", service_id, place=self.place_name, minutes=f"{minutes:g}")
            self._take(service_id, "minutes", minutes, "services.csv default_minutes", int(service["row"]))
            return {"minutes": minutes}
        # A promise for a later year, or without one, comes after what is due already.
        due = rows.assign(is_due=rows["deadline_year"].fillna(self.year) <= self.year)
        chosen = due.sort_values(["is_due", "deadline_year", "row"], ascending=[False, False, True]).iloc[0]
        minutes = float(chosen["minutes"])
        if len(set(rows["minutes"])) > 1:
            values = ", ".join(f"{m:g}" for m in sorted(set(rows["minutes"])))
            self._warn("circles-disagree", service_id, place=self.place_name, values=values, minutes=f"{minutes:g}")
        if own.empty:
            self._warn("circle-of-all-services", service_id, place=self.place_name, minutes=f"{minutes:g}")
        self._take(
            service_id,
            "minutes",
            minutes,
            self._source(chosen["document_id"], chosen["wording_zh"]),
            int(chosen["row"]),
        )
        return {"minutes": minutes}

    def _group(self, service_id: str, service: pd.Series) -> dict[str, object]:
        group = str(service["demand_group"])
        if group in {"", "all"}:
            return {}
        if group not in self.groups:
            self._warn("group-not-counted", service_id, group=group)
            return {}
        self._take(service_id, "group", group, "services.csv demand_group", int(service["row"]))
        return {"group": group}

    def _profile(self, layer: LayerTable, group: str) -> dict[str, object]:
        slower = PROFILES.get(group)
        if slower is None:
            return {}
        profile = next((name for name in slower if name in self.walks), None)
        if profile is None:
            self._warn("walker-not-stated", layer.id, group=group, wanted=slower[0], used=layer.profile)
            return {}
        self._take(layer.id, "profile", profile, f"services.csv demand_group {group}", None)
        return {"profile": profile}

    def _norm(self, layer: LayerTable, service: pd.Series) -> dict[str, object]:
        norms = self.registers.norms
        targets = self.registers.targets
        for indicator in norms.loc[norms["service_id"] == layer.id, "indicator_id"]:
            rows = targets[(targets["place_id"] == self.place) & (targets["indicator_id"] == indicator)]
            target = choose_target(target_rows(rows), self.year, self.registers.documents)
            if target is not None:
                return self._norm_of(layer, service, str(indicator), target)
        return {}

    def _norm_of(self, layer: LayerTable, service: pd.Series, indicator: str, target: Row) -> dict[str, object]:
        has_own_group = "norm_group" in layer.model_fields_set
        group = layer.norm_group if has_own_group else norm_group(target)
        if group is None:
            self._warn("norm-denominator-unknown", layer.id, indicator=indicator, printed=target["indicator_zh"])
            return {}
        if group not in self.groups:
            printed = target["indicator_zh"]
            self._warn("norm-group-not-counted", layer.id, indicator=indicator, printed=printed, group=group)
            return {}
        ours, theirs = layer.capacity_unit, str(target["unit_zh"])
        agreement = compare_units(ours, theirs) if ours is not None else "same"
        if agreement == "different":
            self._warn("unit-differs", layer.id, ours=ours, theirs=theirs)
            return {}
        if agreement == "words":
            self._warn("unit-words-differ", layer.id, ours=ours, theirs=theirs)
        if int(target["year"]) != self.year:
            used = f"{target['year']:.0f}"
            self._warn("year-not-stated", layer.id, year=self.year, used=used, value=f"{target['value']:g}")
        self.warnings.extend(register_warnings(self.registers.targets, place=self.place, indicators={indicator}))
        source = self._source(target["document_id"], f"{target['location']} {target['indicator_zh']}")
        update: dict[str, object] = {"norm_per_1000": float(target["value"]) / float(target["per"]) * 1000}
        if not has_own_group:
            update["norm_group"] = group
        if ours is None:
            update["capacity_unit"] = _plain_unit(str(service["capacity_unit_zh"]), theirs)
        for key, value in update.items():
            self._take(layer.id, key, value if isinstance(value, float) else str(value), source, int(target["row"]))
        return update


def _plain_unit(of_service: str, of_target: str) -> str:
    """Name the unit as people say it: "个(托位)" is 托位; without a word in brackets, the target's own unit."""
    return of_service.split("(")[1].rstrip(")") if "(" in of_service else of_target


def _check_place(registers: Registers, place: str, year: int, path: Path) -> None:
    places = registers.places()
    if place not in places:
        known = ", ".join(f"{key} ({name})" for key, name in places.items())
        near = suggest(place, places)
        message = Said(
            f"不是规划登记表中的地方{near.zh}；登记表中有 {known}",
            f"is not a place of the registers{near.en}; they have {known}",
        )
        raise ConfigError(Problem(message, file=str(path), key="policy.place", value=place))
    years = registers.targets.loc[registers.targets["place_id"] == place, "year"].dropna()
    if len(years) and year < years.min():
        message = Said(
            f"规划登记表中 {places[place]} 最早为 {years.min():.0f} 年，最晚为 {years.max():.0f} 年",
            f"the registers say nothing of {places[place]} before {years.min():.0f}; they reach to {years.max():.0f}",
        )
        raise ConfigError(Problem(message, file=str(path), key="policy.year", value=year))
