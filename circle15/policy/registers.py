"""The policy registers: five published plans as tables, found, read and validated."""

from __future__ import annotations

import csv
import io
from dataclasses import dataclass, fields
from pathlib import Path
from typing import TYPE_CHECKING, Literal

import numpy as np
import pandas as pd

from circle15.errors import InputError, MissingFileError, Problem
from circle15.files.door import is_there, read_whole
from circle15.policy.conditions import Condition
from circle15.said import Said

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

ColumnKind = Literal["text", "key", "number", "whole", "flag", "condition"]
"""text may be empty; key may not; number and whole may be empty (NaN); flag is 0 or 1."""

COLUMNS: Mapping[str, Mapping[str, ColumnKind]] = {
    "documents": {
        "document_id": "key", "title_zh": "text", "issuer_zh": "text", "issued": "text", "doc_no": "text",
        "period": "text", "source_file": "text",
    },
    "services": {
        "service_id": "key", "name_zh": "text", "name_en": "text", "field_zh": "text", "demand_group": "text",
        "capacity_unit_zh": "text", "default_minutes": "number", "attributes_zh": "text",
    },
    "circles": {
        "service_id": "key", "service_zh": "text", "minutes": "number", "place_zh": "text", "place_id": "key",
        "document_id": "key", "deadline_year": "whole", "wording_zh": "text",
    },
    "unit_rules": {
        "condition": "condition", "k": "number", "unit_level": "text", "service_id": "key", "deadline_year": "whole",
        "document_id": "key", "wording_zh": "text", "note_zh": "text",
    },
    "targets": {
        "indicator_id": "key", "indicator_zh": "text", "unit_zh": "text", "service_id": "key", "denominator": "text",
        "per": "number", "kind": "text", "direction": "key", "place_id": "key", "document_id": "key",
        "location": "text", "year": "whole", "value": "number", "comparator": "text", "is_base": "flag",
        "definition_note_zh": "text",
    },
    "norms": {"service_id": "key", "indicator_id": "key", "note_zh": "text"},
}  # fmt: skip

