"""What stands in the folders after a trial, judged by the bytes of an undisturbed run, and what the command said."""

import contextlib
import hashlib
import json
import os
import re
import shutil
import sqlite3
from pathlib import Path

from circle15.files.held_folders import sweep_held
from circle15.files.staging import claimed_folder, sweep_stages
from circle15.files.written import is_sealed

EXITS = {0, 1, 2}
HIDDEN = re.compile(r"(^|/)\.")
UNDRAWN = ("could not be drawn", "未能绘制")


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
    warnings = told.get("warnings", ()) if isinstance(told, dict) else ()
    undrawn = [w for w in warnings if any(words in w for words in UNDRAWN)]
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
        begun = os.times().children_user
        code, text, self.n_calls, _ = bench.trial(listens=True)
        self.longest_s = 5 + 4 * (os.times().children_user - begun)  # processor time of a copy
        if code:
            raise SystemExit(f"fails undisturbed: {text}")
        self.places = bench.places()
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
