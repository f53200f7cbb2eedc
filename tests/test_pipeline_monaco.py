"""The shipped district, end to end."""

import json

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest

from circle15.config.model import load_config
from circle15.pipeline import run_district
from circle15.pipeline.study.clock import Clock
from circle15.pipeline.study.read_study import read_study
from circle15.reach import reference
from circle15.reach.search import nearest, travel_times
from tests.superlatives import check_report

LAYERS = ("nursery", "canteen", "clinic", "sports")
PEOPLE = 35_881.0


@pytest.fixture(scope="session")
def monaco(root, tmp_path_factory):
    return run_district(root / "data" / "monaco.toml", out=tmp_path_factory.mktemp("maps") / "monaco")


@pytest.fixture(scope="session")
def coverage(monaco):
    return pd.read_csv(monaco.folder / "coverage.csv")


def test_coverage_has_a_row_per_ward_and_layer_and_one_for_the_whole(coverage):
    assert len(coverage) == (9 + 1) * 4
    assert coverage.groupby("layer")["unit_id"].nunique().to_dict() == dict.fromkeys(LAYERS, 10)
    assert (coverage["unit_id"] == "monaco").sum() == 4


def test_people_of_the_wards_sum_to_the_districts_total(coverage):
    wards = coverage[coverage["unit_id"] != "monaco"].groupby("layer")["people"].sum()
    assert wards.to_numpy() == pytest.approx([PEOPLE] * 4, abs=0.5)
    assert coverage.loc[coverage["unit_id"] == "monaco", "people"].to_numpy() == pytest.approx([PEOPLE] * 4, abs=0.5)


def test_covered_people_are_the_people_of_the_covered_pieces(monaco, coverage):
    cells = gpd.read_parquet(monaco.folder / "cells.parquet")
    for layer in LAYERS:
        covered = cells[cells[f"{layer}_covered"]].groupby("unit_id")["population"].sum()
        told = coverage[(coverage["layer"] == layer) & (coverage["unit_id"] != "monaco")].set_index("unit_id")
        assert told["covered_people"].to_numpy() == pytest.approx(
            covered.reindex(told.index, fill_value=0.0).to_numpy(), abs=0.001
        )


def test_cells_hold_people_places_and_five_columns_per_layer(monaco):
    cells = gpd.read_parquet(monaco.folder / "cells.parquet")
    assert cells.crs == "EPSG:4326"
    assert cells["population"].sum() == pytest.approx(PEOPLE, rel=1e-12)
    for layer in LAYERS:
        for column in ("seconds", "count", "covered", "access", "gap"):
            assert f"{layer}_{column}" in cells
        assert ((cells[f"{layer}_seconds"] <= 900) == cells[f"{layer}_covered"]).all()
        assert ((cells[f"{layer}_count"] > 0) == cells[f"{layer}_covered"]).all()
    assert not cells.duplicated(["cell", "unit_id"]).any()


def test_every_file_of_the_contract_is_written(monaco):
    expected = {
        "index.html", "cells.parquet", "coverage.csv", "completeness.csv", "facilities.csv", "entrances.csv",
        "unlinked.csv", "gaps.csv", "ranking.csv", "tables.xlsx", "district.gpkg", "run.json",
    }  # fmt: skip
    assert expected <= {p.name for p in monaco.folder.iterdir()}
    units = set(monaco.result.units["unit_id"])
    assert {p.stem for p in (monaco.folder / "units").glob("*.html")} >= units
    assert len(units) == 9


def test_the_manifest_traces_inputs_files_and_seconds(monaco):
    manifest = json.loads((monaco.folder / "run.json").read_text(encoding="utf-8"))
    assert "osm/monaco.osm.pbf" in manifest["inputs"]
    assert set(manifest["files"]) == {
        p.relative_to(monaco.folder).as_posix() for p in monaco.folder.rglob("*") if p.is_file()
    } - {"run.json"}
    assert manifest["seconds"]
    assert all(s >= 0 for s in manifest["seconds"].values())


def test_the_same_inputs_give_the_same_bytes(monaco, root, tmp_path):
    again = run_district(root / "data" / "monaco.toml", out=tmp_path / "again", threads=1)
    ours = json.loads((monaco.folder / "run.json").read_text(encoding="utf-8"))["files"]
    theirs = json.loads((again.folder / "run.json").read_text(encoding="utf-8"))["files"]
    assert {n for n in ours if ours[n] != theirs.get(n)} == set()
    assert set(ours) == set(theirs)


def test_ranking_adds_up_and_names_places_in_the_district(monaco):
    ranking = pd.read_csv(monaco.folder / "ranking.csv")
    for _, one in ranking.groupby("layer"):
        assert one["rank"].tolist() == list(range(1, len(one) + 1))
        assert len(one) <= 20
        assert one["newly_covered_people"].is_monotonic_decreasing
        assert one["cumulative_people"].to_numpy() == pytest.approx(
            one["newly_covered_people"].cumsum().to_numpy(), abs=0.1
        )
    assert set(ranking["unit_id"]) <= set(monaco.result.units["unit_id"])


def test_the_workbook_opens_and_repeats_the_tables(monaco, coverage):
    sheets = pd.read_excel(monaco.folder / "tables.xlsx", sheet_name=None, engine="calamine")
    assert next(iter(sheets)) == "说明"
    sheet = sheets["覆盖率"]
    assert len(sheet) == len(coverage)
    people = sheet[next(c for c in sheet.columns if str(c).startswith("人数"))]
    assert people.tolist() == pytest.approx(coverage["people"].tolist(), abs=0.001)


def test_the_geopackage_has_its_layers_and_their_styles(monaco):
    layers = gpd.list_layers(monaco.folder / "district.gpkg")["name"].tolist()
    assert layers == ["cells", "units", "facilities", "isochrones", "ranking", "boundary", "streets", "layer_styles"]


@pytest.fixture(scope="session")
def monaco_study(root):
    return read_study(load_config(root / "data" / "monaco.toml"), Clock())


def test_core_times_equal_networkx_to_the_millisecond_for_200_real_cells(monaco_study):
    study = monaco_study
    layer = study.config.layers[2]
    cells = study.linked_cells(layer.profile)
    entrances, _ = study.linked_entrances(layer)
    chosen = np.linspace(0, len(cells.edge) - 1, 200).astype(int)
    some = cells.take(chosen)
    for cutoff_s in (900.0, 300.0):
        ours = travel_times(study.network, some, entrances, profile=layer.profile, cutoff_s=cutoff_s)
        oracle = reference.travel_times(study.network, some, entrances, profile=layer.profile, cutoff_s=cutoff_s)
        assert np.array_equal(ours.indptr, oracle.indptr)
        assert np.array_equal(ours.destination, oracle.destination)
        assert np.array_equal(ours.seconds, oracle.seconds)
        near = nearest(study.network, some, entrances, profile=layer.profile, cutoff_s=cutoff_s)
        near_oracle = reference.nearest(study.network, some, entrances, profile=layer.profile, cutoff_s=cutoff_s)
        assert np.array_equal(near.seconds, near_oracle.seconds, equal_nan=True)
        assert np.array_equal(near.destination, near_oracle.destination)
    assert ours.indptr[-1] > 50


def test_every_superlative_of_the_report_is_so_in_the_tables(monaco):
    check_report((monaco.folder / "report.html").read_text(encoding="utf-8"), monaco.result)
