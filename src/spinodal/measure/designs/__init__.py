"""Designs of a measurement: which magnetizations to ask, one class a file. Pure NumPy, no model code."""

from spinodal.measure.designs._adaptive import AdaptiveDesign
from spinodal.measure.designs._base import CurveData, Design, Readout, StopReason, magnetization
from spinodal.measure.designs._even import EvenDesign
from spinodal.measure.designs._study_grid import POINTS_OF_50, StudyGrid

__all__ = [
    "POINTS_OF_50",
    "AdaptiveDesign",
    "CurveData",
    "Design",
    "EvenDesign",
    "Readout",
    "StopReason",
    "StudyGrid",
    "magnetization",
]
