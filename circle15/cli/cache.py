"""`circle15 cache`: what is kept of extracts that were read before."""

from __future__ import annotations

from circle15.cli.shared.click_words import command as named
from circle15.cli.shared.click_words import option
from circle15.cli.shared.language import told
from circle15.cli.shared.options import say, shared
from circle15.cli.shared.terminal import echo
from circle15.said import Said


@named(
    "cache",
    zh="""列出以往运行留下的缓存：路网、批量运行共用的选取结果，以及各步骤的中间结果。

缓存按其来源的内容查找，不会过期；总量超过 4 GB 时先删最久未用的。""",
)
@option("--clear", is_flag=True, help=Said("全部删除。", "Delete every entry."))
@shared
def command(*, clear: bool) -> None:
    """List what is kept of runs before: streets, selections that batches share, and results of stages.

    Entries are found by the content of what they were made from, so none is ever stale; those used longest ago go
    first when all together take more than 4 GB.
    """
    import datetime as dt  # noqa: PLC0415 (heavy imports only when the command runs)

    from circle15.files.cache_room import LIMIT_BYTES, cache_root, clear_cache, list_entries  # noqa: PLC0415 (as above)

    if clear:
        n = clear_cache()
        echo(told(Said(f"已删除 {n} 项", f"{n} entries deleted")))
        return
    entries = list_entries()
    for entry in entries:
        used = dt.datetime.fromtimestamp(entry.used_at).astimezone().strftime("%Y-%m-%d %H:%M")
        echo(f"{entry.kind}\t{entry.size_bytes / 1e6:.1f} MB\t{used}\t{entry.path}")
    total = sum(entry.size_bytes for entry in entries)
    n, mb, most = len(entries), f"{total / 1e6:.1f}", f"{LIMIT_BYTES / 1e6:.0f}"
    say(
        Said(
            f"共 {n} 项，{mb} MB，上限 {most} MB，位于 {cache_root()}",
            f"{n} entries, {mb} MB of at most {most} MB in {cache_root()}",
        )
    )
