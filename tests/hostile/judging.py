"""One hostile input after another through the command line, each in a process of its own with bounds, and judged."""

import csv
import gc
import hashlib
import json
import os
import shutil
import signal
import stat
import sys
import time
from contextlib import suppress
from dataclasses import asdict, dataclass, replace
from itertools import pairwise
from pathlib import Path

from tests.hostile.cases import KINDS, make_case
from tests.hostile.forking import ESCAPED, MOST_BYTES, made_apart, run_forked, warm_up
from tests.hostile.sound import sound_results
from tests.hostile.village import write_village

BAD = ("traceback", "hang", "memory", "abort", "half", "wrong", "lost")
_DEFECT = ("a defect of circle15", "circle15 的缺陷", "Traceback (most recent call last)")
_NO_MEMORY = ("out of memory", "内存不足")
_LONGEST_TOLD = 50_000
_LARGEST = 1 << 22  # of files that are looked at


@dataclass(frozen=True)
class Verdict:
    """What became of one input: "clear", "accepted", "unclear", or one of `BAD` ("lost": a file of the user's own changed)."""

    kind: str
    seed: int
    label: str
    command: str
    verdict: str
    text: str
    seconds: float  # of the processor
    peak_mb: float


def judge(kind, seed, folder):
    """Run the command on the input of a kind and a seed in a child process and judge what it did."""
    _emptied(folder)
    case = made_apart(make_case, kind, seed, folder)
    before = _inputs(folder, case)
    ended = run_forked(case.argv, folder.parent / f"{folder.name}.log", env=case.env, code=case.code)
    verdict = _verdict(case, ended)
    changed = sorted(before.items() - _inputs(folder, case).items())
    if changed and verdict not in BAD:
        verdict, case = "lost", replace(case, label=f"{case.label}: {changed[:3]}")
    return Verdict(
        kind, seed, case.label, case.command, verdict, ended.text[-600:], round(ended.cpu_s, 2), round(ended.peak_mb, 1)
    )


def _inputs(folder, case):
    """Give the digests of the plain files that stand there, those in a folder of results aside."""
    written = {str(folder / place) for option, place in pairwise(case.argv) if option == "--out"}
    found = {}
    for root, folders, files in os.walk(folder):
        folders[:] = [name for name in folders if f"{root}/{name}" not in written]
        for name in files:
            path = f"{root}/{name}"
            with suppress(OSError):
                facts = os.lstat(path)
                if stat.S_ISREG(facts.st_mode) and facts.st_size < _LARGEST:
                    with open(path, "rb") as file:  # noqa: PTH123 (as above)
                        found[path] = hashlib.file_digest(file, "sha256").hexdigest()
    return found


def _emptied(folder):
    """Take away what the input before left, locked folders included."""
    if folder.is_dir():
        for path in [folder, *folder.rglob("*")]:
            if path.is_dir() and not path.is_symlink():
                path.chmod(0o700)
    shutil.rmtree(folder, ignore_errors=True)


def _verdict(case, ended):
    if ended.code is None:
        return "hang" if ended.signal in {None, signal.SIGXCPU} else "abort"
    if any(sign in ended.text for sign in _DEFECT) or ended.code == ESCAPED:
        return "traceback"
    if ended.peak_mb * 2**20 > MOST_BYTES or any(sign in ended.text for sign in _NO_MEMORY):
        return "memory"
    if any(not path.is_file() or path.read_bytes() != content for path, content in case.kept):
        return "lost"
    if case.out is not None:
        # Names may be longer than a path may be, of which pathlib makes an error.
        is_whole = all(os.path.isfile(case.out / name) for name in case.whole)  # noqa: PTH113
        beside = os.listdir(case.out.parent) if os.path.isdir(case.out.parent) else []  # noqa: PTH112, PTH208
        left = [name for name in beside if name.endswith(".partial")]
        stands = os.path.exists(case.out) and not case.keeps_parts  # noqa: PTH110
        if (
            ((ended.code == 0) != is_whole and not (is_whole and case.keeps_parts))
            or (ended.code != 0 and stands)
            or left
        ):
            return "half"
        # A command that refuses leaves what stood there, spoiled tables too.
        if ended.code == 0 and not all(_is_sound(file) for file in case.out.rglob("coverage.csv")):
            return "wrong"
    if ended.code == 0:
        return "wrong" if case.is_refused else "accepted"
    # Whatever file a name or a link leads to is named by where it leads.
    names = {*case.names, *case.keys, "/proc/", "/dev/", " /："}
    is_told = any(line.strip() for line in ended.text.splitlines()) and any(n in ended.text for n in names if n)
    return "clear" if ended.code in case.codes and is_told and len(ended.text) < _LONGEST_TOLD else "unclear"


