"""The audit: a run done again from its manifest, and every number compared."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from circle15.config.meaning import config_digest
from circle15.config.model import parse_config
from circle15.errors import Circle15Error, both
from circle15.files.cache_room import empty_cache
from circle15.files.held_folders import held_folder
from circle15.files.written import MANIFEST, SEAL
from circle15.outputs.summary import FILES, OF_PREVIOUS
from circle15.pipeline import run_district
from circle15.pipeline.record.manifest import code_digest, run_environment
from circle15.runs.folder import read_manifest
from circle15.runs.joined_tables import gather_summary, write_summary
from circle15.runs.stale import changed_inputs, damaged_files, digest_of
from circle15.runs.table_check import Difference, compare_files, compare_values
from circle15.said import Said

if TYPE_CHECKING:
    from collections.abc import Callable

    from circle15.runs.folder import Manifest

_MAY_DIFFER = {"seconds", "circle15", "core", "code_sha256", "python", "libraries", "config_path", SEAL}
"""Keys of a manifest that another machine or version may fill otherwise; versions are told as notes."""


@dataclass(slots=True)
class Verification:
    """What the audit of one folder found."""

    folder: Path
    problems: list[Said] = field(default_factory=list)  # inputs, config or files that are not the manifest's
    differences: list[Difference] = field(default_factory=list)  # outputs that are not as computed now
    notes: list[Said] = field(default_factory=list)  # versions that may be why

    @property
    def is_sound(self) -> bool:
        """Whether every number is as computed from the very inputs."""
        return not self.problems and not self.differences


_NOT_READ = Said("输入 {name}：不是当时读入的文件", "input {name}: is not the file that was read")
_NOT_WRITTEN = Said("成果 {name}：不是当时写出的文件", "output {name}: is not the file that was written")
_VERSION = Said("写成时 {name} 为 {then}，现为 {now}", "was written with {name} {then}; here is {now}")


def verify_folder(
    folder: Path, *, threads: int | None = None, on_district: Callable[[str], None] | None = None
) -> list[Verification]:
    """Verify a run's folder, or a batch's: each of its districts, then its summary.

    What is run again is read from the input files alone: no entry of the user's cache is believed or made.

    Parameters
    ----------
    folder
        Folder with a run.json.
    threads
        Threads to search with.
    on_district
        Told each folder's name as its turn comes.

    Raises
    ------
    MissingFileError
        If there is no run.json.
    InputError
        If it is none of ours.
    """
    with empty_cache():
        return _verify_all(folder, threads, on_district or (lambda _name: None))


def _verify_all(folder: Path, threads: int | None, tell: Callable[[str], None]) -> list[Verification]:
    manifest = _manifest(folder)
    if not manifest.is_of_a_batch:
        tell(folder.name)
        return [_verify_run(folder, manifest, threads)]
    found = []
    for name in manifest.finished:
        tell(name)
        found.append(_verify_district(folder / name, threads))
    tell(folder.name)
    return [*found, _verify_summary(folder, manifest)]


def _manifest(folder: Path) -> Manifest:
    manifest = read_manifest(folder)
    manifest.refuse(manifest.lacking_keys())
    return manifest


def _verify_district(folder: Path, threads: int | None) -> Verification:
    try:
        return _verify_run(folder, _manifest(folder), threads)
    except Circle15Error as e:
        return Verification(folder, problems=[both(p) for p in e.problems])


def _verify_run(folder: Path, manifest: Manifest, threads: int | None) -> Verification:
    found = Verification(folder, notes=_other_versions(manifest))
    if not manifest.is_as_written:
        found.problems.append(Said("清单已被改动", "the manifest is not as it was written"))
    config = parse_config(manifest.told["config_stated"], manifest.config_path)
    found.problems += [_NOT_READ.format(name=name) for name in changed_inputs(manifest, config)]
    found.problems += [_NOT_WRITTEN.format(name=name) for name in damaged_files(manifest, folder)]
    if config_digest(config) != manifest.told["config_sha256"]:
        found.problems.append(
            Said("清单中的配置不是当时运行的配置", "the manifest's config is not the one that was run")
        )
    with held_folder() as scratch:
        again = scratch / folder.name
        try:
            run_district(config, out=again, threads=threads)
        except Circle15Error as e:
            found.problems += [Said("无法重新运行：", "cannot be run again: ") + both(p) for p in e.problems]
            return found
        fresh = _manifest(again)
        names = {*manifest.told["files"], *fresh.told["files"], *_files_in(folder)}
        found.differences = compare_files(folder, again, names)
        found.differences += compare_values(MANIFEST, _facts(manifest), _facts(fresh))
    return found


def _files_in(folder: Path) -> list[str]:
    """Name the files of a folder that are not hidden, the manifest aside."""
    inside = [p.relative_to(folder) for p in folder.rglob("*") if p.is_file()]
    hidden = [any(part.startswith(".") for part in p.parts) for p in inside]
    return [p.as_posix() for p, is_hidden in zip(inside, hidden, strict=True) if not is_hidden and p.name != MANIFEST]


def _facts(manifest: Manifest) -> dict[str, Any]:
    """Give what a manifest tells that depends on config and inputs alone."""
    inputs = {name: {k: v for k, v in told.items() if k != "path"} for name, told in manifest.told["inputs"].items()}
    return {k: v for k, v in manifest.told.items() if k not in _MAY_DIFFER} | {"inputs": inputs}


def _verify_summary(root: Path, manifest: Manifest) -> Verification:
    found = Verification(root)
    found.problems += [_NOT_WRITTEN.format(name=name) for name in damaged_files(manifest, root)]
    folders = [root / name for name in manifest.finished]
    previous = Path(manifest.told["previous"]) if manifest.told.get("previous") is not None else None
    lost: tuple[str, ...] = ()
    if previous is not None and digest_of(previous / FILES[0]) != manifest.told.get("previous_sha256"):
        is_there, columns = (previous / FILES[0]).is_file(), ", ".join(OF_PREVIOUS)
        now = Said("已换成另一份", "is another one now") if is_there else Said("已不在", "is gone")
        found.notes.append(
            Said(
                f"上一批 {previous} {now.zh}；{FILES[0]} 除 {columns} 各列外逐格核对，汇总的其他文件只核对散列值",
                f"the earlier batch {previous} {now.en}; {FILES[0]} is compared but for its columns {columns}, and the"
                " summary's other files by their hash alone",
            )
        )
        previous, lost = None, OF_PREVIOUS
    with held_folder() as scratch:
        try:
            write_summary(gather_summary(folders, manifest.failed, previous, as_found=True), scratch)
        except Exception as e:  # noqa: BLE001 (whatever damaged results make a reader raise, they are not those that were written)
            told = both(e) if isinstance(e, Circle15Error) else f"{type(e).__name__}: {e}"
            found.problems.append(
                Said("无法由各区县重新汇总：", "the summary cannot be made again from the districts: ") + told
            )
            return found
        differences = compare_files(root, scratch, FILES[:1] if lost else FILES)
    found.differences = [d for d in differences if d.column not in lost]
    return found


def _other_versions(manifest: Manifest) -> list[Said]:
    notes = []
    if manifest.told.get("code_sha256") != code_digest():
        version = manifest.told.get("circle15")
        notes.append(
            Said(
                f"由另一版 circle15 写成（{version}，程序不同）",
                f"was written by another circle15 ({version}, other code)",
            )
        )
    for key, value in run_environment().items():
        told = manifest.told.get(key)
        if isinstance(value, dict) and isinstance(told, dict):
            notes += [_VERSION.format(name=n, then=told.get(n), now=v) for n, v in value.items() if told.get(n) != v]
        elif told != value:
            notes.append(_VERSION.format(name=key, then=told, now=value))
    return notes
