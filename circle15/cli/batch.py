"""`circle15 batch`: many districts."""

from __future__ import annotations

import re
import sys
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from circle15.cli.shared.batch_progress import batch_progress, json_line
from circle15.cli.shared.click_words import command as named
from circle15.cli.shared.click_words import option
from circle15.cli.shared.language import told
from circle15.cli.shared.options import EXIT_FAILED, out_option, say, shared
from circle15.cli.shared.stopping import exit_code_of
from circle15.cli.shared.terminal import echo
from circle15.said import Said

if TYPE_CHECKING:
    from collections.abc import Iterator
    from concurrent.futures import Executor

    from circle15.batch import Outcome

_UNITS = {"": 1, "k": 10**3, "m": 10**6, "g": 10**9, "ki": 2**10, "mi": 2**20, "gi": 2**30}
_LEAST_MB = 512
"""The libraries and the smallest district take half a gigabyte."""
_SIZE = re.compile(r"\s*(\d+(?:\.\d+)?)\s*([kmg]i?)?b?\s*", re.IGNORECASE)


def _size(_ctx: click.Context, _param: click.Parameter, value: str | None) -> int | None:
    if value is None:
        return None
    found = _SIZE.fullmatch(value)
    if found is None or float(found[1]) <= 0:
        message = Said(
            f"{value!r} 不是大小；可写 2GB、1500MB 或 2GiB", f"{value!r} is not a size; write 2GB, 1500MB or 2GiB"
        )
        raise click.BadParameter(told(message))
    n_bytes = float(found[1]) * _UNITS[(found[2] or "").lower()]
    if not _LEAST_MB * 1e6 <= n_bytes < 1 << 60:
        message = Said(
            f"{value} 过小或过大：最小的区县也需 {_LEAST_MB} MB；可写 2GB、1500MB 或 2GiB",
            f"{value} is too little or too much: the smallest district takes {_LEAST_MB} MB; write 2GB, 1500MB or 2GiB",
        )
        raise click.BadParameter(told(message))
    return int(n_bytes)


