"""Write docs/reference/glossary.md from docs/reference/glossary.csv: one word for one thing, in both languages."""

from __future__ import annotations

import csv
import re
from pathlib import Path

FOLDER = Path(__file__).parents[1] / "docs" / "reference"
HEAD = """\
# 术语表 · Glossary

一物一名：程序、成果和文档中每个概念只用一个中文词和一个英文词，“不写作”一列的词不用。本页由 `glossary.csv` 生成
（`scripts/make_glossary.py`），测试据同一张表逐条检查全部文字。

One word for one thing: program, results and pages call each thing by one Chinese and one English word; those under
“never” are not used. This page is made from `glossary.csv` (`scripts/make_glossary.py`), from which a test checks every
text.

| 术语 | term | 不写作 · never | 含义 | meaning |
| --- | --- | --- | --- | --- |
"""


def plain(pattern: str) -> str:
    """Give a pattern of words as a reader reads it: without what it looks for around them."""
    return re.sub(r"\(\?[^)]*\)", "", pattern)


def main() -> None:
    """Write the page."""
    rows = []
    with (FOLDER / "glossary.csv").open(encoding="utf-8", newline="") as f:
        for row in csv.DictReader(f):
            never = "、".join(plain(p) for p in f"{row['not_zh']};{row['not_en']}".split(";") if p)
            cells = (row["term_zh"], row["term_en"], never, row["meaning_zh"], row["meaning_en"])
            rows.append(f"| {' | '.join(cells)} |\n")
    (FOLDER / "glossary.md").write_text(HEAD + "".join(rows), encoding="utf-8", newline="\n")


if __name__ == "__main__":
    main()
