"""Measures to the tables that a run writes; columns as the data dictionary describes them."""

from __future__ import annotations

from typing import TYPE_CHECKING

import geopandas as gpd
import numpy as np
import pandas as pd

from circle15.measures.coverage import completeness, coverage, sum_by_unit
from circle15.measures.gaps import unit_gaps
from circle15.pipeline.fit.islands import cut_off_cells, cut_off_facilities
from circle15.pipeline.tables.load import facility_load
from circle15.pipeline.tables.off_network import cells_off, off_columns, unknown_pieces

if TYPE_CHECKING:
    from collections.abc import Sequence

    import numpy.typing as npt

    from circle15.pipeline.study.study import Study
    from circle15.pipeline.tables.measured import Service

from circle15.pipeline.tables.rows import by_unit_then_layer
from circle15.said import Said


def cells_frame(study: Study, services: Sequence[Service]) -> gpd.GeoDataFrame:
    """Give cells.parquet: a row per piece of a cell, six columns per layer."""
    frame = study.cells.pieces.copy()
    groups = study.people.groups.rename(columns={"all": "population"})
    columns: dict[str, npt.NDArray[np.generic]] = {
        "start_lon": study.cells.lon[study.cells.cell_of_piece],
        "start_lat": study.cells.lat[study.cells.cell_of_piece],
        **{str(n): c.to_numpy(np.float64) for n, c in groups.items()},
    }
    for service in services:
        name = service.layer.id
        columns[f"{name}_seconds"] = service.seconds
        columns[f"{name}_linked"] = (study.linked_cells(service.layer.profile).edge >= 0)[study.cells.cell_of_piece]
        columns[f"{name}_off"] = study.cells_off(service.layer.profile).code[study.cells.cell_of_piece]
        columns[f"{name}_count"] = service.count
        columns[f"{name}_covered"] = service.covered
        columns[f"{name}_access"] = service.access
        columns[f"{name}_gap"] = service.gap
        columns[f"{name}_places_missing"] = service.places_missing
    measured = pd.DataFrame(columns, index=frame.index)
    return gpd.GeoDataFrame(
        pd.concat([frame.drop(columns="geometry"), measured, frame["geometry"]], axis=1), crs=frame.crs
    )


def coverage_table(study: Study, services: Sequence[Service], *, group: str | None = None) -> pd.DataFrame:
    """Give coverage.csv: a row per unit and layer, the district last; each layer for ``group`` or its own group."""
    names = study.unit_names()
    frames = []
    for service in services:
        chosen = group or service.layer.group
        people = study.people.groups[chosen].to_numpy(np.float64)
        found = coverage(service.covered, people, study.unit_of_piece, study.n_units)
        off = cells_off(study, service.layer.profile).of_pieces(study.cells.cell_of_piece)
        frames.append(
            names.assign(
                layer=service.layer.id,
                threshold_min=service.threshold_s / 60,
                threshold_m=study.config.threshold_m(service.layer),
                group=chosen,
                people=found.people,
                covered_people=found.covered_people,
                covered_share=found.covered_share,
                **off_columns(
                    off, service.covered, people, study.unit_of_piece, study.n_units, share="covered_share_on_network"
                ),
            )
        )
    return by_unit_then_layer(frames, study)


def coverage_groups_table(study: Study, services: Sequence[Service]) -> pd.DataFrame:
    """Give coverage_groups.csv: every layer for every group that is not the layer's own."""
    groups = [str(g) for g in study.people.groups.columns]
    tables = [coverage_table(study, [s for s in services if s.layer.group != g], group=g) for g in groups]
    return pd.concat([t for t in tables if len(t)], ignore_index=True) if any(len(t) for t in tables) else tables[0]


def completeness_table(study: Study, services: Sequence[Service]) -> pd.DataFrame:
    """Give completeness.csv: the share of people with every layer in reach, and the mean number of layers."""
    covered = np.array([s.covered for s in services])
    people = study.people.groups["all"].to_numpy(np.float64)
    found = completeness(covered, people, study.unit_of_piece, study.n_units)
    table = study.unit_names().assign(
        people=found.people,
        complete_people=found.complete_people,
        complete_share=found.complete_share,
        mean_layers=found.mean_layers,
        n_layers=len(services),
        **off_columns(
            unknown_pieces(study, services),
            covered.all(axis=0),
            people,
            study.unit_of_piece,
            study.n_units,
            share="complete_share_on_network",
        ),
    )
    return study.once_per_unit(table)


