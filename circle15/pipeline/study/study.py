"""A district's inputs, read, checked and put on the network: what every measure starts from."""

from __future__ import annotations

from dataclasses import dataclass, field, fields
from typing import TYPE_CHECKING, Any, TypeVar

import numpy as np
import numpy.typing as npt
import pandas as pd

from circle15.network.linking.link import link
from circle15.pipeline.study.off_reasons import off_reasons
from circle15.said import Said

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    import geopandas as gpd

    from circle15.config.layer import LayerTable
    from circle15.config.model import Config
    from circle15.inputs.ground.cell_resolution import ChosenResolution
    from circle15.inputs.ground.cells import Cells
    from circle15.inputs.ground.districts import District
    from circle15.inputs.people.beyond import BufferPeople
    from circle15.inputs.people.spread import Population
    from circle15.inputs.tables.import_report import Change, DroppedFacility
    from circle15.network.detection.crs_detector import CrsDetection
    from circle15.network.detection.outline_detector import OutlineDetection
    from circle15.network.graph import WalkNetwork
    from circle15.network.linking.linkage import Linkage
    from circle15.outputs.shown_changes import ShownChange
    from circle15.pipeline.study.off_reasons import OffReasons
    from circle15.pipeline.study.second_level import SecondLevel
    from circle15.policy.apply import AppliedPolicy


Made = TypeVar("Made")


