"""Values of a facility table's columns: clean names, capacities as numbers, flags, and a line for every change."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from circle15.errors import InputError, Problem
from circle15.inputs.tables.headings import choose_column, split_heading
from circle15.inputs.tables.numbers import base_unit
from circle15.inputs.tables.units_of_supply import compare_units
from circle15.said import Said

if TYPE_CHECKING:
    from collections.abc import Mapping

    from circle15.config.layer import LayerTable
    from circle15.inputs.tables.values import ValueReader


# Fields that may hold a capacity, and the unit that they count in where the heading states none, by its language.
CAPACITY_UNITS = {"capacity": ("", ""), "places": ("个", "places"), "beds": ("张", "beds"), "area": ("平方米", "m2")}

_COUNTED = re.compile("托位|学位|餐位|座位|床位")
_CLOSED = re.compile(
    "停业|歇业|关闭|已关|停办|停用|停运|注销|撤销|吊销|拆除|暂停|筹建|在建|未建|拟建|规划中|待建|未开|未运营|未营业|未投|未启用|废弃|闭园|"
    "closed|suspended|planned|construction|abandoned|disused",
    re.IGNORECASE,
)


def capacity_column(reader: ValueReader, layer: LayerTable) -> str | None:
    """Choose the column of a layer's capacity: the stated one, or the one recognised in the layer's own unit.

    Raises
    ------
    InputError
        If several columns could be it; names them.
    """
    if layer.capacity_field is not None:
        return reader.column_of("capacity", layer.capacity_field)
    file = reader.table.file
    candidates: list[str] = []
    for kind in CAPACITY_UNITS:
        column = choose_column(kind, reader.found, file=file, key="capacity_field")
        if column is None:
            continue
        counted_in = unit_of(column, reader.found)
        same = (
            not layer.capacity_unit or not counted_in or compare_units(layer.capacity_unit, counted_in) != "different"
        )
        if same:
            candidates.append(column)
    if len(candidates) > 1:
        named = ", ".join(f'"{c}"' for c in candidates)
        message = Said(
            f'服务“{layer.id}”：{named} 都可能是容量，请写明：capacity_field = "{candidates[0]}"',
            f'layer "{layer.id}": each of {named} may be the capacity; say which: capacity_field = "{candidates[0]}"',
        )
        raise InputError(Problem(message, file=file))
    if not candidates:
        return None
    reader.used_columns.add(candidates[0])
    return candidates[0]


def unit_of(column: str, found: Mapping[str, list[list[str]]]) -> str | None:
    """Give the unit that a column of capacities counts in by its heading, None where that does not say.

    Examples
    --------
    >>> unit_of("餐位数（个）", {"places": [["餐位数（个）"]]}), unit_of("规模", {"capacity": [["规模"]]})
    ('餐位', None)
    """
    counted = _COUNTED.search(column)
    if counted is not None:
        return counted[0]
    stated = base_unit(split_heading(column).unit)
    field = next((f for f in CAPACITY_UNITS if any(column in rank for rank in found.get(f, []))), "capacity")
    usual = CAPACITY_UNITS[field][column.isascii()]
    # A heading in other words of its field's unit (㎡) is printed in the usual ones.
    return (usual if not stated or (usual and compare_units(stated, usual) != "different") else stated) or None


def is_closed(status: str) -> bool:
    """Tell whether a status says that nobody is served there now: closed, suspended, planned or being built."""
    return _CLOSED.search(status) is not None
