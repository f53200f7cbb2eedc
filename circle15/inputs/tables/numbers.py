"""Numbers as people type them into Chinese tables: 约200, １，２００, 50余张, 三十, 121°33′12″."""

from __future__ import annotations

import math
import re
import unicodedata
from dataclasses import dataclass
from decimal import Decimal

_MISSING = frozenset({
    "", "-", "--", "---", "—", "——", "–", "―", "/", "\\", "//", "*", ".", "?", "？", "…", "......",
    "n/a", "na", "nan", "null", "none", "nil", "无", "暂无", "没有", "无数据", "未知", "不详",
    "未统计", "未填", "未提供", "待定", "待核实", "待补充", "空", "缺",
})  # fmt: skip

_ERRORS = frozenset({
    "#n/a", "#ref!", "#value!", "#div/0!", "#name?", "#num!", "#null!", "#spill!", "#calc!", "#getting_data",
})  # fmt: skip
"""What Excel writes where a formula fails."""

_PIECES = (
    "张 个 人 位 名 座 床 间 所 家 处 套 件 班 片 块 托位 床位 餐位 座位 张床 个床位 个托位 个座位 张床位 人次 元 "
    "m2 m^2 平方米 平米 平方 平 sqm sq.m m 米"
)
_TEN_THOUSANDS = "万 万人 万m2 万平方米 万平米 万平 万个 万张 ha 公顷 hm2"

UNIT_FACTORS: dict[str, float] = {
    **dict.fromkeys(_PIECES.split(), 1.0),
    **dict.fromkeys(_TEN_THOUSANDS.split(), 10_000.0),
    **dict.fromkeys(("千", "千人", "千m2", "千平方米"), 1_000.0),
    **dict.fromkeys(("百人", "百张"), 100.0),
    "亩": 2000.0 / 3.0,
    **dict.fromkeys(("km2", "平方公里", "平方千米"), 1_000_000.0),
}
"""Units that may stand behind a number, and the factor to the unit that norms are written in: pieces, square metres."""

_AREAS = frozenset({"亩", "公顷", "ha", "hm2", "km2", "平方公里", "平方千米"})

_PLAIN = re.compile(r"[+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d{1,2})?", re.ASCII)
_GROUPED = re.compile(r"[+-]?\d{1,3}(?:,\d{3})+(?:\.\d+)?", re.ASCII)
_DECIMAL_COMMA = re.compile(r"[+-]?\d+,\d+", re.ASCII)
_HEDGE_BEFORE = re.compile(
    r"^(?:约为|大约|约|将近|接近|近|超过|超|不足|不到|至少|不少于|最多|共计|共|计|>=|<=|[<>≥≤≈~])+"
)
_HEDGE_AFTER = re.compile(r"(?:左右|上下|以上|以下|以内|以外|余|多|来|\+)+$")
_HEDGE_INSIDE = re.compile(r"(?<=[\d十百千万])(?:余|多|来)(?=\D)")
_REMARK = re.compile(r"\([^()]*\)$")
_RANGE = re.compile(r"\d\D{0,2}[-~至到—–]\D{0,2}\d")
_NUMBER_AND_UNIT = re.compile(r"([+-]?[\d.,]+)(\D.*)")
_DIGITS = (
    {c: i for i, c in enumerate("零一二三四五六七八九")}
    | {c: i for i, c in enumerate("〇壹贰叁肆伍陆柒捌玖")}
    | {"两": 2}
)
_POWERS = {"十": 10, "拾": 10, "百": 100, "佰": 100, "千": 1000, "仟": 1000}
_CHINESE = re.compile(f"[{''.join(_DIGITS)}{''.join(_POWERS)}万]+")
_DEGREES = re.compile(
    r"(?P<sign>[+-]?)(?P<d>\d{1,3}(?:\.\d+)?)(?:[°度dD:\s]\s*"
    r"(?:(?P<m>\d{1,2}(?:\.\d+)?)\s*(?:[′'’`分:mM\s]\s*|$)(?:(?P<s>\d{1,2}(?:\.\d+)?)\s*(?:′′|''|’’|[\"”“″秒sS])?)?)?)?"
)
_HEMISPHERE = re.compile(r"东经|西经|北纬|南纬|[EWNSewns]")
_MARKS = str.maketrans({"−": "-", "º": "°", "˚": "°", "´": "'", "′": "'", "‘": "'", "’": "'"})
_SIXTY = 60.0
_INVISIBLE = re.compile("[\u200b-\u200f\u2060\ufeff]")
_DATE = re.compile(r"\d{4}([-/])\d{1,2}\1\d{1,2}(?:T.*|\d{2}:.*)?|\d{4}年\d{1,2}月(?:\d{1,2}日)?|\d{1,2}月\d{1,2}日")
_WHOLE = re.compile(r"(\d+)(?:\.0*)?", re.ASCII)
_SCIENTIFIC = re.compile(r"\d(?:\.(\d+))?[eE]\+?(\d{1,3})", re.ASCII)
_WRAPPED = re.compile(r"(?:=\"(.*)\"|'(.*))")
_LONGEST = 80  # characters; no number is longer, and float() of thousands of digits is infinite


