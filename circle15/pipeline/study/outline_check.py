"""The systems that a district's outlines are in: measured with what a study has, and said so that nobody misses it."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import numpy as np
import shapely

from circle15.config.district import OUTLINE_KEYS
from circle15.errors import Circle15Error, InputError, Problem
from circle15.inputs.ground.districts import buffer_area
from circle15.inputs.ground.polygons import COMMUNITY_NAME_FIELDS, NAME_FIELDS, read_polygons
from circle15.inputs.people.people_tables import ALL, read_people_points
from circle15.network.detection.admin_lines import admin_lines
from circle15.network.detection.outline_detector import SURE, OutlineDetection, PointTable, detect_outlines
from circle15.pipeline.study.layer_facilities import OSM_PREFIX
from circle15.said import COMMA, SEMICOLON, Said, in_

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    import geopandas as gpd

    from circle15.config.model import Config
    from circle15.inputs.ground.outline_systems import OutlineSource
    from circle15.network.detection.outline_detector import Evidence
    from circle15.network.graph import WalkNetwork

_AROUND_M = 3000.0
_SHORTEST_NAME = 3  # characters; "东街" is the name of many a road
_LINES = ("borders", "streets")
_TITLES = {
    "boundary": Said("区界", "the boundary"),
    "units": Said("街道边界", "the units"),
    "communities": Said("村社边界", "the communities"),
}


def measure_outlines(
    config: Config,
    sources: Sequence[OutlineSource],
    network: WalkNetwork | None,
    facilities: gpd.GeoDataFrame | None = None,
) -> tuple[OutlineDetection, ...]:
    """Measure the systems of a district's outlines.

    Parameters
    ----------
    config
        Its tables of people and facilities are looked at where lines alone do not tell.
    sources
        `District.outlines`.
    network
        The streets; None where they cannot be read.
    facilities
        As `services.Services` has them.
    """
    if not any(s.is_shiftable for s in sources):
        return ()
    around = buffer_area(shapely.box(*shapely.total_bounds(sources[0].geometry)), _AROUND_M)
    return detect_outlines(
        sources,
        borders=lambda: _borders(config, around),
        streets=lambda: street_lines(network),
        tables=lambda: [*_facility_tables(config, facilities, sources), *_people_table(config)],
    )


def read_outlines(config: Config) -> tuple[OutlineSource, ...]:
    """Read the outlines by themselves, as far as they can be: for a district that could not be put together."""
    table = config.district
    found: list[OutlineSource] = []
    for key in OUTLINE_KEYS:
        text = getattr(table, key)
        if text is None:
            continue
        try:
            read = read_polygons(
                text,
                key=f"district.{key}",
                osm_path=config.streets_file,
                resolve=config.resolve,
                names_in=table.lang,
                known_names=COMMUNITY_NAME_FIELDS if key == "communities" else NAME_FIELDS,
                crs=table.crs_of(key),
            )
        except Circle15Error:
            continue  # its problems are in the list of whoever asks
        found.extend(read.sources)
    return tuple(found)


@contextmanager
def outlines_named(config: Config) -> Iterator[None]:
    """Name outlines that surely lie in the wrong place above all that fails inside: it may be why.

    Units beside their boundary lose communities or whole streets, and what then fails speaks of those alone.
    """
    try:
        yield
    except InputError as e:
        found = measure_outlines(config, read_outlines(config), None)
        wrong = [Problem(_contradiction(d), file=str(config.path)) for d in found if d.contradicts]
        if not wrong:
            raise
        raise InputError(*wrong, *e.problems) from e


def street_lines(network: WalkNetwork | None) -> Any:
    """Give a network's edges, and the rivers and railways that it knows, as lines, degrees WGS-84; none without."""
    if network is None:
        return np.empty(0, dtype=object)
    lon, lat = network.node_lon, network.node_lat
    ends = [np.column_stack([lon[end], lat[end]]) for end in (network.tail, network.head)]
    hard = getattr(network.report, "hard_borders", None)
    pieces = [np.stack(ends, axis=1), *([] if hard is None else [hard.reshape(-1, 2, 2)])]
    return shapely.linestrings(np.concatenate(pieces))


def outline_warnings(detections: Sequence[OutlineDetection]) -> list[Said]:
    """Word what a run must not hide: outlines that are surely, by their shape, or likely in another system."""
    sure = [_contradiction(d) for d in detections if d.contradicts]
    unasked = [_unasked(d) for d in detections if d.is_unasked and not d.is_doubted]
    doubted = [_doubt(d) for d in detections if d.is_doubted]
    return [*sure, *unasked, *doubted]


