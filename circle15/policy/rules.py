"""Unit rules: "每个乡镇(街道)至少 k 个", held against every street, community or the county."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Literal

import numpy as np
import pandas as pd

from circle15.inputs.tables.values import FLAGGED, says_kind
from circle15.policy.conditions import Condition
from circle15.said import Said

if TYPE_CHECKING:
    from collections.abc import Collection

    from circle15.policy.registers import Registers

RuleStatus = Literal["met", "behind", "does not apply", "no data", "not counted"]
LEVELS = ("county", "town", "community")
ONLY = "设施限定:"
OTHER_THING = ("k的单位为", "k为")
"""Notes by which a rule says that its k counts no facilities but staff, areas or services offered."""
UNIT_TYPES = ("街道", "镇", "乡")
COLUMNS = (
    "unit_id", "unit_name", "level", "service_id", "wording", "condition", "kind_required", "required", "found",
    "shortfall", "status", "reason", "deadline_year", "document_id", "note",
)  # fmt: skip

_REASONS = {
    "not-a-count": Said("k 不是设施数", "k counts something else than facilities"),
    "no-k": Said(
        "原文为“全覆盖”，未写数目；可用 [policy] full_coverage_k 设定",
        "the text says full coverage without a number; [policy] full_coverage_k sets one",
    ),
    "no-level": Said("原文未写明适用层级", "the text does not say which units"),
    "no-layer": Said("没有该服务的图层", "there is no layer of this service"),
    "no-units": Said("没有该级街道（村社）", "there are no units of this level"),
    "no-quality": Said(
        "设施表没有说明是否“{kind}”的列，可用 [headings] ownership 指定",
        "no facility says whether it is {kind}; name the column with [headings] ownership",
    ),
    "unknown-property": Said(
        "缺少条件所需的人口或类型",
        "population or type of the unit, which the condition asks for, is unknown",
    ),
}  # fmt: skip


def unit_type(name: str) -> str | None:
    """Tell a unit's type from the end of its Chinese name: 街道, 镇 or 乡; None for another name."""
    return next((kind for kind in UNIT_TYPES if name.endswith(kind)), None)


def check_rules(
    registers: Registers,
    place: str,
    units: pd.DataFrame,
    facilities: pd.DataFrame,
    *,
    layers: Collection[str],
    full_coverage_k: int | None = None,
) -> pd.DataFrame:
    """Hold every unit rule of a place's documents against its units.

    Parameters
    ----------
    registers
        From `inputs.registers.read_registers`.
    place
        place_id; a rule belongs to the place of its document.
    units
        unit_id, unit_name, level ("county", "town", "community"), resident_population, and optionally unit_type (else
        read from the name); the county is one row.
    facilities
        A row per facility: layer (service_id), quality (text, "" or None), and a column per level with the id of the
        unit that it stands in ("county", "town", "community"; "" where outside).
    layers
        Ids of the layers that were read, those without any facility included.
    full_coverage_k
        What "全覆盖" without a number asks for; None leaves such rules uncounted.

    Returns
    -------
    pandas.DataFrame
        A row per rule and unit of its level, with `COLUMNS`; a rule that cannot be counted has one row without unit
        that says why (`Said`). ``shortfall`` = required - found where that is above 0.

    Notes
    -----
    A rule that counts one kind of facility only (its note begins 设施限定) counts facilities whose quality text says
    the longest of the service's attributes (services.csv) that its wording names, e.g. 公办, and not 非公办.
    """
    documents = set(registers.targets.loc[registers.targets["place_id"] == place, "document_id"])
    documents |= set(registers.circles.loc[registers.circles["place_id"] == place, "document_id"])
    rules = registers.unit_rules[registers.unit_rules["document_id"].isin(documents)]
    rows: list[dict[str, object]] = []
    for _, rule in rules.iterrows():
        attributes = registers.services.set_index("service_id")["attributes_zh"][rule["service_id"]]
        kind = _kind_required(str(rule["note_zh"]), str(attributes))
        k = rule["k"] if not np.isnan(rule["k"]) else (np.nan if full_coverage_k is None else float(full_coverage_k))
        own = facilities[facilities["layer"] == rule["service_id"]]
        blocker = _blocker(rule, k, own, units, kind, has_layer=rule["service_id"] in layers)
        base = {**_rule_columns(rule), "kind_required": kind, "required": k}
        if blocker is not None:
            code, status = blocker
            reason = _REASONS[code].format(kind=kind)
            rows.append({**base, "unit_id": "", "unit_name": "", "status": status, "reason": reason})
            continue
        is_kind = [not kind or says_kind(text, kind) for text in own["quality"].fillna("")]
        counted = own[np.array(is_kind, dtype=np.bool_)]
        rows.extend({**base, **row} for row in _by_unit(rule, k, counted, units))
    table = pd.DataFrame(rows, columns=list(COLUMNS))
    return table.astype(dict.fromkeys(("required", "found", "shortfall", "deadline_year"), "float64"))


