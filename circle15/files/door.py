"""The one door that every input file comes in by: it is a plain file of bounded size that may be read, or is refused.

Names in a config may point at anything that a system calls a file: pipes and devices that never end, files of the
kernel, links in a circle, holes of a terabyte. Whoever hands a path to a library asks here first.
"""

from __future__ import annotations

import errno
import os
import stat
from contextlib import contextmanager
from contextvars import ContextVar
from pathlib import Path
from typing import TYPE_CHECKING, NoReturn

from circle15.errors import Circle15Error, InputError, MissingFileError, Problem
from circle15.memory import available_bytes, gigabytes
from circle15.said import Said

if TYPE_CHECKING:
    from collections.abc import Iterator

LARGEST_BYTES = 128 * 2**20
"""What is read at once at most where no [limits] says otherwise: a table takes up to ten times its size in memory."""

_TIMES_IN_MEMORY = 8
"""Its size in memory that a table takes while it is read at once: 7.4 to 8.6 of csv with few and with many columns."""
_HOLES_FROM_BYTES = 1 << 30
_LEAST_FILLED = 0.01
"""Share of a large file that stands on the disk at least; file systems that compress do not go so far."""
_LONGEST_REASON = 200
_BLOCK_BYTES = 512  # the unit of st_blocks, whatever the file system's
_OF_THE_KERNEL = ("/proc", "/sys", "/dev")
_DEVICE = Said("是设备，不是文件；请写文件名", "is a device, no file; name a file")
_KINDS = (
    (stat.S_ISFIFO, Said("是命名管道，不是文件；请写文件名", "is a named pipe, which has no end; name a file")),
    (stat.S_ISSOCK, Said("是其他程序的套接字，不是文件；请写文件名", "is a socket of another program; name a file")),
    (stat.S_ISCHR, _DEVICE),
    (stat.S_ISBLK, _DEVICE),
)
_REASONS = {
    errno.ENAMETOOLONG: Said(
        "文件名过长，可能把内容写成了文件名",
        "the name is longer than a file's may be; it is probably no name but a text",
    ),
    errno.ELOOP: Said("是循环的链接；请写文件本身", "is a link that leads back to itself; name the file itself"),
    errno.EACCES: Said(
        "没有读取权限：如已在 Excel、WPS 或 GIS 软件中打开，请先关闭，否则请检查文件权限",
        "may not be read: if it is open in Excel, WPS or a GIS program, close it there, else see who may read it",
    ),
    errno.EIO: Said(
        "磁盘或共享目录读取出错；请复制到本机再试", "cannot be read from its disk or share; copy it to this computer"
    ),
}
_REASONS[errno.EPERM] = _REASONS[errno.EACCES]
_ABSENT = {errno.ENOENT, errno.ENOTDIR}

Identity = tuple[int, int, int, int, int]
"""Device, inode, bytes, times of change of content and of inode, nanoseconds."""

_largest: ContextVar[int] = ContextVar("largest", default=LARGEST_BYTES)


def largest_bytes() -> int:
    """Give how many bytes of one file are read at once at most."""
    return _largest.get()


@contextmanager
def files_up_to(n_bytes: int) -> Iterator[None]:
    """Read files of up to ``n_bytes`` at once within the block."""
    token = _largest.set(n_bytes)
    try:
        yield
    finally:
        _largest.reset(token)


