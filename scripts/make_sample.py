"""Make data/sample/: an INVENTED district that shows every measure; no place, person or number in it is real.

Four streets (two 街道, a 镇 and a 乡) of two communities each on a grid of streets 100 m apart, a river with two
bridges, gated compounds, facility tables as bureaus have them (GBK, GCJ-02, capacity and use), people by age, official
totals and a survey; and what was otherwise in the two years before. The same script gives the same bytes.

    python scripts/make_sample.py [FOLDER]
"""

from __future__ import annotations

import csv
import json
import sys
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path

import numpy as np

from circle15.inputs.coordinates.systems import wgs84_to_gcj02

FOLDER = Path(__file__).parents[1] / "data" / "sample"
WEST, SOUTH = 120.5, 29.5  # lower left corner, degrees
LON_M, LAT_M = 1 / 96_900, 1 / 110_850  # degrees per metre there
BLOCK_M = 100.0
COLUMNS, ROWS = 25, 19  # crossings
RIVER = 12  # the river runs between crossings 12 and 13 of every row
BRIDGES = (4, 14)  # rows whose street crosses it
MARGIN, SPARSE = 20, 4  # crossings beyond the district on each side, where only every fourth street goes on
COMPOUNDS = ((3, 3), (7, 11), (16, 5), (20, 13))  # lower left crossing of 2 x 2 blocks behind one gate
NOTE = "虚构示例数据，并非真实地点 / invented sample data, no real place"


@dataclass(frozen=True)
class Unit:
    """A street or community: a rectangle of crossings."""

    id: str
    name: str
    parent: str
    columns: tuple[float, float]
    rows: tuple[float, float]

    def ring(self) -> list[list[float]]:
        """Give its outline, degrees."""
        (c0, c1), (r0, r1) = self.columns, self.rows
        corners = ((c0, r0), (c1, r0), (c1, r1), (c0, r1), (c0, r0))
        return [[round(v, 7) for v in place(c, r)] for c, r in corners]


def place(column: float, row: float) -> tuple[float, float]:
    """Give the degrees of a crossing, or of a point between crossings; 0, 0 is the district's corner."""
    return WEST + column * BLOCK_M * LON_M, SOUTH + row * BLOCK_M * LAT_M


MIDDLE_C, MIDDLE_R, EAST, NORTH = RIVER + 0.5, 9.0, COLUMNS - 1.0, ROWS - 1.0
STREETS = (
    Unit("s1", "东桥街道", "", (MIDDLE_C, EAST), (0, MIDDLE_R)),
    Unit("s2", "西桥街道", "", (0, MIDDLE_C), (0, MIDDLE_R)),
    Unit("s3", "北岸镇", "", (MIDDLE_C, EAST), (MIDDLE_R, NORTH)),
    Unit("s4", "竹溪乡", "", (0, MIDDLE_C), (MIDDLE_R, NORTH)),
)
COMMUNITY_NAMES = {
    "s1": ("望河社区", "新桥社区"),
    "s2": ("老街社区", "柳荫社区"),
    "s3": ("北岸村", "渔浦村"),
    "s4": ("竹溪村", "上坞村"),
}
RESIDENTS = {"s1": 50_001, "s2": 50_000, "s3": 26_000, "s4": 9_200}
OLD_SHARE = {"s1": 0.17, "s2": 0.28, "s3": 0.24, "s4": 0.36}
INFANT_SHARE = {"s1": 0.031, "s2": 0.018, "s3": 0.022, "s4": 0.014}
SURVEY = {"s1a": (120, 4.25), "s1b": (100, 3.92), "s2a": (80, 3.9), "s2b": (100, 3.36), "s3a": (12, 4.9)}  # n, mean

