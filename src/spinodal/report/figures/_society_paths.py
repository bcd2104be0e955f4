"""The trajectories from one start over time, their final states, and the law predicted of both."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

import numpy as np
from numpy.typing import ArrayLike, NDArray

from spinodal.report._table import Cell, Column, Table
from spinodal.report._words import number, percent, plural
from spinodal.report.figures._figure import Figure, Trace, line, note, points
from spinodal.response import FloatArray
from spinodal.society_paths import Paths
from spinodal.theory import Stage

M_AXIS: Final[dict[str, Any]] = {
    "range": [-1.08, 1.08],
    "tickvals": [-1, -0.5, 0, 0.5, 1],
    "ticktext": ["all B", "−0.5", "0", "0.5", "all A"],
}
"""The vertical axis of magnetization."""

_MOST_LINES: Final = 60
"""Trajectories drawn one by one; of more, evenly many."""

_MOST_BARS: Final = 21
"""Bars of final states; more states are put together."""

_LABELLED: Final = 0.12
"""Share of all sweeps from which on a stage carries its label."""


def paths_figure(
    place: int, found: Paths, stages: Sequence[Stage], border: float | None = None, *, tall: bool
) -> Figure:
    """Trajectories from one start, thin; their mean; the predicted mean and band; final states beside.

    A line marks the watershed `border`, where there is one to cross.
    """
    final, law = _final_states(found)
    traces = [
        *(
            []
            if border is None
            else [line(found.sweeps[[0, -1]], [border] * 2, "--ink-soft", width=1, dash="dot")]
        ),
        *_predicted(found),
        *_trajectories(found.m),
        *_mean(found),
        *(_bars(*final) if found.runs else []),
        *law,
    ]
    shares = np.concatenate([final[1], *(trace["x"] for trace in law)]) if found.runs or law else [1.0]
    return Figure(
        name=f"paths-{place}",
        alt=_alt(found),
        data=traces,
        layout={
            "margin": {"t": 26, "r": 16, "l": 44},
            "xaxis": {
                "domain": [0, 0.74],
                "title": {"text": "time in sweeps"},
                "range": [0, found.sweeps[-1]],
            },
            "yaxis": {**M_AXIS, "title": {"text": "magnetization m"}} if tall else M_AXIS,
            "xaxis2": {
                "domain": [0.79, 1],
                "title": {"text": "end"},
                "range": [0, 1.08 * float(np.max(shares))],
                "tickvals": [float(np.max(shares))],
                "ticktext": [percent(float(np.max(shares)))],
                "ticklabeloverflow": "allow",
            },
            "bargap": 0,
            **stage_marks(stages, spelled=tall),
        },
        height=420 if tall else 300,
        caption=_caption(found),
        table=_table(found),
    )


def stage_marks(stages: Sequence[Stage], *, spelled: bool = False) -> dict[str, Any]:
    """Shades and labels of the stages with zealots, over the time axis; `spelled` out if there is room."""
    shapes, labels = [], []
    total = sum(stage.sweeps for stage in stages) or 1.0
    most = max([stage.zealots_a + stage.zealots_b for stage in stages] + [1])
    begin = 0.0
    for stage in stages:
        end = begin + stage.sweeps
        for count, side in ((stage.zealots_a, "A"), (stage.zealots_b, "B")):
            if not count:
                continue
            shapes.append(
                {
                    "type": "rect",
                    "layer": "below",
                    "x0": begin,
                    "x1": end,
                    "yref": "paper",
                    "y0": 0,
                    "y1": 1,
                    "fillcolor": f"--{side.lower()}/{0.02 + 0.1 * count / most:.2f}",
                    "line": {"width": 0},
                }
            )
        joined = ", ".join(
            f"{count} zealots for {side}" if spelled else f"{count} for {side}"
            for count, side in ((stage.zealots_a, "A"), (stage.zealots_b, "B"))
            if count
        )
        if joined and stage.sweeps >= _LABELLED * total:
            place = {"x": (begin + end) / 2, "yref": "paper", "y": 1, "yanchor": "bottom", "yshift": 2}
            labels.append({**note(joined, **place), "font": {"size": 11, "color": "--ink"}})
        begin = end
    return {"shapes": shapes, "annotations": labels}


def joined_lines(x: ArrayLike, rows: FloatArray, color: str, **style: Any) -> Trace:
    """Many lines over the same `x` as one trace, with gaps between them."""
    gap = np.full((len(rows), 1), np.nan)
    across = np.tile(np.append(np.asarray(x, dtype=np.float64), np.nan), len(rows))
    return line(across, np.hstack([rows, gap]).ravel(), color, **style)


def some_of(rows: FloatArray) -> FloatArray:
    """Evenly many of the rows, where there are too many to draw."""
    if len(rows) <= _MOST_LINES:
        return rows
    return np.asarray(rows[np.unique(np.linspace(0, len(rows) - 1, _MOST_LINES).round().astype(int))])


def band_between(x: Sequence[float] | NDArray[Any], low: FloatArray, high: FloatArray, color: str) -> Trace:
    """The area between two lines."""
    edge = line([*x, *x[::-1]], [*low, *high[::-1]], f"{color}/0", width=0)
    return {**edge, "fill": "toself", "fillcolor": f"{color}/0.17"}


def _predicted(found: Paths) -> list[Trace]:
    if found.predicted is None:
        return []
    law = found.predicted
    drawn = [
        band_between(law.sweeps, law.quantile(0.05), law.quantile(0.95), "--region"),
        line(law.sweeps, law.mean, "--region", width=2.4, dash="dash"),
    ]
    if found.well_mixed is not None:
        drawn.append(line(found.well_mixed.sweeps, found.well_mixed.mean, "--empirical", width=2, dash="dot"))
    return drawn


def _trajectories(m: FloatArray) -> list[Trace]:
    rows = some_of(m)
    faint = max(0.25, min(0.6, 6.0 / max(len(rows), 1)))
    kinds = (("--a", rows[:, -1] > 0.0), ("--b", rows[:, -1] < 0.0), ("--ink-soft", rows[:, -1] == 0.0))
    return [
        joined_lines(np.arange(m.shape[1]), rows[ends], f"{color}/{faint:.2f}", width=1)
        for color, ends in kinds
        if ends.any()
    ]


def _mean(found: Paths) -> list[Trace]:
    if not found.runs:
        return []
    law = found.predicted
    hover = []
    for sweep, mean in zip(found.sweeps, found.mean, strict=True):
        words = f"sweep {sweep}<br>observed mean m = {number(mean)}"
        if law is not None:
            at = int(np.searchsorted(law.sweeps, sweep - 1e-9))
            low, high = law.quantile(0.05)[at], law.quantile(0.95)[at]
            words += f"<br>predicted {number(law.mean[at])}, 90% in {number(low)} to {number(high)}"
        hover.append(words)
    marks = points(found.sweeps, found.mean, hover, size=4, color="--curve")
    return [{**marks, "mode": "lines+markers", "line": {"color": "--curve", "width": 2.4}}]


def _final_states(found: Paths) -> tuple[tuple[FloatArray, FloatArray, FloatArray], list[Trace]]:
    """Observed bars (centres, shares, widths), and the lines of the predicted laws."""
    states = (found.predicted.agents if found.predicted else _agents(found)) + 1
    groups = np.array_split(np.linspace(-1.0, 1.0, states), min(states, _MOST_BARS))
    centres = np.array([group.mean() for group in groups])
    half = 1.0 / max(states - 1, 1)
    edges = np.array([group[0] - half for group in groups] + [1.0 + half])
    shares = np.histogram(found.m[:, -1], edges)[0] / max(found.runs, 1)
    lines = []
    laws = ((found.predicted, "--region", "dash"), (found.well_mixed, "--empirical", "dot"))
    for law, color, dash in laws:
        if law is None:
            continue
        sizes = np.cumsum([0, *(len(group) for group in groups)])
        p = np.add.reduceat(law.laws[-1], sizes[:-1])
        hover = [
            f"ends near m = {number(m)}<br>predicted {percent(share)}"
            for m, share in zip(centres, p, strict=True)
        ]
        marks = points(p, centres, hover, size=4, color=color, symbol="diamond")
        stroke = {"color": color, "width": 1.4, "dash": dash}
        lines.append({**marks, "mode": "lines+markers", "xaxis": "x2", "line": stroke})
    return (centres, shares, np.diff(edges)), lines


def _agents(found: Paths) -> int:
    """Regular agents, from the steps in which m is counted."""
    values = np.unique(found.m)
    return round(2.0 / float(np.diff(values).min())) if values.size > 1 else 20


def _bars(centres: FloatArray, shares: FloatArray, widths: FloatArray) -> list[Trace]:
    color = ["--a/0.75" if m > 1e-9 else "--b/0.75" if m < -1e-9 else "--ink-soft/0.75" for m in centres]
    return [
        {
            "type": "bar",
            "orientation": "h",
            "x": shares,
            "y": centres,
            "width": 0.86 * widths,
            "xaxis": "x2",
            "showlegend": False,
            "marker": {"color": color},
            "customdata": [
                f"ends near m = {number(m)}<br>observed {percent(p)}"
                for m, p in zip(centres, shares, strict=True)
            ],
            "hovertemplate": "%{customdata}<extra></extra>",
        }
    ]


def ending_shares(found: Paths) -> tuple[float, float]:
    """Observed share that ends with a majority for A, and for B; NaN without a trajectory."""
    if not found.runs:
        return float("nan"), float("nan")
    return float((found.m[:, -1] > 0.0).mean()), float((found.m[:, -1] < 0.0).mean())


def predicted_ending(found: Paths) -> tuple[float, float]:
    """Predicted probabilities of the same; NaN without a prediction."""
    if found.predicted is None:
        return float("nan"), float("nan")
    law, m = found.predicted.laws[-1], found.predicted.magnetization
    return float(law[m > 1e-9].sum()), float(law[m < -1e-9].sum())


def _caption(found: Paths) -> str:
    if not found.runs:
        return "No trajectory from here came to its end; the prediction stands alone."
    ends = [round(share * found.runs) for share in ending_shares(found)]
    words = f"{plural(found.runs, 'trajectory', 'trajectories')}: {ends[0]} end with a majority for A, "
    words += f"{ends[1]} for B."
    if found.predicted is not None:
        to_a, to_b = predicted_ending(found)
        words += f" Predicted: {percent(to_a)} and {percent(to_b)}."
    return words


def _alt(found: Paths) -> str:
    words = f"Magnetization over {found.sweeps[-1]} sweeps from m = {number(found.m0)}. " + _caption(found)
    if found.runs:
        words += f" The observed mean goes from {number(found.mean[0])} to {number(found.mean[-1])}"
        if found.predicted is not None:
            words += f", the predicted mean to {number(found.predicted.mean[-1])}"
        words += "."
    return words


def _table(found: Paths) -> Table:
    columns = [Column("sweep"), Column("mean m"), Column("lowest"), Column("highest")]
    laws = [found.predicted] if found.predicted is not None else []
    if laws:
        columns += [
            Column("predicted mean"),
            Column("5%", hint="of the predicted law"),
            Column("95%", hint="of the predicted law"),
        ]
    if found.well_mixed is not None:
        laws.append(found.well_mixed)
        columns += [
            Column("complete graph, mean"),
            Column("complete graph, 5%"),
            Column("complete graph, 95%"),
        ]
    rows = []
    quantiles = [(law.mean, law.quantile(0.05), law.quantile(0.95), law.sweeps) for law in laws]
    for sweep in found.sweeps:
        here = found.m[:, sweep]
        observed = [here.mean(), here.min(), here.max()] if found.runs else [np.nan] * 3
        values = [float(value) for value in observed]
        for *parts, sweeps in quantiles:
            at = int(np.searchsorted(sweeps, sweep - 1e-9))
            values += [float(part[at]) for part in parts]
        rows.append([Cell(str(sweep), float(sweep)), *(Cell(number(value), value) for value in values)])
    return Table(f"Magnetization from m = {number(found.m0)}, sweep by sweep", columns, rows)
