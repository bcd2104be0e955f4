"""The figures of the report: one file a figure."""

from spinodal.report.figures._comparison import (
    difference_cells,
    difference_figure,
    overlay_figure,
    plane_figure,
)
from spinodal.report.figures._lifetimes import lifetimes_figure, scaling_figure
from spinodal.report.figures._phase import phase_figure
from spinodal.report.figures._response import response_figure
from spinodal.report.figures._temperature import temperature_figure
from spinodal.report.figures._tipping import tipping_figure

__all__ = [
    "difference_cells",
    "difference_figure",
    "lifetimes_figure",
    "overlay_figure",
    "phase_figure",
    "plane_figure",
    "response_figure",
    "scaling_figure",
    "temperature_figure",
    "tipping_figure",
]
