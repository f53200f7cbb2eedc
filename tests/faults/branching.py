"""A process that forks at each of its calls: each copy fails at one, and the disk is put back before the next."""

import itertools
import os
import select
import shutil
import signal
import time
from dataclasses import dataclass
from pathlib import Path

HANGS, ELSEWHERE = -999, -1000
"""Codes of a copy that did not end, and of a call that no copy could try."""
_LOOK_S, _ASLEEP_S = 0.25, 2.0
_WAIT_S = 300
"""Nobody is waited for longer, however busy or paused the machine is."""
_TICK_S = 1 / os.sysconf("SC_CLK_TCK")
_STILL_S = 1.0
"""What changed longer ago than this shows another change by its times."""


@dataclass(frozen=True)
class Branch:
    """How one copy of the process ended."""

    number: int  # of the call that failed
    kind: str  # "write", "rename" ...
    code: int  # exit code, -9 where it was killed, else `HANGS` or `ELSEWHERE`


class DiskImage:
    """Folders as they are at one moment, to be put back: files stay the same ones, so that who has one open goes on."""

    def __init__(self, roots, store):
        self.roots, self.store = [Path(r) for r in roots], Path(store)
        self.copies = {}  # size, time of change and path of the copy of each file's content, by its inode
        self.folders, self.files = {}, {}

    def take(self):
        """Remember what stands there now."""
        self.folders, self.files = {}, {}
        self.store.mkdir(exist_ok=True)
        for root in self.roots:
            if root.is_dir():
                self._take_below(root)
            elif root.is_file():
                self._take_file(root)

    def _take_below(self, folder):
        self.folders[folder] = folder.stat().st_mode & 0o7777
        for entry in os.scandir(folder):
            if entry.is_dir(follow_symlinks=False):
                self._take_below(Path(entry.path))
            else:
                self._take_file(Path(entry.path))

    def _take_file(self, path):
        found = path.stat()
        kept, facts = self.store / str(found.st_ino), (found.st_size, found.st_mtime_ns)
        if not kept.exists():
            os.link(path, kept)
        if self.copies.get(found.st_ino) != facts or time.time() - found.st_mtime < _STILL_S:
            shutil.copyfile(path, self.store / f"{found.st_ino}.content")
            self.copies[found.st_ino] = facts
        self.files[path] = (found.st_ino, facts)

    def put_back(self):
        """Make the folders what they were."""
        self._remove_new()
        for folder, mode in self.folders.items():
            folder.mkdir(exist_ok=True)
            folder.chmod(mode)
        for path, (inode, facts) in self.files.items():
            self._put_file_back(path, inode, facts)

    def _remove_new(self):
        for root in self.roots:
            for path in sorted(root.rglob("*"), reverse=True) if root.is_dir() else []:
                if path.is_dir() and path not in self.folders:
                    shutil.rmtree(path)
                elif not path.is_dir() and path not in self.files:
                    path.unlink()
            if root.is_dir() and root not in self.folders:
                shutil.rmtree(root)
            elif root.is_file() and root not in self.files:
                root.unlink()

    def _put_file_back(self, path, inode, facts):
        kept = self.store / str(inode)
        if not path.exists() or path.stat().st_ino != inode:
            path.unlink(missing_ok=True)
            os.link(kept, path)
        found = kept.stat()
        if (found.st_size, found.st_mtime_ns) != facts or time.time() - found.st_mtime < 2 * _STILL_S:
            content = (self.store / f"{inode}.content").read_bytes()
            if kept.read_bytes() != content:
                with kept.open("r+b") as file:
                    file.truncate()
                    file.write(content)
            os.utime(kept, ns=(facts[1], facts[1]))

    def forget(self):
        """Let go of everything."""
        shutil.rmtree(self.store, ignore_errors=True)
        self.copies.clear()


