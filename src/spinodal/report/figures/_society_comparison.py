"""Several societies on the same axes: their paths from one start, their loops, and who was tipped."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from spinodal.report._table import Cell, Column, Table
from spinodal.report._words import ABSENT, number, percent
from spinodal.report.figures._figure import LEGEND_BELOW, Figure, Series, Trace, line, named, points
from spinodal.report.figures._society_paths import M_AXIS, band_between, stage_marks
from spinodal.society_paths import Paths, SocietyLoop, TippedShare
from spinodal.theory import Stage

Named = tuple[str, Series]
"""A run's name and how its lines are drawn."""


def side_by_side_figure(
    place: int, m0: float, of: Sequence[tuple[Named, Paths]], stages: Sequence[Stage]
) -> Figure:
    """The mean of each run's trajectories from one start, over the central 90% predicted of each.

    `stages` are shaded: those that the runs have in common, or none.
    """
    traces: list[Trace] = []
    for (_, style), found in of:
        if found.predicted is not None:
            law = found.predicted
            band = band_between(law.sweeps, law.quantile(0.05), law.quantile(0.95), style.color)
            traces.append({**band, "fillcolor": f"{style.color}/0.12"})
            traces.append(line(law.sweeps, law.mean, f"{style.color}/0.8", width=1.2, dash="dot"))
    for (name, style), found in of:
        if found.runs:
            hover = [f"sweep {sweep}<br>mean m = {number(m)}" for sweep, m in enumerate(found.mean)]
            marks = points(found.sweeps, found.mean, hover, symbol=style.symbol, size=6, color=style.color)
            stroke = {"color": style.color, "width": 2.2, "dash": style.dash}
            traces.append(named({**marks, "mode": "lines+markers", "line": stroke}, name))
    ends = [
        f"{name}: {number(float(found.mean[-1]))} observed"
        + (f", {number(float(found.predicted.mean[-1]))} predicted" if found.predicted is not None else "")
        for (name, _), found in of
    ]
    longest = max(int(found.sweeps[-1]) for _, found in of)
    return Figure(
        name=f"side-by-side-{place}",
        alt=f"Mean magnetization of each society from m = {number(m0)}. At the end, {'; '.join(ends)}.",
        data=traces,
        layout={
            "margin": {"t": 26},
            "xaxis": {"title": {"text": "time in sweeps"}, "range": [0, longest]},
            "yaxis": {**M_AXIS, "title": {"text": "mean magnetization m"}},
            "showlegend": True,
            "legend": LEGEND_BELOW,
            **stage_marks(stages),
        },
        height=400,
        caption=f"Mean m at the end. {'; '.join(ends)}.",
        table=_path_table(m0, of, longest),
    )


def _path_table(m0: float, of: Sequence[tuple[Named, Paths]], longest: int) -> Table:
    columns = [Column("sweep")]
    lines = []
    for (name, _), found in of:
        columns += [Column(f"{name}, mean m"), Column(f"{name}, predicted")]
        foretold = found.predicted.mean if found.predicted is not None else np.full(len(found.mean), np.nan)
        lines += [found.mean, foretold]
    rows = []
    for sweep in range(longest + 1):
        values = [float(one[sweep]) if sweep < len(one) else float("nan") for one in lines]
        rows.append([Cell(str(sweep), float(sweep)), *(Cell(number(value), value) for value in values)])
    return Table(f"Mean magnetization from m = {number(m0)}, sweep by sweep", columns, rows)


def loops_figure(of: Sequence[tuple[Named, SocietyLoop]]) -> Figure:
    """The mean loop of each run, with the one predicted of it, dotted."""
    traces: list[Trace] = []
    rows = []
    for (name, style), loop in of:
        x = loop.zealots / loop.agents
        if loop.predicted is not None:
            traces.append(line(x, loop.predicted, f"{style.color}/0.7", width=1.4, dash="dot"))
        mean = loop.m.mean(axis=0) if len(loop.m) else np.full(len(x), np.nan)
        hover = [f"{z:+d} zealots<br>mean m = {number(m)}" for z, m in zip(loop.zealots, mean, strict=True)]
        marks = points(x, mean, hover, symbol=style.symbol, size=7, color=style.color)
        stroke = {"color": style.color, "width": 2.2, "dash": style.dash}
        traces.append(named({**marks, "mode": "lines+markers", "line": stroke}, name))
        rows += [
            [
                Cell(name),
                Cell(str(step + 1), step + 1),
                Cell(number(int(z), 0), float(z)),
                Cell(number(float(m)), float(m)),
                Cell(number(p), p),
            ]
            for step, (z, m, p) in enumerate(zip(loop.zealots, mean, _foretold(loop), strict=True))
        ]
    columns = (
        Column("run", numeric=False),
        Column("step"),
        Column("zealots", hint="+ for A, − for B"),
        Column("mean m"),
        Column("predicted"),
    )
    areas = "; ".join(
        f"{name} {number(float(loop.areas.mean())) if loop.areas.size else ABSENT}"
        + (f" ({number(loop.predicted_area)} predicted)" if loop.predicted_area is not None else "")
        for (name, _), loop in of
    )
    return Figure(
        name="loops",
        alt=f"Hysteresis loops of each society. Areas: {areas}.",
        data=traces,
        layout={
            "xaxis": {"title": {"text": "zealots per regular agent: for B (−), for A (+)"}},
            "yaxis": {**M_AXIS, "title": {"text": "mean m, second half of each step"}},
            "showlegend": True,
            "legend": LEGEND_BELOW,
        },
        height=460,
        caption=f"Dotted: predicted. Area of the loop, in units of m times zealots per agent: {areas}.",
        table=Table("The loops, step by step", columns, rows),
    )


