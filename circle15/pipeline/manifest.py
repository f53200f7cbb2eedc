"""run.json: where every number came from."""

from __future__ import annotations

import hashlib
import json
import platform
from importlib.metadata import version
from typing import TYPE_CHECKING, Any

from circle15 import __version__, _core
from circle15.outputs.folder import sha256_of

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from circle15.config import Config
    from circle15.outputs.result import DistrictResult
    from circle15.pipeline.study import Study

_LIBRARIES = ("geopandas", "h3", "numpy", "osmium", "pandas", "pyarrow", "pyproj", "rasterio", "shapely")


def config_digest(config: Config) -> str:
    """Give the SHA-256 of a config's meaning: the same for other comments, key orders or stated defaults."""
    return hashlib.sha256(json.dumps(_plain(config), sort_keys=True, ensure_ascii=False).encode()).hexdigest()


def manifest_of(study: Study, result: DistrictResult, seconds: Mapping[str, float], folder: Path) -> dict[str, Any]:
    """Give the manifest of a run whose other files stand in ``folder``."""
    config = study.policy.stated
    files = sorted(p for p in folder.rglob("*") if p.is_file())
    return {
        "circle15": __version__,
        "core": _core.build_info(),
        "python": platform.python_version(),
        "libraries": {name: version(name) for name in _LIBRARIES},
        "district": {"id": result.id, "name": result.name},
        "config_path": str(config.path.resolve()),
        "config": _plain(config),
        "config_sha256": config_digest(config),
        "inputs": {
            name: {"sha256": sha256_of(path), "bytes": path.stat().st_size} for name, path in study.inputs.items()
        },
        "population_source": result.population_source,
        "counts": study.counts,
        "network": study.network_report(),
        "warnings": list(result.warnings),
        "files": {
            str(p.relative_to(folder).as_posix()): {"sha256": sha256_of(p), "bytes": p.stat().st_size} for p in files
        },
        "seconds": {name: round(value, 3) for name, value in seconds.items()},
    }


def _plain(config: Config) -> dict[str, Any]:
    return config.model_dump(mode="json", by_alias=True, exclude_none=True)
