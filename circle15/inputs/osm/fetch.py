"""OpenStreetMap data of a place, fetched through OSMnx: the one part of circle15 that uses the internet."""

from __future__ import annotations

import json
from contextlib import contextmanager, suppress
from pathlib import Path
from threading import Event, Thread
from typing import TYPE_CHECKING, Any

import osmium
import shapely

from circle15.errors import InputError, Problem
from circle15.files.held_folders import held_folder
from circle15.inputs.geofiles.vectors import read_vector
from circle15.inputs.osm.osm_writing import osm_writer
from circle15.inputs.osm.shapes import areal, sound
from circle15.inputs.tables.file_guards import check_file
from circle15.said import Said

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

FETCHED_TAGS: dict[str, bool | str | list[str]] = {
    "highway": True,
    "building": True,
    "amenity": True,
    "leisure": True,
    "healthcare": True,
    "social_facility": True,
    "shop": True,
    "sport": True,
    "barrier": True,
    "entrance": True,
    "man_made": "pier",
    "railway": "platform",
    "admin_level": ["6", "7", "8", "9", "10"],
}
"""What streets, layers, buildings and districts are read from. Not provinces and countries, which would come whole."""

_ANSWER_S = 6.0
_HOW_ELSE = Said(
    "请改用已下载的数据：任何超出区界两公里的 .osm.pbf，写为 network.source",
    "use a downloaded extract instead: any .osm.pbf that reaches two kilometres beyond the district, as network.source",
)


def place_polygon(place: str, *, nominatim: str | None = None) -> Any:
    """Give the polygon of a place: "west,south,east,north" in degrees, a polygon file, or a name that Nominatim knows.

    Raises
    ------
    InputError
        If the place is not found, or the internet is not there.
    """
    numbers = place.split(",")
    if len(numbers) == 4 and all(_is_number(n) for n in numbers):  # noqa: PLR2004 (the sides of a box)
        west, south, east, north = (float(n) for n in numbers)
        if not (-180 <= west < east <= 180 and -90 <= south < north <= 90):  # noqa: PLR2004 (the globe)
            raise InputError(
                Problem(Said("矩形应写 西,南,东,北（度）", "a box is west,south,east,north in degrees"), value=place)
            )
        return shapely.box(west, south, east, north)
    if Path(place).suffix.lower() in {".geojson", ".gpkg", ".shp", ".json"}:
        return _polygon_of_file(Path(place))
    with _osmnx(nominatim=nominatim, asks_names=True) as (ox, _cache):
        try:
            found = ox.geocode_to_gdf(place)
        except TypeError as e:  # what OSMnx says where the best match is a point
            raise InputError(
                Problem(
                    Said(f"Nominatim 没有这个名称的区域（{e}）", f"Nominatim knows no area of this name ({e})"),
                    value=place,
                )
            ) from e
    return areal(shapely.union_all(found.geometry.to_numpy()))


def fetch_osm(polygon: Any, path: Path, *, overpass: str | None = None) -> dict[str, int]:
    """Fetch the OpenStreetMap objects within ``polygon`` that circle15 reads, and write them as an OSM file.

    Parameters
    ----------
    polygon
        Shapely geometry, degrees WGS-84; the buffer is the caller's.
    path
        ``.osm.pbf`` or ``.osm``; written beside and renamed by the caller.
    overpass
        Address of an Overpass API; OSMnx's default otherwise.

    Returns
    -------
    dict
        Number of ``nodes``, ``ways`` and ``relations`` written.

    Raises
    ------
    InputError
        If the server cannot be reached or has nothing there.
    """
    with _osmnx(overpass=overpass) as (ox, cache):
        ox.settings.cache_only_mode = True  # only download: the raw answers are what is written
        try:
            ox.features_from_polygon(polygon, FETCHED_TAGS)
        except ox._errors.CacheOnlyInterruptError:  # noqa: SLF001 (documented, but not exported)
            answers = [json.loads(p.read_text(encoding="utf-8")) for p in sorted(cache.glob("*.json"))]
    elements = {(e["type"], e["id"]): e for a in answers for e in a.get("elements", ())}
    if not any(kind == "way" for kind, _ in elements):
        raise InputError(
            Problem(
                Said("OpenStreetMap 在该处没有道路", "OpenStreetMap has no streets there"), value=str(polygon.bounds)
            )
        )
    return _write(elements.values(), path)


