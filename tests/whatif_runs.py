"""A scenario's numbers from the product, to hold a what-if's against."""

from dataclasses import replace

import numpy as np

from circle15.config.planning import ChangeTable
from circle15.errors import Circle15Error
from circle15.inputs.ground.cells import COORDINATE_DECIMALS, unit_of_points
from circle15.network.linking.entrances import facility_entrances
from circle15.pipeline.study.clock import Clock
from circle15.pipeline.study.layer_facilities import Services
from circle15.pipeline.study.read_study import read_study
from circle15.pipeline.study.scenario import change_network, change_services
from circle15.pipeline.tables.coverage_tables import coverage_table, gaps_table
from circle15.pipeline.tables.measured import measure_service
from circle15.policy.apply import settle_norms


def study_of(config):
    """Read a study from its config."""
    return read_study(config, Clock())


def changed_study(base, changes):
    """Make changes to a study as a run reads it: the network, then the entrances on it, then the facilities.

    What no change touches (people, cells, the facilities' table) is the base's own.
    """
    tables = tuple(
        ChangeTable(**(c | ({"line": tuple(map(tuple, c["line"]))} if "line" in c else {}))) for c in changes
    )
    config = base.config.model_copy(update={"changes": tables})
    network, _ = change_network(config, base.network)
    entrances = facility_entrances(
        network, base.facilities, gates=base.gates, max_access_m=config.network.max_access_m
    ).round({"lon": COORDINATE_DECIMALS, "lat": COORDINATE_DECIMALS})
    counts = {layer.id: {} for layer in config.layers}
    services = change_services(config, Services(base.facilities, entrances, (), (), counts), base.area)
    applied = settle_norms(replace(base.policy, config=config), services.facilities)
    f = services.facilities
    unit = unit_of_points(base.cells.pieces, base.unit_of_piece, f["lon"].to_numpy(float), f["lat"].to_numpy(float))
    return replace(
        base, config=applied.config, network=network, facilities=f, entrances=services.entrances,
        unit_of_facility=unit, _linked={}, _off={},
    )  # fmt: skip


def numbers_of(study):
    """Give rows of unit, layer, people, covered people and gap, and milliseconds of each row of cells by layer."""
    services = [measure_service(layer, study, threads=1) for layer in study.config.layers]
    cover, gaps = coverage_table(study, services), gaps_table(study, services)
    gap = {(u, layer): g for u, layer, g in zip(gaps["unit_id"], gaps["layer"], gaps["gap"], strict=True)}
    rows = zip(cover["unit_id"], cover["layer"], cover["people"], cover["covered_people"], strict=True)
    ms = {s.layer.id: [None if np.isnan(t) else round(t * 1000) for t in s.seconds.tolist()] for s in services}
    return [(u, layer, people, covered, gap[u, layer]) for u, layer, people, covered in rows], ms


def expected(base, changes):
    """Give what a run of the changes gives, or None where it refuses them."""
    try:
        return numbers_of(changed_study(base, changes))
    except Circle15Error:
        return None


def differences(found, right):
    """Name how an answer of the what-if differs from a run's numbers, to the rounding of its tables."""
    rows, ms = right
    told = []
    for row, unit in zip(rows, found["units"], strict=True):
        if row[:2] != (unit["unit_id"], unit["layer"]):
            told.append(f"{row[:2]} is {unit['unit_id'], unit['layer']}")
        for name, want in zip(("people", "covered_people", "gap"), row[2:], strict=True):
            if not abs(unit[name] - want) < 1e-6:
                told.append(f"{row[:2]} {name}: {unit[name]}, not {want}")
    for layer, times in ms.items():
        wrong = [k for k, t in enumerate(times) if found["cells"][layer][k] != t]
        if wrong or len(times) != len(found["cells"][layer]):
            k = wrong[0] if wrong else -1
            told.append(f"{layer}: {len(wrong)} cells, row {k}: {found['cells'][layer][k]} ms, not {times[k]}")
    return told
