"""OSM ways and nodes as columns of arrays, without a Python object per node.

libosmium reads the file, looks up the locations, filters by key and writes what is left as OPL text, all in C++;
the text is then cut into arrays in bulk. That is several times faster than visiting each node of each way from
Python, and holds one block of text at a time.

OPL is line-based: ``w5 Thighway=path,name=A%20%b Nn1x7.4y43.7,n2x7.5y43.8``; blanks, commas and equal signs inside
values are escaped as ``%hex%`` (https://osmcode.org/opl-file-format/).
"""

from __future__ import annotations

import re
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt
import osmium
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.csv

from circle15.files.held_folders import held_folder
from circle15.inputs.osm.edited import uploaded_form
from circle15.inputs.osm.file import new_location_index, osm_errors
from circle15.inputs.osm.osm_writing import osm_writer

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

Int32 = npt.NDArray[np.int32]
Int64 = npt.NDArray[np.int64]
Float64 = npt.NDArray[np.float64]

BLOCK_BYTES = 1 << 25
"""Text cut at once: large enough for bulk speed, small beside the arrays."""

WAY, NODE = b"w", b"n"
_POINTS_TO_CSV = bytes.maketrans(b"nxy", b"\n,,")
_ESCAPE = re.compile(r"%([0-9a-fA-F]+)%")


@dataclass(frozen=True, slots=True)
class TagColumn:
    """One key's values over many objects."""

    codes: Int32  # (n_objects,) index into values, -1 where the object has no such tag
    values: tuple[str, ...]

    def as_objects(self) -> npt.NDArray[np.object_]:
        """Give each object's value, None where it has none."""
        return np.array([*self.values, None], dtype=object)[self.codes]


@dataclass(frozen=True, slots=True)
class OsmColumns:
    """Ways with their node references, and the tagged nodes, of one OSM file."""

    way_id: Int64  # (n_ways,)
    indptr: Int64  # (n_ways + 1,) where each way's references begin in ref, lon, lat
    ref: Int64  # (n_refs,) node ids
    lon: Float64  # (n_refs,) degrees WGS-84, NaN where the node is not in the file
    lat: Float64  # (n_refs,)
    way_tags: dict[str, TagColumn]  # one per wanted key
    node_id: Int64  # (n_nodes,) nodes with one of the keys
    node_lon: Float64  # (n_nodes,)
    node_lat: Float64  # (n_nodes,)
    node_tags: dict[str, TagColumn]


def read_columns(
    path: str | Path,
    *,
    having: Sequence[str],
    way_keys: Sequence[str],
    node_keys: Sequence[str],
    text: Path | None = None,
) -> OsmColumns:
    """Read the ways and nodes that have a tag with one of the keys ``having``.

    Parameters
    ----------
    path
        ``.osm.pbf``, ``.osm``, ``.osm.gz`` or ``.osm.bz2``.
    having
        Keys of which a way or node needs at least one.
    way_keys, node_keys
        Keys whose values are kept, for ways and for nodes.
    text
        The selection as `osm_text` writes it, where it was written before.

    Raises
    ------
    InputError
        If the file is missing, cut off, or not OSM data.
    """
    ways, nodes = _Collector(way_keys), _Collector(node_keys)
    with osm_text(path, having) if text is None else nullcontext(text) as selected:
        for kind, lines in runs_of(selected):
            if kind == WAY:
                ways.add_ways(lines)
            else:
                nodes.add_nodes(lines)
    return _columns(ways, nodes)


def way_columns(lines: bytes, way_keys: Sequence[str]) -> OsmColumns:
    """Cut lines of ways into columns without nodes."""
    ways = _Collector(way_keys)
    ways.add_ways(lines)
    return _columns(ways, _Collector(()))


def node_columns(lines: bytes, node_keys: Sequence[str]) -> OsmColumns:
    """Cut lines of nodes into columns without ways."""
    nodes = _Collector(node_keys)
    nodes.add_nodes(lines)
    return _columns(_Collector(()), nodes)


def _columns(ways: _Collector, nodes: _Collector) -> OsmColumns:
    return OsmColumns(
        way_id=_joined(ways.ids, np.int64),
        indptr=np.concatenate([[0], np.cumsum(_joined(ways.counts, np.int64))]),
        ref=_joined(ways.refs, np.int64),
        lon=_joined(ways.lons, np.float64),
        lat=_joined(ways.lats, np.float64),
        way_tags=ways.tag_columns(),
        node_id=_joined(nodes.ids, np.int64),
        node_lon=_joined(nodes.lons, np.float64),
        node_lat=_joined(nodes.lats, np.float64),
        node_tags=nodes.tag_columns(),
    )


@contextmanager
def osm_text(path: str | Path, having: Sequence[str]) -> Iterator[Path]:
    """Write the ways, with their places, and the nodes that have one of the keys as OPL text, and delete it at the end.

    Raises
    ------
    InputError
        If the file is missing, cut off, or not OSM data.
    """
    with held_folder() as folder:
        text = folder / "selected.opl"
        with osm_errors(path), uploaded_form(path) as file:
            _write_opl(file, text, having)
        yield text


def _write_opl(path: str | Path, text: Path, having: Sequence[str]) -> None:
    locate = osmium.NodeLocationsForWays(new_location_index(path))
    locate.ignore_errors()
    target = osmium.io.File(str(text), "opl,add_metadata=false,locations_on_ways=true")
    with (
        osmium.io.Reader(str(path), osmium.osm.NODE | osmium.osm.WAY) as reader,
        osm_writer(target, text.parent) as writer,
    ):
        osmium.apply(reader, locate, osmium.filter.KeyFilter(*having), writer)


