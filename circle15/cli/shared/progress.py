"""A progress bar on a terminal, nothing elsewhere."""

from __future__ import annotations

import sys
from contextlib import contextmanager
from typing import TYPE_CHECKING

from circle15.cli.shared.options import is_quiet

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator


@contextmanager
def stage_bar(title: str, n_stages: int) -> Iterator[Callable[[str], None]]:
    """Yield a function that is told each stage's name as it begins."""
    if is_quiet() or not sys.stderr.isatty():
        yield lambda _name: None
        return
    from rich.console import Console  # noqa: PLC0415 (only a terminal pays for it)
    from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn  # noqa: PLC0415 (as above)

    columns = (TextColumn("{task.fields[title]}"), BarColumn(), TextColumn("{task.description}"), TimeElapsedColumn())
    with Progress(*columns, console=Console(stderr=True), transient=True) as bars:
        task = bars.add_task("", total=n_stages, title=title, completed=-1)

        def begin(name: str) -> None:
            bars.update(task, description=name, advance=1)

        yield begin
