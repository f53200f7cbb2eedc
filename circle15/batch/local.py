"""Local worker processes behind the interface of `concurrent.futures`; one that dies costs its own task alone."""

from __future__ import annotations

import gc
import multiprocessing
import os
import queue
import signal
import sys
import threading
import time
from concurrent.futures import Executor, Future, ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from multiprocessing import resource_tracker
from typing import TYPE_CHECKING, Any, TypeVar

from circle15.memory import look_for_circles_seldom
from circle15.said import Said

if TYPE_CHECKING:
    from collections.abc import Callable
    from types import TracebackType

REAPED_WITHIN_S = 2.0

T = TypeVar("T")
_Task = tuple["Future[Any]", "Callable[..., Any]", tuple[Any, ...], dict[str, Any]]


class WorkerDiedError(RuntimeError):
    """A worker process ended before its task did: killed, or out of memory."""

    def __init__(self, why: Said) -> None:
        super().__init__(str(why))
        self.why = why


class LocalExecutor(Executor):
    """``jobs`` worker processes, each in a pool of its own.

    The standard library's pool breaks as a whole when one of its processes is killed. Here the pool that breaks has one
    process and one task: that task fails with `WorkerDiedError`, and the next gets a new process.
    """

    def __init__(self, jobs: int, *, memory_limit_bytes: int | None = None) -> None:
        self._tasks: queue.SimpleQueue[_Task | None] = queue.SimpleQueue()
        self._memory_limit_bytes = memory_limit_bytes
        self._pools: set[ProcessPoolExecutor] = set()
        self._lock = threading.Lock()
        self._is_stopping = False
        self._threads = [threading.Thread(target=self._serve, daemon=True) for _ in range(jobs)]
        for thread in self._threads:
            thread.start()

    def submit(self, fn: Callable[..., T], /, *args: Any, **kwargs: Any) -> Future[T]:
        """Queue a call; the oldest goes first to the first process that is free."""
        future: Future[T] = Future()
        self._tasks.put((future, fn, args, kwargs))
        return future

    def shutdown(self, wait: bool = True, *, cancel_futures: bool = False) -> None:  # noqa: FBT001, FBT002 (as in the base class)
        """Let the processes go when the queued tasks are done, or with ``cancel_futures`` the running ones."""
        if cancel_futures:
            self._cancel_queued()
        for _ in self._threads:
            self._tasks.put(None)
        if wait:
            for thread in self._threads:
                thread.join()

    def kill(self) -> None:
        """Cancel what is queued and kill the processes at once; what they half wrote is swept by the next run."""
        self._is_stopping = True
        self._cancel_queued()
        with self._lock:
            processes = [p for pool in self._pools for p in _processes_of(pool)]
        for process in processes:
            process.kill()
        self.shutdown(wait=True)

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, tb: TracebackType | None) -> None:
        if kind is not None and not issubclass(kind, Exception):
            self.kill()
        else:
            self.shutdown()

    def _cancel_queued(self) -> None:
        while True:
            try:
                task = self._tasks.get_nowait()
            except queue.Empty:
                return
            if task is not None:
                task[0].cancel()

    def _serve(self) -> None:
        _keep_ctrl_c_from_new_processes()
        pool: ProcessPoolExecutor | None = None
        while (task := self._tasks.get()) is not None:
            future, fn, args, kwargs = task
            if not future.set_running_or_notify_cancel():
                continue
            processes: list[Any] = []
            try:
                pool, running = self._started(pool, fn, args, kwargs)
                processes = _processes_of(pool)  # the pool forgets them when it breaks
                if self._is_stopping:  # `kill` has looked for processes before this one was there
                    for process in processes:
                        process.kill()
                result = running.result()
            except BrokenProcessPool:
                future.set_exception(WorkerDiedError(self._why(processes)))
                if pool is not None:
                    self._discard(pool)
                pool = None
            except BaseException as e:  # noqa: BLE001 (whatever the task raised is its future's)
                future.set_exception(e)
            else:
                future.set_result(result)
        if pool is not None:
            self._discard(pool)

    def _started(
        self, pool: ProcessPoolExecutor | None, fn: Callable[..., T], args: tuple[Any, ...], kwargs: dict[str, Any]
    ) -> tuple[ProcessPoolExecutor, Future[T]]:
        """Start a call in ``pool``, or in a new one where there is none or its process has died while it was idle."""
        if pool is not None:
            try:
                return pool, pool.submit(fn, *args, **kwargs)
            except BrokenProcessPool:
                self._discard(pool)
        fresh = self._new_pool()
        return fresh, fresh.submit(fn, *args, **kwargs)

    def _new_pool(self) -> ProcessPoolExecutor:
        # Forking a process that has threads is unsafe, so workers are spawned.
        pool = ProcessPoolExecutor(
            1,
            mp_context=multiprocessing.get_context("spawn"),
            initializer=prepare_worker,
            initargs=(self._memory_limit_bytes,),
        )
        with self._lock:
            self._pools.add(pool)
        return pool

    def _discard(self, pool: ProcessPoolExecutor) -> None:
        pool.shutdown(wait=True)
        with self._lock:
            self._pools.discard(pool)

    def _why(self, processes: list[Any]) -> Said:
        if self._is_stopping:
            return Said("已停止", "stopped")
        codes = [code for p in processes if (code := _exit_code(p)) is not None]
        number = -codes[0] if codes and codes[0] < 0 else None
        if number == signal.SIGKILL:
            return Said(
                "其进程被强行终止（SIGKILL）：人为终止，或因系统内存不足",
                "its process was killed (SIGKILL): by somebody, or by the system for want of memory",
            )
        name = signal.Signals(number).name if number is not None else ""
        return Said(f"其进程意外退出{f'（{name}）' if name else ''}", f"its process died{f' ({name})' if name else ''}")


