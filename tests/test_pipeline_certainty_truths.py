"""On made towns whose truth is known, the interval of a share holds the true one as often as it says."""

import runpy
import tempfile
from pathlib import Path

import pandas as pd
import pytest


@pytest.fixture(scope="module")
def script(root):
    return runpy.run_path(str(root / "scripts" / "calibrate_certainty.py"))


def shares_held(script, case, n):
    """Give how often the district's interval, and a unit's, holds the truth over ``n`` towns."""
    frames = []
    for seed in range(n):
        with tempfile.TemporaryDirectory() as folder:
            frames.append(script["made_town"](Path(folder), seed, script["CASES"][case]))
    found = pd.concat(frames)
    held, whole = script["holds"](found), (found["unit_id"] == "town").to_numpy()
    assert (found["p05"] <= found["p50"]).all()
    assert (found["p50"] <= found["p95"]).all()
    return held[whole].mean(), held[~whole].mean()


def test_a_few_towns_with_every_noise_are_mostly_held(script):
    whole, units = shares_held(script, "all", 4)
    assert whole >= 0.5
    assert units >= 0.6


@pytest.mark.slow
@pytest.mark.parametrize("case", ["positions, at streets", "positions, anywhere", "all", "all, anywhere"])
def test_nine_in_ten_of_thirty_towns_are_held(script, case):
    """A unit's intervals are judged, four a town: of thirty districts alone 85 to 95 % would be two or three more."""
    _, units = shares_held(script, case, 30)
    assert 0.85 <= units <= 0.95
