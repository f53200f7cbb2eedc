"""An entry of the cache is whole, or is not there: whatever the system refuses while it is written."""

import io

import numpy as np
import pytest

from circle15.files.checked_entries import checked_arrays, write_checked_arrays

ARRAYS = {"a": np.arange(1000), "b": np.array(["x"])}


@pytest.mark.parametrize("refused", [1, 2, 3, 4])
def test_an_entry_that_the_system_would_not_open_once_is_never_sealed_empty(tmp_path, monkeypatch, refused):
    real, asked = io.open, []

    def refuse(path, *args, **kwargs):
        if str(path).endswith("entry.npz"):
            asked.append(args)
            if len(asked) == refused:
                raise OSError(28, "No space left on device", str(path))
        return real(path, *args, **kwargs)

    monkeypatch.setattr(io, "open", refuse)
    path = tmp_path / "entry.npz"
    try:
        write_checked_arrays(path, "entry", ARRAYS)
    except OSError:
        return
    finally:
        monkeypatch.undo()
    with checked_arrays(path, "entry") as stored:
        assert {name: stored[name].tolist() for name in stored.files} == {n: v.tolist() for n, v in ARRAYS.items()}
