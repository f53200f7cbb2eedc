"""Write docs/reference/config.md and config.zh.md: what every key of a config means, as the models describe it.

Run from the project's folder: .venv/bin/python scripts/make_config_reference.py
"""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

from circle15.config.schema import config_schema

_HEAD = {
    "en": """# The config, key by key

[中文](config.zh.md)

Made by `scripts/make_config_reference.py` from `circle15/config/`. A config is TOML in UTF-8; paths are relative to its
file; unknown keys are refused with the nearest known one. `circle15 init` drafts a config, `circle15 check` lists
what is wrong with one, and `circle15 schema` prints the same as a JSON schema, by which editors complete and explain
keys.

A key without a default is required where it says so, else it may be left out.
""",
    "zh": """# 配置文件逐键说明

[English](config.md)

由 `scripts/make_config_reference.py` 根据 `circle15/config/` 生成。配置文件为 UTF-8 编码的 TOML；
路径相对于配置文件所在文件夹；不认识的键会被拒绝并提示最接近的写法。
`circle15 init` 起草配置，`circle15 check` 列出全部问题，`circle15 schema` 以 JSON schema 输出同样内容，
供编辑器补全和提示。

无默认值的键，注明“必填”者须写，其余可不写。
""",
}
_COLUMNS = {"en": ("key", "takes", "default", "meaning"), "zh": ("键", "取值", "默认", "含义")}
_ZH = {
    "text": "文本", "number": "数", "whole number": "整数", "list of {}": "{}的列表", "table of {}": "{}的表",
    "required": "必填", " or ": " 或 ", "true or false": "true 或 false", "at least": "不小于", "above": "大于",
    "to": "至", "as `where`": "同 `where`", "table": "表",
}  # fmt: skip


def config_page(lang: str) -> str:
    """Give the page in "en" or "zh" as Markdown."""
    schema = config_schema()
    tables, required = schema["$defs"], schema["anyOf"][0]
    parts, plain = [_HEAD[lang]], []
    for key, of in schema["properties"].items():
        name, title = _table_of(key, of)
        if name is None:
            plain.append(_row(key, of, lang, needed=False))
            continue
        needed = required["properties"].get(key, {}).get("required", tables[name].get("required", ()))
        rows = [_row(k, p, lang, needed=k in needed) for k, p in tables[name]["properties"].items()]
        parts.append(f"## {title}\n\n{described(of, lang)}\n\n{_table(rows, lang)}")
    rows = [_row(k, p, lang, needed=False) for k, p in tables["Condition"]["properties"].items()]
    told = {
        "en": "Which rows of a table are taken: heading = value, a list of values, or a table of these keys."
        " All columns must fit.",
        "zh": "取表中哪些行：列名 = 值、值的列表，或由下列键组成的表。各列须同时满足。",
    }
    parts.append(f"## where\n\n{told[lang]}\n\n{_table(rows, lang)}")
    title = {"en": "At the top of the file", "zh": "文件顶层"}[lang]
    return "\n\n".join([parts[0].rstrip(), f"## {title}\n\n{_table(plain, lang)}", *parts[1:]]) + "\n"


def described(of: dict[str, Any], lang: str) -> str:
    """Give what a model says of a key in one language, on one line."""
    halves = re.split(r"\n(?=[\u4e00-\u9fff])", of["description"], maxsplit=1)
    lines = halves[("en", "zh").index(lang)].split("\n")
    text = lines[0]
    for line in lines[1:]:  # Chinese is broken between characters, English between words
        text += ("" if max(text[-1], line[0]) > "\u2fff" else " ") + line
    return text


def _table_of(key: str, of: dict[str, Any]) -> tuple[str | None, str]:
    """Give the model of a table and how it is headed, None for a key of the top level."""
    for held, title in ((of, f"[{key}]"), (of.get("items", {}), f"[[{key}]]"), (_values(of), f"[{key}.NAME]")):
        if "$ref" in held:
            return held["$ref"].rpartition("/")[2], title
    return None, key


def _values(of: dict[str, Any]) -> dict[str, Any]:
    found = of.get("additionalProperties") or next(iter(of.get("patternProperties", {}).values()), {})
    return found if isinstance(found, dict) else {}


def _table(rows: list[str], lang: str) -> str:
    head = _COLUMNS[lang]
    return "\n".join([f"| {' | '.join(head)} |", "|" + " --- |" * len(head), *rows])


def _row(key: str, of: dict[str, Any], lang: str, *, needed: bool) -> str:
    default = of.get("default")
    if needed:
        default = _said("required", lang)
    elif default is None or default in ("", [], {}):
        default = ""
    else:
        default = f"`{json.dumps(default, ensure_ascii=False)}`"
    cells = (f"`{key}`", takes(of, lang), default, described(of, lang))
    return "| " + " | ".join(cell.replace("|", "\\|").replace("<", "&lt;") for cell in cells) + " |"


def takes(of: dict[str, Any], lang: str) -> str:
    """Say in words what a key takes."""
    if "$ref" in of:
        return _said("as `where`" if of["$ref"].endswith("/Condition") else "table", lang)
    if "enum" in of or "const" in of:
        return " ".join(f'`"{value}"`' for value in of.get("enum", [of.get("const")]))
    if branches := of.get("anyOf") or of.get("oneOf"):
        said = [takes(branch, lang) for branch in branches if branch.get("type") != "integer"]
        return _said(" or ", lang).join(said)
    if "prefixItems" in of:
        return "[" + ", ".join(takes(item, lang) for item in of["prefixItems"]) + "]"
    held = {"array": ("list of {}", of.get("items")), "object": ("table of {}", _values(of))}.get(of.get("type", ""))
    if held is not None:
        return _said(held[0], lang).format(takes(held[1] or {}, lang))
    words = {"boolean": "true or false", "string": "text", "integer": "whole number", "number": "number"}
    return _said(words[of["type"]], lang) + _bounds(of, lang)


def _bounds(of: dict[str, Any], lang: str) -> str:
    if "minimum" in of and "maximum" in of:
        return f" {of['minimum']} {_said('to', lang)} {of['maximum']}"
    if "minimum" in of:
        return f" {_said('at least', lang)} {of['minimum']}"
    return f" {_said('above', lang)} {of['exclusiveMinimum']}" if "exclusiveMinimum" in of else ""


def _said(text: str, lang: str) -> str:
    return _ZH[text] if lang == "zh" else text


def main() -> None:
    """Write both pages."""
    folder = Path(__file__).parents[1] / "docs" / "reference"
    folder.mkdir(exist_ok=True)
    for lang, name in (("en", "config.md"), ("zh", "config.zh.md")):
        (folder / name).write_text(config_page(lang), encoding="utf-8")


if __name__ == "__main__":
    main()
