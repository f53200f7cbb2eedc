"""A programme in words: its goals, what was proven, and what goals that cannot be met would need."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from circle15.outputs.text import people_text, plain_number, share_text
from circle15.pipeline.projects.programme.options import COUNT
from circle15.planning.programme.task import DISTRICT
from circle15.said import COMMA, SEMICOLON, Said

if TYPE_CHECKING:
    from circle15.config.layer import LayerTable
    from circle15.pipeline.projects.programme.goals import Line
    from circle15.pipeline.projects.programme.programmed import Solved
    from circle15.planning.programme.solve import Programme

_AIM = {
    "people": Said("新增覆盖人数", "people newly covered"),
    "places": Said("补足最少缺口", "missing places made up for"),
    "worst_street": Said("最差街道的覆盖率", "covered share of the worst street"),
}
_UNIT = {
    "people": Said("人·年", "person-years"),
    "places": Said("位·年", "place-years"),
    "worst_street": Said("（比例·年，各服务合计）", "share-years over all services"),
}
_SITES_NAMED = 8


def aim_unit(aim: str) -> Said:
    """Give the unit that the aim is counted in."""
    return _UNIT[aim]


def _unit_of(layer: LayerTable) -> Said | str:
    return layer.capacity_unit or Said("个", "places")


def goal_text(line: Line, layer: LayerTable, unit_name: Said | str, year: int) -> Said:
    """Say a line of a goal: service, where, until when, and what."""
    target = {
        "covered_share": Said("覆盖率不低于 {t}", "at least {t} covered").format(t=share_text(line.target)),
        "least_unit_share": Said("覆盖率不低于 {t}", "at least {t} covered").format(t=share_text(line.target)),
        "places_per_1000": Said("每千人不少于 {t} {u}", "at least {t} {u} per 1,000").format(
            t=plain_number(line.target, 2), u=_unit_of(layer)
        ),
        "most_places_missing": Said("最少缺口不超过 {t} {u}", "at most {t} {u} missing").format(
            t=plain_number(line.target, 1), u=_unit_of(layer)
        ),
        "facilities_per_unit": Said("至少 {t} 处", "at least {t}").format(t=plain_number(line.target, 0)),
    }[line.kind]
    return Said("{year} 年 {unit} {layer}：{target}", "{layer}, {unit}, {year}: {target}").format(
        year=year, unit=unit_name, layer=layer.name, target=target
    )


def requirement_text(line: Line, layer: LayerTable) -> Said | str:
    """Give the unit in which a line's lack is counted."""
    if line.kind in {"covered_share", "least_unit_share"}:
        return Said("人", "people")
    return Said("处", "facilities") if line.kind == "facilities_per_unit" else _unit_of(layer)


def additions_text(solved: Solved, line: Line | None = None) -> Said:
    """Say the least that would meet all goals; what is there for one line alone is left out for the others."""
    added = solved.found.additions
    if added is None:
        return Said("", "")
    parts = [*_money_text(solved), *_sites_text(solved, line), *_places_text(solved, line)]
    if added.beyond is not None:
        number = (
            None if line is None else next((k for k, i in enumerate(solved.asked) if solved.lines[i] is line), None)
        )
        beyond = float(added.beyond.sum()) if number is None else float(added.beyond[number])
        if beyond > 0:
            layer = None if line is None else solved.own[line.service].service.layer
            unit = Said("人", "people") if line is None or layer is None else requirement_text(line, layer)
            parts.append(
                Said(
                    "即使在每个网格各建一处仍差 {n} {u}（多为未接入路网者）",
                    "even a facility in every cell leaves {n} {u} lacking (mostly off the network)",
                ).format(n=people_text(beyond), u=unit)
            )
    if not parts:
        return Said("其他目标所需之外不再需要什么", "nothing beyond what the other goals need")
    least = (
        Said("至少：", "at least: ") if added.is_proven else Said("可行（未证明最少）：", "enough (not proven least): ")
    )
    return least + SEMICOLON.join(parts)


