"""The figures of the report: one file a figure."""

from spinodal.report.figures._lifetimes import lifetimes_figure, scaling_figure
from spinodal.report.figures._phase import phase_figure
from spinodal.report.figures._response import response_figure
from spinodal.report.figures._temperature import temperature_figure
from spinodal.report.figures._tipping import tipping_figure

__all__ = [
    "lifetimes_figure",
    "phase_figure",
    "response_figure",
    "scaling_figure",
    "temperature_figure",
    "tipping_figure",
]
