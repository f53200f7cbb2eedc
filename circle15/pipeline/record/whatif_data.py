"""What the map's what-if computes with: streets, linkages, people and facilities of a study, packed for the page."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt
import shapely

from circle15.config.meaning import config_digest
from circle15.measures.gaps import need_per_head
from circle15.network.linking.entrances import gates_on, outlines_of
from circle15.network.streets.segments import haversine_m
from circle15.outputs.whatif_pack import Packer
from circle15.pipeline.study.parcels import candidates_of
from circle15.pipeline.tables.measured import SHOWN_BEYOND
from circle15.units import MS_PER_SECOND, UNREACHED, metres_to_ms

if TYPE_CHECKING:
    from collections.abc import Sequence

    from circle15.config.layer import LayerTable
    from circle15.network.graph import WalkNetwork
    from circle15.pipeline.study.study import Study
    from circle15.pipeline.tables.measured import Service

Float64 = npt.NDArray[np.float64]
Int64 = npt.NDArray[np.int64]

_SAME_LENGTH = 1e-9
"""Relative: a length is that of the straight line between its ends."""
_NEAR_A_TIE_MS = 1e-6
"""A time this near to half a millisecond may round otherwise in another program's last bit: the length is stated."""


def pack_whatif(study: Study, services: Sequence[Service]) -> str:
    """Give what the page's engine needs of a study, as `Packer.text`."""
    packer = Packer()
    profiles = list(dict.fromkeys(layer.profile for layer in study.config.layers))
    _pack_network(packer, study.network, profiles)
    _pack_people(packer, study, profiles)
    _pack_places(packer, study)
    return packer.text(
        {
            "district_id": study.district.id,
            "lang": study.config.district.lang,
            "config_sha256": config_digest(study.policy.stated),
            "shown_beyond": SHOWN_BEYOND,
            "max_access_m": study.config.network.max_access_m,
            "is_one_unit": study.is_one_unit,
            "units": [
                {"unit_id": str(i), "name": str(n)}
                for i, n in zip(study.district.units["unit_id"], study.district.units["unit_name"], strict=True)
            ],
            "profiles": [_profile(study, name) for name in profiles],
            "layers": [_layer(study, service) for service in services],
            "candidates": _candidates(study),
            "budget": study.config.planning.budget,
        }
    )


def _pack_network(packer: Packer, net: WalkNetwork, profiles: Sequence[str]) -> None:
    tail, head, node = _numbered_as_met(net)
    packer.degrees("node_lon", net.node_lon[node])
    packer.degrees("node_lat", net.node_lat[node])
    # Most edges go on where the one before ends, and lead to a node that none has met.
    last = np.concatenate([[-1], head[:-1]])
    n_met = np.maximum.accumulate(np.concatenate([[0], np.maximum(tail, head)[:-1] + 1]))
    packer.whole("tail", np.where(tail == last, 0, n_met - tail + 1))
    packer.whole("head", np.maximum(n_met, tail + 1) - head)
    speeds = [net.profiles[net.profile_index(name)].speed_m_s for name in profiles]
    own = np.flatnonzero(_states_length(net, speeds))
    packer.whole("length_at", own, steps=True)
    packer.doubles("length_m", net.length_m[own])
    for name in ("is_island", "is_span", "is_street"):
        packer.flags(name, getattr(net, name))
    packer.whole("depth", net.depth[node])
    number = np.full(net.n_nodes, -1, dtype=np.int64)
    number[node] = np.arange(len(node))
    packer.whole("links", number[net.links[(number[net.links] >= 0).all(axis=1)]].ravel())
    for name, speed in zip(profiles, speeds, strict=True):
        forward, backward = net.walk_ms[net.profile_index(name)]
        plain = metres_to_ms(net.length_m, speed).astype(np.int64)
        for side, ms, usual in (("forward", forward, plain), ("backward", backward, forward)):
            barred = ms == UNREACHED
            packer.flags(f"{name}/{side}_barred", barred)
            packer.whole(f"{name}/{side}", np.where(barred | (usual == UNREACHED), 0, ms.astype(np.int64) - usual))
            alone = np.flatnonzero(~barred & (usual == UNREACHED))
            packer.whole(f"{name}/{side}_at", alone, steps=True)
            packer.whole(f"{name}/{side}_alone", ms[alone])
    pieces = net.report.hard_borders if net.border_tree() is not None else np.empty((0, 4))
    for column, name in enumerate(("tail_lon", "tail_lat", "head_lon", "head_lat")):
        packer.degrees(f"border_{name}", pieces[:, column])


