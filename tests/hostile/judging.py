"""One hostile input after another through the command line, each in a process of its own with bounds, and judged."""

import importlib
import io
import json
import os
import random
import re
import resource
import shutil
import signal
import sys
import time
from contextlib import redirect_stderr, redirect_stdout
from dataclasses import asdict, dataclass
from pathlib import Path

KINDS = ("paths", "streets", "rasters", "shapes", "tables", "graphs", "configs")
MOST_SECONDS, MOST_BYTES = 60, 2 << 30
"""Of the processor, so that a busy machine makes no hang."""
MOST_WAITED_S = 300.0
BAD = ("traceback", "hang", "memory", "abort", "half", "wrong")
_DEFECT = ("a defect of circle15", "circle15 的缺陷", "Traceback (most recent call last)")


@dataclass(frozen=True)
class Verdict:
    """What became of one input: "clear", "accepted", "unclear", or one of `BAD`."""

    kind: str
    seed: int
    label: str
    command: str
    verdict: str
    text: str
    seconds: float
    peak_mb: float


def make_input(kind, seed, folder):
    """Write the input of a kind and a seed: the same ones make the same files."""
    from tests.hostile.village import write_village

    village = write_village(folder)
    rng = random.Random(f"{kind} {seed}")
    label, name = importlib.import_module(f"tests.hostile.odd_{kind}").make(rng, village)
    command = rng.choice(["check", "check", "run", "init"])
    return village, label, name, command


def judge(kind, seed, folder):
    """Run the command on the input of a kind and a seed in a child process and judge what it did."""
    shutil.rmtree(folder, ignore_errors=True)
    village, label, name, command = make_input(kind, seed, folder)
    if command == "init":
        village.config.rename(village.config.with_suffix(".was")) if village.config.is_file() else None
    out = folder / "out"
    argv = {"check": [village.config], "run": [village.config, "--out", out], "init": [folder]}[command]
    log = folder.parent / f"{folder.name}.log"
    began = time.monotonic()
    child = os.fork()
    if child == 0:
        _run([command, *map(str, argv)], log)
    status, usage = _waited(child)
    took, peak = time.monotonic() - began, usage.ru_maxrss / 1024
    text = log.read_text("utf-8", errors="replace") if log.exists() else ""
    verdict = _verdict(status, peak, text, name, command, out)
    return Verdict(kind, seed, label, command, verdict, text[-600:], round(took, 2), round(peak, 1))


