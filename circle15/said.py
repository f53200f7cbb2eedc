"""Words in both languages as one value: who makes a sentence says both, who writes it down asks for one."""

from __future__ import annotations

import re
import sys
from dataclasses import dataclass, field
from string import Formatter
from typing import TYPE_CHECKING, NamedTuple, overload

if TYPE_CHECKING:
    from collections.abc import Iterable


class Origin(NamedTuple):
    """Where a text was made: from it `circle15.message_ids` reads the text's id and values when a program asks."""

    module: str
    function: str  # its qualified name
    first_line: int  # of that function's code, and the place in it
    instruction: int
    text: str  # in English, as it was made
    values: tuple[tuple[str, object], ...] | None = None  # by name, of a text that `Said.format` filled


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
    origins: tuple[Origin, ...] = field(default=(), compare=False, repr=False)  # of a joined text, of each of its parts

    def __post_init__(self) -> None:
        if bool(self.zh) != bool(self.en):
            raise ValueError(f"said in one language only: {self!r}")
        if not self.origins:
            maker = sys._getframe(2)  # noqa: SLF001 (whoever called the class: above here and __init__)
            code = maker.f_code
            module = maker.f_globals.get("__name__", "")
            made = Origin(module, code.co_qualname, code.co_firstlineno, maker.f_lasti, self.en)
            object.__setattr__(self, "origins", (made,))

    def in_(self, lang: str) -> str:
        """Give one side, "zh" or "en"."""
        return self.zh if lang == "zh" else self.en

    def format(self, **values: object) -> Said:
        """Fill in the named values, of those that are said in both languages each side its own."""
        sides = ({k: in_(v, lang) for k, v in values.items()} for lang in ("zh", "en"))
        zh, en = (filled(text, **own) for text, own in zip((self.zh, self.en), sides, strict=True))
        named = tuple((name, in_(value, "en")) for name, value in values.items())
        return Said(zh, en, (self.origins[0]._replace(text=en, values=named),))

    def join(self, parts: Iterable[Said | str]) -> Said:
        """Join texts with this between them, as `str.join`."""
        listed = list(parts)
        zh, en = (between.join(in_(p, lang) for p in listed) for between, lang in ((self.zh, "zh"), (self.en, "en")))
        return Said(zh, en, origins_of(listed) or self.origins)

    def __str__(self) -> str:
        return self.en  # what a log or a notebook shows; who writes for a reader asks for one side

    def __bool__(self) -> bool:
        return bool(self.zh)

    def __add__(self, more: Said | str) -> Said:
        return Said(self.zh + in_(more, "zh"), self.en + in_(more, "en"), origins_of([self, more]))

    def __format__(self, spec: str) -> str:
        raise TypeError(f"{self!r}: ask for one side with in_(lang)")


_MEET = re.compile("[\u4e00-\u9fff][A-Za-z0-9]|[A-Za-z0-9][\u4e00-\u9fff]")


def filled(text: str, /, **values: object) -> str:
    """Fill values into a text as `str.format`; between a Chinese and a Latin letter or digit that meet there, a blank.

    What stands within a value stays as it is: a name is its owner's.

    Examples
    --------
    >>> filled("距{road}约 {m} 米", road="Rue A", m=40), filled("{unit}中没有设施", unit="A区")
    ('距 Rue A 约 40 米', 'A区中没有设施')
    """
    plain = text.format(**values)
    if _MEET.search(plain) is None:
        return plain
    made = ""
    for literal, name, spec, conversion in Formatter().parse(text):
        field_text = f"{{{name}{'!' + conversion if conversion else ''}:{spec}}}" if name is not None else ""
        for piece in (literal, field_text.format(**values)):
            made += f" {piece}" if _MEET.fullmatch(made[-1:] + piece[:1]) else piece
    return made


def origins_of(parts: Iterable[object]) -> tuple[Origin, ...]:
    """Give where the texts among ``parts`` were made, each place once."""
    found = (origin for part in parts if isinstance(part, Said) and part for origin in part.origins)
    return tuple({origin[:5]: origin for origin in found}.values())


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
