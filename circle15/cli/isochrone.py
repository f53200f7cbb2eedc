"""`circle15 isochrone`: the area within so many minutes of a place."""

from __future__ import annotations

from pathlib import Path

import click

from circle15.cli.shared.click_words import command as named
from circle15.cli.shared.click_words import option
from circle15.cli.shared.language import told
from circle15.cli.shared.options import NamedPath, config_argument, say, shared, warn
from circle15.cli.shared.terminal import echo
from circle15.said import Said


def _lon_lat(_ctx: click.Context, _param: click.Parameter, value: str) -> tuple[float, float]:
    try:
        lon, lat = (float(part) for part in value.split(","))
    except ValueError:
        message = Said(
            f"{value!r} 不是以度为单位的 经度,纬度，例如 121.55,29.88",
            f"{value!r} is not LON,LAT in degrees, e.g. 7.42,43.74",
        )
        raise click.BadParameter(told(message)) from None
    if not (-180 <= lon <= 180 and -90 <= lat <= 90):  # noqa: PLR2004 (the globe)
        message = Said(f"{value!r} 超出地球范围；经度在前", f"{value!r} is off the globe; longitude comes first")
        raise click.BadParameter(told(message))
    return lon, lat


def _minutes(_ctx: click.Context, _param: click.Parameter, value: str) -> tuple[float, ...]:
    try:
        minutes = tuple(float(part) for part in value.split(","))
    except ValueError:
        message = Said(f"{value!r} 不是分钟列表，例如 5,10,15", f"{value!r} is not a list of minutes, e.g. 5,10,15")
        raise click.BadParameter(told(message)) from None
    if any(not 0 < m <= 24 * 60 for m in minutes):
        message = Said(f"{value!r}：分钟应大于 0 且不超过一天", f"{value!r}: minutes are above 0 and at most a day")
        raise click.BadParameter(told(message))
    from circle15.units import minutes_to_seconds, seconds_to_ms  # noqa: PLC0415 (keeps --help instant)

    if len({seconds_to_ms(minutes_to_seconds(m)) for m in minutes}) < len(minutes):
        raise click.BadParameter(told(Said(f"{value!r}：每个时限只写一次", f"{value!r}: give each cutoff once")))
    return minutes


@named(
    "isochrone",
    zh="""绘制从某处步行若干分钟可达的范围，输出 GeoJSON。""",
)
@config_argument
@option(
    "--at",
    "place",
    callback=_lon_lat,
    required=True,
    metavar="LON,LAT",
    help=Said(
        "起点，WGS-84 经纬度。",
        "Where the walk starts, degrees WGS-84.",
    ),
)
@option(
    "--minutes",
    callback=_minutes,
    default="5,10,15",
    show_default=True,
    metavar="LIST",
    help=Said(
        "时限（分钟）。",
        "Cutoffs in minutes.",
    ),
)
@option(
    "--profile",
    help=Said(
        "配置中的步行者 [默认：第一种]。",
        "Walking profile of the config [default: the first].",
    ),
)
@option(
    "-o",
    "output",
    type=NamedPath(path_type=Path, dir_okay=False),
    metavar="FILE",
    help=Said(
        "GeoJSON 文件 [默认：标准输出]。",
        "GeoJSON file [default: stdout].",
    ),
)
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
        warn(note)
    text = frame.to_json(drop_id=True, ensure_ascii=False)
    if output is None:
        echo(text)
        return
    with replaced_file(output) as stage:
        stage.write_text(text + "\n", encoding="utf-8")
    say(Said(f"已写入 {len(frame)} 个等时圈", f"{len(frame)} isochrones written"))
    echo(output)
