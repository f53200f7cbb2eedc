"""Tables as they come: csv, tsv, xlsx, xls, ods, gpkg, gdb, geojson, kml, shp (also zipped), parquet to one frame."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt
import pandas as pd

from circle15.errors import InputError, Problem
from circle15.files.door import is_there
from circle15.inputs.geofiles.vectors import read_vector
from circle15.inputs.tables.file_guards import check_file
from circle15.inputs.tables.grids import Grid, read_delimited, read_workbook
from circle15.inputs.tables.headings import load_aliases
from circle15.inputs.tables.import_report import Change
from circle15.inputs.tables.layout import HeadingPlace, data_rows, find_heading
from circle15.said import Said

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    import geopandas as gpd

    from circle15.inputs.tables.headings import Ranks

_ENOUGH_FIELDS = 2  # recognised headings that make a sheet a table


@dataclass(frozen=True, slots=True)
class Table:
    """A file's table, its cells as text and nothing but its layout interpreted.

    `row` counts as a spreadsheet shows it (features of geographic files count from 1). `changes` are the lines of the
    import report that reading has caused so far.
    """

    path: Path
    sheet: str | None
    frame: pd.DataFrame  # object columns of str, "" = empty cell, index 0..n-1
    row: npt.NDArray[np.int64]  # (n,)
    geometry: gpd.GeoSeries | None  # of geographic files, as found
    crs: str | None  # of the geometry
    has_cut_headings: bool  # shapefiles cut names at ten bytes
    encoding: str | None
    changes: tuple[Change, ...]

    @property
    def columns(self) -> list[str]:
        """The headings."""
        return [str(c) for c in self.frame.columns]

    @property
    def file(self) -> str:
        """The file for messages; reports take its name alone, so that they are the same in any folder."""
        return str(self.path)


def read_table(
    path: Path,
    *,
    sheet: str | None = None,
    wanted: Sequence[str] = (),
    aliases: Mapping[str, Ranks] | None = None,
    encoding: str | None = None,
) -> Table:
    """Read a table of any of the known formats.

    Title rows above the heading, headings of two rows, merged cells, blank rows, rows of totals and remarks below the
    table are recognised, and each is a line of the import report.

    Parameters
    ----------
    path
        The file; ``file.xlsx#SHEET``, ``file.gpkg#LAYER`` or ``file.zip#SHAPEFILE`` names a part of it.
    sheet
        The same, apart from the path.
    wanted
        Headings that the caller needs by name; they help to find the heading row.
    aliases
        `headings.load_aliases`; the shipped ones by default.
    encoding
        Codec of a text file, where it should not be found from the bytes.

    Raises
    ------
    InputError
        If the file is missing, empty, damaged, not what its name says, or no heading row is found.
    """
    path, sheet = _split_part(path, sheet)
    kind = check_file(path)
    known = load_aliases() if aliases is None else aliases
    if kind == "text":
        grid = read_delimited(path, encoding=encoding)
        return _from_grid(path, grid, find_heading(grid.rows, known, wanted, is_delimited=True), known, wanted)
    if kind in {"xlsx", "xls", "ods"}:
        grid, place = _choose_sheet(path, read_workbook(path), sheet, known, wanted)
        return _from_grid(path, grid, place, known, wanted)
    vector = read_vector(path, kind, layer=sheet)
    changes = []
    if vector.encoding is not None and vector.encoding != "ascii":
        reason = "encoding_corrected" if vector.wrong_encoding else "encoding"
        changes = (
            [Change(file=path.name, reason=reason, detail=vector.encoding)]
            if vector.encoding != "utf-8" or vector.wrong_encoding
            else []
        )
    return Table(
        path=path,
        sheet=vector.layer,
        frame=vector.frame,
        row=np.arange(1, len(vector.frame) + 1, dtype=np.int64),
        geometry=vector.geometry,
        crs=vector.crs,
        has_cut_headings=kind in {"shp", "zip"},
        encoding=vector.encoding,
        changes=tuple(changes),
    )


def _split_part(path: Path, sheet: str | None) -> tuple[Path, str | None]:
    """Split "file.xlsx#SHEET", unless a file really bears that name."""
    if sheet is None and "#" in path.name and not is_there(path):
        name, _, part = path.name.partition("#")
        if not name or not part.strip():
            raise InputError(
                Problem(
                    Said(
                        "未写部分名称：请写 文件#工作表，或只写文件",
                        "names no part: write FILE#SHEET, or the file alone",
                    ),
                    file=str(path),
                )
            )
        return path.with_name(name), part
    return path, sheet


def _choose_sheet(
    path: Path, grids: tuple[Grid, ...], sheet: str | None, aliases: Mapping[str, Ranks], wanted: Sequence[str]
) -> tuple[Grid, HeadingPlace | None]:
    """Choose the named sheet, or the only one that has a recognisable heading."""
    if sheet is not None:
        grids = tuple(g for g in grids if g.sheet == sheet) or _no_such_sheet(path, grids, sheet)
    places = [(grid, find_heading(grid.rows, aliases, wanted)) for grid in grids]
    tables = [(g, p) for g, p in places if p is not None and p.score >= _ENOUGH_FIELDS]
    if len(places) == 1 or not tables:
        return places[0]
    if len(tables) > 1:
        names = ", ".join(f'"{g.sheet}"' for g, _ in tables)
        message = Said(
            f"工作表 {names} 都像表格，请写明：{path.name}#{tables[0][0].sheet}",
            f"the sheets {names} all look like tables; say which: {path.name}#{tables[0][0].sheet}",
        )
        raise InputError(Problem(message, file=str(path)))
    return tables[0]


def _no_such_sheet(path: Path, grids: tuple[Grid, ...], sheet: str) -> tuple[Grid, ...]:
    names = ", ".join(str(g.sheet) for g in grids)
    raise InputError(
        Problem(
            Said(f"没有这个有内容的工作表；现有：{names}", f"no such sheet with values in it; there are: {names}"),
            file=str(path),
            value=sheet,
        )
    )


def _from_grid(
    path: Path, grid: Grid, place: HeadingPlace | None, aliases: Mapping[str, Ranks], wanted: Sequence[str]
) -> Table:
    file = str(path)
    if place is None:
        names = ", ".join(wanted)
        asked = Said(f"；需要的有 {names}", f"; asked for are {names}") if wanted else Said("", "")
        first = ", ".join(next((row for row in grid.rows if any(c.strip() for c in row)), []))[:200]
        message = Said(
            f"没有找到表头行；第一个非空行为：{first}{asked.zh}",
            f"no heading row found; the first row that is not empty reads: {first}{asked.en}",
        )
        raise InputError(Problem(message, file=file))
    changes = []
    if grid.encoding not in {None, "utf-8"}:
        changes.append(Change(file=path.name, sheet=grid.sheet, reason="encoding", detail=str(grid.encoding)))
    above = [c.strip() for row in grid.rows[: place.first_row] for c in row if c.strip()]
    if above:
        original = " ".join(dict.fromkeys(above))
        changes.append(Change(file=path.name, sheet=grid.sheet, row=1, original=original, reason="title_rows"))
    if place.last_row > place.first_row:
        row = place.first_row + 1
        original, taken = " | ".join(c for c in grid.rows[place.first_row] if c.strip()), " | ".join(place.columns)
        changes.append(
            Change(file=path.name, sheet=grid.sheet, row=row, original=original, taken=taken, reason="two_row_heading")
        )
    cells, rows, left_out = data_rows(grid, place, aliases, path=path, wanted=wanted)
    if not cells:
        raise InputError(
            Problem(
                Said("表格只有表头，没有数据行", "the table has a heading and no rows below it"),
                file=file,
                row=place.last_row + 1,
            )
        )
    return Table(
        path=path,
        sheet=grid.sheet,
        frame=pd.DataFrame(cells, columns=place.columns, dtype=object),
        row=np.array(rows, dtype=np.int64),
        geometry=None,
        crs=None,
        has_cut_headings=False,
        encoding=grid.encoding,
        changes=(*changes, *left_out),
    )
