"""What circle15 wrote into a folder: known by name and content, so that nobody else's file is replaced or deleted."""

from __future__ import annotations

import hashlib
import json
import os
from pathlib import Path
from typing import TYPE_CHECKING, Any

from circle15.errors import MOST_TOLD, OutputError, Problem
from circle15.files.digests import fresh_digest
from circle15.said import Said

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

MANIFEST = "run.json"
LEDGER = ".circle15.json"
"""What single files commands wrote into a folder: `rank`, `site`, `compare` and others, which leave no manifest."""
SEAL = "sealed"
_OLD_MANIFEST = ("circle15", "code_sha256", "libraries", "seconds", "files")
"""What a manifest has that was written before manifests were sealed."""
_REMEMBERED = 4  # contents of one file: the last, and what stood there before in case the last never came
_FOREIGN = Said(
    "不是 circle15 写的，或写出后被改动过，因此不覆盖也不删除；请移走该文件，或指定另一个文件夹",
    "was not written by circle15, or has been changed since, so it is neither replaced nor deleted; move it away, or "
    "name another folder",
)
_MORE = Said("这样的文件还有 {n} 个", "and {n} more such files")


def sealed(told: Mapping[str, Any]) -> dict[str, Any]:
    """Give a manifest with its own digest, which tells it from one that somebody else wrote or altered."""
    bare = {k: v for k, v in told.items() if k != SEAL}
    return {**bare, SEAL: _digest_of(bare)}


def is_sealed(told: Mapping[str, Any]) -> bool:
    """Tell whether a manifest is as `sealed` made it."""
    return told.get(SEAL) == _digest_of({k: v for k, v in told.items() if k != SEAL})


def write_json(value: Any, path: Path) -> None:
    """Write ``value`` as indented UTF-8 JSON."""
    path.write_text(json.dumps(value, ensure_ascii=False, indent=2, allow_nan=False) + "\n", encoding="utf-8")


def write_manifest(told: Mapping[str, Any], path: Path) -> None:
    """Write the run.json of a run or a batch, sealed."""
    write_json(sealed(told), path)


def files_of_manifest(folder: Path) -> dict[str, str]:
    """Give the files of an earlier run or batch with the SHA-256 that each had; none without a manifest of ours."""
    told = read_json(folder / MANIFEST)
    return {name: sha256 for name, (sha256, *_) in _hashes(told).items()} if is_of_ours(told) else {}


def is_of_ours(told: Mapping[str, Any]) -> bool:
    """Tell whether a manifest is as circle15 wrote it, or of a time when none was sealed."""
    return is_sealed(told) if SEAL in told else all(key in told for key in _OLD_MANIFEST)


def files_of_ledger(folder: Path) -> dict[str, list[str]]:
    """Give the single files that commands wrote here with the SHA-256 of each content that they may have."""
    told = read_json(folder / LEDGER)
    return _hashes(told) if is_sealed(told) else {}


def ledger_with(folder: Path, fresh: Mapping[str, str]) -> dict[str, Any]:
    """Give the ledger of a folder with new files in it, by name and SHA-256."""
    known = files_of_ledger(folder)
    files = known | {n: list(dict.fromkeys([sha256, *known.get(n, ())]))[:_REMEMBERED] for n, sha256 in fresh.items()}
    return sealed({"circle15": "single files that its commands wrote here", "files": dict(sorted(files.items()))})


def foreign_files(folder: Path, names: Iterable[str]) -> list[str]:
    """Name those of ``names`` that stand in ``folder`` and are not what circle15 wrote there."""
    known = {name: {sha256} for name, sha256 in files_of_manifest(folder).items()}
    if is_of_ours(read_json(folder / MANIFEST)):
        known[MANIFEST] = {fresh_digest(folder / MANIFEST)}
    singles = files_of_ledger(folder)
    if singles:
        known[LEDGER] = {fresh_digest(folder / LEDGER)}
    for name, hashes in singles.items():
        known[name] = {*hashes, *known.get(name, ())}
    return [n for n in names if _is_there(folder, n) and not _is_ours(folder, n, known.get(n, set()))]


def refuse_foreign(folder: Path, names: Iterable[str]) -> None:
    """See that nothing that somebody else wrote would be replaced or deleted.

    Raises
    ------
    OutputError
        Naming each such file.
    """
    found = foreign_files(folder, names)
    problems = [Problem(_FOREIGN, file=str(folder / name)) for name in found[:MOST_TOLD]]
    if len(found) > MOST_TOLD:
        problems.append(Problem(_MORE.format(n=len(found) - MOST_TOLD), file=str(folder)))
    OutputError.gather(problems)


def _is_there(folder: Path, name: str) -> bool:
    path = folder / name
    return any((folder / parent).is_symlink() for parent in Path(name).parents[:-1]) or os.path.lexists(path)


def _is_ours(folder: Path, name: str, hashes: set[str]) -> bool:
    """Tell whether a file has one of the contents that it may have; links are never circle15's."""
    path = folder / name
    if path.is_symlink() or any((folder / parent).is_symlink() for parent in Path(name).parents[:-1]):
        return False
    try:
        return path.is_file() and fresh_digest(path) in hashes
    except OSError:
        return False


def read_json(path: Path) -> dict[str, Any]:
    """Give a JSON object of ours; an empty one where there is none, or a link, or something else."""
    if path.is_symlink() or not path.is_file():
        return {}
    try:
        told = json.loads(path.read_bytes())
    except (OSError, ValueError, RecursionError):
        return {}
    return told if isinstance(told, dict) else {}


def _hashes(told: Mapping[str, Any]) -> dict[str, list[str]]:
    """Give the hashes by name; names that lead out of the folder are nobody's."""
    files = told.get("files")
    found: dict[str, list[str]] = {}
    for name, facts in files.items() if isinstance(files, dict) else ():
        listed = [facts.get("sha256")] if isinstance(facts, dict) else facts if isinstance(facts, list) else []
        hashes = [h for h in listed if isinstance(h, str)]
        path = Path(name)
        if hashes and not path.is_absolute() and ".." not in path.parts:
            found[name] = hashes
    return found


def _digest_of(told: Mapping[str, Any]) -> str:
    text = json.dumps(told, sort_keys=True, ensure_ascii=False)
    return hashlib.sha256(text.encode("utf-8", errors="surrogatepass")).hexdigest()