CHOICES: Mapping[tuple[str, str], frozenset[str]] = {
    ("targets", "kind"): frozenset({"", "stock", "annual", "cumulative"}),
    ("targets", "direction"): frozenset({">=", "<=", "range"}),
    ("targets", "comparator"): frozenset({"", ">=", "<=", ">", "<", "约"}),
    ("unit_rules", "unit_level"): frozenset({"", "county", "town", "community"}),
}
FILLED_NUMBERS = frozenset({("targets", "value"), ("targets", "per"), ("circles", "minutes")})
REFERENCES: Mapping[tuple[str, str], str] = {
    ("circles", "service_id"): "services", ("circles", "document_id"): "documents",
    ("unit_rules", "service_id"): "services", ("unit_rules", "document_id"): "documents",
    ("targets", "service_id"): "services", ("targets", "document_id"): "documents",
    ("norms", "service_id"): "services",
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Registers:
    """The registers as frames; empty text is "", an empty number NaN; `row` is the row in the file (heading = 1)."""

    documents: pd.DataFrame  # a document
    services: pd.DataFrame  # a service layer named in a document
    circles: pd.DataFrame  # one naming of an "N分钟…圈"
    unit_rules: pd.DataFrame  # a rule "每个街道至少 k 个"
    targets: pd.DataFrame  # one value of one indicator, place, document, location, year
    norms: pd.DataFrame  # which indicator is a service's planning norm, the preferred one first

    def places(self) -> dict[str, str]:
        """Give the Chinese name of each place_id that has circles or targets."""
        named = dict(zip(self.circles["place_id"], self.circles["place_zh"], strict=True))
        return {place: named.get(place, place) for place in sorted({*named, *self.targets["place_id"]})}


def registers_folder() -> Path:
    """Find the shipped registers, in an installed wheel (inside the package) or an editable checkout (beside it).

    Raises
    ------
    MissingFileError
        If neither is there: the installation is damaged.
    """
    package = Path(__file__).parents[1]
    candidates = (package / "data" / "policy", package.parent / "data" / "policy")
    for folder in candidates:
        if (folder / "targets.csv").is_file():
            return folder
    raise MissingFileError(
        Problem(
            Said(
                "自带的规划登记表缺失，请重新安装 circle15",
                "the shipped policy registers are missing; install circle15 again",
            ),
            file=str(candidates[0]),
        )
    )


def read_registers(folder: Path | None = None) -> Registers:
    """Read and validate the registers in `folder`, by default the shipped ones.

    Parameters
    ----------
    folder
        Folder with documents.csv, services.csv, circles.csv, unit_rules.csv and targets.csv; norms.csv is optional and
        is the shipped one where absent. UTF-8 (with or without BOM) or GB18030, as Excel saves them.

    Raises
    ------
    MissingFileError
        If a file is missing.
    InputError
        Naming every wrong heading, number, choice and key with its file, row and column.
    """
    shipped = registers_folder()
    home = folder if folder is not None else shipped
    paths = {field.name: home / f"{field.name}.csv" for field in fields(Registers)}
    if not is_there(paths["norms"]):
        paths["norms"] = shipped / "norms.csv"
    missing = [path for path in paths.values() if not is_there(path)]
    MissingFileError.gather(
        Problem(
            Said(
                "没有这张规划登记表；请复制自带的 data/policy 文件夹再修改",
                "no such policy register; copy the shipped folder data/policy and edit the copy",
            ),
            file=str(path),
        )
        for path in missing
    )
    problems: list[Problem] = []
    frames = {name: _read(name, path, problems) for name, path in paths.items()}
    InputError.gather(problems)
    problems.extend(_broken_references(frames, paths))
    InputError.gather(problems)
    return Registers(**frames)


def _read(name: str, path: Path, problems: list[Problem]) -> pd.DataFrame:
    columns = COLUMNS[name]
    raw = read_whole(path)
    try:
        text = raw.decode("utf-8-sig")
    except UnicodeDecodeError:
        try:
            text = raw.decode("gb18030")
        except UnicodeDecodeError as e:
            message = Said(
                f"既不是 UTF-8 也不是 GB18030 文本（第 {e.start} 字节），请另存为 UTF-8",
                f"neither UTF-8 nor GB18030 text (byte {e.start}); save it as UTF-8",
            )
            problems.append(Problem(message, file=str(path)))
            return pd.DataFrame(columns=[*columns, "row"])
    rows = csv.DictReader(io.StringIO(text, newline=""))
    absent = [column for column in columns if column not in (rows.fieldnames or ())]
    if absent:
        found = ", ".join(rows.fieldnames or ())
        problems.append(
            Problem(
                Said(
                    f"缺少列名：{'、'.join(absent)}；现有：{found}",
                    f"missing headings: {', '.join(absent)}; found: {found}",
                ),
                file=str(path),
                row=1,
            )
        )
        return pd.DataFrame(columns=[*columns, "row"])
    records = []
    for number, record in enumerate(rows, start=2):
        if any((value or "") for key, value in record.items() if key in columns):
            parsed = {
                c: _parsed(name, c, (record[c] or "").strip(), path=path, row=number, problems=problems)
                for c in columns
            }
            records.append({**parsed, "row": number})
    return pd.DataFrame(records, columns=[*columns, "row"])


def _parsed(name: str, column: str, text: str, *, path: Path, row: int, problems: list[Problem]) -> object:
    kind = COLUMNS[name][column]

    def refuse(message: Said) -> None:
        problems.append(Problem(message, file=str(path), row=row, column=column, value=text))

    if kind == "key" and not text:
        refuse(Said("为空；每行都须填写", "is empty; every row needs it"))
    choices = CHOICES.get((name, column))
    if choices is not None and text not in choices:
        refuse(
            Said(
                f"应为 {', '.join(sorted(c or '（空）' for c in choices))} 之一",
                f"give one of {', '.join(sorted(c or '(empty)' for c in choices))}",
            )
        )
    if kind == "condition":
        try:
            Condition.parse(text)
        except ValueError as e:
            refuse(Said(f"条件写法有误（{e}）", str(e)))
    if kind == "flag":
        if text not in {"0", "1"}:
            refuse(Said("现状值写 1，目标值写 0", "give 1 for an actual value, 0 for a target"))
        return text == "1"
    if kind in {"number", "whole"}:
        return _number(text, refuse, whole=kind == "whole", filled=(name, column) in FILLED_NUMBERS)
    return text


def _number(text: str, refuse: Callable[[Said], None], *, whole: bool, filled: bool) -> float:
    if not text:
        if filled:
            refuse(Said("为空；每行都须有数字", "is empty; every row needs a number"))
        return np.nan
    try:
        value = float(text)
    except ValueError:
        refuse(
            Said(
                "不是数字；只写数字，不加符号、单位或百分号",
                "is not a number; write digits only, without sign, unit or percent mark",
            )
        )
        return np.nan
    if not np.isfinite(value) or (whole and value != int(value)):
        refuse(Said("不是整数", "is not a whole number") if whole else Said("不是有限的数字", "is not a finite number"))
        return np.nan
    return value


def _broken_references(frames: Mapping[str, pd.DataFrame], paths: Mapping[str, Path]) -> Iterator[Problem]:
    for (name, column), target in REFERENCES.items():
        known = set(frames[target][column])
        frame = frames[name]
        for row, value in zip(frame["row"], frame[column], strict=True):
            if value not in known:
                yield Problem(
                    Said(
                        f"{paths[target].name} 中没有这个 {column}", f"there is no such {column} in "
                        f"{paths[target].name}",
                    ),
                    file=str(paths[name]), row=int(row), column=column, value=value,
                )  # fmt: skip
