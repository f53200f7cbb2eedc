"""The registers: found, read, their traps named, and taken into a config."""

import re
import shutil
import subprocess
import sys
from pathlib import Path

import pandas as pd
import pytest

import circle15
from circle15.config.model import parse_config
from circle15.errors import ConfigError, InputError, MissingFileError
from circle15.inputs.tables.units_of_supply import compare_units
from circle15.policy.apply import apply_policy, choose_target, settle_norm, settle_norms
from circle15.policy.conditions import Condition
from circle15.policy.registers import read_registers, registers_folder
from circle15.policy.traps import comparable, register_warnings, target_rows

REGISTERS = read_registers()


def config(layers, place="jiangbei", year=2027, *, path=None, groups=None, walk=None):
    policy = {"place": place, "year": year} | ({"path": str(path)} if path else {})
    return parse_config(
        {
            "district": {"id": "made", "name": "示例", "boundary": "b.geojson"},
            "network": {"source": "n.osm"},
            "walk": walk or {"adult": {"speed_m_s": 1.25}},
            "population": {"source": "points", "path": "p.csv", "groups": groups or {}},
            "layer": [{"name": layer["id"], "source": "f.csv", **layer} for layer in layers],
            "policy": policy,
        },
        Path("made.toml"),
    )


def applied(layer, **arguments):
    found = apply_policy(config([layer], **arguments))
    return found.config.layers[0], found


def codes(found):
    return {w.code for w in found.warnings}


@pytest.fixture
def own_registers(tmp_path):
    """A copy of the shipped registers that a bureau may edit."""
    folder = tmp_path / "policy"
    shutil.copytree(registers_folder(), folder)
    return folder


def edit(folder, name, old, new):
    path = folder / name
    text = path.read_text(encoding="utf-8")
    assert old in text
    path.write_text(text.replace(old, new, 1), encoding="utf-8")


def test_jiangbei_gives_sport_15_minutes_and_yuhuan_10():
    assert applied({"id": "sport"}, place="jiangbei")[0].minutes == 15
    assert applied({"id": "sport"}, place="yuhuan")[0].minutes == 10


def test_jiangbei_2027_wants_5_point_5_nursery_places_per_1000_residents_while_infants_use_them():
    layer, found = applied({"id": "nursery"}, groups={"age_0_2": "p02"})
    assert layer.norm_per_1000 == 5.5
    assert layer.norm_group == "all"
    assert layer.group == "age_0_2"
    assert layer.capacity_unit == "托位"
    assert found.norm_is_from_policy("nursery")
    assert "denominator-unstated" in codes(found)
    assert "表序号1" in next(t.source for t in found.taken if t.key == "norm_per_1000")


def test_a_norm_per_head_and_one_per_10000_become_per_1000():
    assert applied({"id": "sport"})[0].norm_per_1000 == pytest.approx(3200)
    assert applied({"id": "culture_facility"})[0].norm_per_1000 == pytest.approx(532.5)


def test_the_same_config_with_two_places_differs_only_where_the_documents_do():
    layers = [{"id": "nursery"}, {"id": "sport"}, {"id": "elderly_meals"}, {"id": "own_layer"}]
    first, second = (apply_policy(config(layers, place=p)).config for p in ("jiangbei", "yuhuan"))
    differing = {
        (a.id, key)
        for a, b in zip(first.layers, second.layers, strict=True)
        for key in type(a).model_fields
        if getattr(a, key) != getattr(b, key)
    }
    assert differing == {("sport", "minutes")}
    assert first.model_copy(update={"layers": (), "policy": None}) == second.model_copy(
        update={"layers": (), "policy": None}
    )


def test_what_the_config_states_wins_over_the_registers():
    layer, found = applied({"id": "sport", "metres": 800, "norm_per_1000": 2000, "group": "all"})
    assert (layer.minutes, layer.metres, layer.norm_per_1000) == (None, 800, 2000)
    assert not found.norm_is_from_policy("sport")
    assert found.taken == ()


