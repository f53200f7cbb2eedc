"""`circle15 rank`: which places first."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from circle15.cli.shared.click_words import command as named
from circle15.cli.shared.click_words import option
from circle15.cli.shared.language import told
from circle15.cli.shared.options import (
    FILE,
    Amount,
    candidates_option,
    config_argument,
    out_option,
    say,
    shared,
    threads_option,
    warn,
)
from circle15.cli.shared.progress import stage_bar
from circle15.cli.shared.terminal import echo
from circle15.files.door import settled_path
from circle15.said import Said

if TYPE_CHECKING:
    from pathlib import Path


@named(
    "rank",
    zh="""列出再建一处设施时新增覆盖人数最多的地点，逐处扣除其上各处已覆盖的。

写 --out 时生成 DIR/ranking.csv 及同名工作簿，否则把表输出到标准输出。备选地点为本区网格中心，或一张含名称、经度、纬度及
（如有）服务、造价、容量的表。""",
)
@config_argument
@option(
    "--layer",
    "layer_id",
    metavar="ID",
    help=Said(
        "只算这项服务（编号或名称）[默认：全部]。",
        "Only this layer, by id or name [default: all].",
    ),
)
@option(
    "--top",
    type=click.IntRange(min=1),
    metavar="N",
    help=Said(
        "每项服务列出的地点数 [默认：按配置，否则 20]。",
        "Places per layer [default: the config's, else 20].",
    ),
)
@option(
    "--by",
    type=click.Choice(["people", "gap", "places", "people-per-cost", "gap-per-cost", "places-per-cost"]),
    help=Said(
        "以什么为优：新增覆盖人数、补足缺口、补足最少缺口 [默认：按配置，否则 people]。",
        "What the best place does most of: people newly covered, supply gap closed, missing places made up for"
        " [default: the config's, else people].",
    ),
)
@candidates_option
@option(
    "--projects",
    type=FILE,
    metavar="FILE",
    help=Said(
        "改为比选这张拟建项目表（projects.csv）。",
        "Compare this list of planned projects instead (projects.csv).",
    ),
)
@option(
    "--budget",
    type=Amount(min=0, min_open=True),
    metavar="X",
    help=Said(
        "每项服务的造价上限（万元）。",
        "Most that each layer's places may cost, 万元.",
    ),
)
@option(
    "--robust",
    is_flag=True,
    help=Said(
        "按 [certainty] 九成抽样都能达到的增量排序，而非按测算值。",
        "Rank by the gain that 90 % of the draws of [certainty] reach, not by the stated one.",
    ),
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

    Writes DIR/ranking.csv and the same as ranking.xlsx where --out is given, else the table to stdout. Candidates are
    the district's cells (where their walks start), or the rows of a table with name, lon, lat and, where known, layer,
    cost and capacity.
    """
    if projects is not None:
        given = {"--top": top, "--by": by, "--candidates": candidates, "--budget": budget, "--robust": robust or None}
        idle = [name for name, value in given.items() if value is not None]
        if idle:
            names = ", ".join(idle)
            message = Said(
                f"--projects 按表比选，不与 {names} 同用。",
                f"--projects compares a list as it stands and takes no {names}.",
            )
            raise click.UsageError(told(message))
    from circle15.config.model import load_config  # noqa: PLC0415 (heavy imports only when the command runs)
    from circle15.config.planning import override_planning  # noqa: PLC0415 (as above)
    from circle15.files.staging import replaced_files  # noqa: PLC0415 (as above)
    from circle15.outputs.command_workbook import notes_of_warnings, write_command_workbook  # noqa: PLC0415 (as above)
    from circle15.outputs.result import one_side  # noqa: PLC0415 (as above)
    from circle15.outputs.tables import printed, write_csv  # noqa: PLC0415 (as above)
    from circle15.pipeline import STAGES, compared_projects, rank_district  # noqa: PLC0415 (as above)

    loaded = load_config(config)
    planning = override_planning(
        loaded.planning,
        candidates=str(settled_path(candidates)) if candidates else None,
        projects=str(settled_path(projects)) if projects else None,
        rank_by=by.replace("-", "_") if by else None,
        budget=budget,
    )
    loaded = loaded.model_copy(update={"planning": planning})
    name = "projects" if projects else "ranking"
    with stage_bar(loaded.district.id, len(STAGES)) as begin:
        if projects:
            ranking = compared_projects(loaded, layer=layer_id, threads=threads, on_stage=begin)
        else:
            ranking = rank_district(loaded, layer=layer_id, top=top, robust=robust, threads=threads, on_stage=begin)
    table, warnings = one_side(ranking.table, loaded.district.lang), ranking.warnings
    for warning in warnings:
        warn(warning)
    if out is None:
        echo(printed(table).to_csv(index=False, lineterminator="\n"), nl=False)
        return
    title = (
        Said("{d}：拟建项目比选", "{d}: planned projects") if projects else Said("{d}：建议点位", "{d}: proposed sites")
    )
    with replaced_files(out) as stage:
        write_csv(table, stage / f"{name}.csv")
        write_command_workbook(
            stage / f"{name}.xlsx",
            title=title.format(d=loaded.district.name).in_(loaded.district.lang),
            notes=notes_of_warnings(warnings, loaded.district.lang),
            tables={name: table},
            labels=ranking.labels,
        )
    say(Said(f"共 {len(table)} 处", f"{len(table)} places"))
    echo(out / f"{name}.csv")
