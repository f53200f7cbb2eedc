"""The batch's own files: summary.csv, .xlsx and .html beside the districts, and run.json."""

from __future__ import annotations

import platform
import time
from typing import TYPE_CHECKING, Any

from circle15 import __version__
from circle15.files.digests import file_digest
from circle15.files.door import settled_path
from circle15.files.written import MANIFEST, write_manifest
from circle15.outputs.summary import FILES
from circle15.pipeline.record.manifest import code_digest, run_environment

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from circle15.batch.outcomes import Outcome
    from circle15.files.staging import Claim

from circle15.runs.joined_tables import gather_summary, write_summary


def write_batch_summary(
    outcomes: Sequence[Outcome], claim: Claim, previous: Path | None, facts: dict[str, Any]
) -> None:
    """Write the summary and the batch's run.json into the claimed folder.

    Raises
    ------
    OutputError
        If they cannot be written.
    """
    begun = time.perf_counter()
    folders = [o.folder for o in outcomes if o.folder is not None]
    failed = [(o.config, o.error) for o in outcomes if o.error is not None]
    with claim.stage() as stage:
        write_summary(gather_summary(folders, failed, previous), stage)
        files = {name: {"sha256": file_digest(stage / name)} for name in FILES}
        seconds = {**facts["seconds"], "summary": round(time.perf_counter() - begun, 3)}
        manifest = {
            "circle15": __version__,
            "code_sha256": code_digest(),
            **run_environment(),
            "host": platform.node(),
            "batch": [_told(o) for o in outcomes],
            "previous": str(settled_path(previous)) if previous is not None else None,
            "previous_sha256": file_digest(previous / FILES[0]) if previous is not None else None,
            "files": files,
            **{k: v for k, v in facts.items() if k != "seconds"},
            "seconds": seconds,
        }
        write_manifest(manifest, stage / MANIFEST)


def _told(outcome: Outcome) -> dict[str, Any]:
    """Give one district's line of the batch's manifest: seconds stand here and in its own run.json alone."""
    report = outcome.report
    told: dict[str, Any] = {"config": outcome.config, "folder": outcome.name, "status": outcome.status}
    if outcome.error is not None:
        told["error"] = outcome.error.en.splitlines()
    if report.worker:
        told |= {
            "worker": report.worker,
            "wall_s": round(report.wall_s, 3),
            "cpu_s": round(report.cpu_s, 3),
            "peak_mb": None if report.peak_bytes is None else round(report.peak_bytes / 1e6, 1),
            "seconds": {name: round(s, 3) for name, s in report.seconds.items()},
        }
    return told
