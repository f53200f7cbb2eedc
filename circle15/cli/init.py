"""`circle15 init`: a config to start from."""

from __future__ import annotations

from pathlib import Path

import click

from circle15.cli.shared.options import say, shared
from circle15.cli.shared.terminal import echo


@click.command("init")
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
        raise OutputError(Problem("exists already; it is not overwritten. Name another folder", file=str(path)))
    draft = draft_from(folder)
    with replaced_file(path) as stage:
        stage.write_text(draft_text(draft), encoding="utf-8")
    for line in summary_lines(draft):
        say(line)
    say("fill it in, then: circle15 check " + str(path))
    echo(path)