def outline_facts(detections: Sequence[OutlineDetection]) -> list[Said]:
    """Say of each outline of a file what was measured, or that nothing could be."""
    lines = []
    for d in (d for d in detections if d.is_thinkable):
        title = _title(d)
        said = _as_read(d)
        if d.best is None or d.lead <= 0:
            tried = COMMA.join(dict.fromkeys(_against(e.against) for e in d.evidence))
            lines.append(
                Said(
                    f"{title.zh}：{said.zh}；未能核对（与{tried.zh}比较均分不出来），请自行确认",
                    f"{title.en}: {said.en}; could not be measured ({tried.en} do not tell); make sure of it yourself",
                )
            )
            continue
        how_sure = Said("确定" if d.is_sure else "把握不大", "sure" if d.is_sure else "not sure")
        why = _because(d)
        lines.append(
            Said(
                f"{title.zh}：{said.zh}；量得 {d.best}（{how_sure.zh}）：{why.zh}",
                f"{title.en}: {said.en}; measured {d.best} ({how_sure.en}): {why.en}",
            )
        )
    return lines


def outline_records(detections: Sequence[OutlineDetection]) -> list[dict[str, Any]]:
    """Give what was found for JSON: `check --json` and run.json."""
    return [
        {
            "key": f"district.{d.source.key}",
            "file": d.source.text,
            "read_as": d.source.system,
            "stated": d.source.stated,
            "shape_of": d.source.signature.maker if d.source.signature is not None else None,
            "expected": d.source.signature.system if d.source.signature is not None else None,
            "best": d.best,
            "is_sure": d.is_sure,
            "contradicts": d.contradicts,
            "could_be_measured": d.best is not None and d.lead > 0,
            "off_m": round(d.off_m, 1),
            "votes": d.votes,
            "evidence": [
                {
                    "about": list(e.about),
                    "against": e.against,
                    "n": e.fit.n,
                    "best": e.fit.best,
                    "stands_out": e.fit.is_strong,
                    "votes": e.votes,
                    "scores": {name: round(value, 4) for name, value in e.fit.score.items()},
                }
                for e in d.evidence
            ],
        }
        for d in detections
        if d.is_thinkable
    ]


def _borders(config: Config, around: Any) -> Any:
    try:
        return admin_lines(config.streets_file, around)
    except InputError:
        return np.empty(0, dtype=object)  # whoever reads the streets says what is wrong with the file


def _facility_tables(
    config: Config, facilities: gpd.GeoDataFrame | None, sources: Sequence[OutlineSource]
) -> list[PointTable]:
    """Give the tables' facilities together, and those whose column or address names their street or community."""
    if facilities is None:
        return []
    layers = [layer for layer in config.layers if not layer.source.startswith(OSM_PREFIX)]
    rows = facilities[facilities["layer"].isin([layer.id for layer in layers])]
    if not len(rows):
        return []
    lon, lat = rows["lon"].to_numpy(np.float64), rows["lat"].to_numpy(np.float64)
    is_stated = all(layer.crs is not None for layer in layers)
    name = Said("设施表", "facility tables")
    tables = [PointTable(name, lon, lat, is_stated)]
    for level, column in (("units", "street"), ("communities", "community")):
        known = [n for s in sources if s.key == level for n in s.names if n]
        said = np.array(
            [
                own or _named_in(address, known)
                for own, address in zip(rows[column].fillna(""), rows["address"].fillna(""), strict=True)
            ],
            dtype=object,
        )
        has_name = said != ""
        if has_name.any():
            tables.append(PointTable(name, lon[has_name], lat[has_name], is_stated, level, tuple(said[has_name])))
    return tables


def _named_in(address: str, names: Sequence[str]) -> str:
    """Give the one unit that an address names in full, "" where it names none or several."""
    found = {name for name in names if len(name) >= _SHORTEST_NAME and name in address}
    return found.pop() if len(found) == 1 else ""


def _people_table(config: Config) -> list[PointTable]:
    people = config.population
    if people.source != "points" or people.path is None:
        return []
    try:
        table = read_people_points(config, config.resolve(people.path))
    except Circle15Error:
        return []  # a run stops at them, and `check` lists them
    lived_in = table.values[ALL].to_numpy(np.float64) > 0
    return [PointTable(people.path, table.lon[lived_in], table.lat[lived_in], people.crs is not None)]


def _title(d: OutlineDetection) -> Said:
    return _TITLES[d.source.key] + f" {d.source.text}"


def _as_read(d: OutlineDetection) -> Said:
    key = f"{d.source.key}_crs"
    if d.source.stated is not None:
        return Said(f"所写 {key} = {d.source.stated}", f"{key} = {d.source.stated} as stated")
    return Said(f"未写 {key}，按 {d.read_as} 读入", f"{key} not stated, read as {d.read_as}")


