"""Whether a district's results still stand: same config, same inputs, same code, every file whole."""

from __future__ import annotations

from glob import glob
from pathlib import Path
from typing import TYPE_CHECKING, Any

from circle15.config.meaning import config_digest
from circle15.files.digests import file_parts
from circle15.files.staging import EARLIER, sha256_of
from circle15.pipeline.record.manifest import code_digest, run_environment
from circle15.pipeline.record.tracing import register_files
from circle15.runs.folder import manifest_of_folder

if TYPE_CHECKING:
    from circle15.config.model import Config

_NEEDED: dict[str, type] = {
    "config_path": str,
    "config_stated": dict,
    "config_sha256": str,
    "config.district.lang": str,
    "district.id": str,
    "district.name": str,
    "layers": list,
    "inputs": dict,
    "files": dict,
}
_OF_EACH_FILE = {"inputs": ("path", "sha256"), "files": ("sha256",)}


def why_stale(config: Config, folder: Path) -> str | None:
    """Give why the results in ``folder`` are not those of ``config`` today; None where they are."""
    manifest = manifest_of_folder(folder)
    if manifest is None or (folder / EARLIER).exists():
        return "no finished run"
    lacking = lacking_keys(manifest)
    if lacking:
        return f"its manifest lacks {lacking[0]}"
    now = {"config_sha256": config_digest(config), "code_sha256": code_digest(), **run_environment()}
    for key, value in now.items():
        if manifest.get(key) != value:
            return f"{key} is another"
    found = changed_inputs(manifest, config)
    if found:
        return f"an input has changed: {found[0]}"
    found = damaged_files(manifest, folder)
    return f"an output is not as it was written: {found[0]}" if found else None


def lacking_keys(manifest: dict[str, Any]) -> list[str]:
    """Name what a run's manifest should have and has not, or not as it should be."""
    found = [key for key, kind in _NEEDED.items() if not isinstance(_value_at(manifest, *key.split(".")), kind)]
    return [
        *found,
        *(
            f"{group}.{name}.{key}"
            for group, keys in _OF_EACH_FILE.items()
            if group not in found
            for name, facts in manifest[group].items()
            for key in keys
            if not isinstance(_value_at(facts, key), str)
        ),
    ]


def lacking_keys_of_batch(manifest: dict[str, Any]) -> list[str]:
    """Do the same with a batch's manifest."""
    told, previous = manifest["batch"], manifest.get("previous")
    found = [] if isinstance(told, list) else ["batch"]
    for i, one in enumerate(told if not found else (), start=1):
        found += [f"batch.{i}.{k}" for k in ("config", "folder", "status") if not isinstance(_value_at(one, k), str)]
        if _value_at(one, "status") == "failed" and not isinstance(_value_at(one, "error"), list):
            found.append(f"batch.{i}.error")
    files = manifest.get("files")
    whole = isinstance(files, dict) and all(isinstance(_value_at(f, "sha256"), str) for f in files.values())
    return [*found, *([] if whole else ["files"]), *([] if isinstance(previous, str | None) else ["previous"])]


def _value_at(value: Any, *keys: str) -> Any:
    for key in keys:
        value = value.get(key) if isinstance(value, dict) else None
    return value


def changed_inputs(manifest: dict[str, Any], config: Config) -> list[str]:
    """Name every input file whose bytes are not the manifest's, and every file that would be read now and was not."""
    recorded = {name: Path(facts["path"]) for name, facts in manifest["inputs"].items()}
    told = {name: _path_today(config, name, path) for name, path in recorded.items()}
    beside = {part for path in told.values() for part in file_parts(path)}
    # A file beside an input that is a link lies where the link points to, not where its name says.
    told |= {name: path for name, path in recorded.items() if path in beside and not told[name].is_file()}
    now = {path for path in beside if path.is_file()} | set(register_files(config).values())
    for pattern in (config.resolve(name.partition(": ")[0]) for name in told):  # tiles of a raster
        now |= {Path(p) for p in glob(str(pattern))} if not pattern.is_file() else set()  # noqa: PTH207 (an absolute pattern)
    changed = [name for name, path in told.items() if digest_of(path) != manifest["inputs"][name]["sha256"]]
    return [*changed, *(f"{path} (new)" for path in sorted(now - set(told.values())))]


def _path_today(config: Config, name: str, recorded: Path) -> Path:
    """Give where an input lies now: another folder or another link may bear the name that the config states."""
    path = config.resolve(name)
    return (
        path if path.is_file() else config.resolve(name.partition(": ")[0]).with_name(recorded.name)
    )  # a raster's tile


def damaged_files(manifest: dict[str, Any], folder: Path) -> list[str]:
    """Name every output file whose bytes are not the manifest's."""
    return [name for name, facts in manifest["files"].items() if digest_of(folder / name) != facts["sha256"]]


def digest_of(path: Path) -> str | None:
    """Give the SHA-256 of a file, None where it cannot be read."""
    try:
        return sha256_of(path)
    except (OSError, ValueError):
        return None
