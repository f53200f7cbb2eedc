"""`circle15 schema`: what a config may say, for editors."""

from __future__ import annotations

from circle15.cli.shared.click_words import command as named
from circle15.cli.shared.options import shared
from circle15.cli.shared.terminal import echo


@named(
    "schema",
    zh="""输出配置的 JSON schema，编辑器据此补全、说明和检查各键。

circle15 schema > circle15.schema.json，并在配置第一行写：#:schema ./circle15.schema.json
（VS Code 加 Even Better TOML、taplo 等）。""",
)
@shared
def command() -> None:
    """Print the JSON schema of the config, which editors complete, explain and check keys by as you type.

    circle15 schema > circle15.schema.json, and as the first line of the config: #:schema ./circle15.schema.json
    (VS Code with Even Better TOML, taplo and others).
    """
    import json  # noqa: PLC0415 (heavy imports only when the command runs)

    from circle15.config.schema import config_schema  # noqa: PLC0415 (as above)

    echo(json.dumps(config_schema(), ensure_ascii=False, indent=2))