@dataclass(frozen=True, slots=True)
class ParsedNumber:
    """A number read from text, NaN where there is none; `reason` is a code of the import report."""

    value: float
    reason: str | None = None
    detail: str = ""


def is_plain(text: str) -> bool:
    """Tell whether ``text`` is a number as a computer writes it."""
    return _PLAIN.fullmatch(text) is not None


def is_missing(text: str) -> bool:
    """Tell whether ``text`` stands for no value: empty, "—", "/", "无", "N/A", an error of Excel ..."""
    bare = _INVISIBLE.sub("", text).strip()
    plain = unicodedata.normalize("NFKC", bare).strip().casefold()
    return plain in _MISSING or bare in _MISSING or plain in _ERRORS


@dataclass(frozen=True, slots=True)
class ParsedCode:
    """A code of a unit read from text; `is_lost` where digits of it are gone."""

    code: str
    was_number: bool = False
    is_lost: bool = False


def parse_code(text: str) -> ParsedCode:
    """Read a code, which programs like to take for a number; whatever is no code comes back as it stands.

    Examples
    --------
    >>> parse_code("330205001000.0").code, parse_code('="330205001000"').code, parse_code("3.30205E+11").is_lost
    ('330205001000', '330205001000', True)
    """
    bare = unicodedata.normalize("NFKC", _INVISIBLE.sub("", text)).strip()
    wrapped = _WRAPPED.fullmatch(bare)
    if wrapped is not None:
        bare = (wrapped[1] or wrapped[2] or "").strip()
    digits = bare.replace(",", "") if _GROUPED.fullmatch(bare) else bare
    whole = _WHOLE.fullmatch(digits)
    if whole is not None:
        return ParsedCode(whole[1], was_number=whole[1] != text.strip())
    scientific = _SCIENTIFIC.fullmatch(bare)
    if scientific is None:
        return ParsedCode(text)
    if len(scientific[1] or "") < int(scientific[2]):
        return ParsedCode(text, is_lost=True)
    value = Decimal(bare)
    return ParsedCode(f"{value:.0f}", was_number=True) if value == int(value) else ParsedCode(text)


def parse_number(text: str, *, heading_unit: str = "") -> ParsedNumber:
    """Read one number, and say what had to be done to the text.

    Parameters
    ----------
    text
        A cell as found.
    heading_unit
        The unit in the column's heading, "" for none; units of another size (``万``, ``亩``, ``公顷``) are converted.

    Returns
    -------
    ParsedNumber
        Ranges ("50-60") and words are NaN: no number is made up for them.
    """
    parsed = _parse_unscaled(text)
    factor = UNIT_FACTORS.get(normal_unit(heading_unit), 1.0)
    if factor == 1.0 or parsed.reason in {"unit_in_cell", "unit_scaled"} or math.isnan(parsed.value):
        return parsed
    return ParsedNumber(parsed.value * factor, "unit_scaled", heading_unit)


