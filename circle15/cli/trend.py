"""`circle15 trend`: how each number moved over the dates, and what moved it."""

from __future__ import annotations

from pathlib import Path

import click

from circle15.cli.shared.options import out_option, say, shared, threads_option
from circle15.cli.shared.progress import stage_bar
from circle15.cli.shared.terminal import echo

_FOLDER = click.Path(path_type=Path, file_okay=False)


@click.command("trend")
@click.argument("folders", nargs=-1, required=True, type=_FOLDER, metavar="DIR...")
@out_option
@threads_option
@shared
def command(folders: tuple[Path, ...], *, out: Path | None, threads: int | None) -> None:
    """Tell how each number of runs of several dates moved, and how much of it by which cause.

    DIR is the folder of a run or of a batch; each run's config states [district] as_of. Where --out is given, writes
    trend.csv, trend.xlsx and trend.html there, else the table to stdout.
    """
    from circle15.outputs.tables import printed  # noqa: PLC0415 (heavy imports only when it runs)
    from circle15.runs.trend.trend_table import gather_trend, write_trend  # noqa: PLC0415 (as above)

    with stage_bar("trend", len(folders)) as begin:
        found = gather_trend(folders, threads=threads, on_date=begin)
    for note in found.notes:
        say(f"circle15: {note}")
    if out is None:
        echo(printed(found.table).to_csv(index=False, lineterminator="\n"), nl=False)
        return
    write_trend(found, out)
    n_dates = len({date.day for district in found.districts for date in district.dates})
    say(f"{len(found.districts)} district{'s' if len(found.districts) > 1 else ''}, {n_dates} dates")
    echo(out / "trend.csv")
