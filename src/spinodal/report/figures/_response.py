"""How one agent answers its peers: every observation, the fits, and where a population settles."""

from __future__ import annotations

from typing import Any, Final

import numpy as np
import pandas as pd
from scipy.special import expit

from spinodal.fitting import CurveFit, LogOdds
from spinodal.report._pair import PairResult
from spinodal.report._table import Cell, Column, Table
from spinodal.report._words import interval, number, percent, plural
from spinodal.report.figures._figure import Figure, Trace, line, points
from spinodal.response import FloatArray

GRID: Final[FloatArray] = np.linspace(-1.0, 1.0, 81)

RESPONSE_AXES: Final[dict[str, Any]] = {
    "margin": {"b": 8},
    "xaxis": {
        "title": {"text": "what its peers say (magnetization m)"},
        "range": [-1.1, 1.1],
        "tickvals": [-1, -0.5, 0, 0.5, 1],
        "ticktext": ["−1<br>all B", "−0.5", "0<br>even", "0.5", "1<br>all A"],
    },
    "yaxis": {"title": {"text": "P(it says A)"}, "range": [-0.06, 1.06], "dtick": 0.25},
}

ORDER_GAP: Final = 0.05
"""Smallest mean difference between listing orders, in probability, that is worth a reader's look."""


def response_figure(pair: PairResult) -> Figure:
    """The response curve of one pair."""
    fit = pair.fit
    traces = [diagonal(), *_band(fit), _observations(pair.observations), *_curves(fit)]
    order = listing_order(pair.observations)
    traces += _order_means(order)
    traces += [_levels(fit), *_fixed_points(pair)]
    return Figure(
        name=f"response-{pair.number}",
        alt=_alt(pair),
        data=traces,
        layout=RESPONSE_AXES,
        height=300,
        caption=_caption(pair, order),
        table=_table(pair),
    )


def observed_probability(observations: pd.DataFrame) -> FloatArray:
    """Probability of A in each row: from the log-odds at the row's temperature, or the counted share."""
    valid = (observations["count_a"] + observations["count_b"]).to_numpy(float)
    with np.errstate(divide="ignore", invalid="ignore"):
        counted = observations["count_a"].to_numpy(float) / valid
    return np.where(observations["readout"] == "logprob", log_odds_of(observations).p, counted)


def log_odds_of(observations: pd.DataFrame, temperature: float | None = None) -> LogOdds:
    """The rows as log-odds read at `temperature`, or at their own (1 where the run does not know it)."""
    if temperature is None:
        known = observations["temperature"].dropna()
        temperature = float(known.iloc[0]) if len(known) else 1.0
    censored = observations.get("censored", pd.Series(False, index=observations.index)).fillna(False)
    return LogOdds(
        observations["m"].to_numpy(float),
        observations["log_odds"].to_numpy(float),
        temperature,
        np.asarray(censored, dtype=np.float64),
    )


def diagonal() -> Trace:
    """P(A) = (1 + m)/2: where a response crosses it, a population stands still."""
    return line([-1, 1], [0, 1], "--ink-soft/0.7", width=1, dash="dash")


def listing_order(observations: pd.DataFrame) -> pd.DataFrame | None:
    """Mean P(A) by magnetization and listing order, where the order visibly matters; else None."""
    if "listed" not in observations:
        return None
    rows = pd.DataFrame(
        {"m": observations["m"], "listed": observations["listed"], "p": observed_probability(observations)}
    )
    rows = rows[rows["listed"].isin(["ab", "ba"])].dropna()
    means = rows.groupby(["m", "listed"])["p"].mean().unstack("listed").dropna()
    if len(means) < 2 or means.shape[1] < 2:
        return None
    gap = means["ab"] - means["ba"]
    error = float(gap.std(ddof=1)) / np.sqrt(len(gap))
    return means if abs(gap.mean()) > max(ORDER_GAP, 2 * error) else None


def band(fit: CurveFit) -> FloatArray:
    """Shape (3, len(GRID)): 2.5%, 50% and 97.5% of the tanh response over the fit's draws."""
    b0, beta = fit.draws.T
    curves = expit(b0[:, None] + 2.0 * beta[:, None] * GRID)
    quantiles: FloatArray = np.quantile(curves, [0.025, 0.5, 0.975], axis=0)
    return quantiles


def _band(fit: CurveFit) -> list[Trace]:
    if not len(fit.draws):
        return []
    low, _, high = band(fit)
    edge = line([*GRID, *GRID[::-1]], [*low, *high[::-1]], "--curve/0", width=0)
    return [{**edge, "fill": "toself", "fillcolor": "--curve/0.13"}]


def _curves(fit: CurveFit) -> list[Trace]:
    curves = []
    if fit.empirical is not None:
        curves.append(line(GRID, fit.empirical(GRID), "--empirical", width=2, dash="dot"))
    if fit.lapse is not None and fit.preferred == "lapse":
        curves.append(line(GRID, fit.lapse(GRID), "--series-6", width=2, dash="dashdot"))
    return [*curves, line(GRID, fit.tanh(GRID), "--curve", width=2.2)]


