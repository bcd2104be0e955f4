"""A run folder, or two, to one self-contained page."""

from spinodal.report._assessment import render_report, write_report

__all__ = ["render_report", "write_report"]
