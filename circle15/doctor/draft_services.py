"""Which services a file of facilities speaks of: by its name, its facilities' names, or a column of kinds."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from circle15.inputs.facilities.guess import LayerGuess


class Service(NamedTuple):
    """A service as a draft names it: id (of data/policy/services.csv where it has one), name, and who walks."""

    id: str
    name: str
    profile: str


@dataclass(frozen=True, slots=True)
class KindsOfServices:
    """A column that tells the services of a file apart."""

    heading: str
    values: dict[Service, tuple[str, ...]]
    others: str  # values that speak of no known service, with their numbers; "" for none


# Words in file names and headings, and the service that they speak of. The first that fits is taken.
_SERVICES = (
    (r"托育|托班|托位|婴幼儿|nurser|childcare", "nursery", "托育", "with_child"),
    (r"幼儿园|kindergarten", "kindergarten", "幼儿园", "with_child"),
    (r"小学|初中|学校|school", "compulsory_school", "义务教育学校", "with_child"),
    (r"食堂|助餐|(?:老年|长者|敬老|社区|幸福|中心)餐厅|canteen|meal", "elderly_meals", "老年助餐", "elderly"),
    (r"养老院|养老机构|敬老院|护理院|nursing", "nursing_home", "养老机构", "elderly"),
    (r"居家养老|照料中心|养老|elderly", "home_care_center", "居家养老服务", "elderly"),
    (r"卫生室", "village_clinic", "村卫生室", "adult"),
    (r"卫生服务|卫生院|卫生站|社区卫生|clinic", "primary_care", "社区卫生", "adult"),
    (r"医院|hospital", "hospital", "医院", "adult"),
    (r"医疗|门诊|诊所|doctor", "medical_facility", "医疗机构", "adult"),
    (r"体育|健身|球场|运动|sport|gym", "sport", "体育场地", "adult"),
    (r"图书|阅读|书房|librar", "library", "图书馆", "adult"),
    (r"文化|culture", "culture_facility", "公共文化设施", "adult"),
    (r"公园|绿地|park", "park", "公园", "adult"),
)
_PARTS = re.compile(r"[;；|/]")
_SHOWN = 12


def service_of(guess: LayerGuess) -> Service | None:
    """Tell the service by the file's name, else by the names of most of its facilities."""
    by_file = _of_text(guess.path.stem)
    if by_file is not None:
        return by_file
    for pattern, *service in _SERVICES:
        if sum(bool(re.search(pattern, t, re.IGNORECASE)) for t in guess.names) > len(guess.names) / 2:
            return Service(*service)
    return None


def services_by_kind(guess: LayerGuess, known: Service | None) -> KindsOfServices | None:
    """Tell the services apart by a column of kinds; None where the file is of one service.

    Of several such columns the one with most services is taken. Where nothing else says what the file is of
    (``known``), one service among other kinds is enough.
    """
    best: KindsOfServices | None = None
    for heading, counts in guess.kinds.items():
        values: dict[Service, list[str]] = {}
        others = []
        for value, n in counts.items():
            service = _of_kind(value)
            if service is None:
                others.append(f"{value or '空 empty'} ({n})")
            else:
                values.setdefault(service, []).append(value)
        enough = len(values) > 1 or (len(values) == 1 and bool(others) and known is None)
        if enough and (best is None or len(values) > len(best.values)):
            more = f" … ({len(others)})" if len(others) > _SHOWN else ""
            chosen = {service: tuple(texts) for service, texts in values.items()}
            best = KindsOfServices(heading, chosen, "、".join(others[:_SHOWN]) + more)
    return best


def _of_kind(value: str) -> Service | None:
    """Tell the service of a kind; of 大类;中类;小类 the last that says one, as 医疗保健服务;…;药房 is no doctor's."""
    parts = [p for p in _PARTS.split(value) if p.strip()]
    for part in reversed(parts[1:] if len(parts) > 2 else parts):  # noqa: PLR2004 (three levels)
        service = _of_text(part)
        if service is not None:
            return service
    return None


def _of_text(text: str) -> Service | None:
    for pattern, *service in _SERVICES:
        if re.search(pattern, text, re.IGNORECASE):
            return Service(*service)
    return None
