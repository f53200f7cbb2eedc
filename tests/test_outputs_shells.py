"""A map's shell is rendered once and kept: the page from the cache is the page as folium renders it."""

import logging
import subprocess
import sys
from dataclasses import replace
from importlib import metadata

import pytest

from circle15.files.cache_room import cache_root, empty_cache
from circle15.outputs import map_shell
from circle15.outputs.maps import write_district_map, write_unit_maps
from tests.made_result import made_result


@pytest.fixture(autouse=True)
def own_cache(tmp_path_factory, monkeypatch):
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path_factory.mktemp("cache")))


@pytest.fixture(scope="module")
def result():
    return replace(made_result(), whatif="cGFja2Vk")


def entries():
    return sorted((cache_root() / "results").glob("shell-*.npz"))


def page(result, folder):
    write_district_map(result, folder / "index.html")
    return (folder / "index.html").read_bytes()


def rendered(result, folder):
    with empty_cache():
        return page(result, folder)


@pytest.mark.parametrize("lang", ["zh", "en"])
@pytest.mark.parametrize("whatif", ["", "cGFja2Vk"])
def test_a_page_from_the_cache_is_the_page_as_it_is_rendered(result, tmp_path, monkeypatch, lang, whatif):
    result = replace(result, lang=lang, whatif=whatif)
    right = rendered(result, tmp_path)
    assert page(result, tmp_path) == right
    monkeypatch.setattr(map_shell, "render_shell", lambda *_: pytest.fail("it was kept"))
    assert page(result, tmp_path) == right
    for place in (b"c15-title", b"c15-zoom", b"c15-lat", b"c15-lon", b"<!--c15-", b"c15-n-unlinked"):
        assert place not in right


def test_another_place_has_the_same_shell_and_its_own_first_view(result, tmp_path):
    page(result, tmp_path)
    (entry,) = entries()
    east = replace(result, boundary=result.boundary.set_geometry(result.boundary.translate(1.0)), name="East")
    assert page(east, tmp_path) == rendered(east, tmp_path)
    assert entries() == [entry]
    assert b"<title>East" in page(east, tmp_path)


def test_other_words_layers_templates_or_versions_are_rendered_anew(result, tmp_path, monkeypatch):
    def n_after(changed):
        assert page(changed, tmp_path) == rendered(changed, tmp_path)
        return len(entries())

    assert n_after(result) == n_after(result) == 1
    assert n_after(replace(result, lang="en" if result.lang == "zh" else "zh")) == 2
    assert n_after(replace(result, attributions=("Nobody",))) == 3
    assert n_after(replace(result, whatif="")) == 4
    first, *others = result.layers
    assert n_after(replace(result, layers=(replace(first, name="<b>&"), *others))) == 5
    version = metadata.version
    with monkeypatch.context() as patched:
        patched.setattr(metadata, "version", lambda name: "99" if name == "folium" else version(name))
        assert n_after(result) == 6
    with monkeypatch.context() as patched:
        patched.setattr("circle15.files.kept_results._makers", lambda: b"other code or templates")
        assert n_after(result) == 7


def test_a_page_on_tiles_keeps_no_shell_as_the_key_stands_in_it(result, tmp_path):
    page(replace(result, tiles="tianditu", tianditu_key="secret"), tmp_path)
    assert entries() == []


def test_a_broken_shell_is_told_and_rendered_anew(result, tmp_path, caplog):
    right = page(result, tmp_path)
    (entry,) = entries()
    content = bytearray(entry.read_bytes())
    content[len(content) // 2] ^= 1
    entry.write_bytes(content)
    with caplog.at_level(logging.WARNING):
        assert page(result, tmp_path) == right
    assert "broken" in caplog.text


def test_streets_pages_share_one_shell(result, tmp_path):
    write_unit_maps(result, tmp_path)
    assert len(entries()) == 1
    assert len(list(tmp_path.glob("*.html"))) > 1


def test_maps_load_no_folium_until_a_shell_is_rendered():
    names = ("folium", "branca", "requests")
    code = f"import sys, circle15.outputs.maps; print([x for x in {names} if x in sys.modules])"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=60, check=True)
    assert done.stdout.strip() == "[]"
