"""Files of the user's own paths, borders and gates, streets as centrelines, and paths that a scenario names."""

import json
import warnings

import geopandas as gpd
import shapely

from tests.hostile.spoiling import other_node, spoil
from tests.hostile.village import SOUTH, STEP, WEST, N, place

KINDS = ("path", "footbridge", "underpass", "border", "gate", "Path", "", None, "桥", "x" * 3000, 5)
CRS = (4326, 4326, 4326, 4490, 3857, 4549, 32651)


def _shapes(rng):
    a, b = place(rng.random() * 4, rng.random() * 4), place(rng.random() * 4, rng.random() * 4)
    middle = [(WEST + rng.random() * 4 * STEP, SOUTH + rng.random() * 4 * STEP) for _ in range(rng.choice([0, 1, 50]))]
    return {
        "line": shapely.LineString([a, *middle, b]),
        "point": shapely.Point(a),
        "area": shapely.box(*a, a[0] + STEP, a[1] + STEP),
        "none": None,
        "empty": shapely.LineString(),
        "still": shapely.LineString([a, a]),
        "many": shapely.MultiLineString([[a, b], [b, place(1, 1)]]),
        "mixed": shapely.GeometryCollection([shapely.Point(a), shapely.LineString([a, b])]),
        "deep": shapely.LineString([(*a, 5), (*b, float("nan"))]),
        "far": shapely.LineString([(0, 0), (179, 89)]),
    }


def own_lines(rng, path):
    """Write a file of own lines, of which some are odd."""
    rows = []
    for _ in range(rng.choice([0, 1, 3, 8])):
        is_sound = rng.random() < 0.6
        kind = rng.choice(KINDS[:5]) if is_sound else rng.choice(KINDS)
        shape = {"border": "line", "gate": "point"}.get(kind, "line")
        rows.append((kind, shape if is_sound else rng.choice(sorted(_shapes(rng)))))
    frame = gpd.GeoDataFrame(
        {
            "kind": [k if k is None else str(k) for k, _ in rows],
            "open": [rng.choice(["yes", "no", "", "?", None]) for _ in rows],
        },
        geometry=[_shapes(rng)[shape] for _, shape in rows],
        crs=4326,
    ).to_crs(rng.choice(CRS))
    if rng.random() < 0.1:
        frame = frame.drop(columns="kind")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        if path.suffix == ".parquet":
            frame.to_parquet(path)
        else:
            frame.to_file(path, engine="pyogrio", **({"layer": "own"} if path.suffix == ".gpkg" else {}))
    return " ".join(f"{str(k)[:9]}:{shape}" for k, shape in rows[:3])


def streets(rng, path):
    """Write the village's streets as centrelines."""
    lines = [shapely.LineString([place(i, j) for j in range(N)]) for i in range(N)]
    lines += [shapely.LineString([place(i, j) for i in range(N)]) for j in range(N)]
    frame = gpd.GeoDataFrame(
        {
            "highway": rng.choice([["residential"] * 2 * N, ["x"] * 2 * N, [None] * 2 * N, ["footway", "steps"] * N]),
            "length": [rng.choice([800.0, 0.0, -1.0, float("nan"), 1e300]) for _ in lines],
            "oneway": [rng.choice(["yes", "-1", "F", "T", "B", ""]) for _ in lines],
        },
        geometry=lines,
        crs=4326,
    ).to_crs(rng.choice(CRS))
    for _ in range(rng.choice([0, 0, 1, 4])):
        frame.loc[rng.randrange(len(frame)), "geometry"] = _shapes(rng)[rng.choice(sorted(_shapes(rng)))]
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        frame.to_file(path, engine="pyogrio", **({"layer": "edges"} if path.suffix == ".gpkg" else {}))


def make(rng, village):
    """Give the streets lines of one's own, or lay them as lines altogether, or let a change name a file of lines."""
    how = rng.choice(["own", "own", "streets", "change"])
    suffix = rng.choice([".gpkg", ".geojson", ".shp", ".parquet"] if how == "own" else [".gpkg", ".geojson", ".shp"])
    path = village.path(f"own{suffix}")
    try:
        label = streets(rng, path) if how == "streets" else own_lines(rng, path)
    except Exception as e:  # noqa: BLE001 (a format that cannot hold them: its file is empty or half)
        label = f"half {type(e).__name__}"
        if not path.exists():
            path.touch()
    if rng.random() < 0.3:
        label = f"{label} {spoil(rng, path) if path.stat().st_size else 'empty'}"
    elif suffix == ".geojson" and rng.random() < 0.4 and path.stat().st_size:
        told = json.loads(path.read_bytes())
        label = f"{label} {other_node(rng, told)}"
        path.write_text(json.dumps(told), encoding="utf-8")
    if how == "streets":
        village.say('source = "streets.osm"', f'source = "{path.name}"')
    elif how == "own":
        names = rng.choice(
            [[path.name]] * 4 + [[path.name] * 2, [path.name, "units.geojson"], [path.name, "people.csv"]]
        )
        village.say("[cells]", f"lines = {json.dumps(names)}\n[cells]")
    else:
        kind = rng.choice(["add_path", "close_path"])
        change = f'[[change]]\nkind = "{kind}"\nline = "{path.name}"\n'
        village.config.write_text(village.config.read_text("utf-8") + change, encoding="utf-8")
    return f"{how}{suffix} {label}", path.name
