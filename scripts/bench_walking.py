"""What walking rules do to coverage: the same district walked by speed alone, with steps, with slopes, with everything.

    python scripts/bench_walking.py data/monaco.toml --profile elderly
    python scripts/bench_walking.py porto_alegre.toml --profile elderly --elevation porto_alegre.tif

Printed are the covered shares of each layer, all walked by one profile, and how long reading the streets took.
"""

from __future__ import annotations

import argparse
import time
from pathlib import Path
from typing import Any

import pandas as pd

from circle15.config.model import load_config, parse_config, read_toml
from circle15.config.walk import shipped_walks
from circle15.pipeline.study.clock import Clock
from circle15.pipeline.study.read_study import read_study
from circle15.pipeline.study.study_streets import read_streets
from circle15.pipeline.tables.measured import measure_service

STAIRS = ("speed_m_s", "stairs", "stairs_up_m_s", "stairs_down_m_s", "climb_m_s", "descend_m_s", "step_height_m")
SLOPES = ("speed_m_s", "slope", "max_slope")
WAITS = ("speed_m_s", "waits", "wait_once_m")


def variants(profile: str, *, with_slope: bool) -> dict[str, dict[str, Any]]:
    """Give the walk table of each variant."""
    whole = shipped_walks()[profile]
    found = {"speed alone": ("speed_m_s",), "steps": STAIRS, "waits": WAITS}
    found |= {"slopes": SLOPES} if with_slope else {}
    found["everything"] = tuple(whole)
    return {name: {key: whole[key] for key in keys if key in whole} for name, keys in found.items()}


def main() -> None:
    """Measure and print one table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("config", type=Path)
    parser.add_argument("--profile", default="elderly", choices=sorted(shipped_walks()))
    parser.add_argument("--elevation", type=Path)
    parser.add_argument("--minutes", type=float)
    chosen = parser.parse_args()
    load_config(chosen.config)
    rows: dict[str, dict[str, float]] = {}
    for name, table in variants(chosen.profile, with_slope=chosen.elevation is not None).items():
        raw = read_toml(chosen.config)
        raw["walk"] = {chosen.profile: table}
        raw["layer"] = [{**layer, "profile": chosen.profile} for layer in raw["layer"]]
        if chosen.minutes is not None:
            raw["layer"] = [
                {k: v for k, v in {**x, "minutes": chosen.minutes}.items() if k != "metres"} for x in raw["layer"]
            ]
        if chosen.elevation is not None and name in {"slopes", "everything"}:
            raw["network"]["elevation"] = str(chosen.elevation.resolve())
        config = parse_config(raw, chosen.config)
        study = read_study(config, Clock(None))
        shares = {}
        for layer in study.config.layers:
            service = measure_service(layer, study)
            shares[layer.id] = 100 * service.people[service.covered].sum() / service.people.sum()
        began = time.process_time()
        read_streets(config, study.district.geometry)
        rows[name] = {**shares, "streets, CPU s": time.process_time() - began}
    print(f"{chosen.config.stem}, {chosen.profile}: covered people, %")
    print(pd.DataFrame(rows).T.round(2).to_string())


if __name__ == "__main__":
    main()
