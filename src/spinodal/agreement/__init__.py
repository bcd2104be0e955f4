"""Prediction against observation: trajectories of a population against what its response forecasts."""

from spinodal.agreement._agreement import Agreement, StartAgreement, agreement
from spinodal.agreement._forecast import Forecast

__all__ = ["Agreement", "Forecast", "StartAgreement", "agreement"]
