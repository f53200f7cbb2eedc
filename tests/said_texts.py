"""Every text of circle15 that somebody reads, found in its source: alone, and with its other language."""

import ast
import csv
import re
from pathlib import Path

ROOT = Path(__file__).parents[1]
PACKAGE = ROOT / "circle15"
CJK = re.compile("[\u4e00-\u9fff]")
READS_NAMES = {
    "inputs/tables/headings.py", "inputs/tables/repeated_rows.py", "inputs/tables/numbers.py", "inputs/people/census_rows.py",
}  # fmt: skip
"""They know what others call things."""
TABLES = ("outputs/catalogue.csv", "outputs/data_dictionary.csv")
_JS_TEXT = re.compile(r'"((?:[^"\\]|\\.)*)"|`((?:[^`\\]|\\.)*)`|>([^<>{}]+)<')
_JS_PAIR = re.compile(r'zh:\s*(["`])((?:(?!\1).)*)\1,\s*en:\s*(["`])((?:(?!\3).)*)\3', re.DOTALL)


def literal(node):
    """Give a constant text, with {} for what is filled in; None for anything else."""
    if isinstance(node, ast.Constant) and isinstance(node.value, str):
        return node.value
    if isinstance(node, ast.JoinedStr):
        return "".join(part.value if isinstance(part, ast.Constant) else "{}" for part in node.values)
    return None


def sources():
    """Give (path within the package, syntax tree) of every module."""
    for path in sorted(PACKAGE.rglob("*.py")):
        name = path.relative_to(PACKAGE).as_posix()
        if name not in READS_NAMES:
            yield name, ast.parse(path.read_text("utf-8"))


def _documentation(tree, name):
    """Give the ids of texts that only readers of the source meet; those of a config's keys are its help."""
    if name.startswith("config/"):
        return set()
    return {id(node.value) for node in ast.walk(tree) if isinstance(node, ast.Expr)}


def chinese_texts():
    """Give (where, text) of every text with Chinese letters: source, templates, tables."""
    for name, tree in sources():
        silent = _documentation(tree, name)
        inner = {id(v) for n in ast.walk(tree) if isinstance(n, ast.JoinedStr) for v in n.values}
        for node in ast.walk(tree):
            text = literal(node)
            if text and CJK.search(text) and id(node) not in silent | inner:
                yield f"{name}:{node.lineno}", text
    for path in sorted((PACKAGE / "outputs" / "templates").rglob("*.*")):
        for i, line in enumerate(path.read_text("utf-8").splitlines(), start=1):
            for groups in _JS_TEXT.findall(line):
                text = "".join(groups)
                if CJK.search(text):
                    yield f"{path.name}:{i}", re.sub(r"\$\{[^}]*\}", "{}", text)
    for name in TABLES:
        for i, row in enumerate(table(name), start=2):
            yield from ((f"{name}:{i}:{column}", text) for column, text in row.items() if CJK.search(text or ""))


def table(name):
    """Give the rows of one of the package's tables."""
    with (PACKAGE / name).open(encoding="utf-8", newline="") as f:
        return list(csv.DictReader(f))


def _both_sides(node):
    """Give the two places of a piece of source where two languages may stand, None for anything else."""
    if isinstance(node, ast.Call) and len(node.args) >= 2:
        return node.args[:2] if getattr(node.func, "id", "") == "Said" else node.args[-2:]
    if isinstance(node, ast.Tuple) and len(node.elts) == 2:
        return node.elts
    return [node.body, node.orelse] if isinstance(node, ast.IfExp) else None


def _said_in_source():
    for name, tree in sources():
        for node in ast.walk(tree):
            zh, en = map(literal, _both_sides(node) or (None, None))
            if zh and en and CJK.search(zh) and not CJK.search(en.replace("万元", "")):
                yield f"{name}:{node.lineno}", zh, en


def said_pairs():
    """Give (where, Chinese, English) of every text that stands in both languages side by side."""
    yield from _said_in_source()
    for path in sorted((PACKAGE / "outputs" / "templates").rglob("*.js")):
        for _, zh, _, en in _JS_PAIR.findall(path.read_text("utf-8")):
            yield path.name, zh, en
    for name in TABLES:
        for i, row in enumerate(table(name), start=2):
            for column in row:
                if column.endswith("_zh") and row[column]:
                    yield f"{name}:{i}", row[column], row[f"{column[:-3]}_en"]
