"""A group's response as it was measured, and as it was in the society."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from spinodal.fitting import CurveFit, InLoopFit, preferred_response
from spinodal.report._table import Cell, Column, Table
from spinodal.report._words import number
from spinodal.report.figures._figure import Figure, Trace, line, named, points
from spinodal.report.figures._response import GRID, RESPONSE_AXES, band, diagonal
from spinodal.report.figures._society_paths import band_between
from spinodal.response import holding, probabilities
from spinodal.society_runs import SocietyRun
from spinodal.theory import Side

if TYPE_CHECKING:
    from spinodal.society_verdict import SocietyVerdict

_LEVELS = 21
"""Magnetizations told apart; more are put together."""


def in_loop_figure(place: int, group: str, run: SocietyRun, verdict: SocietyVerdict) -> Figure:
    """The measured curve with its band, and the choices of the group's agents in the loop.

    Choices are apart by whether persuaders were there, where they came or went, or else by what the agent
    held, where that matters.
    """
    measured, loop = run.fits.get(group), verdict.in_loop.get(group)
    traces: list[Trace] = [diagonal()]
    if measured is not None:
        low, _, high = band(measured)
        traces.append(band_between(GRID, low, high, "--curve"))
        curve = preferred_response(measured)(GRID)
        traces.append(named(line(GRID, curve, "--curve", width=2.2), "measured before"))
        traces.append(
            points(
                [point.m for point in measured.points],
                [point.p for point in measured.points],
                [f"measured<br>m = {number(p.m)}, P(A) = {number(p.p, 3)}" for p in measured.points],
                symbol="line-ew-open",
                size=12,
                color="--curve",
                line={"width": 2},
            )
        )
    kinds = _kinds(run, loop)
    rows: list[tuple[Cell, ...]] = []
    for kind in kinds:
        seen = choices(run, group, kind.held, kind.zealots)
        traces.append(_marks(kind, seen))
        rows += [
            (
                Cell(kind.when or "always"),
                Cell(number(one.m), one.m),
                Cell(number(one.p, 3), one.p),
                Cell(str(one.updates), one.updates),
                *([_foretold(measured, one.m)] if measured else []),
            )
            for one in seen
        ]
        if loop is not None and kind.held is not None:
            fitted = probabilities(holding(loop.response, kind.held), GRID)
            traces.append(line(GRID, fitted, kind.color, width=2, dash="dash"))
    if loop is not None and kinds[0].held is None:
        traces.append(line(GRID, preferred_response(loop.pooled)(GRID), "--empirical", width=2, dash="dash"))
    apart = " and ".join(kind.when for kind in kinds if kind.when)
    fitted_to = "all of them together" if kinds[0].zealots is not None else "them"
    return Figure(
        name=f"in-loop-{place}",
        alt=_alt(group, measured, loop),
        data=traces,
        layout={
            **RESPONSE_AXES,
            "margin": {},
            "showlegend": True,
            "legend": {"orientation": "h", "y": -0.3, "yanchor": "top", "x": 0, "font": {"size": 12}},
        },
        height=400,
        caption=(
            "Marks: mean probability of A over the updates at each magnetization, larger where there were "
            f"more{f' ({apart})' if apart else ''}; dashed: fitted to {fitted_to}."
        ),
        table=_table(group, rows, measured is not None),
    )


@dataclass(frozen=True)
class _Kind:
    """Updates that are drawn alike."""

    color: str
    symbol: str
    when: str = ""
    held: Side | None = None
    zealots: bool | None = None


def _kinds(run: SocietyRun, loop: InLoopFit | None) -> tuple[_Kind, ...]:
    there = {bool(stage.zealots_a or stage.zealots_b) for stage in run.stages}
    if run.meta["request"]["adversaries"] == "persuaders" and len(there) == 2:
        return (
            _Kind("--series-4", "diamond", "with persuaders", zealots=True),
            _Kind("--empirical", "circle", "without persuaders", zealots=False),
        )
    if loop is not None and loop.remembers:
        return (
            _Kind("--a", "triangle-right", "holding A", held="A"),
            _Kind("--b", "square", "holding B", held="B"),
        )
    return (_Kind("--empirical", "circle"),)


@dataclass(frozen=True)
class Choices:
    """The updates of a group at one magnetization."""

    m: float
    p: float
    """Mean probability of A."""
    updates: int


def choices(
    run: SocietyRun, group: str, held: Side | None = None, zealots: bool | None = None
) -> list[Choices]:
    """By perceived magnetization, ascending: replies that took an option.

    Of agents that held `held`, and while zealots were there or were not, where either is given.
    """
    rows = run.updates[(run.updates["group"] == group) & (run.updates["chosen"] != "")]
    if held is not None:
        rows = rows[rows["held"] == held]
    if zealots is not None:
        rows = rows[(rows["zealots_a"] + rows["zealots_b"] > 0) == zealots]
    m = rows["m"].to_numpy(dtype=np.float64)
    p_a = rows["p_a"].to_numpy(dtype=np.float64)
    p = np.where(np.isnan(p_a), rows["chosen"] == "A", p_a)
    level = m if np.unique(m).size <= _LEVELS else np.round((m + 1.0) / 2.0 * (_LEVELS - 1))
    return [
        Choices(float(m[at].mean()), float(p[at].mean()), int(at.sum()))
        for at in (level == one for one in np.unique(level[~np.isnan(level)]))
    ]


def _marks(kind: _Kind, seen: list[Choices]) -> Trace:
    name = f"in the loop, {kind.when}" if kind.when else "in the loop"
    hover = [
        f"{name}<br>m = {number(one.m)}, P(A) = {number(one.p, 3)}<br>{one.updates} updates" for one in seen
    ]
    size = np.clip(4.0 + 1.4 * np.sqrt([one.updates / 8.0 for one in seen]), 7.0, 14.0)
    marks = points(
        [one.m for one in seen],
        [one.p for one in seen],
        hover,
        symbol=kind.symbol,
        size=size,
        color=f"{kind.color}/0.8",
    )
    return named(marks, name)


def _foretold(fit: CurveFit, m: float) -> Cell:
    p = float(preferred_response(fit)(m))
    return Cell(number(p, 3), p)


def _alt(group: str, measured: CurveFit | None, loop: InLoopFit | None) -> str:
    words = [f"Response of {group}: probability of A against the magnetization perceived."]
    for name, fit in (("Measured", measured), ("In the loop", loop.pooled if loop else None)):
        if fit is not None:
            words.append(f"{name}: beta {number(fit.beta)}, h {number(fit.h)}.")
    return " ".join(words)


def _table(group: str, rows: list[tuple[Cell, ...]], measured: bool) -> Table:
    columns = [
        Column("when", numeric=False),
        Column("m", hint="perceived magnetization"),
        Column("mean P(A)"),
        Column("updates"),
        *([Column("measured P(A)")] if measured else []),
    ]
    return Table(f"Choices of {group} in the society, by what its peers said", columns, rows)
