"""Which coordinate systems the tables of a district are in: each by itself, and those that tell too little together."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from circle15.inputs.coordinates.checks import looks_like
from circle15.inputs.facilities.name_matches import KnownNames, name_sign
from circle15.network.detection.crs_detector import FEWEST_POINTS, CrsDetection, detect_crs
from circle15.network.detection.street_fit import StreetFit

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from circle15.inputs.facilities.crs_signs import Sign
    from circle15.network.graph import WalkNetwork

Floats = npt.NDArray[np.float64]

_AGAINST_NATS = 1.5  # a table that leans against its companions by so much is judged alone


@dataclass(frozen=True, slots=True)
class Coordinates:
    """A table's coordinates as found, and what else it says about their system."""

    x: Floats  # (n,) NaN where a row has none, or stands at no typical distance from a street
    y: Floats
    stated: str | None
    names: Sequence[str] = ()  # (n,) or none
    signs: tuple[Sign, ...] = ()
    headings: tuple[str, ...] = ()

    @property
    def n(self) -> int:
        """Rows with coordinates."""
        return int((np.isfinite(self.x) & np.isfinite(self.y)).sum())


class SystemJudge:
    """Judges the tables of one district; streets are drawn and names read once, and only if a table needs them."""

    def __init__(
        self, network: WalkNetwork, *, area: Any = None, read_names: Callable[[], KnownNames | None] | None = None
    ) -> None:
        self._network, self._area, self._read_names = network, area, read_names

    @cached_property
    def _fit(self) -> StreetFit:
        lon, lat = self._network.node_lon, self._network.node_lat
        return StreetFit.of(self._network, float(np.median(lon)), float(np.median(lat)))

    @cached_property
    def _known(self) -> KnownNames | None:
        return self._read_names() if self._read_names is not None else None

    def judge(self, tables: Mapping[str, Coordinates]) -> dict[str, CrsDetection]:
        """Judge tables by their ids.

        Those of fewer than eight places are judged together by stated system, and those of one shape (the same
        headings, so from one hand) that are not sure by themselves, unless one of them leans to another system.

        Returns
        -------
        dict
            By id, or ids: "nursery, canteen".
        """
        found = {name: self._one(table) for name, table in tables.items() if table.n >= FEWEST_POINTS}
        small: dict[tuple[Any, ...], list[str]] = {}
        for name, table in tables.items():
            if 0 < table.n < FEWEST_POINTS:
                small.setdefault((table.stated,), []).append(name)
        for names in small.values():
            found[", ".join(names)] = self._one(_joined([tables[n] for n in names]))
        shapes: dict[tuple[Any, ...], list[str]] = {}
        for name in [n for n in found if n in tables]:
            if not found[name].is_sure and tables[name].headings:
                shapes.setdefault((tables[name].headings, tables[name].stated), []).append(name)
        for names in shapes.values():
            together = self._one(_joined([tables[n] for n in names])) if len(names) > 1 else None
            if together is not None and together.is_sure and all(_agrees(found[n], together) for n in names):
                for n in names:
                    del found[n]
                found[", ".join(names)] = together
        return found

    def _one(self, table: Coordinates) -> CrsDetection:
        told = self._detect(table, table.signs)
        looks = looks_like(table.x, table.y)
        if told.is_sure or told.best is None or looks != "degrees" or not len(table.names) or self._is_one(told):
            return told
        sign = name_sign(table.names, table.x, table.y, self._known) if self._known is not None else None
        return told if sign is None else self._detect(table, (*table.signs, sign))

    def _detect(self, table: Coordinates, signs: Sequence[Sign]) -> CrsDetection:
        return detect_crs(
            self._network,
            table.x,
            table.y,
            stated=table.stated,
            district=self._area,
            signs=signs,
            fit=lambda: self._fit,
        )

    @staticmethod
    def _is_one(told: CrsDetection) -> bool:
        """Tell whether all systems are the same here, as they are outside China."""
        return bool((told.table["confidence"] > 0).sum() <= 1)


def _joined(tables: Sequence[Coordinates]) -> Coordinates:
    if len(tables) == 1:
        return tables[0]
    signs = tuple(dict.fromkeys(s for t in tables for s in t.signs)) if all(t.signs for t in tables) else ()
    has_names = all(len(t.names) == len(t.x) for t in tables)
    return Coordinates(
        np.concatenate([t.x for t in tables]),
        np.concatenate([t.y for t in tables]),
        tables[0].stated,
        [n for t in tables for n in t.names] if has_names else (),
        signs[:1],
        tables[0].headings,
    )


def _agrees(alone: CrsDetection, together: CrsDetection) -> bool:
    """Tell whether a table by itself does not lean to another system than its companions."""
    if alone.best is None:
        return True
    same = alone.table.loc[
        (alone.table["crs"] == together.table["crs"].iloc[0])
        & (alone.table["is_swapped"] == together.table["is_swapped"].iloc[0]),
        "evidence",
    ]
    return bool(len(same) and same.iloc[0] >= alone.table["evidence"].max() - _AGAINST_NATS)
