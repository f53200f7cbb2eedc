"""Run a command again and again, each time with another call of the system failing or killing it, and judge what stands.

Started by `tests/test_faults.py` and `scripts/faults.sh`, in a process into which the shim is loaded:
``LD_PRELOAD=shim.so python -m tests.faults.harness run CONFIG``. It is warmed up once and forks for each call. Of calls that are
made at the same place, by what called and what called that, the first of all places are tried before the others.
"""

import argparse
import ctypes
import gc
import json
import os
import random
import shutil
import signal
import sys
import tempfile
import time
import traceback
from collections import Counter
from concurrent.futures import Executor, Future
from pathlib import Path
from unittest import mock

from circle15.batch import run_batch  # noqa: F401 (loaded before the forks)
from circle15.cli import main
from circle15.pipeline import run_district  # noqa: F401 (as above)
from circle15.runs.verify import verify_folder  # noqa: F401 (as above)
from tests.faults.branching import ELSEWHERE, HANGS, DiskImage, StuckError, Talk, wait_for, watch_branches
from tests.faults.verdict import Expected, half, judge, said_wrong, visible
from tests.hostile.forking import load_modules

TELL_EVERY_S = 20


class InThisProcess(Executor):
    """Runs districts one after the other in the process that the faults are counted in."""

    def __init__(self, *_, **__):
        """Take what the batch gives its own executor."""

    def submit(self, fn, /, *args, **kwargs):
        """Run at once."""
        future = Future()
        future.set_running_or_notify_cancel()
        try:
            future.set_result(fn(*args, **kwargs))
        except BaseException as e:  # noqa: BLE001 (the future's)
            future.set_exception(e)
        return future


class Listener:
    """Hears of the calls, and remembers at which place each was made: the stack of Python and that of C."""

    def __init__(self, shim):
        self.places = {}
        self.heard = ctypes.CFUNCTYPE(None, ctypes.c_long, ctypes.c_ulong)(self._hear)
        shim.fault_listen(self.heard)

    def _hear(self, number, stack_of_c):
        stack, frame = [stack_of_c], sys._getframe(1)
        while frame is not None:
            stack += (frame.f_code.co_filename, frame.f_lineno)
            frame = frame.f_back
        self.places[number] = hash(tuple(stack))


class Bench:
    """The folders of one trial, and the command that is tried."""

    def __init__(self, command, args, root, least_bytes=0):
        self.command, self.args, self.root = command, args, Path(root)
        self.place, self.earlier, self.words = (self.root / n for n in ("place", "earlier", "words.txt"))
        self.out, self.cache, self.temp = (
            self.place / n for n in ("out", "cache", "temp")
        )  # stages stand beside, hidden
        self.shim = ctypes.CDLL(None)
        self.shim.fault_last.restype = ctypes.c_char_p
        self.shim.fault_memory.argtypes = [ctypes.c_size_t]
        self.shim.fault_watch(os.fsencode(f"{self.place}/"))
        self.shim.fault_memory(least_bytes)

    def reset(self):
        """Put the folders back to what they were before a trial: an earlier result, an empty cache."""
        shutil.rmtree(self.place, ignore_errors=True)
        self.place.mkdir()
        if self.earlier.is_dir():
            shutil.copytree(self.earlier, self.out)
        self.temp.mkdir()

    def start(self, n=0, *, kills=False, branch=None, listens=False):
        """Start the command in a process of its own with the n-th call failing, or forking as ``branch`` says."""
        self.words.write_bytes(b"")
        child = os.fork()
        if child == 0:
            self._run(n, kills=kills, branch=branch, listens=listens)
        return child

    def trial(self, n=0, *, kills=False, listens=False):
        """Run it with the n-th call failing; give its exit code, words, number of calls and kind of the one that failed."""
        (self.root / "told.txt").unlink(missing_ok=True)
        child = self.start(n, kills=kills, listens=listens)
        code = wait_for(child)
        if code == HANGS:
            return HANGS, "hangs", 0, ""
        count, last = self.told()
        return code, self.said(), count, last

    def told(self):
        """Give how many calls the last process made, and the kind of the one that failed."""
        told = self.root / "told.txt"
        lines = told.read_text("utf-8").splitlines() if told.exists() else []
        return (int(lines[0]), lines[1]) if len(lines) > 1 else (0, "")

    def places(self):
        """Give for each call of the last process that listened the place of the program where it was made."""
        told = json.loads((self.root / "heard.json").read_bytes())
        load_modules(told["modules"])
        return {int(n): place for n, place in told["places"].items()}

    def said(self):
        """Give what the last process said, and forget it."""
        text = self.words.read_text("utf-8", errors="replace")
        os.truncate(self.words, 0)
        return text

    def _run(self, n, *, kills, branch, listens):
        os.environ |= {"XDG_CACHE_HOME": str(self.cache), "TMPDIR": str(self.temp)}
        tempfile.tempdir = None
        stream = self.words.open("a", encoding="utf-8")
        os.dup2(stream.fileno(), 2)
        os.dup2(stream.fileno(), 1)
        sys.stderr = sys.stdout = stream
        code, listener = 70, None
        gc.disable()  # what it looks at would be copied for each of the many copies
        signal.signal(signal.SIGTERM, signal.SIG_DFL)
        signal.alarm(0)
        try:
            with mock.patch("circle15.batch.LocalExecutor", InThisProcess):
                if branch is not None:
                    self.shim.fault_branch(*branch)
                listener = Listener(self.shim) if listens else None
                self.shim.fault_arm(n, int(kills))
                main([str(a) for a in self.args])
        except SystemExit as e:
            code = e.code or 0
        except BaseException:  # noqa: BLE001 (told as what it is)
            traceback.print_exc(file=stream)
        count, last = self.shim.fault_count(), self.shim.fault_last().decode()
        self.shim.fault_disarm()
        stream.flush()
        if listener is not None:
            heard = {"places": listener.places, "modules": sorted(sys.modules)}
            (self.root / "heard.json").write_text(json.dumps(heard), encoding="utf-8")
        (self.root / "told.txt").write_text(f"{count}\n{last}\n", encoding="utf-8")
        os._exit(code)


