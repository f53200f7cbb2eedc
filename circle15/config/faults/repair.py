"""What of a faulty config can still be read, so that one fault hides none of the others."""

from __future__ import annotations

import copy
import difflib
import re
from typing import TYPE_CHECKING, Any, TypeVar

from pydantic import BaseModel, ValidationError

from circle15.config.faults.problems import config_problems, known_keys, written_keys

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from circle15.errors import Problem

_MOST_ROUNDS = 30
_MOST_ERRORS = 300
_REQUIRED = ("district", "network", "layer")
_UNREAD_PEOPLE = {"source": "buildings", "total": 1.0}
"""Stands for a [population] that cannot be read."""
_OF_LAYER = re.compile(r'(?:Value error, )?layer "([^"]+)": (profile|group|norm_group|minutes|metres)')

Keys = tuple[str | int, ...]
Model = TypeVar("Model", bound=BaseModel)


def validate_all(
    raw: Mapping[str, Any], path: Path, model: type[Model], models: Mapping[str, type[BaseModel]]
) -> tuple[Model | None, list[Problem], bool]:
    """Validate a config, again and again without what was wrong with it.

    Validators of whole tables run only where every key is right, so that unknown keys alone are taken out, or taken as
    the key that was probably meant, before the rest is told.

    Parameters
    ----------
    raw
        The config as read.
    path
        Its file.
    model, models
        The config's model, and those of its tables, "" for the config itself.

    Returns
    -------
    tuple
        The config, or what of it can be read, or None; every problem; and whether its [population] can be read.
    """
    work = copy.deepcopy(dict(raw))
    problems: list[Problem] = []
    tells, has_people = True, True
    tried: set[Keys] = set()
    for _ in range(_MOST_ROUNDS):
        try:
            return model.model_validate({**work, "path": path}), problems, has_people
        except ValidationError as e:
            errors: Sequence[Any] = e.errors(include_url=False)
        if len(errors) > _MOST_ERRORS:
            # It is no config that somebody mistyped: nothing of it is worth repairing.
            return None, [*problems, *config_problems(errors[:_MOST_ERRORS], work, path, models)], False
        if tells:
            problems += [p for p in config_problems(errors, work, path, models) if p not in problems]
        # What is wrong once a value was taken out may be wrong for that alone.
        tells = all(error["type"] == "extra_forbidden" for error in errors)
        doomed: list[Keys] = []
        for error in errors:
            keys = written_keys(error["loc"], work)
            if error["type"] == "extra_forbidden" and _take_as_meant(work, keys, models):
                continue
            doomed += _faulty(error, keys, work, tried)
        if any(keys[:1] == ("population",) and len(keys) == 1 for keys in doomed):
            work["population"], has_people = dict(_UNREAD_PEOPLE), False
            doomed = [keys for keys in doomed if keys[0] != "population"]
        if any(not keys or (len(keys) == 1 and keys[0] in _REQUIRED) for keys in doomed):
            break
        _remove(work, doomed)
    return None, problems, has_people


def _take_as_meant(work: dict[str, Any], keys: Keys, models: Mapping[str, type[BaseModel]]) -> bool:
    """Rename an unknown key to the known one that it resembles, where that is not there too."""
    table = _at(work, keys[:-1])
    near = difflib.get_close_matches(str(keys[-1]), known_keys(keys, models), n=1)
    if not near or near[0] in table:
        return False
    table[near[0]] = table.pop(keys[-1])
    return True


def _faulty(error: Any, keys: Keys, work: dict[str, Any], tried: set[Keys]) -> list[Keys]:
    """Give what must go for an error to go: the value, or the table that lacks one."""
    if error["type"] == "missing":
        return [keys[:-1]]
    named = _OF_LAYER.match(error["msg"])
    layers = work.get("layer", [])
    if not keys:
        if named is None:
            return _faulty_references(work, error["msg"])
        return [("layer", i, named[2]) for i, layer in enumerate(layers) if layer.get("id") == named[1]]
    if len(keys) == 2 and keys[0] == "layer" and keys not in tried:  # noqa: PLR2004 (a layer as a whole)
        tried.add(keys)
        layer = layers[keys[1]] if isinstance(layers[keys[1]], dict) else {}
        return [(*keys, key) for key in ("metres", "where") if key in layer] or [keys]
    return [keys]


def _faulty_references(work: dict[str, Any], message: str) -> list[Keys]:
    """Give what must go where the tables contradict each other."""
    if "ids must differ" in message:
        ids = [layer.get("id") for layer in work["layer"]]
        for i, layer in enumerate(work["layer"]):
            if layer.get("id") in ids[:i]:
                layer["id"] = f"{layer['id']}-{i + 1}"
        return []
    if "population.groups" in message:
        return [("population", "groups")]
    if "planning.new_capacity" in message:
        return [("planning", "new_capacity")]
    change = re.search(r"change (\d+):", message)
    return [("change", int(change[1]) - 1)] if change is not None else [()]


def _remove(work: dict[str, Any], doomed: Sequence[Keys]) -> None:
    """Take values out, those of lists from the end."""
    for keys in sorted(set(doomed), key=lambda k: [(isinstance(p, int), p if isinstance(p, int) else 0) for p in k])[
        ::-1
    ]:
        try:
            del _at(work, keys[:-1])[keys[-1]]
        except (KeyError, IndexError):
            continue  # gone with what held it


def _at(work: Any, keys: Keys) -> Any:
    for key in keys:
        work = work[key]
    return work