def vouched(path: Path | str, *, may_be_folder: bool = False, largest: int | None = None) -> Path:
    """Give ``path`` back, having made sure that a library may open it.

    Parameters
    ----------
    path
        File that a config, a command or a folder names.
    may_be_folder
        Whether a folder is as good (a file geodatabase).
    largest
        Bytes that it may have; None where its reader holds a part of it at a time.

    Raises
    ------
    MissingFileError
        If there is no such file.
    InputError
        If it is no plain file (a folder, pipe, socket, device, file of the kernel, link in a circle), is empty, larger
        than ``largest``, almost all holes, may not be read, or its name is none.
    """
    path = Path(path)
    try:
        found = path.stat()
        _refuse_other_kinds(path, found, may_be_folder=may_be_folder)
        if stat.S_ISDIR(found.st_mode):
            return path
        # Without waiting for a writer, should it have become a pipe in between.
        handle = os.open(path, os.O_RDONLY | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_CLOEXEC", 0))
        os.close(handle)
    except (OSError, ValueError) as e:
        if isinstance(e, Circle15Error):
            raise
        refuse(path, e)
    _refuse_sizes(path, found, largest)
    return path


def settled_path(path: Path) -> Path:
    """Give a path without links in it; one that no file can have, or of links in a circle, as it is."""
    try:
        return path.resolve()
    except (OSError, ValueError, RuntimeError):  # RuntimeError: links in a circle
        return path if path.is_absolute() else Path.cwd() / path


def is_plain_file(path: Path, *, or_empty: bool = False) -> bool:
    """Tell whether `vouched` would let a file in; with ``or_empty`` one without a byte in it too."""
    try:
        found = path.stat() if or_empty else None
        if found is not None and stat.S_ISREG(found.st_mode) and not found.st_size:
            _refuse_other_kinds(path, found, may_be_folder=False)
            return True
        return vouched(path).is_file()
    except (InputError, OSError, ValueError):
        return False


def is_there(path: Path) -> bool:
    """Tell whether something bears the name ``path``, a name that no file can bear included: `vouched` says what."""
    try:
        path.stat()
    except ValueError:
        return False
    except OSError as e:
        return e.errno not in _ABSENT and e.errno != errno.ENAMETOOLONG
    return True


def refuse(path: Path, error: Exception) -> NoReturn:
    """Say in one line why the system does not open ``path``."""
    if isinstance(error, OSError) and error.errno in _ABSENT:
        raise MissingFileError(Problem(Said("没有这个文件", "no such file"), file=_shown(path))) from None
    if isinstance(error, OSError):
        why = error.strerror or error
        reason = _REASONS.get(error.errno or 0, Said(f"无法打开（{why}）", f"cannot be opened ({why})"))
    else:
        reason = Said(
            f"不是文件名（{error}），含有文件名不允许的字符",
            f"is no name of a file ({error}); it has a character that none may have",
        )
    raise InputError(Problem(reason, file=_shown(path))) from None


@contextmanager
def steady_file(path: Path | str, *, may_be_folder: bool = False, largest: int | None = None) -> Iterator[Path]:
    """Yield a vouched file to be read within the block; whatever a library says of it names the file.

    Raises
    ------
    MissingFileError, InputError
        As `vouched`; if reading failed and the file was deleted, cut off or replaced in the meantime; and if a library
        stumbles over what stands in it.
    """
    path = vouched(path, may_be_folder=may_be_folder, largest=largest)
    before = identity(path)
    try:
        yield path
    except Exception as e:
        now = identity(path)
        if now is None:
            gone = Said(
                "在读取期间被删除；请放回后重新运行", "was deleted while it was read; put it back and run again"
            )
            raise InputError(Problem(gone, file=str(path))) from e
        if now != before:
            message = Said(
                "在读取期间被改动；请待写完后重新运行",
                "was changed while it was read; wait until it is written and run again",
            )
            raise InputError(Problem(message, file=str(path))) from e
        if isinstance(e, Circle15Error | MemoryError):
            raise
        if isinstance(e, OSError) and e.errno is not None and _is_of(e, path):
            refuse(path, e)
        # Of what a file may hold nobody knows all that a library may make of it; none of it is a defect to report.
        reason = " ".join(f"{type(e).__name__}: {e}".split())[:_LONGEST_REASON]
        message = Said(
            f"无法读取（{reason}）；文件已损坏或格式不符，请重新保存或导出",
            f"cannot be read ({reason}); the file is damaged or of another format: save or export it again",
        )
        raise InputError(Problem(message, file=str(path))) from e


def read_whole(path: Path | str, *, largest: int | None = None) -> bytes:
    """Read a whole file of at most ``largest`` bytes, by default `largest_bytes`.

    Raises
    ------
    MissingFileError, InputError
        As `vouched`, and if it grows beyond the limit while it is read.
    """
    most = largest_bytes() if largest is None else largest
    with steady_file(path, largest=most) as file, file.open("rb") as stream:
        content = stream.read(most + 1)
    if len(content) > most:
        _refuse_size(Path(path), len(content), most)
    return content


def identity(path: Path) -> Identity | None:
    """Give what changes when a file is written or replaced; None where it is gone."""
    try:
        found = path.stat()
    except (OSError, ValueError):
        return None
    return found.st_dev, found.st_ino, found.st_size, found.st_mtime_ns, found.st_ctime_ns


def _refuse_other_kinds(path: Path, found: os.stat_result, *, may_be_folder: bool) -> None:
    if stat.S_ISDIR(found.st_mode):
        if may_be_folder:
            return
        raise InputError(
            Problem(Said("是文件夹；请写其中的文件", "is a folder; name the file in it"), file=_shown(path))
        )
    for is_kind, what in _KINDS:
        if is_kind(found.st_mode):
            raise InputError(Problem(what, file=_shown(path)))
    if os.path.realpath(path).startswith(tuple(f"{root}/" for root in _OF_THE_KERNEL)):
        if os.path.realpath(path).startswith("/dev/shm/"):  # noqa: S108 (a folder in memory, with plain files)
            return
        made_up = Said("由系统虚拟生成，不是文件；请写文件名", "is made up by the system, no file; name a file")
        raise InputError(Problem(made_up, file=_shown(path)))


def _refuse_sizes(path: Path, found: os.stat_result, largest: int | None) -> None:
    size = found.st_size
    if size == 0:
        raise InputError(Problem(Said("文件是空的", "the file is empty"), file=_shown(path)))
    filled = getattr(found, "st_blocks", size) * _BLOCK_BYTES
    if size > _HOLES_FROM_BYTES and filled < _LEAST_FILLED * size:
        gb, mb = f"{size / 2**30:,.0f}", f"{filled / 2**20:,.0f}"
        message = Said(
            f"文件大小 {gb} GB，其中只有 {mb} MB 有内容；请重新复制",
            f"the file has {gb} GB, of which {mb} MB are filled; copy it again",
        )
        raise InputError(Problem(message, file=_shown(path)))
    if largest is not None and size > largest:
        _refuse_size(path, size, largest)
    # What everybody may read is read without asking; what the limit was raised for must fit.
    free = available_bytes() if largest is not None and size > LARGEST_BYTES else None
    if free is not None and _TIMES_IN_MEMORY * size > free:
        need, has = gigabytes(_TIMES_IN_MEMORY * size), gigabytes(free)
        message = Said(
            f"读入约需 {need} 内存，可用 {has}；请拆分文件或关闭其他程序",
            f"takes some {need} of memory to read, and {has} is free; split it, or close other programs",
        )
        raise InputError(Problem(message, file=_shown(path)))


def _refuse_size(path: Path, size: int, most: int) -> NoReturn:
    mb, limit = f"{size / 2**20:,.0f}", f"{most / 2**20:,.0f}"
    message = Said(
        f"文件大小 {mb} MB，一次最多读取 {limit} MB；请拆分，或调大 [limits] file_mb",
        f"the file has {mb} MB and at most {limit} MB are read at once; split it, or raise [limits] file_mb",
    )
    raise InputError(Problem(message, file=_shown(path)))


def _is_of(error: OSError, path: Path) -> bool:
    return error.filename is None or Path(os.fsdecode(error.filename)) == path


def _shown(path: Path, longest: int = 200) -> str:
    text = str(path)
    return text if len(text) <= longest else f"{text[: longest - 1]}…"
