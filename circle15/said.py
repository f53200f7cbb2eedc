"""Words in both languages as one value: who makes a sentence says both, who writes it down asks for one."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, overload

if TYPE_CHECKING:
    from collections.abc import Iterable


@dataclass(frozen=True, slots=True, order=True)
class Said:
    """The same words in Chinese and in English.

    Raises
    ------
    ValueError
        If they stand in one language only.

    Examples
    --------
    >>> n = Said("{n} 处{what}", "{n} {what}").format(n=3, what=Said("设施", "facilities"))
    >>> n.in_("zh"), Said("；", "; ").join([n, Said("无", "none")]).in_("en")
    ('3 处设施', '3 facilities; none')
    """

    zh: str
    en: str

    def __post_init__(self) -> None:
        if bool(self.zh) != bool(self.en):
            raise ValueError(f"said in one language only: {self!r}")

    def in_(self, lang: str) -> str:
        """Give one side, "zh" or "en"."""
        return self.zh if lang == "zh" else self.en

    def format(self, **values: object) -> Said:
        """Fill in the named values, of those that are said in both languages each side its own."""
        sides = ({k: in_(v, lang) for k, v in values.items()} for lang in ("zh", "en"))
        zh, en = (text.format(**own) for text, own in zip((self.zh, self.en), sides, strict=True))
        return Said(zh, en)

    def join(self, parts: Iterable[Said | str]) -> Said:
        """Join texts with this between them, as `str.join`."""
        listed = list(parts)
        return Said(self.zh.join(in_(p, "zh") for p in listed), self.en.join(in_(p, "en") for p in listed))

    def __str__(self) -> str:
        return self.en  # what a log or a notebook shows; who writes for a reader asks for one side

    def __bool__(self) -> bool:
        return bool(self.zh)

    def __add__(self, more: Said | str) -> Said:
        return Said(self.zh + in_(more, "zh"), self.en + in_(more, "en"))

    def __format__(self, spec: str) -> str:
        raise TypeError(f"{self!r}: ask for one side with in_(lang)")


COMMA, SEMICOLON = Said("、", ", "), Said("；", "; ")
"""What stands between the things of a list, and between clauses."""


@overload
def in_(text: Said | str, lang: str) -> str: ...
@overload
def in_(text: object, lang: str) -> object: ...
def in_(text: object, lang: str) -> object:
    """Give the side of a text that may be said in both languages, in lists and dicts too; anything else as it is."""
    if isinstance(text, dict):
        return {key: in_(value, lang) for key, value in text.items()}
    if isinstance(text, list):
        return [in_(value, lang) for value in text]
    return text.in_(lang) if isinstance(text, Said) else text
