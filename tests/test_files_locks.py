"""The lock of an output folder: nothing of it stays, at whatever moment a run is stopped, and nobody else's goes."""

import sys

import pytest

from circle15.errors import OutputError
from circle15.files import locks
from circle15.files.locks import locked_folder


class Interrupt:
    """Ctrl-C at the n-th line that the lock's own code runs before the block begins."""

    def __init__(self, n):
        self.left = n

    def __call__(self, frame, event, _arg):
        if frame.f_code.co_filename != locks.__file__:
            return None
        if event == "line" and self.left:
            self.left -= 1
            if not self.left:
                raise KeyboardInterrupt
        return self


def test_an_interrupt_at_any_moment_of_taking_the_lock_leaves_no_file(tmp_path):
    n, is_over = 0, False
    while not is_over:
        n += 1
        interrupt = Interrupt(n)
        before = sys.gettrace()
        sys.settrace(interrupt)
        try:
            with locked_folder(tmp_path / "out", tmp_path):
                is_over, interrupt.left = True, 0
        except KeyboardInterrupt:
            pass
        finally:
            sys.settrace(before)
        assert list(tmp_path.iterdir()) == []
    assert n > 10


def test_who_comes_second_and_whose_file_is_no_lock_leave_it_there(tmp_path):
    path = tmp_path / f".out{locks._SUFFIX}"
    with locked_folder(tmp_path / "out", tmp_path):
        with pytest.raises(OutputError, match="another circle15"), locked_folder(tmp_path / "out", tmp_path):
            pass
        assert path.exists()
    assert not path.exists()
    path.write_text("mine")
    with pytest.raises(OutputError, match="not circle15's"), locked_folder(tmp_path / "out", tmp_path):
        pass
    assert path.read_text() == "mine"
