"""What [outputs] asks for is what a run writes: every column described, the same bytes again, prints where wanted."""

import json
import re
import tomllib
import zipfile

import geopandas as gpd
import pandas as pd
import pyogrio
import pytest

from circle15.config.model import parse_config
from circle15.errors import OutputError
from circle15.outputs import printing
from circle15.outputs.dictionary import entry
from circle15.pipeline import run_district
from circle15.pipeline.record import writing

HOSTILE = ("</script><script>alert(1)</script>", '=HYPERLINK("http://x")')
CHANGING = {"run.json", "report.pdf"}  # they carry the time of day


def _config(root, n_layers=None, **outputs):
    path = root / "data" / "sample" / "sample.toml"
    raw = tomllib.loads(path.read_text(encoding="utf-8"))
    raw["outputs"] = {**raw.get("outputs", {}), **outputs}
    raw["layer"] = raw["layer"][:n_layers]
    return parse_config(raw, path)


@pytest.fixture(scope="module")
def run(root, tmp_path_factory):
    return run_district(
        _config(root, bureau="示例区规划局", map_approval="示例S(2026)1号"), out=tmp_path_factory.mktemp("a") / "a"
    )


@pytest.fixture(scope="module")
def printed(root, tmp_path_factory):
    """One service as PDF and pictures, and in GCJ-02."""
    if printing.find_browser() is None:
        pytest.skip("needs Debian's chromium")
    config = _config(root, 1, pdf=True, pictures=True, crs="gcj02", write=["report", "gpkg", "cells"])
    return run_district(config, out=tmp_path_factory.mktemp("p") / "p")


def _files(folder):
    return {p.relative_to(folder).as_posix(): p.read_bytes() for p in folder.rglob("*") if p.is_file()}


def test_the_same_inputs_give_the_same_bytes(root, run, tmp_path):
    again = run_district(
        _config(root, bureau="示例区规划局", map_approval="示例S(2026)1号"), out=tmp_path / "b", threads=1
    )
    before, after = _files(run.folder), _files(again.folder)
    assert set(before) == set(after)
    assert {
        "index.html",
        "report.html",
        "tables.xlsx",
        "district.gpkg",
        "cells.parquet",
        "lorenz.csv",
        "import_report.xlsx",
    } <= set(before)
    assert [name for name in sorted(before) if before[name] != after[name] and name not in CHANGING] == []


def test_every_column_that_is_written_is_described(run):
    layers = tuple(layer.id for layer in run.result.layers)
    missing = set()
    for path in sorted(run.folder.glob("*.csv")):
        columns = pd.read_csv(path, encoding="utf-8-sig", nrows=0).columns
        missing |= {(path.stem, c) for c in columns if entry(path.stem, c, layers) is None}
    for column in gpd.read_parquet(run.folder / "cells.parquet").columns:
        if entry("cells", column, layers) is None:
            missing.add(("cells", column))
    for layer in ("cells", "facilities", "isochrones"):
        fields = pyogrio.read_info(run.folder / "district.gpkg", layer=layer)["fields"]
        missing |= {(layer, c) for c in fields if entry(layer, c, layers) is None}
    assert sorted(missing) == []


def test_a_cell_that_two_walks_cannot_leave_is_listed_once_with_both_services(root, tmp_path):
    config = _config(root, 2, write=["facilities"])
    config = config.model_copy(update={"network": config.network.model_copy(update={"max_access_m": 25.0})})
    run_district(config, out=tmp_path / "far")
    lost = pd.read_csv(tmp_path / "far" / "unlinked.csv").query("kind == 'cell'")
    assert len(lost)
    assert lost["id"].is_unique
    assert set(lost["layer"]) == {"nursery;elderly_meals"}


def test_what_a_reader_gets_names_files_not_the_folders_above_them(root, tmp_path):
    config = _config(root, 1, write=["report", "xlsx", "map"])
    layer = config.layers[0].model_copy(update={"source": str(config.resolve(config.layers[0].source))})
    run_district(config.model_copy(update={"layers": (layer,)}), out=tmp_path / "out")
    for name in ("report.html", "index.html"):
        assert str(root) not in (tmp_path / "out" / name).read_text(encoding="utf-8")
    with zipfile.ZipFile(tmp_path / "out" / "tables.xlsx") as book:
        assert str(root).encode() not in book.read("xl/sharedStrings.xml")


def test_bureau_and_approval_stand_on_every_page_and_sheet(run):
    for name in ("index.html", "report.html", "units/s1.html"):
        page = (run.folder / name).read_text(encoding="utf-8")
        assert "示例区规划局" in page
        assert "示例S(2026)1号" in page
    notes = pd.read_excel(run.folder / "tables.xlsx", sheet_name="说明", header=None, engine="calamine")
    assert "示例S(2026)1号" in notes[1].tolist()
    assert json.loads((run.folder / "run.json").read_text(encoding="utf-8"))["config_sha256"] in notes[1].tolist()


