"""What building a network found."""

from __future__ import annotations

from dataclasses import dataclass, field, fields
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt


@dataclass(frozen=True, slots=True)
class BuildReport:
    """What building a network found; counts of ways and barriers are the file's, the others the study area's."""

    source: str  # the file's name, without its folder
    n_ways_read: int
    ways_refused: tuple[tuple[str, int], ...]  # reason, ways; most frequent first
    n_barriers_cut: int
    n_nodes_missing: int  # references of walkable ways to nodes that the file does not hold
    n_nodes: int
    n_edges: int
    n_components: int
    n_islands: int
    street_length_m: float  # mapped; sight lines across squares are not street
    island_length_m: float
    extent: Any  # (Multi)Polygon, degrees WGS-84: ground that the data covers (`covered_ground`)
    n_squares: int = 0  # pedestrian areas of the file that are crossed in straight lines
    n_opened_by_day: int = 0  # ways and barriers of the file that are closed at night alone, and count as open
    n_closed_by_day: int = 0  # those that are open at night alone
    n_nodes_without_height: int = 0  # outside the elevation raster, or without a value in it: level there
    n_streets_cut: int = 0  # places where streets cross the user's borders away from a gate
    n_paths_added: int = 0  # the user's own
    path_ends_missed: tuple[tuple[str, float], ...] = ()  # "file:row end" that joins no street, metres to the nearest
    n_wait_links: int = 0  # edges of no length that carry waits (`circle15.network.walking.waits`), beyond n_edges
    # (n, 4) straight pieces, degrees WGS-84: lon, lat, lon, lat. Access legs do not cross them.
    hard_borders: npt.NDArray[np.float64] | None = field(default=None, compare=False, repr=False)

    def as_dict(self) -> dict[str, Any]:
        """Give the report as plain values, the extent by its bounds."""
        values = {f.name: getattr(self, f.name) for f in fields(self) if f.name != "hard_borders"}
        return {
            **values,
            "ways_refused": dict(self.ways_refused),
            "path_ends_missed": dict(self.path_ends_missed),
            "extent": [round(v, 6) for v in self.extent.bounds],
        }
