"""Districts side by side: one frame of coverage, gaps and changes, as every file of the summary prints it."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import geopandas as gpd
import numpy as np
import pandas as pd

from circle15.errors import InputError, MissingFileError, Problem
from circle15.said import Said, in_

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

FILES = ("summary.csv", "summary.xlsx", "summary.html")
PAGES = ("index.html", "report.html")
OFF_NETWORK = ("people_off_network", "people_without_streets", "covered_share_on_network")
"""Empty where a district's run is older than these columns."""
COLUMNS = (
    "district_id", "district_name", "unit_id", "unit_name", "level", "layer", "layer_name", "threshold_min", "group",
    "min_count", "speed_m_s", "people", "covered_people", "covered_share", *OFF_NETWORK, "rank", "norm",
    "supply", "accessible_supply", "need", "gap", "gap_unit", "places_missing", "previous_share", "change",
    "change_note",
)  # fmt: skip
OF_PREVIOUS = COLUMNS[-3:]
"""What depends on the earlier batch."""
DEFINITION = ("threshold_min", "group", "min_count", "speed_m_s")
"""Where one of these differs from the earlier batch, shares are not comparable and no change is stated."""
_N_MEASURED = COLUMNS.index("rank")
_KEY = ["district_id", "unit_id", "layer"]
_GAPS = ("norm", "supply", "accessible_supply", "need", "gap", "gap_unit", "places_missing")
_SAME = 1e-9


@dataclass(frozen=True, slots=True)
class DistrictTables:
    """What the summary reads of one finished district."""

    id: str  # its folder's name: a scenario bears its base's district id
    whole_id: str  # the unit_id of its rows of the whole district
    name: str
    lang: str
    layers: Sequence[Mapping[str, Any]]  # rules as applied, of its manifest
    tables: Mapping[str, pd.DataFrame]  # coverage, gaps, targets, completeness; those that it wrote
    units: gpd.GeoDataFrame | None  # unit_id, geometry; None where no file of it has geometry
    warnings: tuple[str, ...] = ()
    sources: tuple[str, ...] = ()  # what its maps credit
    pages: tuple[str, ...] = ()  # those of PAGES that stand in its folder
    unit_pages: frozenset[str] = frozenset()  # ids of the units that have a map of their own


@dataclass(frozen=True, slots=True)
class Summary:
    """A batch, gathered."""

    lang: str
    rows: pd.DataFrame  # COLUMNS; districts by id, their units as they have them, the whole district last
    targets: pd.DataFrame  # district_id, district_name and the columns of targets.csv
    completeness: pd.DataFrame  # district_id, district_name and the columns of completeness.csv
    units: gpd.GeoDataFrame  # district_id, district_name, unit_id, geometry
    notes: pd.DataFrame  # district_id, district_name, note: what failed, what is missing, warnings
    previous: str | None  # name of the earlier batch's folder
    sources: tuple[str, ...]  # what a map of all districts credits, each once
    pages: Mapping[str, tuple[str, ...]] = field(default_factory=dict)  # by district_id, as DistrictTables has them
    unit_pages: Mapping[str, frozenset[str]] = field(default_factory=dict)  # as pages

    @property
    def layers(self) -> dict[str, str]:
        """Names by id; where districts name a layer differently, the first one's name."""
        first = self.rows.drop_duplicates("layer")
        return dict(zip(first["layer"].tolist(), first["layer_name"].tolist(), strict=True))

    def words(self, zh: str, en: str) -> str:
        """Choose by the language."""
        return zh if self.lang == "zh" else en


def summarise(
    districts: Sequence[DistrictTables],
    failed: Sequence[tuple[str, Said | str]],
    *,
    lang: str,
    previous: pd.DataFrame | None = None,
    previous_name: str | None = None,
) -> Summary:
    """Put finished districts side by side.

    Parameters
    ----------
    districts
        Finished districts.
    failed
        Label and error of the others.
    lang
        "zh" or "en".
    previous
        Rows of an earlier batch (`read_previous`).
    previous_name
        What that batch is called.
    """
    ordered = sorted(districts, key=lambda d: d.id)
    rows = _joined([_rows_of(d) for d in ordered], COLUMNS[:_N_MEASURED])
    rows = rows.assign(rank=_ranks(rows))
    rows = _with_change(_with_gaps(rows, ordered), previous, lang)
    notes = [(d.id, d.name, w) for d in ordered for w in d.warnings]
    no_table = "没有 coverage.csv" if lang == "zh" else "no coverage.csv"
    notes += [(d.id, d.name, no_table) for d in ordered if "coverage" not in d.tables]
    notes += [(label, "", line) for label, error in failed for line in in_(error, lang).splitlines()]
    shapes = [d.units.assign(district_id=d.id, district_name=d.name) for d in ordered if d.units is not None]
    columns = ["district_id", "district_name", "unit_id", "geometry"]
    empty = gpd.GeoDataFrame({c: [] for c in columns[:3]}, geometry=[], crs="EPSG:4326")
    return Summary(
        lang=lang,
        rows=rows.reindex(columns=list(COLUMNS)),
        targets=_stacked(ordered, "targets"),
        completeness=_stacked(ordered, "completeness"),
        units=gpd.GeoDataFrame(pd.concat(shapes, ignore_index=True)[columns], crs="EPSG:4326") if shapes else empty,
        notes=pd.DataFrame(notes, columns=["district_id", "district_name", "note"]),
        previous=previous_name,
        sources=tuple(dict.fromkeys(source for d in ordered for source in d.sources)),
        pages={d.id: d.pages for d in ordered},
        unit_pages={d.id: d.unit_pages for d in ordered},
    )