def test_a_stated_denominator_of_the_norm_wins_over_the_registers():
    layer, found = applied({"id": "nursery", "norm_group": "age_0_2"}, groups={"age_0_2": "p02"})
    assert (layer.norm_per_1000, layer.norm_group) == (5.5, "age_0_2")
    assert "norm_group" not in {t.key for t in found.taken}


def test_a_layer_that_is_no_service_of_the_register_is_left_alone():
    before = config([{"id": "tea_house"}])
    assert apply_policy(before).config.layers == before.layers


def test_a_service_without_its_own_circle_takes_the_places_circle_of_all_services_and_says_so():
    layer, found = applied({"id": "nursery"})
    assert layer.minutes == 15
    assert "circle-of-all-services" in codes(found)
    assert "circle-of-other-places" in codes(applied({"id": "nursery"}, place="wuxing", year=2025)[1])


def test_an_old_persons_profile_is_taken_where_the_config_has_one():
    walk = {"adult": {"speed_m_s": 1.25}, "elderly": {"speed_m_s": 0.9}}
    layer, _ = applied({"id": "elderly_meals"}, groups={"age_60_plus": "p60"}, walk=walk)
    assert (layer.group, layer.profile) == ("age_60_plus", "elderly")
    layer, found = applied({"id": "elderly_meals"})
    assert (layer.group, layer.profile) == ("all", "adult")
    assert "group-not-counted" in codes(found)


@pytest.mark.parametrize("name", ["with_child", "child"])
@pytest.mark.parametrize("groups", [{"age_0_2": "p02"}, None])
def test_to_a_nursery_one_walks_with_a_small_child_whichever_name_the_table_has(name, groups):
    walk = {"adult": {"speed_m_s": 1.25}, name: {"speed_m_s": 1.0}}
    layer, found = applied({"id": "nursery"}, groups=groups, walk=walk)
    assert layer.profile == name
    assert "walker-not-stated" not in codes(found)
    assert applied({"id": "nursery", "profile": "adult"}, groups=groups, walk=walk)[0].profile == "adult"
    assert applied({"id": "nursery", "group": "all"}, groups=groups, walk=walk)[0].profile == "adult"


def test_a_slower_walker_without_a_table_is_warned_of():
    layer, found = applied({"id": "nursery"}, groups={"age_0_2": "p02"})
    (warning,) = (w for w in found.warnings if w.code == "walker-not-stated")
    assert layer.profile == "adult"
    assert "there is no [walk.with_child]; as adult" in warning.words.en
    assert "配置没有 [walk.with_child]" in warning.words.zh


def test_a_norm_per_old_people_needs_that_group_in_the_population():
    layer, found = applied({"id": "dementia_care"}, place="ningbo", year=2024)
    assert layer.norm_per_1000 is None
    assert "norm-group-not-counted" in codes(found)
    layer, found = applied({"id": "dementia_care"}, place="ningbo", year=2024, groups={"age_60_plus": "p60"})
    assert (layer.norm_per_1000, layer.norm_group) == (pytest.approx(1.8), "age_60_plus")
    assert "age-unstated" in codes(found)


def test_a_norm_whose_denominator_the_text_leaves_open_is_left_out():
    layer, found = applied({"id": "dementia_care"}, place="wuxing", year=2025, groups={"age_60_plus": "p60"})
    assert layer.norm_per_1000 is None
    assert "norm-denominator-unknown" in codes(found)


def test_a_year_without_target_takes_the_latest_before_it_and_says_so():
    layer, found = applied({"id": "nursery"}, place="wuxing", year=2027)
    assert layer.norm_per_1000 == 4.6
    assert "year-not-stated" in codes(found)


def test_the_document_issued_last_and_its_table_are_preferred():
    targets = REGISTERS.targets.query("place_id == 'jiangbei' and indicator_id == 'inclusive_nursery_seat_share'")
    assert choose_target(target_rows(targets), 2023, REGISTERS.documents)["value"] == 72
    assert choose_target(target_rows(targets[targets["is_base"]]), 2023, REGISTERS.documents) is None


