"""A district's outline where no file has one: the area of the street file that is meant, or a box to begin with."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import shapely

from circle15.files.door import settled_path
from circle15.inputs.osm.features import data_extent, read_areas
from circle15.inputs.osm.file import is_osm_file

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    import numpy.typing as npt

_DISTRICT_LEVEL = 6  # admin_level of counties and districts in China (wiki.openstreetmap.org, Key:admin_level)
_HELD = 0.5  # of the points of the other files
_WHOLE = 0.98  # of a district that its streets cover, of a street that lies in it
_MARGIN_DEG = 0.005
_MOST_BOX_DEG = 2.0
_NAMES_SHOWN = 12
_LEVEL = re.compile(r"\d{1,2}", re.ASCII)
_SELECTABLE = re.compile(r'[^,;|=!"*\\]+')  # a name that can stand in a selection of tags


@dataclass(frozen=True, slots=True)
class AreaGuess:
    """What the street file offers as a district's outline, to be confirmed."""

    boundary: str | None  # "osm:admin_level=6,name=..."
    name: str
    units: str | None  # "osm:admin_level=8", where such areas make up the whole district
    why: str  # in Chinese and English, for a comment
    box: str | None  # "box:W,S,E,N" around the points of the tables, where no area is told


def area_in_extract(network: Path, folder: Path, points: Sequence[tuple[float, float]]) -> AreaGuess:
    """Choose the area of the street file that a folder of files is about.

    It is the one that the folder is named after, else of those that hold most of the tables' points (where there are
    none: the middle of the file) a district's (admin_level 6), else the smallest that smaller ones make up, or the only
    one of the file that they do.

    Raises
    ------
    InputError
        If the street file cannot be read.
    """
    places = np.array(points, dtype=np.float64).reshape(-1, 2)
    box = _box_around(places)
    if not is_osm_file(network):
        return AreaGuess(None, "", None, "", box)
    areas = read_areas(network, "boundary=administrative")
    areas = areas[areas.geometry.notna()].reset_index(drop=True)
    areas = areas[[bool(_LEVEL.fullmatch(level)) for level in areas["admin_level"]]].reset_index(drop=True)
    if not len(areas):
        return AreaGuess(None, "", None, "", box)
    areas = areas.assign(level=areas["admin_level"].astype(int), called=[t.get("name", "") for t in areas["tags"]])
    told = areas[areas["called"] != ""].sort_values("level", kind="stable")
    shown = [f"{called} ({level})" for called, level in zip(told["called"], told["level"], strict=True)]
    more = f" … ({len(shown)})" if len(shown) > _NAMES_SHOWN else ""
    of = f"文件中有 the file has: {'、'.join(shown[:_NAMES_SHOWN])}{more}"
    chosen, why = _chosen(areas, settled_path(folder).name, places, network)
    if chosen is None:
        return AreaGuess(None, "", None, of, box)
    area = areas.loc[chosen]
    units = _made_up_of(areas, chosen)
    return AreaGuess(
        boundary=f"osm:admin_level={area['level']},name={area['called']}",
        name=area["name"],
        units=None if units is None else f"osm:admin_level={units}",
        why=f"{why}; {of}",
        box=None,
    )


def _chosen(areas: Any, folder: str, places: npt.NDArray[np.float64], network: Path) -> tuple[int | None, str]:
    """Give the row of the area that is meant, and what speaks for it."""
    selectable = [i for i in areas.index if _SELECTABLE.fullmatch(areas.at[i, "called"])]
    named = [i for i in selectable if areas.at[i, "called"] in folder or areas.at[i, "name"] in folder]
    if len(set(areas.loc[named, "name"])) == 1:
        best = max(named, key=lambda i: (areas.at[i, "level"] == _DISTRICT_LEVEL, areas.at[i, "level"]))
        return best, "文件夹之名 as the folder"
    why = "其他文件的点多在其内 most points of the other files lie in it"
    if not len(places):
        places = shapely.get_coordinates(data_extent(network).centroid)
        why = "路网文件的中部 in the middle of the street file"
    sound = shapely.make_valid(areas.geometry.to_numpy())
    held = np.array([shapely.contains_xy(area, places).mean() for area in sound])
    inside = [i for i in selectable if held[i] > _HELD]
    districts = [i for i in inside if areas.at[i, "level"] == _DISTRICT_LEVEL]
    rest = sorted(
        (i for i in inside if _made_up_of(areas, i) is not None),
        key=lambda i: (areas.geometry[i].area, -areas.at[i, "level"]),
    )
    if districts or rest:
        return (districts or rest)[0], why
    whole = [i for i in selectable if _made_up_of(areas, i) is not None]
    return (whole[0], "只有它的下一级齐全 the only one that smaller ones make up") if len(whole) == 1 else (None, "")


def _made_up_of(areas: Any, i: int) -> int | None:
    """Give the admin_level of the areas that make up an area wholly, the first below its own; None where none do."""
    whole = shapely.make_valid(areas.geometry[i])
    for level in sorted({v for v in areas["level"] if v > areas.at[i, "level"]}):
        parts = shapely.make_valid(areas.geometry[areas["level"] == level].to_numpy())
        parts = parts[shapely.intersects(parts, whole)]
        inside = parts[shapely.area(shapely.intersection(parts, whole)) > _WHOLE * shapely.area(parts)]
        if len(inside) > 1 and shapely.union_all(inside).area > _WHOLE * whole.area:
            return int(level)
    return None


def _box_around(places: npt.NDArray[np.float64]) -> str | None:
    """Give a box around nearly all points, None where they are none or lie too far apart to be of one district."""
    if not len(places):
        return None
    (west, south), (east, north) = np.percentile(places, [1, 99], axis=0)
    if max(east - west, north - south) > _MOST_BOX_DEG:
        return None
    sides = (west - _MARGIN_DEG, south - _MARGIN_DEG, east + _MARGIN_DEG, north + _MARGIN_DEG)
    return "box:" + ",".join(f"{v:.3f}" for v in sides)
