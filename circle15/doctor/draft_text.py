"""A drafted config as text: the commented template, filled in with what was recognised in a folder."""

from __future__ import annotations

import json
import re
from dataclasses import replace
from importlib.resources import files
from typing import TYPE_CHECKING

from circle15.doctor.draft import boundary_text, is_of_many
from circle15.doctor.draft_outlines import system_line
from circle15.doctor.page import text_width
from circle15.files.door import settled_path
from circle15.inputs.facilities.guess import source_text
from circle15.inputs.ground.ids import file_safe
from circle15.pipeline.fit.people_fit import NEAR_HOME_M
from circle15.said import Said

if TYPE_CHECKING:
    from collections.abc import Sequence

    from circle15.doctor.draft import Draft, DraftLayer, SystemGuess
    from circle15.doctor.draft_areas import AreaGuess
    from circle15.inputs.facilities.guess import LayerGuess

CONFIRM = "请核对 please confirm"
_BLOCK = re.compile(r"(?m)^(?=\[)")
_BELOW_BOUNDARY = re.compile(r"(?m)(^boundary = .*\n)(?:[ ]+#.*\n)+(?:# boundary_crs = .*\n)?")
_UNITS_HINTS = re.compile(r"(?m)^# (units|unit_id_field|unit_name_field) = .*\n")
"""What the template explains where nothing is known yet."""
_COMMENT_COLUMN = 43
_NAMES_SHOWN = 12
_SHAPED = (".geojson", ".json", ".gpkg", ".gdb", ".shp", ".zip", ".kml", ".kmz", ".parquet", ".geoparquet")


def template() -> str:
    """Give the commented config that ships."""
    return files("circle15.cli").joinpath("district.toml").read_text(encoding="utf-8")


def draft_text(draft: Draft) -> str:
    """Fill the template in; what was not recognised stays as the template has it."""
    head, *blocks = _BLOCK.split(template())
    by_name = {b.partition("]")[0].strip("["): b for b in blocks if not b.startswith("[[")}
    by_name["district"] = _district(draft, by_name["district"])
    by_name["network"] = _network(draft, by_name["network"])
    by_name["population"] = _population(draft, by_name["population"])
    template_layers = [b for b in blocks if b.startswith("[[")]
    layers = [_layer(layer) for layer in draft.layers] or template_layers
    outputs = by_name.pop("outputs")
    notes = [f"# {_one_line(t)}" for t in draft.also]
    unread = [f"# 未能识别 not recognised: {_one_line(_twice(t))}" for t in draft.unread]
    if notes:
        notes = ["# 另有可用的 also here:", *notes]
    tail = "\n".join([*notes, *unread])
    return "".join([head, *by_name.values(), *layers, outputs]).rstrip() + "\n" + (f"\n{tail}\n" if tail else "")


def summary_lines(draft: Draft) -> list[Said]:
    """Say what was recognised, a line for each file."""
    lines = []
    for said, guess in (
        (Said("{name}：区界，{n} 个面", "{name}: boundary, {n} polygons"), draft.boundary),
        (Said("{name}：街道，{n} 个面", "{name}: units, {n} polygons"), draft.units),
        (Said("{name}：村社，{n} 个面", "{name}: communities, {n} polygons"), draft.communities),
    ):
        if guess is not None:
            lines.append(said.format(name=guess.path.name, n=guess.n_rows))
    if draft.network is not None:
        lines.append(Said("{name}：路网", "{name}: streets").format(name=draft.network.name))
    if draft.people is not None:
        guess = draft.people[0]
        lines.append(
            Said("{name}：人口，{n} 行", "{name}: people, {n} rows").format(name=guess.path.name, n=guess.n_rows)
        )
    if draft.people_raster is not None:
        lines.append(Said("{name}：人口栅格", "{name}: people, a raster").format(name=draft.people_raster.name))
    if draft.area is not None and draft.area.boundary is not None:
        lines.append(Said("{name}：区界", "{name}: the boundary").format(name=draft.area.boundary))
    lines += [
        Said("{name}：栅格，人口或高程，请填写", "{name}: a raster of people or heights: say which").format(name=p.name)
        for p in draft.rasters
    ]
    if draft.homes is not None and not draft.homes.is_enough:
        n, share = f"{draft.homes.n_homes:,}", f"{draft.homes.share:.0%}"
        lines.append(
            Said(
                f"人口：住宅 {n} 栋，只分布在 {share} 的道路沿线，不足以分摊人口，请提供人口表或人口栅格",
                f"people: {n} residential buildings stand along {share} of the streets,"
                " too few to spread people over; give a table or a raster",
            )
        )
    unread = (Said("未能识别：", "not recognised: ") + text for text in draft.unread)
    return [*lines, *map(_layer_line, draft.layers), *unread]


