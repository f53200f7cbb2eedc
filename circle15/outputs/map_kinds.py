"""Kinds of map pages: what decides a page's shell, and the shell with places for what belongs to one district."""

from __future__ import annotations

import json
from dataclasses import dataclass

DATA_ID = "c15-data"
# Places of a shell: no name stands before the title, and none before the data holds a bare "<".
TITLE, DATA, DRAWER, WHATIF = "c15-title", "<!--c15-data-->", "<!--c15-drawer-->", "<!--c15-whatif-->"
LOCATION = ("c15-lat", "c15-lon")
ZOOM = "c15-zoom"
N_UNLINKED = "c15-n-unlinked"


@dataclass(frozen=True, slots=True)
class ShellLayer:
    """A layer that the page's control names."""

    key: str
    name: str  # HTML
    is_shown: bool
    is_clustered: bool = False


@dataclass(frozen=True, slots=True)
class ShellKind:
    """All that decides a shell, but for the versions of what renders it; districts of one programme share it."""

    lang: str
    sources: tuple[str, ...]  # as they stand in the corner of the map
    cells: tuple[ShellLayer, ...]
    overlays: tuple[ShellLayer, ...]
    has_whatif: bool


@dataclass(frozen=True, slots=True)
class Shell:
    """A page as folium renders it, with places for its title, data, first view and what-if."""

    text: str

    def filled(
        self,
        *,
        title: str,
        data: str,
        n_unlinked: int,
        location: tuple[float, float],
        zoom: int,
        whatif: tuple[str, str] | None,
    ) -> str:
        """Give the page.

        Parameters
        ----------
        title
            HTML.
        data
            The page's data, JSON.
        n_unlinked
            Facilities that the layer of unlinked ones counts.
        location, zoom
            The first view: latitude and longitude in degrees, and the zoom level.
        whatif
            Words of the what-if as JSON, and its packed data; None where the page has none.
        """
        fills = [(TITLE, title), (DATA, data)]
        fills += [] if whatif is None else list(zip((DRAWER, WHATIF), whatif, strict=True))
        page: list[str] = []
        rest = self.text
        for place, filling in fills:
            before, _, rest = rest.partition(place)
            page += [before, filling]
        for place, told in ((json.dumps(LOCATION), json.dumps(location)), (ZOOM, str(zoom))):
            rest = rest.replace(place, told, 1)
        return "".join([*page, rest.replace(N_UNLINKED, str(n_unlinked))])
