"""The what-if's engine by itself: its tests in node, and how the page's data is packed.

node is needed for nothing else: without it these skip, and the browser's tests still hold the engine against runs.
"""

import base64
import json
import shutil
import subprocess
import zlib

import numpy as np
import pytest

from circle15.config.model import load_config
from circle15.outputs.whatif import engine_text
from circle15.outputs.whatif_pack import Packer
from circle15.pipeline.study.clock import Clock
from circle15.pipeline.study.read_study import read_study
from tests.whatif_town import write_town


@pytest.fixture(scope="module")
def node():
    path = shutil.which("node")
    if path is None:
        pytest.skip("needs node: the engine's own tests run in it, nothing else does")
    return path


def test_the_engines_own_tests_pass(node, root):
    tests = sorted(map(str, (root / "tests/whatif_engine").glob("*.test.cjs")))
    done = subprocess.run([node, "--test", *tests], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout[-4000:]


def test_every_array_comes_out_of_the_pack_to_the_last_bit(node, root):
    rng = np.random.default_rng(5)
    arrays = {
        "whole": rng.integers(-(2**40), 2**40, 300),
        "steps": np.sort(rng.integers(0, 2**31, 300)),
        "flags": rng.random(77) < 0.3,
        "doubles": rng.normal(size=50) * 10.0 ** rng.integers(-300, 300, 50),
        "degrees": np.where(rng.random(200) < 0.1, rng.uniform(-180, 180, 200), rng.uniform(-180, 180, 200).round(7)),
        "empty": np.empty(0),
    }
    packer = Packer()
    packer.whole("whole", arrays["whole"])
    packer.whole("steps", arrays["steps"], steps=True)
    packer.flags("flags", arrays["flags"])
    packer.doubles("doubles", arrays["doubles"])
    packer.degrees("degrees", arrays["degrees"])
    packer.degrees("empty", arrays["empty"])
    read = {
        "whole": "whole",
        "steps": "whole",
        "flags": "flags",
        "doubles": "doubles",
        "degrees": "degrees",
        "empty": "degrees",
    }
    script = f"""
        const {{ Pack }} = require({json.dumps(str(root / "tests/whatif_engine/engine.cjs"))});
        const bytes = require("node:zlib").inflateSync(Buffer.from(require("node:fs").readFileSync(0, "utf8"), "base64"));
        const pack = new Pack(new Uint8Array(bytes));
        const read = {json.dumps(read)};
        const found = Object.fromEntries(Object.entries(read).map(([name, how]) => [name, Array.from(pack[how](name))]));
        console.log(JSON.stringify([pack.facts, found]));
    """
    done = subprocess.run(
        [node, "-e", script], input=packer.text({"名": "</script>"}), capture_output=True, text=True, check=True
    )
    facts, found = json.loads(done.stdout)
    assert facts == {"名": "</script>"}
    for name, values in arrays.items():
        assert found[name] == values.astype(float).tolist(), name


def test_lengths_are_numpys_to_the_last_bit_so_that_ties_fall_alike(node, root):
    rng = np.random.default_rng(7)
    x, y = rng.uniform(-300, 300, (2, 20_000))
    script = f"""
        const {{ hypotenuse }} = require({json.dumps(str(root / "tests/whatif_engine/engine.cjs"))});
        const [x, y] = JSON.parse(require("node:fs").readFileSync(0, "utf8"));
        console.log(JSON.stringify(x.map((v, k) => hypotenuse(v, y[k]))));
    """
    given = json.dumps([x.tolist(), y.tolist()])
    done = subprocess.run([node, "-e", script], input=given, capture_output=True, text=True, check=True)
    assert json.loads(done.stdout) == np.hypot(x, y).tolist()


def test_a_name_is_packed_once():
    packer = Packer()
    packer.flags("a", [True])
    with pytest.raises(ValueError, match="'a' is packed twice"):
        packer.flags("a", [True])


def test_the_pack_is_deflated_base64_and_the_engine_fits_into_a_page():
    packer = Packer()
    packer.whole("zero", np.zeros(10_000), steps=True)
    text = packer.text({})
    assert set(text) <= set("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/=")
    assert len(text) < 400
    assert len(zlib.decompress(base64.b64decode(text))) > 10_000
    assert "</script" not in engine_text().lower()


def test_a_scenarios_walks_start_where_its_bases_do(tmp_path):
    path = write_town(tmp_path, seed=3)
    base = load_config(path)
    away = tmp_path / "away.toml"
    (lon, lat), line = (121.5486, 29.9003), [[121.5486, 29.9003], [121.5516, 29.9003]]
    away.write_text(
        f'base = "town.toml"\n[[change]]\nkind = "add_path"\ntolerance_m = 60\nline = {line}', encoding="utf-8"
    )
    before, after = (read_study(config, Clock()) for config in (base, load_config(away)))
    assert lon < before.cells.lon.min() + 0.001
    assert lat > before.cells.lat.min()
    assert after.network.n_edges > before.network.n_edges
    assert np.array_equal(before.cells.lon, after.cells.lon)
    assert np.array_equal(before.cells.lat, after.cells.lat)
