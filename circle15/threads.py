"""How many threads or processes may run at once."""

from __future__ import annotations

import os

MOST_THREADS = 1024
"""More than any machine has cores; each takes memory before it finds out that there is nothing to do."""


def available_threads() -> int:
    """Count the cores that this process may use: those of its affinity where the system keeps one, else all."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