def test_units_in_other_words_warn_and_other_units_leave_the_norm_out():
    layer, found = applied({"id": "nursery", "capacity_unit": "托位"})
    assert layer.norm_per_1000 == 5.5
    assert "unit-words-differ" in codes(found)
    layer, found = applied({"id": "nursery", "capacity_unit": "㎡"})
    assert layer.norm_per_1000 is None
    assert "unit-differs" in codes(found)


@pytest.mark.parametrize(
    ("ours", "theirs", "expected"),
    [
        ("平方米", "平方米", "same"),
        ("㎡", "平方米", "words"),
        ("m2", "m²", "same"),
        ("托位", "个(托位)", "words"),
        ("张(床位)", "张", "same"),
        ("张", "床位", "words"),
        ("个", "平方米", "different"),
        ("张", "托位", "different"),
    ],
)
def test_supply_units_are_compared_by_meaning(ours, theirs, expected):
    assert compare_units(ours, theirs) == expected
    assert compare_units(theirs, ours) == expected


def test_a_norm_of_the_config_without_capacities_is_an_error_and_one_of_the_policy_is_skipped():
    stated, _ = applied({"id": "nursery", "norm_per_1000": 5.5})
    with pytest.raises(InputError, match="needs capacities, but no facility of this layer states one"):
        settle_norm(stated, has_capacity=False, from_policy=False)
    taken, _ = applied({"id": "nursery"})
    settled, warning = settle_norm(taken, has_capacity=False, from_policy=True, place="jiangbei")
    assert settled.norm_per_1000 is None
    assert warning.code == "count-only"
    assert settle_norm(taken, has_capacity=True, from_policy=True) == (taken, None)


def test_norms_are_settled_for_all_layers_at_once_and_an_empty_layer_keeps_its_norm():
    layers = [{"id": "nursery"}, {"id": "sport", "norm_per_1000": 3.0}, {"id": "library", "norm_per_1000": 2.0}]
    found = apply_policy(config(layers))
    facilities = pd.DataFrame({"layer": ["nursery", "sport"], "capacity": [float("nan"), 9.0]})
    settled = settle_norms(found, facilities)
    assert [layer.norm_per_1000 for layer in settled.config.layers] == [None, 3.0, 2.0]
    assert "count-only" in codes(settled)
    assert settled.stated is found.stated
    with pytest.raises(InputError, match=r"layer\.sport\.norm_per_1000"):
        settle_norms(found, facilities.assign(capacity=float("nan")))


def test_without_a_unit_of_config_and_plan_a_layer_counts_in_that_of_its_column():
    found = apply_policy(config([{"id": "tea_house"}, {"id": "nursery"}, {"id": "canteen", "capacity_unit": "座"}]))
    facilities = pd.DataFrame({"layer": ["tea_house", "nursery", "canteen"], "capacity": [1.0, 2.0, 3.0]})
    settled = settle_norms(found, facilities, {"tea_house": "平方米", "nursery": "个", "canteen": "餐位"})
    assert [layer.capacity_unit for layer in settled.config.layers] == ["平方米", "托位", "座"]


def test_an_unknown_place_is_refused_with_the_places_that_there_are():
    with pytest.raises(ConfigError, match=r"did you mean 'jiangbei'\?; they have jiangbei \(江北区\), ningbo"):
        apply_policy(config([{"id": "sport"}], place="jianbei"))


def test_a_year_before_the_documents_is_refused():
    with pytest.raises(ConfigError, match="say nothing of 玉环市 before 2022; they reach to 2027"):
        apply_policy(config([{"id": "sport"}], place="yuhuan", year=1999))