def _money_text(solved: Solved) -> list[Said]:
    """Say the money, or the number of projects, that is needed beyond the pots."""
    added, offer = solved.found.additions, solved.offer
    if added is None:
        return []
    names = {own.service.layer.id: own.service.layer.name for own in solved.own}
    said = []
    for pot, name in enumerate(offer.pots):
        column = added.money[:, pot]
        if column.sum() <= 0:
            continue
        unit = Said("个项目", "projects") if name == COUNT else Said("万元", "万元")
        years = COMMA.join(
            Said("{y} 年 {n}", "{n} in {y}").format(y=year, n=plain_number(float(n), 2))
            for year, n in zip(solved.programme.years, column, strict=True)
            if n > 0
        )
        of = Said("", "") if name not in names else Said("{l} ", "{l} ").format(l=names[name])
        said.append(
            Said("增加{of} {n} {u}（{years}）", "{n} {u} more {of}({years})").format(
                of=of, n=plain_number(float(column.sum()), 2), u=unit, years=years
            )
        )
    return said


def _sites_text(solved: Solved, line: Line | None) -> list[Said]:
    added, asked, study = solved.found.additions, solved.sites, solved.study
    if added is None or not len(added.sites) or asked.sites is None or asked.cell is None:
        return []
    services = [line.service] if line is not None else range(len(solved.own))
    ids = study.district.units["unit_name"].tolist()
    said = []
    for number in services:
        own = [k for k, site in enumerate(added.sites.tolist()) if asked.sites.service[site] == number]
        if line is not None and (line.unit != DISTRICT or line.kind not in {"covered_share", "facilities_per_unit"}):
            own = [k for k in own if asked.sites.unit[added.sites[k]] == line.unit] or own
        if not own or (line is not None and line.kind in {"places_per_1000", "most_places_missing"}):
            continue
        where = []
        for k in own[:_SITES_NAMED]:
            site = int(added.sites[k])
            cell = int(asked.cell[site])
            year = solved.programme.years[int(added.site_year[k])]
            where.append(
                Said("{u}（{lon},{lat}，{y} 年起）", "{u} ({lon},{lat}, from {y})").format(
                    u=str(ids[int(asked.sites.unit[site])]), lon=f"{study.cells.lon[cell]:.5f}",
                    lat=f"{study.cells.lat[cell]:.5f}", y=year,
                )
            )  # fmt: skip
        name = solved.own[number].service.layer.name
        more = Said(" 等", " …") if len(own) > _SITES_NAMED else Said("", "")
        said.append(
            Said(
                "备选之外再找 {n} 处{l}点位，如 {w}", "{n} more sites of {l} beyond the candidates, such as {w}"
            ).format(n=len(own), l=name, w=COMMA.join(where) + more)
        )
    return said


def _places_text(solved: Solved, line: Line | None) -> list[Said]:
    added = solved.found.additions
    if added is None:
        return []
    names = solved.study.unit_names()["unit_name"].tolist()
    said = []
    for (service, unit), n in added.places.items():
        if line is not None and (service != line.service or line.unit not in {unit, DISTRICT}):
            continue
        layer = solved.own[service].service.layer
        where = Said("", "") if unit == DISTRICT else Said("{u} ", " in {u}").format(u=names[unit])
        said.append(
            Said("{where}备选之外再增 {n} {u}{l}", "{n} more {u} of {l}{where} beyond the candidates").format(
                where=where, n=n, u=_unit_of(layer), l=layer.name
            )
        )
    return said


def solution_status(found: Programme) -> Said:
    """Say what was proven of the choice in a few words."""
    return {
        "optimal": Said("已证明最优", "proven optimal"),
        "time limit": Said("限时内未证明最优", "not proven in the time"),
        "goals not met": Said("目标不能全部达到", "the goals cannot all be met"),
    }[found.status]


def proof_sentences(solved: Solved) -> list[tuple[Said, float, Said | str, Said]]:
    """Give subject, amount, unit and sentence: what was chosen, proven, what greedy would do, and what goals lack."""
    found, programme = solved.found, solved.programme
    unit, aim = aim_unit(programme.maximise), _AIM[programme.maximise]
    built = int((found.year_built >= 0).sum())
    spent = solved.task.spent(found.year_built)
    money = float(sum(spent[:, p].sum() for p, name in enumerate(solved.offer.pots) if name != COUNT))
    amount = _amount(found.objective, programme.maximise)
    rows: list[tuple[Said, float, Said | str, Said]] = [
        (
            Said("计划", "programme"), float(built), Said("个项目", "projects"),
            Said(
                "{first}—{last} 年共建 {n} 个项目，投资 {m} 万元；{aim}各年合计 {v} {u}",
                "{n} projects from {first} to {last} for {m} 万元; {aim}, summed over the years: {v} {u}",
            ).format(first=programme.years[0], last=programme.years[-1], n=built, m=plain_number(money, 1), aim=aim,
                     v=amount, u=unit),
        ),
        (Said("证明", "proof"), found.bound if np.isfinite(found.bound) else np.nan, unit, _proof(solved)),
        (Said("逐点择优次序", "greedy order"), found.greedy_objective, unit, _greedy(solved)),
    ]  # fmt: skip
    rows += _goals_said(solved)
    rows += [(Said("说明", "note"), np.nan, "", told) for told in solved.told]
    return rows


