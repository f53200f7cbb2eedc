"""Numbers as people type them."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from circle15.inputs.tables.numbers import is_missing, parse_degrees, parse_number, parse_pair


@pytest.mark.parametrize(
    ("text", "value", "reason"),
    [
        ("120", 120, None), ("-5", -5, None), ("1.5e3", 1500, None),
        (".5", 0.5, None),
        ("", math.nan, None), ("１２０", 120, "full_width"), (" 120 ", 120, "spaces"),
        ("1 200", 1200, "spaces"), ("1,200", 1200, "thousands"),
        ("１，２００．５", 1200.5, "thousands"), ("3,5", 3.5, "comma_decimal"), ("约200", 200, "approximate"),
        ("50余", 50, "approximate"), ("50余张", 50, "approximate"), ("近300人", 300, "approximate"),
        ("200+", 200, "approximate"),
        ("≥200", 200, "approximate"), ("200左右", 200, "approximate"), ("120张", 120, "unit_in_cell"),
        ("800㎡", 800, "unit_in_cell"), ("800 m²", 800, "unit_in_cell"), ("1.2万", 12_000, "unit_scaled"),
        ("3亩", 2000, "unit_scaled"), ("2公顷", 20_000, "unit_scaled"), ("120（含临托20）", 120, "remark"),
        ("三十", 30, "chinese_number"), ("一百二十", 120, "chinese_number"), ("两百零五张", 205, "chinese_number"),
        ("十", 10, "chinese_number"), ("一千零一", 1001, "chinese_number"), ("三万五千", 35_000, "chinese_number"),
        ("五十余", 50, "approximate"), ("—", math.nan, "no_value"),
        ("/", math.nan, "no_value"), ("无", math.nan, "no_value"),
        ("N/A", math.nan, "no_value"), ("50-60", math.nan, "range"), ("50～60张", math.nan, "range"),
        ("5至6", math.nan, "range"),
        ("12O", math.nan, "not_a_number"), ("较多", math.nan, "not_a_number"), ("85%", math.nan, "not_a_number"),
        ("9" * 400, math.nan, "not_a_number"), ("1,2,3", math.nan, "not_a_number"),
    ],
)  # fmt: skip
def test_a_number_is_read_and_what_was_done_to_it_is_said(text, value, reason):
    parsed = parse_number(text)
    assert parsed.value == pytest.approx(value, nan_ok=True)
    assert parsed.reason == reason


@pytest.mark.parametrize(
    ("text", "unit", "value"),
    [
        ("1.2", "万㎡", 12_000),
        ("1.2", "㎡", 1.2),
        ("3", "亩", 2000),
        ("5", "什么", 5),
        ("3亩", "万㎡", 2000),
        ("", "万", math.nan),
    ],
)
def test_the_unit_of_the_heading_scales_what_has_none_of_its_own(text, unit, value):
    assert parse_number(text, heading_unit=unit).value == pytest.approx(value, nan_ok=True)


@pytest.mark.parametrize(
    ("text", "value", "reason"),
    [
        ("121.5533", 121.5533, None), ("121,5533", 121.5533, "comma_decimal"), ("121,553", 121.553, "comma_decimal"),
        ("121°33′12″", 121 + 33 / 60 + 12 / 3600, "dms"), ("121°33'12\"", 121 + 33 / 60 + 12 / 3600, "dms"),
        ("东经121度33分12秒", 121 + 33 / 60 + 12 / 3600, "dms"), ("29:53:20N", 29 + 53 / 60 + 20 / 3600, "dms"),
        ("29°53.5′", 29 + 53.5 / 60, "dms"), ("S29°30′", -29.5, "dms"), ("-29.5", -29.5, None),
        ("121.5°", 121.5, "hemisphere"),
        ("E121.5", 121.5, "hemisphere"), ("１２１．５", 121.5, "full_width"), ("121°75′", math.nan, "not_a_number"),
        ("121°33′72″", math.nan, "not_a_number"), ("121.5°30′", math.nan, "not_a_number"), ("无", math.nan, "no_value"),
        ("某路1号", math.nan, "not_a_number"), ("", math.nan, None),
    ],
)  # fmt: skip
def test_degrees_are_read_however_written(text, value, reason):
    parsed = parse_degrees(text)
    assert parsed.value == pytest.approx(value, nan_ok=True, abs=1e-12)
    assert parsed.reason == reason


@pytest.mark.parametrize(
    ("text", "lon", "lat"),
    [
        ("121.5,29.9", 121.5, 29.9), ("29.9，121.5", 121.5, 29.9), ("(121.5 29.9)", 121.5, 29.9),
        ("121.5;29.9", 121.5, 29.9),
        ("7.4,43.7", 7.4, 43.7), ("121.5", math.nan, math.nan), ("a,b", math.nan, math.nan), ("", math.nan, math.nan),
    ],
)  # fmt: skip
def test_two_coordinates_in_one_cell_come_apart(text, lon, lat):
    x, y = parse_pair(text)
    assert (x.value, y.value) == pytest.approx((lon, lat), nan_ok=True)


@given(st.floats(allow_nan=False, allow_infinity=False, width=32).filter(lambda v: abs(v) < 1e15))
def test_what_a_computer_writes_comes_back_unchanged(value):
    assert parse_number(repr(value)).value == value
    assert parse_number(repr(value)).reason is None


@given(st.integers(min_value=0, max_value=999_999_999))
def test_thousands_separators_change_nothing(value):
    assert parse_number(f"{value:,}").value == value


@given(st.text(max_size=60))
def test_no_text_breaks_the_parsers_or_makes_an_infinite_number(text):
    for parsed in (parse_number(text), parse_degrees(text), *parse_pair(text)):
        assert not math.isinf(parsed.value)
        assert math.isfinite(parsed.value) or parsed.reason is not None or is_missing(text)
