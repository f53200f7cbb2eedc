"""The folder of a finished run, read again: the one reader of run.json."""

from __future__ import annotations

import json
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pandas as pd

from circle15.errors import Circle15Error, InputError, MissingColumnError, MissingFileError, Problem
from circle15.files.digests import file_digest
from circle15.files.door import is_there, largest_bytes, read_whole, steady_file, vouched
from circle15.files.written import MANIFEST, is_of_ours
from circle15.outputs.shared_words import words
from circle15.said import Said

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

_NEEDED: dict[str, type] = {
    "config_path": str,
    "config_stated": dict,
    "config_sha256": str,
    "config.district.lang": str,
    "district.id": str,
    "district.name": str,
    "layers": list,
    "inputs": dict,
    "files": dict,
}
_ALTERED = Said(
    "写出后被改动过（例如用 Excel 打开后保存），不再是 circle15 的成果；请重新运行",
    "has been changed since it was written (saved again in Excel, for one) and is no result of circle15 any more; run"
    " again",
)
_OF_EACH_FILE = {"inputs": ("path", "sha256"), "files": ("sha256",)}
_OF_EACH_LAYER = ("id", "name")


@dataclass(frozen=True, slots=True)
class Manifest:
    """What a run's or a batch's run.json tells; a key that one of another version lacks raises KeyError."""

    told: Mapping[str, Any]  # the JSON as it stands
    path: Path = Path(MANIFEST)

    @property
    def is_of_a_batch(self) -> bool:
        """Whether a batch wrote it."""
        return "batch" in self.told

    @property
    def is_as_written(self) -> bool:
        """Whether nobody altered it."""
        return is_of_ours(self.told)

    @property
    def finished(self) -> list[str]:
        """Folders of a batch's districts that have results."""
        return [one["folder"] for one in self.told["batch"] if one["status"] != "failed"]

    @property
    def failed(self) -> list[tuple[str, str]]:
        """Config and error of a batch's districts without results."""
        return [(one["config"], "\n".join(one["error"])) for one in self.told["batch"] if one["status"] == "failed"]

    @property
    def district_id(self) -> str:
        """The district's id, which a scenario shares with its base."""
        return str(self.told["district"]["id"])

    @property
    def district_name(self) -> str:
        """The district's name."""
        return str(self.told["district"]["name"])

    @property
    def config_path(self) -> Path:
        """The config's file, from which its relative paths start."""
        return Path(self.told["config_path"])

    @property
    def lang(self) -> str:
        """The run's language."""
        return str(self.told["config"]["district"].get("lang", "zh"))

    @property
    def seconds(self) -> float | None:
        """How long the run took; None where that is not told."""
        told = self.told.get("seconds")
        is_told = isinstance(told, dict) and told and all(isinstance(s, int | float) for s in told.values())
        return float(sum(told.values())) if is_told and told else None

    @property
    def sources(self) -> tuple[str, ...]:
        """What a map of the run credits: its data's attributions, who publishes, the approval number."""
        say, outputs = words(self.lang), self.told["config"].get("outputs", {})
        texts = [f"{say[key]}：{outputs[key]}" for key in ("bureau", "map_approval") if outputs.get(key)]
        return (*self.told.get("attributions", ()), *texts)

    def lacking_keys(self) -> list[str]:
        """Name what the manifest should have and has not, or not as it should be."""
        if self.is_of_a_batch:
            return _lacking_of_a_batch(self.told)
        found = [key for key, kind in _NEEDED.items() if not isinstance(_value_at(self.told, *key.split(".")), kind)]
        each = [
            (group, name, key, facts)
            for group, keys in _OF_EACH_FILE.items()
            if group not in found
            for name, facts in self.told[group].items()
            for key in keys
        ]
        found += [f"{g}.{n}.{key}" for g, n, key, facts in each if not isinstance(_value_at(facts, key), str)]
        layers = enumerate(self.told["layers"] if "layers" not in found else (), start=1)
        return [
            *found,
            *(f"layers.{i}.{k}" for i, one in layers for k in _OF_EACH_LAYER if not isinstance(_value_at(one, k), str)),
        ]

    def written(self, name: str, *, as_found: bool = False) -> Path | None:
        """Give a file of the results, None where there is none; ``as_found``, whoever wrote it.

        Raises
        ------
        InputError
            If it is not the file that was written.
        """
        path, facts = self.path.with_name(name), self.told["files"].get(name)
        if not is_there(path):
            return None
        if as_found:
            return vouched(path)
        if facts is None or file_digest(vouched(path)) != facts["sha256"]:
            raise InputError(Problem(_ALTERED, file=str(path)))
        return path

    def refuse(self, lacking: Iterable[str]) -> None:
        """Raise InputError naming every key that is lacking, if any is."""
        message = Said("不是本版 circle15 的运行清单：缺少此键", "is no manifest of this circle15: lacks this key")
        InputError.gather(Problem(message, file=str(self.path), key=key) for key in lacking)


