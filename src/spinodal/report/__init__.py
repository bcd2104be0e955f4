"""Run folders to one self-contained page: an assessment or two, a society or several, a contagion study, a
study of guards, a monitor's log, a whole study."""

from spinodal.report._assessment import render_report, write_report
from spinodal.report._comparison import render_comparison, run_names
from spinodal.report._contagion import render_contagion, write_contagion
from spinodal.report._differences import Difference, PairDifferences, compare_runs
from spinodal.report._guards import render_guards, write_guards
from spinodal.report._monitor import render_monitor
from spinodal.report._society import render_society, write_society
from spinodal.report._society_comparison import MOST_SOCIETIES, render_society_comparison, society_names
from spinodal.report._study import render_study, write_study

__all__ = [
    "MOST_SOCIETIES",
    "Difference",
    "PairDifferences",
    "compare_runs",
    "render_comparison",
    "render_contagion",
    "render_guards",
    "render_monitor",
    "render_report",
    "render_society",
    "render_society_comparison",
    "render_study",
    "run_names",
    "society_names",
    "write_contagion",
    "write_guards",
    "write_report",
    "write_society",
    "write_study",
]
