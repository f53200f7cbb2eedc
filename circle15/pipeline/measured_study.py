"""What every command does first: the walks of a study, service by service."""

from __future__ import annotations

from typing import TYPE_CHECKING

from circle15.pipeline.tables.measured import Service, measure_service

if TYPE_CHECKING:
    from circle15.pipeline.study.clock import Clock
    from circle15.pipeline.study.study import Study


def measure_services(study: Study, clock: Clock, threads: int | None) -> list[Service]:
    """Walk from every cell to every service of a study; the stages link and reach."""
    with clock.stage("link"):
        for layer in study.config.layers:
            study.linked_cells(layer.profile)
            study.linked_entrances(layer)
    with clock.stage("reach"):
        return [measure_service(layer, study, threads=threads) for layer in study.config.layers]
