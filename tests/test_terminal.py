"""Names from anybody's files reach sheets and terminals as text, and nothing in them is done."""

import csv
import io
import itertools
import sys

import pandas as pd
import pytest
from click.testing import CliRunner

from circle15.cli import main
from circle15.cli.shared.terminal import echo, print_what_the_console_lacks, shown
from circle15.outputs.tables import as_plain_text, write_csv
from tests.chinese_town import Town

BEFORE = (
    "",
    " ",
    "\u3000",
    "\n",
    "\r",
    "\r\n",
    "\t",
    "\x00",
    "\x0b",
    "\xa0",
    "\ufeff",
    "\u200b",
    "甲\r",
    "甲\r\n",
    "甲\u2028\r",
)
SIGNS = "=+-@＝＋－＠"
SKIPPED = "".join(chr(c) for c in (*range(0x21), *range(0x7F, 0xA1), *range(0x2000, 0x2070), 0x3000, 0xFEFF))


def cells_as_a_sheet_reads(text):
    """Give the cells, a bare carriage return outside quotation marks being the end of a row."""
    for row in csv.reader(io.StringIO(text, newline="")):
        yield from row


@pytest.mark.parametrize("before", BEFORE)
def test_no_text_begins_a_cell_as_a_formula_whatever_stands_before_the_sign(tmp_path, before):
    names = [f"{before}{sign}HYPERLINK(1)" for sign in SIGNS]
    write_csv(pd.DataFrame({"name": names, "after": "乙"}), tmp_path / "a.csv")
    text = (tmp_path / "a.csv").read_bytes().decode("utf-8-sig")
    cells = list(cells_as_a_sheet_reads(text))
    assert len(cells) == 2 + 2 * len(names)
    assert "\r" not in text
    for cell in cells:
        assert not cell.lstrip(SKIPPED).startswith(tuple(SIGNS)), repr(cell)


def test_other_texts_and_numbers_stay_as_they_are():
    for value in ("东街道", "3-2 号", "a=b", "", "（＝）", 5, -3.5, None):
        assert as_plain_text(value) == value


def test_control_codes_are_shown_and_letters_are_not():
    codes = [chr(c) for c in itertools.chain(range(0x20), range(0x7F, 0xA0), (0x202E, 0x2066, 0x200F, 0x2028))]
    told = shown("".join(codes) + "东街道 m² é 😀")
    assert told.endswith("东街道 m² é 😀")
    assert not set(told) & set(codes) - set("\t\n")
    assert "\\u001b" in told


def test_a_name_with_escapes_reaches_the_terminal_as_text(tmp_path):
    town = Town(tmp_path, layer_name="托育\x9b2J\u202e\x1b]0;x\x07", district="区\x1b[2J")
    town.write_table(*town.places())
    config = town.write()
    for command in (["check", config], ["run", config, "--out", tmp_path / "out"], ["rank", config, "--top", "2"]):
        done = CliRunner().invoke(main, [str(a) for a in command])
        assert not set(done.output) & set("\x1b\x07\x9b\u202e\r"), (command, done.output)
        assert done.exit_code == 0, done.output


def test_a_console_that_lacks_a_letter_gets_another_form_of_it(monkeypatch):
    written = io.BytesIO()
    monkeypatch.setattr(sys, "stdout", io.TextIOWrapper(written, encoding="gbk", newline="\n"))
    print_what_the_console_lacks()
    echo("每 m² 有 é 和 😀")
    sys.stdout.flush()
    assert written.getvalue().decode("gbk") == "每 m2 有 é 和 \\U0001f600\n"


def test_commands_print_through_the_guard_alone(root):
    modules = [p for p in (root / "circle15" / "cli").rglob("*.py") if p.name != "terminal.py"]
    assert len(modules) > 15
    assert [p.name for p in modules if "click.echo(" in p.read_text("utf-8")] == []


@pytest.mark.parametrize("threads", ["0", "1025", "400000000"])
def test_as_many_threads_as_no_machine_has_are_refused(tmp_path, threads):
    done = CliRunner().invoke(main, ["run", str(tmp_path / "a.toml"), "--threads", threads])
    assert done.exit_code == 2
    assert "1<=x<=1024" in done.output
