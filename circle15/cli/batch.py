"""`circle15 batch`: many districts."""

from __future__ import annotations

import sys
from pathlib import Path

import click

from circle15.cli.options import EXIT_FAILED, out_option, say, shared
from circle15.cli.progress import stage_bar


@click.command("batch")
@click.argument("configs", nargs=-1, required=True, type=click.Path(path_type=Path), metavar="CONFIG...")
@out_option
@shared
def command(configs: tuple[Path, ...], out: Path | None) -> None:
    """Plan many districts one after another, each into DIR/<district id>/ (default DIR: maps).

    A district that fails is reported and the others go on; the exit code is then 1.
    """
    from circle15.batch import run_batch  # noqa: PLC0415 (heavy imports only when the command runs)

    with stage_bar("batch", len(configs)) as begin:
        outcomes = run_batch(configs, out=out, on_district=begin)
    for outcome in outcomes:
        click.echo(f"{outcome.config}\t{'done' if outcome.error is None else 'failed'}\t{outcome.folder or ''}")
        if outcome.error is not None:
            for line in outcome.error.splitlines():
                say(f"circle15: {line}")
    failed = sum(outcome.error is not None for outcome in outcomes)
    say(f"{len(outcomes) - failed} of {len(outcomes)} districts done")
    if failed:
        sys.exit(EXIT_FAILED)