def _twice(said: Said) -> str:
    """Give both sides, as a draft's comments have them."""
    return said.en if said.zh == said.en else f"{said.zh} {said.en}"


def _layer_line(layer: DraftLayer) -> Said:
    """Say what was recognised of one table of facilities."""
    guess, crs = layer.guess, layer.system.crs
    encoding = f", {guess.encoding}" if guess.encoding else ""
    where = f", where {layer.where[0]} = {' | '.join(layer.where[1])}" if layer.where is not None else ""
    system = (
        Said(f"{crs}，请确认", f"{crs} - please confirm") if crs else Said("未能判断，请写明", "not to be told: say it")
    )
    return Said(
        f"{guess.path.name}：服务 {layer.id}（{layer.name}），{guess.n_rows} 行{encoding}，坐标系 {system.zh}{where}",
        f"{guess.path.name}: layer {layer.id} ({layer.name}), {guess.n_rows} rows{encoding},"
        f" coordinates {system.en}{where}",
    )


def _district(draft: Draft, block: str) -> str:
    name = settled_path(draft.folder).name
    if draft.boundary is not None and draft.boundary.n_rows == 1 and draft.boundary.names[0]:
        name = draft.boundary.names[0]
    if draft.feature is not None:
        name = draft.feature[0]
    block = _set(block, "id", file_safe(settled_path(draft.folder).name) or "my-district")
    block = _set(block, "name", name, f"{CONFIRM}; printed on maps and tables")
    if draft.area is not None:
        block = _from_extract(draft.area, block)
    ground = draft.boundary or draft.units
    if ground is not None:
        # The template explains its own boundary on the lines below it.
        block = _BELOW_BOUNDARY.sub(r"\1", block)
        why = "" if draft.boundary is not None else "; 各街道之并 the units together"
        if draft.feature is not None:
            why = f"; {draft.feature[1]}"
        elif draft.boundary is not None and is_of_many(draft.boundary):
            why = f"; 请写明哪一个 say which: {'、'.join(draft.boundary.names[:_NAMES_SHOWN])}"
        block = _set(block, "boundary", boundary_text(draft) or source_text(ground), CONFIRM + why)
        of = "boundary" if draft.boundary is not None else "units"
        block = re.sub(r"(?m)(^boundary = .*\n)", lambda m: m[1] + "".join(_system(draft, of, "boundary")), block)
    if draft.units is not None:
        lines = [_line("units", source_text(draft.units), CONFIRM), *_system(draft, "units", "units")]
        lines += [
            _line(key, draft.units.columns[f])
            for key, f in (("unit_id_field", "unit_code"), ("unit_name_field", "name"))
            if f in draft.units.columns
        ]
        block = _UNITS_HINTS.sub("", block)
        block = block.replace("lang = ", "".join(lines) + "lang = ", 1)
    if draft.communities is not None:
        lines = [_line("communities", source_text(draft.communities), CONFIRM)]
        lines += _system(draft, "communities", "communities")
        block = block.replace("lang = ", "".join(lines) + "lang = ", 1)
    return block


