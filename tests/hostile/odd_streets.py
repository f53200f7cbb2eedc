"""OpenStreetMap data that no editor would upload."""

import bz2
import gzip
import re
import struct
import zlib

import osmium

from tests.hostile.spoiling import NUMBERS, spoil
from tests.hostile.village import STEP

_PLACE = re.compile(r'(lat|lon)="([^"]*)"')


def _other_coordinate(rng, text):
    found = list(_PLACE.finditer(text))
    for one in rng.sample(found, rng.choice([1, 1, 3, len(found)]))[::-1]:
        value = rng.choice(NUMBERS)
        text = text.replace(one[0], f'{one[1]}="{value}"' if rng.random() < 0.9 else "", 1)
    return text


def _swapped(_rng, text):
    return text.replace('lon="', 'LON="').replace('lat="', 'lon="').replace('LON="', 'lat="')


def _other_id(rng, text):
    value = rng.choice(
        ["9" * 30, "", "-", "-5", "0", "1", "1.5", "nan", "9223372036854775807", "-9223372036854775808", "甲"]
    )
    return text.replace(
        rng.choice(['id="1"', 'ref="1"', 'id="100"', 'ref="7"', 'version="1"']), f'id="{value}"', rng.choice([1, 99])
    )


def _endless_way(_rng, text):
    return text.replace("</way>", '<nd ref="1"/><nd ref="2"/>' * 5000 + "</way>", 1)


def _lonely_way(_rng, text):
    return re.sub(r'<nd ref="\d+"/>', "", text)


def _self_relation(rng, text):
    kind = rng.choice(["multipolygon", "boundary"])
    tags = f'<tag k="type" v="{kind}"/><tag k="building" v="yes"/><tag k="amenity" v="clinic"/>'
    member = rng.choice(
        ['<member type="relation" ref="1" role="outer"/>', '<member type="way" ref="100" role="outer"/>' * 50, ""]
    )
    return text.replace("</osm>", f'<relation id="1" version="1">{member}{tags}</relation></osm>')


def _entities(rng, text):
    bomb = "".join(f'<!ENTITY a{i} "{f"&a{i - 1};" * 10 if i else "x" * 100}">' for i in range(9))
    return text.replace("<osm ", f'<!DOCTYPE osm [{bomb}]>\n<osm generator="&a8;" ', 1)


def _deep(_rng, text):
    return text.replace("</osm>", "<x>" * 20_000 + "</x>" * 20_000 + "</osm>")


def _odd_tags(rng, text):
    value = rng.choice(
        ["&#0;", "&#xFFFF;", "x" * 70_000, "\u202e", "&lt;script>", "a=b,c d%n", "&#10;&#10;n1 x1 y1", "\U0001f600"]
    )
    return text.replace('v="residential"', f'v="residential"/><tag k="name" v="{value}"', 3)


def _far_nodes(_rng, text):
    return _PLACE.sub(lambda m: f'{m[1]}="{float(m[2]) / 3 + (90 if m[1] == "lat" else 170) * 0.7}"', text)


def _tiny(_rng, text):
    return _PLACE.sub(lambda m: f'{m[1]}="{float(m[2]) + STEP * 1e-9}"', text)


def _pbf_bomb(path, n_blocks=40):
    """Write a pbf of zeros in small blobs that unfold to 32 MB each."""
    raw = zlib.compress(b"\x0a" + bytes([0x80, 0x80, 0x80, 0x08]) + bytes(16 << 20), 9)
    blob = b"\x10" + _varint((16 << 20) + 5) + b"\x1a" + _varint(len(raw)) + raw
    head = b"\x0a\x07OSMData\x18" + _varint(len(blob))
    header = b"\x22\x0eOsmSchema-V0.6\x22\x0aDenseNodes"
    first = b"\x0a" + _varint(len(header)) + header
    start = b"\x0a\x09OSMHeader\x18" + _varint(len(first))
    content = struct.pack(">I", len(start)) + start + first
    path.write_bytes(content + (struct.pack(">I", len(head)) + head + blob) * n_blocks)


def _varint(n):
    made = bytearray()
    while n > 0x7F:
        made.append(n & 0x7F | 0x80)
        n >>= 7
    return bytes([*made, n])


TEXTS = (_other_coordinate, _other_coordinate, _other_coordinate, _swapped, _other_id, _endless_way, _lonely_way, _self_relation, _entities, _deep,
         _odd_tags, _far_nodes, _tiny)  # fmt: skip


def make(rng, village):
    """Spoil the streets."""
    path = village.path("streets.osm")
    if rng.random() < 0.6:
        how = rng.choice(TEXTS)
        path.write_text(how(rng, path.read_text("utf-8")), encoding="utf-8", errors="surrogatepass")
        return how.__name__, path.name
    form = rng.choice(["osm", "osm.pbf", "osm.gz", "osm.bz2", "bomb.osm.pbf", "bomb.osm.gz"])
    packed = village.path(f"streets2.{form}")
    village.say('source = "streets.osm"', f'source = "{packed.name}"')
    if form == "bomb.osm.pbf":
        _pbf_bomb(packed)
        return form, packed.name
    if form == "bomb.osm.gz":
        nodes = b'<node id="7" version="1" lon="121.5" lat="29.9"/>' * 20_000
        with gzip.open(packed, "wb", compresslevel=9) as out:
            out.write(b'<osm version="0.6">')
            for _ in range(rng.choice([50, 800])):
                out.write(nodes)
            out.write(b"</osm>")
        return form, packed.name
    content = path.read_bytes()
    if form == "osm.pbf":
        with osmium.SimpleWriter(str(packed)) as writer:
            for thing in osmium.FileProcessor(str(path)):
                writer.add(thing)
    else:
        packed.write_bytes({"osm": bytes, "osm.gz": gzip.compress, "osm.bz2": bz2.compress}[form](content))
    return f"{form} {spoil(rng, packed)}", packed.name
