"""The layout of hand-made tables: which row is the heading, and which rows below it are data."""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass, replace
from math import isnan
from typing import TYPE_CHECKING

from circle15.errors import InputError, Problem, first_problems
from circle15.inputs.tables.headings import recognise
from circle15.inputs.tables.import_report import Change
from circle15.inputs.tables.numbers import UNIT_FACTORS, is_plain, normal_unit, parse_number
from circle15.inputs.tables.row_widths import WidthFitter, count_void
from circle15.said import Said

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from circle15.inputs.tables.grids import Grid
    from circle15.inputs.tables.headings import Ranks

_ROWS_SEARCHED, _COLUMNS_SEARCHED = 40, 500
_ENOUGH = 2
_NO_AMOUNTS = ("id", "lon", "lat", "x", "y", "lonlat", "unit_code", "quality")
"""Fields whose numbers say which or where a row is, not how much it has."""
_OTHER_UNITS = frozenset({"度", "°", "年", "万元", "是/否"})
_TOTALS = re.compile(
    r"(?:.{0,12})(?:合计|小计|总计|共计|总和|累计)[::]?|(?:sub)?total[::]?|sum[::]?|平均值?|均值", re.IGNORECASE
)
_REMARK = re.compile(
    r"(?:注|备注|说明|附注|填表(?:人|单位|说明|日期|时间)?|制表(?:人|单位|日期|时间)?|审核(?:人)?|负责人|联系人|联系电话|数据来源|资料来源|来源|"
    r"统计(?:时间|截止|日期)|截[至止]|报送(?:单位|日期)|单位(?:盖章|\(盖章\)|负责人)?|日期|电话)(?:[::\d].*|\(.*|.{0,2}$)",
    re.DOTALL,
)


_TOTALS_END = frozenset("计和值均lLmM:：")
_REMARK_BEGIN = frozenset("注备说附填制审负联数资来统截报单日电")


@dataclass(frozen=True, slots=True)
class HeadingPlace:
    """Where a grid's heading is: rows from 0, both ends in it, and the unique name of each column."""

    first_row: int
    last_row: int
    columns: list[str]
    score: int  # fields recognised


def find_heading(
    rows: Sequence[Sequence[str]],
    aliases: Mapping[str, Ranks],
    wanted: Sequence[str] = (),
    *,
    is_delimited: bool = False,
) -> HeadingPlace | None:
    """Find the heading: the row, or the pair of rows, in which most fields are recognised.

    Where none is, the first row with at least two words and no number in it is taken.

    Parameters
    ----------
    rows
        Cells of the sheet.
    aliases
        `headings.load_aliases`.
    wanted
        Headings that are needed by name.
    is_delimited
        The rows are of a text file, so that what goes beyond the heading's own cells is no column.

    Returns
    -------
    HeadingPlace or None
        None where no row can be a heading.
    """
    place = _place(rows, aliases, wanted)
    if place is None or not is_delimited:
        return place
    own = max(len(row) for row in rows[place.first_row : place.last_row + 1])
    return replace(place, columns=place.columns[:own])


def _place(rows: Sequence[Sequence[str]], aliases: Mapping[str, Ranks], wanted: Sequence[str]) -> HeadingPlace | None:
    width = max((len(row) for row in rows), default=0)
    top = [_tidy(row, width) for row in rows[:_ROWS_SEARCHED]]
    scores = [_score(row, aliases, wanted) for row in top]
    best = max(range(len(top)), key=lambda r: (scores[r], -r), default=None)
    if best is None:
        return None
    pairs = [(r, r + 1) for r in (best - 1, best) if r >= 0 and r + 1 < len(top) and _may_be_heading(top[r + 1])]
    for upper, lower in pairs:
        columns = _join(top[upper], top[lower], aliases, wanted)
        score = _score(columns, aliases, wanted)
        if score >= _ENOUGH and (score > scores[best] or (upper == best and _are_units(top[lower]))):
            return HeadingPlace(upper, lower, _unique(columns, rows), score)
    if scores[best] >= _ENOUGH or (scores[best] == 1 and _may_be_heading(top[best])):
        return HeadingPlace(best, best, _unique(top[best], rows), scores[best])
    for r, row in enumerate(top):
        filled = [c for c in row if c]
        if len(filled) >= min(_ENOUGH, width) and _may_be_heading(row) and len(set(filled)) == len(filled):
            return HeadingPlace(r, r, _unique(row, rows), 0)
    return None


