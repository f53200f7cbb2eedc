from .batch import run_batch
from .config.model import Config, load_config
from .errors import Circle15Error
from .measures.catchment import two_step_fca
from .network.build import read_network
from .network.graph import WalkNetwork
from .network.linking.link import link, link_nodes
from .network.linking.linkage import Linkage
from .network.walking.profiles import WalkProfile
from .pipeline import certainty, programme, run_district
from .pipeline.draws.array_draws import coverage_certainty
from .reach.isochrone import isochrones
from .reach.search import nearest, reach_summary, travel_times
from .runs.trend.trend_table import trend

__version__: str

__all__ = [
    "Circle15Error",
    "Config",
    "Linkage",
    "WalkNetwork",
    "WalkProfile",
    "certainty",
    "coverage_certainty",
    "isochrones",
    "link",
    "link_nodes",
    "load_config",
    "nearest",
    "programme",
    "reach_summary",
    "read_network",
    "run_batch",
    "run_district",
    "travel_times",
    "trend",
    "two_step_fca",
]
