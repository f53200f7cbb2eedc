"""How a workbook calls layers and units, and in which language."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from circle15.outputs.view import View

if TYPE_CHECKING:
    from collections.abc import Mapping

    from circle15.outputs.result import DistrictResult, LayerInfo


@dataclass(frozen=True, slots=True)
class BookLabels:
    """How a workbook calls layers and units."""

    lang: str  # "zh" | "en"
    layers: tuple[LayerInfo, ...]
    unit_names: Mapping[str, str]  # by id, the whole district's too
    subject: str = ""  # the district's name, above every printed page


def labels_of(result: DistrictResult) -> BookLabels:
    """Give the labels of a district's run."""
    return BookLabels(result.lang, result.layers, {**View(result).unit_names(), result.id: result.name}, result.name)