def _keep_ctrl_c_from_new_processes() -> None:
    """Block Ctrl-C in this thread: what it starts inherits that, so none is interrupted before `prepare_worker`."""
    if sys.platform != "win32":
        resource_tracker.ensure_running()  # who starts it unblocks the signal
        signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})


def _processes_of(pool: ProcessPoolExecutor) -> list[Any]:
    processes = getattr(pool, "_processes", None)  # no public way to them before Python 3.14
    return list((processes or {}).values())


def _exit_code(process: Any) -> int | None:
    """Wait a little for a process that has died to be reaped: the pool's own thread may be doing just that."""
    deadline = time.monotonic() + REAPED_WITHIN_S
    while process.exitcode is None and time.monotonic() < deadline:
        time.sleep(0.01)
    return process.exitcode  # type: ignore[no-any-return]  # multiprocessing types it as such


def prepare_worker(memory_limit_bytes: int | None) -> None:
    """Make a new process leave Ctrl-C to its parent, end with it, and keep to its memory."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    threading.Thread(target=_end_with_parent, daemon=True).start()
    look_for_circles_seldom()
    gc.freeze()  # what is loaded by now stays: it need not be looked at again
    if memory_limit_bytes is not None:
        limit_memory(memory_limit_bytes)


def _end_with_parent() -> None:
    parent = multiprocessing.parent_process()
    if parent is not None:
        parent.join()
        os._exit(1)


def limit_memory(limit_bytes: int) -> None:
    """Bound this process's own memory: what goes beyond is a MemoryError.

    On Linux, heap and private mappings (RLIMIT_DATA); other systems have no such bound, and a request for one is an
    OSError.
    """
    try:
        import resource  # noqa: PLC0415 (not on Windows)
    except ImportError:
        raise OSError("this system cannot bound a process's memory; leave --memory-limit out") from None
    _, hard = resource.getrlimit(resource.RLIMIT_DATA)
    resource.setrlimit(resource.RLIMIT_DATA, (limit_bytes, hard))