def data_rows(
    grid: Grid, place: HeadingPlace, aliases: Mapping[str, Ranks], *, path: Path, wanted: Sequence[str] = ()
) -> tuple[list[list[str]], list[int], list[Change]]:
    """Give the rows of data below a heading.

    A merged cell stands for each of its rows where it says what or where they are; an amount (60 托位 beside two names)
    is theirs together, so that it stays in the first of them.

    Parameters
    ----------
    grid
        The sheet.
    place
        Its heading.
    aliases
        `headings.load_aliases`.
    path
        Its file, for the import report and errors.
    wanted
        Headings that the caller needs by name.

    Returns
    -------
    tuple
        Cells of each row, its number as a spreadsheet shows it, and the lines of the import report: rows left out
        (blank, totals, remarks, the heading again), rows that are hidden or were put right, merged cells filled in, and
        amounts that were not.

    Raises
    ------
    InputError
        Naming every row that has more or fewer cells than the heading and can be read in several ways, and headings of
        another order further down.
    """
    width = len(place.columns)
    changes: list[Change] = []
    kept: dict[int, list[str]] = {}
    blank: list[int] = []
    problems: list[Problem] = []
    heading = [_tidy(row, width) for row in grid.rows[place.first_row : place.last_row + 1]]
    names = {c for row in heading for c in row if c}
    for r in range(place.last_row + 1, len(grid.rows)):
        tidy = _tidy(grid.rows[r], width)
        filled = [c for c in tidy if c]
        reason = _reason_to_leave_out(filled, tidy, heading)
        if not any(c.strip() for c in grid.rows[r]):
            blank.append(r + 1)
        elif reason is not None:
            text = " | ".join(dict.fromkeys(filled))
            changes.append(Change(path.name, reason, grid.sheet, r + 1, original=text))
        elif len(filled) >= _ENOUGH and 2 * sum(c in names for c in filled) > len(filled):
            message = Said(
                "又出现一行表头，列的次序与前一行不同，请另存为单独的文件",
                "a second heading, whose columns stand otherwise than in the first; make it a file of its own",
            )
            problems.append(Problem(message, file=str(path), row=r + 1, value=" | ".join(filled)))
        else:
            kept[r] = list(grid.rows[r])
    problems += _fit_widths(grid, place, kept, changes, aliases, path=path, wanted=wanted)
    InputError.gather(problems)
    last = max(kept, default=-1) + 1
    # Blank rows below the table are no rows of it.
    changes += [Change(path.name, "blank_rows", grid.sheet, r) for r in blank if r < last]
    changes += [Change(path.name, "hidden_row", grid.sheet, r + 1) for r in grid.hidden if r in kept]
    changes += _fill_merged(grid, place, kept, aliases, file=path.name)
    return list(kept.values()), [r + 1 for r in kept], sorted(changes, key=lambda c: c.row or 0)


def _fit_widths(
    grid: Grid,
    place: HeadingPlace,
    kept: dict[int, list[str]],
    changes: list[Change],
    aliases: Mapping[str, Ranks],
    *,
    path: Path,
    wanted: Sequence[str],
) -> list[Problem]:
    """Make all rows in ``kept`` as wide as the heading; give a problem for each whose cells may belong elsewhere."""
    width = len(place.columns)
    if not grid.delimiter:
        for r, cells in kept.items():
            kept[r] = [*cells[:width], *[""] * (width - len(cells))]
        return []
    n_void = count_void(place.columns, list(kept.values()), aliases)
    full = width + n_void
    odd = [r for r, cells in kept.items() if len(cells) != full]
    for r in kept.keys() - set(odd):
        kept[r] = kept[r][:width]
    if not odd:
        return []
    of_heading = f"the heading has {width} columns"
    if len(odd) > len(kept) - len(odd) and any(len(kept[r]) > full for r in odd):
        n = len(kept[odd[0]])
        message = Said(
            f"{len(kept)} 行中有 {len(odd)} 行的单元格数与表头（{width} 列）不符：第 {odd[0] + 1} 行有 {n} 个；"
            "请给每列写表头，含分隔符的内容加引号",
            f"{len(odd)} of {len(kept)} rows have more or fewer cells than {of_heading}: row {odd[0] + 1} has {n};"
            " give every column a heading, and put fields that hold a separator in quotation marks",
        )
        return [Problem(message, file=str(path), row=odd[0] + 1, value=grid.delimiter.join(kept[odd[0]]))]
    regular = [cells for r, cells in kept.items() if r not in set(odd)]
    fitter = WidthFitter(place.columns, regular, aliases, wanted, delimiter=grid.delimiter, n_void=n_void)
    problems = []
    for r in odd:
        n, fitted = len(kept[r]), fitter.fit(kept[r])
        if fitted is None:
            remedy = (
                Said("含分隔符的内容请加引号", "put the field that holds a separator in quotation marks")
                if n > width
                else Said("每列都须有单元格，空的也要", "give every column a cell, an empty one too")
            )
            message = Said(
                f"有 {n} 个单元格，表头为 {width} 列，无法判断各属哪一列；{remedy.zh}",
                f"has {n} cells, {of_heading}, and which belong where cannot be told; {remedy.en}",
            )
            original = grid.delimiter.join(kept[r])
            problems.append(Problem(message, file=str(path), row=r + 1, value=original))
            continue
        kept[r] = fitted.cells[:width]
        said = {"original": fitted.original, "detail": str(abs(n - width))}
        for i in fitted.joined:
            column, taken = place.columns[i], fitted.cells[i]
            changes.append(Change(path.name, "row_joined", None, r + 1, column, taken=taken, **said))
        if n < width:
            changes.append(Change(path.name, "row_short", None, r + 1, **said))
    return first_problems(problems, str(path))


