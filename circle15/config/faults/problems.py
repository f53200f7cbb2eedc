"""What pydantic finds wrong with a config, in the words of the config's own keys."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

from pydantic import BaseModel

from circle15.config.faults.validation_words import worded
from circle15.config.planning import ExpectedTotal
from circle15.config.types import suggest
from circle15.config.where import Condition
from circle15.errors import Problem
from circle15.said import Said, in_

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path


def config_problems(
    errors: Sequence[Any], raw: dict[str, Any], path: Path, models: Mapping[str, type[BaseModel]]
) -> list[Problem]:
    """Word the validation errors of a config, one problem for each thing that is wrong.

    Parameters
    ----------
    errors
        As pydantic gives them.
    raw
        The config as read.
    path
        Its file.
    models
        Model of each table of the top level, "" for the top level itself.
    """
    places = [error["loc"] for error in errors]
    found: dict[Any, Problem] = {}
    for error in errors:
        here = error["loc"]
        if error["type"] == "too_short" and any(p[: len(here)] == here and p != here for p in places):
            continue  # only because an entry of the list is wrong itself
        problem = _problem(error, raw, path, models)
        # Each branch of a union has its own error: 'auto', or a number.
        key = id(error) if problem.value is None else (problem.key, repr(problem.value))
        found[key] = _either(found[key], problem) if key in found else problem
    return list(found.values())


_EXPECTED = Said("应为", "Input should be ")


def _either(one: Problem, other: Problem) -> Problem:
    zh, en = (in_(other.message, lang).removeprefix(_EXPECTED.in_(lang)) for lang in ("zh", "en"))
    return replace(one, message=Said("{one}，或{zh}", "{one} or {en}").format(one=one.message, zh=zh, en=en))


def _problem(error: Any, raw: dict[str, Any], path: Path, models: Mapping[str, type[BaseModel]]) -> Problem:
    keys = written_keys(error["loc"], raw)
    dotted = ".".join(_key_label(keys[: i + 1], raw) for i in range(len(keys)))
    if error["type"] == "extra_forbidden":
        names = known_keys(keys, models)
        known, near = ", ".join(names), suggest(str(keys[-1]), names)
        said = Said(f"没有这个键{near.zh}；此处可写：{known}", f"unknown key{near.en}; known here: {known}")
        return Problem(said, file=str(path), key=dotted)
    if error["type"] == "missing":
        return Problem(Said("此键必填", "this key is required"), file=str(path), key=dotted)
    value = error["input"] if not isinstance(error["input"], dict | list | BaseModel) else None
    return Problem(worded(error), file=str(path), key=dotted or None, value=value)


def known_keys(keys: tuple[str | int, ...], models: Mapping[str, type[BaseModel]]) -> list[str]:
    """Give the keys of the table that the last of ``keys`` stands in."""
    parent = models.get(str(keys[0]) if len(keys) > 1 else "")
    if "where" in keys[:-1]:
        parent = Condition
    if keys[:2] == ("expected", "totals"):
        parent = ExpectedTotal
    return [f.alias or n for n, f in parent.model_fields.items() if n != "path"] if parent else []


def written_keys(loc: tuple[str | int, ...], raw: Any) -> tuple[str | int, ...]:
    """Leave out of an error's place what stands in no file: "[key]" and the names of a union's branches."""
    kept: list[str | int] = []
    for at, key in enumerate(loc, start=1):
        if (
            key == "[key]"
            or isinstance(key, int) != isinstance(raw, list)
            or (kept and not isinstance(raw, dict | list))
            or (isinstance(raw, dict) and key not in raw and at < len(loc) and kept)
        ):
            continue
        kept.append(key)
        raw = raw[key] if isinstance(key, int) else raw.get(key)
    return tuple(kept)


def _key_label(keys: tuple[str | int, ...], raw: Any) -> str:
    """Name the last of ``keys``; a list item goes by its own id where it has one."""
    last = keys[-1]
    if not isinstance(last, int):
        return str(last)
    for key in keys:
        raw = raw[key]
    return str(raw.get("id", last + 1)) if isinstance(raw, dict) else str(last + 1)
