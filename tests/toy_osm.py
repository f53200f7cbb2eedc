"""Small OSM files, written as text so that a test shows its whole map."""

from pathlib import Path
from xml.sax.saxutils import quoteattr

NODES = {1: (0.0, 0.0), 2: (0.001, 0.0), 3: (0.002, 0.0), 4: (0.002, 0.001), 5: (0.0, 0.001)}


def write_osm(path: Path, *, nodes=None, ways=(), relations=(), bounds=None) -> Path:
    """Write an .osm file.

    `nodes`: id -> (lon, lat) or (lon, lat, tags); `ways`: (id, node ids, tags); `relations`: (id, [(type, ref,
    role)], tags); `tags` as "k=v,k=v" or a dict; `bounds`: west, south, east, north.
    """
    lines = ['<?xml version="1.0" encoding="UTF-8"?>', '<osm version="0.6">']
    if bounds:
        lines.append('<bounds minlon="{}" minlat="{}" maxlon="{}" maxlat="{}"/>'.format(*bounds))
    for i, (lon, lat, *tags) in sorted((NODES if nodes is None else nodes).items()):
        lines += [f'<node id="{i}" version="1" lon="{lon}" lat="{lat}">', *_tags(*tags), "</node>"]
    for i, refs, tags in ways:
        lines += [f'<way id="{i}" version="1">', *(f'<nd ref="{r}"/>' for r in refs), *_tags(tags), "</way>"]
    for i, members, tags in relations:
        lines.append(f'<relation id="{i}" version="1">')
        lines += [f'<member type="{t}" ref="{r}" role="{role}"/>' for t, r, role in members]
        lines += [*_tags(tags), "</relation>"]
    path.write_text("\n".join([*lines, "</osm>"]), encoding="utf-8")
    return path


def square(first_node, lon, lat, size):
    """Give four nodes of a square and the references of its closed way."""
    corners = [(lon, lat), (lon + size, lat), (lon + size, lat + size), (lon, lat + size)]
    ids = range(first_node, first_node + 4)
    return dict(zip(ids, corners, strict=True)), [*ids, first_node]


def _tags(tags=""):
    pairs = tags.items() if isinstance(tags, dict) else [t.split("=", 1) for t in tags.split(",") if t]
    return [f"<tag k={quoteattr(k)} v={quoteattr(v)}/>" for k, v in pairs]
