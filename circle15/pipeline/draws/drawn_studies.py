"""A study and its services as they are in one draw, to plan for as for the stated ones."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt
import pandas as pd

from circle15.measures.random_draws import drawn_people
from circle15.pipeline.draws.drawn_places import DrawnPlaces
from circle15.pipeline.draws.drawn_services import capacity_factors
from circle15.pipeline.tables.measured import measure_service
from circle15.reach.redraws import network_at

if TYPE_CHECKING:
    import geopandas as gpd

    from circle15.config.layer import LayerTable
    from circle15.network.linking.linkage import Linkage
    from circle15.pipeline.draws.drawn_services import World
    from circle15.pipeline.study.study import Study
    from circle15.pipeline.tables.measured import Service

Float64 = npt.NDArray[np.float64]
EVERYTHING = "all"
MEASURED_DRAWS = 40
"""Draws, the first of all, in which plans are made anew that ask for a whole measurement: enough to tell one in
twenty, and what they take stays near three times a run without draws (`scripts/bench_certainty.py --lists`)."""


class DrawnStudies:
    """A study in every draw, one service at a time.

    The draws are those of certainty.csv: the same places, speeds, people and capacities. Speeds between walkers
    (`walker_sd`) have no part here, as a plan is made for one walker. Unlike `drawn_services`, which looks at coverage
    alone, everything is measured anew, catchments and missing places too; a draw of no noise is the study as stated.
    """

    def __init__(self, world: World, *, most: int = MEASURED_DRAWS, with_missing: bool = True) -> None:
        self._world, self._with_missing = world, with_missing
        self.n_draws = min(world.draws, most)
        self._places: dict[str, DrawnPlaces] = {}
        self._speeds: dict[str, Float64] = {}
        self._capacities: dict[str, Float64] = {}
        self._last: tuple[tuple[str, int, str], tuple[Study, Service]] | None = None

    def of(self, service: Service, draw: int, drawn: str = EVERYTHING) -> tuple[Study, Service]:
        """Give the study and a service in a draw; ``drawn`` is "all", or the one factor that is drawn.

        The study's network, cells and entrances are those of this service: another service may walk at another speed.
        """
        key = (service.layer.id, draw, drawn)
        if self._last is None or self._last[0] != key:
            self._last = (key, self._made(service, draw, drawn))
        return self._last[1]

    def _made(self, service: Service, draw: int, drawn: str) -> tuple[Study, Service]:
        world, layer = self._world, service.layer
        study, profile = world.study, layer.profile
        network = study.network
        if drawn in {EVERYTHING, "speed"}:
            network = network_at(network, profile, float(self._speed(layer)[draw]))
        entrances, _ = study.linked_entrances(layer)
        if drawn in {EVERYTHING, "positions"}:
            places = self._placed(layer)
            if places.sd_m > 0:
                entrances = places.linked(places.normals[draw : draw + 1] * places.sd_m, draw)
        linked = {f"cells/{profile}": study.linked_cells(profile), f"layer/{layer.id}/{profile}": entrances}
        if study.around is not None:
            linked[f"around/{profile}"] = study.linked_around(study.around, profile)
        people = study.people
        if drawn in {EVERYTHING, "people"}:
            factor = world.people_factor(draw)
            groups = {
                name: drawn_people(heads.to_numpy(np.float64), factor, world.kept)
                for name, heads in people.groups.items()
            }
            people = replace(people, groups=pd.DataFrame(groups, index=people.groups.index))
        found = replace(
            study,
            network=network,
            people=people,
            facilities=self._facilities(service, draw) if drawn == EVERYTHING else study.facilities,
            _linked={key: replace(at, network=network) for key, at in linked.items()},
        )
        return found, measure_service(layer, found, threads=1, with_missing=self._with_missing)

    def over_speeds(self, layer: LayerTable, n: int) -> list[int]:
        """Give up to ``n`` draws, evenly over the walking speeds."""
        by_speed = np.argsort(self._speed(layer)[: self.n_draws], kind="stable")
        return [int(d) for d in np.unique(by_speed[np.linspace(0, len(by_speed) - 1, n).astype(np.int64)])]

    def _speed(self, layer: LayerTable) -> Float64:
        if layer.id not in self._speeds:
            self._speeds[layer.id] = self._world.speed_factors(layer)
        return self._speeds[layer.id]

    def _placed(self, layer: LayerTable) -> DrawnPlaces:
        if layer.id not in self._places:
            world = self._world
            sd_m = world.table.position_of(layer)
            self._places[layer.id] = DrawnPlaces.of(world.study, layer, world.root, world.draws, sd_m)
        return self._places[layer.id]

    def _facilities(self, service: Service, draw: int) -> gpd.GeoDataFrame:
        """Give the facilities with the capacities that their table states as approximate drawn."""
        world, layer = self._world, service.layer
        if layer.id not in self._capacities:
            self._capacities[layer.id] = capacity_factors(world, service)
        factors = self._capacities[layer.id][draw]
        if (factors == 1).all():
            return world.study.facilities
        capacity = world.study.facilities["capacity"].to_numpy(np.float64).copy()
        capacity[service.rows] *= factors
        return world.study.facilities.assign(capacity=capacity)


def in_draw(at: Linkage, study: Study) -> Linkage:
    """Give places that are known exactly as they are on a drawn study's network."""
    return replace(at, network=study.network)
