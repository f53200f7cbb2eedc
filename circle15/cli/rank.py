"""`circle15 rank`: which places first."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from circle15.cli.options import config_argument, out_option, say, shared, threads_option
from circle15.cli.progress import stage_bar

if TYPE_CHECKING:
    from pathlib import Path


@click.command("rank")
@config_argument
@click.option("--layer", "layer_id", metavar="ID", help="Only this layer [default: all].")
@click.option("--top", type=click.IntRange(min=1), help="Places per layer [default: the config's, else 20].")
@out_option
@threads_option
@shared
def command(config: Path, layer_id: str | None, top: int | None, out: Path | None, threads: int | None) -> None:
    """List the places where one more facility would newly cover most people.

    Writes DIR/ranking.csv where --out is given, else the same table to stdout.
    """
    from circle15.config import load_config  # noqa: PLC0415 (heavy imports only when the command runs)
    from circle15.outputs.folder import replaced_file  # noqa: PLC0415 (as above)
    from circle15.outputs.tables import printed, write_csv  # noqa: PLC0415 (as above)
    from circle15.pipeline import STAGES, rank_district  # noqa: PLC0415 (as above)

    loaded = load_config(config)
    with stage_bar(loaded.district.id, len(STAGES)) as begin:
        table = rank_district(loaded, layer=layer_id, top=top, threads=threads, on_stage=begin)
    if out is None:
        click.echo(printed(table).to_csv(index=False, lineterminator="\n"), nl=False)
        return
    with replaced_file(out / "ranking.csv") as stage:
        write_csv(table, stage)
    say(f"{len(table)} places ranked")
    click.echo(out / "ranking.csv")
