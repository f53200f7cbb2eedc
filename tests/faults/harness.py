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
import sqlite3
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
from tests.faults.branching import ELSEWHERE, HANGS, DiskImage, Talk, watch_branches

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

    def start(self, n=0, *, kills=False, branch=None):
        """Start the command in a process of its own with the n-th call failing, or forking as ``branch`` says."""
        self.words.write_bytes(b"")
        child = os.fork()
        if child == 0:
            self._run(n, kills=kills, branch=branch)
        return child

    def trial(self, n=0, *, kills=False):
        """Run it with the n-th call failing; give its exit code, words, number of calls and kind of the one that failed."""
        (self.root / "told.txt").unlink(missing_ok=True)
        child = self.start(n, kills=kills)
        begun = time.monotonic()
        while True:
            ended, status = os.waitpid(child, os.WNOHANG)
            if ended:
                break
            if time.monotonic() - begun > LONGEST_S:
                os.kill(child, signal.SIGKILL)
                os.waitpid(child, 0)
                return HANGS, "hangs", 0, ""
            time.sleep(0.005)
        count, last = self.told()
        return os.waitstatus_to_exitcode(status), self.said(), count, last

    def told(self):
        """Give how many calls the last process made, and the kind of the one that failed."""
        told = self.root / "told.txt"
        lines = told.read_text("utf-8").splitlines() if told.exists() else []
        return (int(lines[0]), lines[1]) if len(lines) > 1 else (0, "")

    def said(self):
        """Give what the last process said, and forget it."""
        text = self.words.read_text("utf-8", errors="replace")
        os.truncate(self.words, 0)
        return text

    def _run(self, n, *, kills, branch):
        os.environ |= {"XDG_CACHE_HOME": str(self.cache), "TMPDIR": str(self.temp)}
        tempfile.tempdir = None
        stream = self.words.open("a", encoding="utf-8")
        os.dup2(stream.fileno(), 2)
        os.dup2(stream.fileno(), 1)
        sys.stderr = sys.stdout = stream
        code = 70
        try:
            with mock.patch("circle15.batch.LocalExecutor", InThisProcess):
                if branch is not None:
                    self.shim.fault_branch(*branch)
                self.shim.fault_arm(n, int(kills))
                main([str(a) for a in self.args])
        except SystemExit as e:
            code = e.code or 0
        except BaseException:  # noqa: BLE001 (told as what it is)
            traceback.print_exc(file=stream)
        count, last = self.shim.fault_count(), self.shim.fault_last().decode()
        self.shim.fault_disarm()
        stream.flush()
        (self.root / "told.txt").write_text(f"{count}\n{last}\n", encoding="utf-8")
        os._exit(code)


def visible(folder):
    """Give the digest of every file that is not hidden, manifests aside."""
    files = [p for p in folder.rglob("*") if p.is_file() and not HIDDEN.search(p.relative_to(folder).as_posix())]
    return {p.relative_to(folder).as_posix(): hashlib.sha256(p.read_bytes()).hexdigest() for p in files}


def manifest_in(folder):
    """Give a folder's run.json; a text that says what is wrong with it."""
    path = folder / "run.json"
    if not path.is_file():
        return f"{folder.name} has no run.json"
    try:
        told = json.loads(path.read_bytes())
    except ValueError as e:
        return f"{folder.name}/run.json is torn: {e}"
    return told if is_sealed(told) else f"{folder.name}/run.json is not as it was written"


def half(folder):
    """Name what is wrong with a folder that should hold a whole result; None where it does."""
    told = manifest_in(folder)
    if isinstance(told, str):
        return told
    inner = {Path(one["folder"]) for one in told.get("batch", ())}
    found = {n: d for n, d in visible(folder).items() if n != "run.json" and Path(n).parts[0] not in map(str, inner)}
    stated = {name: facts["sha256"] for name, facts in told["files"].items()}
    odd = set(found.items()) ^ set(stated.items())
    return None if not odd else f"{folder.name} differs from its run.json: {odd}"


