"""Stable ids of texts and their values, for programs: both come from where a text is made, not from a list.

The id of a text is the place in the code that makes it: its module, its function or constant and, where one makes
several texts, the key under which it stands or its number among them. No wording is in it. Values are what the code
puts into the text, by the names that they have there.
"""

from __future__ import annotations

import ast
import importlib.util
import re
from dataclasses import dataclass
from functools import cache
from types import CodeType
from typing import TYPE_CHECKING, Any

from circle15.said import Said

if TYPE_CHECKING:
    from collections.abc import Iterator

    from circle15.errors import Problem
    from circle15.said import Origin

_PACKAGE = "circle15."
_NO_NAME = re.compile(r"<\w+>\.?")
_LONGEST_NAME = 40


@dataclass(frozen=True, slots=True)
class Site:
    """One place in the code that makes a text."""

    id: str
    pattern: re.Pattern[str] | None  # of the English text, a group for each value; None of one without values
    names: tuple[str, ...]  # of the values


def messages_of(text: Said | str, /, **about: Any) -> list[dict[str, Any]]:
    """Give the ids and values of a text, of a joined one those of each part.

    Parameters
    ----------
    text
        The text; a plain one was made by no code of ours, and has no id.
    about
        What else is known of it, repeated in each message; None is left out.

    Examples
    --------
    >>> n_rows = 3
    >>> messages_of(Said("{n} 行", "{n} rows").format(n=n_rows))[0]["values"]
    {'n': 3}
    """
    known = {name: value for name, value in about.items() if value is not None}
    if not isinstance(text, Said):
        return [{"id": None, "values": {}, **known}]
    return [{"id": message_id(origin), "values": values_of(origin), **known} for origin in text.origins]


def problem_messages(problem: Problem, **about: Any) -> list[dict[str, Any]]:
    """Give a problem's messages with where it is: file, key, row, column, and value as found."""
    value = problem.value
    plain = value if value is None or isinstance(value, str | int | float | bool) else repr(value)
    where = {"file": problem.file, "key": problem.key, "row": problem.row, "column": problem.column, "value": plain}
    return messages_of(problem.message, **about, **where)


def message_id(origin: Origin) -> str:
    """Give the id of a text that was made there."""
    site = _site_of(origin)
    return _place(origin.module, origin.function) if site is None else site.id


def values_of(origin: Origin) -> dict[str, Any]:
    """Give what was put into a text, by name: as it was where `Said.format` filled it, else as it is written there."""
    if origin.values is not None:
        return {name: v if isinstance(v, str | int | float | bool) else str(v) for name, v in origin.values}
    site = _site_of(origin)
    found = None if site is None or site.pattern is None else site.pattern.fullmatch(origin.text)
    return {} if site is None or found is None else dict(zip(site.names, found.groups(), strict=True))


def _site_of(origin: Origin) -> Site | None:
    sites = _sites(origin.module)
    return sites.get((origin.function, origin.first_line, origin.instruction))


@cache
def _sites(module: str) -> dict[tuple[str, int, int], Site]:
    """Give every place of a module that makes a text, by function, first line and instruction; {} without source."""
    spec = importlib.util.find_spec(module) if module.startswith(_PACKAGE) else None
    source = getattr(spec.loader, "get_source", lambda _name: None)(module) if spec is not None else None
    if source is None or spec is None or spec.origin is None:
        return {}
    calls = {_span(call): Site(name, *_template(call)) for name, call in _named_calls(ast.parse(source), module)}
    found = {}
    for code in _codes(compile(source, spec.origin, "exec", dont_inherit=True)):
        for i, span in enumerate(code.co_positions()):
            if span in calls:
                found[code.co_qualname, code.co_firstlineno, 2 * i] = calls[span]
    return found


def _codes(code: CodeType) -> Iterator[CodeType]:
    yield code
    for part in code.co_consts:
        if isinstance(part, CodeType):
            yield from _codes(part)


def _span(node: ast.expr) -> tuple[int | None, int | None, int | None, int | None]:
    """Give a node's place as `co_positions` does."""
    return node.lineno, node.end_lineno, node.col_offset, node.end_col_offset


def _named_calls(tree: ast.Module, module: str) -> Iterator[tuple[str, ast.Call]]:
    """Give every call that makes a text with its id."""
    by_owner: dict[str, list[tuple[str, ast.Call]]] = {}
    for owner, key, call in _walked(tree, (), ""):
        by_owner.setdefault(".".join(owner), []).append((key, call))
    for place, calls in by_owner.items():
        for number, (key, call) in enumerate(calls, start=1):
            is_only_one = [other for other, _ in calls].count(key) == 1
            last = key if key and is_only_one else "" if len(calls) == 1 else f"{number}"
            yield ".".join(filter(None, (_place(module, place), last))), call


def _walked(node: ast.AST, owner: tuple[str, ...], key: str) -> Iterator[tuple[tuple[str, ...], str, ast.Call]]:
    """Give the calls of ``Said`` below a node: in which function or class, and as what: a constant's name, a key."""
    if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
        owner, key = (*owner, node.name), ""
    elif isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "Said":
        yield owner, key, node
    if isinstance(node, ast.Dict):
        for name, value in zip(node.keys, node.values, strict=True):
            own = str(name.value) if isinstance(name, ast.Constant) else key
            yield from _walked(value, owner, ".".join(filter(None, (key, own))) if own != key else key)
        return
    if isinstance(node, ast.Assign | ast.AnnAssign):
        target = node.targets[0] if isinstance(node, ast.Assign) else node.target
        key = target.id if isinstance(target, ast.Name) else key
    for child in ast.iter_child_nodes(node):
        yield from _walked(child, owner, key)


def _place(module: str, function: str) -> str:
    own = _NO_NAME.sub("", function.replace(".<locals>", "")).strip(".")
    return ".".join(filter(None, (module.removeprefix(_PACKAGE), own)))


def _template(call: ast.Call) -> tuple[re.Pattern[str] | None, tuple[str, ...]]:
    """Give the pattern of a call's English text and the names of its values."""
    text = next((k.value for k in call.keywords if k.arg == "en"), call.args[1] if len(call.args) > 1 else None)
    if not isinstance(text, ast.JoinedStr):
        return None, ()
    pattern, names = "", []
    for part in text.values:
        if isinstance(part, ast.FormattedValue):
            pattern += "(.*?)"
            names.append(_name_of(part.value))
        elif isinstance(part, ast.Constant):
            pattern += re.escape(str(part.value))
    unique = [name if names.count(name) == 1 else f"{name}_{i}" for i, name in enumerate(names, start=1)]
    return re.compile(pattern, re.DOTALL), tuple(unique)


def _name_of(value: ast.expr) -> str:
    """Name what is put into a text by what the code calls it: a name, an attribute, n_ for a count."""
    if isinstance(value, ast.Name):
        return value.id
    if isinstance(value, ast.Attribute):
        return value.attr if value.attr not in {"en", "zh"} else _name_of(value.value)
    if isinstance(value, ast.Call) and isinstance(value.func, ast.Name) and value.args:
        return f"n_{_name_of(value.args[0])}" if value.func.id == "len" else _name_of(value.args[0])
    if isinstance(value, ast.Call) and isinstance(value.func, ast.Attribute):
        return _name_of(value.args[0]) if value.func.attr == "join" and value.args else _name_of(value.func.value)
    if isinstance(value, ast.Subscript):
        return _name_of(value.value)
    return re.sub(r"\W+", "_", ast.unparse(value)).strip("_")[:_LONGEST_NAME] or "value"
