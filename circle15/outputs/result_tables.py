"""The tables of one district's run, each under its own name."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields
from typing import TYPE_CHECKING

import pandas as pd

if TYPE_CHECKING:
    from collections.abc import Iterator


@dataclass(frozen=True, slots=True, eq=False)
class ResultTables(Mapping[str, pd.DataFrame]):
    """Every table that a run can have, by its file's stem; None where this one has no such table.

    Code that reads one table names it (`tables.coverage`); what goes over all of them, as writers do, takes this as a
    mapping of those that are there, in the order in which they are written. The catalogue declares the same names.
    """

    coverage: pd.DataFrame
    facilities: pd.DataFrame
    completeness: pd.DataFrame | None = None
    gaps: pd.DataFrame | None = None
    certainty: pd.DataFrame | None = None
    entrances: pd.DataFrame | None = None
    unlinked: pd.DataFrame | None = None
    portrait: pd.DataFrame | None = None
    portrait_layers: pd.DataFrame | None = None
    equity: pd.DataFrame | None = None
    saturation: pd.DataFrame | None = None
    satisfaction: pd.DataFrame | None = None
    policy: pd.DataFrame | None = None
    targets: pd.DataFrame | None = None
    unit_rules: pd.DataFrame | None = None
    raking: pd.DataFrame | None = None
    access_measures: pd.DataFrame | None = None
    coverage_measures: pd.DataFrame | None = None
    communities: pd.DataFrame | None = None
    lorenz: pd.DataFrame | None = None
    coverage_groups: pd.DataFrame | None = None
    import_report: pd.DataFrame | None = None
    ranking: pd.DataFrame | None = None
    projects: pd.DataFrame | None = None
    programme: pd.DataFrame | None = None
    programme_proof: pd.DataFrame | None = None
    programme_goals: pd.DataFrame | None = None
    programme_years: pd.DataFrame | None = None
    programme_units: pd.DataFrame | None = None
    programme_greedy: pd.DataFrame | None = None
    causes: pd.DataFrame | None = None
    links: pd.DataFrame | None = None

    def __getitem__(self, name: str) -> pd.DataFrame:
        """Give the table of that name; KeyError where this run has none."""
        table: pd.DataFrame | None = getattr(self, name) if name in _NAMES else None
        if table is None:
            raise KeyError(name)
        return table

    def __iter__(self) -> Iterator[str]:
        """Give the names of the tables that are there."""
        return (name for name in _NAMES if getattr(self, name) is not None)

    def __len__(self) -> int:
        """Count the tables that are there."""
        return sum(1 for _ in self)


_NAMES = tuple(f.name for f in fields(ResultTables))