def _numbered_as_met(net: WalkNetwork) -> tuple[Int64, Int64, Int64]:
    """Give tail and head with nodes numbered in the order in which edges meet them, and the network's node of each.

    Nodes without edges are left out. No answer depends on the numbers of nodes, while those of edges decide ties.
    """
    ends = np.column_stack([net.tail, net.head]).ravel()
    node, first = np.unique(ends, return_index=True)
    order = np.argsort(first, kind="stable")
    number = np.empty(net.n_nodes, dtype=np.int64)
    number[node[order]] = np.arange(len(node))
    return number[net.tail], number[net.head], node[order].astype(np.int64)


def _states_length(net: WalkNetwork, speeds: Sequence[float]) -> npt.NDArray[np.bool_]:
    """Tell which edges' lengths the page is told: it takes the others as straight."""
    places = (net.node_lon[net.tail], net.node_lat[net.tail], net.node_lon[net.head], net.node_lat[net.head])
    straight = haversine_m(*places)
    stated = np.abs(straight - net.length_m) > _SAME_LENGTH * np.maximum(net.length_m, 1.0)
    for speed in speeds:
        ms = net.length_m * (MS_PER_SECOND / speed) + 0.5
        stated |= (np.abs(ms - np.rint(ms)) < _NEAR_A_TIE_MS) & (net.length_m > 0)
    return stated


def _pack_people(packer: Packer, study: Study, profiles: Sequence[str]) -> None:
    """Pack where walks start, who walks from there, and on which edge each start stands."""
    cells, around = study.cells, study.around
    lon, lat = [cells.lon], [cells.lat]
    if around is not None:
        lon, lat = [*lon, around.lon], [*lat, around.lat]
    packer.degrees("origin_lon", np.concatenate(lon))
    packer.degrees("origin_lat", np.concatenate(lat))
    packer.whole("cell_of_row", cells.cell_of_piece, steps=True)
    packer.whole("unit_of_row", study.unit_of_piece, steps=True)
    usual = np.zeros(len(np.concatenate(lon)), dtype=np.int64)
    for k, name in enumerate(profiles):
        edges = [study.linked_cells(name).edge]
        if around is not None:
            edges.append(study.linked_around(around, name).edge)
        edge = np.concatenate(edges).astype(np.int64)
        packer.whole(f"{name}/origin_edge", edge - usual, steps=k == 0)  # most are one for all who walk
        usual = edge if k == 0 else usual
    groups = {layer.group for layer in study.config.layers} | {layer.norm_group for layer in study.config.layers}
    for group in sorted(groups):
        packer.doubles(f"people/{group}", study.people.groups[group].to_numpy(np.float64))
        if around is not None:
            packer.doubles(f"around/{group}", around.groups[group].to_numpy(np.float64))


def _pack_places(packer: Packer, study: Study) -> None:
    """Pack each layer's entrances, and the study area, outside of which no facility may be added."""
    for layer in study.config.layers:
        at, owner = study.linked_entrances(layer)
        of_layer = study.entrances[study.entrances["layer"] == layer.id]
        packer.degrees(f"{layer.id}/entrance_lon", of_layer["lon"].to_numpy(np.float64))
        packer.degrees(f"{layer.id}/entrance_lat", of_layer["lat"].to_numpy(np.float64))
        packer.whole(f"{layer.id}/entrance_owner", owner, steps=True)
        packer.whole(f"{layer.id}/entrance_edge", at.edge, steps=True)
        _pack_outlines(packer, study, layer.id)
    places, ring = shapely.get_coordinates(_rings(study.area), return_index=True)
    packer.degrees("area_lon", places[:, 0])
    packer.degrees("area_lat", places[:, 1])
    packer.whole("area_ring", ring, steps=True)


