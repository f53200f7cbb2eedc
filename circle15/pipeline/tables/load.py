"""How many people would use each facility: what its table says, and Huff's model."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from circle15.measures.coverage import share
from circle15.measures.saturation import modelled_load, saturation_classes, used_ratio

if TYPE_CHECKING:
    from collections.abc import Sequence

    import numpy.typing as npt

    from circle15.pipeline.study.study import Study
    from circle15.pipeline.tables.measured import Service

    FloatArray = npt.NDArray[np.float64]
    IntArray = npt.NDArray[np.int64]


def facility_load(study: Study, services: Sequence[Service]) -> pd.DataFrame:
    """Give, for every facility of the study, its use as counted and, beside it, its load as modelled.

    Returns
    -------
    pandas.DataFrame
        ``used_ratio``, ``saturation_class``, ``modelled_load`` (people, or places where the layer has a norm; those
        of people beyond the border too),
        ``modelled_ratio`` (modelled places / capacity); a row per facility, in the study's order.
    """
    n = len(study.facilities)
    load, ratio = np.full(n, np.nan), np.full(n, np.nan)
    for service in services:
        load[service.rows] = service_load(service)
        if service.has_norm:
            ratio[service.rows] = share(load[service.rows], service.supply)
    counted = used_ratio(study.facilities["used"], study.facilities["capacity"])
    bounds = study.config.saturation
    classes = saturation_classes(counted, idle_below=bounds.idle_below, overloaded_above=bounds.overloaded_above)
    return pd.DataFrame(
        {
            "used_ratio": counted,
            "saturation_class": classes.astype(object),
            "modelled_load": load,
            "modelled_ratio": ratio,
        }
    )


def service_load(service: Service) -> FloatArray:
    """Share the need out by Huff's model, (n_facilities,) people, or places where the layer has a norm."""
    return modelled_load(service.demand.times, need=service.wanted, attraction=service.supply)
