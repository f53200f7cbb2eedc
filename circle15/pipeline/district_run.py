"""One district, from config to files; the only room that knows all the others."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from circle15.config.model import Config, load_config
from circle15.files.door import files_up_to
from circle15.files.staging import claimed_folder
from circle15.files.vouching import InputLedger
from circle15.files.written import MANIFEST, files_of_manifest, refuse_foreign, write_manifest
from circle15.outputs.beside_share import beside_share
from circle15.outputs.certainty_words import interval_of
from circle15.outputs.sentences import whom
from circle15.outputs.text import plain_number, share_text, spaced
from circle15.outputs.view import View
from circle15.pipeline.measured_study import measure_services
from circle15.pipeline.projects.planned import plan_projects, with_planned
from circle15.pipeline.record.confirmed import confirm, with_confirmation
from circle15.pipeline.record.manifest import manifest_of
from circle15.pipeline.record.named_files import named_files
from circle15.pipeline.record.named_places import with_named_places
from circle15.pipeline.record.whatif_data import pack_whatif
from circle15.pipeline.record.writing import require_tools, sure_outputs, write_outputs
from circle15.pipeline.study.clock import Clock
from circle15.pipeline.study.outline_check import outlines_named
from circle15.pipeline.study.read_study import read_study
from circle15.pipeline.tables.district_result import district_result
from circle15.pipeline.tables.measured import count_competitors
from circle15.said import Said

if TYPE_CHECKING:
    from collections.abc import Callable

    from circle15.outputs.result import DistrictResult
    from circle15.pipeline.draws.certainty_table import Certainty
    from circle15.pipeline.record.confirmed import Confirmation
    from circle15.pipeline.study.study import Study
    from circle15.pipeline.tables.measured import Service

DEFAULT_OUT = Path("maps")


@dataclass(frozen=True, slots=True)
class Run:
    """A finished run: its results, and the folder that they were written to."""

    result: DistrictResult
    folder: Path
    seconds: dict[str, float]  # per stage

    def summary(self) -> str:
        """Say in a few lines what was found, in English; `said` says it in both languages."""
        return self.said().en

    def said(self) -> Said:
        """Say in a few lines what was found: residents, each layer's covered share of its group, and the time taken."""
        total = self.result.tables.coverage.query("unit_id == @self.result.id")
        residents = self.result.cells["population"].sum()
        n = len(self.result.units)
        units = f"{n} unit{'s' if n != 1 else ''}"
        lines = [
            Said(
                f"{self.result.name}：{residents:,.0f} 人，{n} 个街道",
                f"{self.result.name}: {residents:,.0f} people, {units}",
            )
        ]
        why = self.result.resolution_why
        if why:
            level = self.result.resolution
            lines.append(Said(f"  网格：H3 {level} 级，", f"  cells: H3 resolution {level}, ") + why)
        layers = {layer.id: layer for layer in self.result.layers}
        view = View(self.result)
        row: Any
        for row in total.itertuples(index=False):
            zh, en = (beside_share(row, lang, group=row.group) for lang in ("zh", "en"))
            layer = layers[row.layer]
            served = {lang: whom(layer, lang) for lang in ("zh", "en")}
            share = share_text(row.covered_share)
            sure = {lang: interval_of(view, row.layer, lang) for lang in ("zh", "en")}
            minutes, metres = plain_number(row.threshold_min), f"{row.threshold_m:,.0f}"
            lines.append(
                Said(
                    f"  {layer.name}：步行 {minutes} 分钟（{metres} 米）内覆盖"
                    f"{spaced(served['zh'], 'zh')} {share}{sure['zh']}{'；' if zh else ''}{zh}",
                    f"  {layer.name} ({row.layer}): {share}{sure['en']} of {served['en']} within {minutes} min"
                    f" ({metres} m){'; ' if en else ''}{en}",
                )
            )
        seconds = f"{sum(self.seconds.values()):.1f}"
        return Said("\n", "\n").join([*lines, Said(f"用时 {seconds} 秒", f"{seconds} s")])


def run_district(
    config: Config | str | Path,
    *,
    out: str | Path | None = None,
    threads: int | None = None,
    on_stage: Callable[[str], None] | None = None,
    on_stage_end: Callable[[str, float], None] | None = None,
) -> Run:
    """Plan one district and write its maps, tables and manifest.

    Parameters
    ----------
    config
        A config file, or a config already loaded.
    out
        Folder to write to; by default ``maps/<district id>``, for a scenario with its file's name behind. It is left as
        it was if anything fails.
    threads
        Threads to search with; all by default. Results do not depend on it.
    on_stage
        Told the name of each of `STAGES` as it begins.
    on_stage_end
        Told a stage's name and its seconds so far as it ends; a stage of several blocks ends with each.

    Returns
    -------
    Run

    Raises
    ------
    Circle15Error
        If the config or an input cannot be used; the message names file, row, column and value.
    """
    loaded = config if isinstance(config, Config) else load_config(config)
    folder = Path(out) if out is not None else DEFAULT_OUT / loaded.folder_name
    require_tools(loaded)
    clock = Clock(on_stage, on_stage_end)
    with claimed_folder(folder) as claim:
        # Now, not after everything is computed.
        refuse_foreign(folder, dict.fromkeys((*files_of_manifest(folder), *sure_outputs(loaded))))
        ledger = InputLedger.of(named_files(loaded))
        study, result, confirmation = _compute(loaded, clock, threads)
        with claim.stage() as stage:
            with clock.stage("write"):
                undrawn = write_outputs(result, study, stage, threads=threads)
                result = replace(result, warnings=(*result.warnings, *undrawn))
            told = manifest_of(study, result, clock.seconds, stage, ledger=ledger, confirmation=confirmation)
            write_manifest(told, stage / MANIFEST)
    return Run(result, folder, dict(clock.seconds))


def _compute(config: Config, clock: Clock, threads: int | None) -> tuple[Study, DistrictResult, Confirmation | None]:
    """Read, measure and plan; nothing is written."""
    with outlines_named(config), files_up_to(config.limits.file_bytes):
        study = read_study(config, clock)
        services = measure_services(study, clock, threads)
        study = count_competitors(study, services)
        drawn = _draw(study, services, clock, threads) if study.config.draws else None
        with clock.stage("rank"):
            planned = plan_projects(study, services, certainty=drawn, threads=threads)
        with clock.stage("draw"):
            measured = district_result(study, services, planned.tables.get("ranking"), threads=threads)
            result = with_planned(measured, planned)
            if drawn is not None:
                from circle15.pipeline.draws.certainty_table import with_certainty  # noqa: PLC0415 (as below)

                result = with_certainty(result, drawn)
            outputs = study.config.outputs
            if outputs.whatif and outputs.writes_map:
                result = replace(result, whatif=pack_whatif(study, services))
            if outputs.writes_map or outputs.writes("units"):
                result = with_named_places(result, study)
        confirmation = confirm(config, result)
    return study, with_confirmation(result, confirmation), confirmation


def _draw(study: Study, services: list[Service], clock: Clock, threads: int | None) -> Certainty | None:
    from circle15.pipeline.draws.certainty_table import draw_certainty  # noqa: PLC0415 (asked for by few)

    with clock.stage("certainty"):
        return draw_certainty(study, services, threads=threads)