@dataclass(frozen=True, slots=True)
class Study:
    """One district ready to be measured."""

    config: Config  # its layers filled from the policy registers
    policy: AppliedPolicy
    district: District
    network: WalkNetwork
    cells: Cells
    people: Population
    facilities: gpd.GeoDataFrame  # facility_id, layer, name, lon, lat, capacity, used, quality, source, geometry
    entrances: pd.DataFrame  # facility_id, layer, lon, lat
    dropped: tuple[DroppedFacility, ...]  # facilities of files without a usable place, repeated or closed
    changes: tuple[Change, ...]  # lines of the import report
    unit_of_piece: npt.NDArray[np.int64]  # (n_pieces,) row of district.units
    unit_of_facility: npt.NDArray[np.int64]  # (n_facilities,), -1 in the buffer
    warnings: tuple[Said, ...]
    attributions: tuple[str, ...]
    counts: dict[str, Any]  # everything read, dropped or unlinked
    inputs: dict[str, Path]  # file as the config names it
    detections: dict[str, CrsDetection] = field(default_factory=dict)  # of the layers' coordinate systems
    outlines: tuple[OutlineDetection, ...] = ()  # of the systems of the district's outlines
    second: SecondLevel | None = None  # communities, where the config names them
    around: BufferPeople | None = None  # people just beyond the border, where the source tells of them
    area: Any = None  # the district and its buffer, degrees WGS-84
    gates: Any = None  # (n, 2) degrees WGS-84: gates on outlines of facilities; None where none was looked for
    scenario: tuple[ShownChange, ...] = ()  # what a scenario changes
    chosen: ChosenResolution | None = None  # what [cells] resolution = "auto" came to; None where a number is stated
    _linked: dict[str, Linkage] = field(default_factory=dict)
    _off: dict[str, OffReasons] = field(default_factory=dict)
    _made: dict[str, Any] = field(default_factory=dict)

    @property
    def n_units(self) -> int:
        """Number of units."""
        return len(self.district.units)

    @property
    def is_one_unit(self) -> bool:
        """Whether the district has no units but itself."""
        return list(self.district.units["unit_id"]) == [self.district.id]

    def once_per_unit(self, table: pd.DataFrame) -> pd.DataFrame:
        """Leave out the row of the one unit where that is the whole district itself, which has a row of its own."""
        return table.iloc[1:].reset_index(drop=True) if self.is_one_unit else table

    def unit_names(self) -> pd.DataFrame:
        """Give unit_id and unit_name, the whole district last."""
        units = self.district.units
        return pd.DataFrame(
            {
                "unit_id": [*units["unit_id"], self.district.id],
                "unit_name": [*units["unit_name"], Said("全区", "whole district")],
            }
        )

    def once(self, key: str, make: Callable[[], Made]) -> Made:
        """Give what ``make`` gives, made once for the study."""
        if key not in self._made:
            self._made[key] = make()
        made: Made = self._made[key]
        return made

    def people_by_cell(self) -> npt.NDArray[np.float64]:
        """Count everybody by the cell that their walks start from, (n_cells,)."""
        return self.cells.sum_of_pieces(self.people.groups["all"])

    def rows_of(self, layer_id: str) -> npt.NDArray[np.int64]:
        """Give the rows of a layer's facilities."""
        return np.flatnonzero((self.facilities["layer"] == layer_id).to_numpy())

    def linked_cells(self, profile: str) -> Linkage:
        """Link every cell's start to the streets that ``profile`` may walk; done once."""
        key = f"cells/{profile}"
        if key not in self._linked:
            self._linked[key] = self._link(self.cells.lon, self.cells.lat, profile)
        return self._linked[key]

    def cells_off(self, profile: str) -> OffReasons:
        """Tell why cells are on no street that ``profile`` may walk; done once."""
        if profile not in self._off:
            at, limit = self.linked_cells(profile), self.config.network.max_access_m
            self._off[profile] = off_reasons(at, self.cells.lon, self.cells.lat, limit, profile)
        return self._off[profile]

    def facilities_off(self, layer: LayerTable) -> dict[int, Said]:
        """Say why a layer's facilities are on no street, by row of the facilities; of several entrances the first."""
        at, owner = self.linked_entrances(layer)
        of_layer = self.entrances[self.entrances["layer"] == layer.id]
        lon, lat = (of_layer[c].to_numpy(np.float64) for c in ("lon", "lat"))
        limit = self.config.network.max_access_m
        found = off_reasons(at, lon, lat, limit, layer.profile)
        rows, on = self.rows_of(layer.id), set(owner[at.edge >= 0].tolist())
        first = {int(o): i for i, o in reversed(list(enumerate(owner.tolist()))) if o not in on}
        return {int(rows[o]): found.text(i, limit) for o, i in first.items()}

    def linked_around(self, around: BufferPeople, profile: str) -> Linkage:
        """Link the starts of the cells beyond the border; done once."""
        key = f"around/{profile}"
        if key not in self._linked:
            self._linked[key] = self._link(around.lon, around.lat, profile)
        return self._linked[key]

    def linked_entrances(self, layer: LayerTable) -> tuple[Linkage, npt.NDArray[np.int64]]:
        """Link a layer's entrances; give with them the facility of each, counted within the layer."""
        of_layer = self.entrances[self.entrances["layer"] == layer.id]
        key = f"layer/{layer.id}/{layer.profile}"
        if key not in self._linked:
            self._linked[key] = self._link(of_layer["lon"].to_numpy(), of_layer["lat"].to_numpy(), layer.profile)
        ids = pd.Index(self.facilities["facility_id"].to_numpy()[self.rows_of(layer.id)])
        return self._linked[key], ids.get_indexer(of_layer["facility_id"]).astype(np.int64)

    def facility_access_m(self) -> npt.NDArray[np.float64]:
        """Give each facility's access leg in metres at its nearest linked entrance, NaN where none is linked."""
        access = np.full(len(self.facilities), np.inf)
        for layer in self.config.layers:
            at, owner = self.linked_entrances(layer)
            np.minimum.at(access, self.rows_of(layer.id)[owner], np.where(at.edge >= 0, at.access_m, np.inf))
        return np.where(np.isinf(access), np.nan, access)

    def facility_skipped_border(self) -> npt.NDArray[np.bool_]:
        """Tell which facilities have an entrance whose nearest street lies behind a hard border."""
        skipped = np.zeros(len(self.facilities), dtype=np.bool_)
        for layer in self.config.layers:
            at, owner = self.linked_entrances(layer)
            np.logical_or.at(skipped, self.rows_of(layer.id)[owner], at.skipped_border)
        return skipped

    def network_report(self) -> dict[str, Any]:
        """Give what building the network found, for the manifest."""
        n_waits = self.network.report.n_wait_links  # one node and one edge each, of no length
        counted = {"nodes": self.network.n_nodes - n_waits, "edges": self.network.n_edges - n_waits}
        return {**counted, **_plain_report(self.network.report)}

    def _link(self, lon: npt.NDArray[np.float64], lat: npt.NDArray[np.float64], profile: str) -> Linkage:
        return link(self.network, lon, lat, max_access_m=self.config.network.max_access_m, profile=profile)


def _plain_report(report: Any) -> dict[str, Any]:
    """Give a network's build report as JSON can hold it; ground is told by its bounds."""
    found: dict[str, Any] = {}
    for f in fields(report):
        value = getattr(report, f.name)
        if f.name == "hard_borders":
            continue
        if hasattr(value, "bounds"):
            value = [round(b, 7) for b in value.bounds]
        elif isinstance(value, tuple) and value and isinstance(value[0], tuple):
            value = dict(value)
        found[f.name] = value
    return {k: v for k, v in found.items() if v is not None}
