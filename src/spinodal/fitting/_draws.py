"""A fit as responses: the one it prefers, and equally likely draws that carry its uncertainty on."""

from __future__ import annotations

import numpy as np

from spinodal.fitting._curve_fit import CurveFit
from spinodal.response import EmpiricalResponse, ResponseFunction, TanhResponse, knots_of


def preferred_response(fit: CurveFit) -> ResponseFunction:
    """The response that predicts held-out observations best."""
    responses = {"tanh": fit.tanh, "lapse": fit.lapse, "empirical": fit.empirical}
    return responses[fit.preferred] or fit.tanh


def draw_responses(fit: CurveFit, number: int, seed: int = 0) -> list[ResponseFunction]:
    """So many equally likely draws of the preferred response, in random order.

    Of the posterior of (b0, beta) for the tanh response, else of the empirical response: the response with
    a floor and a ceiling has no draws of its own, and the monotone ones hold such curves.
    """
    random = np.random.default_rng(seed)
    if fit.preferred == "tanh" or fit.empirical is None or fit.empirical_draws is None:
        chosen = random.choice(len(fit.draws), number, replace=number > len(fit.draws))
        return [TanhResponse.from_log_odds(b0, beta) for b0, beta in fit.draws[chosen].tolist()]
    drawn, knots = fit.empirical_draws, knots_of(fit.empirical)
    chosen = random.choice(len(drawn), number, replace=number > len(drawn))
    return [EmpiricalResponse(knots, np.clip(drawn[one], 0.0, 1.0)) for one in chosen]
