"""Outlines with every fault that files have go through a whole run: nobody, no ground and no unit is lost in silence."""

import json
import re

import numpy as np
import pandas as pd
import pytest
import shapely

from circle15.doctor.check import check_config
from circle15.inputs.osm.shapes import merged
from circle15.outputs.drawing import CORNER_DECIMALS
from circle15.pipeline import run_district
from tests.chinese_town import M_LAT, M_LON, SOUTH, WEST, Town
from tests.dirty_outlines import FAULTS, SIZE_M, as_geojson, dirty_outlines

N_PEOPLE_PLACES = 400


def to_degrees(x, y):
    return WEST + x / M_LON, SOUTH + y / M_LAT


class DirtyTown(Town):
    """The made-up town with people at points, and outlines of the test's own."""

    boundary = "街道.geojson"

    def config(self):
        text = super().config().replace('boundary = "街道.geojson"', f'boundary = "{self.boundary}"')
        people = 'source = "points"\npath = "人口点.csv"\nvalue_field = "人数"\ncrs = "wgs84"'
        return text.replace('source = "units"\npath = "人口.csv"', people)

    def write_people(self, rng, corners):
        """Put people everywhere, and some on the very corners of the outlines."""
        x, y = rng.uniform(5, SIZE_M - 5, (2, N_PEOPLE_PLACES))
        on = rng.permutation(np.unique(corners.round(3), axis=0))[:40]
        lon, lat = to_degrees(np.concatenate([x, on[:, 0]]), np.concatenate([y, on[:, 1]]))
        n = rng.integers(1, 90, len(lon))
        self.people = int(n.sum())
        rows = [f"{a:.9f},{b:.9f},{k}" for a, b, k in zip(lon, lat, n, strict=True)]
        (self.folder / "人口点.csv").write_text("\n".join(["经度,纬度,人数", *rows]), encoding="utf-8")


def dirty_town(folder, seed, *, faults=None, own_boundary):
    """Write a town whose units have faults; with ``own_boundary`` its boundary is a clean box of its own."""
    units, kinds = dirty_outlines(seed, faults)
    town = DirtyTown(folder, tail='[cells]\nresolution = 9\n[outputs]\nisochrones = "facilities"')
    if own_boundary:
        (west, south), (east, north) = to_degrees(0, 0), to_degrees(SIZE_M, SIZE_M)
        town.boundary = f"box:{west!r},{south!r},{east!r},{north!r}"
    path = town.write()
    town.write_table(*town.places(6))
    decimals = 6 if seed % 3 == 0 else None
    (folder / "街道.geojson").write_text(as_geojson(units, to_degrees, decimals), encoding="utf-8")
    corners = np.array([p for u in units for rings in u.polygons for ring in rings for p in ring])
    town.write_people(
        np.random.default_rng(seed), corners[(corners > 5).all(axis=1) & (corners < SIZE_M - 5).all(axis=1)]
    )
    return town, path, units, kinds


def run_and_judge(folder, seed, *, faults=None, own_boundary):
    town, path, units, kinds = dirty_town(folder, seed, faults=faults, own_boundary=own_boundary)
    told = f"seed {seed}, own boundary {own_boundary}: {kinds}"
    assert check_config(path).problems == [], told
    run = run_district(path, out=folder / "out")
    result, warnings = run.result, "\n".join(run.result.warnings)
    ids = result.units["unit_id"].tolist()
    files = {"index.html", "report.html", "tables.xlsx", "district.gpkg", "cells.parquet", "coverage.csv", "run.json"}
    assert {p.name for p in run.folder.iterdir()} >= files, told
    if len(ids) > 1:
        assert {p.stem for p in (run.folder / "units").glob("*.html")} == set(ids), told
    for unit in units:
        assert unit.code in ids or unit.name in warnings, f"{told}: {unit.name} is lost\n{warnings}"
    _judge_people(run, town, told)
    _judge_ground(result, warnings, told)
    return result, warnings


