"""What counting people in cells costs: every home's own walk as the truth, beside walks from cells.

    python scripts/bench_discretisation.py FOLDER [--site NAME ...] [--resolution 9 10 11]

FOLDER holds osm/monaco.osm.pbf, osm/multicity15.osm.pbf (Liechtenstein, Malta), osm/nanjing_xuanwu.osm.pbf and
population/nanjing_ghspop2015_100m.csv. Homes are the buildings that somebody may live in (people by footprint x
levels), in Nanjing the populated cells of 100 m. For each of four kinds of OSM places and 5, 10 and 15 minutes of an
adult's walk, as far as 2 to 98 % of the people are covered: how far each street's covered share is off the truth (mean
and largest, in points), how many people are told the wrong thing (per cent), and by how much the district's own share
is off on average, with its sign (points): what would part districts of unlike resolutions. Streets are the areas of
the extract, in Nanjing squares of a kilometre. "before" are walks from the centres of cells, "after" those from where
people live; "best" is what no start could better: each cell told what holds for most of its people. "auto" is the
resolution that `[cells] resolution = "auto"` comes to, from where people live.
"""

from __future__ import annotations

import argparse
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from circle15.config.model import load_config
from circle15.network.linking.link import link
from circle15.pipeline.study.clock import Clock
from circle15.pipeline.study.read_study import read_study
from circle15.reach.search import nearest

if TYPE_CHECKING:
    from circle15.network.linking.linkage import Linkage
    from circle15.pipeline.study.study import Study

MINUTES = (5, 10, 15)
TOLD_APART = (0.02, 0.98)
"""Where hardly anybody or nearly everybody is covered, cells cannot be wrong."""
DEFAULT = 10


@dataclass(frozen=True)
class Site:
    """A place with known homes."""

    boundary: str
    units: str | None
    streets: str
    people: str


BUILDINGS = 'source = "buildings"\ntotal = {}'
SITES = {
    "Monaco": Site("osm:admin_level=8,name=Monaco", "osm:admin_level=10", "monaco", BUILDINGS.format(35_881)),
    "Liechtenstein": Site(
        "osm:admin_level=2,name=Liechtenstein", "osm:admin_level=8", "multicity15", BUILDINGS.format(38_000)
    ),
    "Malta": Site("box:14.17,35.79,14.58,36.09", "osm:admin_level=8", "multicity15", BUILDINGS.format(400_000)),
    "Nanjing": Site(
        "box:118.756,32.030,118.800,32.059", None, "nanjing_xuanwu",
        "source = \"points\"\npath = '{folder}/population/nanjing_ghspop2015_100m.csv'\ncrs = \"wgs84\"",
    ),
}  # fmt: skip
LAYERS = {
    "nursery": "amenity=kindergarten|childcare|school",
    "canteen": "amenity=restaurant|cafe",
    "clinic": "amenity=hospital|clinic|doctors|pharmacy",
    "sports": "leisure=sports_centre|fitness_centre|pitch",
}
CONFIG = """
[district]
id = "site"
name = "site"
boundary = "{boundary}"
{units}
lang = "en"
[network]
source = '{folder}/osm/{streets}.osm.pbf'
[walk.adult]
speed_m_s = 1.25
[cells]
resolution = {resolution}
start = "{start}"
[population]
{people}
"""
LAYER = '\n[[layer]]\nid = "{id}"\nname = "{id}"\nsource = "osm:{source}"\nminutes = 15\nallow_empty = true\n'


def read_site(site: Site, folder: Path, resolution: int | str, start: str) -> Study:
    """Read a site as a run would."""
    given = {**vars(site), "folder": folder, "resolution": resolution, "start": start}
    given["units"] = f'units = "{site.units}"' if site.units else ""
    given["people"] = site.people.format(folder=folder)
    text = CONFIG.format(**given) + "".join(LAYER.format(id=i, source=s) for i, s in LAYERS.items())
    with tempfile.TemporaryDirectory() as name:
        path = Path(name) / "site.toml"
        path.write_text(text, encoding="utf-8")
        return read_study(load_config(path), Clock())


def squares_of(lon: Any, lat: Any, side_m: float = 1000.0) -> Any:
    """Give the number of the square that each place lies in."""
    y = (lat - lat.min()) * 111_195 // side_m
    x = (lon - lon.min()) * 111_195 * np.cos(np.radians(lat.mean())) // side_m
    return np.unique(np.column_stack([x, y]), axis=0, return_inverse=True)[1].ravel()


def walked_s(study: Study, at: Linkage, layer: str) -> Any:
    """Give the seconds to the nearest place of a layer, infinite beyond the longest walk."""
    found = next(one for one in study.config.layers if one.id == layer)
    there, _ = study.linked_entrances(found)
    if not len(there):
        return np.full(len(at), np.inf)
    seconds = nearest(study.network, at, there, profile="adult", cutoff_s=60.0 * max(MINUTES)).seconds
    return np.where(np.isnan(seconds), np.inf, seconds)


