"""`where`: which rows of a table are taken, by what stands in its columns."""

from __future__ import annotations

from typing import Annotated, Any, Self

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, model_validator

_PLAIN = (str, int, float)


def _as_texts(given: Any) -> Any:
    """Take one value as a list of one, and numbers as a table shows them."""
    values = given if isinstance(given, list | tuple) else [given]
    if not values or any(isinstance(v, bool) or not isinstance(v, _PLAIN) for v in values):
        raise ValueError('give a text, a number, or a list of them: "幼儿园", 2023, ["幼儿园", "托儿所"]')
    return tuple(f"{v:.15g}" if isinstance(v, float) else str(v) for v in values)


Texts = Annotated[tuple[str, ...], BeforeValidator(_as_texts)]


class Condition(BaseModel):
    """What a cell must be, and must not be; several keys hold together, several values of a key are alternatives."""

    model_config = ConfigDict(extra="forbid", frozen=True, populate_by_name=True)

    is_: Texts | None = Field(default=None, alias="is")
    not_: Texts | None = Field(default=None, alias="not")
    contains: Texts | None = None
    not_contains: Texts | None = None

    @model_validator(mode="after")
    def _says_something(self) -> Self:
        if not (self.is_ or self.not_ or self.contains or self.not_contains):
            raise ValueError("says nothing; give values, or a table with is, not, contains or not_contains")
        return self


def _as_condition(given: Any) -> Any:
    return {"is": given} if isinstance(given, list | tuple | str | int | float) else given


Where = dict[str, Annotated[Condition, BeforeValidator(_as_condition)]]
"""Heading to condition; a row is taken where every column fits.

`{ 类型 = ["幼儿园", "托儿所"], 状态 = { not = "停业" } }`
"""