def packages(folder):
    """Give what the GeoPackages of a folder hold, table by table, however SQLite has laid it out on the disk."""
    held = {}
    for path in sorted(folder.rglob("*.gpkg")):
        with contextlib.closing(sqlite3.connect(path)) as file:
            names = file.execute("SELECT type, name, sql FROM sqlite_master ORDER BY 1, 2").fetchall()
            tables = [n for kind, n, _ in names if kind == "table"]
            rows = [sorted(map(repr, file.execute(f'SELECT * FROM "{n}"').fetchall())) for n in tables]  # noqa: S608 (names that stand in the file)
            version = file.execute("PRAGMA user_version").fetchone()
        held[path.relative_to(folder).as_posix()] = hashlib.sha256(repr((names, rows, version)).encode()).hexdigest()
    return held


def neither(found, old, new, told):
    """Name files that are neither as before nor as an undisturbed run makes them, and are not told to be missing."""
    numbers = {n for n in found if n.endswith((".csv", ".parquet", ".gpkg", ".xlsx"))}
    if found in (old, new):
        return None
    undrawn = [w for w in told.get("warnings", ()) if "could not be drawn" in w] if isinstance(told, dict) else []
    odd = {n for n in found if found[n] != new.get(n)} | (new.keys() - found.keys()) - {"run.json"}
    odd -= {n for n in odd if any(w.startswith(f"{n} ") for w in undrawn)}
    if undrawn:
        odd &= numbers - {"tables.xlsx"}  # pages and the workbook's notes tell what is missing
    return f"neither old nor new: {sorted(odd)}" if odd else None


class Expected:
    """What stands in the folders before a trial and after an undisturbed one."""

    def __init__(self, bench):
        bench.reset()
        self.old = visible(bench.out)
        begun = time.monotonic()
        code, text, self.n_calls, _ = bench.trial()
        self.longest_s = 5 + 4 * (time.monotonic() - begun)  # of a copy; the whole command decides where it is longer
        if code:
            raise SystemExit(f"fails undisturbed: {text}")
        self.new, self.packages = visible(bench.out), packages(bench.out)
        self.cached = visible(bench.cache) if bench.cache.is_dir() else {}


def judge(bench, expected):
    """Give what is wrong with the folders after a trial, once the next command has put right what a kill left."""
    judged = bench.root / "judged"
    shutil.rmtree(judged, ignore_errors=True)
    # A copy, of files that are the same but for locks: the process that forks still holds its own.
    shutil.copytree(bench.place, judged, copy_function=_linked)
    out, cache, temp = (judged / p.name for p in (bench.out, bench.cache, bench.temp))
    with contextlib.suppress(OSError), claimed_folder(out, is_inside=True):
        sweep_stages(out)
    sweep_stages(judged)
    inner = [p.parent for p in sorted(out.glob("*/run.json")) if not p.parent.name.startswith(".")]
    for folder in inner:
        with claimed_folder(folder):
            pass
    wrong = [text for folder in (out, *inner) if (text := half(folder)) is not None]
    files = visible(out)
    for name in {
        n for n in expected.packages if files.get(n) not in (expected.old.get(n), expected.new[n])
    } & files.keys():
        if packages(out)[name] == expected.packages[name]:
            files[name] = expected.new[name]
    for folder in inner or [out]:
        at = folder.relative_to(out)
        found, old, new = (_below(one, at) for one in (files, expected.old, expected.new))
        manifests = {n for n in found if n.endswith("run.json")}
        bare = [{n: d for n, d in files.items() if n not in manifests} for files in (found, old, new)]
        wrong += [f"{at}: {text}"] if (text := neither(*bare, manifest_in(folder))) else []
    sweep_held(temp)
    # Python tries a folder for temporary files with a file of four bytes, whose removal may be what failed.
    left = [p.name for p in temp.iterdir() if not (p.is_file() and p.stat().st_size <= len(b"blat"))]
    if left:
        wrong.append(f"temporary files stay: {left}")
    beside = [p.name for p in judged.iterdir() if p.name not in {"out", "cache", "temp"}]
    if beside:
        wrong.append(f"files stay beside the folder: {beside}")
    # What a killed process left half-written is found by nobody and swept.
    kept = {n: d for n, d in visible(cache).items() if ".part/" not in n} if cache.is_dir() else {}
    odd = {n for n, d in kept.items() if d != expected.cached.get(n)}
    if odd:
        wrong.append(f"cache entries that are not as an undisturbed run's: {sorted(odd)}")
    return wrong