def _by_unit(rule: pd.Series, k: float, counted: pd.DataFrame, units: pd.DataFrame) -> list[dict[str, object]]:
    level = str(rule["unit_level"])
    condition = Condition.parse(str(rule["condition"]))
    found = counted[level].value_counts()
    rows: list[dict[str, object]] = []
    for unit in units[units["level"] == level].to_dict("records"):
        people = unit["resident_population"]
        residents = None if people is None or np.isnan(people) else people
        kind = unit.get("unit_type") or unit_type(str(unit["unit_name"]))
        applies = condition.applies({"resident_population": residents, "population": residents, "unit_type": kind})
        n = int(found.get(unit["unit_id"], 0))
        status: RuleStatus = (
            "no data" if applies is None else "does not apply" if not applies else "met" if n >= k else "behind"
        )
        rows.append(
            {
                "unit_id": unit["unit_id"],
                "unit_name": unit["unit_name"],
                "found": float(n),
                "shortfall": max(0.0, k - n) if applies else np.nan,
                "status": status,
                "reason": _REASONS["unknown-property"] if applies is None else "",
            }
        )
    return rows


def _blocker(
    rule: pd.Series, k: float, own: pd.DataFrame, units: pd.DataFrame, kind: str, *, has_layer: bool
) -> tuple[str, RuleStatus] | None:
    """Give why a rule cannot be counted, None where it can; `own` are the facilities of its service."""
    counts_other = any(part.startswith(OTHER_THING) for part in _notes(str(rule["note_zh"])))
    is_told = any(_speaks_of(kind, text) for text in own["quality"].fillna(""))
    blockers: tuple[tuple[bool, str, RuleStatus], ...] = (
        (counts_other, "not-a-count", "not counted"),
        (rule["unit_level"] not in LEVELS, "no-level", "not counted"),
        (bool(np.isnan(k)), "no-k", "not counted"),
        (not (units["level"] == rule["unit_level"]).any(), "no-units", "no data"),
        (not has_layer, "no-layer", "no data"),
        (len(own) > 0 and bool(kind) and not is_told, "no-quality", "no data"),
    )
    return next(((code, status) for is_so, code, status in blockers if is_so), None)


def _speaks_of(kind: str, text: str) -> bool:
    """Tell whether a facility's text says anything of ``kind``: 民办 does of 公办, 普惠 and 非普惠 do not."""
    others = [word for word in FLAGGED if word not in kind]
    return re.sub(f"非?(?:{'|'.join(others)})性?|、", "", text) != ""


def _notes(note: str) -> list[str]:
    return [part.strip() for part in note.split(";")]


def _kind_required(note: str, attributes: str) -> str:
    """Give the words that a facility's quality text must hold for the rule to count it; "" for any facility."""
    only = next((part.removeprefix(ONLY) for part in _notes(note) if part.startswith(ONLY)), "")
    named = [word for word in attributes.split(";") if word and word in only]
    return max(named, key=len, default=only)


def _rule_columns(rule: pd.Series) -> dict[str, object]:
    return {
        "level": rule["unit_level"],
        "service_id": rule["service_id"],
        "wording": rule["wording_zh"],
        "condition": rule["condition"],
        "deadline_year": rule["deadline_year"],
        "document_id": rule["document_id"],
        "note": rule["note_zh"],
    }
