"""What pydantic finds wrong with a value, in both languages."""

from __future__ import annotations

from typing import Any

from circle15.config.types import KeyFaultError
from circle15.said import Said

_KINDS = {
    "string_pattern_mismatch": Said(
        "id 只能含 a-z 0-9 - _，且以字母或数字开头，因为文件以它命名",
        "an id has only a-z 0-9 - _ and begins with a letter or digit, because files are named after it",
    ),
    "too_short": Said(
        "至少须有 {min_length} 项，现有 {actual_length} 项", "needs at least {min_length} entries, not {actual_length}"
    ),
}
"""Errors that we word in both languages."""
_ZH = {
    "greater_than": "应大于 {gt}", "greater_than_equal": "应不小于 {ge}",
    "less_than": "应小于 {lt}", "less_than_equal": "应不大于 {le}",
    "literal_error": "应为 {expected} 之一", "string_type": "应为文字，写在英文双引号内",
    "float_type": "应为数字，不加引号", "int_type": "应为整数，不加引号", "int_from_float": "应为整数",
    "int_parsing": "应为整数", "float_parsing": "应为数字", "int_parsing_size": "整数过大",
    "bool_type": "应为 true 或 false", "bool_parsing": "应为 true 或 false", "finite_number": "应为有限的数字",
    "list_type": "应为列表 [ … ]", "tuple_type": "应为列表 [ … ]", "dict_type": "应为表 {{ 键 = 值 }}",
    "model_type": "应为表", "model_attributes_type": "应为表", "string_too_short": "至少须有 {min_length} 个字符",
    "string_too_long": "至多 {max_length} 个字符", "too_long": "至多 {max_length} 项，现有 {actual_length} 项",
    "date_type": "应为日期，如 2026-01-31", "date_parsing": "应为日期，如 2026-01-31",
    "date_from_datetime_parsing": "应为日期，如 2026-01-31", "date_from_datetime_inexact": "应为日期，不含时刻",
    "is_instance_of": "类型有误", "union_tag_invalid": "应为 {expected_tags} 之一",
}  # fmt: skip
"""What pydantic says in English of the other kinds, in Chinese."""


def worded(error: Any) -> Said:
    """Say one validation error in both languages; of a kind that is not known pydantic's own words stand in both."""
    own = error.get("ctx", {}).get("error")
    if isinstance(own, KeyFaultError):
        return own.said
    ctx = {k: str(v).replace(" or ", "、") for k, v in error.get("ctx", {}).items()}
    if error["type"] in _KINDS:
        return _KINDS[error["type"]].format(**ctx)
    english = error["msg"].removeprefix("Value error, ")
    template = _ZH.get(error["type"])
    return Said(f"不合要求（{english}）" if template is None else template.format(**ctx), english)
