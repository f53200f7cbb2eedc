"""Runs of several dates: how each number moved, and what moved it."""

from itertools import permutations

import numpy as np
import pandas as pd
import pytest
from click.testing import CliRunner

import circle15
from circle15.cli import main
from circle15.config.district import last_day
from circle15.config.model import load_config
from circle15.errors import ConfigError, InputError
from circle15.measures.shapley import shapley_parts
from circle15.outputs.trends import BY_FACTOR, COLUMNS
from circle15.pipeline.study.clock import Clock
from circle15.pipeline.study.read_study import read_study
from circle15.runs.trend.exchange import FACTORS, Pair
from circle15.runs.trend.trend_table import gather_trend
from circle15.runs.trend.what_moved import measured_numbers
from tests.dated_town import CLINICS, UNITS, run_town, write_town

BY = list(BY_FACTOR)


def grown(c, r):
    return 14 + 2 * c + r


BIGGER = (("甲", 1, 1, 70), CLINICS[1])
OPENED = (*CLINICS, ("丙", 6, 3, 20))


@pytest.fixture(scope="module")
def one_cause_each(tmp_path_factory):
    """Give a series whose every date differs from the one before in one thing."""
    folder = tmp_path_factory.mktemp("dates")
    was = {}
    dates = {
        "2020": {},
        "2021": {"clinics": OPENED},
        "2022": {"people": grown},
        "2023": {"bridges": (0, 3)},
        "2024": {"clinics": (BIGGER[0], *OPENED[1:])},
        "2025": {"minutes": 5},
    }
    folders = []
    for as_of, change in dates.items():
        was |= change
        folders.append(run_town(folder, as_of, **was))
    return gather_trend(folders)


CAUSES = dict(
    zip(("2021", "2022", "2023", "2024", "2025"), ("facilities", "people", "streets", "capacity", "rules"), strict=True)
)


def moved(table, as_of, measure="covered_share", unit="town"):
    return table.query("as_of == @as_of and measure == @measure and unit_id == @unit").iloc[0]


def test_a_series_with_one_known_cause_each_is_told_right(one_cause_each):
    table = one_cause_each.table
    for as_of, cause in CAUSES.items():
        rows = table[(table["as_of"] == as_of) & table["change"].notna()]
        assert (rows["change"] != 0).any()
        assert (rows[f"by_{cause}"] == rows["change"]).all()
        assert (rows[[c for c in BY if c != f"by_{cause}"]] == 0).all(axis=None)
    district = one_cause_each.districts[0]
    assert [date.changed for date in district.dates] == [(), *((cause,) for cause in CAUSES.values())]


def test_what_each_cause_moved_is_what_one_expects(one_cause_each):
    table = one_cause_each.table
    assert moved(table, "2021")["change"] > 0
    assert moved(table, "2021", unit="w1")["change"] == 0  # the new one stands in the east, beyond the river
    assert moved(table, "2021", "gap")["change"] < 0
    assert moved(table, "2022", "people")["change"] > 0
    assert moved(table, "2023")["change"] > 0  # one more bridge covers more
    assert moved(table, "2024")["change"] == 0  # beds cover nobody
    assert moved(table, "2024", "gap")["change"] < 0
    assert moved(table, "2025")["change"] < 0


def test_the_frame_has_the_columns_of_the_table_and_values_as_written(one_cause_each):
    table = one_cause_each.table
    assert list(table.columns) == list(COLUMNS)
    assert table.loc[table["as_of"] == "2020", ["change", *BY]].isna().all(axis=None)
    assert set(table["measure"]) >= {"covered_share", "gap", "supply_per_1000", "match", "access", "complete_share"}


@pytest.fixture(scope="module")
def mixed(tmp_path_factory):
    """Give two dates that differ in everything, and their studies."""
    folder = tmp_path_factory.mktemp("mixed")
    before = run_town(folder, "2023-12-31")
    clinics = (("甲", 1, 1, 55), ("丙", 6, 2, 25), ("丁", 2, 5, 15))  # 乙 closed, 丙 and 丁 opened, 甲 grown
    after = run_town(folder, "2024-12-31", clinics=clinics, people=grown, bridges=(0, 3), minutes=7, norm=70.0)
    return folder, gather_trend([after, before])


