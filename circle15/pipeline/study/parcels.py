"""Places that could be built on, and lists of planned projects: cells, or the rows of a table."""

from __future__ import annotations

import logging
from dataclasses import dataclass, fields
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt
import shapely

from circle15.errors import InputError, Problem
from circle15.inputs.facilities.outlines import read_places
from circle15.inputs.ground.cells import COORDINATE_DECIMALS, piece_of_points
from circle15.inputs.ground.polygons import read_polygons
from circle15.inputs.tables.import_report import REASONS
from circle15.inputs.tables.values import ValueReader, open_table
from circle15.network.linking.link import link
from circle15.pipeline.study.parcel_rows import NOT_DECIDED, read_parcel_rows
from circle15.said import Said

if TYPE_CHECKING:
    from circle15.config.layer import LayerTable
    from circle15.config.model import Config
    from circle15.network.linking.linkage import Linkage
    from circle15.pipeline.study.study import Study

logger = logging.getLogger(__name__)

FloatArray = npt.NDArray[np.float64]
Texts = npt.NDArray[np.object_]


@dataclass(frozen=True, slots=True)
class Parcels:
    """Places of a table or the district's cells, unlinked."""

    name: Texts  # (n,) "" for cells
    layer: Texts  # (n,) layer id, "" = any
    cell: Texts  # (n,) H3 index of the place, "" outside the district
    lon: FloatArray  # (n,) degrees WGS-84, to a centimetre
    lat: FloatArray
    cost: FloatArray  # (n,) 万元, NaN = not stated
    capacity: FloatArray  # (n,) in the layer's unit, NaN = not stated
    unit: npt.NDArray[np.int64]  # (n,) row of the district's units, -1 outside
    project: npt.NDArray[np.int64]  # (n,) what is built at once, one number for all services of a row
    whole_cost: FloatArray  # (n,) 万元 of the project with all its services, NaN = not stated
    first_year: FloatArray  # (n,) earliest year, NaN = not stated
    decided: npt.NDArray[np.int64]  # (n,) as in `parcel_rows.ParcelRows`
    id: Texts  # (n,) of the project in its table, "" = not stated

    def __len__(self) -> int:
        return len(self.lon)

    def take(self, rows: npt.NDArray[np.integer | np.bool_]) -> Parcels:
        """Give some of the places, in the order asked for."""
        return Parcels(*(getattr(self, f.name)[rows] for f in fields(self)))

    def of_layer(self, layer_id: str) -> Parcels:
        """Give the places for a layer, those of any layer included."""
        return self.take(np.flatnonzero((self.layer == layer_id) | (self.layer == "")))

    def linked(self, study: Study, profile: str) -> Linkage:
        """Link the places to the streets that ``profile`` may walk, as facilities are."""
        limit = study.config.network.max_access_m
        return link(study.network, self.lon, self.lat, max_access_m=limit, profile=profile)


def candidates_of(study: Study) -> Parcels:
    """Give the places that could be built on: the config's table, else the starts of the district's cells.

    Places within the config's ``forbidden`` areas are left out, and told of in the log.

    Raises
    ------
    InputError
        If a file cannot be used.
    """
    planning = study.config.planning
    if planning.candidates is None:
        return cells_as_candidates(study)
    found = read_parcels(study, planning.candidates)
    is_free = free_of_forbidden(study, found)
    logger.info("%d of %d candidates lie in forbidden areas", (~is_free).sum(), len(found))
    return found.take(np.flatnonzero(is_free))


def cells_as_candidates(study: Study) -> Parcels:
    """Give the starts of the district's cells as places that could be built on, forbidden areas left out."""
    found = parcels_at(study, study.cells.lon, study.cells.lat)
    found = found.take(np.flatnonzero(found.unit >= 0))
    return found.take(np.flatnonzero(free_of_forbidden(study, found)))


def free_of_forbidden(study: Study, places: Parcels) -> npt.NDArray[np.bool_]:
    """Tell which places lie in none of the config's ``forbidden`` areas, bool (n,).

    Raises
    ------
    InputError
        If the areas cannot be read.
    """
    planning = study.config.planning
    if planning.forbidden is None:
        return np.ones(len(places), dtype=np.bool_)
    areas = read_polygons(
        planning.forbidden,
        key="planning.forbidden",
        osm_path=study.config.streets_file,
        resolve=study.config.resolve,
        names_in=study.config.district.lang,
    )
    whole = shapely.union_all(areas.frame.geometry.to_numpy())
    shapely.prepare(whole)
    return np.asarray(~shapely.intersects_xy(whole, places.lon, places.lat), dtype=np.bool_)