def gaps_table(study: Study, services: Sequence[Service]) -> pd.DataFrame:
    """Give gaps.csv: supply, need, gap and missing places; a layer without norm or capacity counts people not covered.

    ``need`` of a unit is that of those who use the service, ``norm_need`` the norm times the unit's own norm people: in
    the whole they are one.
    """
    frames = []
    for service in services:
        norm_people = study.people.groups[service.layer.norm_group].to_numpy(np.float64)
        facility_unit = study.unit_of_facility[service.rows]
        found = unit_gaps(
            access=service.access,
            people=service.people,
            norm_people=norm_people,
            norm_per_person=service.norm_per_person if service.has_norm else 1.0,
            unit=study.unit_of_piece,
            n_units=study.n_units,
            facility_supply=service.supply,
            facility_unit=facility_unit,
            need=service.need if service.has_norm else norm_people,
        )
        with_norm = service.has_norm
        missing = sum_by_unit(service.places_missing, study.unit_of_piece, study.n_units)
        off_network = sum_by_unit(np.where(service.is_linked, 0.0, service.need), study.unit_of_piece, study.n_units)
        frames.append(
            study.unit_names().assign(
                layer=service.layer.id,
                norm=service.layer.norm_per_1000 if with_norm else np.nan,
                norm_per=1000 if with_norm else np.nan,
                norm_group=service.layer.norm_group if with_norm else "",
                norm_people=found.norm_people if with_norm else np.nan,
                norm_need=found.norm_people * service.norm_per_person if with_norm else np.nan,
                supply=found.supply,
                supply_unit=np.full(study.n_units + 1, supply_unit(service), object),
                accessible_supply=found.accessible_supply,
                need=found.need if with_norm else np.nan,
                gap=found.gap if with_norm else sum_by_unit(service.gap, study.unit_of_piece, study.n_units),
                gap_unit=np.full(study.n_units + 1, gap_unit(service), object),
                match=found.match if with_norm else np.nan,
                places_missing=missing if with_norm else np.nan,
                need_off_network=off_network if with_norm else np.nan,
            )
        )
    return by_unit_then_layer(frames, study)


def supply_unit(service: Service) -> Said | str:
    """Give the unit that the layer's supply is counted in; "" where neither config, plan nor table says it."""
    if service.is_count_only:
        return Said("处", "facilities")
    return service.layer.capacity_unit or ""


def gap_unit(service: Service) -> Said | str:
    """Give the unit that the layer's gap is counted in: its supply's, or people where no norm says what is needed."""
    return supply_unit(service) if service.has_norm else Said("人", "people")


def facilities_table(study: Study, services: Sequence[Service]) -> pd.DataFrame:
    """Give facilities.csv: every facility that was read, those in the buffer with an empty unit."""
    frame = study.facilities
    within, beyond = np.full(len(frame), np.nan), np.full(len(frame), np.nan)
    load = np.full(len(frame), np.nan)
    for service in services:
        within[service.rows] = service.people_within
        beyond[service.rows] = service.people_beyond
        load[service.rows] = service.load
    unit_ids = np.append(study.district.units["unit_id"].to_numpy(object), "")
    return pd.DataFrame(
        {
            "id": frame["facility_id"].to_numpy(),
            "name": frame["name"].fillna("").to_numpy(),
            "layer": frame["layer"].to_numpy(),
            "lon": frame["lon"].to_numpy(),
            "lat": frame["lat"].to_numpy(),
            "unit_id": unit_ids[study.unit_of_facility],
            "capacity": frame["capacity"].to_numpy(np.float64),
            "used": frame["used"].to_numpy(np.float64),
            "quality": frame["quality"].to_numpy(np.float64),
            "ownership": frame["ownership"].fillna("").to_numpy(),
            "access_m": study.facility_access_m(),
            "people_within": within,
            "people_beyond": beyond,
            "load": load,
            **facility_load(study, services),
            "source": frame["source"].to_numpy(),
        }
    )


def unlinked_table(study: Study, services: Sequence[Service]) -> pd.DataFrame:
    """Give unlinked.csv: facilities and inhabited cells that are off the network or cut off on it, with the reason."""
    rows: list[tuple[object, ...]] = [
        ("facility", d.source, d.layer, d.name, np.nan, np.nan, np.nan, d.text) for d in study.dropped
    ]
    off = {row: text for layer in study.config.layers for row, text in study.facilities_off(layer).items()}
    for i in sorted(off):
        f = study.facilities.iloc[i]
        rows.append(("facility", f["facility_id"], f["layer"], f["name"] or "", f["lon"], f["lat"], np.nan, off[i]))
    for cut in cut_off_facilities(study):
        f = study.facilities.iloc[cut.row]
        rows.append(("facility", f["facility_id"], f["layer"], f["name"] or "", f["lon"], f["lat"], np.nan, cut.reason))
    people = study.people_by_cell()
    # A cell that several profiles cannot leave for the same reason is lost once, not once a profile.
    lost: dict[tuple[int, Said], list[str]] = {}
    for service in services:
        why = study.cells_off(service.layer.profile)
        for c in np.flatnonzero((why.code != "") & (people > 0)).tolist():
            reason = why.text(c, study.config.network.max_access_m)
            lost.setdefault((c, reason), []).append(service.layer.id)
        for cut in cut_off_cells(study, service.layer):
            lost.setdefault((cut.row, cut.reason), []).append(service.layer.id)
    names, lon, lat = study.cells.names, study.cells.lon, study.cells.lat
    # Nor twice where its pieces in two units start at places of their own: it stands there with its first one.
    cells: dict[tuple[str, str, Said], tuple[int, float]] = {}
    for (start, reason), layers in sorted(lost.items()):
        first, heads = cells.get(key := (names[start], ";".join(layers), reason), (start, 0.0))
        cells[key] = (first, heads + float(people[start]))
    for (cell, layer, reason), (first, heads) in cells.items():
        rows.append(("cell", cell, layer, "", lon[first], lat[first], heads, reason))
    return pd.DataFrame(rows, columns=["kind", "id", "layer", "name", "lon", "lat", "people", "reason"]).astype(
        {"lon": np.float64, "lat": np.float64, "people": np.float64}
    )
