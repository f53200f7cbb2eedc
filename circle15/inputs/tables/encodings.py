"""Bytes of text files to text: UTF-8 with and without BOM, UTF-16, and GB18030 with its subsets GBK and GB2312."""

from __future__ import annotations

import codecs
from dataclasses import dataclass

from circle15.errors import InputError, Problem
from circle15.said import Said

_SAMPLE = 1 << 16
_LONGEST_CHARACTER = 4  # bytes, of UTF-8 and GB18030
_MOSTLY = 0.7


@dataclass(frozen=True, slots=True)
class DecodedText:
    """The text of a file and the encoding that it was in."""

    text: str
    encoding: str


def decode_text(content: bytes, *, file: str, encoding: str | None = None) -> DecodedText:
    """Decode a file's bytes, finding the encoding where none is stated.

    Strict UTF-8 is tried first: text of another encoding is next to never valid UTF-8. What is neither it nor marked
    by a BOM is GB18030, of which GBK and GB2312 are subsets, if its characters are common ones.

    Parameters
    ----------
    content
        The whole file.
    file
        Its name, for messages.
    encoding
        A codec that the user states; nothing else is tried then.

    Raises
    ------
    InputError
        If the bytes are no text, or text of an encoding that is not known here; names the line of the first bad byte.
    """
    if encoding is not None:
        return _decode_as(content, encoding, file, is_stated=True)
    for bom, name in ((codecs.BOM_UTF8, "utf-8-sig"), (codecs.BOM_UTF16_LE, "utf-16"), (codecs.BOM_UTF16_BE, "utf-16")):
        if content.startswith(bom):
            return _decode_as(content, name, file)
    guess = _utf16_without_bom(content)
    if guess is not None:
        return _decode_as(content, guess, file)
    nul = content.find(b"\0")
    if nul >= 0:
        line = content.count(b"\n", 0, nul) + 1
        raise InputError(
            Problem(
                Said(
                    "含 NUL 字节：不是文本文件，或已损坏；请另存为 CSV",
                    "has NUL bytes: not a text file, or damaged; save it again as CSV",
                ),
                file=file,
                row=line,
            )
        )
    try:
        return DecodedText(content.decode("utf-8"), "utf-8")
    except UnicodeDecodeError as e:
        utf8_error = e
    if len(content) - utf8_error.start < _LONGEST_CHARACTER and utf8_error.start > _LONGEST_CHARACTER:
        raise InputError(
            Problem(
                Said(
                    "文件在一个字中间结束：内容被截断，请重新复制",
                    "the file ends inside a character: it was cut off; copy it again",
                ),
                file=file,
            )
        ) from None
    try:
        text = content.decode("gb18030")
    except UnicodeDecodeError as e:
        line = content.count(b"\n", 0, max(e.start, utf8_error.start)) + 1
        message = Said(
            "既不是 UTF-8 也不是 GBK/GB18030 文本，请另存为 UTF-8",
            "neither UTF-8 nor GBK/GB18030 text; save it as UTF-8",
        )
        raise InputError(Problem(message, file=file, row=line)) from None
    if not _looks_chinese(text):
        message = Said(
            "不是 UTF-8，按 GBK/GB18030 读出的是生僻字，应为其他编码，请另存为 UTF-8",
            "not UTF-8, and as GBK/GB18030 it reads as rare characters, so it is in another encoding; save it as UTF-8",
        )
        raise InputError(Problem(message, file=file, value=_first_foreign(text)))
    return DecodedText(text, "gb18030")


def encoding_of(samples: list[bytes]) -> str | None:
    """Give the encoding of all ``samples`` (whole field values): "ascii", "utf-8", "gb18030", None for neither.

    A value may be cut inside its last character, as values of shapefiles are.
    """
    if all(s.isascii() for s in samples):
        return "ascii"
    for name in ("utf-8", "gb18030"):
        if all(_decodes(s, name) for s in samples):
            return name
    return None


def _decode_as(content: bytes, encoding: str, file: str, *, is_stated: bool = False) -> DecodedText:
    try:
        return DecodedText(content.decode(encoding), encoding.removesuffix("-sig"))
    except LookupError:
        raise InputError(Problem(Said("没有这种编码", "no such text encoding"), file=file, value=encoding)) from None
    except UnicodeDecodeError as e:
        line = content.count(b"\n", 0, e.start) + 1
        right = Said("请另存为 UTF-8", "save it as UTF-8")
        if is_stated and _is_gbk(content):
            right = Said(
                '实为 GBK：请写 encoding = "gbk"，或删去此键', 'it is GBK: say encoding = "gbk", or leave the key out'
            )
        message = Said(f"不是 {encoding} 文本；{right.zh}", f"not {encoding} text; {right.en}")
        raise InputError(Problem(message, file=file, row=line)) from None


def _is_gbk(content: bytes) -> bool:
    try:
        return _looks_chinese(content.decode("gb18030"))
    except UnicodeDecodeError:
        return False


def _utf16_without_bom(content: bytes) -> str | None:
    """Tell UTF-16 by the NUL bytes that digits and separators leave on one side of the pairs only."""
    sample = content[:_SAMPLE]
    even, odd = sample[0::2].count(0), sample[1::2].count(0)
    if odd > len(sample) // 20 and even == 0:
        return "utf-16-le"
    if even > len(sample) // 20 and odd == 0:
        return "utf-16-be"
    return None


def _looks_chinese(text: str) -> bool:
    """Tell whether the characters beyond ASCII are mostly of GB2312, which covers 99.9 % of running Chinese text."""
    foreign = [c for c in text[: _SAMPLE * 4] if not c.isascii()]
    common = sum(_is_gb2312(c) for c in set(foreign)) / max(1, len(set(foreign)))
    return common >= _MOSTLY


def _is_gb2312(char: str) -> bool:
    try:
        char.encode("gb2312")
    except UnicodeEncodeError:
        return False
    return True


def _first_foreign(text: str) -> str:
    at = next(i for i, c in enumerate(text) if not c.isascii())
    return text[max(0, at - 10) : at + 10]


def _decodes(sample: bytes, encoding: str) -> bool:
    try:
        sample.decode(encoding)
    except UnicodeDecodeError as e:
        return len(sample) - e.start < _LONGEST_CHARACTER and ("end" in e.reason or "incomplete" in e.reason)
    return True
