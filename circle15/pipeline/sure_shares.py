"""How sure a district's covered shares are, asked by itself."""

from __future__ import annotations

from typing import TYPE_CHECKING

from circle15.config.model import Config, load_config
from circle15.files.door import files_up_to
from circle15.outputs.result import one_side
from circle15.pipeline.draws.certainty_table import draw_certainty
from circle15.pipeline.measured_study import measure_services
from circle15.pipeline.study.clock import Clock
from circle15.pipeline.study.read_study import read_study

if TYPE_CHECKING:
    from pathlib import Path

    import pandas as pd

    from circle15.measures.random_draws import Seed


def certainty(
    config: Config | str | Path, *, draws: int = 200, seed: Seed = 15, threads: int | None = None
) -> pd.DataFrame:
    """Tell how sure every covered share is; certainty.csv as a frame.

    Parameters
    ----------
    config
        A config file, or a config already loaded. Its [certainty] says how far the inputs may be off; without it the
        defaults hold.
    draws
        How often the district is measured anew, at least 1.
    seed
        Whole number, `numpy.random.SeedSequence` or `numpy.random.Generator`. The same number gives the same bytes
        whatever the threads; a Generator gives other draws each time.
    threads
        Threads to search with; all by default.

    Returns
    -------
    pandas.DataFrame
        A row per unit and layer, the district last: unit_id, unit_name, layer, covered_share, its quantiles p05, p50
        and p95 over the draws, and what certainty.csv has besides.

    Raises
    ------
    Circle15Error
        If the config or an input cannot be used.
    ValueError
        If ``draws`` is below 1.
    """
    if draws < 1:
        raise ValueError(f"draws = {draws}: at least 1")
    loaded = config if isinstance(config, Config) else load_config(config)
    clock = Clock(None)
    with files_up_to(loaded.limits.file_bytes):
        study = read_study(loaded, clock)
    found = draw_certainty(study, measure_services(study, clock, threads), draws=draws, seed=seed, threads=threads)
    if found is None:
        raise AssertionError("draws are asked for")
    return one_side(found.table, loaded.district.lang)