def _is_sound(coverage):
    """See that shares of the result are shares and people are nobody's debts."""
    with coverage.open(encoding="utf-8-sig", newline="") as file:
        for row in csv.DictReader(file):
            people, covered, share = (row[n] for n in ("people", "covered_people", "covered_share"))
            numbers = [float(v) for v in (people, covered, share) if v]
            if (
                any(not 0 <= v < 1e12 for v in numbers)
                or (share and float(share) > 1)
                or (people and covered and float(covered) > float(people) + 0.5)
            ):
                return False
    return True


def prepare(folder):
    """Lay the sound results that some inputs are made from, and import what sound commands import."""
    folder.mkdir(parents=True, exist_ok=True)
    village = write_village(folder / "warm")
    warm_up(
        [("check", str(village.config)), ("run", str(village.config), "--out", str(folder / "warm" / "out"))], folder
    )
    results = sound_results(folder)
    warm_up(
        [
            ("init", str(write_village(folder / "warm" / "again").folder / "new")),
            ("verify", str(results[0])),
            ("compare", *map(str, results[:2])),
            ("trend", *map(str, results[:2])),
        ],
        folder,
    )
    shutil.rmtree(folder / "warm")
    gc.freeze()  # else looking for garbage copies all of it in each child


def main():
    """Usage: python -m tests.hostile.judging N|SECONDSs|N,SECONDSs SEED [KIND...]; prints what is not well, and the verdicts.

    A line's kind and seed make the same input again. Of a number and seconds what comes first ends it. The last line
    has for each kind its verdicts, and the seconds of the processor. The exit code is 1 where one is worse than unclear.
    """
    bounds = {one.endswith("s"): float(one.rstrip("s")) for one in sys.argv[1].split(",")}
    first = int(sys.argv[2])
    began, n = time.monotonic(), 0
    kinds = sys.argv[3:] or KINDS
    folder = Path(os.environ.get("HOSTILE_TMP", "/tmp/hostile")) / str(os.getpid())  # noqa: S108 (one user's own trial)
    os.environ["XDG_CACHE_HOME"] = str(folder / "cache")
    os.environ["TMPDIR"] = str(folder)
    counts, spent = {kind: {} for kind in kinds}, dict.fromkeys(kinds, 0.0)
    try:
        prepare(folder)
        while n < bounds.get(False, float("inf")) and time.monotonic() - began < bounds.get(True, float("inf")):
            kind = kinds[n % len(kinds)]
            one = judge(kind, first + n // len(kinds), folder / "case")
            n += 1
            counts[kind][one.verdict] = counts[kind].get(one.verdict, 0) + 1
            spent[kind] = round(spent[kind] + one.seconds, 2)
            if one.verdict in (*BAD, "unclear") or one.seconds > 20:
                print(json.dumps(asdict(one), ensure_ascii=False), flush=True)
    finally:
        _emptied(folder)
        table = {"inputs": n, "first seed": first, **counts, "seconds": spent}
        print(json.dumps(table, ensure_ascii=False), flush=True)
    return 1 if any(counts[kind].get(verdict) for kind in kinds for verdict in BAD) else 0


if __name__ == "__main__":
    sys.exit(main())
