"""A made town of straight streets whose people and clinics stand where a test says, for tests of how sure shares are."""

import pandas as pd

from tests.test_pipeline_planning import at
from tests.toy_osm import write_osm

CONFIG = """
[district]
id = "town"
name = "Town"
boundary = "box:{box}"
lang = "en"
{units}
[network]
source = "town.osm"
[walk.adult]
speed_m_s = 1.25
[walk.waiter]
speed_m_s = 1.25
waits = {{ signals = 60 }}
[cells]
resolution = 10
[population]
source = "points"
path = "people.csv"
crs = "wgs84"
[[layer]]
id = "clinic"
name = "Clinic"
source = "clinic.csv"
crs = "wgs84"
{rule}
[outputs]
isochrones = "none"
write = ["cells", "coverage", "ranking"]
{more}
"""


def write_town(folder, *, clinics, people, xs=range(0, 2001, 100), ys=range(0, 501, 100), rule="minutes = 5",
               more="", units=False, others=(), ways=(), nodes=None):  # fmt: skip
    """Write a town; give its config's path.

    ``clinics``: (x, y, capacity as text); ``people``: (x, y, heads); metres. Streets run along every x and y.
    """
    number = {xy: i for i, xy in enumerate([(x, y) for y in ys for x in xs], start=1)}
    lines = [[(x, y) for x in xs] for y in ys]
    lines += [[(x, y) for y in ys] for x in xs] if len(ys) > 1 else []
    streets = [(i, [number[xy] for xy in line], "highway=residential") for i, line in enumerate(lines, 1)]
    write_osm(
        folder / "town.osm",
        nodes={i: at(*xy) for xy, i in number.items()} | {i: at(*xy) for i, xy in (nodes or {}).items()},
        ways=[*streets, *ways],
    )
    rows = [(f"C{i}", *at(x, y), c) for i, (x, y, c) in enumerate(clinics)]
    pd.DataFrame(rows, columns=["name", "lon", "lat", "capacity"]).to_csv(folder / "clinic.csv", index=False)
    homes = [(*at(x, y), heads) for x, y, heads in people]
    pd.DataFrame(homes, columns=["lon", "lat", "people"]).to_csv(folder / "people.csv", index=False)
    (west, south), (east, north) = at(min(xs) - 60, min(ys) - 60), at(max(xs) + 60, max(ys) + 60)
    text = CONFIG.format(box=f"{west},{south},{east},{north}", units="", rule=rule, more=more)
    (folder / "town.toml").write_text(text, encoding="utf-8")
    return folder / "town.toml"


EXACT = "[certainty]\ndraws = {draws}\nposition_m = {position}\nspeed_sd = {speed}\npeople_cv = {people}\n"


def doubts(*, draws=200, position=0.0, speed=0.0, people=0.0, more=""):
    """Give a [certainty] table in which only what is named is in doubt."""
    values = {"position": float(position), "speed": float(speed), "people": float(people)}
    return EXACT.format(draws=draws, **values) + more


SPREAD = [(x + 20, y + 10, 5 + (x // 100) % 7) for y in range(0, 501, 100) for x in range(0, 2001, 100)]
"""People all over the town."""
