"""Ids of units: file-safe, unique, and rows of one id joined to one unit."""

from __future__ import annotations

import re
import unicodedata
from typing import TYPE_CHECKING, Any

from circle15.errors import InputError, Problem
from circle15.inputs.tables.import_report import Change
from circle15.said import Said

if TYPE_CHECKING:
    from collections.abc import Iterable

    import geopandas as gpd

_UNSAFE = re.compile(r"[^a-z0-9_-]+")


def file_safe(text: str) -> str:
    """Write a name with a-z 0-9 - _ alone; empty where letters of another script would be lost.

    Examples
    --------
    >>> file_safe("Sainte-Dévote"), file_safe("粤海街道")
    ('sainte-devote', '')
    """
    plain = "".join(c for c in unicodedata.normalize("NFKD", text) if not unicodedata.combining(c)).lower()
    if any(c.isalnum() and not c.isascii() for c in plain):
        return ""
    return _UNSAFE.sub("-", plain).strip("-_")[:64]


def unique_id(wanted: str, taken: set[str]) -> str:
    """Give ``wanted``, with a number behind where it is taken."""
    n, name = 1, wanted
    while name in taken:
        n += 1
        name = f"{wanted}-{n}"
    return name


def joined_by_id(
    frame: gpd.GeoDataFrame, *, file: str, id_field: str | None, taken: Iterable[str], fallback: str = "unit"
) -> tuple[list[str], list[str], Any, list[Change]]:
    """Give each unit's id, name and polygon; rows with the same id field are parts of one unit.

    Parameters
    ----------
    frame
        key, name, local_name, geometry, as `polygons.read_polygons` gives them.
    file
        Where they come from, for errors and the import report.
    id_field
        Column that the keys come from; None where ids are made of names.
    taken
        Ids that others have.
    fallback
        Begins the ids of units that have neither a usable key nor name.

    Returns
    -------
    tuple
        Ids and names (lists), polygons (ndarray of object), a place per unit; and a line of the import report for each
        id that is another than its column's.

    Raises
    ------
    InputError
        If one id stands for units of different names.
    """
    if id_field is not None:
        clashes = frame.groupby("key")["name"].nunique()
        clashes = clashes[clashes > 1].index.tolist()
        if clashes:
            message = Said(
                f"“{clashes[0]}”对应几个不同名称的街道；每个街道须各有编号",
                f"'{clashes[0]}' stands for units of different names; every unit needs an id of its own",
            )
            raise InputError(Problem(message, file=file, column=id_field, value=clashes[0]))
        frame = frame.dissolve(by="key", as_index=False, sort=False)
    used = set(taken)
    ids = []
    for n, (key, name) in enumerate(zip(frame["key"], frame["local_name"], strict=True), start=1):
        wanted = key if id_field is not None else name
        ids.append(unique_id(file_safe(wanted) or file_safe(key) or f"{fallback}-{n:03d}", used))
        used.add(ids[-1])
    names = [name or key or unit_id for name, key, unit_id in zip(frame["name"], frame["key"], ids, strict=True)]
    changes = [
        Change(file, "id_made_safe", column=id_field, original=key, taken=unit_id)
        for key, unit_id in zip(frame["key"], ids, strict=True)
        if id_field is not None and key != unit_id
    ]
    return ids, names, frame.geometry.to_numpy(), changes
