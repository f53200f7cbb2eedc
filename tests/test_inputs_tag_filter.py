"""Tag selections of a config: grammar, meaning, and errors that say what is right."""

import pytest

from circle15.errors import ConfigError
from circle15.inputs.osm.tag_filter import parse_tag_filter


@pytest.mark.parametrize(
    ("text", "tags", "selected"),
    [
        ("amenity=clinic", {"amenity": "clinic"}, True),
        ("amenity=clinic", {"amenity": "bar"}, False),
        ("amenity=clinic|doctors", {"amenity": "doctors"}, True),
        ("amenity=clinic,access=yes", {"amenity": "clinic"}, False),
        ("amenity=clinic,access=yes", {"amenity": "clinic", "access": "yes"}, True),
        ("leisure=pitch;sport=tennis", {"sport": "tennis"}, True),
        ("leisure=pitch,access!=private|no", {"leisure": "pitch"}, True),
        ("leisure=pitch,access!=private|no", {"leisure": "pitch", "access": "no"}, False),
        ("leisure=pitch,access!=private;leisure=track", {"leisure": "track", "access": "private"}, True),
        ("shop", {"shop": "bakery"}, True),
        ("shop=*", {"shop": "bakery"}, True),
        ("shop,!access", {"shop": "bakery", "access": "yes"}, False),
        ("shop,access!=*", {"shop": "bakery"}, True),
        ("amenity=clinic", {"amenity": "pharmacy;clinic"}, True),
        (" name = 玄武区 , admin_level=6", {"name": "玄武区", "admin_level": "6"}, True),
        ("name:zh=摩纳哥", {"name:zh": "摩纳哥"}, True),
    ],
)
def test_a_selection_matches_by_its_grammar(text, tags, selected):
    assert parse_tag_filter(text).matches(tags) is selected


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        ("amenity=clinic,", "an empty condition"),
        ("", "an empty condition"),
        ("amenity=", "has an empty value"),
        ("amenity=a||b", "has an empty value"),
        ("amenity==a", "is not a condition"),
        ("!amenity=a", "is negated twice"),
        ("amenity=*|a", "mixes * with values"),
        ("access!=no", "says only what is not wanted"),
    ],
)
def test_a_malformed_selection_names_the_config_key_and_what_is_right(text, complaint):
    with pytest.raises(ConfigError) as caught:
        parse_tag_filter(text, key="layer.clinic.source", file="district.toml")
    assert complaint in str(caught.value)
    assert "layer.clinic.source" in str(caught.value)
    assert "district.toml" in str(caught.value)


def test_every_problem_of_a_selection_is_told_at_once():
    with pytest.raises(ConfigError) as caught:
        parse_tag_filter("a=;b==c;d")
    assert len(caught.value.problems) == 2


def test_the_main_tag_is_the_first_wanted_one_of_the_alternative_that_matched():
    selection = parse_tag_filter("access!=no,leisure=pitch;sport")
    assert selection.main_tag({"leisure": "pitch", "sport": "tennis"}) == "leisure=pitch"
    assert selection.main_tag({"leisure": "pitch", "access": "no", "sport": "tennis"}) == "sport=tennis"
    assert selection.main_tag({"access": "yes"}) is None


def test_wanted_values_cover_every_alternative():
    selection = parse_tag_filter("amenity=clinic;access!=no,amenity=doctors;shop=bakery;shop")
    assert selection.wanted == {"amenity": frozenset({"clinic", "doctors"}), "shop": None}
