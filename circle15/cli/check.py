"""`circle15 check`: the doctor."""

from __future__ import annotations

import json
import sys
from typing import TYPE_CHECKING

from circle15.cli.shared.click_words import command as named
from circle15.cli.shared.click_words import option
from circle15.cli.shared.language import spoken
from circle15.cli.shared.options import EXIT_WRONG_INPUT, config_argument, shared
from circle15.cli.shared.terminal import echo
from circle15.said import Said

if TYPE_CHECKING:
    from pathlib import Path


@named(
    "check",
    zh="""列出配置及其输入的全部问题，不做计算。

可以运行（有无提示均可）时退出码为 0，否则为 2。""",
)
@config_argument
@option("--json", "as_json", is_flag=True, help=Said("以 JSON 输出，供脚本使用。", "The same as JSON, for scripts."))
@shared
def command(config: Path, *, as_json: bool) -> None:
    """List every problem of a config and its inputs; compute nothing.

    Exit 0 where a run would go through (with warnings or without), 2 where it would not.
    """
    from circle15.doctor.check import check_config  # noqa: PLC0415 (heavy imports only when the command runs)
    from circle15.doctor.page import check_text  # noqa: PLC0415 (as above)

    found = check_config(config, lang=spoken())
    echo(json.dumps(found.as_json(), ensure_ascii=False, indent=2) if as_json else check_text(found))
    if found.problems:
        sys.exit(EXIT_WRONG_INPUT)