# name, column, row, capacity, used, ownership
NURSERIES = (
    ("示例东桥托育中心", 15.2, 3.1, 120, 131, "公办"), ("示例望河托育园", 20.7, 6.4, 90, 62, "普惠"),
    ("示例新桥托育点", 18.4, 1.6, 45, 20, "民办"), ("示例西桥托育中心", 6.3, 4.8, 110, 58, "公办"),
    ("示例柳荫托育点", 10.1, 7.2, 30, 30, "民办"), ("示例北岸托育点", 16.6, 12.3, 60, 44, "普惠"),
)  # fmt: skip
CANTEENS = (
    ("示例东桥老年食堂", 16.1, 5.5, 160, 120, "公办"), ("示例老街老年食堂", 4.4, 3.3, 240, 236, "公办"),
    ("示例柳荫助餐点", 9.6, 6.1, 80, 71, "民办"), ("示例渔浦助餐点", 21.2, 15.0, 60, 25, "公办"),
    ("示例竹溪助餐点", 5.7, 13.4, 40, 38, "公办"),
)  # fmt: skip
SPORTS = (
    ("示例东桥体育公园", 19.0, 4.0, 52_000, "", "公办"), ("示例西桥健身广场", 3.0, 7.0, 18_500, "", "公办"),
    ("示例河滨步道广场", 11.8, 9.6, 9_600, "", "公办"), ("示例北岸足球场", 17.5, 16.2, 24_000, "", "公办"),
    ("示例竹溪门球场", 7.0, 15.1, 3_100, "", "公办"),
)  # fmt: skip
KINDERGARTENS = (
    ("示例东桥第一幼儿园", 14.6, 2.2, 360, 350, "公办"), ("示例东桥第二幼儿园", 21.3, 7.7, 270, 262, "公办"),
    ("示例西桥中心幼儿园", 5.1, 5.9, 360, 301, "公办中心幼儿园"), ("示例柳荫幼儿园", 10.9, 2.4, 180, 166, "民办"),
    ("示例北岸中心幼儿园", 18.8, 11.5, 300, 248, "公办中心幼儿园"),
)  # fmt: skip
# name, column, row, services, cost in 万元, capacity, earliest year, decided
PROJECTS = (
    ("上坞邻里中心", 9.4, 13.2, "托育、老年食堂", "180、120", "60、80", "", ""),
    ("竹溪村文化礼堂", 4.2, 15.2, "老年食堂", 60, 60, "", ""),
    ("竹溪村部二层", 4.2, 15.2, "托育", 90, 30, "", ""),
    ("北岸商业街地块", 15.4, 10.6, "托育", 240, 90, "", ""),
    ("渔浦村部", 22.3, 12.1, "托育", 110, 40, "", ""),
    ("渔浦安置房底层", 22.0, 15.8, "托育", 150, 60, 2027, ""),
    ("北岸老供销社", 14.2, 15.4, "老年食堂", 70, 60, "", ""),
    ("老街旧厂房", 3.2, 2.3, "托育", 200, 80, "", ""),
    ("柳荫社区用房", 8.8, 7.6, "老年食堂", 80, 100, "", ""),
    ("新桥小区配建", 21.8, 2.4, "托育", 130, 60, "", 2025),
    ("新桥菜场二层", 21.3, 4.4, "老年食堂", 95, 120, 2026, ""),
    ("望河公园驿站", 14.3, 7.9, "老年食堂", 75, 70, "", ""),
)  # fmt: skip

# What was otherwise at the end of the years before: the tables of the sample itself are those of SERIES_NOW.
SERIES_NOW = 2024
_NEW_BRIDGE_CANTEEN = ("示例新桥助餐点", 20.2, 4.6, 60, 31, "民办")  # closed in 2024
_SMALLER = ("示例东桥托育中心", 15.2, 3.1, 90, 88, "公办")  # 30 places more since 2023
NURSERIES_THEN = {2022: (_SMALLER, *NURSERIES[1:5]), 2023: NURSERIES[:5]}  # 示例北岸托育点 opened in 2024
CANTEENS_THEN = {
    2022: (*CANTEENS[:2], CANTEENS[4], _NEW_BRIDGE_CANTEEN),
    2023: (*CANTEENS, _NEW_BRIDGE_CANTEEN),  # 示例柳荫助餐点, 示例渔浦助餐点 opened in 2023
}
RESIDENTS_THEN = {
    2022: {"s1": 46_800, "s2": 50_900, "s3": 23_100, "s4": 9_600},
    2023: {"s1": 48_500, "s2": 50_400, "s3": 24_700, "s4": 9_400},
}
YOUNGER = 0.008  # the share of those over 60 was less by this a year
FOOTBRIDGE = ((12, 9), (13, 9))  # opened in 2024