def read_previous(folder: Path) -> pd.DataFrame:
    """Read the summary of an earlier batch.

    Raises
    ------
    InputError
        If ``folder`` has no summary.csv, or it is not one of ours.
    """
    path = folder / FILES[0]
    try:
        table = pd.read_csv(
            path,
            encoding="utf-8-sig",
            dtype=dict.fromkeys((*_KEY, "group"), str),
            keep_default_na=False,
            na_values={c: [""] for c in ("covered_share", *DEFINITION) if c != "group"},
        )
    except FileNotFoundError:
        message = Said(
            "没有这个文件；--previous 应写上一批的文件夹",
            "no such file; --previous names the folder of an earlier batch",
        )
        raise MissingFileError(Problem(message, file=str(path))) from None
    except (ValueError, UnicodeDecodeError) as e:
        raise InputError(
            Problem(
                Said(f"不能作为批量汇总读取（{e}）", f"cannot be read as a batch's summary ({e})"),
                file=str(path),
            )
        ) from None
    missing = [c for c in (*_KEY, "covered_share", *DEFINITION) if c not in table]
    if missing:
        raise InputError(
            Problem(
                Said(
                    f"不是批量汇总：缺少 {', '.join(missing)}",
                    f"is not a batch's summary: without {', '.join(missing)}",
                ),
                file=str(path),
                row=1,
            )
        )
    return table


def _rows_of(district: DistrictTables) -> pd.DataFrame:
    coverage = district.tables.get("coverage")
    if coverage is None:
        return pd.DataFrame()
    rules = {layer["id"]: layer for layer in district.layers}
    of_layer = [rules[i] for i in coverage["layer"]]
    known = coverage.reindex(columns=[*coverage.columns, *(c for c in OFF_NETWORK if c not in coverage)])
    return known.assign(
        district_id=district.id,
        district_name=district.name,
        level=np.where(coverage["unit_id"] == district.whole_id, "district", "unit"),
        layer_name=[layer["name"] for layer in of_layer],
        min_count=[int(layer["min_count"]) for layer in of_layer],
        speed_m_s=[float(layer["speed_m_s"]) for layer in of_layer],
    )


def _ranks(rows: pd.DataFrame) -> pd.Series[float]:
    """Rank districts among districts and units among all units, per layer; equal shares share a rank."""
    if not len(rows):
        return pd.Series(dtype=float)
    return rows.groupby(["layer", "level"])["covered_share"].rank(ascending=False, method="min")


def _with_gaps(rows: pd.DataFrame, districts: Sequence[DistrictTables]) -> pd.DataFrame:
    gaps = [d.tables["gaps"].assign(district_id=d.id) for d in districts if "gaps" in d.tables]
    wanted = [*_KEY, *_GAPS]
    # A district's folder may be of an earlier version, without some of the columns.
    found = _joined(gaps, wanted).reindex(columns=wanted).drop_duplicates(_KEY)
    return rows.merge(found, on=_KEY, how="left", validate="many_to_one") if len(rows) else rows


def _with_change(rows: pd.DataFrame, previous: pd.DataFrame | None, lang: str) -> pd.DataFrame:
    """Put the earlier share beside each row, and the change where both were measured by the same definition."""
    if previous is None or not len(rows):
        return rows.assign(previous_share=np.nan, change=np.nan, change_note="")
    old = previous[[*_KEY, "covered_share", *DEFINITION]].drop_duplicates(_KEY)
    both = rows[[*_KEY, *DEFINITION]].merge(old, on=_KEY, how="left", suffixes=("", "_then"), indicator=True)
    differs = np.zeros(len(both), dtype=np.bool_)
    for column in DEFINITION:
        now, then = both[column], both[f"{column}_then"]
        differs |= (now != then) if column == "group" else ((now - then).abs() > _SAME)
    is_new = (both["_merge"] == "left_only").to_numpy()
    share = both["covered_share"].to_numpy(np.float64)
    note = np.where(is_new, _say(lang, "上期无此项", "not in the earlier batch"), "")
    note = np.where(~is_new & differs, _say(lang, "口径不同，不可比", "other definition, not comparable"), note)
    comparable = ~is_new & ~differs
    change = np.where(comparable, rows["covered_share"].to_numpy(np.float64) - share, np.nan)
    return rows.assign(previous_share=np.where(is_new, np.nan, share), change=change, change_note=note)


def _stacked(districts: Sequence[DistrictTables], name: str) -> pd.DataFrame:
    frames = []
    for d in districts:
        if name in d.tables:
            frame = d.tables[name].copy()
            frame.insert(0, "district_id", d.id)
            frame.insert(1, "district_name", d.name)
            frames.append(frame)
    return _joined(frames, ["district_id", "district_name"])


def _joined(frames: Sequence[pd.DataFrame], columns: Sequence[str]) -> pd.DataFrame:
    kept = [f for f in frames if len(f)]
    return pd.concat(kept, ignore_index=True) if kept else pd.DataFrame({c: pd.Series(dtype=object) for c in columns})


def _say(lang: str, zh: str, en: str) -> str:
    return zh if lang == "zh" else en
