"""Who and what stands on streets that lead nowhere else: on the network, and yet cut off from it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

if TYPE_CHECKING:
    from circle15.config import LayerTable
    from circle15.network.link import Linkage
    from circle15.pipeline.study import Study

SMALL_SHARE = 0.05
"""A component with less than this share of the study area's mapped street is cut off, not a part of the network."""

_M_PER_KM = 1000.0


@dataclass(frozen=True, slots=True)
class CutOff:
    """A facility, or a cell with people, that reaches nobody beyond streets of its own."""

    row: int  # of the facilities, or the cell
    street_km: float  # mapped, of those streets
    people: float  # who live on them

    def reason(self, study: Study) -> str:
        """Say it in the run's language."""
        return study.words(
            f"所在的 {self.street_km:.1f} 千米道路与其余路网不相连，只住有 {self.people:,.0f} 人，走不到别处",
            f"on {self.street_km:.1f} km of street that join no other, with {self.people:,.0f} people on them",
        )


def cut_off_facilities(study: Study) -> list[CutOff]:
    """Find the district's facilities all of whose linked entrances stand on streets cut off from the network."""
    street_m, small = _components(study)
    found = []
    for layer in study.config.layers:
        at, owner = study.linked_entrances(layer)
        people = _people_by_component(study, layer)
        component = _component_of(study, at)
        rows = study.rows_of(layer.id)
        for i, row in enumerate(rows):
            own = np.unique(component[(owner == i) & (component >= 0)])
            if study.unit_of_facility[row] >= 0 and len(own) and small[own].all():
                found.append(CutOff(int(row), float(street_m[own].sum()) / _M_PER_KM, float(people[own].sum())))
    return found


def cut_off_cells(study: Study, layer: LayerTable) -> list[CutOff]:
    """Find the inhabited cells on streets cut off from the network on which no facility of ``layer`` stands."""
    street_m, small = _components(study)
    at, _ = study.linked_entrances(layer)
    served = np.zeros(len(street_m), np.bool_)
    served[_component_of(study, at)[at.edge >= 0]] = True
    component, people = _component_of(study, study.linked_cells(layer.profile)), _people_by_component(study, layer)
    lost = (component >= 0) & (_people_of_cells(study) > 0)
    lost[lost] = (small & ~served)[component[lost]]
    return [
        CutOff(c, float(street_m[component[c]]) / _M_PER_KM, float(people[component[c]]))
        for c in np.flatnonzero(lost).tolist()
    ]


def island_warnings(study: Study) -> list[str]:
    """Say how many facilities reach nobody beyond streets of their own, one line."""
    facilities = {c.row for c in cut_off_facilities(study)}
    if not facilities:
        return []
    names = study.facilities["name"].fillna("").to_numpy()
    some = [str(names[row]) or str(study.facilities["facility_id"].iloc[row]) for row in sorted(facilities)[:3]]
    return [
        study.words(
            f"{len(facilities)} 处设施所在道路与其余路网不相连，只能服务那里的居民（如{'、'.join(some)}），"
            "见 unlinked.csv",
            f"{len(facilities)} facilities stand on streets that join no other and serve nobody beyond them"
            f" ({', '.join(some)} ...); see unlinked.csv",
        )
    ]


def _components(study: Study) -> tuple[npt.NDArray[np.float64], npt.NDArray[np.bool_]]:
    """Give each component's metres of mapped street, and whether it is cut off rather than a part of the network."""
    net = study.network
    street_m = _sums(net.component[net.tail], net.street_m, int(net.component.max()) + 1)
    return street_m, street_m < SMALL_SHARE * street_m.sum()


def _component_of(study: Study, at: Linkage) -> npt.NDArray[np.int64]:
    """Give the component of each linked point, -1 where it is unlinked."""
    net = study.network
    return np.where(at.edge >= 0, net.component[net.tail[at.edge]], -1).astype(np.int64)


def _people_of_cells(study: Study) -> npt.NDArray[np.float64]:
    everybody = study.people.groups["all"].to_numpy(np.float64)
    return _sums(study.cells.cell_of_piece, everybody, study.cells.n_cells)


def _people_by_component(study: Study, layer: LayerTable) -> npt.NDArray[np.float64]:
    component, people = _component_of(study, study.linked_cells(layer.profile)), _people_of_cells(study)
    on = component >= 0
    return _sums(component[on], people[on], int(study.network.component.max()) + 1)


def _sums(row: npt.NDArray[np.integer], values: npt.NDArray[np.float64], n: int) -> npt.NDArray[np.float64]:
    return np.bincount(row, weights=values, minlength=n).astype(np.float64)
