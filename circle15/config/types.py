"""What a config's tables are made of: ids and numbers with bounds, and suggestions for mistyped names."""

from __future__ import annotations

import codecs
import difflib
from typing import Annotated, Any

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, StringConstraints

from circle15.config.crs_names import CRS_HELP, plain_crs
from circle15.said import Said


class Table(BaseModel):
    """A TOML table whose keys are exactly the declared ones.

    Below each key stands what it means, in English and then, from a line that begins in Chinese, in Chinese: the
    unit, the forms that it takes, what holds without it and why. The reference of the config and its JSON schema are
    made from that.
    """

    model_config = ConfigDict(
        extra="forbid", frozen=True, strict=False, populate_by_name=True, use_attribute_docstrings=True
    )


ID_PATTERN = r"^[a-z0-9][a-z0-9_-]*$"
Identifier = Annotated[str, StringConstraints(pattern=ID_PATTERN, max_length=64)]
LayerKey = Annotated[str, StringConstraints(min_length=1, max_length=64)]
"""A layer's id, or its name (`config.layer_names`)."""
# Strict, so that true is not taken as 1 nor "15" as 15.
Positive = Annotated[float, Field(gt=0, allow_inf_nan=False, strict=True)]
NonNegative = Annotated[float, Field(ge=0, allow_inf_nan=False, strict=True)]
People = Annotated[float, Field(gt=0, le=1e10, allow_inf_nan=False, strict=True)]
"""People of one place: no more than ever lived at a time."""
Count = Annotated[int, Field(ge=1, le=1_000_000, strict=True)]
Few = Annotated[int, Field(ge=1, le=100, strict=True)]
Norm = Annotated[float, Field(gt=0, le=1e6, allow_inf_nan=False, strict=True)]
Seed = Annotated[int, Field(ge=0, lt=2**63, strict=True)]


class KeyFaultError(ValueError):
    """What a validator finds wrong with a key, in both languages; pydantic hands it on."""

    def __init__(self, zh: str, en: str) -> None:
        self.said = Said(zh, en)
        super().__init__(en)


def _known_encoding(name: str) -> str:
    try:
        return codecs.lookup(name).name
    except LookupError:
        right = '"utf-8", "gbk", "gb18030", "utf-16", "big5"'
        raise KeyFaultError(
            f"不认识编码“{name}”，可用 {right}",
            f'unknown encoding "{name}"; right are {right}',
        ) from None


Encoding = Annotated[str, AfterValidator(_known_encoding)]


def _known_crs(name: str) -> str:
    plain = plain_crs(name)
    if plain is None:
        raise KeyFaultError(f"不认识的坐标系；{CRS_HELP.zh}", f"unknown coordinate system; {CRS_HELP.en}")
    return plain


CrsName = Annotated[str, AfterValidator(_known_crs)]
"""A coordinate system in its one spelling."""


def suggest(given: str, valid: Any) -> Said:
    """Give "; did you mean ...?" for the nearest valid name, or nothing."""
    near = difflib.get_close_matches(given, list(valid), n=1)
    return Said(f"；是否想写“{near[0]}”？", f"; did you mean '{near[0]}'?") if near else Said("", "")
