"""`circle15 fetch`: OpenStreetMap data of a place."""

from __future__ import annotations

from pathlib import Path

import click

from circle15.cli.shared.click_words import command as named
from circle15.cli.shared.click_words import option
from circle15.cli.shared.language import told
from circle15.cli.shared.options import Amount, NamedPath, say, shared
from circle15.cli.shared.terminal import echo
from circle15.said import COMMA, Said


@named(
    "fetch",
    zh="""从 OpenStreetMap 获取 PLACE 的街道、建筑和设施，作为 network.source。

PLACE 为地名（"江北区, 宁波市"）、面文件，或 西,南,东,北。仅此命令使用互联网。""",
)
@click.argument("place")
@option(
    "-o", "output", type=NamedPath(path_type=Path, dir_okay=False), metavar="FILE",
    default=Path("extract.osm.pbf"), show_default=True,
    help=Said("写入的 .osm.pbf 或 .osm 文件。", "The .osm.pbf or .osm file to write."),
)  # fmt: skip
@option(
    "--buffer",
    "buffer_m",
    type=Amount(min=0),
    metavar="X",
    default=2000.0,
    show_default=True,
    help=Said(
        "向外多取的米数。",
        "Metres beyond.",
    ),
)
@option("--overpass", metavar="URL", help=Said("另用的 Overpass API。", "Another Overpass API than OSMnx's default."))
@option("--nominatim", metavar="URL", help=Said("另用的 Nominatim。", "Another Nominatim than OSMnx's default."))
@shared
def command(place: str, output: Path, buffer_m: float, overpass: str | None, nominatim: str | None) -> None:
    """Fetch the streets, buildings and facilities of PLACE from OpenStreetMap, for use as network.source.

    PLACE is a name ("江北区, 宁波市"), a polygon file, or west,south,east,north. This is the one command that uses the
    internet.
    """
    from circle15.files.staging import replaced_file  # noqa: PLC0415 (as above)
    from circle15.inputs.ground.districts import buffer_area  # noqa: PLC0415 (heavy imports only when the command runs)
    from circle15.inputs.osm.fetch import fetch_osm, place_polygon  # noqa: PLC0415 (as above)

    if not output.name.endswith((".osm.pbf", ".osm")):
        raise click.BadParameter(
            told(Said("应为 .osm.pbf 或 .osm 文件", "name a .osm.pbf or .osm file")), param_hint="-o"
        )
    area = buffer_area(place_polygon(place, nominatim=nominatim), buffer_m)
    with replaced_file(output) as stage:
        counts = fetch_osm(area, stage, overpass=overpass)
    say(COMMA.join(Said(f"{n:,} {kind}", f"{n:,} {kind}") for kind, n in counts.items()))
    say(
        Said(
            "© OpenStreetMap 贡献者，开放数据库许可（ODbL）1.0：请在成果中注明",
            "© OpenStreetMap contributors, Open Database License 1.0: say so on what you make of it",
        )
    )
    echo(output)