def _write(elements: Iterable[dict[str, Any]], path: Path) -> dict[str, int]:
    kinds = ("node", "way", "relation")
    ordered = sorted(elements, key=lambda e: (kinds.index(e["type"]), e["id"]))
    mutable = osmium.osm.mutable
    with osm_writer(path, path.parent, overwrite=True) as writer:
        for e in ordered:
            shared = {"id": e["id"], "tags": e.get("tags", {}), "version": e.get("version", 1)}
            if e["type"] == "node":
                writer.add_node(mutable.Node(location=(e["lon"], e["lat"]), **shared))
            elif e["type"] == "way":
                writer.add_way(mutable.Way(nodes=e["nodes"], **shared))
            else:
                members = [(m["type"][0], m["ref"], m.get("role", "")) for m in e["members"]]
                writer.add_relation(mutable.Relation(members=members, **shared))
    return {f"{kind}s": sum(e["type"] == kind for e in ordered) for kind in kinds}


@contextmanager
def _osmnx(
    *, overpass: str | None = None, nominatim: str | None = None, asks_names: bool = False
) -> Iterator[tuple[Any, Path]]:
    """Yield OSMnx with a cache folder of its own and these addresses; its settings are put back afterwards."""
    import osmnx as ox  # noqa: PLC0415 (only fetching needs it)
    import requests  # noqa: PLC0415 (OSMnx's own client; only for its exceptions)

    names = ("cache_folder", "use_cache", "cache_only_mode", "overpass_url", "nominatim_url", "overpass_rate_limit")
    before = {name: getattr(ox.settings, name) for name in names}
    with held_folder() as folder:
        ox.settings.cache_folder, ox.settings.use_cache = str(folder), True
        if overpass is not None:
            ox.settings.overpass_url, ox.settings.overpass_rate_limit = overpass, False
        if nominatim is not None:
            ox.settings.nominatim_url = nominatim
        try:
            _require_answer(ox.settings.nominatim_url if asks_names else ox.settings.overpass_url)
            yield ox, folder
        except (requests.exceptions.ConnectionError, requests.exceptions.Timeout) as e:
            raise InputError(
                Problem(
                    Said(
                        f"无法连接 OpenStreetMap 服务器；{_HOW_ELSE.zh}",
                        f"no connection to OpenStreetMap's servers; {_HOW_ELSE.en}",
                    )
                )
            ) from e
        except (requests.exceptions.RequestException, ox._errors.ResponseStatusCodeError) as e:  # noqa: SLF001 (as above)
            raise InputError(
                Problem(
                    Said(
                        f"OpenStreetMap 服务器返回错误（{e}）；{_HOW_ELSE.zh}",
                        f"OpenStreetMap's server answered with an error ({e}); {_HOW_ELSE.en}",
                    )
                )
            ) from e
        except ox._errors.InsufficientResponseError as e:  # noqa: SLF001 (as above)
            raise InputError(
                Problem(Said(f"OpenStreetMap 没有相关内容（{e}）", f"OpenStreetMap knows nothing of that ({e})"))
            ) from e
        finally:
            for name, value in before.items():
                setattr(ox.settings, name, value)


def _require_answer(url: str) -> None:
    """See that a server answers at all, whatever it says, before OSMnx waits a minute for its status, or three for it.

    Raises
    ------
    requests.exceptions.ConnectionError
        Where none does within `_ANSWER_S` seconds; looking up its name is waited for no longer either.
    """
    import requests  # noqa: PLC0415 (as above)

    answered = Event()

    def ask() -> None:
        with suppress(requests.exceptions.RequestException):
            requests.head(url, timeout=_ANSWER_S, allow_redirects=False)
            answered.set()
        asked.set()

    asked = Event()
    Thread(target=ask, daemon=True).start()
    asked.wait(_ANSWER_S)
    if not answered.is_set():
        raise requests.exceptions.ConnectionError(url)


def _polygon_of_file(path: Path) -> Any:
    table = read_vector(path, check_file(path))
    if table.geometry is None or table.crs is None:
        raise InputError(Problem(Said("未注明坐标系", "states no coordinate system"), file=str(path)))
    shapes = [sound(shape) for shape in table.geometry.to_crs("EPSG:4326") if shape is not None]
    polygon = areal(shapely.union_all(shapes))
    if polygon.is_empty:
        raise InputError(Problem(Said("没有面", "holds no polygons"), file=str(path)))
    return polygon


def _is_number(text: str) -> bool:
    try:
        float(text)
    except ValueError:
        return False
    return True
