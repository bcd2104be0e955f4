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
    """The measured curve with its band, and the choices of the group's agents in the loop."""
    measured, loop = run.fits.get(group), verdict.in_loop.get(group)
    traces: list[Trace] = [diagonal()]
    if measured is not None:
        low, _, high = band(measured)
        traces.append(band_between(GRID, low, high, "--curve"))
        traces.append(named(line(GRID, measured.tanh(GRID), "--curve", width=2.2), "measured before"))
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
    rows: list[tuple[Cell, ...]] = []
    apart = loop is not None and loop.remembers
    for held, color, symbol in _kinds(apart):
        seen = choices(run, group, held)
        name = "in the loop" if held is None else f"in the loop, holding {held}"
        hover = [
            f"{name}<br>m = {number(row.m)}, P(A) = {number(row.p, 3)}<br>{row.updates} updates"
            for row in seen
        ]
        m, p = [row.m for row in seen], [row.p for row in seen]
        size = np.clip(3.0 + 1.4 * np.sqrt([row.updates / 8.0 for row in seen]), 5.5, 13.0)
        traces.append(named(points(m, p, hover, symbol=symbol, size=size, color=f"{color}/0.8"), name))
        rows += [
            (
                Cell(held or "either"),
                Cell(number(row.m), row.m),
                Cell(number(row.p, 3), row.p),
                Cell(str(row.updates), row.updates),
                *(
                    [Cell(number(float(measured.tanh(row.m)), 3), float(measured.tanh(row.m)))]
                    if measured
                    else []
                ),
            )
            for row in seen
        ]
        if loop is not None:
            fitted = probabilities(loop.response if held is None else holding(loop.response, held), GRID)
            traces.append(line(GRID, fitted, color, width=2, dash="dash"))
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
            "more" + (", apart by what the agent held before it was asked" if apart else "") + "; dashed: "
            "fitted to them."
        ),
        table=_table(group, rows, measured is not None),
    )


def _measured(fit: CurveFit, m: float) -> Cell:
    p = float(preferred_response(fit)(m))
    return Cell(number(p, 3), p)


@dataclass(frozen=True)
class Choices:
    """The updates of a group at one magnetization."""

    m: float
    p: float
    """Mean probability of A."""
    updates: int


def choices(run: SocietyRun, group: str, held: Side | None = None) -> list[Choices]:
    """By perceived magnetization, ascending: replies that took an option, of agents that held `held`."""
    rows = run.updates[(run.updates["group"] == group) & (run.updates["chosen"] != "")]
    if held is not None:
        rows = rows[rows["held"] == held]
    m = rows["m"].to_numpy(dtype=np.float64)
    p_a = rows["p_a"].to_numpy(dtype=np.float64)
    p = np.where(np.isnan(p_a), rows["chosen"] == "A", p_a)
    level = m if np.unique(m).size <= _LEVELS else np.round((m + 1.0) / 2.0 * (_LEVELS - 1))
    return [
        Choices(float(m[at].mean()), float(p[at].mean()), int(at.sum()))
        for at in (level == one for one in np.unique(level[~np.isnan(level)]))
    ]


def _kinds(apart: bool) -> list[tuple[Side | None, str, str]]:
    if apart:
        return [("A", "--a", "triangle-right"), ("B", "--b", "square")]
    return [(None, "--empirical", "circle")]


def _alt(group: str, measured: CurveFit | None, loop: InLoopFit | None) -> str:
    words = [f"Response of {group}: probability of A against the magnetization perceived."]
    for name, fit in (("Measured", measured), ("In the loop", loop.pooled if loop else None)):
        if fit is not None:
            words.append(f"{name}: beta {number(fit.beta)}, h {number(fit.h)}.")
    return " ".join(words)


def _table(group: str, rows: list[tuple[Cell, ...]], measured: bool) -> Table:
    columns = [
        Column("held", numeric=False),
        Column("m", hint="perceived magnetization"),
        Column("mean P(A)"),
        Column("updates"),
        *([Column("measured P(A)")] if measured else []),
    ]
    return Table(f"Choices of {group} in the society, by what its peers said", columns, rows)
