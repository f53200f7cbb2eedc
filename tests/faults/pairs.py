"""Two processes that run into one folder at the same time, again and again: ``python -m tests.faults.pairs FOLDER N SEED``.

FOLDER holds west.toml and before.toml, two districts of one id whose results differ, as `tests.test_faults.made_town` writes
them. Prints as JSON how the pairs ended.
"""

import json
import os
import random
import shutil
import sys
import tempfile
import time
from collections import Counter
from pathlib import Path

from circle15.cli import main
from circle15.files import staging
from circle15.pipeline import run_district  # noqa: F401 (loaded before the forks)
from tests.faults.branching import wait_for
from tests.faults.verdict import half, visible

CONFIGS = ("west.toml", "before.toml")
TOLD = "another circle15 is writing to this folder"


def _timed(publish, note):
    """Let the putting into place note when it began and ended."""

    def timed(*args, **kwargs):
        begun = time.monotonic()
        publish(*args, **kwargs)
        note.write_text(json.dumps([begun, time.monotonic()]), encoding="utf-8")

    return timed


def are_in_turn(words):
    """Tell whether of two runs that both ended well the one began to put its result there after the other had ended that."""
    (_, first_end), (second_begin, _) = sorted(json.loads(one.with_suffix(".times").read_bytes()) for one in words)
    return first_end <= second_begin


def start(config, out, words):
    """Start a run in a process of its own, which has loaded everything already."""
    child = os.fork()
    if child:
        return child
    stream = words.open("w", encoding="utf-8")
    for number in (1, 2):
        os.dup2(stream.fileno(), number)
    sys.stdout = sys.stderr = stream
    code = 70
    try:
        staging.publish = _timed(staging.publish, words.with_suffix(".times"))
        main(["run", str(config), "--out", str(out), "-q", "--threads", "1"])
    except SystemExit as e:
        code = e.code or 0
    finally:
        stream.flush()
        os._exit(code)


def results(folder):
    """Give the digest of every file of a whole result, the manifest aside."""
    return {name: digest for name, digest in visible(folder).items() if name != "run.json"}


def try_pairs(folder, n, seed):
    """Start ``n`` pairs, the second of each some moments after the first; give how they ended, and what went wrong."""
    ends, wrong, moments = Counter(), [], random.Random(seed)  # noqa: S311 (no secret)
    with tempfile.TemporaryDirectory() as made:
        root = Path(made)
        os.environ["XDG_CACHE_HOME"] = str(root / "cache")
        whole = []
        for config in CONFIGS:
            begun = time.monotonic()
            assert wait_for(start(folder / config, root / config, root / "words")) == 0
            usual = time.monotonic() - begun
            whole.append(results(root / config))
        assert whole[0] != whole[1]
        for turn in range(n):
            if moments.random() < 1 / 3:  # else over the result of the pair before
                shutil.rmtree(root / "out", ignore_errors=True)
            words = [root / f"words-{i}" for i in range(2)]
            order = moments.sample(CONFIGS, 2)
            first = start(folder / order[0], root / "out", words[0])
            time.sleep(moments.uniform(0, usual) * moments.choice((0, 0.1, 1, 2)))
            codes = [wait_for(start(folder / order[1], root / "out", words[1])), wait_for(first)][::-1]
            said = [TOLD in one.read_text("utf-8") for one in words]
            ends[
                " and ".join("says so" if told else f"ends with {code}" for code, told in zip(codes, said, strict=True))
            ] += 1
            if codes == [0, 0] and not are_in_turn(words):
                wrong.append(f"pair {turn}: both put a result there at the same time")
            text = half(root / "out")
            if text or results(root / "out") not in whole:
                wrong.append(f"pair {turn}: {text or 'neither result'}")
            if sorted(zip(codes, said, strict=True)) not in ([(0, False), (1, True)], [(0, False), (0, False)]):
                wrong.append(f"pair {turn}: {codes}, {[one.read_text('utf-8')[-300:] for one in words]}")
            left = [p.name for p in root.iterdir() if p.name.startswith(".")]
            if left:
                wrong.append(f"pair {turn}: left beside the folder: {left}")
    return {"pairs": n, "ends": dict(ends), "wrong": wrong}


if __name__ == "__main__":
    found = try_pairs(Path(sys.argv[1]), int(sys.argv[2]), int(sys.argv[3]))
    sys.stdout.write(json.dumps(found, indent=1) + "\n")
    raise SystemExit(bool(found["wrong"]))
