"""The cache is believed only where nobody can have changed it: checksums, owners, and nothing that runs."""

import json
import logging
import os
import pickle
import shutil
import sys

import numpy as np
import pytest

from circle15.files import cache_room
from circle15.files.checked_entries import BrokenEntryError, checked_arrays, write_checked_arrays
from circle15.network.build import read_network
from circle15.network.extracts import TAGS_FILE, keep_selection, kept_selection
from tests.batch_town import build_town

CLINICS = {"amenity": frozenset({"clinic"})}


@pytest.fixture(autouse=True)
def own_cache(tmp_path, monkeypatch):
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    cache_room._warn_of.cache_clear()
    return tmp_path / "cache" / "circle15"


@pytest.fixture(scope="module")
def pbf(tmp_path_factory):
    return build_town(tmp_path_factory.mktemp("town"), districts=("west",)).with_name("town.osm.pbf")


def flipped(path, at):
    content = bytearray(path.read_bytes())
    content[at] ^= 0x10
    path.write_bytes(content)


def test_every_flipped_byte_of_an_entry_is_found(tmp_path):
    arrays = {"a": np.arange(30.0), "b": np.array([1, 2], np.int32)}
    path = tmp_path / "x.npz"
    write_checked_arrays(path, path.name, arrays)
    with checked_arrays(path, path.name) as stored:
        assert {k: stored[k].tolist() for k in stored.files} == {k: v.tolist() for k, v in arrays.items()}
    content = path.read_bytes()
    for at in range(len(content)):
        flipped(path, at)
        with pytest.raises(BrokenEntryError), checked_arrays(path, path.name):
            pytest.fail(f"byte {at}")
        path.write_bytes(content)
    for wrong in (content[:-1], content[:40], b"", content + b"x"):
        path.write_bytes(wrong)
        with pytest.raises(BrokenEntryError), checked_arrays(path, path.name):
            pytest.fail("cut")


def test_an_entry_under_another_name_is_none(tmp_path):
    write_checked_arrays(tmp_path / "x.npz", "x.npz", {"a": np.arange(3)})
    (tmp_path / "x.npz").rename(tmp_path / "y.npz")
    with pytest.raises(BrokenEntryError), checked_arrays(tmp_path / "y.npz", "y.npz"):
        pytest.fail("taken")


def test_streets_of_a_flipped_entry_are_read_anew_and_kept_whole_again(pbf, own_cache, caplog):
    right = read_network(pbf)
    (entry,) = own_cache.rglob("*.npz")
    content = entry.read_bytes()
    for at in range(3, len(content), len(content) // 7):
        flipped(entry, at)
        assert read_network(pbf).n_edges == right.n_edges
        assert "its checksum is another" in caplog.text
        caplog.clear()
        assert entry.read_bytes() == content


def test_a_flipped_selection_is_not_used_and_made_anew(pbf, own_cache, caplog):
    kept = keep_selection(pbf, CLINICS)
    assert kept_selection(pbf, CLINICS) == kept
    for file in (kept, kept.with_name(TAGS_FILE)):
        content = file.read_bytes()
        flipped(file, len(content) // 2)
        assert kept_selection(pbf, CLINICS) == pbf
        assert "is not used" in caplog.text
        caplog.clear()
        file.write_bytes(content)
    told = json.loads(kept.with_name(TAGS_FILE).read_bytes())
    kept.with_name(TAGS_FILE).write_text(json.dumps({**told, "file": "../../../../town.osm.pbf"}), encoding="utf-8")
    assert kept_selection(pbf, CLINICS) == pbf


@pytest.mark.skipif(sys.platform == "win32", reason="POSIX rights")
@pytest.mark.parametrize("which", [".", "networks"])
@pytest.mark.parametrize("how", ["writable", "foreign"])
def test_a_cache_folder_that_others_may_write_to_is_neither_believed_nor_filled(pbf, own_cache, caplog, which, how):
    read_network(pbf)
    (entry,) = own_cache.rglob("*.npz")
    assert (own_cache.stat().st_mode | entry.parent.stat().st_mode) & 0o077 == 0
    if how == "writable":
        (own_cache / which).chmod(0o777)
    elif os.getuid() != 0:
        pytest.skip("only root may give a folder away")
    else:
        os.chown(own_cache / which, 12345, -1)
    entry.write_bytes(b"planted")
    with caplog.at_level(logging.WARNING):
        read_network(pbf)
        read_network(pbf)
    assert caplog.text.count("others may write to this cache folder, so it is not used") == 1
    assert entry.read_bytes() == b"planted"


class Evil:
    """Runs a command when it is unpickled."""

    def __reduce__(self):
        """Say what to run."""
        return os.mkdir, ("ran",)


def test_nothing_that_is_read_back_can_run_code(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    path = tmp_path / "x.npz"
    evil = np.array([Evil()], dtype=object)
    np.savez(path, a=evil, allow_pickle=True)
    shutil.copyfile(path, tmp_path / "raw.npz")
    write = {"a": np.arange(3)}
    write_checked_arrays(path, path.name, write)
    with monkeypatch.context() as patched:
        raw = (tmp_path / "raw.npz").read_bytes()
        patched.setattr("circle15.files.checked_entries.np.savez", lambda file, **_: file.write(raw))
        write_checked_arrays(path, path.name, write)  # an entry whose checksum is right, by somebody who knows how
    with checked_arrays(path, path.name) as stored, pytest.raises(ValueError, match="allow_pickle"):
        stored["a"]
    path.write_bytes(pickle.dumps(Evil()))
    with pytest.raises(BrokenEntryError), checked_arrays(path, path.name):
        pytest.fail("taken")
    assert not (tmp_path / "ran").exists()
