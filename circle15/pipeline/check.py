"""The doctor: every problem of a config and its inputs in one list; measures nothing."""

from __future__ import annotations

from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from circle15.config import load_config
from circle15.errors import Circle15Error, Problem
from circle15.inputs.districts import buffer_area, read_district
from circle15.network.build import read_network
from circle15.pipeline.clock import Clock
from circle15.pipeline.communities import read_people
from circle15.pipeline.services import read_services
from circle15.pipeline.study import profiles_of, read_study

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from circle15.config import Config
    from circle15.pipeline.study import Study


@dataclass(slots=True)
class Findings:
    """What `check` found."""

    problems: list[Problem] = field(default_factory=list)  # a run would stop at each of these
    warnings: list[str] = field(default_factory=list)  # a run would print these
    facts: list[str] = field(default_factory=list)  # what was read

    @contextmanager
    def gather(self) -> Iterator[None]:
        """Note the problems of the block and go on."""
        try:
            yield
        except Circle15Error as e:
            self.problems.extend(p for p in e.problems if p not in self.problems)


def check_config(path: Path) -> Findings:
    """Try everything that a run reads, one part after another, and list what is wrong with each."""
    found = Findings()
    with found.gather():
        _check(load_config(path), found)
    return found


def _check(config: Config, found: Findings) -> None:
    source = config.resolve(config.network.source)
    district = network = None
    with found.gather():
        district = read_district(config, source)
        found.facts.append(f"district {district.id}: {len(district.units)} units")
    area = buffer_area(district.geometry, config.buffer_m()) if district is not None else None
    with found.gather():
        network = read_network(source, area=area, profiles=profiles_of(config))
        found.facts.append(f"network: {network.n_nodes} nodes, {network.n_edges} edges")
    for layer in config.layers:
        with found.gather():
            if network is not None and area is not None:
                read_services(config.model_copy(update={"layers": (layer,)}), network, area)
    with found.gather():
        if district is not None:
            cells, people, _ = read_people(config, district)
            found.facts.append(f"people: {people.groups['all'].sum():,.0f} in {len(cells.pieces)} pieces of cells")
    if not found.problems:
        with found.gather():
            _check_fit(read_study(config, Clock()), found)


def _check_fit(study: Study, found: Findings) -> None:
    """Tell how well cells and facilities fit the streets."""
    found.warnings.extend(study.warnings)
    for profile in {layer.profile for layer in study.config.layers}:
        at = study.linked_cells(profile)
        found.facts.append(f"cells on the network ({profile}): {(at.edge >= 0).sum()} of {len(at.edge)}")
    access = study.facility_access_m()
    for layer in study.config.layers:
        of_layer = access[study.rows_of(layer.id)]
        on = int((of_layer >= 0).sum())
        found.facts.append(f"layer {layer.id}: {len(of_layer)} facilities, {on} on the network")
        if on < len(of_layer):
            found.warnings.append(
                f"layer {layer.id}: {len(of_layer) - on} facilities are farther than"
                f" {study.config.network.max_access_m:g} m from any walkable street and will be listed in unlinked.csv"
            )
