"""Sound results that hostile ones are made from: the village at two dates, and with one nursery more."""

from __future__ import annotations

from tests.hostile.forking import run_forked
from tests.hostile.village import write_village

NAMES = ("2023", "2024", "scenario")


def sound_results(folder):
    """Give the folders of the sound results, made in ``folder`` where they are not there yet."""
    base = folder / "sound"
    outs = [base / name / "out" for name in NAMES]
    if all((out / "run.json").is_file() for out in outs):
        return outs
    for name, out in zip(NAMES, outs, strict=True):
        village = write_village(base / name)
        date = f'lang = "en"\nas_of = {name}-12-31\n' if name.isdigit() else 'lang = "en"\n'
        village.say("[network]", f"{date}[network]")
        village.say("minutes = 10", 'minutes = 10\nnorm_per_1000 = 5.5\ncapacity_unit = "托位"')
        village.say('write = ["coverage"]', 'write = ["cells", "coverage", "completeness", "facilities"]')
        if name != "2023":
            table = village.path("nursery.csv")
            table.write_text(table.read_text("utf-8") + "新建托育园,121.503000,29.905000,60\n", encoding="utf-8")
        if name == "scenario":
            change = (
                '[[change]]\nkind = "add_facility"\nlayer = "nursery"\nlon = 121.506\nlat = 29.903\ncapacity = 40\n'
            )
            village.config.write_text(village.config.read_text("utf-8") + change, encoding="utf-8")
        ended = run_forked(("run", str(village.config), "--out", str(out)), base / f"{name}.log")
        assert ended.code == 0, ended.text
    return outs
