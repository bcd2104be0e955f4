"""How the opponents of a contagion study are drawn: the same in every figure of its page."""

from __future__ import annotations

from typing import Final

from spinodal.contagion_runs import ContagionRun
from spinodal.contagion_verdict import LEVEL
from spinodal.effects import Effect
from spinodal.report._table import Cell, Column
from spinodal.report._words import ABSENT, probability
from spinodal.report.figures._figure import Series, plain, series
from spinodal.report.figures._forest import Point, signed, signed_interval

NOTHING: Final = Cell(ABSENT, float("nan"))
"""A number that is none."""

INTERVAL: Final = Column("95% interval", hint="sorts by its lower end")


def company_styles(run: ContagionRun) -> dict[str, Series]:
    """Colour and symbol of each company: the control, the treatment, then the others."""
    names = [run.control, run.treatment, *run.others]
    return dict(zip(names, series(len(names)), strict=True))


def point(effect: Effect | None, what: str, *, tested: bool = True) -> Point | None:
    """The mark of an effect, None where there is none; filled where its p-value, adjusted for all that it is
    tested with, is below the level, and never where no claim is made of it."""
    if effect is None:
        return None
    hover = f"<b>{plain(effect.name)}</b>, {plain(what)}<br>{signed(effect.estimate)}"
    hover += f"<br>95% {signed_interval(effect.interval)}<br>{effect.games} games"
    if tested:
        hover += f"<br>p {probability(effect.p_value)}, adjusted {probability(effect.p_adjusted)}"
    return Point(effect.estimate, effect.interval, hover, filled=tested and effect.p_adjusted < LEVEL)


def effect_cells(effect: Effect | None) -> list[Cell]:
    """An effect and its interval."""
    if effect is None:
        return [NOTHING, NOTHING]
    ends = Cell(signed_interval(effect.interval), effect.interval[0])
    return [Cell(signed(effect.estimate), effect.estimate), ends]


def p_cell(effect: Effect | None, *, adjusted: bool = False) -> Cell:
    """The p-value of an effect."""
    if effect is None:
        return NOTHING
    p = effect.p_adjusted if adjusted else effect.p_value
    return Cell(probability(p), p)


def told(effect: Effect | None) -> str:
    """An effect in a sentence."""
    if effect is None:
        return "nothing to compare"
    ends = signed_interval(effect.interval)
    return signed(effect.estimate) + ("" if ends == ABSENT else f" ({ends})")
