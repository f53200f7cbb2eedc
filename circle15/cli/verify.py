"""`circle15 verify`: the audit."""

from __future__ import annotations

import sys
from pathlib import Path

import click

from circle15.cli.shared.options import EXIT_FAILED, say, shared, threads_option
from circle15.cli.shared.terminal import echo


@click.command("verify")
@click.argument("folder", type=click.Path(path_type=Path, file_okay=False), metavar="DIR")
@threads_option
@shared
def command(folder: Path, threads: int | None) -> None:
    """Check the inputs of a run or a batch, run it again from its manifest, and name every cell and key that differs.

    Prints nothing to stdout where every number is as computed. Exit 1 where one is not, or an input is another.
    """
    from circle15.runs.verify import verify_folder  # noqa: PLC0415 (heavy imports only when the command runs)

    checked = verify_folder(folder, threads=threads, on_district=lambda name: say(f"circle15: verifying {name}"))
    for one in checked:
        for note in one.notes:
            say(f"circle15: {one.folder}: {note}")
        for line in (*one.problems, *one.differences):
            echo(f"{one.folder}: {line}")
    n_wrong = sum(not one.is_sound for one in checked)
    if n_wrong:
        say(f"{n_wrong} of {len(checked)} folders are not as computed")
        sys.exit(EXIT_FAILED)
    say(f"{len(checked)} folders verified: every number is as computed from the same inputs")
