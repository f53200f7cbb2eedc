"""Run a command again and again, each time with another call of the system failing or killing it, and judge what stands.

Started by `tests/test_faults.py` and `scripts/faults.sh`, in a process into which the shim is loaded:
``LD_PRELOAD=shim.so python -m tests.faults.harness run --data DIR``. It is warmed up once and forks for each call.
"""

import argparse
import contextlib
import ctypes
import hashlib
import json
import os
import random
import re
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
from circle15.files.held_folders import sweep_held
from circle15.files.staging import claimed_folder, sweep_stages
from circle15.files.written import is_sealed
from circle15.pipeline import run_district  # noqa: F401 (as above)
from circle15.runs.verify import verify_folder  # noqa: F401 (as above)

LONGEST_S = 300
EXITS = {0, 1, 2}
HIDDEN = re.compile(r"(^|/)\.")


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


class Bench:
    """The folders of one trial, and the command that is tried."""

    def __init__(self, command, args, root):
        self.command, self.args, self.root = command, args, Path(root)
        self.out, self.cache, self.temp, self.earlier = (self.root / n for n in ("out", "cache", "temp", "earlier"))
        self.shim = ctypes.CDLL(None)
        self.shim.fault_last.restype = ctypes.c_char_p
        for folder in (self.out, self.root / ".out", self.cache, self.temp):  # stages stand beside, hidden
            self.shim.fault_watch(os.fsencode(folder))

    def reset(self):
        """Put the folders back to what they were before a trial: an earlier result, an empty cache."""
        for folder in (self.out, self.cache, self.temp):
            shutil.rmtree(folder, ignore_errors=True)
        shutil.copytree(self.earlier, self.out)
        self.temp.mkdir()

    def trial(self, n=0, *, kills=False):
        """Run the command in a process of its own with the n-th call failing; give its exit, words and calls."""
        told = self.root / "told.txt"
        told.unlink(missing_ok=True)
        child = os.fork()
        if child == 0:
            self._run(n, told, kills=kills)
        begun = time.monotonic()
        while True:
            ended, status = os.waitpid(child, os.WNOHANG)
            if ended:
                break
            if time.monotonic() - begun > LONGEST_S:
                os.kill(child, signal.SIGKILL)
                os.waitpid(child, 0)
                return -999, "hangs", 0, ""
            time.sleep(0.005)
        lines = told.read_text("utf-8").splitlines() if told.exists() else []
        count, last = (int(lines[0]), lines[1]) if len(lines) > 1 else (0, "")
        text = (self.root / "stderr.txt").read_text("utf-8", errors="replace")
        return os.waitstatus_to_exitcode(status), text, count, last

    def _run(self, n, told, *, kills):
        os.environ |= {"XDG_CACHE_HOME": str(self.cache), "TMPDIR": str(self.temp)}
        tempfile.tempdir = None
        stream = (self.root / "stderr.txt").open("w", encoding="utf-8")
        os.dup2(stream.fileno(), 2)
        os.dup2(stream.fileno(), 1)
        sys.stderr = sys.stdout = stream
        code = 70
        try:
            with mock.patch("circle15.batch.LocalExecutor", InThisProcess):
                self.shim.fault_arm(n, int(kills))
                main([str(a) for a in self.args])
        except SystemExit as e:
            code = e.code or 0
        except BaseException:  # noqa: BLE001 (told as what it is)
            traceback.print_exc(file=stream)
        stream.flush()
        count, last = self.shim.fault_count(), self.shim.fault_last().decode()
        self.shim.fault_arm(0, 0)
        told.write_text(f"{count}\n{last}\n", encoding="utf-8")
        os._exit(code)


def visible(folder):
    """Give the digest of every file that is not hidden, manifests aside."""
    files = [p for p in folder.rglob("*") if p.is_file() and not HIDDEN.search(p.relative_to(folder).as_posix())]
    return {p.relative_to(folder).as_posix(): hashlib.sha256(p.read_bytes()).hexdigest() for p in files}


def half(folder):
    """Name what is wrong with a folder that should hold a whole result; None where it does."""
    manifest = folder / "run.json"
    if not manifest.is_file():
        return f"{folder.name} has no run.json"
    try:
        told = json.loads(manifest.read_bytes())
    except ValueError as e:
        return f"{folder.name}/run.json is torn: {e}"
    if not is_sealed(told):
        return f"{folder.name}/run.json is not as it was written"
    inner = {Path(one["folder"]) for one in told.get("batch", ())}
    found = {n: d for n, d in visible(folder).items() if n != "run.json" and Path(n).parts[0] not in map(str, inner)}
    stated = {name: facts["sha256"] for name, facts in told["files"].items()}
    return (
        None
        if found == stated
        else f"{folder.name} differs from its run.json: {set(found.items()) ^ set(stated.items())}"
    )