def _observations(observations: pd.DataFrame) -> Trace:
    p = observed_probability(observations)
    jitter = 0.05 * ((np.arange(len(p)) * 0.6180339887) % 1.0 - 0.5)  # even spread, the same every time
    samples = observations["n_samples"].to_numpy(float)
    size = np.where(samples > 0, np.clip(3.0 + np.sqrt(samples), 4.0, 11.0), 5.0)
    hover = [
        f"{row.n_a:.0f} of {row.n_peers:.0f} peers say A (m = {number(row.m)})<br>"
        + (
            f"P(A) = {number(value, 3)}"
            if row.readout == "logprob"
            else f"A {row.count_a:.0f}, B {row.count_b:.0f}, neither {row.count_invalid:.0f}"
        )
        for row, value in zip(observations.itertuples(), p, strict=True)
    ]
    symbol = np.where(log_odds_of(observations).censored > 0, "triangle-up-open", "circle")
    return points(
        observations["m"].to_numpy(float) + jitter,
        p,
        hover,
        size=size,
        symbol=symbol,
        color="--a/0.5",
    )


def _levels(fit: CurveFit) -> Trace:
    at = fit.points
    hover = [
        f"m = {number(point.m)}<br>mean P(A) = {number(point.p, 3)}<br>"
        f"95% interval {interval(point.ci, 3)}<br>n = {point.n}"
        for point in at
    ]
    marks = points(
        [point.m for point in at],
        [point.p for point in at],
        hover,
        symbol="line-ew-open",
        size=13,
        color="--curve",
        line={"width": 2},
    )
    marks["error_y"] = {
        "type": "data",
        "symmetric": False,
        "array": [max(point.ci[1] - point.p, 0.0) for point in at],
        "arrayminus": [max(point.p - point.ci[0], 0.0) for point in at],
        "color": "--curve",
        "thickness": 1.2,
        "width": 0,
    }
    return marks


def _fixed_points(pair: PairResult) -> list[Trace]:
    traces = []
    for stable in (True, False):
        at = [point.m for point in pair.fixed_points if point.stable is stable]
        kind = "stable: a population settles here" if stable else "unstable: a population leaves from here"
        hover = [f"fixed point m = {number(m)}<br>{kind}" for m in at]
        fill = ["--a" if m > 0 else "--b" for m in at] if stable else "--surface"
        traces.append(
            points(
                at,
                [(1 + m) / 2 for m in at],
                hover,
                size=13 if stable else 11,
                symbol="circle" if stable else "diamond",
                color=fill,
                line={"color": "--surface" if stable else "--ink", "width": 2},
            )
        )
    return traces


def _order_means(means: pd.DataFrame | None) -> list[Trace]:
    if means is None:
        return []
    first = (("ab", "triangle-left-open", "A"), ("ba", "triangle-right-open", "B"))
    return [
        points(
            means.index,
            means[listed],
            [f"{option} listed first<br>mean P(A) = {number(p, 3)}" for p in means[listed]],
            symbol=symbol,
            size=10,
            color="--series-4",
            line={"width": 1.6},
        )
        for listed, symbol, option in first
    ]


def _caption(pair: PairResult, order: pd.DataFrame | None) -> str:
    fit = pair.fit
    parts = [f"β {number(fit.beta)}, h {number(fit.h)}, from {plural(fit.n_rows, 'prompt')}."]
    if not fit.identifiable:
        parts = [f"β and h are not determined: {fit.note.rstrip('.')}."]
    if fit.identifiable and fit.preferred != "tanh":
        parts.append(f"The {fit.preferred} response predicts held-out answers better than tanh.")
    if order is not None:
        gap = float((order["ab"] - order["ba"]).mean())
        parts.append(
            f"The listing order matters: P(A) is {number(abs(gap))} {'higher' if gap > 0 else 'lower'} "
            "on average when A is listed first (triangles)."
        )
    return " ".join(parts)


def _alt(pair: PairResult) -> str:
    low, high = (float(value) for value in pair.fit.tanh([-1.0, 1.0]))
    settled = ", ".join(
        f"{'stable' if point.stable else 'unstable'} at m = {number(point.m)}" for point in pair.fixed_points
    )
    return (
        f"Response curve of {pair.name}: the probability of answering A goes from {percent(low)} when all "
        f"peers say B to {percent(high)} when all say A. Fixed points: {settled or 'none'}."
    )


def _table(pair: PairResult) -> Table:
    columns = (
        Column("m", hint="perceived magnetization"),
        Column("mean P(A)"),
        Column("95% interval", numeric=False),
        Column("n", hint="valid samples, or prompts"),
        Column("tanh fit"),
    )
    rows = []
    for point in pair.fit.points:
        fitted = float(pair.fit.tanh(point.m))
        rows.append(
            (
                Cell(number(point.m), point.m),
                Cell(number(point.p, 3), point.p),
                Cell(interval(point.ci, 3)),
                Cell(str(point.n), point.n),
                Cell(number(fitted, 3), fitted),
            )
        )
    return Table(f"Response of {pair.name}, by what the peers say", columns, rows)
