"""What pages are put together from, whoever renders them: texts of templates, and JSON that may stand in a page."""

from __future__ import annotations

import json
from functools import cache
from importlib import resources
from typing import Any

MAX_ZOOM = 20


def safe_json(value: Any) -> str:
    """Write JSON that may stand in a script element: no "<", ">" or "&" and no line separators as such.

    Raises
    ------
    ValueError
        If a number is NaN or infinite.
    """
    text = json.dumps(value, ensure_ascii=False, allow_nan=False, separators=(",", ":"))
    for character in "<>&\u2028\u2029":
        text = text.replace(character, f"\\u{ord(character):04x}")
    return text


@cache
def template_text(name: str) -> str:
    """Read ``templates/<name>`` of this room."""
    return (resources.files("circle15.outputs") / "templates" / name).read_text(encoding="utf-8")