def _below(files, at):
    return {str(Path(n).relative_to(at)): d for n, d in files.items() if Path(n).is_relative_to(at)}


def _linked(source, target):
    (shutil.copy2 if ".circle15-lock" in source else os.link)(source, target)


def said_wrong(code, text, kind):
    """Give what is wrong with how a command ended."""
    if code not in EXITS:
        return [f"ended with {code}: {text[-300:]}"]
    if "Traceback" in text or "defect of circle15" in text:
        return [f"traceback: {text[-400:]}"]
    if code and not re.search(r"[/\\]\S+(：|: )" if "memory" not in kind else r"[Mm]emory|[/\\]\S+: ", text):
        return [f"names nothing that failed: {text[-300:]}"]
    return []


def numbers_of(n_calls, every, kills, seed):
    """Give the calls that fail, from 1, each or one of so many; of kills a seeded sample."""
    if kills:
        return sorted(random.Random(seed).sample(range(1, n_calls + 1), min(kills, n_calls)))  # noqa: S311 (no secret)
    return list(range(1 + seed % every, n_calls + 1, every))


def prove(bench, *, every=1, kills=0, seed=15, most=None):
    """Try every call in turn, or kill at a sample of them; give what was found."""
    expected = Expected(bench)
    numbers = numbers_of(expected.n_calls, every, kills, seed)[:most]
    kinds, ends, losses, again = Counter(), Counter(), [], []

    def weigh(n, kind, code, text):
        ends[code] += 1
        kinds[kind or "killed"] += 1
        wrong = [] if kills and code == -signal.SIGKILL else said_wrong(code, text, kind)
        wrong += judge(bench, expected)
        losses.extend(f"call {n} of {expected.n_calls} ({kind}): {one}" for one in wrong)

    bench.reset()
    talk, wanted = Talk(), set(numbers)
    process = bench.start(kills=bool(kills), branch=(1, 1, talk.their_ask, talk.their_answer))
    talk.close_theirs()
    image = DiskImage([bench.place], bench.root / "image")
    for branch in watch_branches(talk, image, is_wanted=wanted.__contains__, longest_s=expected.longest_s):
        if branch.code in {ELSEWHERE, HANGS}:  # a copy has no threads but one: others may be waited for
            again.append(branch.number)
            bench.said()
        else:
            weigh(branch.number, branch.kind, branch.code, bench.said())
            wanted.discard(branch.number)
    _, status = os.waitpid(process, 0)
    talk.close()
    image.forget()
    ended = (os.waitstatus_to_exitcode(status), half(bench.out), visible(bench.out).keys())
    if ended != (0, None, expected.new.keys()):  # folders that a copy removed are new ones: it may clear once more
        losses.append(f"the process that forks did not end as an undisturbed one: {ended}, {bench.said()[-300:]}")
    for n in sorted(wanted):  # what no copy could try: the whole command for each
        bench.reset()
        code, text, _, last = bench.trial(n, kills=bool(kills))
        weigh(n, last, code, text)
    return {
        "command": bench.command, "calls": expected.n_calls, "tried": len(numbers), "tried_whole": len(again),
        "kinds": dict(kinds.most_common()), "exits": dict(ends), "losses": losses,
    }  # fmt: skip


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
    parser.add_argument(
        "--memory", type=int, default=0, metavar="BYTES", help="requests for so much memory fail instead"
    )
    chosen = parser.parse_args()
    with tempfile.TemporaryDirectory() as made_root:
        root = Path(made_root).resolve()
        made = "batch" if chosen.command == "batch" else "run"
        out = root / "place" / "out"
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
        found = prove(bench, every=chosen.every, kills=chosen.kills, seed=chosen.seed, most=chosen.most)
    sys.stdout.write(json.dumps(found, ensure_ascii=False, indent=1) + "\n")
    raise SystemExit(bool(found["losses"]))


if __name__ == "__main__":
    main_of_harness()
