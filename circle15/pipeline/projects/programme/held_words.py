"""How a programme holds in the draws, in words."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from circle15.outputs.certainty_words import word
from circle15.outputs.text import share_text
from circle15.pipeline.projects.programme.words import goal_text
from circle15.said import COMMA, Said

if TYPE_CHECKING:
    from circle15.pipeline.projects.programme.programmed import Solved

Row = tuple[Said, float, Said | str, Said]
_NAMED = 8


def held_sentences(solved: Solved) -> list[Row]:
    """Give subject, amount, unit and sentence of what holds in the draws; nothing where none were made."""
    held = solved.held
    if held is None:
        return []
    options = solved.offer.options
    built = np.flatnonzero((solved.found.year_built >= 0) & ~options.is_decided)
    rows = [] if not len(built) else [_choices(solved, built)]
    if solved.lines:
        said = Said(
            "本计划不作调整，在 {s} 的抽样中按期达到全部目标",
            "as it stands the programme meets all its goals in {s} of the draws",
        ).format(s=share_text(held.all_met_share))
        weak = int(np.argmin(held.met_share))
        if held.met_share[weak] < held.all_met_share or (held.all_met_share < 1 and len(solved.lines) > 1):
            said += _weakest(solved)
        rows.append((Said("达标把握", "how surely goals are met"), held.all_met_share, "", said))
    return rows


def _choices(solved: Solved, built: np.ndarray) -> Row:
    """Say which projects hold, which do not, and what those hang on."""
    held = solved.held
    if held is None:
        raise AssertionError("there are draws")
    firm = [int(i) for i in built if held.no_regret[i]]
    loose = sorted((int(i) for i in built if not held.no_regret[i]), key=lambda i: float(held.chosen_share[i]))
    said = Said("在误差范围内重新编制 {n} 次：", "made anew in {n} draws: ").format(n=held.n_draws)
    if firm:
        said += Said(
            "{p} 在至少 95% 的抽样中都入选（稳妥项目）", "{p} in at least 95 % of them (no regret)"
        ).format(p=_names(solved, firm))  # fmt: skip
    else:
        said += Said("没有在至少 95% 的抽样中都入选的项目", "no project is chosen in 95 % of them")
    if loose:
        shown = COMMA.join(
            Said("{p}（{s}）", "{p} ({s})").format(p=_name(solved, i), s=share_text(float(held.chosen_share[i])))
            for i in loose[:_NAMED]
        ) + (Said(" 等", " …") if len(loose) > _NAMED else Said("", ""))
        said += Said("；入选较少的有 {p}", "; less often {p}").format(p=shown)
        factors = [f for f in ("positions", "speed", "people") if any(held.depends_on[i] == f for i in loose)]
        if factors:
            said += Said("，取舍主要取决于{f}", ", which depends mainly on {f}").format(
                f=COMMA.join(Said(word(f, "zh"), word(f, "en")) for f in factors)
            )
    moved = [i for i in firm if held.same_year_share[i] < held.chosen_share[i] - 0.5]
    if moved:
        said += Said("；{p} 多在其他年份建", "; {p} mostly in another year").format(p=_names(solved, moved))
    if held.n_unproven:
        said += Said(
            "；其中 {n} 次限时内未证明最优", "; in {n} draws the best was not proven in the time"
        ).format(n=held.n_unproven)  # fmt: skip
    return Said("稳妥项目", "projects of no regret"), float(len(firm)), Said("个项目", "projects"), said


def _weakest(solved: Solved) -> Said:
    """Name the goal that is met least often."""
    held = solved.held
    if held is None:
        raise AssertionError("there are draws")
    i = int(np.argmin(held.met_share))
    line = solved.lines[i]
    names = solved.study.unit_names()["unit_name"]
    at = len(names) - 1 if line.unit < 0 else line.unit
    goal = goal_text(line, solved.own[line.service].service.layer, names.iloc[at], solved.programme.years[line.year])
    return Said("；最难稳定达到的是“{g}”（{s}）", "; least surely {g} ({s})").format(
        g=goal, s=share_text(float(held.met_share[i]))
    )


def _names(solved: Solved, options: list[int]) -> Said:
    more = Said(" 等", " …") if len(options) > _NAMED else Said("", "")
    return COMMA.join(_name(solved, i) for i in options[:_NAMED]) + more


def _name(solved: Solved, option: int) -> Said:
    """Give an option's name, else its project's id; with the service where its parcel is free for any."""
    offer = solved.offer
    rows = np.flatnonzero(offer.option == option)
    name = str(offer.places.name[rows[0]]) or str(offer.ids[option])
    return Said(name, name)
