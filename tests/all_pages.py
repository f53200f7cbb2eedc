"""One page of every kind that circle15 writes, of the sample district in Chinese."""

import shutil
from pathlib import Path

from circle15.pipeline import run_district
from circle15.runs.compare_files import compare_all, write_comparison
from circle15.runs.joined_tables import gather_summary, write_summary
from circle15.runs.trend.trend_table import gather_trend, write_trend

SAMPLE = Path(__file__).parents[1] / "data" / "sample"
WHOLE = """
base = "programme.toml"
[certainty]
draws = 20
[outputs]
write = ["cells", "coverage", "facilities", "map", "units", "whatif", "report", "ranking"]
"""
BRIDGE = """
base = "whole.toml"
[[change]]
kind = "add_path"
name = "河滨人行桥"
line = [[120.5123839, 29.5081191], [120.5134159, 29.5081191]]
"""


def write_all_pages(folder):
    """Run the sample as it is, with a bridge and at two dates; give each kind's page by its name."""
    town = folder / "sample"
    shutil.copytree(SAMPLE, town)
    (town / "whole.toml").write_text(WHOLE, encoding="utf-8")
    (town / "whole-bridge.toml").write_text(BRIDGE, encoding="utf-8")
    runs = {name: run_district(town / f"{name}.toml", out=folder / name).folder for name in ("whole", "whole-bridge")}
    dates = [run_district(town / "series" / f"{year}.toml", out=folder / str(year)).folder for year in (2022, 2023)]
    out = folder / "more"
    out.mkdir()
    write_comparison(compare_all(runs["whole"], [runs["whole-bridge"]]), [runs["whole-bridge"]], out)
    write_trend(gather_trend(dates), out)
    write_summary(gather_summary([runs["whole"], runs["whole-bridge"]], [], None), folder)
    return {
        "map": runs["whole"] / "index.html",
        "unit": runs["whole"] / "units" / "s1.html",
        "scenario": runs["whole-bridge"] / "index.html",
        "report": runs["whole"] / "report.html",
        "difference": out / "difference.html",
        "note": out / "note.html",
        "trend": out / "trend.html",
        "summary": folder / "summary.html",
    }