def normal_unit(text: str) -> str:
    """Give the plain spelling of a unit: no spaces, half width, "单位:" removed."""
    return re.sub(r"^单位[::]?", "", re.sub(r"\s", "", unicodedata.normalize("NFKC", text))).casefold()


def base_unit(text: str) -> str:
    """Give the unit that a value is in after its conversion: 万㎡, 亩 and 公顷 are square metres, 百张 are 张."""
    unit = normal_unit(text)
    if unit in _AREAS:
        return "平方米"
    return unit[1:] if UNIT_FACTORS.get(unit, 1.0) != 1.0 and unit[0] in "万千百" else unit


def _parse_unscaled(text: str) -> ParsedNumber:  # noqa: PLR0911 (each way of writing has its own way out)
    if len(text) > _LONGEST:
        return ParsedNumber(math.nan, "not_a_number")
    if _PLAIN.fullmatch(text):
        return ParsedNumber(float(text))
    normal = _INVISIBLE.sub("", re.sub(r"\s+", "", unicodedata.normalize("NFKC", text))).replace("−", "-")
    if not normal:
        return ParsedNumber(math.nan)
    reason = _no_number(normal)
    if reason is not None:
        return ParsedNumber(math.nan, reason)
    if is_missing(text):
        return ParsedNumber(math.nan, "no_value")
    if _PLAIN.fullmatch(normal):
        return ParsedNumber(
            float(normal), "spaces" if normal in text or re.sub(r"\s+", "", text) == normal else "full_width"
        )
    if _GROUPED.fullmatch(normal):
        return ParsedNumber(float(normal.replace(",", "")), "thousands")
    if _DECIMAL_COMMA.fullmatch(normal):
        return ParsedNumber(float(normal.replace(",", ".")), "comma_decimal")
    if _RANGE.search(normal):
        return ParsedNumber(math.nan, "range")
    return _parse_wordy(normal)


def _no_number(normal: str) -> str | None:
    """Tell what a cell of a spreadsheet is that only looks as if it had a number in it."""
    if normal.casefold() in _ERRORS:
        return "error_value"
    if normal.startswith("="):
        return "formula"
    if normal.casefold() in {"true", "false"}:
        return "truth"
    return "date" if _DATE.fullmatch(normal) else None


def _parse_wordy(normal: str) -> ParsedNumber:
    """Read a number with hedges, units or a remark around it, or in Chinese characters."""
    bare = _REMARK.sub("", normal)
    reason = "remark" if bare != normal else None
    unhedged = _HEDGE_INSIDE.sub("", _HEDGE_AFTER.sub("", _HEDGE_BEFORE.sub("", bare)))
    if unhedged != bare:
        reason = "approximate"
    if _PLAIN.fullmatch(unhedged) or _GROUPED.fullmatch(unhedged):
        return ParsedNumber(float(unhedged.replace(",", "")), reason)
    with_unit = _NUMBER_AND_UNIT.fullmatch(unhedged)
    if with_unit is not None:
        number, unit = with_unit[1], _HEDGE_AFTER.sub("", with_unit[2])
        factor = UNIT_FACTORS.get(unit.casefold())
        if factor is not None and (_PLAIN.fullmatch(number) or _GROUPED.fullmatch(number)):
            approximate = reason == "approximate" or unit != with_unit[2]
            code = "unit_scaled" if factor != 1.0 else "approximate" if approximate else "unit_in_cell"
            return ParsedNumber(float(number.replace(",", "")) * factor, code, unit)
    for unit in ("", *(u for u, f in UNIT_FACTORS.items() if f == 1.0)):
        stem = unhedged.removesuffix(unit)
        if (stem != unhedged or not unit) and _CHINESE.fullmatch(stem):
            value = _chinese_number(stem)
            if value is not None:
                return ParsedNumber(value, "approximate" if reason == "approximate" else "chinese_number")
    return ParsedNumber(math.nan, "not_a_number")


