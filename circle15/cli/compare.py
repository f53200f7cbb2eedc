"""`circle15 compare`: what a scenario changes."""

from __future__ import annotations

from pathlib import Path

import click

from circle15.cli.shared.click_words import command as named
from circle15.cli.shared.options import out_option, say, shared, warn
from circle15.cli.shared.terminal import echo
from circle15.said import Said

_FOLDER = click.Path(path_type=Path, file_okay=False)


@named(
    "compare",
    zh="""比较同一区县的两次运行：谁新近覆盖，谁不再覆盖。

写 --out 时生成 DIR/scenario.csv 和地图 DIR/difference.html，否则把同一张表输出到标准输出。""",
)
@click.argument("before", type=_FOLDER, metavar="BEFORE_DIR")
@click.argument("after", type=_FOLDER, metavar="AFTER_DIR")
@out_option
@shared
def command(before: Path, after: Path, out: Path | None) -> None:
    """Tell who is newly covered, and who is not any more, from one run to another of the same district.

    Writes DIR/scenario.csv and the map DIR/difference.html where --out is given, else the same table to stdout.
    """
    from circle15.files.staging import replaced_files  # noqa: PLC0415 (as above)
    from circle15.outputs.difference import write_difference_map  # noqa: PLC0415 (heavy imports only when it runs)
    from circle15.outputs.tables import printed, write_csv  # noqa: PLC0415 (as above)
    from circle15.runs.compare import compare_runs  # noqa: PLC0415 (as above)

    found = compare_runs(before, after)
    for note in found.notes:
        warn(note)
    if out is None:
        echo(printed(found.table).to_csv(index=False, lineterminator="\n"), nl=False)
        return
    with replaced_files(out) as stage:
        write_csv(found.table, stage / "scenario.csv")
        write_difference_map(
            found.table, found.changed, found.units, found.layers, stage / "difference.html", moved=found.moved,
            title=found.title, lang=found.lang, sources=found.sources, notes=found.notes,
        )  # fmt: skip
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
    echo(out / "scenario.csv")
