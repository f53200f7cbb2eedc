"""`circle15 cache`: what is kept of extracts that were read before."""

from __future__ import annotations

import click

from circle15.cli.shared.options import say, shared
from circle15.cli.shared.terminal import echo


@click.command("cache")
@click.option("--clear", is_flag=True, help="Delete every entry.")
@shared
def command(*, clear: bool) -> None:
    """List what is kept of extracts that were read before: streets, and selections that batches share.

    Entries are found by the content of files, so none is ever stale; those used longest ago go first when all
    together take more than 4 GB.
    """
    import datetime as dt  # noqa: PLC0415 (heavy imports only when the command runs)

    from circle15.files.cache_room import LIMIT_BYTES, cache_root, clear_cache, list_entries  # noqa: PLC0415 (as above)

    if clear:
        echo(f"{clear_cache()} entries deleted")
        return
    entries = list_entries()
    for entry in entries:
        used = dt.datetime.fromtimestamp(entry.used_at).astimezone().strftime("%Y-%m-%d %H:%M")
        echo(f"{entry.kind}\t{entry.size_bytes / 1e6:.1f} MB\t{used}\t{entry.path}")
    total = sum(entry.size_bytes for entry in entries)
    say(f"{len(entries)} entries, {total / 1e6:.1f} MB of at most {LIMIT_BYTES / 1e6:.0f} MB in {cache_root()}")