def main(folder: Path) -> None:
    """Write every file of the sample."""
    folder.mkdir(parents=True, exist_ok=True)
    write_streets(folder / "streets.osm")
    communities = [half for street in STREETS for half in halves(street)]
    write_units(folder / "district.geojson", [Unit("sample", "示例区", "", (0, EAST), (0, NORTH))])
    write_units(folder / "units.geojson", STREETS)
    write_units(folder / "communities.geojson", communities)
    heading = ("名称", "经度", "纬度")
    write_facilities(folder / "托育机构.csv", (*heading, "托位数", "在托人数", "性质"), NURSERIES)
    write_facilities(folder / "老年食堂.csv", (*heading, "餐位数", "就餐人数", "性质"), CANTEENS)
    write_facilities(folder / "体育场地.csv", (*heading, "场地面积(㎡)", "使用人数", "性质"), SPORTS)
    write_facilities(folder / "幼儿园.csv", (*heading, "学位数", "在园人数", "性质"), KINDERGARTENS)
    project = (*heading, "服务", "造价(万元)", "容量", "最早年份", "已立项")
    write_facilities(folder / "备选项目.csv", project, PROJECTS)
    write_people(folder / "人口.csv", communities)
    write_totals(folder / "人口控制数.csv")
    write_series(folder / "series")
    street_of = {street.id: street.name for street in STREETS}
    rows = [(street_of[c.parent], c.name, *SURVEY[c.id]) for c in communities if c.id in SURVEY]
    write_csv(folder / "满意度调查.csv", [("街道", "社区", "样本数", "平均分"), *rows], "utf-8-sig")
    (folder / "README.md").write_text(README, encoding="utf-8", newline="\n")


def halves(street: Unit) -> tuple[Unit, Unit]:
    """Cut a street into its two communities, west and east."""
    (c0, c1), middle = street.columns, sum(street.columns) / 2
    west, east = COMMUNITY_NAMES[street.id]
    return (
        Unit(f"{street.id}a", west, street.id, (c0, middle), street.rows),
        Unit(f"{street.id}b", east, street.id, (middle, c1), street.rows),
    )


def write_streets(path: Path) -> None:
    """Write the grid as OSM XML: residential streets, two bridges, and compounds whose lanes are private."""
    columns, rows = range(-MARGIN, COLUMNS + MARGIN), range(-MARGIN, ROWS + MARGIN)
    crossings = [(c, r) for r in rows for c in columns if has_crossing(c, r)]
    number = {crossing: i for i, crossing in enumerate(crossings, start=1)}
    lines = [
        '<?xml version="1.0" encoding="UTF-8"?>',
        f"<!-- {NOTE} -->",
        '<osm version="0.6" generator="make_sample.py">',
    ]
    for (c, r), i in number.items():
        lon, lat = place(c, r)
        lines.append(f'<node id="{i}" version="1" lon="{lon:.7f}" lat="{lat:.7f}"/>')
    inner = {(c + 1, r + 1) for c, r in COMPOUNDS}
    way = 0
    steps = [step for r in rows for step in pairwise((c, r) for c in columns if (c, r) in number)]
    steps += [step for c in columns for step in pairwise((c, r) for r in rows if (c, r) in number)]
    for a, b in steps:
        crosses_river = a[0] <= RIVER < b[0]
        if crosses_river and a[1] not in BRIDGES:
            continue
        way += 1
        tags = {"highway": "residential", **street_name(a, b)}
        if crosses_river:
            tags["bridge"] = "yes"
        if a in inner or b in inner:
            # Lanes of a gated compound: only the one to its gate in the west may be walked.
            gate = b in inner and a == (b[0] - 1, b[1])
            tags = {"highway": "service", "access": "permissive" if gate else "private"}
        lines.append(f'<way id="{way}" version="1"><nd ref="{number[a]}"/><nd ref="{number[b]}"/>')
        lines += [f'<tag k="{k}" v="{v}"/>' for k, v in tags.items()]
        lines.append("</way>")
    path.write_text("\n".join([*lines, "</osm>", ""]), encoding="utf-8", newline="\n")


