"""`circle15 programme`: which project in which year."""

from __future__ import annotations

from typing import TYPE_CHECKING

from circle15.cli.shared.click_words import command as named
from circle15.cli.shared.options import config_argument, out_option, say, shared, threads_option
from circle15.cli.shared.progress import stage_bar
from circle15.cli.shared.terminal import echo

if TYPE_CHECKING:
    from pathlib import Path


@named(
    "programme",
    zh="""编制年度计划：在逐年预算内，全部服务一并考虑，哪个项目哪年建，并证明最优。

配置的 [programme] 写明年度、预算、备选、目标与求优对象。写 --out 时生成 DIR/programme.csv，旁有 programme_goals、
programme_years、programme_units、programme_greedy、programme_proof，合为 programme.xlsx；programme-年份.toml 是
各年年末的方案，可直接运行。不写 --out 则把 programme.csv 输出到标准输出。目标不能达到时，说明是哪条、至少还需多少资金、
点位或容量。""",
)
@config_argument
@out_option
@threads_option
@shared
def command(config: Path, *, out: Path | None, threads: int | None) -> None:
    """Choose which project is built in which year, all services under the years' budgets, and prove it.

    The config's [programme] states years, budget, candidates, goals and what to maximise. Writes DIR/programme.csv
    where --out is given, with programme_goals, programme_years, programme_units, programme_greedy and programme_proof
    beside it, all of them as programme.xlsx, and programme-YEAR.toml: what stands by the end of each year as a scenario
    to run. Without --out prints programme.csv to stdout. Where goals cannot be met it says which, and the least money,
    sites or places that would.
    """
    from circle15.config.model import load_config  # noqa: PLC0415 (heavy imports only when the command runs)
    from circle15.files.staging import replaced_files  # noqa: PLC0415 (as above)
    from circle15.outputs.command_workbook import write_command_workbook  # noqa: PLC0415 (as above)
    from circle15.outputs.tables import printed, write_csv  # noqa: PLC0415 (as above)
    from circle15.pipeline import STAGES, programme  # noqa: PLC0415 (as above)
    from circle15.pipeline.projects.programme.answer import base_from, notes_of  # noqa: PLC0415 (as above)

    loaded = load_config(config)
    with stage_bar(loaded.district.id, len(STAGES)) as begin:
        answer = programme(loaded, threads=threads, on_stage=begin)
    for sentence in answer.proof:
        say(sentence)
    if out is None:
        echo(printed(answer.table).to_csv(index=False, lineterminator="\n"), nl=False)
        return
    with replaced_files(out) as stage:
        for name, table in answer.tables.items():
            write_csv(table, stage / f"{name}.csv")
        write_command_workbook(
            stage / "programme.xlsx",
            title=answer.title,
            notes=notes_of(answer),
            tables=answer.tables,
            labels=answer.labels,
        )
        for year in loaded.programme.years if loaded.programme is not None else ():
            scenario = answer.scenario(year, base_from(out, config))
            (stage / f"programme-{year}.toml").write_text(scenario, encoding="utf-8")
    echo(out / "programme.csv")