def _from_extract(area: AreaGuess, block: str) -> str:
    """Fill in the area of the street file that is meant, else offer in comments what there is."""
    if area.boundary is None:
        offers = [f"# {_one_line(area.why)}\n"] if area.why else []
        if area.box is not None:
            around = "请核对 please confirm: 各表点位的范围 around the points of the tables"
            offers.append("# " + _line("boundary", area.box, around))
        return block.replace("boundary = ", "".join(offers) + "boundary = ", 1)
    block = _BELOW_BOUNDARY.sub(r"\1", block)
    block = _set(block, "name", area.name, f"{CONFIRM}; printed on maps and tables")
    block = _set(block, "boundary", area.boundary, f"{CONFIRM}; {area.why}")
    if area.units is not None:
        block = _UNITS_HINTS.sub("", block)
        block = block.replace("lang = ", _line("units", area.units, CONFIRM) + "lang = ", 1)
    return block


def _system(draft: Draft, measured: str, key: str) -> list[str]:
    """Give the line on an outline's system; what is not certain enough to run with stands in a comment."""
    detection, guess = draft.systems.get(measured), getattr(draft, measured)
    said = system_line(detection) if detection is not None else None
    if said is not None:
        system, why, is_sure = said
        comment = "" if is_sure else "# "
        return [f"# {_one_line(why)}\n", comment + _line(f"{key}_crs", system, CONFIRM)]
    if guess.crs is None:
        ask = "请填写 please say: gcj02 (高德 Amap, DataV), bd09 (百度 Baidu), wgs84, cgcs2000, EPSG:n"
        return ["# " + _line(f"{key}_crs", "gcj02", ask)]
    return []


def _network(draft: Draft, block: str) -> str:
    if draft.network is None:
        return block
    block = _set(block, "source", draft.network.name, f"{CONFIRM}; must reach beyond the border by buffer_m")
    if draft.elevation is not None:
        block = block.rstrip() + "\n" + _line("elevation", draft.elevation.name, CONFIRM) + "\n"
    return block


def _population(draft: Draft, block: str) -> str:
    if draft.people is not None:
        guess, system = draft.people
        is_points = guess.looks != "nothing"
        lines = ["[population]\n", _line("source", "points" if is_points else "units", CONFIRM)]
        lines += [_line("path", source_text(guess)), _line("value_field", guess.columns["people"], CONFIRM)]
        if is_points:
            # Places of people are the middles of cells or estates, of which the streets tell too little.
            lines += _coordinates(guess, system if system.crs == guess.crs else replace(system, is_sure=False, why=""))
        else:
            unit = guess.columns.get("unit_code") or guess.columns["street"]
            lines.append(_line("unit_field", unit))
        if guess.latest_year is not None:
            heading, year = guess.latest_year
            lines.append(_where(heading, (year,), f"{CONFIRM}; 本表含多个年份 the table holds several years"))
        others = [h for h in guess.headings if re.search(r"岁|age|p\d", h) and h != guess.columns["people"]]
        if others:
            listed = _one_line(", ".join(others))
            lines.append(f"# 年龄列 columns by age: {listed}; groups = {{ age_0_2 = {_quoted(others[0])} }}\n")
        return "".join(lines) + "\n"
    if draft.people_raster is not None:
        lines = ["[population]\n", _line("source", "raster", CONFIRM), _line("path", draft.people_raster.name)]
        return "".join(lines) + "\n"
    if draft.network is not None and (draft.homes is None or not draft.homes.is_enough):
        return _asked_people(draft, block)
    return block.replace("# people in the district\n", "# 请填写 please fill in: people in the district\n", 1)


def _asked_people(draft: Draft, block: str) -> str:
    """Ask for a table or raster of people, where the streets' file has too few buildings to tell where they live."""
    homes = draft.homes
    found = ""
    if homes is not None:
        found = f"（住宅 {homes.n_homes:,} 栋，{NEAR_HOME_M:g} 米内有住宅的道路只占 {homes.share:.0%}）"
    why = [
        f"# 建筑数据不足以分摊人口{found}，请提供人口表或人口栅格\n",
        "# too few buildings are mapped to tell where people live; give a table or a raster of people\n",
    ]
    form = '"points" 每行一处、"units" 每行一街道、"raster" 栅格'
    lines = [_line("source", "points", f"请填写 please fill in: {form}")]
    lines.append(_line("path", "people.csv", "请填写 please fill in"))
    rest = re.split(r"(?m)^# value_field", block, maxsplit=1)[1]
    return "".join(["[population]\n", *why, *lines, "# value_field", rest])


