"""`circle15 trend`: how each number moved over the dates, and what moved it."""

from __future__ import annotations

from pathlib import Path

import click

from circle15.cli.shared.click_words import command as named
from circle15.cli.shared.options import out_option, say, shared, threads_option
from circle15.cli.shared.progress import stage_bar
from circle15.cli.shared.terminal import echo
from circle15.said import Said

_FOLDER = click.Path(path_type=Path, file_okay=False)


@named(
    "trend",
    zh="""分析多个时点的运行：各项数值如何变化，各因素各占多少。

DIR 为一次运行或批量运行的文件夹；各次运行的配置写明 [district] as_of。写 --out 时生成 trend.csv、trend.xlsx 和
trend.html，否则把表输出到标准输出。""",
)
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
        say(Said("circle15: ", "circle15: ") + note)
    if out is None:
        echo(printed(found.table).to_csv(index=False, lineterminator="\n"), nl=False)
        return
    write_trend(found, out)
    n_dates = len({date.day for district in found.districts for date in district.dates})
    n = len(found.districts)
    say(Said(f"{n} 个区县，{n_dates} 个时点", f"{n} district{'s' if n > 1 else ''}, {n_dates} dates"))
    echo(out / "trend.csv")
