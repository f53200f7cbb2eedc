"""How much memory is free, what to say where it does not suffice, and how often unused objects are looked for."""

from __future__ import annotations

import gc
import os
import sys
from contextlib import suppress
from pathlib import Path

from circle15.said import Said

_SMALLER = Said(
    "改用较粗的网格（[cells] resolution 减 1）、较少的线程（--threads 1）或较小的范围",
    "give coarser cells ([cells] resolution one lower), fewer threads (--threads 1), or a smaller district",
)
REMEDY = Said("请关闭其他程序，或", "close other programs, ") + _SMALLER
_LONGEST = 200
_OBJECTS_BETWEEN_LOOKS = 100_000
_UNLIMITED = 1 << 60
_KIB, _GB = 1024, 1e9


def look_for_circles_seldom() -> None:
    """Have Python look for unused objects that refer to each other every 100,000 new objects.

    Libraries being loaded and tables being filled make many objects and hardly a circle: looked for every 700 objects,
    as Python does by itself, circles cost a tenth of a run, and a sixth of a batch's districts.
    """
    gc.set_threshold(_OBJECTS_BETWEEN_LOOKS)


def available_bytes() -> int | None:
    """Give the memory that this process may still take: of the machine, its container and its own limit.

    Returns
    -------
    int or None
        None where the system does not tell.
    """
    found = [b for b in (_of_machine(), _of_container(), _of_process()) if b is not None]
    return min(found) if found else None


def gigabytes(n_bytes: float) -> str:
    """Write bytes in GB: "0.4 GB", "22 GB", "4,500 GB"."""
    n = n_bytes / _GB
    return f"{n:.1f} GB" if n < 10 else f"{n:,.0f} GB"  # noqa: PLR2004 (two digits suffice from there on)


def out_of_memory_text(error: MemoryError) -> Said:
    """Word a MemoryError, whoever raised it."""
    text = " ".join(str(error).split())[:_LONGEST]
    zh, en = (f"（{text}）", f" ({text})") if text else ("", "")
    bound = _of_process()
    if bound is not None:  # that other programs end does not help
        return Said(
            f"内存不足{zh}：本进程的上限为 {gigabytes(bound)}（--memory-limit 或 ulimit），请提高上限，或{_SMALLER.zh}",
            f"out of memory{en}: this process may take {gigabytes(bound)} (--memory-limit, or ulimit); raise that,"
            f" {_SMALLER.en}",
        )
    return Said(f"内存不足{zh}：{REMEDY.zh}", f"out of memory{en}: {REMEDY.en}")


def _of_machine() -> int | None:
    with suppress(OSError, ValueError, IndexError):  # no Linux: asked otherwise below
        for line in Path("/proc/meminfo").read_text(encoding="ascii").splitlines():
            if line.startswith("MemAvailable:"):
                return int(line.split()[1]) * _KIB
    if sys.platform == "win32":
        return _of_windows()
    try:
        return os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
    except (ValueError, OSError, AttributeError):
        return None


def _of_windows() -> int | None:
    import ctypes  # noqa: PLC0415 (only Windows needs it)

    class Status(ctypes.Structure):
        """MEMORYSTATUSEX of the Windows API."""

        _fields_ = [
            ("length", ctypes.c_ulong), ("load", ctypes.c_ulong), ("total", ctypes.c_ulonglong),
            ("available", ctypes.c_ulonglong), ("total_page", ctypes.c_ulonglong),
            ("available_page", ctypes.c_ulonglong), ("total_virtual", ctypes.c_ulonglong),
            ("available_virtual", ctypes.c_ulonglong), ("extended", ctypes.c_ulonglong),
        ]  # fmt: skip

    status = Status(length=ctypes.sizeof(Status))
    kernel = getattr(ctypes, "windll").kernel32  # noqa: B009 (other systems' stubs have no windll)
    return int(status.available) if kernel.GlobalMemoryStatusEx(ctypes.byref(status)) else None


def _of_container() -> int | None:
    """Give what a control group (Docker, Kubernetes, systemd) leaves, version 2 or 1."""
    for limit, used in (
        ("memory.max", "memory.current"),
        ("memory/memory.limit_in_bytes", "memory/memory.usage_in_bytes"),
    ):
        root = Path("/sys/fs/cgroup")
        try:
            most, now = (int((root / name).read_text(encoding="ascii")) for name in (limit, used))
        except (OSError, ValueError):  # ValueError: "max"
            continue
        if most < _UNLIMITED:
            return max(most - now, 0)
    return None


def _of_process() -> int | None:
    """Give the bound that a batch sets its workers."""
    try:
        import resource  # noqa: PLC0415 (not on Windows)
    except ImportError:
        return None
    most, _ = resource.getrlimit(resource.RLIMIT_DATA)
    return most if 0 <= most < _UNLIMITED else None


def peak_mb() -> float | None:
    """Give the most memory that this process has had, megabytes; None where the system does not say (Windows)."""
    try:
        import resource  # noqa: PLC0415 (not on Windows)
    except ImportError:
        return None
    most = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return round(most / (1 << 20 if sys.platform == "darwin" else 1 << 10), 1)  # bytes there, kilobytes elsewhere
