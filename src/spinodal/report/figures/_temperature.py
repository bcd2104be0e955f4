"""Conformity at other sampling temperatures, from the same log-odds."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Final

from spinodal.fitting import TanhEstimate, estimate_tanh
from spinodal.report._pair import PairResult
from spinodal.report._table import Cell, Column, Table
from spinodal.report._words import interval, number
from spinodal.report.figures._figure import Figure, legend, named, note, plain, points, series
from spinodal.report.figures._response import log_odds_of
from spinodal.theory import is_bistable

TEMPERATURES: Final = (0.1, 0.2, 0.3, 0.5, 0.7, 1.0, 1.4, 2.0)

_SHOWN: Final = (0.2, 30.0)
"""Values of beta that are drawn; what lies beyond stands on the edge."""


def temperature_figure(pairs: Sequence[PairResult]) -> Figure | None:
    """beta against temperature, with the phase at each; None without log-probabilities."""
    curves = [(pair, fits) for pair in pairs if (fits := _fits(pair))]
    if not curves:
        return None
    traces, rows = [], []
    for style, (pair, fits) in zip(series(len(curves)), curves, strict=True):
        bistable = [bool(is_bistable(fit.beta, fit.h)) for _, fit in fits]
        hover = [
            f"<b>{plain(pair.name)}</b>, T = {t:g}<br>β {number(fit.beta)} ({interval(fit.beta_ci)})<br>"
            f"h {number(fit.h)}<br>{_phase(two)}"
            for (t, fit), two in zip(fits, bistable, strict=True)
        ]
        marks = points(
            [t for t, _ in fits],
            [min(max(fit.beta, _SHOWN[0]), _SHOWN[1]) for _, fit in fits],
            hover,
            symbol=[style.symbol if two else f"{style.symbol}-open" for two in bistable],
            size=9,
            color=style.color,
            line={"width": 2, "color": style.color},
        )
        stroke = {"color": style.color, "width": 1.6, "dash": style.dash}
        traces.append(named({**marks, "mode": "lines+markers", "line": stroke}, pair.name))
        for (t, fit), two in zip(fits, bistable, strict=True):
            values = (Cell(f"{t:g}", t), Cell(number(fit.beta), fit.beta), Cell(number(fit.h), fit.h))
            rows.append((Cell(pair.name), *values, Cell(_phase(two))))
    columns = (
        Column("pair", numeric=False),
        Column("temperature"),
        Column("β"),
        Column("h"),
        Column("phase", numeric=False),
    )
    low, high = (math.log10(value) for value in _SHOWN)
    return Figure(
        name="temperature",
        alt=(
            "Conformity beta against sampling temperature, one line a pair. Conformity mostly falls as "
            "temperature rises; filled marks are bistable."
        ),
        data=traces,
        layout={
            **legend(len(curves)),
            "xaxis": {"title": {"text": "sampling temperature T"}, "type": "log", "tickvals": TEMPERATURES},
            "yaxis": {
                "title": {"text": "conformity β"},
                "type": "log",
                "range": [low, high],
                "tickvals": [0.3, 1, 3, 10, 30],
                "ticktext": ["0.3", "1", "3", "10", "30+"],
            },
            "shapes": [
                {
                    "type": "rect",
                    "xref": "paper",
                    "x0": 0,
                    "x1": 1,
                    "y0": 1,
                    "y1": _SHOWN[1],
                    "fillcolor": "--region/0.08",
                    "line": {"width": 0},
                    "layer": "below",
                },
            ],
            "annotations": [
                {
                    **note("above β = 1, two states are possible", x=0.99, xref="paper", y=1, yref="paper"),
                    "xanchor": "right",
                    "yanchor": "top",
                    "yshift": -6,
                    "font": {"size": 12, "color": "--region"},
                }
            ],
        },
        height=420,
        caption=(
            "Filled marks: two stable states at that temperature; hollow: one. In the shaded band (β over 1) "
            "two states are possible. A colder model usually follows its peers more steeply. Derived from "
            "log-probabilities, not measured anew; it holds where the provider samples from the same "
            "probabilities it reports. Temperatures at which β and h are not determined are left out."
        ),
        table=Table("Conformity and bias at other temperatures", columns, rows),
    )


def _phase(bistable: bool) -> str:
    return "two stable states" if bistable else "one stable state"


def _fits(pair: PairResult) -> list[tuple[float, TanhEstimate]]:
    """(temperature, fit) wherever the response determines beta and h."""
    rows = pair.observations
    rows = rows[(rows["readout"] == "logprob") & rows["log_odds"].notna()]
    if rows["m"].nunique() < 3:
        return []
    estimates = ((t, estimate_tanh(log_odds_of(rows, t), n_draws=200)) for t in TEMPERATURES)
    return [(t, estimate) for t, estimate in estimates if not estimate.note and estimate.beta > 0.0]
