"""Folders of a plan's registers, tables of today's values, and surveys, of which cells, columns or files are others."""

import shutil
from pathlib import Path

from tests.hostile.odd_paths import FILES
from tests.hostile.spoiling import NUMBERS, spoil, spoil_table

SHIPPED = Path(__file__).parents[2] / "data" / "policy"
CODES = ("utf-8", "utf-8-sig", "gb18030", "utf-16")
SURVEYS = (
    "街道,样本数,平均分,标准差\n西街道,120,4.25,0.9\n东街道,80,3.5,1.1\n",
    "街道,样本数,平均分\n西街道,120,4.25\n东街道,80,3.5\n",
    "街道,评分\n" + "".join(f"{street},{1 + k % 5}\n" for k in range(40) for street in ("西街道", "东街道")),
)
ACTUAL = "indicator_id,year,value,source\nnursery_seats_per_1000,2024,4.1,统计公报\nnursery_seats_per_1000,2025,4.3,统计公报\n"
PLACES = ("jiangbei", "jiangbei", "jiangbei", "ningbo", "yuhuan", "wuxing", "nowhere", "", "../x")
YEARS = ("2027", "2027", "2025", "1", "-1", "99999999999999999999", "2027.0", '"2027"')


def _registers(rng, village):
    folder = village.path("register")
    shutil.copytree(SHIPPED, folder)
    path = rng.choice(sorted(folder.glob("*.csv")))
    how = rng.choice(["table", "table", "table", "bytes", "kind", "none"])
    if how == "table":
        text, how = spoil_table(rng, path.read_text("utf-8-sig"))
        path.write_bytes(text.encode(rng.choice(CODES)))
    elif how == "bytes":
        how = spoil(rng, path)
    elif how == "kind":
        how = rng.choice([kind for kind in sorted(FILES) if kind != "root"])
        path.unlink()
        FILES[how](path)
    return f'path = "{rng.choice(["register"] * 9 + ["register/" + path.name])}"\n', f"{path.name} {how}", path.name


def _actual(rng, village):
    path = village.path("今值.csv")
    text, how = spoil_table(rng, ACTUAL) if rng.random() < 0.8 else (ACTUAL, "sound")
    path.write_bytes(text.encode(rng.choice(CODES)))
    if rng.random() < 0.15:
        how = spoil(rng, path)
    return 'actual = "今值.csv"\n', f"actual {how}", path.name


def _survey(rng, village):
    path = village.path("满意度.csv")
    text, how = rng.choice(SURVEYS), "sound"
    if rng.random() < 0.8:
        text, how = spoil_table(rng, text)
    path.write_bytes(text.encode(rng.choice(CODES)))
    if rng.random() < 0.15:
        how = spoil(rng, path)
    low, high = rng.choice([("1", "5")] * 6 + [("5", "1"), ("1", "1"), ("nan", "5"), ("-1e308", "1e308"), ("0", "100")])
    more = rng.choice(
        [
            "",
            "",
            "",
            f"shrink_k = {rng.choice(NUMBERS) or 0}\n",
            'where = { "样本数" = 120 }\n',
            'mean_field = "无"\n',
            'answer_field = "评分"\n',
        ]
    )
    return (
        f'[survey]\npath = "满意度.csv"\nscale = [{low}, {high}]\n{more}',
        f"survey {how} {low} {high} {more.strip()[:40]}",
        path.name,
    )


def make(rng, village):
    """Let a config follow an odd register, odd values of today, or an odd survey."""
    how = rng.choice([_registers, _actual, _survey])
    text, label, name = how(rng, village)
    if how is not _survey:
        place, year = (rng.choice(PLACES), rng.choice(YEARS)) if rng.random() < 0.4 else ("jiangbei", "2027")
        more = rng.choice(["", "", "full_coverage_k = 1\n"])
        text = f'[policy]\nplace = "{place}"\nyear = {year}\n{more}{text}'
        label += f" {place} {year}"
    village.config.write_text(f"{village.config.read_text('utf-8')}\n{text}", encoding="utf-8")
    if rng.random() < 0.5:
        village.say('write = ["coverage"]', 'write = ["coverage", "measures", "xlsx"]')
    return label, name
