"""Observations to fitted curves: what `spinodal.fitting` offers."""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial
from typing import TYPE_CHECKING, Any

import numpy as np
from scipy import stats

from spinodal.fitting._curve_fit import CurveFit, CurvePoint, Interval, ResponseKind
from spinodal.fitting._held_out import Fitter, held_out_scores
from spinodal.fitting._lack_of_fit import lack_of_fit
from spinodal.fitting._lapse import fit_lapse
from spinodal.fitting._log_odds import Estimator, fit_log_odds
from spinodal.fitting._monotone import count_stable, fit_monotone
from spinodal.fitting._observations import Counts, Observations
from spinodal.fitting._table import Curve, read_curves
from spinodal.fitting._tanh import TanhEstimate, fit_counts
from spinodal.response import EmpiricalResponse, ResponseFunction, TanhResponse
from spinodal.theory import is_bistable

if TYPE_CHECKING:
    from collections.abc import Callable

    import pandas as pd


def fit_curves(
    table: pd.DataFrame,
    *,
    at_temperature: float | None = None,
    estimator: Estimator = "auto",
    on_curve: Callable[[int, int], None] | None = None,
) -> list[CurveFit]:
    """Fit every curve of a table of observations.

    `table` has a row an observation: `m` with `count_a, count_b` (and perhaps `count_invalid`), or `m` with
    `log_odds` (and perhaps `temperature`, `censored`). Every column that is not one of
    `tables.MEASURED_COLUMNS` groups rows into curves; curves come in the order of their first rows.
    `at_temperature` > 0 derives the response at another temperature, from log-odds only.
    `on_curve(done, total)` is called after each curve. Raises `RequestError` on a malformed table.
    """
    curves = read_curves(table, at_temperature)
    fits = []
    for done, curve in enumerate(curves, start=1):
        fits.append(_fit(curve, estimator))
        if on_curve is not None:
            on_curve(done, len(curves))
    return fits


def fit_curve(
    table: pd.DataFrame,
    *,
    keys: Mapping[str, Any] | None = None,
    at_temperature: float | None = None,
    estimator: Estimator = "auto",
) -> CurveFit:
    """Fit the one curve of a table, as `fit_curves` does.

    `keys` name the curve instead of the table's own grouping columns, which are then ignored: all rows are
    one curve. Raises `RequestError` where the table is malformed or, without `keys`, holds several curves.
    """
    from spinodal._errors import RequestError

    curves = read_curves(table, at_temperature, keys)
    if len(curves) != 1:
        raise RequestError(f"the table holds {len(curves)} curves, not one; use fit_curves")
    return _fit(curves[0], estimator)


def estimate_tanh(
    observations: Observations, estimator: Estimator = "auto", n_draws: int = 1000
) -> TanhEstimate:
    """The tanh response alone: a few milliseconds, for designs that refit as they go."""
    if isinstance(observations, Counts):
        tally = observations.effective_tally
        return fit_counts(tally.m, tally.a, tally.b, n_draws)
    return fit_log_odds(observations, estimator=estimator, n_draws=n_draws)


def probability_bistable(estimate: TanhEstimate) -> float:
    """Share of the draws of (b0, beta) that lie in the bistable region."""
    b0, beta = estimate.draws[:, 0], estimate.draws[:, 1]
    with np.errstate(divide="ignore", invalid="ignore"):
        return float(np.mean(is_bistable(beta, b0 / (2.0 * beta))))


def _fit(curve: Curve, estimator: Estimator) -> CurveFit:
    observations = curve.observations
    estimate = estimate_tanh(observations, estimator)
    effective = observations.effective_tally
    monotone = fit_monotone(effective.m, effective.a, effective.b) if effective.m.size > 1 else None
    fitters: dict[ResponseKind, Fitter] = {
        "tanh": partial(_tanh_response, estimator=estimator),
        "lapse": _lapse_response,
        "empirical": _empirical_response,
    }
    scores = held_out_scores(observations, fitters)
    preferred: ResponseKind = max(scores, key=lambda kind: scores[kind]) if scores else "tanh"
    return CurveFit(
        keys=curve.keys,
        readout="sample" if isinstance(observations, Counts) else "logprob",
        beta=estimate.beta,
        h=estimate.h,
        b0=estimate.b0,
        beta_ci=estimate.beta_ci,
        h_ci=estimate.h_ci,
        b0_ci=estimate.b0_ci,
        interval_method=estimate.method,
        phase="bistable" if is_bistable(estimate.beta, estimate.h) else "monostable",
        p_bistable=probability_bistable(estimate),
        identifiable=not estimate.note,
        note=estimate.note,
        tanh=TanhResponse.from_log_odds(estimate.b0, estimate.beta),
        lapse=_lapse_response(observations),
        empirical=EmpiricalResponse(monotone.m, monotone.p) if monotone else None,
        p_bistable_empirical=float(np.mean(count_stable(monotone.m, monotone.draws) >= 2))
        if monotone
        else None,
        preferred=preferred,
        scores={str(kind): score for kind, score in scores.items()},
        fit_p_value=lack_of_fit(observations),
        points=curve_points(observations),
        n_rows=curve.n_rows,
        n_valid=round(float(observations.tally.n.sum())),
        n_invalid=curve.n_invalid,
        draws=estimate.draws,
        empirical_draws=monotone.draws if monotone else None,
    )


def _tanh_response(observations: Observations, estimator: Estimator) -> ResponseFunction:
    estimate = estimate_tanh(observations, estimator, n_draws=200)
    return TanhResponse.from_log_odds(estimate.b0, estimate.beta)


def _lapse_response(observations: Observations) -> ResponseFunction | None:
    return fit_lapse(observations.effective_tally)


def _empirical_response(observations: Observations) -> ResponseFunction | None:
    tally = observations.effective_tally
    if tally.m.size < 2:
        return None
    monotone = fit_monotone(tally.m, tally.a, tally.b, n_draws=200)
    return EmpiricalResponse(monotone.m, monotone.p)


def curve_points(observations: Observations) -> tuple[CurvePoint, ...]:
    """Means by magnetization, with Jeffreys intervals (Brown, Cai & DasGupta 2001, Statist. Sci. 16:101)."""
    tally, effective = observations.tally, observations.effective_tally
    tails = np.array([[0.025], [0.975]])
    low, high = np.asarray(stats.beta.ppf(tails, effective.a + 0.5, effective.b + 0.5))
    share = tally.a / tally.n
    intervals: list[Interval] = [
        (min(float(at), float(lower)), max(float(at), float(upper)))
        for at, lower, upper in zip(share, low, high, strict=True)
    ]
    return tuple(
        CurvePoint(m=float(m), p=float(p), ci=ci, n=round(float(n)))
        for m, p, ci, n in zip(tally.m, share, intervals, tally.n, strict=True)
    )