def _chinese_number(text: str) -> float | None:
    """Give the value of a number in Chinese characters up to 9999万, None where it is none."""
    if all(c in _DIGITS for c in text):
        return float("".join(str(_DIGITS[c]) for c in text))
    total, section, digit = 0, 0, None
    for char in text:
        if char in _DIGITS:
            digit = _DIGITS[char]
        elif char in _POWERS:
            section += (1 if digit is None else digit) * _POWERS[char]
            digit = None
        else:
            section += digit or 0
            if section == 0:
                return None
            total, section, digit = total + section * 10_000, 0, None
    return float(total + section + (digit or 0))


def parse_degrees(text: str) -> ParsedNumber:  # noqa: PLR0911 (each way of writing has its own way out)
    """Read a longitude or latitude: decimal degrees, with a decimal comma, with signs, or degrees-minutes-seconds."""
    if len(text) > _LONGEST:
        return ParsedNumber(math.nan, "not_a_number")
    if _PLAIN.fullmatch(text):
        return ParsedNumber(float(text))
    if not _INVISIBLE.sub("", text).strip():
        return ParsedNumber(math.nan)
    if is_missing(text):
        return ParsedNumber(math.nan, "no_value")
    # NFKC makes two primes of a double prime, and half-width digits of full-width ones.
    normal = unicodedata.normalize("NFKC", _INVISIBLE.sub("", text).translate(_MARKS)).strip()
    if _PLAIN.fullmatch(normal):
        return ParsedNumber(float(normal), "spaces" if normal in text else "full_width")
    if _DECIMAL_COMMA.fullmatch(normal):
        return ParsedNumber(float(normal.replace(",", ".")), "comma_decimal")
    marks = _HEMISPHERE.findall(normal)
    bare = _HEMISPHERE.sub("", normal).strip()
    match = _DEGREES.fullmatch(bare)
    if match is None or len(marks) > 1:
        return ParsedNumber(math.nan, "not_a_number")
    minutes, seconds = float(match["m"] or 0), float(match["s"] or 0)
    if minutes >= _SIXTY or seconds >= _SIXTY or (match["m"] and "." in match["d"]):
        return ParsedNumber(math.nan, "not_a_number")
    value = float(match["d"]) + minutes / 60.0 + seconds / 3600.0
    negative = (match["sign"] == "-") != (bool(marks) and marks[0].upper() in {"W", "S", "西经", "南纬"})
    return ParsedNumber(-value if negative else value, "dms" if match["m"] else "hemisphere")


def parse_pair(text: str) -> tuple[ParsedNumber, ParsedNumber]:
    """Read two coordinates from one cell ("121.55,29.88"), longitude first where the numbers allow to tell."""
    if len(text) > _LONGEST:
        return ParsedNumber(math.nan, "not_a_number"), ParsedNumber(math.nan, "not_a_number")
    bare = unicodedata.normalize("NFKC", _INVISIBLE.sub("", text)).strip().strip("()[]")
    parts = [p for p in re.split(r"[,;\s|/]+", bare) if p]
    if not text.strip() or is_missing(text):
        return ParsedNumber(math.nan), ParsedNumber(math.nan)
    both = [parse_degrees(p) for p in parts]
    if len(both) != 2 or any(math.isnan(p.value) for p in both):  # noqa: PLR2004 (a pair)
        bad = ParsedNumber(math.nan, "not_a_number")
        return bad, bad
    lon, lat = both[0].value, both[1].value
    if abs(lat) > 90 >= abs(lon):  # noqa: PLR2004 (no latitude is beyond the poles)
        return ParsedNumber(lat, "pair_swapped"), ParsedNumber(lon, "pair_swapped")
    return ParsedNumber(lon, "pair_split"), ParsedNumber(lat, "pair_split")