@pytest.mark.parametrize(
    ("code", "place", "indicator"),
    [
        ("annual-not-cumulative", "jiangbei", "affordable_rental_units"),
        ("annual-not-cumulative", "jiangbei", "job_training_persons"),
        ("base-against-sum", "wuxing", "job_training_persons"),
        ("table-text-disagree", "jiangbei", "inclusive_nursery_seat_share"),
        ("table-text-disagree", "wuxing", "sports_area_per_capita"),
        ("comparator-differs", "yuhuan", "migrant_children_public_school_share"),
        ("target-below-base", "jiangbei", "nursery_seats_per_1000"),
        ("target-below-base", "jiangbei", "inclusive_kindergarten_enrol_share"),
        ("target-below-base", "wuxing", "basic_medical_insured_rate"),
        ("definitions-differ", "wuxing", "culture_area_per_10000"),
        ("at-least-100", "yuhuan", "disabled_home_coverage"),
        ("at-least-100", "wuxing", "disabled_children_enrol_compulsory"),
        ("documents-out-of-order", "ningbo", "basic_pension_insured"),
        ("text-damaged", "yuhuan", "resource_classrooms"),
        ("list-comparator", "jiangbei", "property_service_coverage"),
        ("age-unstated", "jiangbei", "caregivers_per_10000_elderly"),
        ("denominator-unstated", "jiangbei", "nursery_seats_per_1000"),
        ("year-is-a-reading", "wuxing", "city_bookrooms"),
    ],
)
def test_each_described_trap_raises_its_named_warning(code, place, indicator):
    found = register_warnings(REGISTERS.targets, place=place, indicators={indicator})
    assert code in {w.code for w in found}


def test_the_register_has_ten_pairs_with_other_comparators_and_ten_conflicts_of_table_and_text():
    found = [w.code for w in register_warnings(REGISTERS.targets)]
    assert found.count("comparator-differs") == 10
    assert found.count("table-text-disagree") == 10


def test_yuhuans_series_of_the_same_names_really_accumulate_and_raise_no_warning():
    found = register_warnings(
        REGISTERS.targets, place="yuhuan", indicators={"affordable_rental_units", "job_training_persons"}
    )
    assert "annual-not-cumulative" not in {w.code for w in found}


def test_indicators_with_other_definitions_are_not_comparable():
    assert not comparable(REGISTERS.targets, "culture_area_per_10000")
    assert comparable(REGISTERS.targets, "nursery_seats_per_1000")


def test_warnings_speak_both_languages_and_call_layers_and_indicators_by_name():
    found = applied({"id": "nursery", "name": "托育"}, place="ningbo", year=2024, groups={"age_0_2": "p02"})[1]
    chinese, english = (" ".join(w.in_(lang) for w in found.warning_texts()) for lang in ("zh", "en"))
    assert "托育：服务对象 age_0_2 步速较慢，但配置没有 [walk.with_child]" in chinese
    assert "每千人口拥有3岁以下婴幼儿托位数(个)：原文未注明分母" in chinese
    assert "nursery seats per 1000: the text does not say" in english
    assert not re.search("[a-z]+_[a-z0-9_]+：|denominator-unstated", chinese)


def test_a_target_above_that_of_a_later_year_is_warned_of():
    found = register_warnings(REGISTERS.targets, place="ningbo", indicators={"basic_pension_insured"})
    warning = next(w for w in found if w.code == "documents-out-of-order")
    assert "671 2024" in warning.words.en


def test_an_edited_register_replaces_the_shipped_one(own_registers):
    edit(own_registers, "circles.csv", "sport,体育健身(场地),15,江北区", "sport,体育健身(场地),12,江北区")
    assert applied({"id": "sport"}, path=own_registers)[0].minutes == 12


def test_a_register_saved_by_excel_in_gbk_is_read(own_registers):
    for path in own_registers.glob("*.csv"):
        path.write_bytes(path.read_text(encoding="utf-8").encode("gb18030"))
    assert read_registers(own_registers).targets.equals(REGISTERS.targets)