def runs_of(text: Path) -> Iterator[tuple[bytes, bytes]]:
    """Give the text in runs of whole lines of one kind, `WAY` or `NODE`, a block of the text at a time."""
    with text.open("rb") as file:
        while block := file.read(BLOCK_BYTES):
            yield from _runs(block if block.endswith(b"\n") else block + file.readline())


def _runs(block: bytes) -> Iterator[tuple[bytes, bytes]]:
    """Cut a block where lines of another kind of object begin; in sorted files that is in one place."""
    start = 0
    while start < len(block):
        kind = block[start : start + 1]
        other = NODE if kind == WAY else WAY
        stop = block.find(b"\n" + other, start) + 1 or len(block)
        yield kind, block[start:stop]
        start = stop


@dataclass(slots=True)
class _Collector:
    """The arrays of one kind of object, block by block."""

    keys: Sequence[str]
    n: int = 0
    ids: list[Int64] = field(default_factory=list)
    counts: list[Int64] = field(default_factory=list)
    refs: list[Int64] = field(default_factory=list)
    lons: list[Float64] = field(default_factory=list)
    lats: list[Float64] = field(default_factory=list)
    tags: list[tuple[Int64, Int32, pa.Array]] = field(default_factory=list)  # owner, key, value

    def add_ways(self, lines: bytes) -> None:
        """Add lines of the form ``w5 Tk=v,k=v Nn1x7.4y43.7,n2x7.5y43.8``."""
        plain = _without_letters(lines, b"w", b"T")
        ids, tags, points = _parse(plain, b" ", (pa.int64(), pa.string(), pa.string()))
        # The letter n stands for one reference: nothing else in this field has it.
        self.counts.append(pc.count_substring(points, "n").to_numpy().astype(np.int64))
        csv = _text(points).translate(_POINTS_TO_CSV, delete=b"N,")
        ref, lon, lat = _parse(csv, b",", (pa.int64(), pa.float64(), pa.float64()))
        self.refs.append(ref.to_numpy())
        self._add(ids, tags, lon, lat)

    def add_nodes(self, lines: bytes) -> None:
        """Add lines of the form ``n1 Tk=v,k=v x7.4 y43.7``."""
        plain = _without_letters(lines, b"n", b"T", b"x", b"y")
        self._add(*_parse(plain, b" ", (pa.int64(), pa.string(), pa.float64(), pa.float64())))

    def _add(self, ids: pa.Array, tags: pa.Array, lon: pa.Array, lat: pa.Array) -> None:
        self.ids.append(ids.to_numpy())
        self.lons.append(lon.to_numpy(zero_copy_only=False))
        self.lats.append(lat.to_numpy(zero_copy_only=False))
        # The key filter lets nothing without tags pass, and each tag has one equal sign: words go key, value, key ...
        pairs = pc.split_pattern(tags, ",")
        words = pc.list_flatten(pc.split_pattern(pc.list_flatten(pairs), "="))
        owner = np.repeat(np.arange(self.n, self.n + len(tags)), pc.list_value_length(pairs).to_numpy())
        keys = words[::2].dictionary_encode()
        position = {name: i for i, name in enumerate(self.keys)}
        translate = np.array([position.get(k, -1) for k in keys.dictionary.to_pylist()], np.int32)
        key = translate[keys.indices.to_numpy()]
        kept = np.flatnonzero(key >= 0)
        self.tags.append((owner[kept], key[kept], words.take(pa.array(2 * kept + 1))))
        self.n += len(tags)

    def tag_columns(self) -> dict[str, TagColumn]:
        """Give one column per wanted key."""
        owner = _joined([t[0] for t in self.tags], np.int64)
        key = _joined([t[1] for t in self.tags], np.int32)
        value = pa.chunked_array([t[2] for t in self.tags], pa.string()).combine_chunks()
        columns = {}
        for k, name in enumerate(self.keys):
            mine = np.flatnonzero(key == k)
            found = value.take(pa.array(mine)).dictionary_encode()
            codes = np.full(self.n, -1, np.int32)
            codes[owner[mine]] = found.indices.to_numpy()
            columns[name] = TagColumn(codes, tuple(_unescape(v) for v in found.dictionary.to_pylist()))
        return columns


def _without_letters(lines: bytes, first: bytes, *others: bytes) -> bytes:
    """Take away the letters that fields begin with; blanks inside values are escaped, so each blank parts fields."""
    lines = lines[1:].replace(b"\n" + first, b"\n")
    for letter in others:
        lines = lines.replace(b" " + letter, b" ")
    return lines


def _parse(text: bytes, delimiter: bytes, types: Sequence[pa.DataType]) -> list[pa.Array]:
    """Parse lines of separated values, one array per column; an empty number is null."""
    names = [str(i) for i in range(len(types))]
    if not text.strip():
        return [pa.array([], t) for t in types]
    table = pyarrow.csv.read_csv(
        pa.BufferReader(text),
        pyarrow.csv.ReadOptions(column_names=names, block_size=len(text) + 1),
        pyarrow.csv.ParseOptions(delimiter=delimiter.decode(), quote_char=False),
        pyarrow.csv.ConvertOptions(column_types=dict(zip(names, types, strict=True)), null_values=[""]),
    )
    return [table[name].combine_chunks() for name in names]


def _text(strings: pa.Array) -> bytes:
    """Give all strings one after another."""
    return bytes(strings.buffers()[2])


def _joined(parts: Sequence[npt.NDArray[Any]], dtype: npt.DTypeLike) -> npt.NDArray[Any]:
    return np.concatenate([np.empty(0, dtype), *parts]).astype(dtype, copy=False)


def _unescape(raw: str) -> str:
    return _ESCAPE.sub(lambda m: chr(int(m[1], 16)), raw)
