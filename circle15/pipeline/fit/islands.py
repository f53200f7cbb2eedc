"""Who and what stands on streets that lead nowhere else: on the network, and yet cut off from it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from circle15.network.parting import why_apart
from circle15.planning.straight_line import straight_to_kth

if TYPE_CHECKING:
    from circle15.config.layer import LayerTable
    from circle15.network.linking.linkage import Linkage
    from circle15.network.parting import Parting
    from circle15.pipeline.study.study import Study

from circle15.pipeline.study.off_reasons import SMALL_SHARE
from circle15.said import Said

MANY_PEOPLE, MANY_SHARE = 100.0, 0.01
"""People of a component, or their share of all, whichever is fewer: from there on a run says so."""

SHOWN = 3

_M_PER_KM = 1000.0


@dataclass(frozen=True, slots=True)
class CutOff:
    """A facility, or a cell with people, that reaches nobody beyond streets of its own."""

    row: int  # of the facilities, or the cell
    parting: Parting  # what likely parts those streets from the others
    street_km: float  # mapped, of those streets
    people: float  # who live on them

    @property
    def reason(self) -> Said:
        """Say it, with what likely parts the streets."""
        cause = likely_cause(self.parting)
        return Said(
            f"所在的 {self.street_km:.1f} 公里道路与其余路网不相连，只住有 {self.people:,.0f} 人，走不到别处；"
            f"{cause.zh}",
            f"on {self.street_km:.1f} km of street that join no other, with {self.people:,.0f} people on them;"
            f" {cause.en}",
        )


def likely_cause(parting: Parting) -> Said:
    """Say what likely parts streets from the others, and the remedy."""
    at = f"{parting.lon:.5f},{parting.lat:.5f}"
    draw_zh, draw_en = "或在 network.lines 中补画通道", "or draw the way in network.lines"
    if parting.why == "gate":
        zh = f"在 {at} 等 {parting.n} 处被关闭的门、墙或自设边界隔断；居民可通行的，请标为 access=private 或 permissive"
        en = f"shut off at a gate, wall or own border ({parting.n}, e.g. {at}); where residents pass, tag it"
        return Said(f"{zh}，{draw_zh}", f"{en} access=private or permissive, {draw_en}")
    if parting.why == "crossing":
        zh = f"与其他道路在 {parting.n} 处相交而无公共节点（如 {at}）；平交的，请设 network.node_crossings = true"
        en = f"crosses other streets in {parting.n} places without a common node (e.g. {at}); where they meet at grade,"
        return Said(zh, f"{en} set network.node_crossings = true")
    if parting.why == "gap":
        zh = f"在 {at} 距另一条道路 {parting.gap_m:.1f} 米而未相接；请修正道路数据"
        en = f"ends {parting.gap_m:.1f} m from another street at {at} without joining it; mend the streets"
        return Said(f"{zh}，{draw_zh}", f"{en}, {draw_en}")
    return Said(
        f"附近（{at} 一带）没有可相接的道路；请核对道路数据，{draw_zh}",
        f"no other street comes near (around {at}); check the streets, {draw_en}",
    )


@dataclass(frozen=True, slots=True)
class CutOffPeople:
    """People near a facility whose streets hang together with none that it stands on."""

    component: int
    people: float
    layers: tuple[str, ...]  # names of the services


def cut_off_people(study: Study) -> list[CutOffPeople]:
    """Find the people who are within a service's circle straight ahead and cut off from it, most people first."""
    found: dict[int, tuple[float, list[str]]] = {}
    people = study.people_by_cell()
    for layer in study.config.layers:
        at, owner = study.linked_entrances(layer)
        doors = study.entrances[study.entrances["layer"] == layer.id]
        lon, lat = (doors[c].to_numpy(np.float64)[at.edge >= 0] for c in ("lon", "lat"))
        rows = np.flatnonzero(is_unserved(study, layer) & (people > 0))
        own = study.cells.lon[rows], study.cells.lat[rows]
        straight = straight_to_kth(*own, lon, lat, facility=owner[at.edge >= 0], k=layer.min_count)
        rows = rows[straight <= study.config.threshold_m(layer)]
        component = _component_of(study, study.linked_cells(layer.profile))[rows]
        for c in np.unique(component).tolist():
            heads, names = found.get(c, (0.0, []))
            found[c] = max(heads, float(people[rows][component == c].sum())), [*names, layer.name]
    made = [CutOffPeople(c, heads, tuple(names)) for c, (heads, names) in found.items()]
    return sorted(made, key=lambda m: (-m.people, m.component))


def is_unserved(study: Study, layer: LayerTable) -> npt.NDArray[np.bool_]:
    """Tell which cells stand on streets that hang together with too few of a layer's facilities, (n_cells,)."""
    at, owner = study.linked_entrances(layer)
    n = int(study.network.component.max()) + 1
    pairs = np.unique(np.column_stack([_component_of(study, at), owner])[at.edge >= 0], axis=0)
    unserved = np.bincount(pairs[:, 0], minlength=n) < layer.min_count
    component = _component_of(study, study.linked_cells(layer.profile))
    return (component >= 0) & unserved[component]


