"""What `compare` writes: the table, a difference page for each scenario, the note side by side, PDF and workbook."""

from __future__ import annotations

from dataclasses import fields
from typing import TYPE_CHECKING, Any

import geopandas as gpd
import pandas as pd

from circle15.files.door import settled_path
from circle15.files.staging import replaced_files
from circle15.inputs.ground.ids import file_safe, unique_id
from circle15.outputs.book_labels import BookLabels
from circle15.outputs.command_workbook import write_command_workbook
from circle15.outputs.difference import write_difference_map
from circle15.outputs.difference_note import NotedBase, NotedScenario, name_of, write_note
from circle15.outputs.printing import find_browser, write_pdf
from circle15.outputs.result import LayerInfo
from circle15.outputs.shown_changes import change_facts
from circle15.outputs.tables import write_csv
from circle15.runs.compare import compare_runs, streets_of_run

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from circle15.runs.compare import Comparison


def compare_all(before: Path, after: Sequence[Path]) -> list[Comparison]:
    """Compare runs with one that all of them are held against; see `compare_runs`."""
    return [compare_runs(before, folder) for folder in after]


def joined_table(found: Sequence[Comparison]) -> pd.DataFrame:
    """Give scenario.csv: of several scenarios one below the other, each row with its scenario's name."""
    if len(found) == 1:
        return found[0].table
    return pd.concat([one.table.assign(scenario=_name(one)) for one in found], ignore_index=True)


def write_comparison(found: Sequence[Comparison], folders: Sequence[Path], out: Path) -> bool:
    """Write everything into ``out``; tell whether the note was printed too, for which a browser is needed.

    Parameters
    ----------
    found
        From `compare_all`.
    folders
        The runs that were compared, in the same order.
    out
        The folder.
    """
    taken: set[str] = set()
    with replaced_files(out) as stage:
        write_csv(joined_table(found), stage / "scenario.csv")
        for one, folder in zip(found, folders, strict=True):
            name = unique_id(file_safe(settled_path(folder).name) or "scenario", taken)
            taken.add(name)
            streets = streets_of_run(folder, one.units)
            notes = one.notes if isinstance(streets, gpd.GeoSeries) else (*one.notes, streets.in_(one.lang))
            write_difference_map(
                one.table, one.changed, one.units, one.layers,
                stage / ("difference.html" if len(found) == 1 else f"difference-{name}.html"),
                moved=one.moved, title=one.title, lang=one.lang, sources=one.sources, notes=notes, changes=one.changes,
                streets=streets if isinstance(streets, gpd.GeoSeries) else None,
            )  # fmt: skip
        scenarios = [NotedScenario(one.after, one.table, one.changed, one.changes, one.notes) for one in found]
        write_note(_base(found), scenarios, stage / "note.html")
        _write_workbook(found, stage / "scenario.xlsx")
        return find_browser() is not None and write_pdf(stage / "note.html", stage / "note.pdf")


def _base(found: Sequence[Comparison]) -> NotedBase:
    first = found[0]
    layers = {layer: name for one in found for layer, name in one.layers.items()}
    rules = {layer: rule for one in found for layer, rule in one.rules.items()}
    return NotedBase(
        district=first.district,
        lang=first.lang,
        units=first.units,
        layers=layers,
        groups={layer: str(rules[layer]["group"]) for layer in layers},
        capacity_units={layer: str(rules[layer].get("capacity_unit") or "") for layer in layers},
        sources=first.sources,
    )


def _layer_info(rules: dict[str, Any]) -> LayerInfo:
    """Give a layer's rules as run.json has them; what a run of an earlier version does not tell is not known."""
    known: dict[str, Any] = {f.name: rules.get(f.name) for f in fields(LayerInfo)}
    return LayerInfo(**known)


def _name(one: Comparison) -> str:
    return name_of(NotedScenario(one.after, one.table, one.changed, one.changes, one.notes), one.lang)


def _write_workbook(found: Sequence[Comparison], path: Path) -> None:
    """Write the workbook: what is compared, the table, and what its columns mean."""
    base = _base(found)
    is_zh = base.lang == "zh"
    notes: list[tuple[str, str]] = []
    for one in found:
        notes.append(("方案" if is_zh else "Scenario", one.title))
        notes += change_facts(one.changes, base.lang, base.layers, base.capacity_units)
        notes += [("说明" if is_zh else "Note", note) for note in one.notes]
    rules = {layer: rule for one in found for layer, rule in one.rules.items()}
    layers = tuple(_layer_info(rules[layer]) for layer in base.layers)
    names = dict(zip(found[0].table["unit_id"], found[0].table["unit_name"], strict=True))
    title = f"{base.district}：方案比较" if is_zh else f"{base.district}: scenarios compared"
    labels = BookLabels(base.lang, layers, names)
    write_command_workbook(path, title=title, notes=notes, tables={"scenario": joined_table(found)}, labels=labels)