def judge(bench, right, cached):
    """Give what is wrong with the folders after a trial."""
    folders = [bench.out, *sorted(p.parent for p in bench.out.glob("*/run.json"))] if right else [bench.out]
    with contextlib.suppress(OSError), claimed_folder(bench.out, is_inside=True):
        sweep_stages(bench.out)
    for folder in [
        f
        for f in bench.out.iterdir()
        if f.is_dir() and not f.name.startswith(".") and (f / "run.json").parent in folders
    ]:
        with claimed_folder(folder):
            pass
    wrong = [text for folder in folders if (text := half(folder)) is not None]
    sweep_held(bench.temp)
    # Python tries a folder for temporary files with a file of four bytes, whose removal may be what failed.
    left = [p.name for p in bench.temp.iterdir() if not (p.is_file() and p.stat().st_size <= len(b"blat"))]
    if left:
        wrong.append(f"temporary files stay: {left}")
    # What a killed process left half-written is found by nobody and swept.
    kept = {n: d for n, d in visible(bench.cache).items() if ".part/" not in n} if bench.cache.is_dir() else {}
    odd = {n for n, d in kept.items() if d != cached.get(n)}
    if odd:
        wrong.append(f"cache entries that are not as an undisturbed run's: {sorted(odd)}")
    return wrong


def said_wrong(code, text):
    """Give what is wrong with how a command ended."""
    if code not in EXITS:
        return [f"ended with {code}: {text[-300:]}"]
    if "Traceback" in text or "defect of circle15" in text:
        return [f"traceback: {text[-400:]}"]
    if code and not re.search(r"[/\\]\S+(：|: )", text):
        return [f"names no file: {text[-300:]}"]
    return []


def numbers_of(n_calls, every, kills, seed):
    """Give the calls that fail, from 1, each or one of so many; of kills a seeded sample."""
    if kills:
        return sorted(random.Random(seed).sample(range(1, n_calls + 1), min(kills, n_calls)))  # noqa: S311 (no secret)
    return list(range(1 + seed % every, n_calls + 1, every))


def prove(bench, *, every=1, kills=0, seed=15, most=None):
    """Try every call in turn, or kill at a sample of them; give what was found."""
    bench.reset()
    code, text, n_calls, _ = bench.trial()
    if code:
        raise SystemExit(f"fails undisturbed: {text}")
    cached = visible(bench.cache) if bench.cache.is_dir() else {}
    again = visible(bench.out)
    numbers = numbers_of(n_calls, every, kills, seed)[:most]
    kinds, ends, losses = Counter(), Counter(), []
    for n in numbers:
        bench.reset()
        code, text, _, last = bench.trial(n, kills=bool(kills))
        ends[code] += 1
        kinds[last or "killed"] += 1
        wrong = [] if kills and code == -signal.SIGKILL else said_wrong(code, text)
        wrong += judge(bench, again, cached)
        losses += [f"call {n} of {n_calls} ({last}): {one}" for one in wrong]
    return {"command": bench.command, "calls": n_calls, "tried": len(numbers), "kinds": dict(kinds), "exits": dict(ends), "losses": losses}  # fmt: skip


def main_of_harness():
    """Read the command line, prepare the earlier result, and print what was found as JSON."""
    parser = argparse.ArgumentParser()
    parser.add_argument("command", choices=("run", "batch", "verify"))
    parser.add_argument("config", type=Path)
    parser.add_argument("--earlier", type=Path, help="config of the result that stands before; by default the same")
    parser.add_argument("--every", type=int, default=1)
    parser.add_argument("--kills", type=int, default=0)
    parser.add_argument("--most", type=int)
    parser.add_argument("--seed", type=int, default=15)
    parser.add_argument("--beside", action="store_true", help="a file of the user's own stands in the folder")
    chosen = parser.parse_args()
    with tempfile.TemporaryDirectory() as made_root:
        root = Path(made_root).resolve()
        made = "batch" if chosen.command == "batch" else "run"
        args = {
            "run": ["run", chosen.config, "--out", root / "out", "-q"],
            "batch": ["batch", chosen.config, "--out", root / "out", "--jobs", "1", "-q"],
            "verify": ["verify", root / "out", "-q"],
        }
        bench = Bench(chosen.command, [made, chosen.earlier or chosen.config, "--out", root / "earlier", "-q"], root)
        code, text, *_ = bench.trial()
        if code:
            raise SystemExit(f"the earlier result fails: {text}")
        if chosen.beside:
            (bench.earlier / ".mine.txt").write_text("mine")
        bench.args = args[chosen.command]
        found = prove(bench, every=chosen.every, kills=chosen.kills, seed=chosen.seed, most=chosen.most)
    sys.stdout.write(json.dumps(found, ensure_ascii=False, indent=1) + "\n")
    raise SystemExit(bool(found["losses"]))


if __name__ == "__main__":
    main_of_harness()
