"""The files that come with circle15 itself, the invented sample's and Monaco's, of which one is spoiled."""

import json
import re
import shutil
from pathlib import Path

from tests.hostile.cases import Case
from tests.hostile.odd_streets import TEXTS
from tests.hostile.spoiling import other_node, spoil, spoil_table

DATA = Path(__file__).parents[2] / "data"
CODES = ("utf-8", "utf-8-sig", "gb18030", "utf-16", "big5", "shift_jis", "latin-1")


def _text(path):
    content = path.read_bytes()
    try:
        return content.decode("utf-8-sig"), "utf-8"
    except UnicodeDecodeError:
        return content.decode("gb18030"), "gb18030"


def _sample(rng, folder):
    shutil.copytree(DATA / "sample", folder)
    files = sorted(
        p
        for p in folder.iterdir()
        if p.suffix in {".csv", ".geojson", ".osm", ".toml"} and p.name not in {"bridge.toml", "programme.toml"}
    )
    path = rng.choice([p for p in files if p.suffix == ".csv"]) if rng.random() < 0.5 else rng.choice(files)
    how = "bytes"
    if rng.random() < 0.3 or path.suffix == ".toml":
        how = spoil(rng, path)
    elif path.suffix == ".csv":
        text, code = _text(path)
        text, how = spoil_table(rng, text)
        code = rng.choice([code, code, rng.choice(CODES)])
        path.write_bytes(text.encode(code, errors="replace"))
        how += f" {code}"
    elif path.suffix == ".geojson":
        told = json.loads(path.read_bytes())
        how = "; ".join(other_node(rng, told) for _ in range(rng.choice([1, 1, 3])))
        path.write_text(json.dumps(told, ensure_ascii=False), encoding="utf-8")
    else:
        spoiled = rng.choice(TEXTS)
        how = spoiled.__name__
        path.write_text(spoiled(rng, path.read_text("utf-8")), encoding="utf-8", errors="surrogatepass")
    return folder / "sample.toml", path, how


def _monaco(rng, folder):
    folder.mkdir()
    shutil.copytree(DATA / "osm", folder / "osm")
    config = folder / "monaco.toml"
    text = (DATA / "monaco.toml").read_text("utf-8")
    path = folder / "osm" / "monaco.osm.pbf"
    if rng.random() < 0.5:
        how = spoil(rng, path)
    else:
        path = config
        lines = text.split("\n")
        at = rng.choice([k for k, line in enumerate(lines) if re.match(r"\w+ = ", line)])
        how = rng.choice(["gone", "twice", "osm:", "osm:a=b", "osm:admin_level=*", "osm:building=*", "osm:highway=*"])
        lines[at : at + 1] = {"gone": [], "twice": [lines[at]] * 2}.get(how, [f'{lines[at].split(" = ")[0]} = "{how}"'])
        text = "\n".join(lines)
    config.write_text(text, encoding="utf-8")
    return config, path, how


def make(rng, village):
    """Copy real files beside the village and spoil one."""
    config, path, how = (_sample if rng.random() < 0.8 else _monaco)(rng, village.path("real"))
    if rng.random() < 0.75 and path != config:
        text = re.sub(r"(?ms)^\[outputs\].*?(?=^\[|\Z)", "", config.read_text("utf-8"))
        config.write_text(text + '\n[outputs]\nwrite = ["coverage"]\nisochrones = "none"\n', encoding="utf-8")
    names = frozenset({path.name, path.stem, config.name, str(config.parent)})
    out, label = village.path("out"), f"{path.name} {how}"
    if rng.random() < 0.5:
        return Case(label, ("check", str(config)), names)
    return Case(label, ("run", str(config), "--out", str(out)), names, out, ("run.json",))