def _judge_people(run, town, told):
    """The units' people are the district's, and with those outside it they are all of the table."""
    coverage = run.result.tables["coverage"].set_index("unit_id")["people"]
    whole = coverage["town"]
    units = coverage.drop("town").sum() if len(coverage) > 1 else whole
    assert units == pytest.approx(whole, abs=1e-6), told
    assert run.result.cells["population"].sum() == pytest.approx(whole, abs=1e-6), told
    table = pd.read_csv(town.folder / "人口点.csv")
    spots = shapely.points(table["经度"], table["纬度"])
    off = shapely.distance(spots, run.result.boundary.geometry.iloc[0]) * M_LAT
    people = table["人数"].to_numpy()
    counts = json.loads((run.folder / "run.json").read_text(encoding="utf-8"))["counts"]["population"]
    assert whole + counts["people_outside"] == pytest.approx(people.sum(), abs=1e-6), told
    # A place on the border may fall to either side by a centimetre.
    assert people[off > 0.02].sum() - 1e-6 <= counts["people_outside"] <= people[off > 0].sum() + 1e-6, told


def _judge_ground(result, warnings, told):
    """Pieces tile the units; units tile the district but for what is told; what is drawn is the ground there is."""
    shapes = result.units.geometry.to_numpy()
    assert shapely.is_valid(shapes).all(), told
    assert set(shapely.get_type_id(shapes)) <= {3, 6}, told
    assert not shapely.has_z(shapes).any(), told
    # In degrees, where a straight side stays one when it is cut.
    assert shapely.area(result.cells.geometry.to_numpy()).sum() == pytest.approx(
        shapely.area(shapes).sum(), rel=1e-8
    ), told
    together = shapely.union_all(shapes)
    assert shapely.area(shapes).sum() == pytest.approx(together.area, rel=1e-9), told
    left = shapely.difference(result.boundary.geometry.iloc[0], together).area * M_LON * M_LAT
    if left > 1:
        said = re.search(r"区内 ([\d,]+) 平方米不属任何街道", warnings)
        assert said is not None, told
        assert float(said[1].replace(",", "")) == pytest.approx(left, rel=0.01), told
    pieces = shapely.transform(result.cells.geometry.to_numpy(), lambda xy: np.round(xy, CORNER_DECIMALS))
    drawn = merged(pieces, 10.0**-CORNER_DECIMALS)
    assert drawn.area == pytest.approx(shapely.area(pieces).sum(), rel=1e-5), told


@pytest.mark.parametrize("seed", range(4))
@pytest.mark.parametrize("own_boundary", [True, False])
def test_outlines_with_faults_go_through_a_whole_run(tmp_path, seed, own_boundary):
    run_and_judge(tmp_path, seed, own_boundary=own_boundary)


@pytest.mark.parametrize("seed", [3, 4])
def test_communities_with_faults_go_through_a_whole_run(tmp_path, seed):
    town, path, _, kinds = dirty_town(tmp_path, seed, own_boundary=True)
    communities, more = dirty_outlines(seed + 500)
    for one in communities:
        one.code, one.name = f"c{one.code}", one.name.replace("街道", "社区")
    (tmp_path / "村社.geojson").write_text(as_geojson(communities, to_degrees, 6), encoding="utf-8")
    second = 'communities = "村社.geojson"\ncommunity_id_field = "code"\ncommunity_name_field = "名称"\nlang ='
    path.write_text(path.read_text("utf-8").replace("lang =", second), encoding="utf-8")
    told = f"seed {seed}: {kinds} {more}"
    run = run_district(path, out=tmp_path / "out")
    _judge_people(run, town, told)
    tables = run.result.tables
    by_street = tables["communities"].groupby("parent_id")["people"].sum()
    streets = tables["coverage"].set_index("unit_id")["people"].drop("town")
    assert by_street.to_dict() == pytest.approx(streets[by_street.index].to_dict(), abs=1e-6), told
    assert by_street.sum() == pytest.approx(streets.sum(), abs=1e-6), told
    ids, warnings = set(tables["communities"]["unit_id"]), "\n".join(run.result.warnings)
    for one in communities:
        assert one.code in ids or one.name in warnings, f"{told}: {one.name} is lost\n{warnings}"


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(10, 90))
def test_many_outlines_with_faults_go_through_a_whole_run(tmp_path, seed):
    run_and_judge(tmp_path, seed, own_boundary=seed % 2 == 0)


@pytest.mark.slow
@pytest.mark.parametrize("fault", FAULTS)
@pytest.mark.parametrize("own_boundary", [True, False])
def test_each_fault_alone_goes_through_a_whole_run(tmp_path, fault, own_boundary):
    run_and_judge(tmp_path, 7, faults=[fault], own_boundary=own_boundary)
