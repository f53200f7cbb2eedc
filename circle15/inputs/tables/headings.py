"""Headings of tables and the fields that they stand for, by the alias dictionary that ships beside this module."""

from __future__ import annotations

import re
import tomllib
import unicodedata
from dataclasses import dataclass
from functools import lru_cache
from importlib.resources import files
from typing import TYPE_CHECKING

from circle15.errors import ConfigError, InputError, MissingColumnError, Problem
from circle15.said import Said

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

Ranks = tuple[tuple[str, ...], ...]

_UNIT = re.compile(r"[(\[【〔](?P<unit>[^()\[\]【】〔〕]*)[)\]】〕]|[/／](?P<slash>[^/\d]{1,6})$")
_SYSTEMS = {
    "wgs84": "wgs84", "wgs": "wgs84", "84": "wgs84", "gps": "wgs84",
    "gcj02": "gcj02", "gcj": "gcj02", "02": "gcj02", "高德": "gcj02", "火星": "gcj02", "腾讯": "gcj02", "amap": "gcj02",
    "bd09": "bd09", "bd": "bd09", "百度": "bd09", "baidu": "bd09",
    "cgcs2000": "cgcs2000", "2000": "cgcs2000", "国家2000": "cgcs2000",
}  # fmt: skip
_SYSTEM_WORDS = sorted(_SYSTEMS, key=len, reverse=True)
_FIELDS_WITH_SYSTEM = ("lon", "lat", "x", "y", "lonlat")
# "园区名称", "托管点全称": a name, unless it is that of the unit, the street or the kind.
_NAME_OF = re.compile(r"(名称|全称)$")
_NAME_OF_ELSE = re.compile(
    r".*(街道|乡镇|镇街|街镇|社区|村|村社|村居|居委会?|区县?|县区?|城市|市|省份?|行政|区划|单元|道路|路段|类型?|类别|等级|部门|主管|指标|字段|图层)(名称|全称)$"
)
_SHORTEST_CUT = 9  # bytes: names of shapefiles are cut at 10, or at 9 before half a character


@dataclass(frozen=True, slots=True)
class Heading:
    """A heading taken apart: what aliases are compared with, the unit in brackets, a system in its name."""

    plain: str
    unit: str = ""
    system: str | None = None


@lru_cache(maxsize=1)
def shipped_aliases() -> dict[str, dict[str, Ranks]]:
    """Read the alias dictionary that ships with the package: field to ranks of plain headings, by kind of table.

    Fields of the kind "" are those of every table.
    """
    kinds: dict[str, dict[str, Ranks]] = {"": {}}
    for name, value in tomllib.loads((files(__package__) / "headings.toml").read_text(encoding="utf-8")).items():
        for field, ranks in value.items() if isinstance(value, dict) else [(name, value)]:
            plain = tuple(tuple(split_heading(h).plain for h in rank) for rank in ranks)
            kinds.setdefault(name if isinstance(value, dict) else "", {})[field] = plain
    return kinds


def load_aliases(extra: Mapping[str, Sequence[str]] | None = None, *, kind: str = "") -> dict[str, Ranks]:
    """Give the alias dictionary with a config's own headings in front.

    Parameters
    ----------
    extra
        Field to headings, as in a config's ``[headings]``; they win over the shipped ones.
    kind
        Of the table, where it has fields of its own: "units", "survey", "projects" or "actual".

    Raises
    ------
    ConfigError
        If a field is not known; names the known ones.
    """
    shipped = shipped_aliases()
    aliases = shipped[""] | shipped[kind]
    fields = dict.fromkeys(field for of_kind in shipped.values() for field in of_kind)
    unknown = sorted(set(extra or {}) - set(fields))
    if unknown:
        known = ", ".join(fields)
        raise ConfigError(
            *(
                Problem(
                    Said(f"没有这个字段；可用 {known}", f"no such field; known are {known}"), key=f"headings.{name}"
                )
                for name in unknown
            )
        )
    for field, headings in (extra or {}).items():
        if field not in aliases:
            continue  # of tables of another kind
        aliases[field] = (tuple(split_heading(h).plain for h in headings), *aliases[field])
    return aliases


def split_heading(text: str) -> Heading:
    """Take a heading apart.

    Examples
    --------
    >>> split_heading("建筑面积(㎡)")
    Heading(plain='建筑面积', unit='m2', system=None)
    >>> split_heading(" 经度_WGS84 ").system
    'wgs84'
    """
    normal = re.sub(r"\s+", "", unicodedata.normalize("NFKC", text))
    unit = ""
    match = _UNIT.search(normal)
    if match is not None and match.start() > 0:
        unit = match["unit"] or match["slash"] or ""
        normal = normal[: match.start()] + normal[match.end() :]
    plain = re.sub(r"[_\-*:.,、，。：；;'\"()\[\]【】]", "", normal).casefold()
    if unit.casefold() in _SYSTEMS:
        return Heading(plain, "", _SYSTEMS[unit.casefold()])
    for word in _SYSTEM_WORDS:
        stem = plain.removesuffix(word) if plain.endswith(word) else plain.removeprefix(word)
        if stem != plain and stem:
            return Heading(plain, unit, _SYSTEMS[word])
    return Heading(plain, unit, None)


