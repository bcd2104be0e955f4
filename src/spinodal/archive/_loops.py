"""Hysteresis loops: zealots swept up and back, a row a number of zealots.

Comments ahead of the table tell the options, the regular agents, the temperature where one was set, and the
cycles; one cycle has its means in the columns without a number, several have columns of their own.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final

from spinodal.archive._faults import Fault
from spinodal.archive._source import SourceFile
from spinodal.archive._text import number, require_opposites, whole

_RESULTS: Final = re.compile(r"results_hysteresis.*")
_ZEALOTS, _UP, _DOWN = "stubborn_count", "magnetization_forward", "magnetization_backward"


@dataclass(frozen=True)
class Loop:
    """One cycle; `zealots` is ascending."""

    model: str
    option_a: str
    option_b: str
    agents: int
    temperature: float
    zealots: list[int]
    m_up: list[float]
    m_down: list[float]


def read_loops(file: SourceFile) -> list[Loop]:
    """Read the cycles of a file; none of the experiment in which zealots of both sides are present at once.

    Raises:
        Fault: a line that is not what it should be, or lines that are missing.
    """
    told: dict[str, tuple[int, str]] = {}
    names: list[str] = []
    rows: list[tuple[int, dict[str, str]]] = []
    lines = file.text.splitlines()
    for line, text in enumerate(lines, start=1):
        if text.startswith("#"):
            key, _, value = text.lstrip("# ").partition(":")
            told[key.strip().lower()] = (line, value.strip())
        elif not names:
            names = [field.strip() for field in text.split(",")]
            if "N_stubborn_A" in names and "N_stubborn_B" in names:
                return []
            for name in (_ZEALOTS, _UP, _DOWN):
                if name not in names:
                    raise Fault(
                        line, f"names no column {name}; hysteresis files have {_ZEALOTS}, {_UP}, {_DOWN}"
                    )
        elif text.strip():
            fields = text.split(",")
            if len(fields) != len(names):
                raise Fault(line, f"holds {len(fields)} of the {len(names)} fields")
            rows.append((line, dict(zip(names, fields, strict=True))))
    if not rows:
        raise Fault(max(len(lines), 1), "holds no number of zealots; the file is empty or was cut short")
    file.require_end()
    zealots = [whole(row[_ZEALOTS], line, _ZEALOTS) for line, row in rows]
    for place in range(1, len(zealots)):
        step = zealots[place] - zealots[place - 1]
        if step < 1 or step != zealots[1] - zealots[0]:
            raise Fault(
                rows[place][0],
                f"{_ZEALOTS} goes from {zealots[place - 1]} to {zealots[place]}; a row is missing",
            )
    require_opposites([float(count) for count in zealots], len(lines), f"a row for {_ZEALOTS}")
    cycles = int(_told(told, "cycles", "1"))
    return [
        Loop(
            model=_model(file),
            option_a=_told(told, "opinion a"),
            option_b=_told(told, "opinion b"),
            agents=whole(_told(told, "n_regular"), told["n_regular"][0], "N_regular", 2),
            temperature=float(_told(told, "temperature", "nan")),
            zealots=zealots,
            m_up=_means(rows, _UP + ending),
            m_down=_means(rows, _DOWN + ending),
        )
        for ending in ([""] if cycles == 1 else [f"_c{cycle + 1}" for cycle in range(cycles)])
    ]


def _told(told: dict[str, tuple[int, str]], key: str, otherwise: str | None = None) -> str:
    if key in told:
        return told[key][1]
    if otherwise is None:
        raise Fault(1, f"no comment ahead of the table tells {key!r}")
    return otherwise


def _model(file: SourceFile) -> str:
    model = file.folder_after(_RESULTS, 1)
    if not model:
        raise Fault(1, "lies in no folder MODEL/results_hysteresis, which would tell the model")
    return model


def _means(rows: list[tuple[int, dict[str, str]]], name: str) -> list[float]:
    if name not in rows[0][1]:
        raise Fault(rows[0][0] - 1, f"names no column {name}, though it tells of so many cycles")
    return [number(row[name], line, name, -1.0, 1.0) for line, row in rows]
