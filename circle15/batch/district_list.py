"""Which districts a batch has: config files, folders of them, or one batch file with shared defaults."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from circle15.config.district import DistrictTable
from circle15.config.model import Config, load_config, parse_config, read_toml
from circle15.config.types import suggest
from circle15.errors import Circle15Error, ConfigError, Problem, both
from circle15.files.door import settled_path
from circle15.said import Said

if TYPE_CHECKING:
    from collections.abc import Iterable

DISTRICTS = "districts"
"""The key that makes a TOML file a batch file."""


@dataclass(frozen=True, slots=True)
class Entry:
    """One district of a batch: its config, or why it has none."""

    label: str  # the config file; in a batch file, and of a loaded config, also the district's id
    config: Config | None
    error: Said | None = None

    @property
    def name(self) -> str:
        """Name of the district's folder; the label where there is no config."""
        return self.label if self.config is None else self.config.folder_name


def find_districts(configs: str | Path | Config | Iterable[str | Path | Config]) -> list[Entry]:
    """Give every district of config files, folders, batch files and configs already loaded, in that order.

    A folder stands for the ``.toml`` files in it, by name; a file given twice counts once. A district whose config is
    missing or wrong is an entry with its error, as is one whose folder would be another's.

    Raises
    ------
    ConfigError
        If there is no district at all.
    """
    found: list[Entry] = []
    seen: set[Path] = set()
    for config in [configs] if isinstance(configs, str | Path | Config) else configs:
        if isinstance(config, Config):
            known = config.path != Path()
            found.append(Entry(f"{config.path}[{config.district.id}]" if known else config.district.id, config))
            continue
        path = Path(config)
        files = sorted(path.glob("*.toml")) if path.is_dir() else [path]
        if not files:
            found.append(
                Entry(
                    str(path),
                    None,
                    both(Problem(Said("文件夹中没有 .toml 文件", "no .toml file in this folder"), file=str(path))),
                )
            )
        for file in files:
            if settled_path(file) not in seen:
                seen.add(settled_path(file))
                found.extend(_of_file(file))
    if not found:
        raise ConfigError(
            Problem(
                Said(
                    "没有给出区县；请写配置文件、装有配置文件的文件夹，或批量文件",
                    "no district given; name config files, folders of them, or a batch file",
                ),
            )
        )
    return [_anchored(entry) for entry in _without_clashes(found)]


def _anchored(entry: Entry) -> Entry:
    """Make the path of the config absolute: a worker on a cluster starts in a folder of its own."""
    if entry.config is None or entry.config.path == Path():
        return entry
    return replace(entry, config=entry.config.model_copy(update={"path": entry.config.path.absolute()}))


def _of_file(path: Path) -> list[Entry]:
    try:
        raw = read_toml(path)
        if DISTRICTS not in raw:
            return [Entry(str(path), load_config(path))]
        return _of_batch_file(raw, path)
    except Circle15Error as e:
        return [Entry(str(path), None, both(e))]


def _of_batch_file(raw: dict[str, Any], path: Path) -> list[Entry]:
    blocks = raw[DISTRICTS]
    if not isinstance(blocks, list) or not blocks or not all(isinstance(b, dict) for b in blocks):
        raise ConfigError(
            Problem(
                Said("每个区县写一段 [[districts]]", "write one [[districts]] block per district"),
                file=str(path),
                key=DISTRICTS,
            )
        )
    defaults = {key: value for key, value in raw.items() if key != DISTRICTS}
    entries = []
    for i, block in enumerate(blocks, start=1):
        label = f"{path}[{block.get('id', i)}]"
        try:
            entries.append(Entry(label, parse_config(_merged(defaults, block, path, i), path)))
        except ConfigError as e:
            told = [Said(f"第 {i} 段：", f"block {i}: ") + both(p) for p in e.problems]
            entries.append(Entry(label, None, Said("\n", "\n").join(told)))
    return entries


def _merged(defaults: dict[str, Any], block: dict[str, Any], path: Path, number: int) -> dict[str, Any]:
    """Give a block's whole config: its plain keys belong to [district], its tables go over the shared ones."""
    own = set(DistrictTable.model_fields)
    tables = {key for key, field in Config.model_fields.items() if key not in {"district", "path", "base"} and field}
    known = {*own, *tables - {"layers", "changes"}, "layer", "change"}
    wrong = [key for key in block if key not in known]
    if wrong:
        raise ConfigError(
            *(
                Problem(
                    Said("没有这个键", "unknown key") + suggest(k, known),
                    file=str(path),
                    key=f"{DISTRICTS}.{block.get('id', number)}.{k}",
                )
                for k in wrong
            )
        )
    shared = defaults.get("district", {})
    if not isinstance(shared, dict):
        raise ConfigError(
            Problem(
                Said("应为表 [district]", "must be a table, [district]"),
                file=str(path),
                key="district",
                value=shared,
            )
        )
    district = {**shared, **{k: v for k, v in block.items() if k in own}}
    rest = {k: v for k, v in block.items() if k not in own}
    return {**_over(defaults, rest), "district": district}


def _over(below: dict[str, Any], above: dict[str, Any]) -> dict[str, Any]:
    """Lay ``above`` over ``below``: tables key by key, lists of tables with ids (layers) by id, all else replaced."""
    result = dict(below)
    for key, value in above.items():
        old = result.get(key)
        if isinstance(value, dict) and isinstance(old, dict):
            result[key] = _over(old, value)
        elif _have_ids(value) and _have_ids(old):
            shared = list(old or ())
            tables = list(shared)
            for item in value:
                # Each is laid over once: an id that is given twice then stands twice, and the config's check says so.
                at = next((i for i, o in enumerate(shared) if o["id"] == item["id"] and tables[i] is o), None)
                if at is None:
                    tables.append(item)
                else:
                    tables[at] = _over(tables[at], item)
            result[key] = tables
        else:
            result[key] = value
    return result


def _have_ids(value: Any) -> bool:
    return isinstance(value, list) and bool(value) and all(isinstance(v, dict) and "id" in v for v in value)


def _without_clashes(entries: list[Entry]) -> list[Entry]:
    """Make an error of every district whose folder an earlier one has."""
    taken: dict[str, str] = {}
    result = []
    for entry in entries:
        if entry.config is not None and entry.name in taken:
            message = Said(
                f"区县 id 与 {taken[entry.name]} 相同；成果文件夹以 id 命名，不得相同",
                f"district id is also that of {taken[entry.name]}; ids name the output folders and must differ",
            )
            problem = Problem(message, file=entry.label, key="district.id", value=entry.config.district.id)
            result.append(Entry(entry.label, None, both(problem)))
            continue
        if entry.config is not None:
            taken[entry.name] = entry.label
        result.append(entry)
    return result
