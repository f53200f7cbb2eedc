"""`circle15 verify`: the audit."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from circle15.cli.shared.click_words import command as named
from circle15.cli.shared.click_words import option
from circle15.cli.shared.language import told
from circle15.cli.shared.options import EXIT_FAILED, say, shared, threads_option
from circle15.cli.shared.terminal import echo
from circle15.said import Said

if TYPE_CHECKING:
    from circle15.runs.verify import Verification


@named(
    "verify",
    zh="""核对一次运行或批量运行的输入，按清单重新运行，并指出每一处不同的网格和键。

每个数都与计算结果一致时标准输出为空；有不一致，或输入已改动，退出码为 1。--json 逐文件夹列出结果，一致时也输出。""",
)
@click.argument("folder", type=click.Path(path_type=Path, file_okay=False), metavar="DIR")
@option("--json", "as_json", is_flag=True, help=Said("以 JSON 输出，供脚本使用。", "The same as JSON, for scripts."))
@threads_option
@shared
def command(folder: Path, *, as_json: bool, threads: int | None) -> None:
    """Check the inputs of a run or a batch, run it again from its manifest, and name every cell and key that differs.

    Prints nothing to stdout where every number is as computed. Exit 1 where one is not, or an input is another. With
    --json each folder is listed, sound or not.
    """
    from circle15.runs.verify import verify_folder  # noqa: PLC0415 (heavy imports only when the command runs)

    checked = verify_folder(
        folder,
        threads=threads,
        on_district=lambda name: say(
            Said(
                f"circle15: 正在核验 {name}",
                f"circle15: verifying {name}",
            )
        ),
    )
    for one in checked:
        for note in one.notes:
            say(Said(": ", ": ").join([f"circle15: {one.folder}", note]))
        for line in () if as_json else (*one.problems, *(d.said() for d in one.differences)):
            echo(f"{one.folder}: {told(line)}")
    if as_json:
        echo(json.dumps([_as_json(one) for one in checked], ensure_ascii=False, indent=2))
    n_wrong = sum(not one.is_sound for one in checked)
    if n_wrong:
        say(
            Said(
                f"{len(checked)} 个文件夹中有 {n_wrong} 个与计算结果不一致",
                f"{n_wrong} of {len(checked)} folders are not as computed",
            )
        )
        sys.exit(EXIT_FAILED)
    say(
        Said(
            f"已核验 {len(checked)} 个文件夹：每个数都与同样输入的计算结果一致",
            f"{len(checked)} folders verified: every number is as computed from the same inputs",
        )
    )


def _as_json(one: Verification) -> dict[str, Any]:
    from circle15.message_ids import messages_of  # noqa: PLC0415 (only JSON asks for ids)

    return {
        "folder": str(one.folder),
        "is_sound": one.is_sound,
        "problems": [told(text) for text in one.problems],
        "differences": [
            {
                "file": d.file,
                "where": told(d.where),
                "column": d.column,
                "found": told(d.found),
                "computed": told(d.computed),
            }
            for d in one.differences
        ],
        "notes": [told(text) for text in one.notes],
        "messages": [
            {"kind": kind, **message}
            for kind, texts in (("problem", one.problems), ("note", one.notes))
            for text in texts
            for message in messages_of(text, text=told(text))
        ],
    }
