"""Write docs/reference/data-dictionary.md: what every column of every table means, in both languages.

Run from the project's folder: .venv/bin/python scripts/make_data_dictionary.py
"""

from __future__ import annotations

from itertools import groupby
from pathlib import Path

from circle15.outputs.dictionary import Entry, dictionary

HEAD = """# Data dictionary · 数据字典

Made by `scripts/make_data_dictionary.py` from `circle15/outputs/data_dictionary.csv`, which `tables.xlsx` and its notes
are written from too. `<layer>` stands for the id of each service, `<group>` for each group of people.
A CSV prints at most so many decimals; what has none is text, or a geometry.
"""
COLUMNS = "| column | unit | decimals | 名称 | 含义 | meaning | source |\n| --- | --- | --- | --- | --- | --- | --- |"


def dictionary_page() -> str:
    """Give the page as Markdown."""
    parts = [HEAD]
    for table, entries in groupby(dictionary().values(), key=lambda e: e.table):
        rows = "\n".join(_row(e) for e in entries)
        parts.append(f"## {table}\n\n{COLUMNS}\n{rows}\n")
    return "\n".join(parts)


def _row(entry: Entry) -> str:
    look = (f"`{entry.column}`", entry.unit, entry.decimals)
    cells = (*look, entry.heading_zh, entry.meaning_zh, entry.meaning_en, entry.source)
    return "| " + " | ".join(c.replace("|", "\\|").replace("<", "&lt;") if c[:1] != "`" else c for c in cells) + " |"


def main() -> None:
    """Write the page."""
    path = Path(__file__).parents[1] / "docs" / "reference" / "data-dictionary.md"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(dictionary_page(), encoding="utf-8")


if __name__ == "__main__":
    main()