def _run(argv, log):
    """Be the child: run the command, write what it says and how it ended."""
    code = 70
    try:
        resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
        resource.setrlimit(resource.RLIMIT_CPU, (MOST_SECONDS, MOST_SECONDS + 5))
        resource.setrlimit(resource.RLIMIT_DATA, (MOST_BYTES * 3, MOST_BYTES * 3))
        sink = os.open(log, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        os.dup2(sink, 1)
        os.dup2(sink, 2)
        os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
        sys.stdout = io.TextIOWrapper(os.fdopen(1, "wb", closefd=False), encoding="utf-8", line_buffering=True)
        sys.stderr = io.TextIOWrapper(os.fdopen(2, "wb", closefd=False), encoding="utf-8", line_buffering=True)
        from circle15.cli import main

        with redirect_stdout(sys.stdout), redirect_stderr(sys.stderr):
            try:
                main(argv, standalone_mode=True)
            except SystemExit as e:
                code = e.code if isinstance(e.code, int) else 1
            except BaseException:  # noqa: BLE001 (whatever escapes is a traceback)
                import traceback

                traceback.print_exc()
        sys.stdout.flush()
        sys.stderr.flush()
    finally:
        os._exit(code)


def _waited(child):
    """Wait for the child, kill it when its time is up; give how it ended and what it took."""
    end = time.monotonic() + MOST_WAITED_S
    while True:
        pid, status, usage = os.wait4(child, os.WNOHANG)
        if pid:
            return status, usage
        if time.monotonic() > end:
            os.kill(child, signal.SIGKILL)
            _, _, usage = os.wait4(child, 0)
            return None, usage
        time.sleep(0.005)


def _verdict(status, peak_mb, text, name, command, out):
    if status is None or (os.WIFSIGNALED(status) and os.WTERMSIG(status) == signal.SIGXCPU):
        return "hang"
    if os.WIFSIGNALED(status):
        return "abort"
    code = os.WEXITSTATUS(status)
    if any(sign in text for sign in _DEFECT) or code == 70:
        return "traceback"
    if peak_mb * 2**20 > MOST_BYTES or "out of memory" in text:
        return "memory"
    if command == "run":
        is_whole = (out / "run.json").is_file() and (out / "coverage.csv").is_file()
        left = [p.name for p in out.parent.iterdir() if p.name.endswith(".partial")] if out.parent.is_dir() else []
        if (code == 0) != is_whole or (code != 0 and out.exists()) or left:
            return "half"
        if code == 0 and not _is_sound(out):
            return "wrong"
    if code == 0:
        return "accepted"
    # Whatever file a name or a link leads to is named by where it leads.
    names = {name, name.rpartition("/")[2], Path(name).stem, "village.toml", str(out.parent), "/proc/", "/dev/", " /："}
    names |= {"district.", "layer.", "population.", "network."}  # keys of the config
    told = [line for line in text.splitlines() if line.strip()]
    return "clear" if code == 2 and told and any(n in text for n in names) and len(text) < 50_000 else "unclear"


def _is_sound(out):
    """See that shares of the result are shares and people are nobody's debts."""
    rows = (out / "coverage.csv").read_text("utf-8-sig").splitlines()
    heading = rows[0].split(",")
    at = {name: heading.index(name) for name in ("people", "covered_people", "covered_share")}
    for row in rows[1:]:
        cells = re.split(r",(?=(?:[^\"]*\"[^\"]*\")*[^\"]*$)", row)
        people, covered, share = (cells[at[n]] for n in ("people", "covered_people", "covered_share"))
        numbers = [float(v) for v in (people, covered, share) if v]
        if (
            any(not 0 <= v < 1e12 for v in numbers)
            or (share and float(share) > 1)
            or (people and covered and float(covered) > float(people) + 0.5)
        ):
            return False
    return True


def main():
    """Usage: python -m tests.hostile.judging N|SECONDSs SEED [KIND...]; prints what is not well, and the verdicts.

    A line's kind and seed make the same input again. The exit code is 1 where one is worse than unclear.
    """
    import circle15.batch
    import circle15.cli.check
    import circle15.cli.init
    import circle15.cli.run
    import circle15.network.streets.graphml

    is_timed = sys.argv[1].endswith("s")
    most, first = float(sys.argv[1].rstrip("s")), int(sys.argv[2])
    began, n = time.monotonic(), 0
    kinds = sys.argv[3:] or KINDS
    folder = Path(os.environ.get("HOSTILE_TMP", "/tmp/hostile")) / str(os.getpid())  # noqa: S108 (one user's own trial)
    os.environ["XDG_CACHE_HOME"] = str(folder / "cache")
    os.environ["TMPDIR"] = str(folder)
    folder.mkdir(parents=True)
    counts = {kind: {} for kind in kinds}
    try:
        while (time.monotonic() - began if is_timed else n) < most:
            kind = kinds[n % len(kinds)]
            one = judge(kind, first + n // len(kinds), folder / "case")
            n += 1
            counts[kind][one.verdict] = counts[kind].get(one.verdict, 0) + 1
            if one.verdict in (*BAD, "unclear") or one.seconds > 20:
                print(json.dumps(asdict(one), ensure_ascii=False), flush=True)
    finally:
        shutil.rmtree(folder, ignore_errors=True)
        print(json.dumps({"inputs": n, "first seed": first, **counts}, ensure_ascii=False), flush=True)
    return 1 if any(counts[kind].get(verdict) for kind in kinds for verdict in BAD) else 0


if __name__ == "__main__":
    sys.exit(main())
