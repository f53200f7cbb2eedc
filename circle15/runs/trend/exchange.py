"""Two dates' inputs exchanged one by one: a study with the facilities of one date and the people of another."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
import shapely

from circle15.inputs.ground.cells import Cells, unit_of_points
from circle15.inputs.ground.districts import buffer_area
from circle15.inputs.people.beyond import read_buffer_people
from circle15.network.linking.entrances import facility_entrances
from circle15.pipeline.starts.walk_starts import start_around, start_walks
from circle15.pipeline.study.layer_facilities import facility_gates, read_services
from circle15.pipeline.study.scenario import change_network, change_services
from circle15.pipeline.study.study_streets import read_streets
from circle15.policy.apply import apply_policy, settle_norms
from circle15.runs.trend.same_facilities import SAID_OF_A_FACILITY, same_facilities
from circle15.runs.trend.same_inputs import same_networks, same_people, same_rules

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    import geopandas as gpd

    from circle15.config.model import Config
    from circle15.network.graph import WalkNetwork
    from circle15.pipeline.study.study import Study

FACTORS = ("facilities", "capacity", "people", "streets", "rules")
"""What a number depends on: where facilities stand; what those that stand on both dates hold; who lives where, within
which outlines, and what a survey of them says; the walking network; and what is asked: services, thresholds, norms,
groups, walkers, the plan's registers."""


