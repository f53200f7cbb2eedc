"""Fetching, against a stand-in for Overpass and Nominatim on the loopback."""

import json
import socket
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import unquote_plus

import pytest
from click.testing import CliRunner

import circle15
from circle15.cli import main
from circle15.inputs.ground.districts import read_district
from circle15.inputs.osm.features import read_features

# Two streets that cross, a clinic on a node, a school as a polygon relation, in the form that Overpass answers.
ELEMENTS = [
    {"type": "node", "id": 1, "lat": 30.0, "lon": 121.0},
    {"type": "node", "id": 2, "lat": 30.0, "lon": 121.01},
    {"type": "node", "id": 3, "lat": 29.995, "lon": 121.005},
    {"type": "node", "id": 4, "lat": 30.005, "lon": 121.005},
    {"type": "node", "id": 5, "lat": 30.0, "lon": 121.005},
    {"type": "node", "id": 6, "lat": 30.001, "lon": 121.002, "tags": {"amenity": "clinic", "name": "卫生院"}},
    {"type": "way", "id": 10, "nodes": [1, 5, 2], "tags": {"highway": "residential"}},
    {"type": "way", "id": 11, "nodes": [3, 5, 4], "tags": {"highway": "footway"}},
    {"type": "way", "id": 12, "nodes": [1, 3, 2, 4, 1]},
    {
        "type": "relation",
        "id": 20,
        "members": [{"type": "way", "ref": 12, "role": "outer"}],
        "tags": {"type": "boundary", "boundary": "administrative", "admin_level": "6", "name": "试点区"},
    },
]
NOMINATIM = [
    {
        "lat": "30.0", "lon": "121.005", "display_name": "试点区", "importance": 0.5, "osm_type": "relation", "osm_id": 20,
        "class": "boundary", "type": "administrative", "place_id": 1, "boundingbox": ["29.995", "30.005", "121.0", "121.01"],
        "geojson": {"type": "Polygon", "coordinates": [[[121.0, 29.995], [121.01, 29.995], [121.01, 30.005], [121.0, 29.995]]]},
    }
]  # fmt: skip


class StandIn(BaseHTTPRequestHandler):
    queries: list[str] = []
    status = 200

    def do_POST(self):
        body = self.rfile.read(int(self.headers["Content-Length"])).decode()
        self.queries.append(unquote_plus(body))
        self.answer({"version": 0.6, "generator": "stand-in", "elements": ELEMENTS})

    def do_GET(self):
        self.answer(NOMINATIM)

    def answer(self, value):
        data = json.dumps(value).encode()
        self.send_response(self.status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)

    def log_message(self, *args):
        """Keep the test's output clean."""


@pytest.fixture
def server():
    StandIn.queries, StandIn.status = [], 200
    with ThreadingHTTPServer(("127.0.0.1", 0), StandIn) as running:
        thread = threading.Thread(target=running.serve_forever)
        thread.start()
        yield f"http://127.0.0.1:{running.server_port}"
        running.shutdown()
        thread.join()


def fetch(*args):
    return CliRunner().invoke(main, ["fetch", *map(str, args)])


def test_what_is_fetched_reads_as_streets_facilities_and_a_district(server, tmp_path, monkeypatch):
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    path = tmp_path / "place.osm.pbf"
    result = fetch("121.0,29.995,121.01,30.005", "-o", path, "--overpass", server)
    assert result.exit_code == 0, result.stderr
    assert "6 nodes, 3 ways, 1 relations" in result.stderr
    assert "OpenStreetMap contributors" in result.stderr
    net = circle15.read_network(path)
    assert (net.n_nodes, net.n_edges) == (5, 4)
    assert read_features(path, {"clinic": "amenity=clinic"}).frame["name"].tolist() == ["卫生院"]
    config = tmp_path / "c.toml"
    config.write_text(
        '[district]\nid = "d"\nname = "d"\nboundary = "osm:admin_level=6,name=试点区"\n[network]\nsource = "place.osm.pbf"\n'
        '[population]\nsource = "buildings"\ntotal = 1\n[[layer]]\nid = "a"\nname = "a"\nsource = "osm:amenity=clinic"\n',
        encoding="utf-8",
    )
    assert read_district(circle15.load_config(config), path).geometry.area > 0


def test_every_kind_of_object_that_is_read_is_asked_for(server, tmp_path):
    fetch("121.0,29.995,121.01,30.005", "-o", tmp_path / "a.osm", "--overpass", server)
    for key in ("highway", "building", "amenity", "leisure", "barrier", "entrance", "admin_level"):
        assert any(f"'{key}'" in q for q in StandIn.queries), key


def test_a_place_goes_by_its_name(server, tmp_path):
    result = fetch("试点区", "-o", tmp_path / "a.osm.pbf", "--overpass", f"{server}/api", "--nominatim", f"{server}/")
    assert result.exit_code == 0, result.stderr
    assert (tmp_path / "a.osm.pbf").exists()


def test_without_the_internet_one_line_says_what_to_do(tmp_path):
    result = fetch("121.0,29.995,121.01,30.005", "-o", tmp_path / "a.osm.pbf", "--overpass", "http://127.0.0.1:9")
    assert result.exit_code == 2
    assert "no connection" in result.stderr
    assert "use a downloaded extract" in result.stderr
    assert len(result.stderr.splitlines()) == 1
    assert list(tmp_path.iterdir()) == []


def test_a_server_error_is_told_and_nothing_is_written(server, tmp_path):
    StandIn.status = 400
    result = fetch("121.0,29.995,121.01,30.005", "-o", tmp_path / "a.osm.pbf", "--overpass", server)
    assert result.exit_code == 2, result.output
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("place", "expected"), [("1,2,1,3", "west,south,east,north"), ("gone.geojson", "no such file")]
)
def test_a_place_that_cannot_be_is_told(tmp_path, place, expected):
    result = fetch(place, "-o", tmp_path / "a.osm.pbf")
    assert result.exit_code == 2
    assert expected in result.stderr


@pytest.mark.parametrize("place", ["试点区", "121.0,29.9,121.1,30.0"])
def test_without_the_internet_fetch_answers_at_once_and_says_what_else_to_do(place, tmp_path, monkeypatch):
    """A server that takes no connection, and one that takes it and stays silent, as a firewall makes them."""
    asked = []
    monkeypatch.setattr("circle15.inputs.osm.fetch._ANSWER_S", 0.3)
    monkeypatch.setattr("time.sleep", asked.append)  # OSMnx sleeps a minute where a server's status is unknown
    with socket.socket() as silent:
        silent.bind(("127.0.0.1", 0))
        silent.listen()
        for port in (silent.getsockname()[1], 1):
            at = f"http://127.0.0.1:{port}"
            words = ["fetch", place, "-o", str(tmp_path / "x.osm"), "--overpass", at, "--nominatim", at]
            done = CliRunner().invoke(main, words)
            assert done.exit_code == 2
            assert "no connection to OpenStreetMap" in done.output
            assert "network.source" in done.output
    assert not asked
    assert not (tmp_path / "x.osm").exists()
