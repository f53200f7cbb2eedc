"""How many threads or processes may run at once."""

from __future__ import annotations

import os


def available_threads() -> int:
    """Count the cores that this process may use: those of its affinity where the system keeps one, else all."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
