"""district.qgz: found by what it names, the map's classes and names; QGIS opens every layer and draws it as the map."""

import os
import shutil
import subprocess
import zipfile
from dataclasses import replace
from xml.etree import ElementTree as ET

import geopandas as gpd
import numpy as np
import pyogrio
import pytest

from circle15.outputs.map_data import layer_classes
from circle15.outputs.reprojected import in_system
from circle15.outputs.shown_changes import ShownChange
from circle15.outputs.tables import write_gpkg
from tests.made_result import made_result

SYSTEM_PYTHON = "/usr/bin/python3"
CHANGES = (
    ShownChange("add_facility", "新园", "nursery", 7.424, 43.738, capacity=90.0, cost=300.0),
    ShownChange("add_path", "人行桥", lines=(((7.423, 43.737), (7.4235, 43.7375)),)),
)
DRAW = """
import json, sys
from qgis.core import QgsApplication, QgsMapRendererParallelJob, QgsMapSettings, QgsProject
from qgis.PyQt.QtCore import QSize
from qgis.PyQt.QtGui import QColor
app = QgsApplication([], False)
app.initQgis()
project = QgsProject.instance()
assert project.read(sys.argv[1])
seen = set(project.layerTreeRoot().checkedLayers())
settings = QgsMapSettings()
settings.setLayers([layer for layer in project.layerTreeRoot().layerOrder() if layer in seen])
settings.setDestinationCrs(project.crs())
settings.setOutputSize(QSize(800, 600))
settings.setBackgroundColor(QColor("white"))
settings.setExtent(project.viewSettings().defaultViewExtent())
job = QgsMapRendererParallelJob(settings)
job.start()
job.waitForFinished()
job.renderedImage().save(sys.argv[2])
layers = project.mapLayers().values()
print("\\n" + json.dumps({
    "errors": len(job.errors()), "crs": project.crs().authid(),
    "invalid": [layer.id() for layer in layers if not layer.isValid()],
    "rows": {layer.id(): layer.featureCount() for layer in layers},
    "tree": [node.layerId() for node in project.layerTreeRoot().findLayers() if node.layer() is not None],
    "groups": [group.name() for group in project.layerTreeRoot().findGroups()],
    "aliases": {layer.id(): [field.alias() for field in layer.fields()] for layer in layers},
}))
"""


def has_qgis():
    if shutil.which("qgis") is None:
        return False
    asked = subprocess.run([SYSTEM_PYTHON, "-c", "import qgis.core"], capture_output=True, check=False)
    return asked.returncode == 0


@pytest.fixture(scope="module")
def result():
    return made_result("small", scenario=CHANGES)


@pytest.fixture(scope="module")
def folder(result, tmp_path_factory):
    folder = tmp_path_factory.mktemp("qgis")
    write_gpkg(result, folder / "district.gpkg")
    return folder


def project_of(path):
    with zipfile.ZipFile(path) as archive:
        (name,) = archive.namelist()
        return ET.fromstring(archive.read(name))  # noqa: S314 (the run's own)


def test_every_layer_of_the_project_is_a_table_of_the_package_beside_it(folder):
    project = project_of(folder / "district.qgz")
    tables = set(pyogrio.list_layers(folder / "district.gpkg")[:, 0])
    named = [layer.findtext("datasource").split("|") for layer in project.iter("maplayer")]
    assert {file for file, *_ in named} == {"./district.gpkg"}
    used = {part.removeprefix("layername=") for _, part, *_ in named}
    assert used <= tables
    assert used == tables - {"layer_styles"}


def test_layers_of_a_service_stand_in_its_group_and_the_first_service_is_seen(folder, result):
    tree = project_of(folder / "district.qgz").find("layer-tree-group")
    groups = {g.get("name"): g for g in tree.findall("layer-tree-group")}
    assert list(groups) == [layer.name for layer in result.layers]
    assert [g.get("checked") for g in groups.values()] == ["Qt::Checked"] + ["Qt::Unchecked"] * (len(groups) - 1)
    for layer in result.layers:
        ids = [node.get("id") for node in groups[layer.name]]
        assert all(i.endswith(layer.id) for i in ids)
        assert [i for i in ids if i.startswith("circle15_time_")]
        assert [i for i in ids if i.startswith("circle15_cause_")]
    ids = [node.get("id") for node in tree.iter("layer-tree-layer")]
    assert all(len(i) > 10 for i in ids)  # QGIS gives shorter ids another
    assert sorted(ids) == sorted(item.text for item in tree.find("custom-order"))