def test_every_mistake_in_an_edited_register_is_named_with_file_row_and_column(own_registers):
    edit(own_registers, "targets.csv", ",2022,4.04,,1,", ",2022,4.04个,,yes,")
    edit(own_registers, "unit_rules.csv", "resident_population >= 50000", "人口 >= 50000")
    edit(own_registers, "circles.csv", "15,江北区", ",江北区")
    with pytest.raises(InputError) as caught:
        read_registers(own_registers)
    found = {(Path(p.file).name, p.row, p.column) for p in caught.value.problems}
    assert found == {
        ("targets.csv", 2, "value"),
        ("targets.csv", 2, "is_base"),
        ("unit_rules.csv", 3, "condition"),
        ("circles.csv", 2, "minutes"),
    }


def test_a_key_without_its_row_in_the_other_register_is_named(own_registers):
    edit(own_registers, "circles.csv", "all_services,公共服务(综合),15,江北区", "all_service,公共服务(综合),15,江北区")
    with pytest.raises(
        InputError, match=r"circles.csv, row 2, column 'service_id', value 'all_service': there is no such"
    ):
        read_registers(own_registers)


def test_a_missing_register_is_named(own_registers):
    (own_registers / "circles.csv").unlink()
    with pytest.raises(MissingFileError, match=r"circles\.csv: no such policy register"):
        read_registers(own_registers)


def test_missing_headings_are_named(own_registers):
    edit(own_registers, "circles.csv", "minutes,place_zh", "mins,place_zh")
    with pytest.raises(InputError, match="missing headings: minutes; found: service_id, service_zh, mins"):
        read_registers(own_registers)


def test_the_registers_are_found_inside_an_installed_package(tmp_path):
    # A wheel carries data/policy inside the package and has no data/ beside it. The finder of an editable install
    # would answer first, so it is taken away.
    package = tmp_path / "site" / "circle15"
    skipped = shutil.ignore_patterns("*.so", "core", "__pycache__", "data")
    shutil.copytree(Path(circle15.__file__).parent, package, ignore=skipped)
    shutil.copytree(registers_folder(), package / "data" / "policy")
    script = (
        "import sys; sys.meta_path = [f for f in sys.meta_path if 'ScikitBuild' not in type(f).__name__];"
        f"sys.path.insert(0, {str(package.parent)!r});"
        "from circle15.policy.registers import registers_folder, read_registers;"
        "read_registers(); print(registers_folder())"
    )
    done = subprocess.run([sys.executable, "-I", "-c", script], capture_output=True, text=True, check=True)
    assert Path(done.stdout.strip()) == package / "data" / "policy"


@pytest.mark.parametrize(
    ("text", "unit", "expected"),
    [
        ("", {}, True),
        ("resident_population >= 50000", {"resident_population": 49_999}, False),
        ("resident_population >= 50000", {"resident_population": 50_000}, True),
        ("resident_population >= 50000", {"resident_population": 50_001}, True),
        ("resident_population >= 50000", {}, None),
        ("unit_type in [镇, 街道]", {"unit_type": "街道"}, True),
        ("unit_type in [乡] and population >= 10000", {"unit_type": "乡", "population": 9_999}, False),
        ("unit_type in [乡] and population >= 10000", {"unit_type": "镇"}, False),
        ("unit_type in [乡] and population >= 10000", {"unit_type": "乡"}, None),
    ],
)
def test_conditions_of_unit_rules_hold_at_their_bound_and_are_unknown_without_data(text, unit, expected):
    assert Condition.parse(text).applies(unit) is expected


@pytest.mark.parametrize(
    "text", ["population => 3", "area >= 3", "unit_type >= 3", "unit_type in 镇", "population >= 3 or x"]
)
def test_a_malformed_condition_is_refused_with_an_example(text):
    with pytest.raises(ValueError, match=r"cannot read the condition .* write e\.g\. resident_population >= 50000"):
        Condition.parse(text)
