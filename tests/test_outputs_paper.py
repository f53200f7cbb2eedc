"""The workbook on paper: LibreOffice prints the sample's on few pages, nothing cut, names and headings on each."""

import re
import shutil
import subprocess
import tomllib
from dataclasses import replace

import openpyxl
import pandas as pd
import pytest

from circle15.config.model import parse_config
from circle15.outputs.paper import WIDEST_PAGE, WIDEST_PART, laid_out, measured
from circle15.outputs.summary import summarise
from circle15.outputs.summary_workbook import write_summary_workbook
from circle15.pipeline import run_district
from tests.test_batch_summary import district

pytestmark = pytest.mark.filterwarnings("ignore:(Unknown|Conditional Formatting) extension is not supported")
MOST_PAGES = 20
needs_libreoffice = pytest.mark.skipif(
    shutil.which("soffice") is None or shutil.which("pdftotext") is None,
    reason="needs LibreOffice and poppler (Debian: libreoffice-calc poppler-utils)",
)


def printed_pages(path, folder):
    """Print a workbook with LibreOffice and give each page's text without blanks, cell by cell."""
    subprocess.run(
        ["soffice", f"-env:UserInstallation={(folder / 'profile').as_uri()}", "--headless", "--convert-to", "pdf",
         "--outdir", str(folder), str(path)],
        capture_output=True, check=True, timeout=300,
    )  # fmt: skip
    pdf = folder / f"{path.stem}.pdf"
    text = subprocess.run(["pdftotext", "-raw", str(pdf), "-"], capture_output=True, check=True).stdout.decode()
    return [_bare(page) for page in text.split("\f")[:-1]]


def _bare(text):
    return re.sub(r"\s", "", text)


def printed_cells(sheet):
    """Give the headings and texts of the columns that a sheet prints."""
    area = sheet[sheet.print_area.split("!")[-1]]
    spans = [(d.min, d.max) for d in sheet.column_dimensions.values() if d.hidden]
    shown = [c for row in area for c in row if not any(first <= c.column <= last for first, last in spans)]
    return [_bare(c.value) for c in shown if isinstance(c.value, str)]


@needs_libreoffice
@pytest.mark.slow
@pytest.mark.parametrize("lang", ["zh", "en"])
def test_the_samples_workbook_prints_on_twenty_pages_with_nothing_cut_and_names_on_each(root, lang, tmp_path):
    folder = root / "data" / "sample"
    raw = tomllib.loads((folder / "sample.toml").read_text(encoding="utf-8"))
    raw["district"]["lang"] = lang
    raw["outputs"] = {"write": ["coverage", "facilities", "measures", "ranking", "causes", "xlsx"]}
    run = run_district(parse_config(raw, folder / "sample.toml"), out=tmp_path / "out")
    pages = printed_pages(run.folder / "tables.xlsx", tmp_path)
    assert len(pages) <= MOST_PAGES
    assert not [page for page in pages if "###" in page]
    book = openpyxl.load_workbook(run.folder / "tables.xlsx")
    shown = [sheet for sheet in book if sheet.sheet_state == "visible"]
    subject = re.escape(_bare(run.result.name))
    by_sheet = {
        sheet.title: [p for p in pages if re.match(rf"{subject}{_bare(sheet.title)}(第|Page)", p)] for sheet in shown
    }
    for sheet in shown[2:]:
        own = by_sheet[sheet.title]
        assert own, sheet.title
        name = _bare(sheet["A1"].value)
        assert all(name in page for page in own), sheet.title
        together = "".join(own)
        missing = [text for text in printed_cells(sheet) if text not in together]
        assert not missing, (sheet.title, missing[:3])


def several(one, services):
    """Give a made district with its service once under each of these ids and names."""
    tables = {
        name: pd.concat([table.assign(layer=layer) for layer in services], ignore_index=True)
        for name, table in one.tables.items()
    }
    layers = [one.layers[0] | {"id": layer, "name": name} for layer, name in services.items()]
    return replace(one, tables=tables, layers=layers)


SERVICES = {f"s{i}": f"服务{chr(0x4E00 + 50 * i)}" for i in range(24)}


def wide_summary(folder, lang):
    """Write the workbook of two districts with many services; give its path and the sheet of their streets."""
    districts = [several(district("a", 0.5), SERVICES), several(district("b", 0.9), SERVICES)]
    write_summary_workbook(summarise(districts, [], lang=lang), folder / "summary.xlsx")
    return folder / "summary.xlsx", openpyxl.load_workbook(folder / "summary.xlsx")["街道" if lang == "zh" else "Units"]


@pytest.mark.parametrize("lang", ["zh", "en"])
def test_a_summary_of_many_services_is_parted_between_services(lang, tmp_path):
    _, sheet = wide_summary(tmp_path, lang)
    headings = [c.value for c in sheet[1]]
    breaks = [b.id for b in sheet.col_breaks.brk]
    assert breaks
    assert all(headings[b].endswith("覆盖率" if lang == "zh" else " share") for b in breaks)
    assert sheet.print_title_cols == "$A:$B"
    for service in SERVICES.values():
        letters = [c.column for c in sheet[1] if str(c.value).startswith(service)]
        assert not [b for b in breaks if letters[0] <= b < letters[-1]]


def test_the_summarys_first_sheet_links_to_each_of_the_others(tmp_path):
    path, _ = wide_summary(tmp_path, "zh")
    first, *others = openpyxl.load_workbook(path)
    linked = [cell.hyperlink.location for (cell,) in first["A3:A20"] if cell.hyperlink]
    assert linked == [f"'{sheet.title}'!A1" for sheet in others]
    assert [first["A1"].value, first["A2"].value, first["A3"].value] == ["各区县汇总", "目录", "区县"]


@needs_libreoffice
@pytest.mark.slow
def test_each_page_of_a_parted_summary_names_its_rows_and_no_service_is_lost(tmp_path):
    path, _ = wide_summary(tmp_path, "zh")
    pages = [p for p in printed_pages(path, tmp_path) if "街道" in p[:200]]
    assert all("区县" in page for page in pages)
    assert all(any(f"{service}覆盖率" in page for page in pages) for service in SERVICES.values())


def test_texts_are_broken_before_a_page_is_and_no_number_is_ever_cut():
    numbers = [measured(f"数{i}", pd.Series([1234567.0]), "#,##0.0") for i in range(8)]
    texts = [measured("说明", pd.Series(["字" * 200, "短"]), ""), measured("名称", pd.Series(["长名称" * 9, "乙"]), "")]
    layout = laid_out([*texts, *numbers])
    assert layout.n_across == 1
    assert sum(layout.widths) <= WIDEST_PAGE
    assert all(width >= len("1,234,567.0") for width in layout.widths[2:])
    assert layout.lines[0] >= 400 / layout.widths[0]
    assert layout.lines[1] == 1
    assert WIDEST_PART < WIDEST_PAGE
