"""`circle15 isochrone`: the area within so many minutes of a place."""

from __future__ import annotations

from pathlib import Path

import click

from circle15.cli.shared.options import NamedPath, config_argument, say, shared
from circle15.cli.shared.terminal import echo


def _lon_lat(_ctx: click.Context, _param: click.Parameter, value: str) -> tuple[float, float]:
    try:
        lon, lat = (float(part) for part in value.split(","))
    except ValueError:
        raise click.BadParameter(f"{value!r} is not LON,LAT in degrees, e.g. 7.42,43.74") from None
    if not (-180 <= lon <= 180 and -90 <= lat <= 90):  # noqa: PLR2004 (the globe)
        raise click.BadParameter(f"{value!r} is off the globe; longitude comes first")
    return lon, lat


def _minutes(_ctx: click.Context, _param: click.Parameter, value: str) -> tuple[float, ...]:
    try:
        minutes = tuple(float(part) for part in value.split(","))
    except ValueError:
        raise click.BadParameter(f"{value!r} is not a list of minutes, e.g. 5,10,15") from None
    if any(not 0 < m <= 24 * 60 for m in minutes):
        raise click.BadParameter(f"{value!r}: minutes are above 0 and at most a day")
    from circle15.units import minutes_to_seconds, seconds_to_ms  # noqa: PLC0415 (keeps --help instant)

    if len({seconds_to_ms(minutes_to_seconds(m)) for m in minutes}) < len(minutes):
        raise click.BadParameter(f"{value!r}: give each cutoff once")
    return minutes


@click.command("isochrone")
@config_argument
@click.option(
    "--at", "place", callback=_lon_lat, required=True, metavar="LON,LAT", help="Where the walk starts, degrees WGS-84."
)
@click.option(
    "--minutes", callback=_minutes, default="5,10,15", show_default=True, metavar="LIST", help="Cutoffs in minutes."
)
@click.option("--profile", help="Walking profile of the config [default: the first].")
@click.option("-o", "output", type=NamedPath(path_type=Path, dir_okay=False), help="GeoJSON file [default: stdout].")
@shared
def command(
    config: Path, place: tuple[float, float], minutes: tuple[float, ...], profile: str | None, output: Path | None
) -> None:
    """Draw the area within so many minutes' walk of a place, as GeoJSON."""
    from circle15.config.model import load_config  # noqa: PLC0415 (heavy imports only when the command runs)
    from circle15.files.staging import replaced_file  # noqa: PLC0415 (as above)
    from circle15.pipeline import draw_isochrone  # noqa: PLC0415 (as above)

    frame, notes = draw_isochrone(load_config(config), lon=place[0], lat=place[1], minutes=minutes, profile=profile)
    for note in notes:
        say(f"circle15: warning: {note}")
    text = frame.to_json(drop_id=True, ensure_ascii=False)
    if output is None:
        echo(text)
        return
    with replaced_file(output) as stage:
        stage.write_text(text + "\n", encoding="utf-8")
    say(f"{len(frame)} isochrones written")
    echo(output)
