"""Whether a district's results still stand: same config, same inputs, same code, every file whole."""

from __future__ import annotations

from glob import glob
from pathlib import Path
from typing import TYPE_CHECKING

from circle15.config.meaning import config_digest
from circle15.files.digests import file_digest, file_parts
from circle15.files.door import is_plain_file
from circle15.files.publishing import EARLIER
from circle15.pipeline.record.manifest import code_digest, run_environment
from circle15.pipeline.record.tracing import register_files
from circle15.runs.folder import manifest_of_folder

if TYPE_CHECKING:
    from circle15.config.model import Config
    from circle15.runs.folder import Manifest


def why_stale(config: Config, folder: Path) -> str | None:
    """Give why the results in ``folder`` are not those of ``config`` today; None where they are."""
    manifest = manifest_of_folder(folder)
    if manifest is None or (folder / EARLIER).exists():
        return "no finished run"
    lacking = manifest.lacking_keys()
    if lacking:
        return f"its manifest lacks {lacking[0]}"
    if not manifest.is_as_written:
        return "its manifest is not as it was written"
    now = {"config_sha256": config_digest(config), "code_sha256": code_digest(), **run_environment()}
    for key, value in now.items():
        if manifest.told.get(key) != value:
            return f"{key} is another"
    found = changed_inputs(manifest, config)
    if found:
        return f"an input has changed: {found[0]}"
    found = damaged_files(manifest, folder)
    return f"an output is not as it was written: {found[0]}" if found else None


def changed_inputs(manifest: Manifest, config: Config) -> list[str]:
    """Name every input file whose bytes are not the manifest's, and every file that would be read now and was not."""
    recorded = {name: Path(facts["path"]) for name, facts in manifest.told["inputs"].items()}
    told = {name: _path_today(config, name, path) for name, path in recorded.items()}
    beside = {part for path in told.values() for part in file_parts(path)}
    # A file beside an input that is a link lies where the link points to, not where its name says.
    told |= {name: path for name, path in recorded.items() if path in beside and not told[name].is_file()}
    now = {path for path in beside if path.is_file()} | set(register_files(config).values())
    for pattern in (config.resolve(name.partition(": ")[0]) for name in told):  # tiles of a raster
        now |= {Path(p) for p in glob(str(pattern))} if not pattern.is_file() else set()  # noqa: PTH207 (an absolute pattern)
    changed = [name for name, path in told.items() if digest_of(path) != manifest.told["inputs"][name]["sha256"]]
    return [*changed, *(f"{path} (new)" for path in sorted(now - set(told.values())))]


def _path_today(config: Config, name: str, recorded: Path) -> Path:
    """Give where an input lies now: another folder or another link may bear the name that the config states."""
    path = config.resolve(name)
    return (
        path if path.is_file() else config.resolve(name.partition(": ")[0]).with_name(recorded.name)
    )  # a raster's tile


def damaged_files(manifest: Manifest, folder: Path) -> list[str]:
    """Name every output file whose bytes are not the manifest's."""
    return [name for name, facts in manifest.told["files"].items() if digest_of(folder / name) != facts["sha256"]]


def digest_of(path: Path) -> str | None:
    """Give the SHA-256 of a file, None where it cannot be read or is a pipe, a device or the like."""
    try:
        return file_digest(path) if is_plain_file(path, or_empty=True) else None
    except (OSError, ValueError):
        return None
