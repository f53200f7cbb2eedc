"""`circle15 rank`: which places first."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from circle15.cli.shared.options import config_argument, out_option, say, shared, threads_option
from circle15.cli.shared.progress import stage_bar
from circle15.cli.shared.terminal import echo

if TYPE_CHECKING:
    from circle15.said import Said

_FILE = click.Path(path_type=Path, dir_okay=False)


@click.command("rank")
@config_argument
@click.option("--layer", "layer_id", metavar="ID", help="Only this layer [default: all].")
@click.option("--top", type=click.IntRange(min=1), help="Places per layer [default: the config's, else 20].")
@click.option(
    "--by",
    type=click.Choice(["people", "gap", "places", "people-per-cost", "gap-per-cost", "places-per-cost"]),
    help="What the best place does most of: people newly covered, supply gap closed, missing places made up for"
    " [default: the config's, else people].",
)
@click.option("--candidates", type=_FILE, help="Table of parcels instead of the district's cells.")
@click.option("--projects", type=_FILE, help="Compare this list of planned projects instead (projects.csv).")
@click.option(
    "--budget", type=click.FloatRange(min=0, min_open=True), help="Most that each layer's places may cost, 万元."
)
@click.option(
    "--robust",
    is_flag=True,
    help="Rank by the gain that 90 % of the draws of [certainty] reach, not by the stated one.",
)
@out_option
@threads_option
@shared
def command(  # noqa: PLR0913 (an argument for each option, as click calls it)
    config: Path,
    *,
    layer_id: str | None,
    top: int | None,
    by: str | None,
    candidates: Path | None,
    projects: Path | None,
    budget: float | None,
    robust: bool,
    out: Path | None,
    threads: int | None,
) -> None:
    """List the places where one more facility would newly cover most people, given those above it.

    Writes DIR/ranking.csv where --out is given, else the same table to stdout. Candidates are the district's cells
    (where their walks start), or the rows of a table with name, lon, lat and, where known, layer, cost and capacity.
    """
    if projects is not None:
        given = {"--top": top, "--by": by, "--candidates": candidates, "--budget": budget, "--robust": robust or None}
        idle = [name for name, value in given.items() if value is not None]
        if idle:
            raise click.UsageError(f"--projects compares a list as it stands and takes no {', '.join(idle)}.")
    from circle15.config.model import load_config  # noqa: PLC0415 (heavy imports only when the command runs)
    from circle15.config.planning import override_planning  # noqa: PLC0415 (as above)
    from circle15.files.staging import replaced_file  # noqa: PLC0415 (as above)
    from circle15.outputs.tables import printed, write_csv  # noqa: PLC0415 (as above)
    from circle15.pipeline import STAGES, compare_projects_of, rank_district  # noqa: PLC0415 (as above)

    loaded = load_config(config)
    planning = override_planning(
        loaded.planning,
        candidates=str(candidates.resolve()) if candidates else None,
        projects=str(projects.resolve()) if projects else None,
        rank_by=by.replace("-", "_") if by else None,
        budget=budget,
    )
    loaded = loaded.model_copy(update={"planning": planning})
    name = "projects" if projects else "ranking"
    warnings: tuple[Said, ...] = ()
    with stage_bar(loaded.district.id, len(STAGES)) as begin:
        if projects:
            table = compare_projects_of(loaded, threads=threads, on_stage=begin)
            table = table if layer_id is None else table[table["layer"] == layer_id]
        else:
            ranking = rank_district(loaded, layer=layer_id, top=top, robust=robust, threads=threads, on_stage=begin)
            table, warnings = ranking.table, ranking.warnings
    for warning in warnings:
        say(f"circle15: warning: {warning.in_(loaded.district.lang)}")
    if out is None:
        echo(printed(table).to_csv(index=False, lineterminator="\n"), nl=False)
        return
    with replaced_file(out / f"{name}.csv") as stage:
        write_csv(table, stage)
    say(f"{len(table)} places")
    echo(out / f"{name}.csv")
