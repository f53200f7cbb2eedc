"""`where`: which rows of a table are taken, by what stands in its columns."""

from __future__ import annotations

from typing import Annotated, Any, Self

from pydantic import BeforeValidator, Field, model_validator

from circle15.config.types import KeyFaultError, Table

_PLAIN = (str, int, float)


def _as_texts(given: Any) -> Any:
    """Take one value as a list of one, and numbers as a table shows them."""
    values = given if isinstance(given, list | tuple) else [given]
    if not values or any(isinstance(v, bool) or not isinstance(v, _PLAIN) for v in values):
        examples = '"幼儿园", 2023, ["幼儿园", "托儿所"]'
        raise KeyFaultError(
            f"请写文字、数字或其列表：{examples}",
            f"give a text, a number, or a list of them: {examples}",
        )
    return tuple(f"{v:.15g}" if isinstance(v, float) else str(v) for v in values)


_Given = str | int | float | list[str | int | float]
Texts = Annotated[tuple[str, ...], BeforeValidator(_as_texts, json_schema_input_type=_Given)]


class Condition(Table):
    """What a cell must be, and must not be; several keys hold together, several values of a key are alternatives."""

    is_: Texts | None = Field(default=None, alias="is")
    """One of these values; "" is an empty cell.
    等于其中之一；"" 为空格。"""
    not_: Texts | None = Field(default=None, alias="not")
    """None of these values.
    不等于其中任何一个。"""
    contains: Texts | None = None
    """A part of the cell is one of these texts.
    包含其中之一。"""
    not_contains: Texts | None = None
    """No part of the cell is one of these texts.
    不包含其中任何一个。"""

    @model_validator(mode="after")
    def _says_something(self) -> Self:
        if not (self.is_ or self.not_ or self.contains or self.not_contains):
            raise KeyFaultError(
                "未写任何条件；请写值，或含 is、not、contains、not_contains 的表",
                "says nothing; give values, or a table with is, not, contains or not_contains",
            )
        return self


def _as_condition(given: Any) -> Any:
    return {"is": given} if isinstance(given, list | tuple | str | int | float) else given


Where = dict[str, Annotated[Condition, BeforeValidator(_as_condition, json_schema_input_type=_Given | Condition)]]
"""Heading to condition; a row is taken where every column fits.

`{ 类型 = ["幼儿园", "托儿所"], 状态 = { not = "停业" } }`
"""