def _fill_merged(
    grid: Grid, place: HeadingPlace, kept: dict[int, list[str]], aliases: Mapping[str, Ranks], *, file: str
) -> list[Change]:
    """Fill merged cells in ``kept``; give a line of the import report for each."""
    width = len(place.columns)
    changes = []
    found = recognise(place.columns, aliases)
    no_amounts = {c for f in _NO_AMOUNTS for rank in found.get(f, []) for c in rank}
    for top, left, bottom, _ in grid.merged:
        if bottom <= top or left >= width or not place.last_row < top < len(grid.rows):
            continue
        value = grid.rows[top][left] if left < len(grid.rows[top]) else ""
        column = place.columns[left]
        is_amount = column not in no_amounts and not isnan(parse_number(value).value)
        for r in range(top + 1, min(bottom + 1, len(grid.rows))):
            if r in kept and not kept[r][left].strip() and value.strip():
                kept[r][left] = "" if is_amount else value
                reason = "merged_amount" if is_amount else "merged_cell"
                changes.append(
                    Change(file, reason, grid.sheet, r + 1, column, taken=kept[r][left], detail=str(top + 1))
                )
    return changes


def _reason_to_leave_out(filled: list[str], cells: list[str], heading: list[list[str]]) -> str | None:
    if not filled:
        return None
    word = next((c for c in filled if not is_plain(c)), "")
    # The first and last letters rule out nearly every row before an expression is tried.
    if word[-1:] in _TOTALS_END and _TOTALS.fullmatch(re.sub(r"\s", "", unicodedata.normalize("NFKC", word))):
        return "totals_row"
    if filled[0][0] in _REMARK_BEGIN and all(_REMARK.fullmatch(unicodedata.normalize("NFKC", c)) for c in filled):
        return "remark_row"
    for row in heading if filled[-1] in heading[0] or filled[-1] in heading[-1] else ():
        same = sum(bool(a) and a == b for a, b in zip(cells, row, strict=True))
        if same >= _ENOUGH and 2 * same > len(filled):
            return "repeated_heading"
    return None


def _tidy(row: Sequence[str], width: int) -> list[str]:
    cells = [" ".join(c.replace("\ufeff", "").replace("\u200b", "").split()) for c in row[:width]]
    return cells + [""] * (width - len(cells))


def _score(row: Sequence[str], aliases: Mapping[str, Ranks], wanted: Sequence[str]) -> int:
    """Count the columns that name a field; a heading asked for by name counts twice."""
    cells = [c for c in row if c and not is_plain(c)]
    named = {c for by_rank in recognise(cells[:_COLUMNS_SEARCHED], aliases).values() for rank in by_rank for c in rank}
    return len(named) + 2 * len(set(cells) & {" ".join(w.split()) for w in wanted})


def _may_be_heading(row: Sequence[str]) -> bool:
    filled = [c for c in row if c]
    return bool(filled) and not any(is_plain(c) for c in filled)


def _are_units(row: Sequence[str]) -> bool:
    """Tell a row of units below a heading: ``(张)``, ``㎡``, ``度`` ..."""
    filled = [c for c in row if c]
    return bool(filled) and all(_is_unit(c) for c in filled)


def _is_unit(text: str) -> bool:
    unit = normal_unit(text).strip("()[]")
    return unit in UNIT_FACTORS or unit in _OTHER_UNITS


def _join(upper: list[str], lower: list[str], aliases: Mapping[str, Ranks], wanted: Sequence[str]) -> list[str]:
    """Join a heading of two rows: the lower cell where it says enough, else both; the upper reaches to the right."""
    reaching, last = [], ""
    for above, below in zip(upper, lower, strict=True):
        # A cell above that has nothing below it is merged downwards and does not reach to the right.
        last = above or (last if below else "")
        reaching.append(last)
        if above and not below:
            last = ""
    children = [c for c in lower if c]
    joined = []
    for above, below in zip(reaching, lower, strict=True):
        both = f"{above}{below}"
        if not below or not above:
            joined.append(below or above)
        elif _is_unit(below):
            joined.append(f"{above}({normal_unit(below).strip('()[]')})")
        elif children.count(below) > 1 or (
            not recognise([below], aliases) and (recognise([both], aliases) or both in wanted)
        ):
            joined.append(both)
        else:
            joined.append(below)
    return joined


def _unique(columns: Sequence[str], rows: Sequence[Sequence[str]]) -> list[str]:
    """Give every column a name of its own; empty columns at the right end are none."""
    used = max((i + 1 for row in rows for i, c in enumerate(row) if c.strip()), default=0)
    names: dict[str, None] = {}
    for i, name in enumerate(columns[:used]):
        names[f"{name} ({_letter(i)})" if name in names else name or f"({_letter(i)})"] = None
    return list(names)


def _letter(index: int) -> str:
    """Give a column's letters as a spreadsheet shows them."""
    letters = ""
    index += 1
    while index:
        index, rest = divmod(index - 1, 26)
        letters = chr(ord("A") + rest) + letters
    return letters
