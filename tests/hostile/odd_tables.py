"""Tables as nobody should send them: bytes, cells, headings and sheets."""

import io
import zipfile

import openpyxl

from tests.hostile.spoiling import NUMBERS, other_cell, spoil
from tests.hostile.village import facilities


def _cell(rng, text):
    for _ in range(rng.randint(1, 4)):
        text = other_cell(rng, text)
    return text


def _heading(rng, text):
    lines = text.split("\n")
    heading = rng.choice(
        [
            "",
            "名称",
            "名称,名称,名称,名称",
            "a,b,c,d",
            "经度,纬度,名称,托位数",
            ",,,",
            "名称;经度;纬度;托位数",
            "x" * 5000,
            "名称\t经度",
        ]
    )
    return "\n".join([heading, *lines[1:]])


def _ragged(rng, text):
    lines = text.split("\n")
    k = rng.randrange(len(lines))
    lines[k] += rng.choice([",", ",,,,,", '"', ',"', "\r", "\x00", "\x1a", "," * 20_000, "x" * 1_100_000])
    return "\n".join(lines)


def _repeated(rng, text):
    lines = text.rstrip("\n").split("\n")
    return "\n".join([lines[0], *[rng.choice(lines[1:])] * rng.choice([3, 3000, 20_000])]) + "\n"


def _long(_rng, text):
    lines = text.rstrip("\n").split("\n")
    rows = [f"园{k},{121.5 + k % 100 * 8e-5:.6f},{29.9 + k // 100 * 4e-5:.6f},{k % 50}" for k in range(15_000)]
    return "\n".join([lines[0], *rows]) + "\n"


def _blank(rng, _text):
    return rng.choice(
        ["\n" * 1000, "名称,经度,纬度,托位数\n", "\ufeff", " ", "合计,,,\n" * 5, "名称,经度,纬度,托位数\n合计,,,5\n"]
    )


TEXTS = (_cell, _cell, _cell, _heading, _ragged, _repeated, _long, _blank)
CODES = ("utf-8", "gb18030", "utf-16", "utf-16-le", "utf-8-sig", "big5", "utf-7", "utf-32")


def _workbook(rng, path):
    book = openpyxl.Workbook()
    rows = [["名称", "经度", "纬度", "托位数"], *map(list, facilities())]
    kind = rng.choice(["bytes", "cell", "far", "sheets", "inside", "merged", "empty"])
    if kind == "cell":
        for _ in range(3):
            value = rng.choice(NUMBERS).replace("\x00", "")
            rows[rng.randrange(1, 7)][rng.randrange(4)] = value or None
    for row in rows if kind != "empty" else []:
        book.active.append(row)
    if kind == "far":
        book.active.cell(rng.choice([50_000, 1_048_576]), rng.choice([5, 16_384]), "x")
    if kind == "merged":
        book.active.merge_cells(rng.choice(["A1:D1", "A1:D7", "B2:D7"]))
    if kind == "sheets":
        for k in range(5):
            book.create_sheet(f"表{k}")
            for row in rows:
                book.worksheets[-1].append(row)
    book.save(path)
    if kind == "bytes":
        return f"{kind} {spoil(rng, path)}"
    if kind == "inside":
        content = io.BytesIO()
        with zipfile.ZipFile(path) as old, zipfile.ZipFile(content, "w", zipfile.ZIP_DEFLATED) as new:
            doomed = rng.choice(old.namelist())
            for name in old.namelist():
                data = old.read(name)
                new.writestr(
                    name, rng.choice([b"", b"<x/>", data[: len(data) // 2], b"<a>" * 9999]) if name == doomed else data
                )
        path.write_bytes(content.getvalue())
        return f"inside {doomed}"
    return kind


def make(rng, village):
    """Spoil the table of facilities or of people, or make it a workbook."""
    if rng.random() < 0.3:
        path = village.path("nursery.xlsx")
        village.say("nursery.csv", "nursery.xlsx")
        return f"workbook {_workbook(rng, path)}", path.name
    path = village.path(rng.choice(["nursery.csv", "people.csv"]))
    if rng.random() < 0.25:
        return f"{path.name} {spoil(rng, path)}", path.name
    how = rng.choice(TEXTS)
    text = how(rng, path.read_text("utf-8"))
    code = rng.choice(CODES)
    path.write_bytes(text.encode(code, errors="replace"))
    return f"{path.name} {how.__name__} {code}", path.name
