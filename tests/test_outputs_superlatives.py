"""What a report says is least or most is so in the tables, and speaks of one service, one group and one rank's alone."""

from dataclasses import replace

import numpy as np
import pytest

from circle15.outputs.sentences import three_sentences
from circle15.outputs.view import View
from tests.made_result import made_result
from tests.superlatives import check_superlatives

GROUPS = ("all", "age_0_2", "age_60_plus", "students")


def _drawn(lang, seed):
    """Give the made district with other shares (ties, none, all), groups and gains that ranks before took from."""
    random = np.random.default_rng(seed)
    made = made_result("small", lang=lang)
    coverage = made.tables["coverage"].copy()
    share = np.round(random.random(len(coverage)), random.integers(1, 4))
    share = np.where(random.random(len(coverage)) < 0.2, random.integers(0, 2, len(coverage)), share)
    off = np.where(random.random(len(coverage)) < 0.2, 0.1, 0.0) * (1 - share)
    people = np.where(random.random(len(coverage)) < 0.1, 0.0, np.round(1 + 5000 * random.random(len(coverage))))
    share = np.where(people > 0, share, np.nan)
    coverage = coverage.assign(
        people=people, covered_share=share, covered_people=np.nan_to_num(share) * people,
        people_off_network=np.nan_to_num(off) * people,
        covered_share_on_network=share / (1 - np.nan_to_num(off)),
    )  # fmt: skip
    ranking = made.tables["ranking"].sample(frac=random.random(), random_state=seed).sort_values(["layer", "rank"])
    alone = np.round(random.random(len(ranking)) * 400 * (random.random(len(ranking)) < 0.8), 1)
    ranking = ranking.assign(alone_covered_people=alone, newly_covered_people=alone * random.random(len(ranking)))
    layers = tuple(replace(layer, group=str(random.choice(GROUPS))) for layer in made.layers)
    return replace(made, layers=layers, tables=replace(made.tables, coverage=coverage, ranking=ranking))


@pytest.mark.parametrize("lang", ["zh", "en"])
def test_every_superlative_of_the_sentences_is_so_in_the_tables(lang):
    found = 0
    for seed in range(12):
        result = _drawn(lang, seed)
        whole = View(result)
        for view in [whole, *(whole.of_unit(unit_id) for unit_id in whole.unit_ids)]:
            found += check_superlatives(three_sentences(view), result, view.area_id)
    assert found > 100


def test_the_advice_speaks_of_the_weakest_service_or_says_why_of_another():
    made = made_result("small")
    shares = made.tables["coverage"].query("unit_id == 'made'").set_index("layer")["covered_share"].sort_values()
    names = {layer.id: layer.name for layer in made.layers}
    weakest, second = (names[layer] for layer in shares.index[:2])
    assert f"处{weakest}建议点位" in three_sentences(View(made))[2]
    others = made.tables["ranking"].query("layer != @shares.index[0]")
    advice = three_sentences(View(replace(made, tables=replace(made.tables, ranking=others))))[2]
    assert advice.startswith(f"覆盖率最低的{weakest}在港城区没有可新增覆盖居民的建议点位，以下为{second}。")


def test_gains_that_earlier_ranks_left_over_are_not_compared():
    made = made_result("small")
    advice = three_sentences(View(made))[2]
    assert "点位 3" in advice  # which alone gains most, though rank 1 comes before it
    one = made.tables["ranking"].query("rank == 1")
    advice = three_sentences(View(replace(made, tables=replace(made.tables, ranking=one))))[2]
    assert "最" not in advice
    assert "单独新建时可新增覆盖居民" in advice
