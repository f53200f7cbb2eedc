"""Whether a district's results still stand: same config, same inputs, same code, every file whole."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from circle15.batch.work import manifest_of_folder
from circle15.outputs.folder import EARLIER, sha256_of
from circle15.pipeline.manifest import code_digest, config_digest, run_environment

if TYPE_CHECKING:
    from circle15.config import Config


def why_stale(config: Config, folder: Path) -> str | None:
    """Give why the results in ``folder`` are not those of ``config`` today; None where they are."""
    manifest = manifest_of_folder(folder)
    if manifest is None or (folder / EARLIER).exists():
        return "no finished run"
    now = {"config_sha256": config_digest(config), "code_sha256": code_digest(), **run_environment()}
    for key, value in now.items():
        if manifest.get(key) != value:
            return f"{key} is another"
    found = changed_inputs(manifest)
    if found:
        return f"an input has changed: {found[0]}"
    found = damaged_files(manifest, folder)
    return f"an output is not as it was written: {found[0]}" if found else None


def changed_inputs(manifest: dict[str, Any]) -> list[str]:
    """Name every input file whose bytes are not the manifest's."""
    return [name for name, told in manifest.get("inputs", {}).items() if _digest(Path(told["path"])) != told["sha256"]]


def damaged_files(manifest: dict[str, Any], folder: Path) -> list[str]:
    """Name every output file whose bytes are not the manifest's."""
    return [name for name, told in manifest.get("files", {}).items() if _digest(folder / name) != told["sha256"]]


def _digest(path: Path) -> str | None:
    try:
        return sha256_of(path)
    except OSError:
        return None