def test_a_scenarios_changes_are_layers_with_what_they_are(folder):
    places = gpd.read_file(folder / "district.gpkg", layer="changes")
    assert places[["kind", "change", "name", "layer", "capacity", "cost"]].to_numpy().tolist() == [
        ["add_facility", "新增设施", "新园", "nursery", 90.0, 300.0]
    ]
    paths = gpd.read_file(folder / "district.gpkg", layer="changed_paths")
    assert paths["change"].tolist() == ["新增通道"]
    np.testing.assert_allclose(paths.geometry.iloc[0].bounds, (7.423, 43.737, 7.4235, 43.7375))


@pytest.mark.parametrize(("lang", "wanted"), [("zh", "托育 · 步行时间"), ("en", "Nurseries · Walking time")])
def test_layers_and_columns_have_names_in_the_runs_language(lang, wanted, tmp_path):
    write_gpkg(made_result("tiny", lang=lang), tmp_path / "district.gpkg")
    names = pyogrio.raw.read(tmp_path / "district.gpkg", sql="SELECT * FROM gpkg_data_columns", sql_dialect="SQLITE")[3]
    titles = dict(zip(zip(names[0], names[1], strict=True), names[3], strict=True))
    assert titles["cells", "nursery_seconds"].startswith(wanted)
    assert titles["units", "clinic_covered_share"].startswith("社区卫生 · " if lang == "zh" else "Clinics · ")
    aliases = {a.get("field"): a.get("name") for a in project_of(tmp_path / "district.qgz").iter("alias")}
    assert aliases["nursery_seconds"] == titles["cells", "nursery_seconds"]
    identifiers = pyogrio.raw.read(
        tmp_path / "district.gpkg", sql="SELECT identifier FROM gpkg_contents", sql_dialect="SQLITE"
    )[3][0]
    assert ("网格 (cells)" if lang == "zh" else "Cells (cells)") in identifiers


@pytest.mark.parametrize("system", ["wgs84", "cgcs2000", "gcj02"])
def test_the_same_result_gives_the_same_project(system, tmp_path):
    for name in ("a", "b"):
        (tmp_path / name).mkdir()
        write_gpkg(in_system(made_result("tiny", scenario=CHANGES), system), tmp_path / name / "district.gpkg")
    assert (tmp_path / "a/district.qgz").read_bytes() == (tmp_path / "b/district.qgz").read_bytes()
    known = {e.text for e in project_of(tmp_path / "a/district.qgz").iter("authid")}
    assert (
        known == {"wgs84": {"EPSG:3857", "EPSG:4326"}, "cgcs2000": {"EPSG:3857", "EPSG:4490"}, "gcj02": set()}[system]
    )


@pytest.mark.slow
@pytest.mark.skipif(not has_qgis(), reason="needs QGIS with its Python (Debian: qgis python3-qgis)")
def test_qgis_opens_every_layer_and_draws_the_maps_colours(folder, result):
    import json  # noqa: PLC0415 (this test alone)

    from PIL import Image  # noqa: PLC0415 (as above)

    picture = folder / "drawn.png"
    done = subprocess.run(
        [SYSTEM_PYTHON, "-c", DRAW, str(folder / "district.qgz"), str(picture)],
        env={**os.environ, "QT_QPA_PLATFORM": "offscreen", "PYTHONPATH": ""},
        capture_output=True, text=True, check=True, timeout=300,
    )  # fmt: skip
    told = json.loads(done.stdout.strip().splitlines()[-1])
    assert told["invalid"] == []
    assert told["errors"] == 0
    assert told["crs"] == "EPSG:3857"
    assert sorted(told["tree"]) == sorted(told["rows"])
    assert told["groups"] == [layer.name for layer in result.layers]
    for layer in result.layers:
        assert told["rows"][f"circle15_facilities_{layer.id}"] == (result.tables.facilities["layer"] == layer.id).sum()
        assert told["rows"][f"circle15_time_{layer.id}"] == len(result.cells)
    assert "托育 · 步行时间（秒）" in told["aliases"]["circle15_time_nursery"]
    pixels = np.asarray(Image.open(picture).convert("RGB")).reshape(-1, 3)
    seconds = result.cells["nursery_seconds"].to_numpy()
    within = layer_classes(result.layers[0]).colours[1]  # 5 to 10 minutes
    share = (np.abs(pixels.astype(int) - [int(within[i : i + 2], 16) for i in (1, 3, 5)]).max(axis=1) <= 2).mean()
    assert ((seconds > 300) & (seconds <= 600)).any()
    assert share > 0.005


def test_a_service_without_a_norm_has_no_layer_of_gaps(result, tmp_path):
    gaps = result.tables.gaps.assign(norm=np.nan)
    write_gpkg(replace(result, tables=replace(result.tables, gaps=gaps)), tmp_path / "district.gpkg")
    ids = [layer.findtext("id") for layer in project_of(tmp_path / "district.qgz").iter("maplayer")]
    assert not [i for i in ids if i.startswith("circle15_gap_")]
