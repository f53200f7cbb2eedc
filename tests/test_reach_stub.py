"""The stub of the core, against the signatures that the compiled module carries."""

import ast
import re
from pathlib import Path

import pytest

import circle15
from circle15 import _core

STUB = ast.parse((Path(circle15.__file__).parent / "_core.pyi").read_text())
FUNCTIONS = [node for node in STUB.body if isinstance(node, ast.FunctionDef)]
CLASSES = [node for node in STUB.body if isinstance(node, ast.ClassDef)]
SPECIAL = ["__init__", "__len__"]


def compiled_arguments(function):
    """Give the arguments of the last overload as Python writes them, in the stub's names of array types."""
    text, _, defaults = function.__nb_signature__[-1]
    text = re.sub(r"ndarray\[dtype=(\w)[a-z]*(\d+), .*?\]", lambda m: f"_{m[1].upper()}{m[2]}", text)
    text = re.sub(r"\\(\d+)", lambda m: repr(defaults[int(m[1])]), text.replace("circle15._core.", ""))
    return ast.parse(f"{text}: ...").body[0].args


def as_text(arguments, *, of_class):
    if of_class:  # self, or cls of what makes the object
        arguments.args = arguments.args[1:]
    return ast.unparse(arguments)


def test_the_stub_names_what_the_core_has():
    names = [node.name for node in FUNCTIONS + CLASSES]
    names += [node.target.id for node in STUB.body if isinstance(node, ast.AnnAssign) and node.value is None]
    assert sorted(names) == [name for name in dir(_core) if not name.startswith("_")]


@pytest.mark.parametrize("stub", FUNCTIONS, ids=lambda node: node.name)
def test_a_function_takes_the_arguments_of_the_stub(stub):
    found = compiled_arguments(getattr(_core, stub.name))
    assert as_text(stub.args, of_class=False) == as_text(found, of_class=False)


@pytest.mark.parametrize("stub", CLASSES, ids=lambda node: node.name)
def test_a_class_has_the_methods_and_properties_of_the_stub(stub):
    made = getattr(_core, stub.name)
    own = [name for name in vars(made) if name in SPECIAL or not name.startswith("_")]
    assert sorted(own) == sorted(node.name for node in stub.body)
    for node in stub.body:
        if node.decorator_list:
            assert isinstance(getattr(made, node.name), property)
            continue
        is_made_by_new = node.name == "__init__" and hasattr(made.__new__, "__nb_signature__")
        found = compiled_arguments(made.__new__ if is_made_by_new else getattr(made, node.name))
        assert as_text(node.args, of_class=True) == as_text(found, of_class=True)
