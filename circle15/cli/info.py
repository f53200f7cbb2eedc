"""`circle15 info`: what is installed here."""

from __future__ import annotations

from circle15.cli.shared.click_words import command as named
from circle15.cli.shared.click_words import option
from circle15.cli.shared.options import shared
from circle15.cli.shared.terminal import echo
from circle15.said import Said

_LIBRARIES = (
    "numpy",
    "pandas",
    "geopandas",
    "shapely",
    "osmium",
    "osmnx",
    "networkx",
    "h3",
    "folium",
    "rasterio",
    "pyarrow",
)


@named(
    "info",
    zh="""显示版本、核心的构建方式、线程数和自带的数据。""",
)
@option(
    "--walking-table",
    is_flag=True,
    help=Said(
        "输出步行通行表：何处可走、何处须等待，以及各类步行者。",
        "Print who may walk where, what is waited for, and the profiles.",
    ),
)
@shared
def command(*, walking_table: bool) -> None:
    """Show versions, the core's build, threads and the data sets that came along."""
    if walking_table:
        from circle15.network.walking.walking_text import walking_text  # noqa: PLC0415 (only where it is asked for)

        echo(walking_text())
        return
    import platform  # noqa: PLC0415 (only this command needs it)
    from importlib.metadata import version  # noqa: PLC0415 (as above)

    from circle15 import __version__, _core  # noqa: PLC0415 (heavy imports only when the command runs)
    from circle15.policy.registers import registers_folder  # noqa: PLC0415 (as above)
    from circle15.threads import available_threads  # noqa: PLC0415 (as above)

    rows = [
        ("circle15", __version__),
        ("core", _core.build_info()),
        ("python", f"{platform.python_version()} on {platform.system()} {platform.machine()}"),
        ("threads", str(available_threads())),
        *((name, version(name)) for name in _LIBRARIES),
        ("policy registers", str(registers_folder())),
        *(("", path.name) for path in sorted(registers_folder().glob("*.csv"))),
    ]
    for name, value in rows:
        echo(f"{name:<18}{value}")