def _goals_said(solved: Solved) -> list[tuple[Said, float, Said | str, Said]]:
    """Say what decided projects cost beyond the money, and which goals cannot be met."""
    found, lines = solved.found, Said("条", "lines")
    rows: list[tuple[Said, float, Said | str, Said]] = []
    if found.overdrawn.any():
        over = float(found.overdrawn.sum())
        granted = Said(
            "已定项目比预算多 {n} 万元，计划按此追加",
            "decided projects cost {n} 万元 beyond the budget, which the programme grants",
        ).format(n=plain_number(over, 2))
        rows.append((Said("已定项目超出预算", "decided projects exceed the budget"), over, "万元", granted))
    n_unmet = int((found.lacks > 0).sum())
    if found.additions is not None and n_unmet:
        said = Said(
            "{n} 条目标在现有资金与备选下不能达到；要全部达到，{what}",
            "{n} lines of the goals cannot be met with this money and these candidates; to meet all, {what}",
        ).format(n=n_unmet, what=additions_text(solved))
        rows.append((Said("不能达到的目标", "goals that cannot be met"), float(n_unmet), lines, said))
    elif solved.lines:
        n = len(solved.lines)
        said = Said("全部 {n} 条目标都按期达到", "all {n} lines of the goals are met in time").format(n=n)
        rows.append((Said("目标", "goals"), float(n), lines, said))
    return rows


def _amount(value: float, aim: str) -> str:
    return plain_number(value, 3) if aim == "worst_street" else people_text(value)


def _proof(solved: Solved) -> Said:
    found, aim = solved.found, solved.programme.maximise
    among = (
        Said("在同样少地偏离目标的方案中，", "among the choices that miss the goals by as little, ")
        if found.status == "goals not met"
        else Said("", "")
    )
    if found.gap <= 1e-6 and np.isfinite(found.bound):  # noqa: PLR2004 (a millionth is rounding)
        return among + Said("已证明没有更好的方案", "no choice is better: proven")
    if not np.isfinite(found.bound):
        return among + Said("限时内没有得到界限", "no bound was found in the time")
    return among + Said(
        "限时 {s} 秒内未能证明最优：不排除 {b} {u}，相差至多 {g}",
        "not proven within {s} s: {b} {u} are not excluded, at most {g} more",
    ).format(s=plain_number(solved.programme.seconds, 1), b=_amount(found.bound, aim), u=aim_unit(aim),
             g=f"{found.gap:.2%}")  # fmt: skip


def _greedy(solved: Solved) -> Said:
    """Say what the greedy order reaches, and what the programme has more."""
    found, aim = solved.found, solved.programme.maximise
    less = found.objective - found.greedy_objective
    lacks = solved.task.lacks(found.greedy)
    is_allowed = solved.task.is_allowed(found.greedy)
    said = Said("逐年逐点择优得 {v} {u}", "year by year greedily: {v} {u}").format(
        v=_amount(found.greedy_objective, aim), u=aim_unit(aim)
    )
    if abs(less) <= 1e-6 * max(1.0, abs(found.objective)):
        said += Said("，与本计划相同", ", the same as this programme")
    elif less > 0:
        said += Said("，本计划多 {d}（{s}）", "; this programme has {d} more ({s})").format(
            d=_amount(less, aim), s=f"{less / max(found.greedy_objective, 1e-9):.1%}"
        )
    else:
        said += Said("，多于本计划", ", more than this programme")
    n_lines = int((lacks > 0).sum())
    if n_lines:
        said += Said("；但有 {n} 条目标达不到", ", but it misses {n} lines of the goals").format(n=n_lines)
    if not is_allowed:
        said += Said("；且超出预算", ", and it exceeds the budget")
    return said
