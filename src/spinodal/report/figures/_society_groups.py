"""A mixture: the mean magnetization of each group over time."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from spinodal.report._table import Cell, Column, Table
from spinodal.report._words import number
from spinodal.report.figures._figure import Figure, legend, named, points, series
from spinodal.report.figures._society_paths import M_AXIS, band_between, stage_marks
from spinodal.society_paths import Paths
from spinodal.theory import Stage


def groups_figure(place: int, found: Paths, groups: Mapping[str, int], stages: tuple[Stage, ...]) -> Figure:
    """Each group's mean over the trajectories from one start, with the central 90% of them."""
    traces = []
    for number_, (name, style) in enumerate(zip(groups, series(len(groups)), strict=True)):
        m = found.by_group[:, :, number_]
        if found.runs > 1:
            low, high = np.quantile(m, [0.05, 0.95], axis=0)
            traces.append(band_between(found.sweeps, low, high, style.color))
        mean = _mean(m)
        hover = [f"sweep {sweep}<br>mean m = {number(value)}" for sweep, value in enumerate(mean)]
        marks = points(found.sweeps, mean, hover, symbol=style.symbol, size=6, color=style.color)
        stroke = {"color": style.color, "width": 2.2, "dash": style.dash}
        traces.append(named({**marks, "mode": "lines+markers", "line": stroke}, name))
    columns = [Column("sweep"), *(Column(f"{name}, mean m") for name in groups)]
    means = np.array([_mean(found.by_group[:, :, number]) for number in range(len(groups))])
    rows = [
        [Cell(str(sweep), float(sweep)), *(Cell(number(float(m)), float(m)) for m in means[:, sweep])]
        for sweep in found.sweeps
    ]
    ends = ", ".join(f"{name} {number(float(m))}" for name, m in zip(groups, means[:, -1], strict=True))
    return Figure(
        name=f"groups-{place}",
        alt=f"Mean magnetization of each group from m = {number(found.m0)}. At the end: {ends}.",
        data=traces,
        layout={
            "margin": {"t": 26},
            "xaxis": {"title": {"text": "time in sweeps"}, "range": [0, found.sweeps[-1]]},
            "yaxis": M_AXIS,
            **legend(len(groups)),
            **stage_marks(stages),
        },
        height=330,
        caption=f"At the end, mean m: {ends}." if found.runs else "No trajectory from here came to its end.",
        table=Table(f"Each group from m = {number(found.m0)}, sweep by sweep", columns, rows),
    )


def _mean(m: np.ndarray) -> np.ndarray:
    return np.asarray(m.mean(axis=0) if len(m) else np.full(m.shape[1], np.nan))
