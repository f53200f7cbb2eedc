"""What a run's input files were when it read them: the hash stands for the very bytes, or the run stops."""

from __future__ import annotations

import os
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from circle15.errors import InputError, Problem
from circle15.files.digests import FileIdentity, file_digest, file_parts, fresh_digest, identity_of, is_just_changed
from circle15.files.door import is_plain_file
from circle15.said import Said

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

CHANGED = Said(
    "在读取期间被改动或替换，无法说明结果出自哪份数据，因此未写出任何结果；请待无程序写入该文件后重新运行",
    "was changed or replaced while it was read, so nobody could say which numbers the results come from; nothing was "
    "written. Run again when nothing writes to it",
)


@dataclass(frozen=True, slots=True)
class Vouched:
    """A file before anything was read of it."""

    identity: FileIdentity
    sha256: str
    is_racy: bool  # changed so lately that a further change may not show in its times


@dataclass(slots=True)
class InputLedger:
    """The input files of one run, each hashed before it is read and looked at again when all is read."""

    known: dict[Path, Vouched] = field(default_factory=dict)  # by absolute path

    @classmethod
    def of(cls, paths: Iterable[Path]) -> InputLedger:
        """Hash files, and the files behind each (`file_parts`)."""
        ledger = cls()
        for path in paths:
            for part in file_parts(path):
                ledger.vouch(part)
        return ledger

    def vouch(self, path: Path) -> Vouched | None:
        """Hash a file, unless it was; None where it cannot be read, which is told by whoever needs it."""
        path = path.absolute()
        if path not in self.known:
            try:
                if not is_plain_file(path, or_empty=True):
                    return None
                before = identity_of(path)
                sha256 = file_digest(path)
            except OSError:
                return None
            # A change while it is hashed shows at the end, against what it was before.
            self.known[path] = Vouched(before, sha256, is_just_changed(before) or os.name == "nt")
        return self.known[path]

    def sha256_of(self, path: Path) -> str:
        """Give the hash of the bytes that were read.

        Raises
        ------
        InputError
            If the file was not there before the run read its inputs.
        """
        vouched = self.known.get(path.absolute())
        if vouched is None:
            raise InputError(Problem(CHANGED, file=str(path)))
        return vouched.sha256

    def size_of(self, path: Path) -> int:
        """Give the size in bytes of what was read."""
        return self.known[path.absolute()].identity.size_bytes

    def refuse_changed(self, paths: Iterable[Path]) -> None:
        """See that files are still what they were before they were read.

        Raises
        ------
        InputError
            Naming each that is not.
        """
        InputError.gather(Problem(CHANGED, file=str(p)) for p in dict.fromkeys(paths) if not self._is_as_it_was(p))

    def _is_as_it_was(self, path: Path) -> bool:
        was = self.known.get(path.absolute())
        try:
            if was is None or identity_of(path) != was.identity:
                return False
            # Windows tells no time of the inode's change, and coarse clocks give two changes one time.
            return not was.is_racy or fresh_digest(path) == was.sha256
        except OSError:
            return False
