"""[outputs]: what may be asked for, and what is refused with its reason."""

import pytest

from circle15.config.outputs import OutputsTable


def test_without_a_key_every_file_is_written_and_nothing_leaves_the_page():
    outputs = OutputsTable()
    assert outputs.writes("map")
    assert outputs.writes("report")
    assert (outputs.tiles, outputs.crs, outputs.pdf, outputs.pictures) == ("none", "wgs84", False, False)


@pytest.mark.parametrize(
    ("keys", "said"),
    [
        ({"write": ("reprot",)}, 'unknown output "reprot".*report'),
        ({"tiles": "tianditu"}, "needs tianditu_key"),
        ({"tiles": "google"}, "'none', 'osm', 'tianditu' or 'amap'"),
        ({"crs": "bd09"}, "'wgs84', 'cgcs2000' or 'gcj02'"),
        ({"pdf": True, "write": ("map",)}, "prints the report"),
        ({"whatif": False, "write": ("whatif",)}, "leaves out the what-if"),
        ({"burau": "x"}, "Extra inputs are not permitted"),
    ],
)
def test_what_cannot_be_is_refused(keys, said):
    with pytest.raises(ValueError, match=said):
        OutputsTable(**keys)


def test_tianditu_takes_its_key():
    assert OutputsTable(tiles="tianditu", tianditu_key="abc").tianditu_key == "abc"


@pytest.mark.parametrize(
    ("keys", "has_map"),
    [
        ({}, True),
        ({"write": ("map",)}, True),
        ({"write": ("whatif",)}, True),
        ({"write": ("coverage",)}, False),
        ({"whatif": False}, True),
        ({"whatif": False, "write": ("coverage",)}, False),
    ],
)
def test_who_asks_for_the_what_if_asks_for_the_map_that_it_stands_on(keys, has_map):
    assert OutputsTable(**keys).writes_map is has_map
