"""The command line: one file per command, loaded only when called."""

from __future__ import annotations

from importlib import import_module

import click

from circle15 import __version__
from circle15.cli.shared.options import CONTEXT

_SUMMARY = {
    "run": "Plan one district: maps, tables and report.",
    "batch": "Plan many districts, several at a time, and compare them.",
    "verify": "Run again from the manifest and compare every number.",
    "cache": "List or clear what is kept of extracts that were read before.",
    "rank": "List the places where one more facility serves most people.",
    "site": "Find the best places for new facilities, proven by an exact model.",
    "compare": "Tell who is newly covered from one run to another.",
    "trend": "Tell how each number moved over runs of several dates, and why.",
    "isochrone": "Draw the area within so many minutes' walk of a place.",
    "check": "List every problem of a config and its inputs; compute nothing.",
    "fetch": "Fetch OpenStreetMap data of a place (needs the internet).",
    "init": "Write a commented config to start from.",
    "schema": "Print the JSON schema of the config, for editors.",
    "info": "Show versions, core build, threads and data sets.",
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
        with formatter.section("Commands"):
            formatter.write_dl(list(_SUMMARY.items()))

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        try:
            return super().resolve_command(ctx, args)
        except click.UsageError as e:
            if args and self.get_command(ctx, args[0]) is None:
                raise click.UsageError(f"{e.message} Commands: {', '.join(_SUMMARY)}.", ctx) from None
            raise


@click.group(cls=_LazyGroup, context_settings=CONTEXT)
@click.version_option(__version__, prog_name="circle15")
def main() -> None:
    """Plan a district's 15-minute public-service circle on its real walking network.

    Data goes to stdout, talk to stderr. Exit 0: done; 1: a district failed; 2: a config or input is wrong.
    """