def _pack_outlines(packer: Packer, study: Study, layer_id: str) -> None:
    """Pack the outlines that a layer's facilities are entered through, so that new streets open new entrances."""
    shapes = np.asarray(study.facilities.geometry.to_numpy(), dtype=object)[study.rows_of(layer_id)]
    extended = np.flatnonzero(shapely.get_dimensions(shapes) > 0)
    outlines = outlines_of(shapes[extended])
    parts, of_outline = shapely.get_parts(outlines, return_index=True)
    is_line = shapely.get_dimensions(parts) == 1
    places, part = shapely.get_coordinates(parts[is_line], return_index=True)
    packer.degrees(f"{layer_id}/outline_lon", places[:, 0])
    packer.degrees(f"{layer_id}/outline_lat", places[:, 1])
    packer.whole(f"{layer_id}/outline_part", part, steps=True)
    packer.whole(f"{layer_id}/outline_owner", extended[of_outline[is_line]], steps=True)
    packer.flags(f"{layer_id}/outline_is_one", shapely.get_type_id(outlines) == shapely.GeometryType.LINESTRING)
    packer.whole(f"{layer_id}/outline_facility", extended, steps=True)
    gates = gates_on(outlines, np.empty((0, 2)) if study.gates is None else study.gates)
    on = np.concatenate([np.empty((0, 2)), *gates])
    packer.degrees(f"{layer_id}/gate_lon", on[:, 0])
    packer.degrees(f"{layer_id}/gate_lat", on[:, 1])
    packer.whole(f"{layer_id}/gate_owner", np.repeat(extended, [len(g) for g in gates]), steps=True)


def _rings(area: Any) -> npt.NDArray[np.object_]:
    return np.asarray(shapely.get_rings(shapely.get_parts(area)), dtype=object)


def _profile(study: Study, name: str) -> dict[str, Any]:
    profile = study.network.profiles[study.network.profile_index(name)]
    return {"name": name, "speed_m_s": profile.speed_m_s, "pays_only_speed": profile.pays_only_speed}


def _layer(study: Study, service: Service) -> dict[str, Any]:
    layer = service.layer
    facilities = study.facilities.iloc[service.rows]
    capacity = facilities["capacity"].to_numpy(np.float64)
    stated = capacity[capacity > 0]
    return {
        "id": layer.id,
        "name": layer.name,
        "profile": layer.profile,
        "group": layer.group,
        "minutes": study.config.threshold_min(layer),
        "metres": layer.metres,
        "threshold_ms": round(service.threshold_s * MS_PER_SECOND),
        "min_count": layer.min_count,
        "capacity_unit": layer.capacity_unit,
        "catchment": layer.catchment,
        "decay": layer.decay,
        "least_capacity_share": layer.least_capacity_share,
        "norm": _norm(study, layer),
        "usual_capacity": study.config.planning.new_capacity.get(
            layer.id, float(np.median(stated)) if len(stated) else None
        ),
        "facilities": [
            {"id": str(i), "name": "" if n is None else str(n), "lon": x, "lat": y, "capacity": _number(c)}
            for i, n, x, y, c in zip(
                facilities["facility_id"],
                facilities["name"].fillna(""),
                facilities["lon"].tolist(),
                facilities["lat"].tolist(),
                capacity.tolist(),
                strict=True,
            )
        ],
    }


def _norm(study: Study, layer: LayerTable) -> dict[str, Any] | None:
    """Give the need per head and whose heads; also of a norm that waits for a facility to state a capacity."""
    policy = study.policy
    taken = {t.key: t.value for t in policy.taken if t.layer == layer.id}
    per_1000 = layer.norm_per_1000 if layer.norm_per_1000 is not None else taken.get("norm_per_1000")
    if per_1000 is None:
        return None
    groups = study.people.groups
    users, norm_people = (float(groups[name].sum()) for name in (layer.group, layer.norm_group))
    rate, is_of_group = need_per_head(users, norm_people, float(per_1000) / 1000)
    return {
        "per_1000": float(per_1000),
        "per_head": rate,
        "group": layer.group if is_of_group else layer.norm_group,
        "from_policy": policy.norm_is_from_policy(layer.id),
    }


def _candidates(study: Study) -> list[dict[str, Any]]:
    """Give the places of the config's own table of candidates."""
    if study.config.planning.candidates is None:
        return []
    found = candidates_of(study)
    return [
        {"name": str(n), "layer": str(k), "lon": x, "lat": y, "cost": _number(c), "capacity": _number(s)}
        for n, k, x, y, c, s in zip(
            found.name, found.layer, found.lon.tolist(), found.lat.tolist(), found.cost.tolist(),
            found.capacity.tolist(), strict=True,
        )
    ]  # fmt: skip


def _number(value: float) -> float | None:
    return None if np.isnan(value) else float(value)