def _contradiction(d: OutlineDetection) -> Said:
    key, best = f"{d.source.key}_crs", d.best
    title, said, why = _title(d), _as_read(d), _because(d)
    return Said(
        f"边界坐标系有误！{title.zh} 实为 {best}（{said.zh}），整体偏移约 {d.off_m:.0f} 米，"
        f'人口、设施和覆盖率会算到错误的地方；请在 [district] 写 {key} = "{best}" 后重新运行。'
        f"依据：{why.zh}",
        f"OUTLINES IN THE WRONG PLACE: {title.en} is {best} ({said.en}), so everything lies about"
        f" {d.off_m:.0f} m off and people, facilities and coverage go to the wrong units; say"
        f' {key} = "{best}" in [district] and run again. Evidence: {why.en}',
    )


def _unasked(d: OutlineDetection) -> Said:
    signature = d.source.signature
    if signature is None:
        raise ValueError("an outline is asked about for the shape of its file, and this one has none")
    key = f"{d.source.key}_crs"
    off = np.hypot(*d.offsets[signature.system])
    title = _title(d)
    return Said(
        f"边界坐标系存疑！{title.zh} 像 {signature.maker} 的文件，这类文件为 {signature.system}，"
        f"而 {key} 未写，按 {d.read_as} 读入，且未能量出；若属实则整体偏移约 {off:.0f} 米。请写 {key} ="
        f' "{signature.system}"，确已转换过则写 "{d.read_as}"',
        f"OUTLINES PERHAPS IN THE WRONG PLACE: {title.en} has the shape of {signature.maker}, whose files are"
        f" {signature.system}; {key} says nothing, it was read as {d.read_as}, and it could not be measured; if so,"
        f" everything lies about {off:.0f} m off. Say"
        f' {key} = "{signature.system}", or "{d.read_as}" if it was converted',
    )


def _doubt(d: OutlineDetection) -> Said:
    key, best = f"{d.source.key}_crs", d.best
    tables = [e.against for e in d.evidence if e.fit.best == best and 0 < e.votes < SURE and e.against not in _LINES]
    told = Said(
        "{title} 更像 {best}（{said}；把握不大）：{why}；请核对 {key}",
        "{title} looks like {best} ({said}; not sure): {why}; check {key}",
    ).format(title=_title(d), best=best, said=_as_read(d), why=_because(d), key=key)
    if tables:
        named = COMMA.join(tables)
        told += Said(f"，或 {named.zh} 的坐标系有误", f", or the system of {named.en}")
    return told


def _because(d: OutlineDetection) -> Said:
    """Word the evidence for the best system, the strongest first."""
    speaking = [e for e in d.evidence if e.votes > 0 and e.fit.best is not None and _speaks_for(e, d)]
    speaking.sort(key=lambda e: -e.votes)
    return SEMICOLON.join(dict.fromkeys(_worded(e, d) for e in speaking)) or (
        Said("由其他边界推得", "as the other outlines say")
    )


def _speaks_for(e: Evidence, d: OutlineDetection) -> bool:
    if len(e.about) == 1:
        return e.fit.best == d.best
    one, other = str(e.fit.best).split(" ")
    return one == other or d.best == dict(zip(e.about, (one, other), strict=True))[d.source.key]


def _worded(e: Evidence, d: OutlineDetection) -> Said:
    best = str(e.fit.best)
    if len(e.about) > 1:
        one, other = best.split(" ")
        partner = next(key for key in e.about if key != d.source.key)
        title = _TITLES[partner]
        if one == other:
            return Said(f"与{title.zh}重合", f"coincides with {title.en}")
        theirs = dict(zip(e.about, (one, other), strict=True))[partner]
        return Said(
            f"与{title.zh}（{theirs}）相差的正是两种坐标系之差",
            f"differs from {title.en} ({theirs}) by just that shift",
        )
    here, there = e.fit.score[best], e.fit.score.get(d.read_as, 0.0)
    there_zh, there_en = (in_(_against(e.against), lang) for lang in ("zh", "en"))
    if e.against in _LINES:
        text = Said(f"与{there_zh}的贴合度 {here:.0%}", f"follows {there_en} to {here:.0%}")
    else:
        text = Said(f"{there_zh}的点 {here:.0%} 落在其内", f"{here:.0%} of the points of {there_en} lie inside")
    if best == d.read_as:
        return text
    return text + Said(f"，按 {d.read_as} 只有 {there:.0%}", f", as {d.read_as} only {there:.0%}")


def _against(what: Said | str) -> Said | str:
    named = {
        "borders": Said("路网数据中的行政界线", "the administrative borders of the extract"),
        "streets": Said("道路", "the streets"),
    }
    if what in named:
        return named[what]
    if what in _TITLES:
        return _TITLES[what]
    return what
