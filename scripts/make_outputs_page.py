"""Write docs/reference/outputs.md: every file that circle15 writes, in both languages.

Run from the project's folder: .venv/bin/python scripts/make_outputs_page.py
"""

from __future__ import annotations

from pathlib import Path

from circle15.outputs.catalogue import Output, catalogue
from circle15.outputs.dictionary import dictionary

HEAD = """# What circle15 writes · 成果文件

Made by `scripts/make_outputs_page.py` from `circle15/outputs/catalogue.csv`, which the writers, the sheets of
`tables.xlsx` and the traces of `run.json` follow too. Names of tables lead to what their columns mean.

CSV is UTF-8 with BOM; the same inputs give the same bytes, whatever the number of threads.
CSV 为带 BOM 的 UTF-8；输入相同，文件逐字节相同。

本页由 `scripts/make_outputs_page.py` 根据 `circle15/outputs/catalogue.csv` 生成。表名链接到各列的含义。
"""
COLUMNS = "| file 文件 | 内容 | content | read by |\n| --- | --- | --- | --- |"
COMMANDS = {
    "site": "`circle15 site --out DIR`",
    "programme CONFIG": "`circle15 programme --out DIR`",
    "rank": "`circle15 rank --out DIR`",
    "compare": "`circle15 compare --out DIR`",
    "trend": "`circle15 trend --out DIR`",
    "batch": "`circle15 batch`",
}
SIDES = """Read by: `gpkg` is district.gpkg, `charts` the charts of tables.xlsx, `summary` that of a batch. A table
without data is not written. `circle15 rank --out DIR` writes `ranking.csv` or `projects.csv` alone. 没有数据的表不写。
"""
KEYS = {"pdf": "pdf = true", "pictures": "pictures = true", "isochrones": 'isochrones = "all"'}


def outputs_page() -> str:
    """Give the page as Markdown."""
    of_a_run = [o for o in catalogue().values() if o.asked_by not in COMMANDS]
    sheets = [o for o in of_a_run if o.sheet_zh]
    rows = "\n".join(_row(o) for o in of_a_run)
    parts = [HEAD, f"## A run · 一次运行\n\n{SIDES}\n{COLUMNS}\n{rows}\n"]
    for command, name in COMMANDS.items():
        own = "\n".join(_row(o) for o in catalogue().values() if o.asked_by == command)
        parts.append(f"## {name}\n\n{COLUMNS}\n{own}\n")
    asked = "\n".join(f"| {_asked(name)} | {_files(of_a_run, name)} |" for name in _names(of_a_run))
    parts.append(
        f"## What asks for each · 由何而出\n\n`[outputs]` of the config:\n\n| key | files |\n| --- | --- |\n{asked}\n"
    )
    titles = "\n".join(f"| {o.sheet_zh} | {o.sheet_en} | `{o.files[0]}` |" for o in sheets)
    parts.append(
        "## Sheets of `tables.xlsx` · 工作表\n\nA sheet stands where the run has its table.\n\n"
        f"| 工作表 | sheet | table |\n| --- | --- | --- |\n{titles}\n"
    )
    traced = "\n".join(f"| {_name(o)} | {', '.join(o.computed_from)} |" for o in of_a_run if o.computed_from)
    parts.append(
        "## What each is computed from · 数据来源\n\nKinds of inputs; `run.json` names the files under `tables`.\n\n"
        f"| file | kinds of inputs |\n| --- | --- |\n{traced}\n"
    )
    return "\n".join(parts)


def _row(output: Output) -> str:
    return f"| {_name(output)} | {output.meaning_zh} | {output.meaning_en} | {', '.join(output.read_by)} |"


def _name(output: Output) -> str:
    is_described = any(table == output.key for table, _ in dictionary())
    first, *others = (f"`{name}`" for name in output.files)
    return ", ".join([f"[{first}](data-dictionary.md#{output.key})" if is_described else first, *others])


def _names(outputs: list[Output]) -> list[str]:
    return list(dict.fromkeys(o.asked_by for o in outputs))


def _asked(name: str) -> str:
    if not name:
        return "always"
    return f"`{KEYS[name]}`" if name in KEYS else f'`write = ["{name}"]`, and without `write`'


def _files(outputs: list[Output], asked_by: str) -> str:
    return ", ".join(f"`{name}`" for o in outputs if o.asked_by == asked_by for name in o.files)


def main() -> None:
    """Write the page."""
    path = Path(__file__).parents[1] / "docs" / "reference" / "outputs.md"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(outputs_page(), encoding="utf-8")


if __name__ == "__main__":
    main()
