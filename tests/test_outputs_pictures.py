"""PNG maps for slides."""

import importlib.util
from dataclasses import replace

import pandas as pd
import pytest
import shapely

from circle15.errors import OutputError
from tests.made_result import made_result

pytest.importorskip("matplotlib", reason="pip install circle15[pictures]")

from circle15.outputs import pictures
from circle15.outputs.view import View


@pytest.fixture(scope="module")
def result():
    made = made_result("tiny", lang="en")
    return replace(made, layers=made.layers[:1], units=made.units.iloc[:2])


def test_one_picture_per_layer_for_the_district_and_each_unit_and_the_same_bytes_again(result, tmp_path, monkeypatch):
    monkeypatch.setattr(pictures, "DPI", 60)
    written = pictures.write_pictures(result, tmp_path / "a")
    assert [p.name for p in written] == ["nursery.png", "unit-1-nursery.png", "unit-2-nursery.png"]
    again = pictures.write_pictures(result, tmp_path / "b")
    assert [p.read_bytes() for p in written] == [p.read_bytes() for p in again]
    assert written[0].read_bytes().startswith(b"\x89PNG")


def test_picture_says_the_share_the_threshold_and_the_sources(result):
    figure = pictures.draw_layer(View(result), result.layers[0], "DejaVu Sans")
    texts = [t.get_text() for t in figure.texts]
    legend = [t.get_text() for t in figure.legends[0].get_texts()]
    assert "Harbour District · Nurseries" in texts
    assert "100.0%" in texts
    assert any(result.attributions[0] in t for t in texts)
    assert legend[3] == "threshold 15 min"
    assert legend[-1] == "Facilities"
    assert figure.legends[0].get_lines()[0].get_linewidth() > 0
    assert figure.axes[0].get_xlabel() == ""


def test_without_a_chinese_font_chinese_pictures_are_refused(tmp_path, monkeypatch):
    monkeypatch.setattr(pictures, "CHINESE_FONTS", ("No Such Font",))
    with pytest.raises(OutputError, match="no font with Chinese letters is installed"):
        pictures.write_pictures(made_result("tiny"), tmp_path)


def test_without_matplotlib_the_message_says_what_to_install(tmp_path, monkeypatch, result):
    monkeypatch.setattr(importlib.util, "find_spec", lambda _name: None)
    with pytest.raises(OutputError, match=r"pip install circle15\[pictures\]"):
        pictures.write_pictures(result, tmp_path)


def test_a_slide_names_the_units_where_they_lie_and_no_name_over_another():
    made = made_result("small")
    names = pictures.unit_labels(View(made))
    known = made.units.set_index("unit_name").geometry
    assert len(names) >= len(known) - 3
    assert all(known[name].contains(shapely.Point(lon, lat)) for name, lon, lat in names)
    crowded = replace(made, units=pd.concat([made.units, made.units.assign(unit_name="重名街道")], ignore_index=True))
    assert len(pictures.unit_labels(View(crowded))) == len(names)
