"""Ways to spoil bytes and values that every kind of file shares."""

NUMBERS = (
    "nan", "inf", "-inf", "1e400", "-1e308", "1e308", "999", "-999", "91", "181", "", " ", "0x10", "1_0", "１２１", "12,5", "--1",
    "1e-400", "NULL", "#N/A", "=1+1", "9" * 400, "0", "-0.0", "1e20", "2147483648", "18446744073709551616", "甲",
)  # fmt: skip


def flipped(rng, content, most=12):
    """Give bytes of which some are others."""
    made = bytearray(content)
    for _ in range(rng.randint(1, most)):
        made[rng.randrange(len(made))] = rng.randrange(256)
    return bytes(made)


def cut_off(rng, content):
    return content[: rng.randrange(1, len(content))]


def doubled(rng, content):
    """Give bytes of which a piece stands there again."""
    a, b = sorted(rng.randrange(len(content)) for _ in range(2))
    at = rng.randrange(len(content))
    return content[:at] + content[a:b] + content[at:]


def holed(rng, content):
    """Give bytes of which a piece is zeros or missing."""
    a, b = sorted(rng.randrange(len(content)) for _ in range(2))
    return content[:a] + (bytes(b - a) if rng.random() < 0.5 else b"") + content[b:]


def foreign(rng, _content):
    """Give bytes of another format altogether."""
    return rng.choice(
        [
            b"\x00" * 1000, b"\xff\xfe" + "名称,经度".encode("utf-16-le"), b"%PDF-1.4\n", b"PK\x03\x04", b"SQLite format 3\0",
            b"<html><body>404</body></html>", b"{}", b"[]", b"PAR1PAR1", b"\x1f\x8b\x08", b"\n", b"II*\0", b"BZh9", b"null",
            bytes(rng.randrange(256) for _ in range(300)), b"version https://git-lfs.github.com/spec/v1\n",
        ]
    )  # fmt: skip


SPOILS = (flipped, cut_off, doubled, holed, foreign)


def spoil(rng, path):
    """Spoil a file's bytes and say how."""
    how = rng.choice(SPOILS)
    path.write_bytes(how(rng, path.read_bytes()))
    return how.__name__


def other_cell(rng, text):
    """Give a table's text with one cell another."""
    lines = text.split("\n")
    row = rng.randrange(len(lines) - 1)
    cells = lines[row].split(",")
    cells[rng.randrange(len(cells))] = rng.choice(NUMBERS)
    lines[row] = ",".join(cells)
    return "\n".join(lines)


VALUES = (
    None, True, False, 0, -1, 1, 2**31, 2**63, 10**400, 1e308, -1e308, 1e-320, float("nan"), float("inf"), "", " ", "x" * 5000, "\x00", "\x1b[2J", "\u202e",
    "../../../etc/passwd", "/dev/zero", "甲", "=1+1", [], {}, [[]], [None], {"": None}, ["x"] * 1000, {"a": {"b": {"c": []}}}, "nan", "2024-13-99", "<script>",
)  # fmt: skip
"""What stands in JSON where something else is looked for."""


def other_node(rng, told):
    """Give JSON of which one node is another value, is missing or stands there twice; tell where."""
    at, where = told, []
    while isinstance(at, dict | list) and at:
        key = rng.choice(sorted(at)) if isinstance(at, dict) else rng.randrange(len(at))
        where.append(str(key)[:20])
        if not isinstance(at[key], dict | list) or not at[key] or rng.random() < 0.25:
            break
        at = at[key]
    else:
        return "nothing"
    how = rng.choice(["value", "value", "value", "gone", "twice"])
    if how == "gone":
        del at[key]
    elif how == "twice" and isinstance(at, list):
        at.insert(key, at[key])
    else:
        at[key] = rng.choice(VALUES)
    return f"{how} {'.'.join(where)}"


def spoil_table(rng, text):
    """Give a table's text with cells, rows or columns spoiled, and how."""
    how = rng.choice(["cells", "cells", "cells", "twice", "column", "order", "swapped", "rows"])
    lines = text.rstrip("\n").split("\n")
    if how == "cells":
        for _ in range(rng.randint(1, 4)):
            text = other_cell(rng, text if text.endswith("\n") else text + "\n")
        return text, how
    if how == "twice":
        k = rng.randrange(1, len(lines)) if len(lines) > 1 else 0
        lines += [lines[k]] * rng.choice([1, 50])
    elif how == "rows":
        lines = lines[: rng.randrange(0, 3)]
    elif how == "order":
        body = lines[1:]
        rng.shuffle(body)
        lines = [*body, lines[0]]
    else:
        k = rng.randrange(len(lines[0].split(",")))
        rows = [line.split(",") for line in lines]
        for row in rows:
            if how == "column" and k < len(row):
                del row[k]
            elif how == "swapped" and len(row) > 1:
                row[k % len(row)], row[(k + 1) % len(row)] = row[(k + 1) % len(row)], row[k % len(row)]
        lines = [",".join(row) for row in rows]
    return "\n".join(lines) + "\n", how