@dataclass(frozen=True, slots=True)
class Pair:
    """Two dates' studies of one district, whose parts are put together anew."""

    before: Study
    after: Study
    _kept: dict[tuple[Any, ...], Any] = field(default_factory=dict)  # what was read once more, by what it is read for

    @property
    def layers(self) -> tuple[str, ...]:
        """Give the services that both dates have, and that can be measured with the people of either."""
        groups = [set(map(str, one.people.groups.columns)) for one in (self.before, self.after)]
        known = groups[0] & groups[1]
        after = {layer.id: layer for layer in self.after.config.layers}
        return tuple(
            rule.id
            for rule in self.before.config.layers
            if rule.id in after and {g for r in (rule, after[rule.id]) for g in (r.group, r.norm_group)} <= known
        )

    @property
    def same(self) -> dict[str, str]:
        """Give the facilities that stand on both dates: facility_id of `after` by that of `before`."""
        found: dict[str, str] = self._once(
            ("same",), lambda: same_facilities(self.before.facilities, self.after.facilities)
        )
        return found

    def changed(self) -> tuple[str, ...]:
        """Name the factors of which anything differs between the dates, in the order of `FACTORS`."""
        one, two = self.before, self.after
        # Streets are held against each other as the same people walk them, within the same ground.
        streets = self._network(one, one, one), self._network(two, one, one)
        one_rows, two_rows = self._same_rows(one.facilities, two.facilities)
        is_all = len(one_rows) == len(one.facilities) == len(two.facilities)
        places = [
            frame.geometry.to_numpy()[rows] for frame, rows in ((one.facilities, one_rows), (two.facilities, two_rows))
        ]
        said = [
            frame[list(SAID_OF_A_FACILITY)].iloc[rows].reset_index(drop=True)
            for frame, rows in ((one.facilities, one_rows), (two.facilities, two_rows))
        ]
        is_same = {
            "facilities": is_all and bool(shapely.equals_exact(*places, tolerance=0.0).all()),
            "capacity": said[0].equals(said[1]),
            "people": same_people(one, two),
            "streets": same_networks(*streets),
            "rules": same_rules(one, two),
        }
        return tuple(factor for factor in FACTORS if not is_same[factor])

    def study(self, exchanged: Iterable[str]) -> Study:
        """Give the study with these factors as they are after, and the others as they were before."""
        chosen = set(exchanged)
        side = {factor: self.after if factor in chosen else self.before for factor in FACTORS}
        ground, rules, supply = side["people"], side["rules"], side["facilities"]
        config = self._config(rules, ground)
        network = self._network(side["streets"], rules, ground)
        facilities, entrances = self._supply(supply, network, rules, ground)
        if side["capacity"] is not supply:
            facilities = self._with_said(facilities, side["capacity"])
        stated = {layer.id: layer.capacity_unit for layer in supply.config.layers if layer.capacity_unit is not None}
        policy = settle_norms(replace(apply_policy(rules.policy.stated), config=config), facilities, stated)
        # A scenario's walks start where its base's do.
        streets = self._unchanged_network(side["streets"], rules, ground)
        starts = start_walks(ground.config, _from_centres(ground.cells), ground.people, streets)
        lon, lat = (facilities[c].to_numpy(np.float64) for c in ("lon", "lat"))
        return replace(
            rules,
            config=policy.config,
            policy=policy,
            district=ground.district,
            network=network,
            cells=starts.cells,
            people=ground.people,
            facilities=facilities,
            entrances=entrances,
            unit_of_piece=ground.unit_of_piece,
            unit_of_facility=unit_of_points(starts.cells.pieces, ground.unit_of_piece, lon, lat),
            second=ground.second,
            around=start_around(ground.config, self._around(ground, rules), streets),
            _linked={},
            _off={},
        )

    def _config(self, rules: Study, ground: Study) -> Config:
        """Give the rules' config before norms are settled, with the services of both dates and the people's survey."""
        config = apply_policy(rules.policy.stated).config
        asked = self.layers
        survey = ground.config.survey
        if survey is not None:
            survey = survey.model_copy(update={"path": str(ground.config.resolve(survey.path))})
        layers = tuple(layer for layer in config.layers if layer.id in asked)
        return config.model_copy(update={"layers": layers, "survey": survey})

    def _network(self, streets: Study, rules: Study, ground: Study) -> WalkNetwork:
        """Give one date's streets as another's walkers walk them, around the ground that is planned."""
        if streets.config.walk == rules.config.walk and _is_own_area(streets, rules, ground):
            return streets.network

        def read() -> WalkNetwork:
            config = streets.config.model_copy(update={"walk": rules.config.walk})
            return change_network(config, read_streets(config, _area(rules, ground)))[0]

        network: WalkNetwork = self._once(("network", id(streets), id(rules), id(ground)), read)
        return network

    def _unchanged_network(self, streets: Study, rules: Study, ground: Study) -> WalkNetwork:
        """Give the same without the paths that a scenario adds or closes."""
        if not any(change.kind in {"add_path", "close_path"} for change in streets.config.changes):
            return self._network(streets, rules, ground)

        def read() -> WalkNetwork:
            config = streets.config.model_copy(update={"walk": rules.config.walk})
            return read_streets(config, _area(rules, ground))

        network: WalkNetwork = self._once(("unchanged", id(streets), id(rules), id(ground)), read)
        return network

    def _supply(
        self, supply: Study, network: WalkNetwork, rules: Study, ground: Study
    ) -> tuple[gpd.GeoDataFrame, pd.DataFrame]:
        """Give one date's facilities around the ground that is planned, with their entrances from these streets."""
        if _is_own_area(supply, rules, ground):
            facilities, entrances = supply.facilities, supply.entrances
        else:

            def read() -> Any:
                area = _area(rules, ground)
                return change_services(supply.config, read_services(supply.config, supply.network, area), area)

            services = self._once(("services", id(supply), id(rules), id(ground)), read)
            facilities, entrances = services.facilities, services.entrances
        is_point = (shapely.get_dimensions(facilities.geometry.to_numpy()) == 0).all()
        if is_point or network is supply.network:
            return facilities, entrances
        limit = supply.config.network.max_access_m
        gates = self._once(("gates", id(supply)), lambda: facility_gates(supply.config, facilities))
        return facilities, self._once(
            ("entrances", id(facilities), id(network)),
            lambda: facility_entrances(network, facilities, gates=gates, max_access_m=limit),
        )

    def _with_said(self, facilities: gpd.GeoDataFrame, other: Study) -> gpd.GeoDataFrame:
        """Give the facilities that stand on both dates what the other date's table says of them."""
        here, there = (
            self._same_rows(facilities, other.facilities)
            if other is self.after
            else reversed(self._same_rows(other.facilities, facilities))
        )
        columns = {}
        for name in SAID_OF_A_FACILITY:
            values = facilities[name].to_numpy(copy=True)
            values[here] = other.facilities[name].to_numpy()[there]
            columns[name] = values
        return facilities.assign(**columns)

    def _same_rows(self, before: pd.DataFrame, after: pd.DataFrame) -> tuple[Any, Any]:
        """Give the rows of the facilities that stand on both dates, in frames of the earlier and of the later one."""
        ids = pd.Index(before["facility_id"]), pd.Index(after["facility_id"])
        rows = [(ids[0].get_indexer([a])[0], ids[1].get_indexer([b])[0]) for a, b in self.same.items()]
        both = np.array([r for r in rows if min(r) >= 0], dtype=np.int64).reshape(-1, 2)
        return both[:, 0], both[:, 1]

    def _around(self, ground: Study, rules: Study) -> Any:
        """Give who lives beyond the border of the ground, as far as the rules' walks go."""
        if rules.config.buffer_m() == ground.config.buffer_m():
            return ground.around
        return self._once(
            ("around", id(ground), id(rules)),
            lambda: read_buffer_people(ground.config, ground.district.geometry, _area(rules, ground), ground.people),
        )

    def _once(self, key: tuple[Any, ...], read: Callable[[], Any]) -> Any:
        if key not in self._kept:
            self._kept[key] = read()
        return self._kept[key]


def _area(rules: Study, ground: Study) -> Any:
    """Give the area whose streets and facilities the rules need of the ground that is planned."""
    return buffer_area(ground.district.geometry, rules.config.buffer_m())


def _is_own_area(one: Study, rules: Study, ground: Study) -> bool:
    """Tell whether a study was read for the very area that the rules need of the ground that is planned."""
    is_as_far = rules is one or rules.config.buffer_m() == one.config.buffer_m()
    return is_as_far and (ground is one or bool(ground.district.geometry.equals(one.district.geometry)))


def _from_centres(cells: Cells) -> Cells:
    """Give the cells with every walk at its cell's centre again, as they are before streets are known."""
    names = cells.pieces["cell"].to_numpy(dtype=str)
    _, first, of_piece = np.unique(names, return_index=True, return_inverse=True)
    lon, lat = (cells.pieces[c].to_numpy(np.float64)[first] for c in ("lon", "lat"))
    return Cells(cells.pieces, lon, lat, of_piece.astype(np.int32), cells.resolution)
