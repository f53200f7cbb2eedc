"""The command line: one file per command, loaded only when called."""

from __future__ import annotations

import os
import sys
from importlib import import_module
from typing import TYPE_CHECKING, Any

import click

from circle15 import __version__
from circle15.cli.shared.click_words import OPTIONS, SaidOption, spoken_help_option, teach_click
from circle15.cli.shared.language import language_of, speaking, told
from circle15.cli.shared.options import CONTEXT
from circle15.cli.shared.stopping import exit_code_of
from circle15.memory import look_for_circles_seldom
from circle15.said import Said

if TYPE_CHECKING:
    from collections.abc import Sequence

_SUMMARY = {
    "run": Said("规划一个区县：地图、表格和报告。", "Plan one district: maps, tables and report."),
    "batch": Said("批量规划多个区县并相互比较。", "Plan many districts, several at a time, and compare them."),
    "verify": Said("按清单重新运行，逐数核对。", "Run again from the manifest and compare every number."),
    "cache": Said("列出或清除缓存。", "List or clear what is kept of extracts that were read before."),
    "rank": Said("列出再建一处设施受益人数最多的地点。", "List the places where one more facility serves most people."),
    "site": Said(
        "以精确模型选出最优的新建地点。",
        "Find the best places for new facilities, proven by an exact model.",
    ),
    "programme": Said(
        "编制年度计划：哪个项目哪年建，并证明最优。",
        "Choose which project is built in which year, and prove it.",
    ),
    "compare": Said("比较两次运行：谁新近覆盖。", "Tell who is newly covered from one run to another."),
    "trend": Said(
        "分析多个时点的运行：各项数值如何变化，因何变化。",
        "Tell how each number moved over runs of several dates, and why.",
    ),
    "isochrone": Said("绘制从某处步行若干分钟可达的范围。", "Draw the area within so many minutes' walk of a place."),
    "check": Said(
        "列出配置及其输入的全部问题，不做计算。",
        "List every problem of a config and its inputs; compute nothing.",
    ),
    "fetch": Said(
        "获取某地的 OpenStreetMap 数据（须联网）。",
        "Fetch OpenStreetMap data of a place (needs the internet).",
    ),
    "init": Said("写一份带注释的起始配置。", "Write a commented config to start from."),
    "schema": Said("输出配置的 JSON schema，供编辑器使用。", "Print the JSON schema of the config, for editors."),
    "info": Said("显示版本、核心、线程和自带数据。", "Show versions, core build, threads and data sets."),
}


class _LazyGroup(click.Group):
    """A group whose commands are imported when they run, so that --help is instant."""

    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002 (click's signature)
        return list(_SUMMARY)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:  # noqa: ARG002 (click's signature)
        if cmd_name not in _SUMMARY:
            return None
        command: click.Command = import_module(f"circle15.cli.{cmd_name}").command
        return command

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:  # noqa: ARG002 (click's)
        with formatter.section(told(Said("命令", "Commands"))):
            formatter.write_dl([(name, told(said)) for name, said in _SUMMARY.items()])

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        try:
            return super().resolve_command(ctx, args)
        except click.UsageError as e:
            if args and self.get_command(ctx, args[0]) is None:
                known = ", ".join(_SUMMARY)
                message = told(Said(f"{e.message}可用命令：{known}。", f"{e.message} Commands: {known}."))
                raise click.UsageError(message, ctx) from None
            raise

    def main(self, args: Sequence[str] | None = None, *rest: Any, **extra: Any) -> Any:
        """Talk in the language of the config that is named, else of --lang, else of the system."""
        look_for_circles_seldom()
        # A builder's clock: numpy's f2py, which libraries load, ends where it is no time; no result may depend on it.
        os.environ.pop("SOURCE_DATE_EPOCH", None)
        with speaking(language_of(sys.argv[1:] if args is None else args)):
            return super().main(args, *rest, **extra)

    def invoke(self, ctx: click.Context) -> Any:
        """Run the command that is named; Ctrl-C while it is loaded ends as it does later."""
        try:
            return super().invoke(ctx)
        except KeyboardInterrupt as e:
            sys.exit(exit_code_of(e))

    def get_help_option(self, ctx: click.Context) -> click.Option | None:
        """Give the option -h in the language of the command."""
        return spoken_help_option(super().get_help_option(ctx))

    def collect_usage_pieces(self, ctx: click.Context) -> list[str]:
        """Give the line of usage."""
        self.options_metavar = told(OPTIONS)
        self.subcommand_metavar = told(Said("命令 [参数]...", "COMMAND [ARGS]..."))
        return super().collect_usage_pieces(ctx)

    def format_help_text(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Write what circle15 does."""
        english = self.help
        self.help = told(Said(_ZH, english or ""))
        try:
            super().format_help_text(ctx, formatter)
        finally:
            self.help = english


_ZH = """在真实步行路网上规划区县的 15 分钟公共服务圈。

数据写到标准输出，提示写到标准错误。退出码 0：完成；1：有区县失败；2：配置或输入有误；
130：Ctrl-C 中断；143：被终止（SIGTERM）。"""


teach_click()


@click.group(cls=_LazyGroup, context_settings=CONTEXT)
@click.version_option(
    __version__, prog_name="circle15", cls=SaidOption, help=Said("显示版本号。", "Show the version and exit.")
)
def main() -> None:
    """Plan a district's 15-minute public-service circle on its real walking network.

    Data goes to stdout, talk to stderr. Exit 0: done; 1: a district failed; 2: a config or input is wrong;
    130: Ctrl-C; 143: SIGTERM.
    """