@named(
    "batch",
    zh="""批量规划多个区县，各写入 DIR/<区县 id>/（默认 DIR 为 maps），并在 DIR/summary.* 中相互比较。

CONFIG 为配置文件、装有配置文件的文件夹，或批量文件：公用默认值加每个区县一段 [[districts]]。某个区县失败会报告，其余
照常进行；此时退出码为 1。""",
)
@click.argument("configs", nargs=-1, required=True, type=click.Path(path_type=Path), metavar="CONFIG...")
@out_option
@option(
    "--jobs",
    type=click.IntRange(min=1),
    metavar="N",
    help=Said(
        "同时运行的区县数，每个一进程 [默认：每核一个]。",
        "Districts at a time, a process each [default: one per core].",
    ),
)
@option(
    "--resume",
    is_flag=True,
    help=Said(
        "配置、输入、程序和成果均未改动的区县保留不重算。",
        "Keep districts whose config, inputs, code and files have not changed.",
    ),
)
@option(
    "--scheduler",
    metavar="ADDRESS",
    help=Said(
        "改在 dask 集群上运行，如 tcp://host:8786。",
        "Run on a dask cluster instead, e.g. tcp://host:8786.",
    ),
)
@option(
    "--memory-limit",
    callback=_size,
    metavar="SIZE",
    help=Said(
        "每个本机进程的内存上限，如 2GB。",
        "Memory of each local process, e.g. 2GB.",
    ),
)
@option("--previous", type=click.Path(path_type=Path, file_okay=False), metavar="DIR", help=Said(
    "上一批的文件夹；汇总中列出变化。", "Folder of an earlier batch; the summary states the change."
))  # fmt: skip
@option("--json-log", is_flag=True, help=Said("进度以 JSON 行输出到标准错误。", "Progress as JSON lines on stderr."))
@shared
def command(
    configs: tuple[Path, ...],
    *,
    out: Path | None,
    jobs: int | None,
    scheduler: str | None,
    memory_limit: int | None,
    previous: Path | None,
    resume: bool,
    json_log: bool,
) -> None:
    """Plan many districts, each into DIR/<district id>/ (default DIR: maps), and compare them in DIR/summary.*.

    CONFIG is a config file, a folder of them, or a batch file: shared defaults and a [[districts]] block for each
    district. A district that fails is reported and the others go on; the exit code is then 1.
    """
    if scheduler is not None and (jobs is not None or memory_limit is not None):
        idle = "--jobs" if jobs is not None else "--memory-limit"
        message = Said(
            f"{idle} 只用于本机进程；集群的进程各有自己的限制",
            f"{idle} is for local processes; a cluster's workers are started with their own bounds",
        )
        raise click.UsageError(told(message))
    from circle15.batch import run_batch  # noqa: PLC0415 (heavy imports only when the command runs)

    finished: list[Outcome] = []
    try:
        with _cluster(scheduler) as executor, batch_progress(json_log=json_log) as tell:

            def note(event: Any) -> None:
                if event.outcome is not None:
                    finished.append(event.outcome)
                tell(event)

            finished = run_batch(
                configs,
                out=out,
                executor=executor,
                jobs=jobs,
                memory_limit_bytes=memory_limit,
                resume=resume,
                previous=previous,
                on_event=note,
            )
    except KeyboardInterrupt as e:
        standing = sum(o.error is None for o in finished)
        text = told(
            Said(
                f"已停止；{standing} 个区县已完成并保留，用 --resume 接着运行",
                f"stopped; {standing} districts are done and stand. --resume goes on from there",
            )
        )
        echo(json_line("stopped", text=text) if json_log else f"circle15: {text}", err=True)
        sys.exit(exit_code_of(e))
    finally:
        for outcome in finished:
            echo(f"{outcome.config}\t{outcome.status}\t{outcome.folder or ''}")
        if not json_log:  # whose lines have told all this
            _print_failures(finished)
    if any(o.error is not None for o in finished):
        sys.exit(EXIT_FAILED)


def _print_failures(outcomes: list[Outcome]) -> None:
    """Print what failed and why as a table to stderr, and how many are done."""
    failed = [o for o in outcomes if o.error is not None]
    if failed:
        names = [o.name or o.config for o in failed]
        heading = told(Said("区县", "district"))
        width = max(len(heading), *(len(n) for n in names))
        echo(f"{heading:<{width}}  {told(Said('失败原因', 'why it failed'))}", err=True)
        for name, outcome in zip(names, failed, strict=True):
            for i, line in enumerate(told(outcome.error or "").splitlines()):
                echo(f"{name if i == 0 else '':<{width}}  {line}", err=True)
    kept = sum(o.is_kept for o in outcomes)
    done, n = len(outcomes) - len(failed), len(outcomes)
    again = Said(f"，其中 {kept} 个保留未重算", f", {kept} of them kept as they were") if kept else Said("", "")
    say(Said(f"{n} 个区县中完成 {done} 个", f"{done} of {n} districts done") + again)


@contextmanager
def _cluster(address: str | None) -> Iterator[Executor | None]:
    """Yield the executor of a dask cluster, None without an address."""
    if address is None:
        yield None
        return
    try:
        from distributed import Client  # noqa: PLC0415 (an extra: only a cluster needs it)
    except ImportError:
        message = Said(
            "--scheduler 需要 dask：pip install 'circle15[cluster]'",
            "--scheduler needs dask: pip install 'circle15[cluster]'",
        )
        raise click.UsageError(told(message)) from None
    try:
        make: Any = Client  # dask gives its client no types
        client = make(address, timeout="10s", set_as_default=False)
    except (OSError, ValueError, TimeoutError) as e:
        message = Said(
            f"{address} 没有 dask 调度器应答（{e}）；可用 dask scheduler --host 地址 启动",
            f"no dask scheduler answers at {address} ({e}); start one with: dask scheduler --host ADDRESS",
        )
        raise click.UsageError(told(message)) from None
    with client:
        yield client.get_executor(retries=0)
