from .asked_projects import (
    compare_projects_of,
    compared_projects,
    layer_named,
    programme,
    rank_district,
    site_district,
)
from .district_run import DEFAULT_OUT, Run, run_district
from .drawn_isochrone import draw_isochrone
from .study.clock import STAGES
from .sure_shares import certainty

__all__ = [
    "DEFAULT_OUT",
    "STAGES",
    "Run",
    "certainty",
    "compare_projects_of",
    "compared_projects",
    "draw_isochrone",
    "layer_named",
    "programme",
    "rank_district",
    "run_district",
    "site_district",
]
