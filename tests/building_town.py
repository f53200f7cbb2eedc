"""A made town of 100 m blocks with a house in some of them, for tests of who lives where."""

import numpy as np

from tests.test_pipeline_planning import at, write_csv
from tests.toy_osm import write_osm

CONFIG = """
[district]
id = "town"
name = "Town"
boundary = "box:{west},{south},{east},{north}"
lang = "en"
{units}
[network]
source = "town.osm"
[walk.adult]
speed_m_s = 1.25
[cells]
resolution = {resolution}
[population]
{population}
[[layer]]
id = "clinic"
name = "Clinic"
source = "osm:amenity=clinic"
minutes = 15
[outputs]
isochrones = "none"
write = ["cells", "coverage"]
"""
HALF_M = 12


class BuildingTown:
    """A square of streets; `share` of the blocks' street fronts have a house.

    `others`, `homes`: another value of the building tag, and the share of houses that keep a home's; `only_west`:
    houses in the western half alone; `streets_west_only`: streets too; `units`: a western and an eastern unit; `levels`:
    storeys by the number of the house.
    """

    def __init__(self, folder, *, n_blocks=10, share=1.0, seed=0, total=3000, others="house", homes=1.0, resolution=10,
                 only_west=False, streets_west_only=False, units=False, levels=None):  # fmt: skip
        self.folder, self.n, self.total, self.resolution, self.units = folder, n_blocks, total, resolution, units
        self.levels, self.others = levels or {}, others
        self.width = n_blocks // 2 - 1 if streets_west_only else n_blocks
        rng = np.random.default_rng(seed)
        fronts = [(100 * x + d, 100 * y + 20) for y in range(n_blocks + 1) for x in range(n_blocks) for d in (30, 70)]
        fronts += [(100 * x + 20, 100 * y + d) for x in range(n_blocks + 1) for y in range(n_blocks) for d in (45, 75)]
        kept = [f for f in fronts if rng.random() < share and not (only_west and f[0] > 50 * n_blocks - 60)]
        self.houses = [(f, "house" if rng.random() < homes else others) for f in kept or [(130, 20)][: int(share > 0)]]

    def with_homes_at(self, *blocks):
        """Put a house into each of the blocks, given by their place from the south-western corner."""
        self.houses += [((100 * x + 50, 100 * y + 50), "house") for x, y in blocks]
        return self

    @property
    def n_homes(self):
        """How many houses people live in."""
        return sum(kind == "house" for _, kind in self.houses)

    def write(self, *, people=None):
        """Write streets, houses and config; give the config. ``people`` (metres, metres, heads) replace the houses."""
        self._write_streets()
        population = f'source = "buildings"\ntotal = {self.total}'
        if people is not None:
            write_csv(self.folder / "people.csv", "lon,lat,people", [(*at(x, y), heads) for x, y, heads in people])
            population = 'source = "points"\npath = "people.csv"\ncrs = "wgs84"'
        (west, south), (east, north) = at(-60, -60), at(100 * self.n + 60, 100 * self.n + 60)
        units = self._write_units(west, south, east, north) if self.units else ""
        text = CONFIG.format(
            west=west,
            south=south,
            east=east,
            north=north,
            resolution=self.resolution,
            population=population,
            units=units,
        )
        path = self.folder / "town.toml"
        path.write_text(text, encoding="utf-8")
        return path

    def _write_streets(self):
        xs, ys = range(self.width + 1), range(self.n + 1)
        number = {(x, y): 1 + x * 100 + y for x in xs for y in ys}
        nodes = {i: at(100 * x, 100 * y) for (x, y), i in number.items()}
        ways = [(40_000 + x, [number[x, y] for y in ys], "highway=residential") for x in xs]
        ways += [(41_000 + y, [number[x, y] for x in xs], "highway=residential") for y in ys]
        nodes[90_000] = (*at(210, 210), "amenity=clinic,name=c")
        for k, ((x, y), kind) in enumerate(self.houses):
            corners = [(-HALF_M, -HALF_M), (HALF_M, -HALF_M), (HALF_M, HALF_M), (-HALF_M, HALF_M)]
            ids = [100_000 + 4 * k + i for i in range(4)]
            nodes |= {i: at(x + dx, y + dy) for i, (dx, dy) in zip(ids, corners, strict=True)}
            tags = {"building": kind} | ({"building:levels": self.levels[k]} if k in self.levels else {})
            ways.append((50_000 + k, [*ids, ids[0]], tags))
        write_osm(self.folder / "town.osm", nodes=nodes, ways=ways)

    def _write_units(self, west, south, east, north):
        middle = (west + east) / 2
        rings = {"West": (west, middle), "East": (middle, east)}
        features = ",".join(
            f'{{"type":"Feature","properties":{{"code":"{name.lower()}","name":"{name}"}},"geometry":{{"type":"Polygon",'
            f'"coordinates":[[[{a},{south}],[{b},{south}],[{b},{north}],[{a},{north}],[{a},{south}]]]}}}}'
            for name, (a, b) in rings.items()
        )
        text = f'{{"type":"FeatureCollection","features":[{features}]}}'
        (self.folder / "units.geojson").write_text(text, encoding="utf-8")
        return 'units = "units.geojson"\nunit_id_field = "code"\nunit_name_field = "name"'
