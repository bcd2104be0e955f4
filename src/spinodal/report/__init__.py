"""A run folder, or two, to one self-contained page."""

from spinodal.report._assessment import render_report, write_report
from spinodal.report._comparison import render_comparison, run_names
from spinodal.report._differences import Difference, PairDifferences, compare_runs

__all__ = [
    "Difference",
    "PairDifferences",
    "compare_runs",
    "render_comparison",
    "render_report",
    "run_names",
    "write_report",
]
