"""Stages of a run: named once, timed, and told to whoever watches."""

from __future__ import annotations

import time
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

STAGES = ("district", "network", "facilities", "people", "link", "reach", "certainty", "rank", "draw", "write")


@dataclass(slots=True)
class Clock:
    """Seconds of each stage, in the order in which they began.

    A stage is told once, as it begins; its end as often as a block of it ends, with its seconds so far.
    """

    on_stage: Callable[[str], None] | None = None
    on_end: Callable[[str, float], None] | None = None
    seconds: dict[str, float] = field(default_factory=dict)

    @contextmanager
    def stage(self, name: str) -> Iterator[None]:
        """Time the block as stage ``name``; several blocks of one name add up."""
        if self.on_stage is not None and name not in self.seconds:
            self.on_stage(name)
        begun = time.perf_counter()
        try:
            yield
        finally:
            self.seconds[name] = self.seconds.get(name, 0.0) + time.perf_counter() - begun
            if self.on_end is not None:
                self.on_end(name, self.seconds[name])