def numbers_of(n_calls, every, kills, seed):
    """Give the calls that fail, from 1, each or one of so many; of kills a seeded sample."""
    if kills:
        return sorted(random.Random(seed).sample(range(1, n_calls + 1), min(kills, n_calls)))  # noqa: S311 (no secret)
    return list(range(1 + seed % every, n_calls + 1, every))


def first_of_places(numbers, places):
    """Give the calls that are the first ones of their place in the program; a place that is not known is its own."""
    first = {}
    for n in numbers:
        first.setdefault(places.get(n, f"call {n}"), n)
    return set(first.values())


class Stopped(BaseException):
    """Somebody stopped the harness, or its time is up: what was tried so far is told."""


class Tally:
    """What was tried and found so far."""

    def __init__(self, bench, expected, numbers, *, kills, keep):
        self.bench, self.expected, self.numbers, self.kills, self.keep = bench, expected, numbers, kills, keep
        self.kinds, self.ends, self.losses, self.left = Counter(), Counter(), [], set(numbers)
        self.n_whole, self.told_at = 0, float("-inf")
        self.first = first_of_places(numbers, expected.places)

    def weigh(self, n, kind, code, text):
        """Judge one trial."""
        wrong = [] if self.kills and code == -signal.SIGKILL else said_wrong(code, text, kind)
        wrong += judge(self.bench, self.expected)
        if wrong and self.keep:
            shutil.copytree(self.bench.root / "judged", self.keep / f"{self.bench.command}-{n}", dirs_exist_ok=True)
        for one in wrong:
            self.losses.append(f"call {n} of {self.expected.n_calls} ({kind}): {one}")
            sys.stderr.write(f"{self.losses[-1]}\n")
        self.ends[code] += 1
        self.kinds[kind or "killed"] += 1
        self.left.discard(n)
        if time.monotonic() - self.told_at > TELL_EVERY_S:
            self.told_at = time.monotonic()
            done = len(self.numbers) - len(self.left)
            sys.stderr.write(f"{self.bench.command}: {done} of {len(self.numbers)}, {len(self.losses)} lost\n")

    def found(self):
        """Give it all, for JSON."""
        return {
            "command": self.bench.command, "calls": self.expected.n_calls,
            "tried": len(self.numbers) - len(self.left), "not_tried": len(self.left), "tried_whole": self.n_whole,
            "places": len(self.first), "places_not_tried": len(self.first & self.left),
            "kinds": dict(self.kinds.most_common()), "exits": dict(self.ends), "losses": self.losses,
        }  # fmt: skip


def prove(bench, numbers, expected, *, kills=False, keep=None):
    """Try every call of ``numbers`` in turn; give what was found, so far where somebody stops it."""
    tally = Tally(bench, expected, numbers, kills=kills, keep=keep)
    try:
        for wanted in (tally.first, set(numbers)):
            refused = set()
            while (number := _try_copies(bench, tally, wanted - refused)) is not None:
                refused |= {n for n in wanted if n <= number}  # it cannot fork there: on from the next call
            for n in sorted(tally.left & wanted):  # what no copy could try: the whole command for each
                bench.reset()
                code, text, _, last = bench.trial(n, kills=kills)
                tally.n_whole += 1
                tally.weigh(n, last, code, text)
    except Stopped:
        sys.stderr.write("stopped\n")
    return tally.found()


