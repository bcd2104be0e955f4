"""Prediction against observation: trajectories of a population against what its response forecasts."""

from spinodal.agreement._agreement import Agreement, Aspect, StartAgreement, agreement
from spinodal.agreement._aspects import ASPECTS
from spinodal.agreement._forecast import Forecast

__all__ = ["ASPECTS", "Agreement", "Aspect", "Forecast", "StartAgreement", "agreement"]