def street_name(a: tuple[int, int], b: tuple[int, int]) -> dict[str, str]:
    """Name a street of the district by its row (纬, west to east) or column (经), as new towns do."""
    if not all(0 <= c < COLUMNS and 0 <= r < ROWS for c, r in (a, b)):
        return {}
    return {"name": f"纬{a[1] + 1}路" if a[1] == b[1] else f"经{a[0] + 1}路"}


def has_crossing(column: int, row: int) -> bool:
    """Tell whether two streets cross there: all do in the district, every fourth beyond it."""
    within = 0 <= column < COLUMNS and 0 <= row < ROWS
    return within or (column % SPARSE == 0 and row % SPARSE == 0)


def write_units(path: Path, units: tuple[Unit, ...] | list[Unit]) -> None:
    """Write polygons with unit_id, unit_name and parent_id as GeoJSON."""
    features = [
        {
            "type": "Feature",
            "properties": {"unit_id": u.id, "unit_name": u.name, "parent_id": u.parent, "note": NOTE},
            "geometry": {"type": "Polygon", "coordinates": [u.ring()]},
        }
        for u in units
    ]
    text = json.dumps({"type": "FeatureCollection", "features": features}, ensure_ascii=False, indent=1)
    path.write_text(text + "\n", encoding="utf-8", newline="\n")


def write_facilities(path: Path, heading: tuple[str, ...], facilities: tuple[tuple[object, ...], ...]) -> None:
    """Write a facility table as bureaus send them: GBK, coordinates of a Chinese web map (GCJ-02)."""
    rows: list[tuple[object, ...]] = [heading]
    for name, column, row, *rest in facilities:
        lon, lat = wgs84_to_gcj02(*(np.array([v]) for v in place(float(str(column)), float(str(row)))))
        rows.append((name, f"{lon[0]:.6f}", f"{lat[0]:.6f}", *rest))
    write_csv(path, rows, "gb18030")


def write_people(path: Path, communities: list[Unit]) -> None:
    """Write people by block, denser near the river; the numbers are drawn from a fixed seed."""
    draw = np.random.default_rng(15)
    rows: list[tuple[object, ...]] = [("经度", "纬度", "人口", "0-2岁", "3-5岁", "60岁及以上")]
    for c in range(COLUMNS - 1):
        for r in range(ROWS - 1):
            middle = (c + 0.5, r + 0.5)
            if c == RIVER:
                continue
            street = next(u for u in communities if inside(u, middle)).parent
            near = np.exp(-abs(c - RIVER) / 9)
            people = max(4, round(RESIDENTS[street] / 110 * near * draw.uniform(0.6, 1.5)))
            infants = round(people * INFANT_SHARE[street] * draw.uniform(0.5, 1.5), 1)
            small = round(infants * draw.uniform(1.0, 1.3), 1)
            old = round(people * OLD_SHARE[street] * draw.uniform(0.7, 1.3), 1)
            lon, lat = place(*middle)
            rows.append((f"{lon:.6f}", f"{lat:.6f}", people, infants, small, old))
    write_csv(path, rows, "utf-8-sig")


