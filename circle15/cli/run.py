"""`circle15 run`: one district."""

from __future__ import annotations

from typing import TYPE_CHECKING

from circle15.cli.shared.click_words import command as named
from circle15.cli.shared.options import config_argument, out_option, say, shared, threads_option, warn
from circle15.cli.shared.progress import stage_bar
from circle15.cli.shared.terminal import echo

if TYPE_CHECKING:
    from pathlib import Path


@named(
    "run",
    zh="""规划一个区县：把地图、表格和报告写入 DIR（默认 maps/<区县 id>/）。""",
)
@config_argument
@out_option
@threads_option
@shared
def command(config: Path, out: Path | None, threads: int | None) -> None:
    """Plan one district: write its maps, tables and report to DIR (default: maps/<district id>/)."""
    from circle15.config.model import load_config  # noqa: PLC0415 (heavy imports only when the command runs)
    from circle15.pipeline import STAGES, run_district  # noqa: PLC0415 (as above)

    loaded = load_config(config)
    with stage_bar(loaded.district.id, len(STAGES)) as begin:
        run = run_district(loaded, out=out, threads=threads, on_stage=begin)
    for warning in run.result.warnings:
        warn(warning)
    for sentence in run.result.confirmation:
        say(f"circle15: {sentence}")
    say(run.said())
    echo(run.folder)
