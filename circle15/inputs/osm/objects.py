"""OSM objects that match tag selections, one by one, closed ways and multipolygon relations as areas."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import osmium
import shapely

from circle15.files.digests import identity_of, is_just_changed
from circle15.inputs.geofiles.tangles import is_tangled
from circle15.inputs.osm.edited import uploaded_form
from circle15.inputs.osm.file import new_location_index, osm_errors
from circle15.inputs.osm.shapes import MIN_RING, areal
from circle15.inputs.osm.tag_filter import TagFilter

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    import numpy.typing as npt


OsmObject = tuple[str, dict[str, str], str | None, list[str]]
"""Id, tags, geometry as hex WKB (None where the file does not hold it whole), ways of the outline."""


def matching_objects(
    path: str | Path, chosen: TagFilter | Sequence[TagFilter], *, only_relations: bool = False
) -> Iterator[OsmObject]:
    """Give each object that matches one of the selections, closed ways and multipolygon relations as areas."""
    filters = (chosen,) if isinstance(chosen, TagFilter) else tuple(chosen)
    keys = osmium.filter.KeyFilter(*sorted({key for f in filters for key in f.wanted}))
    with osm_errors(path), uploaded_form(path) as file:
        stream = osmium.FileProcessor(str(file)).with_locations(new_location_index(file)).with_areas(keys)
        if not any("type" in f.wanted for f in filters):  # areas have lost that tag
            stream = stream.with_filter(keys)
        if only_relations:
            ids = [o.id for o in osmium.FileProcessor(str(file), osmium.osm.RELATION).with_filter(keys)]
            if not ids:
                return
            # libosmium numbers areas of relations 2 id + 1, those of closed ways 2 id.
            of_relations = osmium.filter.IdFilter([2 * i + 1 for i in ids])
            of_relations.enable_for(osmium.osm.AREA)
            kinds = osmium.filter.EntityFilter(osmium.osm.RELATION | osmium.osm.AREA)
            stream = stream.with_filter(kinds).with_filter(of_relations)
        yield from _matching(stream, filters)


@dataclass(frozen=True, slots=True)
class PlacedObjects:
    """Objects with their geometries."""

    objects: list[OsmObject]
    geometry: npt.NDArray[np.object_]  # (n_objects,) None where the file does not hold one whole


_kept: dict[tuple[object, ...], PlacedObjects] = {}
MOST_KEPT = 50_000
"""Objects that are kept for the next reader, some kilobyte each."""


def placed_objects(path: str | Path, chosen: Sequence[TagFilter]) -> PlacedObjects:
    """Give each object that matches one of the selections: one after another, a process's districts ask for the same.

    What was read last is kept, and given again while file and selections are the same. Nobody may change it.
    """
    try:
        known = identity_of(Path(path))
    except OSError:  # whoever reads it says what is wrong
        known = None
    key = (str(path), known, tuple(chosen))
    if key in _kept:
        return _kept[key]
    objects = list(matching_objects(path, chosen))
    found = PlacedObjects(objects, to_geometries([geometry for _, _, geometry, _ in objects]))
    _kept.clear()
    if len(objects) <= MOST_KEPT and known is not None and not is_just_changed(known):
        _kept[key] = found
    return found


def _matching(stream: Any, filters: Sequence[TagFilter]) -> Iterator[OsmObject]:
    """Match tags; ways and relations wait for the area that may be made of them, or find it there already.

    An area comes as soon as its last way is read, in a large file well before its relation.
    """
    wkb = osmium.geom.WKBFactory()
    waiting: dict[str, OsmObject] = {}
    early: dict[str, OsmObject] = {}
    wanted = [item for f in filters for item in f.wanted.items()]
    for o in stream:
        osm_id = f"{'w' if o.from_way() else 'r'}{o.orig_id()}" if o.is_area() else f"{o.type_str()}{o.id}"
        if osm_id in waiting:
            # The area lacks the relation's tag `type`, so that the verdict on the relation itself stands.
            _, tags, line, outline = waiting.pop(osm_id)
            yield osm_id, tags, _wkb(wkb.create_multipolygon, o) or line, outline
            continue
        # Most objects have one of the keys with another value: those are passed by before all tags are copied.
        if not any(_may_match(o.tags.get(key), values) for key, values in wanted):
            continue
        tags = {tag.k: tag.v for tag in o.tags}
        if any(f.matches(tags) for f in filters):
            if o.is_node():
                yield osm_id, tags, _wkb(wkb.create_point, o), []
            elif o.is_way():
                waiting[osm_id] = osm_id, tags, _wkb(wkb.create_linestring, o.nodes), []
            elif o.is_relation():
                outline = [f"w{m.ref}" for m in o.members if m.type == "w" and m.role in ("", "outer")]
                area = early.pop(osm_id, None)
                if area is None:
                    waiting[osm_id] = osm_id, tags, None, outline
                else:
                    yield osm_id, tags, area[2], outline
            else:
                early[osm_id] = osm_id, tags, _wkb(wkb.create_multipolygon, o), []
    yield from early.values()
    yield from waiting.values()


def _may_match(value: str | None, values: frozenset[str] | None) -> bool:
    return value is not None and (values is None or value in values or ";" in value)


def _wkb(create: Any, o: Any) -> str | None:
    try:
        return str(create(o))
    except (RuntimeError, osmium.InvalidLocationError):  # a ring that does not close; a node that is not in the file
        return None


def to_geometries(hex_wkb: Sequence[str | None]) -> Any:
    """Read geometries; one polygon alone is no multipolygon, a closed way without an area is repaired to one."""
    geometry = shapely.from_wkb(np.array([*hex_wkb, None], dtype=object))[:-1]
    single = shapely.get_num_geometries(geometry) == 1
    geometry[single] = shapely.get_geometry(geometry[single], 0)
    is_line = shapely.get_type_id(geometry) == shapely.GeometryType.LINESTRING
    for i in np.flatnonzero(is_line & shapely.is_closed(geometry) & (shapely.get_num_points(geometry) >= MIN_RING)):
        ring = shapely.Polygon(geometry[i].coords)
        repaired = ring if is_tangled(ring) else areal(shapely.make_valid(ring))
        if repaired.is_valid and not repaired.is_empty:
            geometry[i] = repaired
    return geometry
