"""Hysteresis of a real society: the loop it went around, and the one predicted."""

from __future__ import annotations

import numpy as np

from spinodal.report._table import Cell, Column, Table
from spinodal.report._words import number, plural
from spinodal.report.figures._figure import Figure, Trace, line, named, points
from spinodal.report.figures._society_paths import M_AXIS, band_between, joined_lines, some_of
from spinodal.society_paths import SocietyLoop


def loop_figure(loop: SocietyLoop) -> Figure:
    """Mean m of each step against signed zealots, there and back."""
    traces: list[Trace] = []
    ways = (("--a", "triangle-right", "zealots for A growing"), ("--b", "square", "zealots for B growing"))
    runs = len(loop.m)
    for way in loop.ways:
        rising = loop.zealots[way][-1] >= loop.zealots[way][0]
        color, symbol, name = ways[0] if rising else ways[1]
        x = loop.zealots[way]
        if loop.predicted is not None and loop.band is not None:
            traces.append(band_between(x, loop.band[0, way], loop.band[1, way], color))
            traces.append(
                named(line(x, loop.predicted[way], color, width=1.8, dash="dash"), f"predicted, {name}")
            )
        if not runs:
            continue
        traces.append(joined_lines(x, some_of(loop.m[:, way]), f"{color}/0.3", width=1))
        mean = loop.m[:, way].mean(axis=0)
        hover = [f"{_signed(z)}<br>observed mean m = {number(m)}" for z, m in zip(x, mean, strict=True)]
        marks = points(x, mean, hover, symbol=symbol, size=8, color=color)
        traces.append(
            named(
                {**marks, "mode": "lines+markers", "line": {"color": color, "width": 2.4}},
                f"observed, {name}",
            )
        )
    return Figure(
        name="loop",
        alt=f"Hysteresis loop: mean magnetization against zealots, swept there and back. {loop_words(loop)}",
        data=traces,
        layout={
            "xaxis": {"title": {"text": f"zealots beside {loop.agents} agents: for B (−), for A (+)"}},
            "yaxis": {**M_AXIS, "title": {"text": "mean m, second half of each step"}},
            "showlegend": True,
            "legend": {"orientation": "h", "y": -0.2, "yanchor": "top", "x": 0, "font": {"size": 12}},
        },
        height=480,
        caption=(
            "Thin lines: each trajectory; thick: their mean; dashed: the expectation of the same means when "
            "the prediction is led through the same schedule; bands: the central 90% of m predicted at a "
            "sweep of the second half of a step: a trajectory’s mean over those sweeps strays less."
        ),
        table=_table(loop),
    )


def loop_words(loop: SocietyLoop) -> str:
    """The areas, observed and predicted."""
    words = f"Area of the loop, in units of m times zealots per agent: {_area_words(loop)} observed"
    if len(loop.m):
        words += f" over {plural(len(loop.m), 'trajectory', 'trajectories')}"
    if loop.predicted_area is not None:
        words += f", {number(loop.predicted_area)} predicted"
    return words + "."


def _area_words(loop: SocietyLoop) -> str:
    areas = loop.areas
    if not areas.size:
        return "none"
    if areas.size == 1:
        return number(float(areas[0]))
    error = float(areas.std(ddof=1)) / np.sqrt(areas.size)
    return f"{number(float(areas.mean()))} ± {number(error)} (standard error)"


def _signed(zealots: int) -> str:
    if zealots == 0:
        return "no zealots"
    return f"{abs(zealots)} zealots for {'A' if zealots > 0 else 'B'}"


def _table(loop: SocietyLoop) -> Table:
    columns = [
        Column("step"),
        Column("zealots", hint="+ for A, − for B"),
        Column("mean m"),
        Column("lowest"),
        Column("highest"),
    ]
    if loop.predicted is not None:
        columns += [Column("predicted"), Column("5%"), Column("95%")]
    rows = []
    for step, zealots in enumerate(loop.zealots):
        here = loop.m[:, step]
        values = [here.mean(), here.min(), here.max()] if here.size else [np.nan] * 3
        if loop.predicted is not None and loop.band is not None:
            values += [loop.predicted[step], loop.band[0, step], loop.band[1, step]]
        cells = [Cell(number(float(value)), float(value)) for value in values]
        rows.append([Cell(str(step + 1), step + 1), Cell(number(int(zealots), 0), float(zealots)), *cells])
    return Table("The loop, step by step", columns, rows)
