"""What is wrong with a file that is no TOML, in words of who typed it: quotation marks, backslashes, wide signs."""

from __future__ import annotations

import re

from circle15.said import Said

_WIDE = {"＝": "=", "［": "[", "］": "]", "，": ",", "＂": '"', "＇": "'", "＃": "#", "｛": "{", "｝": "}", "．": "."}
_CURLY = "“”‘’「」『』"
_STRINGS = re.compile(r"\"(?:[^\"\\]|\\.)*\"|'[^']*'|#.*")
_PLACE = re.compile(r"\s*\(at (?:line (\d+), column (\d+)|end of document)\)")
_KINDS = {
    "Unescaped '\\' in a string": Said(
        r"双引号内的反斜杠须写成 / 或 \\，也可改用单引号：'D:\数据\a.csv'",
        r"a backslash in double quotes is written / or \\, or put the text in single quotes: 'D:\data\a.csv'",
    ),
    "Invalid hex value": Said(
        r"双引号内的反斜杠须写成 / 或 \\，也可改用单引号：'D:\数据\a.csv'",
        r"a backslash in double quotes is written / or \\, or put the text in single quotes: 'D:\data\a.csv'",
    ),
    "Unterminated string": Said("引号没有成对", "a quotation mark is not closed"),
    "Illegal character": Said(
        "引号没有在本行成对，或有不可见字符", "a quotation mark is not closed on this line, or a sign is hidden"
    ),
    "Expected '=' after a key": Said("键后应为等号：键 = 值", "after a key comes an equals sign: key = value"),
    "Expected newline or end of document": Said(
        "值之后还有内容；一行只写一个键，文字须加英文双引号",
        "something stands after the value; one key a line, texts in double quotes",
    ),
    "Invalid value": Said(
        '值写法有误；文字须加英文双引号（"文字"），数字不加单位',
        'no value; texts stand in double quotes ("text"), numbers without units',
    ),
    "Cannot overwrite a value": Said("这个键写了两次", "this key is given twice"),
    "Cannot declare": Said(
        "这张表写了两次；多项请用 [[…]]", "this table is given twice; several of a kind are written [[...]]"
    ),
    "Duplicate inline table key": Said("同一个键写了两次", "a key is given twice"),
    "Unclosed array": Said("方括号没有成对", "a square bracket is not closed"),
    "Unclosed inline table": Said("花括号没有成对", "a brace is not closed"),
    "Invalid statement": Said("既不是“键 = 值”，也不是 [表名]", "neither key = value nor [table]"),
    "Invalid initial character for a key part": Said("键名写法有误", "no name of a key"),
    "Invalid date or datetime": Said("日期写法有误，应如 2026-01-31", "no date; write 2026-01-31"),
}


def toml_fault(text: str, error: str) -> Said:
    """Say what is wrong with ``text`` in which line, as `tomllib` finds it in ``error``."""
    place = _PLACE.search(error)
    plain = error[: place.start()] if place else error
    row = int(place[1]) if place and place[1] else text.count("\n") + 1
    lines = text.splitlines()
    cause = _typed(lines[row - 1] if 0 < row <= len(lines) else "") or next(
        (said for start, said in _KINDS.items() if plain.startswith(start)), None
    )
    if cause is None:
        return Said(f"不是有效的 TOML，第 {row} 行有误（{plain}）", f"not valid TOML: {plain} (at line {row})")
    return Said("不是有效的 TOML，第 {row} 行：{cause}", "not valid TOML: {plain} (at line {row}): {cause}").format(
        row=row, cause=cause, plain=plain
    )


def _typed(line: str) -> Said | None:
    """Name the sign that a Chinese keyboard types where TOML wants another; None where there is none."""
    bare = _STRINGS.sub("", line)
    curly = next((sign for sign in bare if sign in _CURLY), None)
    if curly is not None:
        return Said(f'{curly} 是中文引号，应为英文双引号 "', f'{curly} is no quotation mark of TOML; write "')
    wide = next((sign for sign in bare if sign in _WIDE), None)
    if wide is not None:
        return Said(f"{wide} 是全角符号，应为半角 {_WIDE[wide]}", f"{wide} is full-width; write {_WIDE[wide]}")
    return None


def not_utf8(byte: int) -> Said:
    """Say that a config is not UTF-8 from ``byte`` on."""
    return Said(
        f"不是 UTF-8 文本（第 {byte} 字节起，可能是 GBK）；请在编辑器中另存为 UTF-8",
        f"not UTF-8 text (byte {byte}; GBK perhaps); save the config as UTF-8",
    )
