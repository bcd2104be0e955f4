"""Observations to a fitted response function, with its uncertainty and diagnostics."""

from spinodal.fitting._curve_fit import CurveFit, CurvePoint, Interval

__all__ = ["CurveFit", "CurvePoint", "Interval"]
