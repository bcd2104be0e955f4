"""The figures of the report: one file a figure."""

from spinodal.report.figures._comparison import (
    difference_cells,
    difference_figure,
    overlay_figure,
    plane_figure,
)
from spinodal.report.figures._contagion_cooperation import cooperation_figure, cooperation_table
from spinodal.report.figures._contagion_guards import guards_by_trait, guards_figure
from spinodal.report.figures._contagion_others import others_figure
from spinodal.report.figures._contagion_profile import profile_figure
from spinodal.report.figures._contagion_traits import traits_figure
from spinodal.report.figures._lifetimes import lifetimes_figure, scaling_figure
from spinodal.report.figures._phase import phase_figure
from spinodal.report.figures._response import response_figure
from spinodal.report.figures._society_comparison import (
    loops_figure,
    side_by_side_figure,
    tipped_runs_figure,
)
from spinodal.report.figures._society_groups import groups_figure
from spinodal.report.figures._society_loop import loop_figure, loop_words
from spinodal.report.figures._society_paths import paths_figure
from spinodal.report.figures._society_response import in_loop_figure
from spinodal.report.figures._society_tipped import tipped_figure
from spinodal.report.figures._temperature import temperature_figure
from spinodal.report.figures._tipping import tipping_figure

__all__ = [
    "cooperation_figure",
    "cooperation_table",
    "difference_cells",
    "difference_figure",
    "groups_figure",
    "guards_by_trait",
    "guards_figure",
    "in_loop_figure",
    "lifetimes_figure",
    "loop_figure",
    "loop_words",
    "loops_figure",
    "others_figure",
    "overlay_figure",
    "paths_figure",
    "phase_figure",
    "plane_figure",
    "profile_figure",
    "response_figure",
    "scaling_figure",
    "side_by_side_figure",
    "temperature_figure",
    "tipped_figure",
    "tipped_runs_figure",
    "tipping_figure",
    "traits_figure",
]