def test_parts_sum_to_the_change_in_the_frame_and_as_printed(mixed):
    table = mixed[1].table
    known = table[table["change"].notna()]
    assert len(known) > 20
    assert (known[BY].sum(axis=1) - known["change"]).abs().max() <= 1e-9
    assert mixed[1].districts[0].dates[1].changed == FACTORS
    printed = known[["change", *BY]].round(9)
    assert (printed[BY].sum(axis=1) - printed["change"]).abs().max() <= 1e-9


def test_parts_are_the_mean_over_all_orders_of_runs_with_inputs_exchanged_file_by_file(mixed):
    """The independent answer: configs whose files are those of one date or the other, each run for itself."""
    folder, found = mixed
    dates = ("2023-12-31", "2024-12-31")
    texts = [(folder / date / "town.toml").read_text(encoding="utf-8") for date in dates]
    rules = [text[text.index("minutes") : text.index("capacity_unit")] for text in texts]
    tables = [pd.read_csv(folder / date / "clinics.csv") for date in dates]

    def share_of(chosen):
        side = {factor: int(factor in chosen) for factor in FACTORS}
        clinics = tables[side["facilities"]].copy()
        beds = tables[side["capacity"]].set_index("name")["capacity"]
        clinics["capacity"] = [beds.get(n, c) for n, c in zip(clinics["name"], clinics["capacity"], strict=True)]
        clinics.to_csv(folder / "mixed.csv", index=False)
        text = texts[0].replace(rules[0], rules[side["rules"]]).replace("units.geojson", f"{dates[0]}/units.geojson")
        text = text.replace("streets.osm", f"{dates[side['streets']]}/streets.osm")
        text = text.replace("people.csv", f"{dates[side['people']]}/people.csv").replace("clinics.csv", "mixed.csv")
        (folder / "mixed.toml").write_text(text, encoding="utf-8")
        numbers = measured_numbers(read_study(load_config(folder / "mixed.toml"), Clock()))
        rows = numbers[numbers["measure"].isin(["covered_share", "gap"])]
        return rows.set_index(["unit_id", "measure"])["value"]

    known = {}
    by_hand = dict.fromkeys(FACTORS, 0.0)
    orders = list(permutations(FACTORS))
    for order in orders:
        chosen = set()
        for factor in order:
            ends = [frozenset(chosen), frozenset(chosen | {factor})]
            for end in ends:
                known[end] = share_of(end) if end not in known else known[end]
            by_hand[factor] = by_hand[factor] + (known[ends[1]] - known[ends[0]]) / len(orders)
            chosen.add(factor)
    last = found.table[found.table["as_of"] == dates[1]].set_index(["unit_id", "measure"])
    for factor in FACTORS:
        expected = by_hand[factor]
        assert last.loc[expected.index, f"by_{factor}"].to_numpy() == pytest.approx(expected.to_numpy(), abs=1e-8)
        assert (expected.abs() > 1e-6).any()


@pytest.mark.parametrize("seed", range(3))
def test_what_did_not_change_has_no_part_on_generated_pairs(tmp_path, seed):
    draw = np.random.default_rng(seed)
    changes = {
        "facilities": {"clinics": (*CLINICS, ("丙", int(draw.integers(0, 9)), int(draw.integers(0, 7)), 20))},
        "people": {"people": lambda c, r: 5 + (3 * c + 5 * r) % 7},
        "streets": {"bridges": (0, int(draw.integers(1, 7)))},
        "rules": {"minutes": int(draw.integers(4, 9)) + 0.5},
    }
    chosen = sorted(draw.choice(sorted(changes), size=2, replace=False))
    after = {k: v for name in chosen for k, v in changes[name].items()}
    folders = [run_town(tmp_path, "2023"), run_town(tmp_path, "2024", **after)]
    found = gather_trend(folders)
    rows = found.table[found.table["change"].notna()]
    idle = [f"by_{f}" for f in FACTORS if f not in chosen]
    assert (rows[idle] == 0).all(axis=None)
    assert (rows[BY].sum(axis=1) - rows["change"]).abs().max() <= 1e-9
    assert found.districts[0].dates[1].changed == tuple(f for f in FACTORS if f in chosen)


