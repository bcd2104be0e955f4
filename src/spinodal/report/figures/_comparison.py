"""The figures of a comparison: both curves a pair, both on the plane, and the differences."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Final

import numpy as np
from scipy.special import expit

from spinodal.report._differences import Difference, PairDifferences
from spinodal.report._pair import PairResult
from spinodal.report._table import Cell, Column, Table
from spinodal.report._words import ABSENT, interval, number
from spinodal.report.figures._figure import FEW, LEGEND_BELOW, Figure, Trace, line, named, note, plain, points
from spinodal.report.figures._labels import place_labels
from spinodal.report.figures._phase import (
    NOTE_BOXES,
    place_on_plane,
    plane_extent,
    region_notes,
    spinodal_traces,
)
from spinodal.report.figures._response import GRID, RESPONSE_AXES, band, diagonal
from spinodal.report.figures._rows import rows_height, rows_layout

RUN_STYLES: Final = (("--series-1", "circle", "solid"), ("--series-2", "square", "dash"))
"""Colour, symbol and dash of the first and the second run."""


def overlay_figure(pair: PairDifferences, names: tuple[str, str]) -> Figure:
    """Both response curves of one pair."""
    return overlaid(f"overlay-{pair.number}", (pair.first, pair.second), names)


def overlaid(name: str, results: tuple[PairResult, PairResult], names: tuple[str, str]) -> Figure:
    """Two response curves of one pair, under the names of what they are of."""
    traces = [diagonal()]
    for result, of, style in zip(results, names, RUN_STYLES, strict=True):
        traces += _curve(result, of, *style)
    rows = [
        (
            Cell(of),
            Cell(number(point.m), point.m),
            Cell(number(point.p, 3), point.p),
            Cell(interval(point.ci, 3)),
            Cell(str(point.n), point.n),
        )
        for result, of in zip(results, names, strict=True)
        for point in result.fit.points
    ]
    columns = (
        Column("run", numeric=False),
        Column("m"),
        Column("mean P(A)"),
        Column("95% interval", numeric=False),
        Column("n"),
    )
    pair = results[0].name
    return Figure(
        name=name,
        alt=f"Response curves of {pair}: {names[0]} and {names[1]}.",
        data=traces,
        layout=RESPONSE_AXES,
        height=300,
        table=Table(f"Response of {pair} in both runs", columns, rows),
    )


def plane_figure(pairs: Sequence[PairDifferences], names: tuple[str, str]) -> Figure:
    """Every pair's step on the (beta, h) plane from the first run to the second."""
    fits = [result.fit for pair in pairs for result in (pair.first, pair.second)]
    betas, biases = plane_extent(fits)
    traces = spinodal_traces(betas)
    labels = []
    for pair in pairs:
        start, end = (place_on_plane(one.fit, betas, biases) for one in (pair.first, pair.second))
        traces.append(line([start[0], end[0]], [start[1], end[1]], "--ink-soft/0.5", width=1.2))
        labels.append((*end, pair.first.name))
    for index, name in enumerate(names):
        results = [(pair.first, pair.second)[index] for pair in pairs]
        traces.append(_plane_marks(results, name, index, betas, biases))
    annotations = region_notes(betas, biases)
    if len(pairs) <= FEW:
        annotations += place_labels(labels, betas, biases, reserved=NOTE_BOXES)
    return Figure(
        name="plane",
        alt=f"Phase diagram with a line a pair from {names[0]} to {names[1]}.",
        data=traces,
        layout={
            "xaxis": {"title": {"text": "conformity β"}, "range": betas},
            "yaxis": {"title": {"text": "bias h"}, "range": biases},
            "annotations": annotations,
            "showlegend": True,
            "legend": LEGEND_BELOW,
            "dragmode": "zoom",
        },
        height=520,
        caption=(
            f"Each line leads from {names[0]} (circle) to {names[1]} (square). Inside the shaded tongue two "
            "opposite states are stable. Hollow marks: β and h are not determined by the data."
        ),
    )


