"""Many districts, one after another; one that fails does not cost the others."""

from __future__ import annotations

import logging
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from circle15.config import Config, load_config
from circle15.errors import Circle15Error, ConfigError, Problem
from circle15.pipeline import DEFAULT_OUT, run_district

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of one district."""

    config: str
    folder: Path | None  # where its results stand; None where it failed
    error: str | None  # one or more plain lines; None where it is done


def run_batch(
    configs: Iterable[str | Path | Config],
    *,
    out: str | Path | None = None,
    on_district: Callable[[str], None] | None = None,
) -> list[Outcome]:
    """Run several districts, each into ``out/<district id>/``.

    Parameters
    ----------
    configs
        Config files, or configs already loaded.
    out
        Folder that the districts' folders stand in; ``maps`` by default.
    on_district
        Told each config's name as its turn comes.

    Returns
    -------
    list of Outcome
        In the order of ``configs``. An error in one district, of whatever kind, is its outcome and the others go on;
        an unexpected one is logged with its traceback.
    """
    root = Path(out) if out is not None else DEFAULT_OUT
    taken: dict[str, str] = {}
    outcomes = []
    for config in configs:
        name = str(config.path if isinstance(config, Config) else config)
        if on_district is not None:
            on_district(name)
        outcomes.append(_run_one(config, name, root, taken))
    return outcomes


def _run_one(config: str | Path | Config, name: str, root: Path, taken: dict[str, str]) -> Outcome:
    try:
        loaded = config if isinstance(config, Config) else load_config(config)
        _claim_id(loaded.district.id, name, taken)
        return Outcome(name, run_district(loaded, out=root / loaded.district.id).folder, None)
    except Circle15Error as e:
        return Outcome(name, None, str(e))
    except Exception as e:  # a defect of ours in one district must not cost the night's others; it is logged whole
        logger.exception("district %s failed", name)
        return Outcome(name, None, f"{name}: unexpected {type(e).__name__}: {e}")


def _claim_id(district_id: str, name: str, taken: dict[str, str]) -> None:
    first = taken.setdefault(district_id, name)
    if first != name:
        message = f"district id is also that of {first}; ids name the output folders and must differ"
        raise ConfigError(Problem(message, file=name, key="district.id", value=district_id))