def recognise(columns: Sequence[str], aliases: Mapping[str, Ranks], *, cut: bool = False) -> dict[str, list[list[str]]]:
    """Find for each field the columns whose headings stand for it.

    Parameters
    ----------
    columns
        Headings as found.
    aliases
        `load_aliases`.
    cut
        Headings may be cut at ten bytes, as shapefiles cut them; then the beginning of an alias is enough.

    Returns
    -------
    dict
        Field to columns by rank, in the order of ranks and columns; fields without any are absent.
    """
    parts = {column: split_heading(column) for column in columns}
    found: dict[str, list[list[str]]] = {}
    for field, ranks in aliases.items():
        by_rank = [[c for c in columns if _stands_for(parts[c], rank, field, cut=cut)] for rank in ranks]
        if field == "name":
            by_rank.append(
                [c for c in columns if _NAME_OF.search(parts[c].plain) and not _NAME_OF_ELSE.match(parts[c].plain)]
            )
        if any(by_rank):
            found[field] = by_rank
    return found


def choose_column(
    field: str, found: Mapping[str, list[list[str]]], *, file: str, key: str | None, system: str | None = None
) -> str | None:
    """Choose the one column of a field, None where there is none.

    Parameters
    ----------
    field
        A field of the alias dictionary.
    found
        `recognise`.
    file
        For messages.
    key
        The config key that would settle it, such as "name_field"; None takes the first of several.
    system
        The coordinate system that the config states: of columns that name one ("经度_wgs84"), others are passed over.

    Raises
    ------
    InputError
        If two columns stand for the field equally well; names both.
    """
    for rank in found.get(field, []):
        named = [c for c in rank if split_heading(c).system == system] if system is not None else []
        fitting = named or [c for c in rank if split_heading(c).system is None or field not in _FIELDS_WITH_SYSTEM]
        if len(fitting) > 1 and key is not None:
            both = " and ".join(f'"{c}"' for c in fitting)
            message = Said(
                f'列 {both} 都可能是 {field}，请写明：{key} = "{fitting[0]}"',
                f'the columns {both} may both be its {field}; say which: {key} = "{fitting[0]}"',
            )
            raise InputError(Problem(message, file=file))
        if fitting:
            return fitting[0]
    return None


def named_column(name: str, columns: Sequence[str], *, file: str, key: str) -> str:
    """Give the column that a config names, spaces and widths of characters aside.

    Raises
    ------
    MissingColumnError
        If there is none; lists the headings found.
    """
    if name in columns:
        return name
    alike = [c for c in columns if _same_name(c, name)]
    if len(alike) == 1:
        return alike[0]
    raise MissingColumnError(
        Problem(
            Said(
                f"没有这一列（{key}）；现有：{'、'.join(columns)}",
                f"no such column ({key}); there are: {', '.join(columns)}",
            ),
            file=file,
            value=name,
        )
    )


def missing_column(
    fields: Sequence[str], columns: Sequence[str], aliases: Mapping[str, Ranks], *, file: str, key: str | None = None
) -> Problem:
    """Word the problem that no column stands for any of ``fields``: headings found and aliases tried.

    ``key`` is the config's key that names the column; a layer's is the field's name with _field behind, and "" stands
    for a table that no key names columns of.
    """
    tried = ", ".join(alias for field in fields for rank in aliases[field] for alias in rank[:6])
    named = f"{fields[0]}_field" if key is None else key
    remedy = Said(
        f"请用 {named} 写明，或列入 [headings] {fields[0]}",
        f"name it as {named}, or list it under [headings] {fields[0]}",
    )
    if key == "":
        remedy = Said(f"请列入 [headings] {fields[0]}", f"list it under [headings] {fields[0]}")
    found = Said("、", ", ").join(columns) if columns else Said("无", "none")
    message = Said(
        "没有 {zh} 列（已试 {tried} …）；现有表头：{found}；{remedy}",
        "no column for {en} (tried {tried} ...); headings found: {found}; {remedy}",
    ).format(zh=" 或 ".join(fields), en=" or ".join(fields), tried=tried, found=found, remedy=remedy)
    return Problem(message, file=file)


def _same_name(a: str, b: str) -> bool:
    def plain(text: str) -> str:
        return re.sub(r"\s+", "", unicodedata.normalize("NFKC", text)).casefold()

    return plain(a) == plain(b)


def _stands_for(heading: Heading, rank: tuple[str, ...], field: str, *, cut: bool) -> bool:
    names = {heading.plain}
    if heading.system is not None and field in _FIELDS_WITH_SYSTEM:
        names |= {heading.plain.removesuffix(w) for w in _SYSTEM_WORDS if heading.plain.endswith(w)}
        names |= {heading.plain.removeprefix(w) for w in _SYSTEM_WORDS if heading.plain.startswith(w)}
    if names & set(rank):
        return True
    if not cut or not heading.plain:
        return False
    long_enough = any(len(heading.plain.encode(e)) >= _SHORTEST_CUT - 1 for e in ("gb18030", "utf-8"))
    return long_enough and any(alias.startswith(heading.plain) for alias in rank)
