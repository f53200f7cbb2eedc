"""`circle15 site`: the best places, proven."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

import click

from circle15.cli.shared.click_words import command as named
from circle15.cli.shared.click_words import option
from circle15.cli.shared.options import (
    EXIT_FAILED,
    FILE,
    Amount,
    candidates_option,
    config_argument,
    out_option,
    say,
    say_always,
    shared,
    threads_option,
)
from circle15.cli.shared.progress import stage_bar
from circle15.cli.shared.terminal import echo
from circle15.files.door import settled_path
from circle15.planning import MODELS
from circle15.said import Said

if TYPE_CHECKING:
    from pathlib import Path


@named(
    "site",
    zh="""用精确模型（HiGHS）为一项服务选出最优的新建地点，现有设施保留。

\b
mclp         用 --p 处设施或 --budget 预算，使新增覆盖人数最多
set-cover    以最少设施覆盖 --share 比例的人口
p-median     平均步行时间最短
p-centre     最远步行时间最短
capacitated  每处容量有限时，补足的缺口最多

写 --out 时生成 DIR/siting.csv，否则把同一张表输出到标准输出：最优方案与逐点择优方案并列，各附目标值、已证界限和差距。
任何备选组合都不够时退出码为 1。""",
)
@config_argument
@option("--layer", "layer_id", metavar="ID", required=True, help=Said("为哪项服务选址。", "The service to build for."))
@option(
    "--model",
    type=click.Choice(MODELS),
    default="mclp",
    show_default=True,
    help=Said(
        "以什么为优。",
        "What is to be best.",
    ),
)
@option("--p", "p", type=click.IntRange(min=1), metavar="N", help=Said("新建设施数上限。", "Most new facilities."))
@option(
    "--budget",
    type=Amount(min=0, min_open=True),
    metavar="X",
    help=Said(
        "造价上限（万元）。",
        "Most that they may cost, 万元.",
    ),
)
@option("--share", type=Amount(min=0, max=1, min_open=True), metavar="X", default=1.0, show_default=True,
              help=Said("set-cover：应覆盖的人口比例。", "set-cover: share of the people to cover."))  # fmt: skip
@option(
    "--cheapest",
    is_flag=True,
    help=Said(
        "set-cover：造价最低，而非设施最少。",
        "set-cover: least cost instead of fewest facilities.",
    ),
)
@candidates_option
@option("--forbidden", type=FILE, metavar="FILE", help=Said("不得建设的范围。", "Areas in which nothing may be built."))
@option("--time-limit", type=Amount(min=0, min_open=True), metavar="X", default=60.0, show_default=True,
              help=Said(
        "求解时限（秒）；到时停止的，表中注明尚未排除的差距。",
        "Seconds for the solver; where it stops, the table says how much is not excluded.",
    ))  # fmt: skip
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

    Writes DIR/siting.csv (and siting.xlsx) where --out is given, else the same table to stdout: the exact solution and
    the greedy one beside it, each with its objective, the proven bound and the gap between them. Exit 1 where no choice
    of candidates is enough.
    """  # noqa: D301 (click reads the control character)
    from circle15.config.model import load_config  # noqa: PLC0415 (heavy imports only when the command runs)
    from circle15.config.planning import override_planning  # noqa: PLC0415 (as above)
    from circle15.files.staging import replaced_files  # noqa: PLC0415 (as above)
    from circle15.outputs.command_workbook import write_command_workbook  # noqa: PLC0415 (as above)
    from circle15.outputs.tables import printed, write_csv  # noqa: PLC0415 (as above)
    from circle15.pipeline import STAGES, site_district  # noqa: PLC0415 (as above)
    from circle15.pipeline.projects.siting_task import Task, as_model  # noqa: PLC0415 (as above)

    loaded = load_config(config)
    planning = override_planning(
        loaded.planning,
        candidates=str(settled_path(candidates)) if candidates else None,
        forbidden=str(settled_path(forbidden)) if forbidden else None,
    )
    loaded = loaded.model_copy(update={"planning": planning})
    task = Task(as_model(model), p=p, budget=budget, share=share, cheapest=cheapest, time_limit_s=time_limit)
    with stage_bar(loaded.district.id, len(STAGES)) as begin:
        answer = site_district(loaded, task, layer=layer_id, threads=threads, on_stage=begin)
    if answer.exact.status == "infeasible":
        for note in answer.notes:
            say_always(note)
        sys.exit(EXIT_FAILED)
    for note in answer.notes:
        say(note)
    if out is None:
        echo(printed(answer.table).to_csv(index=False, lineterminator="\n"), nl=False)
        return
    lang = loaded.district.lang
    with replaced_files(out) as stage:
        write_csv(answer.table, stage / "siting.csv")
        write_command_workbook(
            stage / "siting.xlsx",
            title=Said("{d}：优化选址", "{d}: siting").format(d=loaded.district.name).in_(lang),
            notes=[(Said("结论", "found").in_(lang), note.in_(lang)) for note in answer.notes],
            tables={"siting": answer.table},
            labels=answer.labels,
        )
    echo(out / "siting.csv")