def _foretold(loop: SocietyLoop) -> list[float]:
    if loop.predicted is None:
        return [float("nan")] * len(loop.zealots)
    return [float(value) for value in loop.predicted]


def tipped_runs_figure(of: Sequence[tuple[Named, Sequence[TippedShare]]]) -> Figure:
    """Share past the watershed at the end of each stage, by run, with Wilson's intervals.

    Each run's starts are put together.
    """
    traces: list[Trace] = []
    rows = []
    longest = 1
    for place, ((name, style), shares) in enumerate(of):
        shift = 0.14 * (place - (len(of) - 1) / 2)
        pooled = [one for one in pool(shares) if one.runs]
        longest = max([longest, *(one.stage + 1 for one in pooled)])
        at = [one.stage + shift for one in pooled]
        hover = [f"{one.tipped} of {one.runs} tipped" for one in pooled]
        marks = points(
            at, [one.share for one in pooled], hover, symbol=style.symbol, size=11, color=style.color
        )
        ends = [one.interval or (one.share, one.share) for one in pooled]
        marks["error_y"] = {
            "type": "data",
            "symmetric": False,
            "array": [high - one.share for one, (_, high) in zip(pooled, ends, strict=True)],
            "arrayminus": [one.share - low for one, (low, _) in zip(pooled, ends, strict=True)],
            "color": f"{style.color}/0.6",
            "thickness": 2,
            "width": 3,
        }
        traces.append(named(marks, name))
        told = [one for one in pooled if one.predicted is not None]
        traces.append(
            points(
                [one.stage + shift for one in told],
                [one.predicted or 0.0 for one in told],
                [f"predicted {percent(one.predicted)}" for one in told],
                symbol="diamond-open",
                size=15,
                color=style.color,
                line={"width": 1.6, "color": style.color},
            )
        )
        rows += [
            [
                Cell(name),
                Cell(str(one.stage + 1), one.stage + 1),
                Cell(f"{one.tipped} of {one.runs}", one.share),
                Cell(f"{percent(low)} to {percent(high)}"),
                Cell(percent(one.predicted), one.predicted),
            ]
            for one, (low, high) in zip(pooled, ends, strict=True)
        ]
    columns = (
        Column("run", numeric=False),
        Column("stage"),
        Column("tipped"),
        Column("95% interval", numeric=False),
        Column("predicted"),
    )
    return Figure(
        name="tipped-runs",
        alt="Share of populations past the watershed at the end of each stage: "
        + "; ".join(f"{row[0].text}, stage {row[1].text}, {row[2].text}" for row in rows)
        + ".",
        data=traces,
        layout={
            "xaxis": {
                "range": [-0.6, longest - 0.4],
                "tickvals": list(range(longest)),
                "ticktext": [f"end of stage {stage + 1}" for stage in range(longest)],
            },
            "yaxis": {"title": {"text": "share tipped"}, "range": [-0.05, 1.05], "tickformat": ".0%"},
            "showlegend": True,
            "legend": LEGEND_BELOW,
        },
        height=380,
        caption="Bars: Wilson’s 95% intervals. Hollow diamonds: predicted probabilities.",
        table=Table("Populations past the watershed, by run and stage", columns, rows),
    )


def pool(shares: Sequence[TippedShare]) -> list[TippedShare]:
    """All starts together, stage by stage; predictions weighted by the trajectories from each."""
    pooled = []
    for stage in sorted({one.stage for one in shares}):
        here = [one for one in shares if one.stage == stage]
        runs = sum(one.runs for one in here)
        told = [one.predicted * one.runs for one in here if one.predicted is not None]
        predicted = sum(told) / runs if runs and len(told) == len(here) else None
        tipped = sum(one.tipped for one in here)
        pooled.append(TippedShare(here[0].m0, stage, here[0].sweep, tipped, runs, predicted))
    return pooled
