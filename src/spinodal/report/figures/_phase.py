"""The phase diagram: where each pair stands in the plane of conformity and bias."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any, Final

import numpy as np

from spinodal.fitting import CurveFit
from spinodal.report._pair import PairResult
from spinodal.report._table import Cell, Column, Table
from spinodal.report._words import interval, number, percent
from spinodal.report.figures._figure import FEW, Figure, Trace, line, note, plain, points
from spinodal.report.figures._labels import place_labels
from spinodal.theory import spinodal_h

CLOUD: Final = 150
"""Draws shown a pair."""

NOTE_BOXES: Final = ((0.6, 0.93, 1.0, 1.0), (0.6, 0.0, 1.0, 0.07), (0.82, 0.46, 1.0, 0.54))
"""Where the notes of the regions stand, as shares of the picture: left, low, right, high."""

Span = tuple[float, float]


def phase_figure(pairs: Sequence[PairResult]) -> Figure:
    """All pairs on the (beta, h) plane, with the spinodal and the bistable region."""
    betas, biases = plane_extent([pair.fit for pair in pairs])
    traces = [*spinodal_traces(betas), *_uncertainty(pairs, betas, biases)]
    labels = []
    for pair in pairs:
        traces.append(_mark(pair, betas, biases))
        labels.append((*place_on_plane(pair.fit, betas, biases), pair.name))
    annotations = region_notes(betas, biases)
    if len(pairs) <= FEW:
        annotations += place_labels(labels, betas, biases, reserved=NOTE_BOXES)
    bistable = [pair for pair in pairs if pair.fit.phase == "bistable"]
    return Figure(
        name="phase",
        alt=(
            "Phase diagram: conformity beta across, bias h upwards. The spinodal encloses a tongue that "
            "opens to the right from beta = 1, where two opposite consensuses are stable; "
            f"{len(bistable)} of {len(pairs)} pairs have their best estimate inside it."
        ),
        data=traces,
        layout={
            "xaxis": {
                "title": {"text": "conformity β (how closely it follows its peers)"},
                "range": betas,
            },
            "yaxis": {"title": {"text": "bias h (up: leans to A; down: leans to B)"}, "range": biases},
            "annotations": annotations,
            "dragmode": "zoom",
        },
        height=520,
        caption=(
            "Inside the shaded tongue a population has two stable states, so a consensus against the agents’ "
            "own lean can live; outside there is one. The boundary is the spinodal, h = ±[√(1 − 1/β) − "
            "artanh(√(1 − 1/β))/β]. "
            + (
                "The faint dots are draws from each pair's uncertainty. "
                if len(pairs) <= FEW
                else "Bars are 95% intervals; point at a mark for its name. "
            )
            + "Filled circles: bistable at the best estimate; hollow squares: one stable state; crosses: the "
            "data do not determine β and h, so the place of the mark means little. Marks on the frame lie "
            "beyond it."
        ),
        table=_table(pairs),
    )


def plane_extent(fits: Sequence[CurveFit]) -> tuple[Span, Span]:
    """Ranges of beta and h that show the identifiable fits with their intervals, within reason."""
    sound = [fit for fit in fits if fit.identifiable and math.isfinite(fit.h)]
    high = max([3.0, *(_inside(fit.beta_ci[1], fit.beta, 1.5) for fit in sound)])
    low = min([0.0, *(_inside(fit.beta_ci[0], fit.beta, 1.0) for fit in sound)])
    reach = max([0.75, *(abs(_inside(end, fit.h, 0.4)) for fit in sound for end in fit.h_ci)])
    reach = min(reach * 1.12, 2.5)
    return (max(low, -3.0) - 0.15, min(high * 1.08, 12.0)), (-reach, reach)


def place_on_plane(fit: CurveFit, betas: Span, biases: Span) -> tuple[float, float]:
    """(beta, h) of a fit, moved onto the frame where it lies beyond."""
    h = fit.h if math.isfinite(fit.h) else math.copysign(biases[1], fit.b0)
    inset = 0.01
    (left, right), (low, high) = betas, biases
    return (
        min(max(fit.beta, left + inset * (right - left)), right - inset * (right - left)),
        min(max(h, low + inset * (high - low)), high - inset * (high - low)),
    )


def spinodal_traces(betas: Span) -> list[Trace]:
    """The bistable region, shaded, and its boundary."""
    beta = 1.0 + (betas[1] - 1.0) * np.linspace(0.0, 1.0, 160) ** 2
    h = spinodal_h(beta)
    outline = line([*beta[::-1], *beta], [*-h[::-1], *h], "--region", width=2, simplify=False)
    return [
        {
            **outline,
            "line": {"color": "--region/0", "width": 0},
            "fill": "toself",
            "fillcolor": "--region/0.13",
        },
        outline,
    ]


def region_notes(betas: Span, biases: Span) -> list[dict[str, Any]]:
    """What each region of the plane means for a population."""
    edge = {"xref": "paper", "yref": "paper", "x": 0.99, "xanchor": "right"}
    return [
        note("only the A consensus is stable", y=0.99, yanchor="top", **edge),
        note("only the B consensus is stable", y=0.01, yanchor="bottom", **edge),
        {
            **note("both are stable", x=betas[1], y=0.0, xanchor="right", xshift=-8),
            "font": {"size": 12, "color": "--region"},
        },
    ]


def _inside(value: float, centre: float, reach: float) -> float:
    """`value`, no further from `centre` than `reach`: one wide interval must not stretch the picture."""
    return min(max(value, centre - reach), centre + reach) if math.isfinite(value) else centre


def _uncertainty(pairs: Sequence[PairResult], betas: Span, biases: Span) -> list[Trace]:
    sound = [pair for pair in pairs if pair.fit.identifiable and math.isfinite(pair.fit.h)]
    if len(pairs) > FEW:
        return [trace for pair in sound for trace in _bars(pair.fit)]
    return [_cloud(pair, betas, biases) for pair in sound]


def _cloud(pair: PairResult, betas: Span, biases: Span) -> Trace:
    draws = pair.fit.draws[:: max(1, len(pair.fit.draws) // CLOUD)]
    beta = draws[:, 1]
    with np.errstate(divide="ignore", invalid="ignore"):
        h = draws[:, 0] / (2.0 * beta)
    seen = (beta > betas[0]) & (beta < betas[1]) & (h > biases[0]) & (h < biases[1])
    trace = points(beta[seen], h[seen], [], size=3.5, color=f"--{pair.look.tone}/0.28")
    return {**trace, "hoverinfo": "skip", "hovertemplate": None}


def _bars(fit: CurveFit) -> list[Trace]:
    return [
        line(fit.beta_ci, [fit.h, fit.h], "--ink-soft/0.35", width=1),
        line([fit.beta, fit.beta], fit.h_ci, "--ink-soft/0.35", width=1),
    ]


def _mark(pair: PairResult, betas: Span, biases: Span) -> Trace:
    fit = pair.fit
    x, y = place_on_plane(fit, betas, biases)
    hover = (
        f"<b>{plain(pair.name)}</b><br>β {number(fit.beta)} ({interval(fit.beta_ci)})<br>"
        f"h {number(fit.h)} ({interval(fit.h_ci)})<br>bistable with probability {percent(fit.p_bistable)}"
    )
    symbol = "circle" if fit.phase == "bistable" else "square-open"
    if not fit.identifiable:
        hover += "<br>β and h are not determined by the data"
        symbol = "x-thin-open"
    tone = f"--{pair.look.tone}"
    return points([x], [y], [hover], symbol=symbol, size=12, color=tone, line={"width": 2, "color": tone})


def _table(pairs: Sequence[PairResult]) -> Table:
    columns = (
        Column("pair", numeric=False),
        Column("β"),
        Column("95% interval of β", numeric=False),
        Column("h"),
        Column("95% interval of h", numeric=False),
        Column("h at the spinodal", hint="the largest |h| at which two states are stable for this β"),
        Column("bistable", hint="probability given the data"),
        Column("determined", numeric=False),
    )
    rows = []
    for pair in pairs:
        fit = pair.fit
        edge = float(spinodal_h(fit.beta))
        rows.append(
            (
                Cell(pair.name),
                Cell(number(fit.beta), fit.beta),
                Cell(interval(fit.beta_ci)),
                Cell(number(fit.h), fit.h),
                Cell(interval(fit.h_ci)),
                Cell(number(edge, 3), edge),
                Cell(percent(fit.p_bistable), fit.p_bistable),
                Cell("yes" if fit.identifiable else "no"),
            )
        )
    return Table("Conformity and bias of each pair", columns, rows)
