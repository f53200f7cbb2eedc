"""The house itself: no import circle, and no room that has grown flat."""

import ast
from pathlib import Path

import networkx as nx
import pytest

from circle15.network import cache

MOST_MODULES = 15
MAKE_NO_STREETS = {
    "circle15.errors",  # what a refusal says
    "circle15.said",  # and in which language
    "circle15.files",  # how files are kept and replaced
    "circle15.inputs.geofiles.vectors",  # reads the polygon that `fetch` asks for
    "circle15.inputs.tables.file_guards",  # what is refused, too
    "circle15.inputs.tables.grids",  # the size of a table that is refused
}
FLAT = {"outputs"}  # as many pages, tables and files as there are, each a module


@pytest.fixture(scope="module")
def modules(root):
    found = {}
    for path in sorted((root / "circle15").rglob("*.py")):
        parts = path.relative_to(root).with_suffix("").parts
        found[".".join(parts[:-1] if parts[-1] == "__init__" else parts)] = path
    return found


def imports_of(path, modules):
    """Give the modules of the project that a file names in an import, wherever it stands."""
    for node in ast.walk(ast.parse(path.read_text("utf-8"))):
        if isinstance(node, ast.Import):
            named = [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom) and node.module:
            named = [f"{node.module}.{alias.name}" for alias in node.names] + [node.module]
        else:
            continue
        yield from (name for name in named if name in modules and name != "circle15")


def test_no_modules_import_each_other_in_a_circle_those_for_types_counted(modules):
    graph = nx.DiGraph((name, other) for name, path in modules.items() for other in imports_of(path, modules))
    graph.remove_edges_from(list(nx.selfloop_edges(graph)))
    assert [sorted(c) for c in nx.strongly_connected_components(graph) if len(c) > 1] == []
    assert graph.number_of_edges() > len(modules)  # the reading of imports found some


def test_whatever_decides_what_streets_a_file_has_is_in_the_key_of_the_network_cache(modules):
    makers = {f"circle15.{name.removesuffix('.py').replace('/', '.')}" for name in cache._MAKERS}

    def is_in(name, rooms):
        return any(name == room or name.startswith(f"{room}.") for room in rooms)

    inside = [name for name in modules if is_in(name, makers)]
    assert {"circle15.network.streets.osm_reader", "circle15.network.cuts"} < set(inside)
    reached = {other for name in inside for other in imports_of(modules[name], modules)}
    assert sorted(name for name in reached if not is_in(name, makers | MAKE_NO_STREETS)) == []


def test_modules_have_names_of_their_own_but_commands_which_are_named_after_what_a_user_types(modules):
    names = [path.name for name, path in modules.items() if path.name != "__init__.py" and ".cli." not in name]
    assert sorted({name for name in names if names.count(name) > 1}) == []
    assert len(names) > 200


def test_names_that_a_user_gives_are_followed_by_the_door_alone_which_bears_links_in_a_circle(modules):
    def is_given(call):
        return not any(isinstance(n, ast.Name) and n.id == "__file__" for n in ast.walk(call))

    found = {
        name: call.lineno
        for name, path in modules.items()
        for call in ast.walk(ast.parse(path.read_text("utf-8")))
        if isinstance(call, ast.Call)
        and isinstance(call.func, ast.Attribute)
        and call.func.attr == "resolve"
        and not call.args
        if is_given(call)
    }
    assert set(found) == {"circle15.files.door"}


def test_no_room_is_flat(root):
    rooms = {p for p in (root / "circle15").rglob("*") if p.is_dir() and any(p.glob("*.py"))}
    counted = {p.name: sum(f.name != "__init__.py" for f in p.glob("*.py")) for p in rooms if p.name not in FLAT}
    assert {name: n for name, n in counted.items() if n > MOST_MODULES} == {}


def test_packages_have_an_init_that_says_what_they_are(root):
    for folder in (root / "circle15").rglob("*"):
        if folder.is_dir() and any(folder.glob("*.py")):
            tree = ast.parse(Path(folder / "__init__.py").read_text("utf-8"))
            assert ast.get_docstring(tree), folder
