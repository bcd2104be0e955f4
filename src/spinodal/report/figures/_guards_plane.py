"""A guard on the phase plane: each pair's step from where it stands without it to where it stands with it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from spinodal.fitting import CurveFit
from spinodal.report._pair import PairResult
from spinodal.report._table import Cell, Column, Table
from spinodal.report._words import ABSENT, interval, number
from spinodal.report.figures._comparison import RUN_STYLES
from spinodal.report.figures._figure import Figure, Trace, line, plain, points
from spinodal.report.figures._guards import row_name
from spinodal.report.figures._phase import Span, place_on_plane, region_notes, spinodal_traces

Steps = Sequence[tuple[PairResult, PairResult]]
"""A pair without the guard and with it."""

_SIZES: Final = (7, 9)


def guard_plane_figure(place: int, guard: str, steps: Steps, extent: tuple[Span, Span]) -> Figure:
    """The steps of all pairs, on a plane that has the same extent for every guard."""
    betas, biases = extent
    traces = spinodal_traces(betas)
    for before, after in steps:
        start, end = (place_on_plane(one.fit, betas, biases) for one in (before, after))
        traces.append(line([start[0], end[0]], [start[1], end[1]], "--ink-soft/0.5", width=1.2))
    for which, name in enumerate(("no guard", guard)):
        traces.append(_marks([step[which] for step in steps], which, name, extent))
    inside = [sum(step[which].fit.phase == "bistable" for step in steps) for which in (0, 1)]
    return Figure(
        name=f"guard-plane-{place}",
        alt=(
            f"Phase plane with a line a pair from no guard to {row_name(guard)}: of {len(steps)} pairs "
            f"{inside[0]} have their best estimate inside the tongue of two states without it and "
            f"{inside[1]} with it."
        ),
        data=traces,
        layout={
            "xaxis": {"title": {"text": "conformity β"}, "range": betas},
            "yaxis": {"title": {"text": "bias h"}, "range": biases},
            "annotations": region_notes(betas, biases)[:2],  # the third would lie on the marks
        },
        height=330,
        caption=(
            f"Two states, by the best estimate: {inside[0]} of {len(steps)} pairs without the guard, "
            f"{inside[1]} with it."
        ),
        table=_table(guard, steps),
    )


def _marks(results: Sequence[PairResult], which: int, name: str, extent: tuple[Span, Span]) -> Trace:
    color, symbol, _ = RUN_STYLES[which]
    places = [place_on_plane(one.fit, *extent) for one in results]
    hover = [
        f"<b>{plain(one.name)}</b>, {plain(name)}<br>β {number(one.fit.beta)} ({interval(one.fit.beta_ci)})"
        f"<br>h {number(one.fit.h)} ({interval(one.fit.h_ci)})"
        for one in results
    ]
    return points(
        [x for x, _ in places],
        [y for _, y in places],
        hover,
        symbol=[symbol if one.fit.identifiable else f"{symbol}-open" for one in results],
        size=_SIZES[which],
        color=color,
        line={"width": 1.6, "color": color},
    )


def _table(guard: str, steps: Steps) -> Table:
    columns = [Column("pair", numeric=False)]
    for quantity in ("β", "h"):
        for when in ("without", "with"):
            columns += [Column(f"{quantity} {when}"), Column("95% interval", numeric=False)]
    rows = []
    for before, after in steps:
        fits = (before.fit, after.fit)
        beta = [cell for fit in fits for cell in _cells(fit, fit.beta, fit.beta_ci)]
        h = [cell for fit in fits for cell in _cells(fit, fit.h, fit.h_ci)]
        rows.append([Cell(before.name), *beta, *h])
    return Table(f"Conformity and bias of each pair, without a guard and with {guard}", columns, rows)


def _cells(fit: CurveFit, value: float, ends: tuple[float, float]) -> list[Cell]:
    """A value and its interval; none where the data do not determine it."""
    if not fit.identifiable:
        return [Cell(ABSENT, float("nan")), Cell("not determined")]
    return [Cell(number(value), value), Cell(interval(ends))]