def difference_figure(
    name: str,
    quantity: str,
    pairs: Sequence[PairDifferences],
    of: Callable[[PairDifferences], Difference],
    names: tuple[str, str],
    *,
    absent: str = "not determined",
) -> Figure:
    """One quantity's differences, a row a pair, with their 95% intervals; `absent` where there is none."""
    layout = rows_layout([pair.first.name for pair in pairs])
    known = [(row, of(pair)) for row, pair in enumerate(pairs)]
    traces = [_difference_mark(row, one) for row, one in known if one.difference is not None]
    ends = [abs(end) for _, one in known for end in (one.difference or 0.0, *(one.interval or ()))]
    reach = 1.08 * max([end for end in ends if np.isfinite(end)] + [0.1])
    layout["xaxis"] |= {"title": {"text": f"{quantity}, second − first"}, "range": [-reach, reach]}
    layout["annotations"] += [
        note(f"{absent} in {one.missing}", xref="paper", x=0, xanchor="left", y=row + 0.25, yanchor="middle")
        for row, one in known
        if one.missing
    ]
    layout["shapes"].append(
        {
            "type": "line",
            "x0": 0,
            "x1": 0,
            "yref": "paper",
            "y0": 0,
            "y1": 1,
            "line": {"color": "--ink-soft", "width": 1},
        }
    )
    columns = (
        Column("pair", numeric=False),
        Column(names[0]),
        Column(names[1]),
        Column("difference"),
        Column("95% interval", numeric=False),
    )
    rows = [[Cell(pair.first.name), *difference_cells(of(pair))] for pair in pairs]
    return Figure(
        name=name,
        alt=f"Differences in {quantity}: "
        + "; ".join(f"{pair.first.name} {number(of(pair).difference)}" for pair in pairs)
        + ".",
        data=traces,
        layout=layout,
        height=rows_height(len(pairs)),
        caption="Filled marks: the 95% interval excludes zero.",
        table=Table(f"Differences in {quantity}", columns, rows),
    )


def difference_cells(one: Difference) -> list[Cell]:
    """First, second, difference and interval of one quantity."""
    return [
        Cell(number(one.first), one.first),
        Cell(number(one.second), one.second),
        Cell(number(one.difference), one.difference),
        Cell(interval(one.interval) if one.interval else ABSENT),
    ]


def _curve(result: PairResult, name: str, color: str, symbol: str, dash: str) -> list[Trace]:
    fit = result.fit
    low, _, high = band(fit)
    edge = line([*GRID, *GRID[::-1]], [*low, *high[::-1]], f"{color}/0", width=0)
    at = fit.points
    hover = [f"{plain(name)}<br>m = {number(p.m)}, P(A) = {number(p.p, 3)} ({interval(p.ci, 3)})" for p in at]
    marks = points([p.m for p in at], [p.p for p in at], hover, symbol=symbol, size=8, color=color)
    marks["error_y"] = {
        "type": "data",
        "symmetric": False,
        "array": [max(p.ci[1] - p.p, 0.0) for p in at],
        "arrayminus": [max(p.p - p.ci[0], 0.0) for p in at],
        "color": f"{color}/0.6",
        "thickness": 1.2,
        "width": 0,
    }
    middle = expit(fit.b0 + 2.0 * fit.beta * GRID)
    return [
        {**edge, "fill": "toself", "fillcolor": f"{color}/0.13"},
        line(GRID, middle, color, width=2.2, dash=dash),
        marks,
    ]


def _plane_marks(
    results: Sequence[PairResult],
    name: str,
    index: int,
    betas: tuple[float, float],
    biases: tuple[float, float],
) -> Trace:
    color, symbol, _ = RUN_STYLES[index]
    places = [place_on_plane(one.fit, betas, biases) for one in results]
    hover = [
        f"<b>{plain(one.name)}</b>, {plain(name)}<br>β {number(one.fit.beta)} ({interval(one.fit.beta_ci)})"
        f"<br>h {number(one.fit.h)} ({interval(one.fit.h_ci)})"
        for one in results
    ]
    marks = points(
        [x for x, _ in places],
        [y for _, y in places],
        hover,
        symbol=[symbol if one.fit.identifiable else f"{symbol}-open" for one in results],
        size=11,
        color=color,
        line={"width": 2, "color": color},
    )
    return named(marks, name)


def _difference_mark(row: int, one: Difference) -> Trace:
    middle = one.difference or 0.0
    low, high = one.interval or (middle, middle)
    solid = one.excludes_zero
    trace = points(
        [middle],
        [row + 0.25],
        [f"{number(middle)} ({interval(one.interval)})"],
        symbol="diamond" if solid else "diamond-open",
        size=11,
        color="--curve",
        line={"width": 2, "color": "--curve"},
    )
    trace["error_x"] = {
        "type": "data",
        "symmetric": False,
        "array": [max(high - middle, 0.0)],
        "arrayminus": [max(middle - low, 0.0)],
        "color": "--curve/0.6",
        "thickness": 2,
        "width": 3,
    }
    return trace
