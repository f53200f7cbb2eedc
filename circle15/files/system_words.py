"""What the operating system says of files, in both languages."""

from __future__ import annotations

import errno

from circle15.said import Said

_SYSTEM: dict[int, Said] = {
    errno.ENOSPC: Said("磁盘空间不足", "No space left on device"),
    errno.ENOENT: Said("没有这个文件或文件夹", "No such file or directory"),
    errno.EISDIR: Said("是文件夹，应为文件", "Is a directory"),
    errno.ENOTDIR: Said("路径中有一级不是文件夹", "Not a directory"),
    errno.EROFS: Said("文件系统只读", "Read-only file system"),
    errno.ENAMETOOLONG: Said("文件名过长", "File name too long"),
    errno.EMFILE: Said("打开的文件过多", "Too many open files"),
    errno.EIO: Said("磁盘读写出错", "Input/output error"),
    errno.EDQUOT: Said("超出磁盘配额", "Disk quota exceeded"),
    errno.ELOOP: Said("链接循环指向自身", "Too many levels of symbolic links"),
}
"""What the system says, in both languages; of what is not here its own words."""


def system_words(error: OSError) -> Said:
    """Say why the system refused; what is not known here in the system's own words."""
    own = error.strerror or " ".join(str(error).split())
    return _SYSTEM.get(error.errno or 0, Said(own, own))
