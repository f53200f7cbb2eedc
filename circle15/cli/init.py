"""`circle15 init`: a config to start from."""

from __future__ import annotations

from pathlib import Path

import click

from circle15.cli.shared.click_words import command as named
from circle15.cli.shared.options import say, shared
from circle15.cli.shared.terminal import echo
from circle15.said import Said


@named(
    "init",
    zh="""写一份带注释的起始配置 DIR/district.toml；已有的不会覆盖。

DIR 中已有的文件（街道、边界、设施表、人口表）会先看一遍并填入：服务、列名、编码，以及坐标系的推测，均标“请确认”。""",
)
@click.argument("folder", type=click.Path(path_type=Path, file_okay=False), metavar="DIR")
@shared
def command(folder: Path) -> None:
    """Write a commented config, DIR/district.toml, to start from. An existing one is never overwritten.

    Files that are in DIR already (streets, boundaries, tables of facilities and people) are looked at and filled in:
    layers, columns, encodings, and a guess of their coordinates. All of it is marked "please confirm".
    """
    from circle15.doctor.draft import draft_from  # noqa: PLC0415 (as above)
    from circle15.doctor.draft_text import draft_text, summary_lines  # noqa: PLC0415 (as above)
    from circle15.errors import OutputError, Problem  # noqa: PLC0415 (keeps --help instant)
    from circle15.files.staging import replaced_file  # noqa: PLC0415 (as above)

    path = folder / "district.toml"
    if path.exists():
        message = Said("已存在，不予覆盖；请换一个文件夹", "exists already; it is not overwritten. Name another folder")
        raise OutputError(Problem(message, file=str(path)))
    draft = draft_from(folder)
    with replaced_file(path, is_new=True) as stage:
        stage.write_text(draft_text(draft), encoding="utf-8")
    for line in summary_lines(draft):
        say(line)
    say(Said(f"填好后运行：circle15 check {path}", f"fill it in, then: circle15 check {path}"))
    echo(path)
