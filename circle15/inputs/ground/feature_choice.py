"""Features of a file picked by name or code: what stands behind # in ``counties.geojson#江北区``."""

from __future__ import annotations

import difflib
import json
import re
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from circle15.errors import InputError, Problem
from circle15.inputs.ground.names import UnitNames, full_code, plain_name
from circle15.said import Said

if TYPE_CHECKING:
    from collections.abc import Sequence

    import pandas as pd

_SEPARATOR = re.compile(r"[,，、;；]")
_PREFIX = "adcode:"
_LEVELS = (2, 4, 6, 9, 12)  # digits of the code of a province, city, district, street, community
_SHOWN = 30
_LONGEST = 24  # characters of a value that may be a name

Int64 = npt.NDArray[np.int64]


def choose_features(
    frame: pd.DataFrame, wanted: str, *, keys: Sequence[str], names: Sequence[str], single: bool, file: str, key: str
) -> Int64:
    """Find the rows that ``wanted`` means.

    Names and codes are matched as everywhere (`names.UnitNames`); then by any other column that says them (县名,
    区县, county, parent), or by their codes' first digits: so are units and communities that lie in what is named, and
    an area whose name stands under a heading that is not known for one.

    Parameters
    ----------
    frame
        The file's columns as text.
    wanted
        A name or code; several with commas between them.
    keys, names
        (n_rows,) code and name of each feature, "" for none.
    single
        Whether one area is wanted; rows of one name and code are its parts.
    file, key
        For errors.

    Returns
    -------
    int64 array
        Rows, in the file's order.

    Raises
    ------
    InputError
        If a part of ``wanted`` fits nothing, or one area is wanted and several fit; lists what there is.
    """
    parts = [p.strip() for p in _SEPARATOR.split(wanted) if p.strip()]
    if not parts:
        message = Said("# 之后未写要素名称；", "names no feature behind #; ") + _listed(keys, names, "")
        raise InputError(Problem(message, file=file, key=key))
    found: set[int] = set()
    known = UnitNames(keys, names, with_districts=True)
    for part in parts:
        rows: Sequence[int] = known.find(part.removeprefix(_PREFIX))
        if not rows:
            rows = _within(part, frame, keys)
        if not rows:
            message = Said("没有这个图层或要素；", "no such layer or feature; ") + _listed(keys, names, part, frame)
            raise InputError(Problem(message, file=file, key=key, value=part))
        meant = sorted({_label(keys[i], names[i]) or _row_label(frame, i) for i in rows})
        if single and len(meant) > 1:
            shown = ", ".join(meant[:_SHOWN])
            message = Said(
                f"有 {len(meant)} 个要素符合：{shown}；请写其中一个的代码",
                f"{len(meant)} features fit: {shown}; give the code of one of them",
            )
            raise InputError(Problem(message, file=file, key=key, value=part))
        found.update(rows)
    return np.array(sorted(found), dtype=np.int64)


def _within(part: str, frame: pd.DataFrame, keys: Sequence[str]) -> list[int]:
    """Find the rows that lie in the area ``part``: a column says its name or code, or their codes begin with its."""
    plain, code = plain_name(part), _code(part)
    for column in frame.columns:
        values = [_above(v) for v in frame[column]]
        rows = [
            i for i, v in enumerate(values) if v and (plain_name(v) == plain or (code is not None and _code(v) == code))
        ]
        if rows:
            return rows
    if code is None:
        return []
    head = next(code[:n] for n in _LEVELS if set(code[n:]) <= {"0"})
    return [i for i, k in enumerate(keys) if (own := _code(k)) is not None and own.startswith(head)]


def _above(text: str) -> str:
    """Give the code in DataV's column `parent`, {"adcode": 330200}; other values as they are."""
    if not text.startswith("{"):
        return text
    try:
        told = json.loads(text)
    except ValueError:
        return text
    return str(told.get("adcode", "")) if isinstance(told, dict) else text


def _code(text: str) -> str | None:
    """Give a code with the twelve digits that communities have."""
    code = full_code(text.removeprefix(_PREFIX))
    return code if code is not None and len(code) == _LEVELS[-1] and code.isdigit() else None


def _label(key: str, name: str) -> str:
    return f"{name} ({key})" if key and name else key or name


def _row_label(frame: pd.DataFrame, row: int) -> str:
    return " ".join(v for v in frame.iloc[row] if v and len(v) <= _LONGEST)


def _listed(keys: Sequence[str], names: Sequence[str], part: str, frame: pd.DataFrame | None = None) -> Said:
    """List what there is, names like the one asked for first."""
    labels: dict[str, str] = {}
    if frame is not None and not any(keys) and not any(names):
        names = [_row_label(frame, i) for i in range(len(frame))]
    for k, n in zip(keys, names, strict=True):
        if k or n:
            labels.setdefault(_label(k, n), n or k)
    if not labels:
        return Said(
            f"文件有 {len(names)} 个要素，均无名称和代码", f"the file has {len(names)} features without name or code"
        )
    near = difflib.get_close_matches(part, list(labels.values()), n=3, cutoff=0.4) if part else []
    first = sorted(labels, key=lambda label: labels[label] not in near)
    more = len(labels) - _SHOWN
    shown = ", ".join(first[:_SHOWN])
    rest = Said(f" …（另有 {more} 个）", f" ... ({more} more)") if more > 0 else Said("", "")
    return Said(f"文件中有：{shown}{rest.zh}", f"the file has: {shown}{rest.en}")
