"""Conformity over the size of the group, with what it has to exceed."""

from __future__ import annotations

import math
from itertools import pairwise
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from spinodal.critical_size import full_consensus_probability
from spinodal.report._table import Cell, Column, Table
from spinodal.report._words import interval, number, percent
from spinodal.report.figures._figure import LEGEND_BELOW, Figure, line, named, note, points

if TYPE_CHECKING:
    from spinodal.critical_size import CriticalSizeRun
    from spinodal.fitting import CurveFit
    from spinodal.theory import SizeRange

_STEPS: Final = 300
_TALLEST: Final = 3.0
"""Intervals are drawn up to so many times the highest conformity."""


def critical_size_figure(run: CriticalSizeRun) -> Figure:
    """beta with its interval at each size, the lines beta = 1 and beta = 1/2 ln N, and what is lost."""
    fits = run.fits
    sizes = list(fits)
    low, high = 0.9 * sizes[0], 1.1 * sizes[-1]
    grid = np.geomspace(low, high, _STEPS)
    beta = [fit.beta for fit in fits.values()]
    full = 0.5 * np.log(grid)
    top = 1.15 * max(1.1, float(full[-1]), min(_highest(fits), _TALLEST * max(1.0, *beta)))
    bottom = min(0.0, 1.15 * min(beta))
    one = line([low, high], [1.0, 1.0], "--region", width=1.6, dash="dot")
    half_log = line(grid, full, "--ink-soft", width=1.6, dash="dash")
    traces = [
        named(one, "β = 1: above, two majorities"),
        named(half_log, "β = ½ ln N: above, full consensus (h = 0)"),
        _measured(fits),
    ]
    if run.law is not None:
        traces.insert(2, line(run.law.agents, run.law.beta, "--curve", width=2.2))
    lost = [] if run.critical is None else _lost(run.critical.full_consensus)
    return Figure(
        name="critical-size",
        alt=(
            "Conformity beta against the number of agents in the group, on a logarithmic axis, with the "
            f"lines beta = 1 and beta = 1/2 ln N. {' '.join(run.sentences)}"
        ),
        data=traces,
        layout={
            "legend": LEGEND_BELOW,
            "showlegend": True,
            "xaxis": {
                "title": {"text": "agents in the group, N"},
                "type": "log",
                "range": [math.log10(low), math.log10(high)],
                "tickvals": sizes,
                "ticktext": [f"{size:,}" for size in sizes],
            },
            "yaxis": {"title": {"text": "conformity β"}, "range": [bottom, top]},
            "shapes": [_band(first, last) for first, last in lost],
            "annotations": [
                {
                    **note("consensus lost", x=0.5 * math.log10(first * last), y=0.98, yref="paper"),
                    "yanchor": "top",
                    "font": {"size": 12, "color": "--risk"},
                }
                for first, last in lost
            ],
        },
        height=440,
        caption=(
            "Marks are measured, with 95% intervals; hollow where the data do not determine β. Between them "
            "β is taken as linear in the logarithm of N. In the shaded groups β is below ½ ln N: agents of "
            "this conformity without a bias would keep disagreeing."
        ),
        table=_table(fits),
    )


def _measured(fits: dict[int, CurveFit]) -> dict[str, Any]:
    hover = [
        f"<b>{size:,} agents</b><br>β {number(fit.beta)} ({interval(fit.beta_ci)})<br>h {number(fit.h)} "
        f"({interval(fit.h_ci)})"
        for size, fit in fits.items()
    ]
    beta = [fit.beta for fit in fits.values()]
    marks = points(
        list(fits),
        beta,
        hover,
        symbol=["circle" if fit.identifiable else "circle-open" for fit in fits.values()],
        size=10,
        color="--curve",
    )
    bars = {
        "type": "data",
        "symmetric": False,
        "array": [_reach(fit.beta_ci[1] - fit.beta) for fit in fits.values()],
        "arrayminus": [_reach(fit.beta - fit.beta_ci[0]) for fit in fits.values()],
        "color": "--curve",
        "thickness": 1.6,
    }
    return {**named(marks, "conformity β of an agent"), "error_y": bars}


def _reach(length: float) -> float:
    """Of an error bar: one without an end leaves the picture."""
    return length if math.isfinite(length) else 1e3


def _highest(fits: dict[int, CurveFit]) -> float:
    return max(fit.beta_ci[1] if math.isfinite(fit.beta_ci[1]) else math.inf for fit in fits.values())


def _lost(held: SizeRange) -> list[tuple[float, float]]:
    """Stretches of group sizes in which something does not hold."""
    ends = [held.smallest, *(crossing + 0.5 for crossing in held.crossings), held.largest]
    return list(pairwise(ends))[1 if held.at_smallest else 0 :: 2]


def _band(first: float, last: float) -> dict[str, Any]:
    return {
        "type": "rect",
        "x0": first,
        "x1": last,
        "yref": "paper",
        "y0": 0,
        "y1": 1,
        "fillcolor": "--risk/0.08",
        "line": {"width": 0},
        "layer": "below",
    }


def _table(fits: dict[int, CurveFit]) -> Table:
    columns = (
        Column("agents N"),
        Column("β"),
        Column("β, 95%", numeric=False),
        Column("½ ln N"),
        Column("h"),
        Column("h, 95%", numeric=False),
        Column("bistable", hint="probability that a large population is bistable"),
        Column("full consensus", hint="probability that beta is above half the logarithm of N"),
        Column("prompts"),
        Column("determined", numeric=False, hint="whether the data determine beta and h"),
    )
    rows = [
        (
            Cell(f"{size:,}", size),
            Cell(number(fit.beta), fit.beta),
            Cell(interval(fit.beta_ci)),
            Cell(number(0.5 * math.log(size)), 0.5 * math.log(size)),
            Cell(number(fit.h), fit.h),
            Cell(interval(fit.h_ci)),
            Cell(percent(fit.p_bistable), fit.p_bistable),
            Cell(percent(full_consensus_probability(fit, size)), full_consensus_probability(fit, size)),
            Cell(f"{fit.n_rows:,}", fit.n_rows),
            Cell("yes" if fit.identifiable else f"no: {fit.note}"),
        )
        for size, fit in fits.items()
    ]
    return Table("Conformity and bias by group size", columns, rows)
