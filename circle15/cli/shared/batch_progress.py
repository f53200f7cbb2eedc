"""How far a batch is: bars on a terminal, plain lines in a log, JSON lines for machines."""

from __future__ import annotations

import json
import logging
import sys
import time
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from circle15.cli.shared.language import spoken, told
from circle15.cli.shared.options import is_quiet
from circle15.cli.shared.terminal import echo
from circle15.said import Said, in_

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from circle15.batch import Event

    Listener = Callable[[Event], None]


@contextmanager
def batch_progress(*, json_log: bool) -> Iterator[Listener]:
    """Yield who is told a batch's events."""
    if json_log:
        for handler in logging.getLogger().handlers:
            if isinstance(handler, logging.StreamHandler) and handler.stream is sys.stderr:
                handler.setFormatter(_JsonFormatter())
        yield _tell_as_json
    elif is_quiet():
        yield lambda _event: None
    elif sys.stderr.isatty():
        with _bars() as tell:
            yield tell
    else:
        yield _Lines()


def json_line(event: str, **told: Any) -> str:
    """Give a line of the log for machines."""
    return json.dumps({"time": round(time.time(), 3), "event": event, **told}, ensure_ascii=False)


class _JsonFormatter(logging.Formatter):
    def format(self, record: logging.LogRecord) -> str:
        return json_line("log", level=record.levelname, text=super().format(record))


def _tell_as_json(event: Event) -> None:
    from circle15.message_ids import messages_of  # noqa: PLC0415 (only this log asks for ids)

    told: dict[str, Any] = {
        k: v for k, v in (("name", event.name), ("stage", event.stage), ("text", in_(event.text, spoken()))) if v
    }
    if event.text:
        told["messages"] = messages_of(event.text)
    if event.kind == "begin":
        told["districts"] = event.n
    if event.line is not None:
        told["at"] = round(event.line.at, 3)
        if event.line.seconds is not None:
            told |= {"seconds": round(event.line.seconds, 3), "peak_mb": event.line.peak_mb}
    if event.outcome is not None:
        told |= {"status": event.outcome.status, "config": event.outcome.config}
        told["seconds"] = round(event.outcome.report.wall_s, 3)
        if event.outcome.error is not None:
            told["error"] = event.outcome.error.in_(spoken())
            told["messages"] = messages_of(event.outcome.error)
    echo(json_line(event.kind, **told), err=True)


_STATUS = {
    "done": Said("完成", "done"),
    "kept": Said("未变，保留", "kept"),
    "failed": Said("失败", "failed"),
}


def _tell(said: Said) -> None:
    echo(f"circle15: {told(said)}", err=True)


class _Lines:
    """One line per district as it ends; what a log of the night wants."""

    def __init__(self) -> None:
        self._n = self._done = 0
        self._begun = time.monotonic()

    def __call__(self, event: Event) -> None:
        """Print what is worth a line."""
        if event.kind == "begin":
            self._n = event.n
        elif event.kind == "share":
            _tell(Said(f"正在读取多个区县共用的 {event.name}", f"reading {event.name}, which several districts share"))
        elif event.kind == "warning":
            _tell(Said(": ", ": ").join([event.name, event.text]))
        elif event.kind == "finished" and event.outcome is not None:
            is_fresh = bool(event.outcome.report.worker) or event.outcome.report.error is not None
            self._done += is_fresh
            count = f"{self._done}/{self._n} " if is_fresh else ""
            seconds = f" {event.outcome.report.wall_s:.1f} s" if event.outcome.report.worker else ""
            status = _STATUS.get(event.outcome.status, Said(event.outcome.status, event.outcome.status))
            name = event.name or event.outcome.config
            _tell(Said(f"{count}{name}：{status.zh}{seconds}", f"{count}{name}: {status.en}{seconds}"))
        elif event.kind == "summary":
            seconds = f"{time.monotonic() - self._begun:.0f}"
            _tell(Said(f"正在写汇总（{seconds} 秒）", f"writing the summary ({seconds} s)"))


@contextmanager
def _bars() -> Iterator[Listener]:
    """Draw a bar for the batch and one for each district that runs, with its stage's name."""
    from rich.console import Console  # noqa: PLC0415 (only a terminal pays for it)
    from rich.progress import (  # noqa: PLC0415 (as above)
        BarColumn,
        MofNCompleteColumn,
        Progress,
        TextColumn,
        TimeElapsedColumn,
        TimeRemainingColumn,
    )

    from circle15.pipeline import STAGES  # noqa: PLC0415 (the command has loaded it already)

    columns = (
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TextColumn("{task.fields[stage]}"),
        TimeElapsedColumn(),
        TimeRemainingColumn(),
    )
    tasks: dict[str, Any] = {}
    with Progress(*columns, console=Console(stderr=True), transient=True) as bars:
        whole = bars.add_task("batch", total=None, stage="")

        def tell(event: Event) -> None:
            if event.kind == "begin":
                bars.update(whole, total=event.n)
            elif event.kind in {"share", "summary"}:
                bars.update(whole, stage=f"{event.kind} {event.name}")
            elif event.kind == "warning":
                bars.console.print(f"circle15: {event.name}: {told(event.text)}", markup=False, highlight=False)
            elif event.kind == "stage":
                if event.name not in tasks:
                    bars.update(whole, stage="")
                    tasks[event.name] = bars.add_task(event.name, total=len(STAGES), stage=event.stage, completed=-1)
                bars.update(tasks[event.name], advance=1, stage=event.stage)
            elif event.kind == "finished" and event.outcome is not None:
                if event.name in tasks:
                    bars.remove_task(tasks.pop(event.name))
                if not event.outcome.is_kept:
                    bars.update(whole, advance=1)

        yield tell