def cut_off_facilities(study: Study) -> list[CutOff]:
    """Find the district's facilities all of whose linked entrances stand on streets cut off from the network."""
    street_m, small = _components(study)
    found = []
    for layer in study.config.layers:
        at, owner = study.linked_entrances(layer)
        people = _people_by_component(study, layer)
        component = _component_of(study, at)
        rows = study.rows_of(layer.id)
        linked = component >= 0
        pairs = np.unique(np.column_stack([owner, component])[linked], axis=0)  # by facility, then component
        first = np.searchsorted(pairs[:, 0], np.arange(len(rows) + 1))
        n_joined = np.bincount(pairs[:, 0], weights=~small[pairs[:, 1]], minlength=len(rows))
        is_cut = (np.diff(first) > 0) & (n_joined == 0) & (study.unit_of_facility[rows] >= 0)
        for i in np.flatnonzero(is_cut).tolist():
            own = pairs[first[i] : first[i + 1], 1]
            km, heads = float(street_m[own].sum()) / _M_PER_KM, float(people[own].sum())
            found.append(CutOff(int(rows[i]), _parting(study, int(own[0])), km, heads))
    return found


def cut_off_cells(study: Study, layer: LayerTable) -> list[CutOff]:
    """Find the inhabited cells on streets cut off from the network on which no facility of ``layer`` stands."""
    street_m, small = _components(study)
    at, _ = study.linked_entrances(layer)
    served = np.zeros(len(street_m), np.bool_)
    served[_component_of(study, at)[at.edge >= 0]] = True
    component, people = _component_of(study, study.linked_cells(layer.profile)), _people_by_component(study, layer)
    lost = (component >= 0) & (study.people_by_cell() > 0)
    lost[lost] = (small & ~served)[component[lost]]
    partings = {c: _parting(study, c) for c in np.unique(component[lost]).tolist()}
    return [
        CutOff(c, partings[int(component[c])], float(street_m[component[c]]) / _M_PER_KM, float(people[component[c]]))
        for c in np.flatnonzero(lost).tolist()
    ]


def island_warnings(study: Study) -> list[Said]:
    """Say how many facilities reach nobody beyond streets of their own, and which people no street leads from."""
    return [*_cut_off_people_lines(study), *_cut_off_facilities_line(study)]


def _cut_off_people_lines(study: Study) -> list[Said]:
    everybody = float(study.people.groups["all"].sum())
    told = [c for c in cut_off_people(study) if c.people >= min(MANY_PEOPLE, MANY_SHARE * everybody)]
    street_m, _ = _components(study)
    lines = []
    for cut in told[:SHOWN]:
        cause = likely_cause(_parting(study, cut.component))
        km = street_m[cut.component] / _M_PER_KM
        lines.append(
            Said(
                f"{cut.people:,.0f} 人所在的 {km:.1f} 公里道路与设施所在道路不相连，步行到不了附近的"
                f"{'、'.join(cut.layers)}；{cause.zh}",
                f"{cut.people:,.0f} people live on {km:.1f} km of street that no street joins to the nearby"
                f" {', '.join(cut.layers)}; {cause.en}",
            )
        )
    if len(told) > SHOWN:
        heads = sum(c.people for c in told[SHOWN:])
        lines.append(
            Said(
                f"另有 {len(told) - SHOWN} 片道路上的 {heads:,.0f} 人同样如此，见 causes.csv",
                f"so do {heads:,.0f} people on {len(told) - SHOWN} more such groups of streets; see causes.csv",
            )
        )
    return lines


def _cut_off_facilities_line(study: Study) -> list[Said]:
    facilities = {c.row for c in cut_off_facilities(study)}
    if not facilities:
        return []
    names = study.facilities["name"].fillna("").to_numpy()
    some = [str(names[row]) or str(study.facilities["facility_id"].iloc[row]) for row in sorted(facilities)[:3]]
    return [
        Said(
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


def _parting(study: Study, component: int) -> Parting:
    """Give why a component hangs together with no others, looked for once: every service asks."""
    return study.once(f"parting {component}", lambda: why_apart(study.network, component))


def _component_of(study: Study, at: Linkage) -> npt.NDArray[np.int64]:
    """Give the component of each linked point, -1 where it is unlinked."""
    net = study.network
    return np.where(at.edge >= 0, net.component[net.tail[at.edge]], -1).astype(np.int64)


def _people_by_component(study: Study, layer: LayerTable) -> npt.NDArray[np.float64]:
    component, people = _component_of(study, study.linked_cells(layer.profile)), study.people_by_cell()
    on = component >= 0
    return _sums(component[on], people[on], int(study.network.component.max()) + 1)


def _sums(row: npt.NDArray[np.integer], values: npt.NDArray[np.float64], n: int) -> npt.NDArray[np.float64]:
    return np.bincount(row, weights=values, minlength=n).astype(np.float64)