def read_parcels(study: Study, name: str) -> Parcels:
    """Read places from a table: coordinates, and where it has them name, layer, cost (万元) and capacity.

    Raises
    ------
    InputError
        If the file cannot be read, a row has no usable place or says the same as another, a layer is not one of the
        config's, a cost is no amount above 0 or a capacity no number; names every row.
    """
    planning = study.config.planning
    reader = open_parcels(study.config, name)
    table, places = reader.table, read_places(reader, planning, key="planning")
    names = reader.text(reader.column_of("name", planning.name_field))
    rows, problems = read_parcel_rows(reader, planning, layer_ids(study.config))
    problems += reader.unread_cells()
    order = np.argsort(rows.row, kind="stable")
    of_row = np.split(order, np.searchsorted(rows.row[order], np.arange(1, len(names))))[: len(names)]
    # One parcel may stand there with several sizes or for several services.
    keys = [
        (name, lon, lat, *rows.layer[own].tolist(), rows.cost[own].tobytes(), rows.capacity[own].tobytes())
        for name, lon, lat, own in zip(names, places.lon.tolist(), places.lat.tolist(), of_row, strict=True)
    ]
    first: dict[tuple[object, ...], int] = {}
    for i, row in enumerate(table.row.tolist()):
        earlier = first.setdefault(keys[i], row)
        if earlier != row and places.reason[i] is None:
            message = Said(f"与第 {earlier} 行相同，请留其一", f"the same as row {earlier}; keep one of them")
            problems.append(Problem(message, file=table.file, row=row, value=names[i]))
        if places.reason[i] is not None:
            why = REASONS[str(places.reason[i])]
            message = Said(f"位置不可用（{why.zh}）", f"has no usable place ({places.reason[i]})")
            problems.append(Problem(message, file=table.file, row=row))
    InputError.gather(problems)
    return parcels_at(
        study,
        places.lon.round(COORDINATE_DECIMALS)[rows.row],
        places.lat.round(COORDINATE_DECIMALS)[rows.row],
        name=np.array(names, dtype=object)[rows.row],
        layer=rows.layer,
        cost=rows.cost,
        capacity=rows.capacity,
        project=rows.row,
        whole_cost=rows.whole_cost,
        first_year=rows.first_year,
        decided=rows.decided,
        id=rows.id,
    )


def open_parcels(config: Config, name: str) -> ValueReader:
    """Open a table of places."""
    planning = config.planning
    fields = (planning.name_field, planning.lon_field, planning.lat_field, planning.cost_field, planning.capacity_field)
    stated = (*fields, planning.layer_field)
    return open_table(config.resolve(name), headings=config.headings, key="planning", kind="projects", stated=stated)


def new_capacity(study: Study, layer: LayerTable, stated: FloatArray) -> FloatArray:
    """Give new facilities' capacities: stated, else the config's for the layer, else the median of the existing ones.

    NaN where no existing facility of the layer states one.
    """
    usual = study.config.planning.new_capacity.get(layer.id)
    if usual is None:
        existing = study.facilities["capacity"].to_numpy(np.float64)[study.rows_of(layer.id)]
        existing = existing[existing > 0]
        usual = float(np.median(existing)) if len(existing) else float("nan")
    return np.where(np.isnan(stated), usual, stated)


def capacity_sources(study: Study, layer: LayerTable, stated: FloatArray) -> Texts:
    """Say where the capacity of each new facility came from, as `new_capacity` gives it; "" where it has none."""
    usual = study.config.planning.new_capacity.get(layer.id)
    existing = study.facilities["capacity"].to_numpy(np.float64)[study.rows_of(layer.id)]
    n = int((existing > 0).sum())
    if usual is not None:
        other: Said | str = Said("配置 [planning.new_capacity]", "config [planning.new_capacity]")
    else:
        other = Said(f"现有 {n} 处的中位数", f"median of the {n} that exist") if n else ""
    table = Said("表中填写", "stated in the table")
    return np.array([other if np.isnan(value) else table for value in stated], dtype=object)


def parcels_at(study: Study, lon: FloatArray, lat: FloatArray, **said: npt.NDArray[Any]) -> Parcels:
    """Give places with what is ``said`` of them by the names of `Parcels`, and nothing for what is not."""
    n = len(lon)
    piece = piece_of_points(study.cells.pieces, lon, lat)
    cells = np.append(study.cells.pieces["cell"].to_numpy(object), "")
    units = np.append(study.unit_of_piece, -1)
    unknown: dict[str, npt.NDArray[Any]] = {
        "name": np.full(n, "", dtype=object),
        "layer": np.full(n, "", dtype=object),
        "cost": np.full(n, np.nan),
        "capacity": np.full(n, np.nan),
        "project": np.arange(n),
        "whole_cost": np.full(n, np.nan),
        "first_year": np.full(n, np.nan),
        "decided": np.full(n, NOT_DECIDED),
        "id": np.full(n, "", dtype=object),
    }
    return Parcels(lon=lon, lat=lat, cell=cells[piece], unit=units[piece], **(unknown | said))


def layer_ids(config: Config) -> dict[str, str]:
    """Give the layer that each id and each name stands for."""
    return {text: layer.id for layer in config.layers for text in (layer.name, layer.id)}
