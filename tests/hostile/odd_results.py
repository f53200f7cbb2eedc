"""Folders of results that somebody changed, given to verify, compare and trend."""

import json
import shutil
from pathlib import Path

import pandas as pd

from tests.hostile.cases import Case
from tests.hostile.odd_paths import FILES
from tests.hostile.sound import sound_results
from tests.hostile.spoiling import other_node, spoil, spoil_table

TABLES = ("coverage.csv", "facilities.csv", "gaps.csv", "portrait.csv", "completeness.csv", "unlinked.csv")
_LARGEST = 1 << 24
UNTOLD = ("seconds", "circle15", "core", "code_sha256", "python", "libraries", "sealed")
"""Keys of a manifest that say nothing of its numbers."""


def _manifest(rng, folder):
    path = folder / "run.json"
    told = json.loads(path.read_bytes())
    how = other_node(rng, told)
    path.write_text(json.dumps(told, ensure_ascii=False), encoding="utf-8")
    return "run.json", how


def _frame(rng, folder):
    path = folder / "cells.parquet"
    frame = pd.read_parquet(path)
    column = rng.choice(sorted(frame.columns))
    how = rng.choice(["gone", "text", "none", "negative", "rows", "twice"])
    if how == "gone":
        frame = frame.drop(columns=column)
    elif how == "text":
        frame[column] = [repr(value) for value in frame[column]]  # bytes of an outline are no text
    elif how == "none":
        frame[column] = None
    elif how == "negative" and frame[column].dtype.kind in "fiu":
        frame[column] = -frame[column]
    elif how == "rows":
        frame = frame.iloc[: rng.randrange(2)]
    else:
        frame = pd.concat([frame, frame])
    frame.to_parquet(path)
    return "cells.parquet", f"{how} {column}"


def _table(rng, folder):
    name = rng.choice([name for name in TABLES if (folder / name).is_file()])
    path = folder / name
    text, how = spoil_table(rng, path.read_text("utf-8-sig"))
    path.write_text("\ufeff" + text, encoding="utf-8")
    return name, how


def _bytes(rng, folder):
    path = rng.choice(sorted(p for p in folder.rglob("*") if p.is_file()))
    return path.name, spoil(rng, path)


def _other_kind(rng, folder):
    path = rng.choice(sorted(p for p in folder.rglob("*") if p.is_file()))
    kind = rng.choice([kind for kind in sorted(FILES) if kind != "root"])
    path.unlink()
    FILES[kind](path)
    return path.name, kind


HOW = (_manifest, _manifest, _manifest, _table, _table, _frame, _bytes, _other_kind)


def _tree(folder):
    return {
        p.relative_to(folder).as_posix(): p.read_bytes()
        for p in folder.rglob("*")
        if p.is_file() and p.stat().st_size < 1 << 24
    }


def make(rng, village):
    """Copy sound results, spoil one of them, and let a command read them."""
    sound = sound_results(village.folder.parent)
    folders = []
    for k, one in enumerate(rng.sample(sound, rng.choice([1, 2, 2, 3]))):
        folders.append(village.path(f"results{k}"))
        shutil.copytree(one, folders[-1])
    spoiled = folders[0]
    before = _tree(spoiled)
    name, how = rng.choice(HOW)(rng, spoiled)
    rng.shuffle(folders)
    command = rng.choice(["verify", "compare", "trend", "trend", "batch"])
    names = frozenset({name, "village 202", *(f.name for f in folders), str(village.folder), "run.json"})
    out = village.path("out")
    label = f"{name} {how}"[:120]
    if command == "verify":
        return Case(label, (command, str(spoiled)), names, codes=(1, 2), is_refused=_is_other(before, spoiled))
    if command == "batch":
        # A folder of results stands where the batch would write, and is the batch before too.
        more = rng.choice([("--resume",), ("--previous", str(spoiled)), ("--resume", "--previous", str(spoiled))])
        target = village.path("batch")
        target.mkdir()
        shutil.copytree(spoiled, target / "village", symlinks=True, copy_function=_linked)
        argv = (command, str(village.config), "--out", str(target), "--jobs", "1", "--lang", "en", *more)
        return Case(label, argv, names | {"village"}, target, ("summary.csv",), (1, 2), keeps_parts=True)
    if command == "compare" and len(folders) == 1:
        folders *= 2
    whole = {"compare": "scenario.csv", "trend": "trend.csv"}[command]
    return Case(label, (command, *map(str, folders), "--out", str(out)), names, out, (whole,))


def _linked(source, target):
    """Copy a file, and what is no file as it is."""
    one = Path(source)
    if one.is_symlink():
        Path(target).symlink_to(one.readlink())
    elif one.is_file() and one.stat().st_size > _LARGEST:  # holes alone: a copy would fill the disk
        with Path(target).open("wb") as file:
            file.truncate(one.stat().st_size)
    elif one.is_file():
        shutil.copyfile(one, target)


def _is_other(before, folder):
    """Tell whether anything but what a manifest may tell otherwise on another machine was changed."""
    now = {
        n: (folder / n).read_bytes()
        if (folder / n).is_file() and (folder / n).stat().st_size < 1 << 24 and not (folder / n).is_symlink()
        else None
        for n in before
    }
    if any(now[n] != before[n] for n in before if n != "run.json"):
        return True
    try:
        told, was = json.loads(now["run.json"]), json.loads(before["run.json"])
    except (TypeError, ValueError):
        return True
    if not isinstance(told, dict):
        return True
    return json.dumps({k: v for k, v in told.items() if k not in UNTOLD}, sort_keys=True) != json.dumps(
        {k: v for k, v in was.items() if k not in UNTOLD}, sort_keys=True
    )