def _try_copies(bench, tally, wanted):
    """Let the command fork at each wanted call that is left; those of which no copy ends stay in the tally.

    Gives the call at which it could not fork, None where it came to its end.
    """
    wanted = frozenset(tally.left & wanted)
    if not wanted:
        return None
    bench.reset()
    talk, expected = Talk(), tally.expected
    process = bench.start(kills=tally.kills, branch=(1, 1, talk.their_ask, talk.their_answer))
    talk.close_theirs()
    image = DiskImage([bench.place], bench.root / "image")
    is_wanted = wanted.__contains__
    try:
        for one in watch_branches(talk, process, image, is_wanted=is_wanted, longest_s=expected.longest_s):
            # A copy has no threads but one: others may be waited for, or an object of theirs ends it by a signal.
            if one.code in {ELSEWHERE, HANGS} or (one.code < 0 and not tally.kills):
                bench.said()
            else:
                tally.weigh(one.number, one.kind, one.code, bench.said())
    except StuckError as e:
        os.kill(process, signal.SIGKILL)
        os.waitpid(process, 0)
        if e.number in wanted:
            return e.number
        tally.losses.append("the command waits for ever by itself")
        return None
    except Stopped:
        os.kill(process, signal.SIGKILL)  # its copy goes with it
        os.waitpid(process, 0)
        raise
    finally:
        talk.close()
        image.forget()
    ended = (wait_for(process), half(bench.out), visible(bench.out).keys())
    if ended != (0, None, expected.new.keys()):  # folders that a copy removed are new ones: it may clear once more
        said = bench.said()[-300:]
        tally.losses.append(f"the process that forks did not end as an undisturbed one: {ended}, {said}")
    return None


def main_of_harness():
    """Read the command line, prepare the earlier result, and print what was found as JSON."""
    parser = argparse.ArgumentParser()
    parser.add_argument("command", choices=("run", "batch", "verify"))
    parser.add_argument("config", type=Path)
    parser.add_argument("--earlier", type=Path, help="config of the result that stands before; by default the same")
    parser.add_argument("--every", type=int, default=1)
    parser.add_argument("--kills", type=int, default=0)
    parser.add_argument("--calls", type=lambda text: [int(n) for n in text.split(",")], help="these alone, e.g. 7,9")
    parser.add_argument("--places", action="store_true", help="of calls at one place of the program the first alone")
    parser.add_argument("--share", default="1/1", help="e.g. 1/2: every other one of them, for two processes at a time")
    parser.add_argument("--seed", type=int, default=15)
    parser.add_argument("--beside", action="store_true", help="a file of the user's own stands in the folder")
    parser.add_argument(
        "--memory", type=int, default=0, metavar="BYTES", help="requests for so much memory fail instead"
    )
    parser.add_argument("--seconds", type=int, default=0, help="stop then, and tell what was tried")
    parser.add_argument("--keep", type=Path, help="folder for what stands after each loss")
    chosen = parser.parse_args()

    def stop(*_):
        raise Stopped

    signal.signal(signal.SIGTERM, stop)
    signal.signal(signal.SIGALRM, stop)
    signal.alarm(chosen.seconds)
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as made_root:
        bench = _bench_of(chosen, Path(made_root).resolve())
        expected = Expected(bench)
        share, of = map(int, chosen.share.split("/"))
        numbers = chosen.calls or numbers_of(expected.n_calls, chosen.every, chosen.kills, chosen.seed)
        if chosen.places:
            numbers = sorted(first_of_places(numbers, expected.places))
        found = prove(bench, numbers[share - 1 :: of], expected, kills=bool(chosen.kills), keep=chosen.keep)
        signal.alarm(0)
    sys.stdout.write(json.dumps(found, ensure_ascii=False, indent=1) + "\n")
    raise SystemExit(bool(found["losses"] or found["not_tried"]))


def _bench_of(chosen, root):
    out = root / "place" / "out"
    made = "batch" if chosen.command == "batch" else "run"
    args = {
        "run": ["run", chosen.config, "--out", out, "-q", "--threads", "1"],
        "batch": ["batch", chosen.config, "--out", out, "--jobs", "1", "-q"],
        "verify": ["verify", out, "-q", "--threads", "1"],
    }
    earlier = [made, chosen.earlier or chosen.config, "--out", root / "earlier", "-q"]
    bench = Bench(chosen.command, earlier, root, chosen.memory)
    bench.reset()
    code, text, *_ = bench.trial()
    if code:
        raise SystemExit(f"the earlier result fails: {text}")
    if chosen.beside:
        (bench.earlier / ".mine.txt").write_text("mine")
    bench.args = args[chosen.command]
    return bench


if __name__ == "__main__":
    main_of_harness()
