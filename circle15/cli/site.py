"""`circle15 site`: the best places, proven."""

from __future__ import annotations

import sys
from pathlib import Path

import click

from circle15.cli.shared.options import EXIT_FAILED, config_argument, out_option, say, shared, threads_option
from circle15.cli.shared.progress import stage_bar
from circle15.cli.shared.terminal import echo
from circle15.planning import MODELS

_FILE = click.Path(path_type=Path, dir_okay=False)


@click.command("site")
@config_argument
@click.option("--layer", "layer_id", metavar="ID", required=True, help="The service to build for.")
@click.option("--model", type=click.Choice(MODELS), default="mclp", show_default=True, help="What is to be best.")
@click.option("--p", "p", type=click.IntRange(min=1), help="Most new facilities.")
@click.option("--budget", type=click.FloatRange(min=0, min_open=True), help="Most that they may cost, 万元.")
@click.option("--share", type=click.FloatRange(min=0, max=1, min_open=True), default=1.0, show_default=True,
              help="set-cover: share of the layer's people to cover.")  # fmt: skip
@click.option("--cheapest", is_flag=True, help="set-cover: least cost instead of fewest facilities.")
@click.option("--candidates", type=_FILE, help="Table of parcels instead of the district's cells.")
@click.option("--forbidden", type=_FILE, help="Areas in which nothing may be built.")
@click.option("--time-limit", type=click.FloatRange(min=0, min_open=True), default=60.0, show_default=True,
              help="Seconds for the solver; where it stops, the table says how much is not excluded.")  # fmt: skip
@out_option
@threads_option
@shared
def command(  # noqa: PLR0913 (an argument for each option, as click calls it)
    config: Path,
    *,
    layer_id: str,
    model: str,
    p: int | None,
    budget: float | None,
    share: float,
    cheapest: bool,
    candidates: Path | None,
    forbidden: Path | None,
    time_limit: float,
    out: Path | None,
    threads: int | None,
) -> None:
    """Find the best places for new facilities of one layer, existing ones kept, by exact models (HiGHS).

    \b
    mclp         cover most people newly with --p facilities or within --budget
    set-cover    fewest facilities that cover --share of the people
    p-median     shortest walks on average
    p-centre     shortest longest walk
    capacitated  serve most of the open gap when each facility has room for so many

    Writes DIR/siting.csv where --out is given, else the same table to stdout: the exact solution and the greedy one
    beside it, each with its objective, the proven bound and the gap between them. Exit 1 where no choice of candidates
    is enough.
    """  # noqa: D301 (click reads the control character)
    from circle15.config.model import load_config  # noqa: PLC0415 (heavy imports only when the command runs)
    from circle15.config.planning import override_planning  # noqa: PLC0415 (as above)
    from circle15.files.staging import replaced_file  # noqa: PLC0415 (as above)
    from circle15.outputs.tables import printed, write_csv  # noqa: PLC0415 (as above)
    from circle15.pipeline import STAGES, site_district  # noqa: PLC0415 (as above)
    from circle15.pipeline.projects.sited import Task, as_model  # noqa: PLC0415 (as above)

    loaded = load_config(config)
    planning = override_planning(
        loaded.planning,
        candidates=str(candidates.resolve()) if candidates else None,
        forbidden=str(forbidden.resolve()) if forbidden else None,
    )
    loaded = loaded.model_copy(update={"planning": planning})
    task = Task(as_model(model), p=p, budget=budget, share=share, cheapest=cheapest, time_limit_s=time_limit)
    with stage_bar(loaded.district.id, len(STAGES)) as begin:
        answer = site_district(loaded, task, layer=layer_id, threads=threads, on_stage=begin)
    if answer.exact.status == "infeasible":
        for note in answer.notes:
            echo(f"circle15: {note.in_(loaded.district.lang)}", err=True)
        sys.exit(EXIT_FAILED)
    for note in answer.notes:
        say(note.in_(loaded.district.lang))
    if out is None:
        echo(printed(answer.table).to_csv(index=False, lineterminator="\n"), nl=False)
        return
    with replaced_file(out / "siting.csv") as stage:
        write_csv(answer.table, stage)
    echo(out / "siting.csv")