@dataclass(frozen=True)
class Errors:
    """How far what cells tell is off what holds."""

    unit: float  # mean of a unit's share, points
    largest: float
    flipped: float  # people told the wrong thing, per cent
    leaning: float  # of the whole site's share, points, with its sign

    def __str__(self) -> str:
        return f"{self.unit:9.2f}{self.largest:9.2f}{self.flipped:9.2f}{self.leaning:+9.2f}"


class Truth:
    """Every home's own walk."""

    def __init__(self, study: Study, *, has_units: bool) -> None:
        homes = study.people.homes
        homes = homes.take(np.flatnonzero(homes.people > 0))
        self.share = homes.people / homes.people.sum()
        self.lon, self.lat = homes.lon, homes.lat
        self.unit = study.unit_of_piece[homes.piece] if has_units else squares_of(homes.lon, homes.lat)
        at = link(study.network, homes.lon, homes.lat, max_access_m=300.0, profile="adult")
        walks = {layer: walked_s(study, at, layer) for layer in LAYERS}
        cases = [(layer, 60.0 * m) for layer in LAYERS for m in MINUTES]
        low, high = TOLD_APART
        self.cases = [(i, s) for i, s in cases if low < self.share[walks[i] <= s].sum() < high]
        self.covered = [walks[i] <= s for i, s in self.cases]

    def errors(self, told: list[Any]) -> Errors:
        """Compare what is told with what holds."""
        off = [np.abs(self._by_unit(a) - self._by_unit(b)) for a, b in zip(told, self.covered, strict=True)]
        flipped = [self.share[a != b].sum() for a, b in zip(told, self.covered, strict=True)]
        leaning = [self.share[a].sum() - self.share[b].sum() for a, b in zip(told, self.covered, strict=True)]
        return Errors(*(100 * float(v) for v in (np.mean(off), np.max(off), np.mean(flipped), np.mean(leaning))))

    def told_by(self, study: Study) -> list[Any]:
        """Give for each case what the homes are told by their cells."""
        homes = study.people.homes
        piece = homes.piece[homes.people > 0]
        at = study.linked_cells("adult")
        walks = {layer: walked_s(study, at, layer)[study.cells.cell_of_piece[piece]] for layer in LAYERS}
        return [walks[layer] <= seconds for layer, seconds in self.cases]

    def best(self, study: Study) -> list[Any]:
        """Give what homes are told where each cell says what holds for most of its people."""
        homes = study.people.homes
        piece = homes.piece[homes.people > 0]
        whole = np.bincount(piece, weights=self.share)
        return [(np.bincount(piece, weights=self.share * c) > whole / 2)[piece] for c in self.covered]

    def _by_unit(self, covered: Any) -> Any:
        return np.bincount(self.unit, weights=self.share * covered) / np.bincount(self.unit, weights=self.share)


def print_site(name: str, folder: Path, resolutions: list[int]) -> dict[tuple[int | str, str], Errors]:
    """Print the rows of a site and give its errors by resolution and start; "auto" is one of them."""
    site, found = SITES[name], {}
    truth, auto = None, read_site(site, folder, '"auto"', "people").chosen.resolution
    for resolution in resolutions:
        for start, called in (("centre", "before"), ("people", "after")):
            begun = time.process_time()
            study = read_site(site, folder, resolution, start)
            read_s = time.process_time() - begun
            truth = truth or Truth(study, has_units=site.units is not None)
            found[resolution, called] = truth.errors(truth.told_by(study))
            n = f"{study.cells.n_cells:,}"
            print(f"{name:14}{resolution:3} {called:7}{n:>9}{found[resolution, called]}{read_s:9.1f}")
        print(f"{name:14}{resolution:3} {'best':7}{'':9}{truth.errors(truth.best(study))}")
    if (auto, "after") in found:
        found["auto", "after"] = found[auto, "after"]
        print(f'{name:14}"auto" is {auto}')
    return found


def main() -> None:
    """Print the table, and what each resolution leaves of the error of the default before."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--site", nargs="+", choices=SITES, default=list(SITES))
    parser.add_argument("--resolution", nargs="+", type=int, default=[9, 10, 11])
    options = parser.parse_args()
    print(f"{'site':14}res {'start':7}{'starts':>9}{'unit':>9}{'largest':>9}{'flipped':>9}{'leaning':>9}{'read, s':>9}")
    errors = {name: print_site(name, options.folder.resolve(), options.resolution) for name in options.site}
    print(f"\nleft of the error at resolution {DEFAULT} from the centre: by unit, by people")
    for resolution in (*options.resolution, "auto"):
        rows = {
            name: (e[resolution, "after"], e[DEFAULT, "before"])
            for name, e in errors.items()
            if {(resolution, "after"), (DEFAULT, "before")} <= e.keys()
        }
        for name, (after, before) in rows.items():
            print(f"{name:14}{resolution:>5}{after.unit / before.unit:9.2f}{after.flipped / before.flipped:9.2f}")
        if rows:
            unit = sum(a.unit for a, _ in rows.values()) / sum(b.unit for _, b in rows.values())
            flipped = sum(a.flipped for a, _ in rows.values()) / sum(b.flipped for _, b in rows.values())
            print(f"{'all sites':14}{resolution:>5}{unit:9.2f}{flipped:9.2f}")


if __name__ == "__main__":
    main()
