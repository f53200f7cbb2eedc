"""`circle15 init`: a config to start from."""

from __future__ import annotations

from pathlib import Path

import click

from circle15.cli.options import say, shared


@click.command("init")
@click.argument("folder", type=click.Path(path_type=Path, file_okay=False), metavar="DIR")
@shared
def command(folder: Path) -> None:
    """Write a commented config, DIR/district.toml, to start from. An existing one is never overwritten."""
    from importlib.resources import files  # noqa: PLC0415 (only this command needs it)

    from circle15.errors import OutputError, Problem  # noqa: PLC0415 (keeps --help instant)
    from circle15.outputs.folder import replaced_file  # noqa: PLC0415 (as above)

    path = folder / "district.toml"
    if path.exists():
        raise OutputError(Problem("exists already; it is not overwritten. Name another folder", file=str(path)))
    text = files("circle15.cli").joinpath("district.toml").read_text(encoding="utf-8")
    with replaced_file(path) as stage:
        stage.write_text(text, encoding="utf-8")
    say("fill it in, then: circle15 check " + str(path))
    click.echo(path)
