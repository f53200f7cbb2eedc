"""Pages to PDF by a Chromium that is already on the machine; nothing is installed for it."""

from __future__ import annotations

import os
import shutil
import subprocess
import tempfile
from typing import TYPE_CHECKING

from circle15.errors import OutputError, Problem
from circle15.files.door import settled_path
from circle15.files.held_folders import held_folder
from circle15.files.staging import whole_file
from circle15.said import Said

if TYPE_CHECKING:
    from pathlib import Path

_LONGEST_TEMP = 60
"""Letters: the name of the socket that Chromium makes in a folder for temporary files has to fit in 107 (unix(7))."""
BROWSERS = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable", "chrome", "msedge")
TIMEOUT_S = 120


def find_browser() -> str | None:
    """Give the path of a Chromium-like browser, None where there is none."""
    return next((path for name in BROWSERS if (path := shutil.which(name))), None)


def write_pdf(page: Path, path: Path, *, browser: str | None = None) -> bool:
    """Print ``page`` (HTML) to ``path`` (PDF) as its own print style says.

    Parameters
    ----------
    page
        A self-contained page, such as ``report.html``.
    path
        The PDF to write. It carries the time of printing, so its bytes differ from run to run.
    browser
        Path of the browser; by default the first of ``BROWSERS`` on the search path.

    Returns
    -------
    bool
        Whether it was written; False where no browser is installed.

    Raises
    ------
    OutputError
        If the browser fails or takes more than two minutes.
    """
    program = browser or find_browser()
    if program is None:
        return False
    with whole_file(path) as stage, held_folder() as profile:
        flags = [
            "--headless", "--disable-gpu", "--no-first-run", "--disable-background-networking", "--disable-quic",
            "--disable-component-update", "--disable-sync", "--no-pdf-header-footer", f"--user-data-dir={profile}",
            *(["--no-sandbox"] if _is_root() else []),
        ]  # fmt: skip
        command = [program, *flags, f"--print-to-pdf={settled_path(stage)}", settled_path(page).as_uri()]
        try:
            done = subprocess.run(command, capture_output=True, timeout=TIMEOUT_S, check=False, env=_environment())  # noqa: S603 (the user's own browser, no shell)
        except subprocess.TimeoutExpired:
            raise OutputError(
                Problem(
                    Said(f"{program} 打印超过 {TIMEOUT_S} 秒", f"{program} took over {TIMEOUT_S} s to print"),
                    file=str(page),
                )
            ) from None
        if not stage.is_file():
            said = done.stderr.decode("utf-8", "replace").strip().splitlines()[-1:]
            raise OutputError(
                Problem(
                    Said(
                        f"{program} 未打印出任何内容：{' '.join(said)}", f"{program} printed nothing: {' '.join(said)}"
                    ),
                    file=str(page),
                )
            )
    return True


def _environment() -> dict[str, str]:
    """Give what Chromium is started with: a short folder for temporary files where the user's is too long for it."""
    temp, short = tempfile.gettempdir(), "/tmp"  # noqa: S108 (Chromium makes a folder of its own there)
    is_too_long = os.name == "posix" and len(os.fsencode(temp)) > _LONGEST_TEMP
    return {**os.environ, "TMPDIR": short} if is_too_long and os.access(short, os.W_OK) else dict(os.environ)


def _is_root() -> bool:
    """Tell whether Chromium's sandbox cannot start because root runs it."""
    return hasattr(os, "geteuid") and os.geteuid() == 0