def test_shapley_parts_are_the_mean_over_orders_and_nothing_for_what_changes_nothing():
    draw = np.random.default_rng(15)
    factors = ("a", "b", "c", "idle")
    table = {}

    def value(chosen):
        key = frozenset(chosen) - {"idle"}
        return table.setdefault(key, draw.normal(size=4))

    found = shapley_parts(value, factors)
    for factor in factors:
        steps = []
        for order in permutations(factors):
            before = set(order[: order.index(factor)])
            steps.append(value(frozenset(before | {factor})) - value(frozenset(before)))
        assert found[factor] == pytest.approx(np.mean(steps, axis=0), abs=1e-12)
    assert (found["idle"] == 0).all()
    assert sum(found.values()) == pytest.approx(value(frozenset(factors)) - value(frozenset()), abs=1e-12)


def test_an_input_that_was_replaced_since_is_told_and_leaves_values_and_changes(tmp_path):
    folders = [run_town(tmp_path, "2023"), run_town(tmp_path, "2024", clinics=OPENED)]
    (tmp_path / "2023" / "clinics.csv").write_bytes((tmp_path / "2024" / "clinics.csv").read_bytes())
    found = gather_trend(folders)
    row = moved(found.table, "2024")
    assert row["change"] > 0
    assert found.table[BY].isna().all(axis=None)
    assert any("clinics.csv" in note and "names of their own" in note for note in found.notes)


def test_renamed_and_moved_rows_are_the_same_facilities(tmp_path):
    renamed = (("乙", 7, 5, 30), ("甲诊所", 1, 1, 40))  # other order, so other ids; one has another name
    pair = studies(tmp_path, {}, {"clinics": renamed})
    assert pair.same == {"clinic-2": "clinic-3", "clinic-3": "clinic-2"}
    assert pair.changed() == ()
    moved_away = (("甲", 3, 4, 40), CLINICS[1])
    assert studies(tmp_path, {}, {"clinics": moved_away}).changed() == ("facilities",)
    grown_and_new = (("甲", 1, 1, 41), CLINICS[1], ("丙", 2, 2, 5))
    assert studies(tmp_path, {}, {"clinics": grown_and_new}).changed() == ("facilities", "capacity")


def studies(folder, before, after):
    read = [
        read_study(load_config(write_town(folder / as_of, as_of, **changes)), Clock())
        for as_of, changes in (("2023", before), ("2024", after))
    ]
    return Pair(*read)


def test_facilities_of_one_extract_that_opened_are_not_told_as_streets(tmp_path):
    paths = []
    for as_of, more in (
        ("2023", ""),
        ("2024", '<node id="9001" version="1" lon="0.003" lat="0.0045"><tag k="amenity" v="clinic"/></node>'),
    ):
        path = write_town(tmp_path / as_of, as_of)
        text = path.read_text(encoding="utf-8").replace('"clinics.csv"\ncrs = "wgs84"', '"osm:amenity=clinic"')
        text = text.replace("norm_per_1000 = 60.0\n", "")
        path.write_text(text, encoding="utf-8")
        osm = (tmp_path / as_of / "streets.osm").read_text(encoding="utf-8")
        old = '<node id="9000" version="1" lon="0.001" lat="0.0012"><tag k="amenity" v="clinic"/></node>'
        (tmp_path / as_of / "streets.osm").write_text(osm.replace("<way", old + more + "<way", 1), encoding="utf-8")
        paths.append(path)
    pair = Pair(*(read_study(load_config(path), Clock()) for path in paths))
    assert pair.changed() == ("facilities",)


def test_a_unit_with_another_code_or_name_is_followed_and_a_new_one_has_no_change(tmp_path):
    recoded = (("330-2", "East", *UNITS[1][2:]), ("330-1", "New West", *UNITS[0][2:]))
    cut = (*recoded[:1], ("330-1", "New West", -0.0005, 0.002), ("330-3", "Middle", 0.002, 0.0045))
    folders = [
        run_town(tmp_path, "2022"),
        run_town(tmp_path, "2023", units=recoded),
        run_town(tmp_path, "2024", units=cut),
    ]
    found = gather_trend(folders)
    table = found.table
    assert moved(table, "2023", unit="330-1")["change"] == 0
    assert moved(table, "2023", unit="330-2")["change"] == 0
    assert any("New West (330-1) is what was West (w1)" in note for note in found.notes)
    middle = table.query("as_of == '2024' and unit_id == '330-3'")
    assert middle["change"].isna().all()
    assert middle["note"].str.contains("no such unit").all()
    west = moved(table, "2024", "people", unit="330-1")
    assert west["by_people"] == west["change"] < 0  # its outline was cut
    assert any("New West has another outline" in note for note in found.notes)
    assert any("Middle is new" in note for note in found.notes)


