"""Our own parsers on random text: each gives a value or our error, whatever it is given. Usage: SECONDS [SEED]."""

import random
import string
import sys
import tempfile
import time
from pathlib import Path

from circle15.errors import Circle15Error

LETTERS = (
    string.ascii_letters
    + string.digits
    + " .,;:=|!~\"'#%&/\\()[]{}<>+-*_\t\n\r\0"
    + "甲乙一二三百千万亿点约到至＝，；：（）【】％０１２ⅣⅩ½²㎡\u202e\ufeff\u3000😀"
)
WORDS = (
    "1,234", "-", "约", "万", "%", "1e308", "1e-400", "nan", "inf", "0x1", "１２", "½", "osm:", "k=v", "!=", "|", ";", "~", "120个", "120-150", "（", "）", "无", "合计",
    "121.5", "29.9", "N", "E", "°", "′", "″", "POINT(", "EPSG:", "gcj02", "330205001000", "330205001000.0", "3.30205E+11", "街道办事处",
)  # fmt: skip


def text_of(rng):
    n = rng.choice([0, 1, 3, 10, 40, 400])
    parts = [rng.choice(LETTERS) if rng.random() < 0.6 else rng.choice(WORDS) for _ in range(n)]
    return "".join(parts)


def _numbers(text, _folder):
    from circle15.inputs.tables.numbers import parse_number

    found = parse_number(text)
    assert isinstance(found.value, float)


def _codes(text, _folder):
    from circle15.inputs.tables.numbers import parse_code

    assert isinstance(parse_code(text).code, str)


def _filters(text, _folder):
    from circle15.inputs.osm.tag_filter import parse_tag_filter

    parse_tag_filter(text)


def _systems(text, _folder):
    from circle15.config.crs_names import plain_crs

    plain_crs(text)


def _tables(text, folder):
    from circle15.inputs.tables.reading import read_table

    path = folder / "t.csv"
    path.write_bytes(("名称,经度,纬度\n甲,121.5,29.9\n" + text).encode("utf-8", "replace"))
    read_table(path)


def _configs(text, folder):
    from circle15.config.model import read_toml

    path = folder / "t.toml"
    path.write_text(text, encoding="utf-8", newline="")
    read_toml(path)


def _geojson(text, _folder):
    from circle15.inputs.geofiles.drivers import without_links

    made, _ = without_links(
        '{"crs": {"type": "link"}, "x": "' + text.replace('"', "").replace("\\", "") + '"}', file="x"
    )
    assert '"link"' not in made


def _dbf(text, folder):
    from circle15.inputs.geofiles.dbf import read_dbf

    path = folder / "t.dbf"
    path.write_bytes(b"\x03" + text.encode("utf-8", "replace")[:200] + b"\x0d" + text.encode("gb18030", "replace"))
    read_dbf(path, file="t.dbf")


def _unfolding(text, folder):
    from circle15.inputs.osm.unfolding import check_unfolding

    path = folder / "t.osm.pbf"
    path.write_bytes(b"\0\0\0\x10" + text.encode("utf-16-le", "replace"))
    check_unfolding(path)


def _names(text, _folder):
    from circle15.inputs.ground.ids import file_safe

    assert set(file_safe(text)) <= set(string.ascii_lowercase + string.digits + "-_")


PARSERS = (_numbers, _codes, _filters, _systems, _tables, _configs, _geojson, _dbf, _unfolding, _names)


def try_one(parser, seed, folder):
    """Give what goes wrong, None where nothing does."""
    text = text_of(random.Random(f"{parser.__name__} {seed}"))
    began = time.process_time()
    try:
        parser(text, folder)
    except Circle15Error:
        pass
    except Exception as e:  # noqa: BLE001 (whatever comes is what is looked for)
        return f"{parser.__name__} {seed}: {type(e).__name__}: {e}; text {text[:200]!r}"
    took = time.process_time() - began
    return f"{parser.__name__} {seed}: {took:.1f} s; text {text[:200]!r}" if took > 10 else None


def main():
    """Try until the time is up; say what fails and how often each parser was tried."""
    seconds, seed = float(sys.argv[1]), int(sys.argv[2]) if len(sys.argv) > 2 else 1
    end, n, wrong = time.monotonic() + seconds, 0, []
    with tempfile.TemporaryDirectory() as folder:
        while time.monotonic() < end and len(wrong) < 10:
            for parser in PARSERS:
                told = try_one(parser, seed + n, Path(folder))
                if told is not None:
                    wrong.append(told)
                    print(told, flush=True)
            n += 1
    print(f"{len(PARSERS)} parsers, {n} texts each from seed {seed}: {len(wrong)} wrong", flush=True)
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
