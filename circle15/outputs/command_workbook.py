"""The tables of one command as a workbook: what was found in words, the tables, and what their columns mean."""

from __future__ import annotations

from typing import TYPE_CHECKING

import circle15
from circle15.outputs.catalogue import catalogue
from circle15.outputs.result import one_side
from circle15.outputs.workbook import Formats, new_book, write_table
from circle15.outputs.workbook_contents import columns_entry, entries_of, write_contents
from circle15.outputs.workbook_parts import write_columns, write_lines
from circle15.said import Said

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    import pandas as pd

    from circle15.outputs.book_labels import BookLabels


def write_command_workbook(
    path: Path, *, title: str, notes: Sequence[tuple[str, str]], tables: Mapping[str, pd.DataFrame], labels: BookLabels
) -> None:
    """Write what a command found.

    Parameters
    ----------
    path
        The file.
    title
        What the workbook is, first line of the sheet of notes.
    notes
        Subject and sentence of each note.
    tables
        By their keys in the catalogue, which titles the sheets; empty ones are left out.
    labels
        How layers and units are called, and the language.
    """
    lang = labels.lang
    shown = {name: one_side(table, lang) for name, table in tables.items() if len(table)}
    with new_book(title, path) as book:
        formats = Formats(book)
        texts = {"title": formats.title, "label": formats.label, "text": formats.wrapped}
        first = book.add_worksheet("说明" if lang == "zh" else "Notes")
        made_by = ("软件" if lang == "zh" else "Software", f"circle15 {circle15.__version__}")
        titles = {name: catalogue()[name].sheet(lang) for name in shown}
        entries = [*entries_of(shown, lang), columns_entry(lang)]
        top = write_contents(first, entries, lang, formats)
        write_lines(first, [(title, ""), *notes, made_by], lang, **texts, top=top)
        for name, table in shown.items():
            write_table(labels, name, table, book.add_worksheet(titles[name]), formats)
        write_columns(labels, shown, titles, book.add_worksheet(entries[-1].title), **texts)


def notes_of_warnings(warnings: Sequence[Said], lang: str) -> list[tuple[str, str]]:
    """Give warnings as the notes of a workbook."""
    word = Said("注意", "note").in_(lang)
    return [(word, warning.in_(lang)) for warning in warnings]