def read_results(folder: Path) -> Manifest:
    """Read the run.json of results whose numbers are to be read on.

    Raises
    ------
    MissingFileError, InputError
        As `read_manifest`; if it lacks what this version writes; and if it is not as it was written.
    """
    manifest = read_manifest(folder)
    manifest.refuse(manifest.lacking_keys())
    if not manifest.is_as_written:
        raise InputError(Problem(_ALTERED, file=str(manifest.path)))
    return manifest


def read_manifest(folder: Path) -> Manifest:
    """Read the run.json of a finished run or batch.

    Raises
    ------
    MissingFileError
        If there is none.
    InputError
        If it is no JSON of ours.
    """
    path = folder / MANIFEST
    try:
        told = json.loads(read_whole(path))
    except MissingFileError:
        message = Said(
            f"没有 {MANIFEST}：不是已完成的运行或批量运行的文件夹",
            f"no {MANIFEST}: not the folder of a finished run or batch",
        )
        raise MissingFileError(Problem(message, file=str(folder))) from None
    except Circle15Error:
        raise
    except (ValueError, RecursionError) as e:
        raise InputError(
            Problem(
                Said(f"不是运行清单：{e}", f"is not the manifest of a run: {e}"),
                file=str(path),
            )
        ) from None
    if not isinstance(told, dict):
        raise InputError(
            Problem(
                Said("不是本版 circle15 的运行清单", "is no manifest of this circle15"),
                file=str(path),
            )
        )
    return Manifest(told, path)


def manifest_of_folder(folder: Path) -> Manifest | None:
    """Give a finished run's manifest, None where there is none or it is no JSON."""
    try:
        return read_manifest(folder)
    except Circle15Error:
        return None


def read_run_table(path: Path, **how: Any) -> pd.DataFrame:
    """Read a table of a finished run, by the door that every input comes in by; ``how`` as `pandas.read_csv`.

    Raises
    ------
    MissingFileError, InputError
        As `steady_file`.
    """
    with steady_file(path, largest=largest_bytes()) as file:
        table: pd.DataFrame = pd.read_csv(file, encoding="utf-8-sig", **how)
    return table


@contextmanager
def columns_of_runs(path: Path) -> Iterator[None]:
    """Tell a column that a table below ``path`` lacks, as one that somebody has written anew may.

    Raises
    ------
    MissingColumnError
        Naming it.
    """
    try:
        yield
    except KeyError as e:
        message = Said(
            "缺少这一列：表格写出后被改动过，或由另一版本写出；请重新运行",
            "lacks this column: it has been changed since, or is of another version; run again",
        )
        raise MissingColumnError(Problem(message, file=str(path), column=str(e.args[0]))) from e


def _lacking_of_a_batch(manifest: Mapping[str, Any]) -> list[str]:
    told, files, previous = manifest["batch"], manifest.get("files"), manifest.get("previous")
    found = [] if isinstance(told, list) else ["batch"]
    for i, one in enumerate(told if not found else (), start=1):
        found += [f"batch.{i}.{k}" for k in ("config", "folder", "status") if not isinstance(_value_at(one, k), str)]
        if _value_at(one, "status") == "failed" and not isinstance(_value_at(one, "error"), list):
            found.append(f"batch.{i}.error")
    whole = isinstance(files, dict) and all(isinstance(_value_at(f, "sha256"), str) for f in files.values())
    return [*found, *([] if whole else ["files"]), *([] if isinstance(previous, str | None) else ["previous"])]


def _value_at(value: Any, *keys: str) -> Any:
    for key in keys:
        value = value.get(key) if isinstance(value, dict) else None
    return value
