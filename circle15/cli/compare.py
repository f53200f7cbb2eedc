"""`circle15 compare`: what a scenario changes."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from circle15.cli.shared.click_words import command as named
from circle15.cli.shared.options import out_option, say, shared, warn
from circle15.cli.shared.terminal import echo
from circle15.said import Said

if TYPE_CHECKING:
    from circle15.runs.compare import Comparison

_FOLDER = click.Path(path_type=Path, file_okay=False)


@named(
    "compare",
    zh="""比较同一区县的两次运行：谁新近覆盖，谁不再覆盖。

可列出多个 AFTER_DIR，各方案并列比较。写 --out 时生成 scenario.csv、scenario.xlsx、地图 difference.html（多个方案时每个
一幅）和一页的比较说明 note.html（装有浏览器时另有 note.pdf），否则把同一张表输出到标准输出。""",
)
@click.argument("before", type=_FOLDER, metavar="BEFORE_DIR")
@click.argument("after", nargs=-1, required=True, type=_FOLDER, metavar="AFTER_DIR...")
@out_option
@shared
def command(before: Path, after: tuple[Path, ...], out: Path | None) -> None:
    """Tell who is newly covered, and who is not any more, from one run to another of the same district.

    Several AFTER_DIR are put side by side. Where --out is given, writes scenario.csv, scenario.xlsx, the map
    difference.html (of several, one each) and the page note.html (with a browser note.pdf too), else the table to
    stdout.
    """
    from circle15.outputs.tables import printed  # noqa: PLC0415 (heavy imports only when it runs)
    from circle15.runs.compare_files import compare_all, joined_table, write_comparison  # noqa: PLC0415 (as above)

    every = compare_all(before, after)
    for note in dict.fromkeys(note for found in every for note in found.notes):
        warn(note)
    if out is None:
        echo(printed(joined_table(every)).to_csv(index=False, lineterminator="\n"), nl=False)
        return
    if not write_comparison(every, after, out):
        say(Said("未找到浏览器，未生成 note.pdf", "no browser was found: note.pdf is left out"))
    for found in every:
        _say_what_differs(found)
    echo(out / "scenario.csv")


def _say_what_differs(found: Comparison) -> None:
    n = len(found.changed)
    is_moved = any(moves.is_gap_moved or moves.is_walk_moved for moves in found.moved.values())
    nothing = (
        Said(
            "没有居住网格的覆盖状况改变，但缺口或步行时间有别",
            "no inhabited cell is covered otherwise, but gaps or walks differ",
        )
        if is_moved
        else Said("两次运行没有差别", "the runs differ nowhere")
    )
    say(Said(f"{n} 个居住网格的覆盖状况改变", f"{n} inhabited cells are covered otherwise") if n else nothing)
