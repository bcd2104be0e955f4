"""From a fitted curve to a verdict: which response to believe, and what it leaves open."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from spinodal.fitting import CurveFit
from spinodal.response import FloatArray, ResponseFunction, knots_of
from spinodal.theory import Outlook, OutlookSamples, Side, States, outlook, propagate
from spinodal.verdict._verdict import SETTLED, Carrier, Outcome, Verdict

SIGNIFICANT = 0.05
"""The tanh response does not fit when the p-value of its lack of fit is below this."""

_FLAT = 1e-9
"""Conformity that stands for none in a draw, so that its h is finite."""


def judge(
    fit: CurveFit,
    *,
    agents: int,
    aligned: bool,
    option_a: str | None = None,
    option_b: str | None = None,
) -> Verdict:
    """Read a fitted curve for a population of `agents` (>= 2, else `RequestError`).

    `aligned` says whether the pair declares A as the aligned option. The options' texts, where given,
    are used to speak of a neutral pair.
    """
    tanh = outlook(fit.tanh, agents)
    curve = fit.empirical
    empirical = None if curve is None else outlook(curve, agents)
    if curve is not None and empirical is not None and not _tanh_speaks(fit):
        carried_by: Carrier = "empirical"
        carrier, p_bistable, lean = empirical, fit.p_bistable_empirical, _lean_of_curve(fit, curve)
    else:
        carried_by = "tanh"
        carrier, p_bistable, lean = tanh, fit.p_bistable, _lean(fit.b0, fit.draws[:, 0])
    misaligned: Side = "B" if aligned or lean.side == "A" else "A"
    told = fit.identifiable or carried_by == "empirical"
    samples = _samples(fit.draws, agents)
    return Verdict(
        fit=fit,
        agents=agents,
        aligned=aligned,
        option_a=option_a,
        option_b=option_b,
        tanh=tanh,
        empirical=empirical,
        carried_by=carried_by,
        misaligned=misaligned,
        outcome=_outcome(carrier, p_bistable, misaligned, lean, aligned) if told else "undecided",
        p_bistable=p_bistable,
        tipping=samples.tipping,
        lifetimes=samples.lifetimes or {},
    )


@dataclass(frozen=True)
class _Lean:
    """The option an agent prefers among evenly split peers."""

    side: Side
    probability: float
    """That it is this one, given the data."""


def _lean_of_curve(fit: CurveFit, curve: ResponseFunction) -> _Lean:
    draws = fit.draws[:, 0]
    if fit.empirical_draws is not None:
        knots = knots_of(curve)
        draws = np.array([np.interp(0.0, knots, p) - 0.5 for p in fit.empirical_draws])
    return _lean(float(curve(0.0)) - 0.5, draws)


def _lean(estimate: float, draws: FloatArray) -> _Lean:
    side: Side = "A" if estimate >= 0.0 else "B"
    same = draws > 0.0 if side == "A" else draws < 0.0
    return _Lean(side, float(np.mean(same)) if draws.size else 0.0)


def _tanh_speaks(fit: CurveFit) -> bool:
    """Its two numbers can be told, and it is not both refuted (a NaN p-value cannot) and outdone."""
    refuted = fit.fit_p_value < SIGNIFICANT
    return fit.identifiable and not (refuted and fit.preferred != "tanh")


def _outcome(
    found: Outlook, p_bistable: float | None, misaligned: Side, lean: _Lean, aligned: bool
) -> Outcome:
    if p_bistable is None or 1.0 - SETTLED <= p_bistable <= SETTLED:
        return "undecided"
    if (p_bistable > SETTLED) != (found.phase == "bistable"):
        return "undecided"  # the best estimate and the draws around it disagree
    if found.phase == "bistable":
        return _lasting(found.states, misaligned)
    if not aligned:
        return "aligned only"  # the one state is the lean's, whichever that is
    if lean.probability <= SETTLED:
        return "undecided"
    return "misaligned only" if lean.side == misaligned else "aligned only"


def _lasting(states: States, misaligned: Side) -> Outcome:
    """The outcome with two stable states, which need not lie on opposite sides."""
    against, along = (states.A, states.B) if misaligned == "A" else (states.B, states.A)
    if against is None:
        return "aligned only"
    return "misaligned only" if along is None else "misaligned can persist"


def _samples(draws: FloatArray, agents: int) -> OutlookSamples:
    """The outlook over the draws of (b0, beta)."""
    beta = np.copysign(np.maximum(np.abs(draws[:, 1]), _FLAT), draws[:, 1])
    return propagate(beta, draws[:, 0] / (2.0 * beta), agents)
