"""Places that could be built on, and lists of planned projects: cells, or the rows of a table."""

from __future__ import annotations

import logging
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt
import shapely

from circle15.errors import InputError, Problem
from circle15.inputs.facilities.outlines import read_places
from circle15.inputs.ground.cells import COORDINATE_DECIMALS, piece_of_points
from circle15.inputs.ground.polygons import read_polygons
from circle15.inputs.tables.headings import split_heading
from circle15.inputs.tables.numbers import parse_number
from circle15.inputs.tables.values import ValueReader, open_table
from circle15.network.linking.link import link

if TYPE_CHECKING:
    from circle15.config.layer import LayerTable
    from circle15.config.model import Config
    from circle15.config.planning import PlanningTable
    from circle15.inputs.tables.reading import Table
    from circle15.network.linking.linkage import Linkage
    from circle15.pipeline.study.study import Study

logger = logging.getLogger(__name__)

FloatArray = npt.NDArray[np.float64]
Texts = npt.NDArray[np.object_]

_MONEY = {"元": 1e-4, "万元": 1.0, "亿元": 1e4, "万": 1.0, "亿": 1e4}
_MONEY_TEXT = re.compile(r"(?P<number>.*?)(?P<unit>亿元|万元|元|亿|万)\s*$")


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

    def __len__(self) -> int:
        return len(self.lon)

    def take(self, rows: npt.NDArray[np.integer | np.bool_]) -> Parcels:
        """Give some of the places, in the order asked for."""
        names = ("name", "layer", "cell", "lon", "lat", "cost", "capacity", "unit")
        return Parcels(*(getattr(self, n)[rows] for n in names))

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
    if planning.candidates is not None:
        found = read_parcels(study, planning.candidates)
    else:
        cells = study.cells
        found = _parcels(study, cells.lon, cells.lat)
        found = found.take(np.flatnonzero(found.unit >= 0))
    if planning.forbidden is None:
        return found
    source = study.config.resolve(study.config.network.source)
    areas = read_polygons(
        planning.forbidden,
        key="planning.forbidden",
        osm_path=source,
        resolve=study.config.resolve,
        names_in=study.config.district.lang,
    )
    whole = shapely.union_all(areas.frame.geometry.to_numpy())
    shapely.prepare(whole)
    is_free = ~shapely.intersects_xy(whole, found.lon, found.lat)
    logger.info("%d of %d candidates lie in forbidden areas", (~is_free).sum(), len(found))
    return found.take(np.flatnonzero(is_free))


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
    layers = reader.text(reader.column_of("layer", planning.layer_field))
    cost, problems = _costs(table, reader.column_of("cost", planning.cost_field))
    capacity = reader.numbers(_capacity(reader, planning))
    problems += reader.unread_cells()
    # One parcel may stand there with several sizes or for several services.
    keys = list(
        zip(names, layers, places.lon.tolist(), places.lat.tolist(), map(str, cost), map(str, capacity), strict=True)
    )
    first: dict[tuple[object, ...], int] = {}
    ids = _layer_ids(study)
    for i, row in enumerate(table.row.tolist()):
        earlier = first.setdefault(keys[i], row)
        if earlier != row and places.reason[i] is None:
            message = f"the same as row {earlier}; keep one of them"
            problems.append(Problem(message, file=table.file, row=row, value=names[i]))
        if places.reason[i] is not None:
            problems.append(Problem(f"has no usable place ({places.reason[i]})", file=table.file, row=row))
        if layers[i] and layers[i] not in ids:
            known = ", ".join(study_layer.id for study_layer in study.config.layers)
            problems.append(
                Problem(f"no such layer; the config has {known}", file=table.file, row=row, value=layers[i])
            )
    InputError.gather(problems)
    return _parcels(
        study,
        places.lon.round(COORDINATE_DECIMALS),
        places.lat.round(COORDINATE_DECIMALS),
        name=np.array(names, dtype=object),
        layer=np.array([ids.get(text, "") for text in layers], dtype=object),
        cost=cost,
        capacity=capacity,
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


def _parcels(
    study: Study,
    lon: FloatArray,
    lat: FloatArray,
    *,
    name: Texts | None = None,
    layer: Texts | None = None,
    cost: FloatArray | None = None,
    capacity: FloatArray | None = None,
) -> Parcels:
    n = len(lon)
    piece = piece_of_points(study.cells.pieces, lon, lat)
    cells = np.append(study.cells.pieces["cell"].to_numpy(object), "")
    units = np.append(study.unit_of_piece, -1)
    blank, unknown = np.full(n, "", dtype=object), np.full(n, np.nan)
    return Parcels(
        name=blank if name is None else name,
        layer=blank if layer is None else layer,
        cell=cells[piece],
        lon=lon,
        lat=lat,
        cost=unknown if cost is None else cost,
        capacity=unknown if capacity is None else capacity,
        unit=units[piece],
    )


def _layer_ids(study: Study) -> dict[str, str]:
    """Give the layer that each id and each name stands for."""
    return {text: layer.id for layer in study.config.layers for text in (layer.name, layer.id)}


def _capacity(reader: ValueReader, planning: PlanningTable) -> str | None:
    stated = planning.capacity_field
    found = [c for k in ("capacity", "places", "beds", "area") if (c := reader.column_of(k, stated)) is not None]
    if len(set(found)) > 1:
        named = ", ".join(f'"{c}"' for c in dict.fromkeys(found))
        message = f'each of {named} may be the capacity; say which: capacity_field = "{found[0]}"'
        raise InputError(Problem(message, file=reader.table.file, key="planning.capacity_field"))
    return found[0] if found else None


def _costs(table: Table, column: str | None) -> tuple[FloatArray, list[Problem]]:
    """Read costs as 万元; a heading or a cell may say 元, 万元 or 亿元."""
    values = np.full(len(table.frame), np.nan)
    problems: list[Problem] = []
    if column is None:
        return values, problems
    usual = _MONEY.get(split_heading(column).unit, 1.0)
    for i, text in enumerate(table.frame[column].astype(str).str.strip().tolist()):
        if not text:
            continue
        match = _MONEY_TEXT.match(text)
        number = parse_number(match["number"] if match else text).value
        values[i] = number * (_MONEY[match["unit"]] if match else usual)
        if not values[i] > 0:
            message = "is no cost: an amount above 0, in 万元 unless the heading or the cell says 元 or 亿元"
            problems.append(Problem(message, file=table.file, row=int(table.row[i]), column=column, value=text))
    return values, problems
