"""The folder of a finished run, read again."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from circle15.outputs.text import words

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path


from typing import TYPE_CHECKING

from circle15.files.staging import MANIFEST


def map_sources(manifest: Mapping[str, Any]) -> tuple[str, ...]:
    """Give what a map of a finished run credits: its data's attributions, who publishes, the approval number."""
    say = words(manifest["config"]["district"].get("lang", "zh"))
    outputs = manifest["config"].get("outputs", {})
    texts = [f"{say[key]}：{outputs[key]}" for key in ("bureau", "map_approval") if outputs.get(key)]
    return (*manifest.get("attributions", ()), *texts)


def manifest_of_folder(folder: Path) -> dict[str, object] | None:
    """Give a finished run's manifest, None where there is none or it is no JSON."""
    try:
        found = json.loads((folder / MANIFEST).read_bytes())
    except (OSError, ValueError):
        return None
    return found if isinstance(found, dict) else None