def test_services_that_only_one_date_has_are_told_and_sums_over_services_are_not_compared(tmp_path):
    more = '[[layer]]\nid = "sport"\nname = "Sport"\nsource = "clinics.csv"\ncrs = "wgs84"\nminutes = 4\n'
    found = gather_trend([run_town(tmp_path, "2023"), run_town(tmp_path, "2024", more=more, clinics=OPENED)])
    sport = found.table.query("as_of == '2024' and layer == 'sport'")
    assert sport["change"].isna().all()
    assert sport["note"].eq("no such service at the date before").all()
    complete = moved(found.table, "2024", "complete_share")
    assert np.isnan(complete["change"])
    assert "other services" in complete["note"]
    clinic = moved(found.table, "2024")
    assert clinic["by_facilities"] == clinic["change"] > 0
    assert any("asked for first: Sport" in note for note in found.notes)


def test_targets_have_a_path_and_a_pace(tmp_path):
    folders = [run_town(tmp_path, "2023"), run_town(tmp_path, "2024", clinics=OPENED)]
    rows = circle15.trend(folders).query("measure == 'supply_per_1000'")
    assert rows["target"].isna().all()  # a norm of its own, and no plan that says by when
    assert rows["status"].eq("").all()


def test_dates_are_read_from_batches_too_and_the_order_of_folders_does_not_matter(tmp_path):
    configs = {
        as_of: write_town(tmp_path / as_of, as_of, **changes)
        for as_of, changes in (("2023", {}), ("2024", {"clinics": OPENED}))
    }
    for as_of, path in configs.items():
        circle15.run_batch([path], out=tmp_path / f"batch-{as_of}", jobs=1)
    of_batches = circle15.trend([tmp_path / "batch-2024", tmp_path / "batch-2023"])
    alone = circle15.trend([tmp_path / "batch-2023" / "town", tmp_path / "batch-2024" / "town"])
    pd.testing.assert_frame_equal(of_batches, alone)
    assert of_batches["change"].notna().any()


def test_runs_without_a_date_or_of_one_date_are_refused_by_name(tmp_path):
    first = run_town(tmp_path, "2023")
    second = run_town(tmp_path / "again", "2023")
    with pytest.raises(InputError, match="is of the same date"):
        circle15.trend([first, second])
    with pytest.raises(InputError, match="no district has runs of two dates"):
        circle15.trend([first])
    path = write_town(tmp_path / "undated", "2024")
    path.write_text(path.read_text(encoding="utf-8").replace('as_of = "2024"', ""), encoding="utf-8")
    undated = circle15.run_district(path, out=tmp_path / "out-undated").folder
    with pytest.raises(InputError, match="states no date"):
        circle15.trend([first, undated])


@pytest.mark.parametrize(
    ("given", "day"),
    [("2024-12-31", "2024-12-31"), ("2024", "2024-12-31"), ("2024Q2", "2024-06-30"), ("2023-2", "2023-02-28")],
)
def test_a_date_may_be_a_day_a_month_a_quarter_or_a_year(tmp_path, given, day):
    assert str(last_day(load_config(write_town(tmp_path, given)).district.as_of)) == day


@pytest.mark.parametrize("given", ["2024-13", "2024-02-30", "last year", "24-01-01"])
def test_what_is_no_date_is_refused(tmp_path, given):
    with pytest.raises(ConfigError, match="date"):
        load_config(write_town(tmp_path, given))


def test_the_command_prints_the_table_or_writes_its_files(tmp_path):
    folders = [str(run_town(tmp_path, "2023")), str(run_town(tmp_path, "2024", clinics=OPENED))]
    printed = CliRunner().invoke(main, ["trend", *folders])
    assert printed.exit_code == 0
    assert printed.stdout.startswith("as_of,unit_id,unit_name,layer,measure,value,change,by_facilities")
