"""GraphML that no program saved."""

from tests.hostile.spoiling import NUMBERS, spoil
from tests.hostile.village import N, place

KEYS = (
    ("crs", "graph"),
    ("x", "node"),
    ("y", "node"),
    ("length", "edge"),
    ("geometry", "edge"),
    ("highway", "edge"),
    ("osmid", "edge"),
)


def graphml(crs="epsg:4326", geometry=None, length="222.0", spoiled=None):
    """Give a graph of the village's streets as OSMnx saves it; ``spoiled`` is (node, x or y, text)."""
    text = "".join(f'<key id="{k}" for="{on}" attr.name="{k}" attr.type="string"/>' for k, on in KEYS)
    text += f'<graph edgedefault="directed"><data key="crs">{crs}</data>'
    for i in range(N):
        for j in range(N):
            x, y = (str(v) for v in place(i, j))
            if spoiled is not None and spoiled[0] == i * N + j:
                x, y = (spoiled[2], y) if spoiled[1] == "x" else (x, spoiled[2])
            text += f'<node id="{i * N + j}"><data key="x">{x}</data><data key="y">{y}</data></node>'
    for i in range(N):
        for j in range(N - 1):
            for a, b in ((i * N + j, i * N + j + 1), (j * N + i, (j + 1) * N + i)):
                shape = f'<data key="geometry">{geometry}</data>' if geometry is not None else ""
                text += f'<edge source="{a}" target="{b}" id="0"><data key="length">{length}</data><data key="highway">residential</data>{shape}</edge>'
    return f'<?xml version="1.0"?><graphml xmlns="http://graphml.graphdrawing.org/xmlns">{text}</graph></graphml>'


def make(rng, village):
    """Write a graph and let the config name it."""
    path = village.path("s.graphml")
    village.say('source = "streets.osm"', 'source = "s.graphml"')
    kind = rng.choice(["bytes", "place", "place", "geometry", "length", "crs", "entities", "loops", "lists"])
    text = graphml()
    if kind == "place":
        text = graphml(spoiled=(rng.randrange(N * N), rng.choice("xy"), rng.choice(NUMBERS)))
    elif kind == "geometry":
        text = graphml(geometry=rng.choice(["x", "", "POINT (1 1)", "LINESTRING EMPTY", "LINESTRING (0 0, nan nan)", "LINESTRING (121.5 29.9)",
                                            "LINESTRING (121.5 29.9, 121.5 29.9)", "MULTILINESTRING ((0 0, 1 1), (2 2, 3 3))", "LINESTRING (0 0, 1e308 1e308)"]))  # fmt: skip
    elif kind == "length":
        text = graphml(length=rng.choice(NUMBERS))
    elif kind == "crs":
        text = graphml(
            crs=rng.choice(
                [
                    "",
                    "x",
                    "epsg:999999",
                    "epsg:3857",
                    "+proj=longlat +nadgrids=/etc/passwd",
                    "+init=/etc/passwd:1",
                    "EPSG:5703",
                    "9" * 5000,
                ]
            )
        )
    elif kind == "entities":
        bomb = "".join(
            f'<!ENTITY a{i} "{f"&a{i - 1};" * 10 if i else "x" * 99}">' for i in range(rng.choice([3, 5, 9]))
        )
        text = text.replace("?><graphml", f"?><!DOCTYPE graphml [{bomb}]><graphml").replace(
            "residential", "&a2;&a2;", 50
        )
    elif kind == "loops":
        text = text.replace('target="1"', 'target="0"').replace('<node id="3">', '<node id="4">')
    elif kind == "lists":
        text = text.replace(
            "residential",
            rng.choice(["[" * 3000, "['a'] * 9**9", "[1, 2, [3]]", "{'a': 1}", "None", "['residential', 'steps'] "]),
        )
    path.write_text(text, encoding="utf-8")
    return f"{kind} {spoil(rng, path)}" if kind == "bytes" else kind, path.name