def _layer(layer: DraftLayer) -> str:
    guess = layer.guess
    lines = ["[[layer]]\n", _line("id", layer.id, CONFIRM), _line("name", layer.name)]
    rows = f"{guess.n_rows} 行 rows" + (f", 编码 encoding {guess.encoding}" if guess.encoding else "")
    lines.append(_line("source", source_text(guess), rows))
    if layer.where is not None:
        heading, values = layer.where
        lines.append(_where(heading, values, f"{CONFIRM}; 本表含多类设施 the table holds several services"))
    lines += _coordinates(guess, layer.system)
    named = {"name_field": "name", "id_field": "id", "used_field": "used", "quality_field": "quality"}
    lines += [_line(key, guess.columns[f]) for key, f in named.items() if f in guess.columns]
    capacity = next((f for f in ("places", "beds", "area", "capacity") if f in guess.columns), None)
    if capacity is not None:
        lines.append(_line("capacity_field", guess.columns[capacity], CONFIRM))
        if guess.capacity_unit:
            lines.append(_line("capacity_unit", guess.capacity_unit))
    lines += ["minutes = 15\n", _line("profile", layer.profile), "\n"]
    return "".join(lines)


def _coordinates(guess: LayerGuess, system: SystemGuess) -> list[str]:
    """Give the lines on coordinates; what is not certain enough to run with stands in a comment, so that a run asks."""
    own = guess.crs if guess.path.suffix.lower() in _SHAPED else None
    if own is not None and (not system.is_sure or system.crs in {own, "wgs84"}):
        return [f"# 坐标系以文件为准 the file itself says {_one_line(own)}; {_one_line(system.why)}\n"]
    lines = [f"# {_one_line(system.why)}\n"] if system.crs is not None and system.why else []
    if system.crs is None:
        ask = "请填写 please say: gcj02 (高德 Amap), bd09 (百度 Baidu), wgs84, cgcs2000, EPSG:n"
        lines.append("# " + _line("crs", "gcj02", ask))
    elif system.is_sure:
        lines.append(_line("crs", system.crs, CONFIRM))
    else:
        lines.append("# " + _line("crs", system.crs, f"{CONFIRM}；把握不大 not sure"))
    x, y = (guess.columns.get("lon") or guess.columns.get("x"), guess.columns.get("lat") or guess.columns.get("y"))
    if x and y and own is None:
        x, y = (y, x) if system.is_swapped else (x, y)
        note = "经纬度列似写反 the columns look swapped" if system.is_swapped else ""
        lines += [_line("lon_field", x, note), _line("lat_field", y)]
    return lines


def _set(block: str, key: str, value: str, comment: str = "") -> str:
    """Replace the line of ``key``; its comment stays unless another is given."""
    found = re.search(rf'(?m)^{key} = "[^"\n]*"[ ]*(?:# ?(.*))?$', block)
    if found is None:
        raise LookupError(f"the template has no {key}")
    line = _line(key, value, comment or found[1] or "").rstrip("\n")
    return block[: found.start()] + line + block[found.end() :]


def _line(key: str, value: str, comment: str = "") -> str:
    text = f"{key} = {_quoted(value)}"
    if not comment:
        return f"{text}\n"
    fill = " " * max(1, _COMMENT_COLUMN - text_width(text))
    return f"{text}{fill}# {_one_line(comment)}\n"


def _where(heading: str, values: Sequence[str], comment: str) -> str:
    """Write the line that chooses rows of a table."""
    listed = _quoted(values[0]) if len(values) == 1 else f"[{', '.join(map(_quoted, values))}]"
    return f"where = {{ {_quoted(heading)} = {listed} }} # {_one_line(comment)}\n"


def _quoted(text: str) -> str:
    """Write a TOML basic string, whose escapes are JSON's."""
    return json.dumps(text, ensure_ascii=False).replace("\x7f", "\\u007f")


def _one_line(text: str) -> str:
    return "".join(c if c.isprintable() else " " for c in text)