def inside(unit: Unit, at: tuple[float, float]) -> bool:
    """Tell whether a point in crossings lies in a unit."""
    return unit.columns[0] <= at[0] < unit.columns[1] and unit.rows[0] <= at[1] < unit.rows[1]


def write_series(folder: Path) -> None:
    """Write what differed in the years before, each year's tables under names of their own."""
    folder.mkdir(exist_ok=True)
    heading = ("名称", "经度", "纬度")
    for year, residents in RESIDENTS_THEN.items():
        write_facilities(
            folder / f"托育机构-{year}.csv", (*heading, "托位数", "在托人数", "性质"), NURSERIES_THEN[year]
        )
        write_facilities(folder / f"老年食堂-{year}.csv", (*heading, "餐位数", "就餐人数", "性质"), CANTEENS_THEN[year])
        write_totals(folder / f"人口控制数-{year}.csv", residents, younger=YOUNGER * (SERIES_NOW - year))
    line = {"type": "LineString", "coordinates": [[round(v, 7) for v in place(*end)] for end in FOOTBRIDGE]}
    properties = {"kind": "footbridge", "name": "河滨人行桥", "note": NOTE}
    feature = {"type": "Feature", "properties": properties, "geometry": line}
    text = json.dumps({"type": "FeatureCollection", "features": [feature]}, ensure_ascii=False, indent=1)
    (folder / "河滨人行桥.geojson").write_text(text + "\n", encoding="utf-8", newline="\n")


def write_totals(path: Path, residents: dict[str, int] = RESIDENTS, *, younger: float = 0.0) -> None:
    """Write the official totals that cells are raked to."""
    rows: list[tuple[object, ...]] = [("街道", "人群", "人口")]
    for street in STREETS:
        total = residents[street.id]
        rows.append((street.name, "all", total))
        rows.append((street.name, "age_0_2", round(total * INFANT_SHARE[street.id])))
        rows.append((street.name, "age_3_5", round(total * INFANT_SHARE[street.id] * 1.15)))
        rows.append((street.name, "age_60_plus", round(total * (OLD_SHARE[street.id] - younger))))
    write_csv(path, rows, "gb18030")


def write_csv(path: Path, rows: list[tuple[object, ...]], encoding: str) -> None:
    """Write a CSV as Excel on Chinese Windows does."""
    with path.open("w", encoding=encoding, newline="") as file:
        csv.writer(file, lineterminator="\r\n").writerows(rows)


README = f"""# 示例区 / the sample district

**{NOTE}。** 由 `scripts/make_sample.py` 生成；运行：`circle15 run data/sample/sample.toml`。

Made by `scripts/make_sample.py`; run it with `circle15 run data/sample/sample.toml`. It shows what Monaco cannot:
nursery places and their use, people by age raked to official totals, a survey, and a plan's targets and unit rules
(those of the register, which are real; everything that is held against them here is not).

| file | content |
| --- | --- |
| `sample.toml` | the config |
| `bridge.toml` | a scenario: one more bridge; `circle15 compare` tells whom it brings into reach |
| `streets.osm` | a grid of streets 100 m apart, a river with two bridges, four gated compounds |
| `district.geojson`, `units.geojson`, `communities.geojson` | the district, its four streets, their eight communities |
| `托育机构.csv`, `老年食堂.csv`, `体育场地.csv`, `幼儿园.csv` | facilities, GBK, GCJ-02, capacity, use, ownership |
| `programme.toml`, `备选项目.csv` | a programme over three years; its projects with cost, capacity, services, years |
| `人口.csv` | people by block and age |
| `人口控制数.csv` | official totals by street and age |
| `满意度调查.csv` | a survey by community; nobody answered in 渔浦村 and in all of 竹溪乡 |
| `series/` | the same at the end of 2022, 2023 and 2024: `circle15 trend` tells what moved the numbers |
"""

if __name__ == "__main__":
    main(Path(sys.argv[1]) if len(sys.argv) > 1 else FOLDER)
