"""Two folders of one run side by side: every cell of every table that differs, and every other file that does."""

from __future__ import annotations

import csv
import math
from dataclasses import dataclass
from itertools import zip_longest
from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow.parquet
import pyogrio
from python_calamine import CalamineWorkbook

from circle15.files.digests import fresh_digest
from circle15.files.door import is_plain_file
from circle15.inputs.geofiles.drivers import only_drivers
from circle15.inputs.geofiles.geopackage_guard import check_geopackage
from circle15.said import Said

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence
    from pathlib import Path

Rows = list[list[Any]]
_N_LABEL = 3  # first cells of a row that say which row it is
_SHOWN = 60
_MISSING: Any = object()


@dataclass(frozen=True, slots=True)
class Difference:
    """One cell, row, column or file that is not as computed."""

    file: str  # with "#sheet" or "#layer"
    where: Said  # "row 3 (a, b), column x"; empty for the whole file
    found: Said | str
    computed: Said | str
    column: str = ""  # heading, of one cell of a table

    def said(self) -> Said:
        """Say what differs where."""
        place = Said("，", ", ").join([self.file, self.where] if self.where else [self.file])
        return Said("{place}：现为 {found}，应为 {computed}", "{place}: found {found}, computed {computed}").format(
            place=place, found=self.found, computed=self.computed
        )

    def __str__(self) -> str:
        return self.said().en


_WHOLE = Said("", "")
_THERE, _NOT_THERE = Said("有", "there"), Said("缺", "missing")


def compare_files(found: Path, computed: Path, names: Iterable[str]) -> list[Difference]:
    """Compare the named files of two folders, tables cell by cell and all others byte for byte.

    Parameters
    ----------
    found
        Folder that is examined.
    computed
        Folder that is right.
    names
        Files, relative to either.
    """
    differences: list[Difference] = []
    for name in sorted(names):
        one, two = found / name, computed / name
        is_there = [is_plain_file(p, or_empty=True) for p in (one, two)]  # a pipe or a hole of a terabyte is none
        if not all(is_there):
            words = [_THERE if it else _NOT_THERE for it in is_there]
            differences.append(Difference(name, _WHOLE, words[0], words[1]))
            continue
        if fresh_digest(one) == fresh_digest(two):
            continue
        reader = _READERS.get(one.suffix)
        cells = list(_differing(name, one, two, reader)) if reader is not None else []
        same = Said("，各单元格相同", ", the same cells") if reader else Said("", "")
        differences += cells or [
            Difference(name, _WHOLE, Said("不同字节", "other bytes") + same, Said("本次字节", "these"))
        ]
    return differences


def compare_values(file: str, found: Any, computed: Any, where: str = "") -> list[Difference]:
    """Compare two values of JSON leaf by leaf; ``where`` is their key in ``file``."""
    if isinstance(found, dict) and isinstance(computed, dict):
        keys = dict.fromkeys([*computed, *found])
        pairs = [(str(k), found.get(k, _MISSING), computed.get(k, _MISSING)) for k in keys]
    elif isinstance(found, list) and isinstance(computed, list):
        pairs = [(str(i), *pair) for i, pair in enumerate(zip_longest(found, computed, fillvalue=_MISSING), start=1)]
    else:
        words = [_NOT_THERE if value is _MISSING else _shown(value) for value in (found, computed)]
        return [] if _same(found, computed) else [Difference(file, Said(where, where), words[0], words[1])]
    return [d for key, a, b in pairs for d in compare_values(file, a, b, f"{where}.{key}" if where else key)]


def _differing(name: str, one: Path, two: Path, read: Callable[[Path], dict[str, Rows]]) -> Iterator[Difference]:
    try:
        left = read(one)
    except Exception as e:  # noqa: BLE001 (whatever a damaged file makes a reader raise, it is not the file that was written)
        why = f"{type(e).__name__}: {str(e)[:_SHOWN]}"
        yield Difference(name, _WHOLE, Said(f"无法读取（{why}）", f"unreadable ({why})"), Said("表格", "a table"))
        return
    right = read(two)
    for part in dict.fromkeys([*right, *left]):
        file = f"{name}#{part}" if part else name
        if part not in left or part not in right:
            words = [_THERE if part in side else _NOT_THERE for side in (left, right)]
            yield Difference(file, _WHOLE, words[0], words[1])
        else:
            yield from _differing_rows(file, left[part], right[part])


def _differing_rows(file: str, left: Rows, right: Rows) -> Iterator[Difference]:
    headings = right[0] if right else []
    for number, (one, two) in enumerate(zip_longest(left, right), start=1):
        if one is None or two is None:
            words = [
                Said("无此行", "no row") if row is None else Said(f"有此行（{_label(row)}）", f"a row ({_label(row)})")
                for row in (one, two)
            ]
            yield Difference(file, Said(f"第 {number} 行", f"row {number}"), words[0], words[1])
            continue
        for j, (a, b) in enumerate(zip_longest(one, two, fillvalue="")):
            if not _same(a, b):
                heading = headings[j] if j < len(headings) and number > 1 else j + 1
                label = _label(two)
                where = Said(f"第 {number} 行（{label}），“{heading}”列", f"row {number} ({label}), column {heading}")
                yield Difference(file, where, _shown(a), _shown(b), str(heading))


def _same(a: Any, b: Any) -> bool:
    if isinstance(a, float) and isinstance(b, float) and math.isnan(a) and math.isnan(b):
        return True
    if isinstance(a, np.ndarray) or isinstance(b, np.ndarray):
        return bool(np.array_equal(a, b))
    return type(a) is type(b) and bool(a == b)


def _label(row: Sequence[Any]) -> str:
    return ", ".join(_shown(v) for v in row[:_N_LABEL])


def _shown(value: Any) -> str:
    text = value.hex() if isinstance(value, bytes) else str(value)
    text = text if len(text) <= _SHOWN else text[: _SHOWN - 1] + "…"
    return text or '""'


def _read_csv(path: Path) -> dict[str, Rows]:
    with path.open(encoding="utf-8-sig", newline="") as file:
        return {"": [list(row) for row in csv.reader(file)]}


def _read_xlsx(path: Path) -> dict[str, Rows]:
    book = CalamineWorkbook.from_path(str(path))
    try:
        return {n: book.get_sheet_by_name(n).to_python(skip_empty_area=False) for n in book.sheet_names}
    finally:
        book.close()


def _read_parquet(path: Path) -> dict[str, Rows]:
    table = pyarrow.parquet.read_table(path)
    columns = [column.to_pylist() for column in table.columns]
    return {"": [list(table.column_names), *(list(row) for row in zip(*columns, strict=True))]}


def _read_gpkg(path: Path) -> dict[str, Rows]:
    found = {}
    check_geopackage(path, file=path.name)
    with only_drivers("gpkg"):
        layers = {name: pyogrio.raw.read(path, layer=name) for name in pyogrio.list_layers(path)[:, 0].tolist()}
    for layer, (meta, _, geometry, columns) in layers.items():
        rows = zip(geometry, *columns, strict=True) if geometry is not None else zip(*columns, strict=True)
        names = [*(["geometry"] if geometry is not None else []), *meta["fields"].tolist()]
        # The geometry goes last, as it says least about which row it is.
        found[str(layer)] = [[*names[1:], names[0]], *([*row[1:], row[0]] for row in rows)]
    return found


_READERS: dict[str, Callable[[Path], dict[str, Rows]]] = {
    ".csv": _read_csv,
    ".xlsx": _read_xlsx,
    ".parquet": _read_parquet,
    ".gpkg": _read_gpkg,
}
