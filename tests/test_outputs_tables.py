import numpy as np
import pandas as pd
import pytest

from circle15.outputs.tables import as_plain_text, printed, write_csv


@pytest.mark.parametrize("text", ["=1+1", "+1", "-1", "@x", "\tx", '=HYPERLINK("http://x")'])
def test_a_text_that_a_spreadsheet_would_run_is_written_as_text(text):
    assert as_plain_text(text) == "'" + text


@pytest.mark.parametrize("value", ["托育园", "a=b", "", 3.5, -2, None])
def test_other_values_stay_as_they_are(value):
    assert as_plain_text(value) == value


def test_numbers_have_fixed_decimals_by_column_and_unknown_is_empty():
    table = pd.DataFrame(
        {
            "lon": [7.41999999999],
            "people": [1 / 3],
            "covered_share": [2 / 3],
            "gap": [np.nan],
            "经度": [7.4242359],
            "load": [-0.0001],
            "gap_share": [0.0004],
            "people_per_cost": [1 / 3000],
            "flag": [True],
        }
    )
    assert printed(table).iloc[0].tolist() == [
        "7.42",
        "0.333",
        "0.666666667",
        "",
        "7.4242359",
        "0",
        "0.0004",
        "0.000333333",
        1,
    ]


def test_csv_opens_in_excel_and_comes_back_the_same(tmp_path):
    path = tmp_path / "t.csv"
    write_csv(pd.DataFrame({"name": ["托育园, 一号", '引"号'], "people": [1.5, 2.0]}), path)
    assert path.read_bytes().startswith(b"\xef\xbb\xbf")
    back = pd.read_csv(path)
    assert back["name"].tolist() == ["托育园, 一号", '引"号']
    assert back["people"].tolist() == [1.5, 2.0]


def test_the_callers_table_is_not_changed(tmp_path):
    table = pd.DataFrame({"people": [1.23456]})
    write_csv(table, tmp_path / "t.csv")
    assert table["people"].tolist() == [1.23456]