class Talk:
    """The pipes to a process that forks at its calls."""

    def __init__(self):
        self.ask, self.their_ask = os.pipe()
        self.their_answer, self.answer = os.pipe()

    def close_theirs(self):
        """Let go of the other ends, so that the end of the process shows."""
        os.close(self.their_ask)
        os.close(self.their_answer)

    def close(self):
        """Let go of these ends."""
        os.close(self.ask)
        os.close(self.answer)

    def has_line(self, wait_s):
        """Tell whether a line comes within so many seconds."""
        return bool(select.select([self.ask], [], [], wait_s)[0])

    def line(self):
        """Read a line, byte by byte: two may come at once, and `select` sees none that was read ahead."""
        found = b""
        while not found.endswith(b"\n"):
            byte = os.read(self.ask, 1)
            if not byte:
                return b""
            found += byte
        return found

    def say(self, letter):
        """Answer: "g" go on, "s" leave this call out, "r" the disk is put back."""
        os.write(self.answer, letter)


class StuckError(Exception):
    """The process that forks says nothing more; ``number`` is the call at which it last forked, None for none."""

    def __init__(self, number):
        super().__init__(f"says nothing more since call {number}")
        self.number = number


class Pulse:
    """What a process does: whether it sleeps, and the processor time that it took."""

    def __init__(self, process):
        self.process, self.begun, self.n_asleep, self.used_s = process, time.monotonic(), 0, None

    def is_stuck(self, longest_s, asleep_s):
        """Look again; tell whether it sleeps for so long without a tick, took too much time of the processor, or both.

        A process that waits for its turn on a busy machine, or that is paused with all others, is not stuck.
        """
        try:
            facts = Path(f"/proc/{self.process}/stat").read_text("utf-8").rpartition(")")[2].split()
        except OSError:
            return False  # it has ended, and its last words come
        state, used_s = facts[0], (int(facts[11]) + int(facts[12])) * _TICK_S
        self.n_asleep = self.n_asleep + 1 if state == "S" and used_s == self.used_s else 0
        self.used_s = used_s
        is_late = time.monotonic() - self.begun > _WAIT_S and state in "SZ"
        return self.n_asleep * _LOOK_S > asleep_s or used_s > longest_s or is_late


def wait_for(process):
    """Wait for a process of ours; give its exit code, `HANGS` where it sleeps for good and was killed."""
    pulse = Pulse(process)
    for turn in itertools.count(1):
        ended, status = os.waitpid(process, os.WNOHANG)
        if ended:
            return os.waitstatus_to_exitcode(status)
        time.sleep(_LOOK_S / 50)
        if turn % 50 == 0 and pulse.is_stuck(float("inf"), _WAIT_S / 5):
            os.kill(process, signal.SIGKILL)
            os.waitpid(process, 0)
            return HANGS
    raise AssertionError


def _hangs(talk, child, longest_s):
    """Tell whether a copy does not end: mostly it waits for a thread that it was not given."""
    pulse = Pulse(child)
    while not talk.has_line(_LOOK_S):
        if pulse.is_stuck(longest_s, _ASLEEP_S):
            return True
    return False


def _next_line(talk, process, number):
    """Read the next line of the process that forks, and that has last told of call ``number``."""
    pulse = Pulse(process)
    while not talk.has_line(_LOOK_S):
        if pulse.is_stuck(float("inf"), _WAIT_S / 5):
            raise StuckError(number)
    return talk.line()


def watch_branches(talk, process, image, *, is_wanted, longest_s):
    """Answer a process that forks at its calls until it ends; yield a `Branch` for each.

    The disk is as the copy left it while the caller has the branch, and is put back afterwards. A call of another
    thread than the main one cannot be tried so, as its copy would have that thread alone: its code is `ELSEWHERE`.

    Raises
    ------
    StuckError
        If the process itself says nothing more and sleeps.
    """
    number = None
    while line := _next_line(talk, process, number):
        n, kind, is_main = line.split()
        number = int(n)
        if not is_wanted(number) or not int(is_main):
            if is_wanted(number):
                yield Branch(number, kind.decode(), ELSEWHERE)
            talk.say(b"s")
            continue
        image.take()
        talk.say(b"g")
        child = int(_next_line(talk, process, number))
        code = HANGS if _hangs(talk, child, longest_s) else 0
        if code == HANGS:
            os.kill(child, signal.SIGKILL)
        ended = os.waitstatus_to_exitcode(int(_next_line(talk, process, number)))
        code = code or ended
        yield Branch(number, kind.decode(), code)
        image.put_back()
        talk.say(b"r")
