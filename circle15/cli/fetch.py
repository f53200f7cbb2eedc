"""`circle15 fetch`: OpenStreetMap data of a place."""

from __future__ import annotations

from pathlib import Path

import click

from circle15.cli.shared.options import NamedPath, say, shared
from circle15.cli.shared.terminal import echo


@click.command("fetch")
@click.argument("place")
@click.option(
    "-o", "output", type=NamedPath(path_type=Path, dir_okay=False), default=Path("extract.osm.pbf"), show_default=True,
    help="The .osm.pbf or .osm file to write.",
)  # fmt: skip
@click.option(
    "--buffer", "buffer_m", type=click.FloatRange(min=0), default=2000.0, show_default=True, help="Metres beyond."
)
@click.option("--overpass", metavar="URL", help="Another Overpass API than OSMnx's default.")
@click.option("--nominatim", metavar="URL", help="Another Nominatim than OSMnx's default.")
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
        raise click.BadParameter("name a .osm.pbf or .osm file", param_hint="-o")
    area = buffer_area(place_polygon(place, nominatim=nominatim), buffer_m)
    with replaced_file(output) as stage:
        # The ending tells the format, so it stays the ending.
        part = stage.with_name(f"{stage.name}{''.join(output.suffixes[-2:])}")
        counts = fetch_osm(area, part, overpass=overpass)
        part.replace(stage)
    say(", ".join(f"{n:,} {kind}" for kind, n in counts.items()))
    say("© OpenStreetMap contributors, Open Database License 1.0: say so on what you make of it")
    echo(output)
