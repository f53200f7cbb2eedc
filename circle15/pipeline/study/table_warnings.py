"""What a planner must know of the facility tables as they were read: one line each, for maps, tables and `check`."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

from circle15.inputs.tables.import_report import reason_text
from circle15.said import COMMA, SEMICOLON, Said

if TYPE_CHECKING:
    from collections.abc import Sequence

    from circle15.config.model import Config
    from circle15.inputs.people.spread import Population
    from circle15.inputs.tables.import_report import Change
    from circle15.pipeline.study.layer_facilities import Services

_SHOWN = 3
_ROWS_SHOWN = 20
_OF_ROWS = {
    "row_joined": Said(
        "比表头多出格：字段内的分隔符未加引号，已合并为一格，请核对",
        "more cells than the heading, as a field holds a separator without quotation marks; joined, please check",
    ),
    "row_short": Said(
        "比表头缺少末尾的格，按空值处理", "fewer cells than the heading; what is missing counts as empty"
    ),
    "hidden_row": Said(
        "在 Excel 中被隐藏（筛选或手工），仍已计入", "hidden in Excel by a filter or by hand, and counted"
    ),
}
"""What a planner must know of rows that count, by reason code."""


def table_warnings(config: Config, services: Services, streets: Sequence[Change] = ()) -> list[Said]:
    """Word what reading the tables has found.

    Parameters
    ----------
    config
        The run's config.
    services
        The layers as read.
    streets
        Lines of `names.check_streets`.

    Returns
    -------
    list of Said
        Coordinate systems that the streets contradict; inexact ones; rows left out, put right or hidden; amounts that
        cannot be read; likely duplicates; facilities that lie in another street than their table says. Details stand in
        the import report.
    """
    return [
        *_contradicted(config, services),
        *_inexact(services),
        *_doubtful_places(config, services),
        *_left_out(config, services),
        *_unread(services),
        *row_warnings(services.changes),
        *_duplicates(config, services),
        *_elsewhere(streets),
    ]


def people_warnings(people: Population) -> list[Said]:
    """Word what the source of people could not be read for."""
    found = [*people.notes, *row_warnings(people.changes)]
    empty = [c for c in people.changes if c.reason == "no_people"]
    for (file, column), cells in _grouped(empty, "file", "column").items():
        listed = _rows(cells)
        found.append(
            Said(
                f"{file}：“{column}”列{listed.zh}没有数字，按 0 人计",
                f"{file}, {listed.en}: no number in {column!r}; counted as nobody",
            )
        )
    rows, heads = (people.counts.get(f"{what}_without_place", 0) for what in ("rows", "people"))
    if rows:
        found.append(
            Said(
                f"人口表：{rows:g} 行没有可用坐标，其中 {heads:,.0f} 人未计入，见导入报告",
                f"people: {rows:g} rows have no usable place; their {heads:,.0f} people are not counted; see the"
                " import report",
            )
        )
    return found


def row_warnings(changes: Sequence[Change]) -> list[Said]:
    """Word what was found of rows of any table: put right, hidden, and values of `where` that no row has."""
    found = []
    told = [c for c in changes if c.reason in _OF_ROWS]
    for (file, sheet, reason), lines in _grouped(told, "file", "sheet", "reason").items():
        where = f"{file}#{sheet}" if sheet else file
        text = _OF_ROWS[str(reason)]
        rows = _rows(lines)
        found.append(Said(f"{where}：{rows.zh}{text.zh}", f"{where}, {rows.en}: {text.en}"))
    idle = dict.fromkeys(c for c in changes if c.reason == "where_unmatched")
    found += [
        Said(
            f"{c.file}：“{c.column}”列中没有 where 所列的“{c.original}”；该列有：{c.detail}",
            f"{c.file}: no row has {c.original!r} in {c.column!r}, which where names; the column has {c.detail}",
        )
        for c in idle
    ]
    return found


def _grouped(changes: Sequence[Change], *names: str) -> dict[tuple[object, ...], list[Change]]:
    groups: dict[tuple[object, ...], list[Change]] = {}
    for c in dict.fromkeys(changes):
        groups.setdefault(tuple(getattr(c, n) for n in names), []).append(c)
    return groups


def _rows(changes: Sequence[Change]) -> Said:
    """Name the rows of some lines, runs of them by their ends: "rows 5-9, 12"."""
    rows = sorted({c.row for c in changes if c.row is not None})
    runs: list[list[int]] = []
    for row in rows:
        if runs and row == runs[-1][1] + 1:
            runs[-1][1] = row
        else:
            runs.append([row, row])
    texts = [str(a) if a == b else f"{a}-{b}" for a, b in runs[:_ROWS_SHOWN]]
    more = len(runs) > _ROWS_SHOWN
    zh = f"第 {'、'.join(texts)} 行" + (f"等 {len(rows)} 行" if more else "")
    en = ", ".join(texts) + (f" ... ({len(rows)} in all)" if more else "")
    return Said(zh, f"row {en}" if len(rows) == 1 else f"rows {en}")


def _unread(services: Services) -> list[Said]:
    """Tell each capacity or number of used places that is no amount."""
    found = []
    for (file,), cells in _grouped(services.unread, "file").items():
        shown = [
            Said(f"第 {c.row} 行“{c.column}”为“{c.original}”", f"row {c.row}, {c.column!r} {c.original!r}")
            for c in sorted(cells, key=lambda c: c.row or 0)[:_ROWS_SHOWN]
        ]
        more = " …" if len(cells) > _ROWS_SHOWN else ""
        listed = SEMICOLON.join(shown) + more
        found.append(
            Said(
                f"{file}：{len(cells)} 个数值无法读取，按未填写处理：{listed.zh}",
                f"{file}: {len(cells)} amounts cannot be read and count as not stated: {listed.en}",
            )
        )
    return found


def _contradicted(config: Config, services: Services) -> list[Said]:
    names = {layer.id: layer.name for layer in config.layers}
    found = []
    for layers, told in services.detections.items():
        message = told.message()
        if message is None:
            continue
        name = COMMA.join(names[layer] for layer in layers.split(", "))
        if told.table["is_swapped"].iloc[0]:
            advice = Said("请核对经纬度两列是否写反", "check which column is the longitude")
        else:
            crs = told.table["crs"].iloc[0]
            advice = Said(f'请核对，若属实改为 crs = "{crs}"', f'check it, and if so say crs = "{crs}"')
        found.append(Said("：", ": ").join([name, SEMICOLON.join([message, advice])]))
    return found


def _inexact(services: Services) -> list[Said]:
    caveats = dict.fromkeys((c.file, c.detail) for c in services.changes if c.reason == "inexact_datum")
    return [Said(f"{file}：坐标转换精度有限：{detail}", f"{file}: {detail}") for file, detail in caveats]


def _doubtful_places(config: Config, services: Services) -> list[Said]:
    names = {layer.id: layer.name for layer in config.layers}
    found = []
    for d in services.place_doubts:
        name, many = names[d.layer], len(d.rows) > _SHOWN
        rows = COMMA.join(str(r) for r in d.rows[:_SHOWN]) + (" …" if many else "")
        at = f"{d.x:.10g}, {d.y:.10g}"
        if d.kind == "coarse":
            found.append(
                Said(
                    f"{name}：{d.of} 处中有 {d.n} 处的坐标只精确到 {d.grain}（如 {at}；{d.file} 第 {rows.zh} 行），"
                    "位置可能偏差上百米至一公里，请补充精确坐标",
                    f"{name}: the coordinates of {d.n} of {d.of} facilities are given to no more than {d.grain} (such"
                    f" as {at}; {d.file} rows {rows.en}): they may be hundreds of metres off; look the places up",
                )
            )
        else:
            found.append(
                Said(
                    f"{name}：{d.of} 处中有 {d.n} 处在同一点（{at}；{d.file} 第 {rows.zh} 行），"
                    "疑为街道、社区中心点，请核对",
                    f"{name}: {d.n} of {d.of} facilities are at one point ({at}; {d.file} rows {rows.en}):"
                    " the middle of a street or community, perhaps; check them",
                )
            )
    return found


def _left_out(config: Config, services: Services) -> list[Said]:
    names = {layer.id: layer.name for layer in config.layers}
    found = []
    for layer, name in names.items():
        dropped = [d for d in services.dropped if d.layer == layer]
        reasons = Counter((d.reason, d.detail if d.reason == "closed" else "") for d in dropped)
        if not reasons:
            continue
        n, of = sum(reasons.values()), services.counts[layer]["read"]
        texts = Counter[Said]()
        for (reason, detail), count in reasons.items():
            texts[_reason(reason, detail)] += count
        listed = COMMA.join(text + f" {count}" for text, count in texts.most_common())
        is_file = any(d.reason != "not_whole" for d in dropped)
        where = Said("导入报告", "the import report") if is_file else Said("unlinked.csv", "unlinked.csv")
        far = [d.source for d in dropped if d.reason == "far_away"]
        if far:
            shown = COMMA.join(far[:_SHOWN]) + (" …" if len(far) > _SHOWN else "")
            where += Said(f"（{shown.zh}）", f" ({shown.en})")
        found.append(
            Said(
                f"{name}：{of} {'行' if is_file else '处'}中有 {n} {'行' if is_file else '处'}未采用（{listed.zh}），"
                f"见{where.zh}",
                f"{name}: {n} of {of} {'rows' if is_file else 'objects'} were left out ({listed.en}); see {where.en}",
            )
        )
    return found


def _reason(reason: str, detail: str) -> Said:
    if reason == "duplicate_row":
        return Said("重复行", "repeated rows")
    return reason_text(reason, detail)


def _duplicates(config: Config, services: Services) -> list[Said]:
    found = []
    for layer in config.layers:
        n = services.counts[layer.id].get("near_duplicates", 0)
        if n:
            found.append(
                Said(
                    f"{layer.name}：{n} 处设施与另一处同名且相距不足 100 米，均已计入，可能重复，见导入报告",
                    f"{layer.name}: {n} {'facility bears' if n == 1 else 'facilities bear'} the name of another within"
                    " 100 m; both are counted, "
                    "see the import report",
                )
            )
    return found


def _elsewhere(streets: Sequence[Change]) -> list[Said]:
    found = []
    for file in dict.fromkeys(c.file for c in streets):
        other = [c for c in streets if c.file == file and c.reason == "other_street"]
        unknown = Counter(c.detail for c in streets if c.file == file and c.reason == "unknown_street")
        if other:
            nowhere = Said("区外", "outside the district")
            lines = [Said("", "") + f"{c.original}: {c.detail} → " + (c.taken or nowhere) for c in other[:_SHOWN]]
            listed = SEMICOLON.join(lines)
            more = " …" if len(other) > _SHOWN else ""
            found.append(
                Said(
                    f"{file}：{len(other)} 处设施所写街道与坐标所在街道不符（{listed.zh}{more}），见导入报告",
                    f"{file}: {len(other)} facilities lie in another street than the table says ({listed.en}{more}); "
                    "see the import report",
                )
            )
        if unknown:
            n = sum(unknown.values())
            listed = COMMA.join(list(unknown)[:_SHOWN]) + (" …" if len(unknown) > _SHOWN else "")
            found.append(
                Said(
                    f"{file}：{n} 处设施所写街道不在本区街道名单内（{listed.zh}）",
                    f"{file}: {n} facilities name streets that are no units of the district ({listed.en})",
                )
            )
    return found
