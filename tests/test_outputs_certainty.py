"""How sure shares are told: intervals behind them, classes on the map, and no ranking of what is not told apart."""

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from circle15.outputs.certainty_words import (
    certainty_chapter,
    held_sentences,
    interval_text,
    not_told_apart,
)
from circle15.outputs.map_data import page_data
from circle15.outputs.map_places import units
from circle15.outputs.report import write_report
from circle15.outputs.sentences import by_share, three_sentences
from circle15.outputs.view import View
from tests.made_result import made_result
from tests.superlatives import check_superlatives


def certain(lang="zh", half=0.04, seed=0):
    """Give the made district as if drawn: each share known to ``half`` either way, each cell with a probability."""
    made, rng = made_result("small", lang=lang), np.random.default_rng(seed)
    known = made.tables.coverage
    share = known["covered_share"]
    table = known[["unit_id", "unit_name", "layer", "covered_share"]].assign(
        p05=(share - half).clip(0, 1), p50=share, p95=(share + half).clip(0, 1), lower=np.nan, upper=np.nan,
        sd=half / 1.6, main_factor="speed", people_sure=1000.0, people_unsure=200.0, people_surely_not=30.0, draws=200,
    )  # fmt: skip
    columns = {f"{layer.id}_covered_probability": np.round(rng.random(len(made.cells)), 2) for layer in made.layers}
    ranking = made.tables["ranking"]
    ranking = ranking.assign(
        chosen_share=np.linspace(1, 0.3, len(ranking)), no_regret=np.linspace(1, 0.3, len(ranking)) >= 0.95,
        depends_on="speed",
    )  # fmt: skip
    tables = replace(made.tables, certainty=table, ranking=ranking)
    return replace(made, cells=made.cells.assign(**columns), tables=tables)


@pytest.mark.parametrize(("low", "high", "zh", "en"), [
    (0.84, 0.88, "（84–88%）", " (84–88%)"),
    (0.9958, 0.9987, "（99.6–99.9%）", " (99.6–99.9%)"),
    (1.0, 1.0, "（100.0%）", " (100.0%)"),
    (0.97, 0.9999, "（97–99%）", " (97–99%)"),
    (0.0, 0.3, "（0–30%）", " (0–30%)"),
    (0.001, 0.3, "（1–30%）", " (1–30%)"),
    (np.nan, np.nan, "", ""),
])  # fmt: skip
def test_an_interval_stands_in_brackets_and_reads_as_whole_only_where_it_is(low, high, zh, en):
    assert interval_text(low, high, "zh") == zh
    assert interval_text(low, high, "en") == en


@pytest.mark.parametrize("lang", ["zh", "en"])
@pytest.mark.parametrize("half", [0.002, 0.04, 0.5])
def test_services_whose_intervals_overlap_are_not_ranked_and_others_are(lang, half):
    result = certain(lang, half)
    whole = View(result)
    for view in [whole, *(whole.of_unit(unit_id) for unit_id in whole.unit_ids)]:
        (layer, row), *others = by_share(view)
        if row.covered_share > 0.9999:
            continue
        near = [o for o, its in others if its.covered_share - half <= row.covered_share + half + 1e-12]
        assert not_told_apart(view, layer, [o for o, _ in others]) == near
        said = three_sentences(view)
        ranked = "覆盖率最低" if lang == "zh" else "covered least"
        assert (ranked in " ".join(said)) == (not near), said
        check_superlatives(said, result, view.area_id)


@pytest.mark.parametrize("lang", ["zh", "en"])
def test_report_popups_and_panel_have_the_intervals_and_nothing_of_them_without_draws(tmp_path, lang):
    result, plain = certain(lang), made_result("small", lang=lang)
    row = result.tables["certainty"].query("unit_id == 'made' and layer == 'clinic'").iloc[0]
    interval = interval_text(row["p05"], row["p95"], lang).strip()
    write_report(result, tmp_path / "report.html")
    page = (tmp_path / "report.html").read_text(encoding="utf-8")
    title = certainty_chapter(result)["title"]
    assert interval in page
    assert title in page
    assert {"zh": "稳妥点位", "en": "no regret"}[lang] in page
    write_report(plain, tmp_path / "plain.html")
    without = (tmp_path / "plain.html").read_text(encoding="utf-8")
    for text in (interval, title, "入选占比", "Chosen in"):
        assert text not in without
    assert held_sentences(plain) == []
    data, none = (page_data(View(r), {}, [], []) for r in (result, plain))
    assert interval in next(s for s in data["shares"] if s["key"] == "time-2")["beside"]
    assert any("%）" in cell or "%)" in cell for unit in units(View(result)) for r in unit["rows"] for cell in r)
    assert [k for k in data["kinds"] if k.startswith("sure")] == [f"sure-{i}" for i in range(4)]
    assert not [k for k in none["kinds"] if k.startswith("sure")]
    values = data["cells"]["layers"]["clinic"]
    for percent, place in zip(values["probability"], values["sure"], strict=True):
        assert place == (0 if percent >= 95 else 2 if percent <= 5 else 1)


def test_a_site_of_no_regret_is_named_by_its_rank_and_others_by_what_they_hang_on():
    result = certain()
    first = result.tables["ranking"].iloc[0]
    name = {layer.id: layer.name for layer in result.layers}[first["layer"]]
    said = held_sentences(result)
    assert f"{name}点位 {int(first['rank'])}" in said[0]
    assert said[1] == "其余点位的取舍主要取决于步速。"
    none = pd.DataFrame(result.tables["ranking"]).assign(no_regret=False)
    assert "没有" in held_sentences(replace(result, tables=replace(result.tables, ranking=none)))[0]
