"""click in both languages: its own words, and the help of our commands and options."""

from __future__ import annotations

import gettext
from typing import TYPE_CHECKING, Any

import click
import click.core
import click.decorators
import click.exceptions
import click.formatting
import click.parser
import click.types

from circle15.cli.shared.language import spoken, told
from circle15.said import Said

if TYPE_CHECKING:
    from collections.abc import Callable

_ZH = {
    "Usage:": "用法：",
    "Options": "选项",
    "Commands": "命令",
    "Show this message and exit.": "显示本说明。",
    "Show the version and exit.": "显示版本号。",
    "default: {default}": "默认：{default}",
    "required": "必填",
    "range": "范围",
    "(dynamic)": "（视情况而定）",
    "Error: {message}": "错误：{message}",
    "Try '{command} {option}' for help.": "运行“{command} {option}”查看用法。",
    "Aborted!": "已中止。",
    "Invalid value: {message}": "参数有误：{message}",
    "Invalid value for {param_hint}: {message}": "{param_hint} 的值有误：{message}",
    "Missing argument": "缺少参数",
    "Missing option": "缺少选项",
    "Missing parameter": "缺少参数",
    "Missing command.": "缺少命令。",
    "No such option {name!r}.": "没有选项 {name!r}。",
    "No such command {name!r}.": "没有命令 {name!r}。",
    "Did you mean {possibility}?": "是否想写 {possibility}？",
    "(Did you mean one of: {possibilities}?)": "（可选：{possibilities}）",
    "Did you mean one of: {possibilities}?": "可选：{possibilities}",
    "Choose from:\n\t{choices}": "可选：\n\t{choices}",
    "{value!r} is not a valid {number_type}.": "{value!r} 不是数字。",
    "{value} is not in the range {range}.": "{value} 不在范围 {range} 内。",
    "{value!r} is not one of {choices}.": "{value!r} 不在可选值之列：{choices}。",
    "{value!r} is not {choice}.": "{value!r} 不是 {choice}。",
    "{value!r} is not a valid boolean. Recognized values: {states}": "{value!r} 不是是否值。可写：{states}",
    "{name} {filename!r} does not exist.": "{filename!r} 不存在。",
    "{name} {filename!r} is a file.": "{filename!r} 是文件，应为文件夹。",
    "{name} {filename!r} is a directory.": "{filename!r} 是文件夹，应为文件。",
    "{name} {filename!r} is not readable.": "{filename!r} 无法读取。",
    "{name} {filename!r} is not writable.": "{filename!r} 无法写入。",
    "Option {name!r} does not take a value.": "选项 {name!r} 不带值。",
    "Option {name!r} requires an argument.": "选项 {name!r} 须带值。",
    "Option {name!r} requires {nargs} arguments.": "选项 {name!r} 须带 {nargs} 个值。",
    "Argument {name!r} takes {nargs} values.": "参数 {name!r} 须有 {nargs} 个值。",
    "Got unexpected extra argument ({args})": "多余的参数（{args}）",
    "Got unexpected extra arguments ({args})": "多余的参数（{args}）",
    "Could not open file {filename!r}: {message}": "无法打开文件 {filename!r}：{message}",
    "unknown error": "未知错误",
    "%(prog)s, version %(version)s": "%(prog)s，版本 %(version)s",
}  # fmt: skip
"""What click says, in Chinese; the keys are its own texts."""


OPTIONS = Said("[选项]", "[OPTIONS]")


def _worded(text: str) -> str:
    return _ZH.get(text, text) if spoken() == "zh" else gettext.gettext(text)


def _counted(one: str, many: str, n: int) -> str:
    return _worded(one if n == 1 else many)


def teach_click() -> None:
    """Let click ask here for its own words, which it otherwise asks gettext for."""
    for module in (click.core, click.decorators, click.exceptions, click.formatting, click.parser, click.types):
        for name, words in (("_", _worded), ("ngettext", _counted)):
            if hasattr(module, name):
                setattr(module, name, words)


class SaidOption(click.Option):
    """An option whose help stands in both languages."""

    def __init__(self, *args: Any, help: Said, **kwargs: Any) -> None:  # noqa: A002 (click's name)
        super().__init__(*args, **kwargs)
        self.help = help.en
        self.said = help

    def get_help_record(self, ctx: click.Context) -> tuple[str, str] | None:
        """Give the option's lines of the help in the language of the command."""
        self.help = told(self.said)
        try:
            return super().get_help_record(ctx)
        finally:
            self.help = self.said.en


def spoken_help_option(option: click.Option | None) -> click.Option | None:
    """Give the option -h, whose help click would keep in the language that was spoken first."""
    if option is not None:
        option.help = _worded("Show this message and exit.")
    return option


class SaidCommand(click.Command):
    """A command whose help stands in both languages: its docstring in English, and ``zh`` in Chinese."""

    def __init__(self, *args: Any, zh: str, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.zh = zh

    def get_help_option(self, ctx: click.Context) -> click.Option | None:
        """Give the option -h in the language of the command."""
        return spoken_help_option(super().get_help_option(ctx))

    def collect_usage_pieces(self, ctx: click.Context) -> list[str]:
        """Give the line of usage."""
        self.options_metavar = told(OPTIONS)
        return super().collect_usage_pieces(ctx)

    def format_help_text(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Write what the command does in the language of the command."""
        english = self.help
        self.help = self.zh if spoken() == "zh" else english
        try:
            super().format_help_text(ctx, formatter)
        finally:
            self.help = english


def option(*names: str, help: Said, **kwargs: Any) -> Callable[[Any], Any]:  # noqa: A002 (click's name)
    """Give a command an option; as `click.option`, its help in both languages."""
    return click.option(*names, cls=SaidOption, help=help, **kwargs)


def command(name: str, zh: str) -> Callable[[Any], Any]:
    """Make a command; as `click.command`, its help the docstring and ``zh``."""
    return click.command(name, cls=SaidCommand, zh=zh)