@pytest.fixture(scope="module")
def hostile(root, tmp_path_factory):
    """A run whose table of facilities, layer, bureau and district have names that want to be code."""
    folder = tmp_path_factory.mktemp("h")
    table = (root / "data" / "sample" / "托育机构.csv").read_text(encoding="gb18030").splitlines()
    column = table[0].split(",").index("名称")
    rows = [line.split(",") for line in table[1:]]
    for row, name in zip(rows, HOSTILE, strict=False):
        row[column] = '"' + name.replace('"', '""') + '"'
    (folder / "f.csv").write_text("\n".join([table[0], *(",".join(row) for row in rows)]), encoding="utf-8")
    config = _config(root, 1, bureau=HOSTILE[0])
    layer = config.layers[0].model_copy(
        update={"source": str(folder / "f.csv"), "name": HOSTILE[0], "note": HOSTILE[1]}
    )
    district = config.district.model_copy(update={"name": HOSTILE[0]})
    return run_district(config.model_copy(update={"layers": (layer,), "district": district}), out=folder / "out")


def test_hostile_names_are_nothing_but_names_in_every_file(hostile):
    facilities = hostile.result.tables["facilities"]["name"].tolist()
    assert set(HOSTILE) <= set(facilities)
    for page in (*hostile.folder.glob("*.html"), *hostile.folder.glob("units/*.html")):
        assert "<script>alert" not in page.read_text(encoding="utf-8")
    for path in hostile.folder.glob("*.csv"):
        text = pd.read_csv(path, encoding="utf-8-sig", dtype=str, keep_default_na=False).to_numpy().ravel().tolist()
        assert not [cell for cell in text if re.match(r"[=+@]|-\D", cell)]
    for path in hostile.folder.glob("*.xlsx"):
        with zipfile.ZipFile(path) as file:
            sheets = [file.read(n).decode() for n in file.namelist() if n.startswith("xl/worksheets/sheet")]
        assert not [sheet for sheet in sheets if "<f>" in sheet or re.search("<hyperlink [^>]*r:id", sheet)]
    assert set(HOSTILE) <= set(gpd.read_file(hostile.folder / "district.gpkg", layer="facilities")["name"])
    assert re.fullmatch(r"[a-z0-9_./-]+( [a-z0-9_./-]+)*", " ".join(sorted(_files(hostile.folder))))


def test_by_default_gis_files_are_in_wgs84_alone(run):
    assert sorted(p.name for p in run.folder.glob("*.gpkg")) == ["district.gpkg"]
    assert gpd.read_file(run.folder / "district.gpkg", layer="cells").crs.to_epsg() == 4326


def test_a_second_system_is_said_in_file_names_and_manifest(printed):
    names = set(_files(printed.folder))
    assert {"district.gpkg", "district-gcj02.gpkg", "cells.parquet", "cells-gcj02.parquet"} <= names
    plain, shifted = (gpd.read_parquet(printed.folder / f"cells{s}.parquet") for s in ("", "-gcj02"))
    assert plain.crs.to_epsg() == 4326
    assert shifted.crs is None
    assert ((shifted["lon"] - plain["lon"]).abs() > 0.001).all()
    manifest = json.loads((printed.folder / "run.json").read_text(encoding="utf-8"))
    assert manifest["config"]["outputs"]["crs"] == "gcj02"
    assert {"district-gcj02.gpkg", "cells-gcj02.parquet", "report.pdf"} <= set(manifest["files"])


def test_the_pdf_and_a_picture_of_every_unit_are_written(printed):
    assert (printed.folder / "report.pdf").read_bytes().startswith(b"%PDF-")
    made = sorted(p.name for p in (printed.folder / "pictures").iterdir())
    assert made == sorted(["nursery.png", *(f"s{i}-nursery.png" for i in range(1, 5))])


def test_a_missing_browser_is_said_and_nothing_is_left(root, tmp_path, monkeypatch):
    monkeypatch.setattr(printing, "find_browser", lambda: None)
    with pytest.raises(
        OutputError, match=r"sample\.toml, outputs\.pdf: true needs a browser on the PATH, one of chromium"
    ):
        run_district(_config(root, 1, pdf=True, write=["report"]), out=tmp_path / "x")
    assert list(tmp_path.iterdir()) == []


def test_missing_matplotlib_is_said_and_nothing_is_left(root, tmp_path, monkeypatch):
    monkeypatch.setattr(writing.importlib.util, "find_spec", lambda _: None)
    with pytest.raises(OutputError, match=r"outputs\.pictures: true needs matplotlib: pip install"):
        run_district(_config(root, 1, pictures=True, write=["coverage"]), out=tmp_path / "x")
    assert list(tmp_path.iterdir()) == []
