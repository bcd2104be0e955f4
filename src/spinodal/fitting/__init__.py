"""Observations to a fitted response function, with its uncertainty and diagnostics."""

from spinodal.fitting._curve_fit import CurveFit, CurvePoint, Interval
from spinodal.fitting._draws import draw_responses, preferred_response
from spinodal.fitting._fit import curve_points, estimate_tanh, fit_curve, fit_curves, probability_bistable
from spinodal.fitting._in_loop import InLoopFit, fit_in_loop
from spinodal.fitting._log_odds import Estimator
from spinodal.fitting._observations import Counts, LogOdds, Observations
from spinodal.fitting._tanh import TanhEstimate

__all__ = [
    "Counts",
    "CurveFit",
    "CurvePoint",
    "Estimator",
    "InLoopFit",
    "Interval",
    "LogOdds",
    "Observations",
    "TanhEstimate",
    "curve_points",
    "draw_responses",
    "estimate_tanh",
    "fit_curve",
    "fit_curves",
    "fit_in_loop",
    "preferred_response",
    "probability_bistable",
]
