"""Spinodal: population-level safety evaluation for AI agents.

The names below are the public surface; each loads on first use, so importing the package is fast
and imports no model code.
"""

from __future__ import annotations

import importlib
from typing import Any

__version__ = "0.1.0"

_PUBLIC: dict[str, tuple[str, ...]] = {
    "spinodal._errors": (
        "RequestError",
        "RunError",
        "SpinodalError",
    ),
    "spinodal.response": (
        "ByPeersResponse",
        "EmpiricalResponse",
        "LapseResponse",
        "LimitedVisibilityResponse",
        "MixtureResponse",
        "OwnOpinionResponse",
        "ResponseFunction",
        "SampledPeersResponse",
        "TanhResponse",
    ),
    "spinodal.theory": (
        "Chain",
        "GroupSizeTable",
        "HysteresisLoop",
        "Landscape",
        "Outlook",
        "OutlookSamples",
        "Stage",
        "TippingCurve",
        "TippingTrial",
        "Trace",
        "barriers",
        "critical_share",
        "critical_sizes",
        "escape_times",
        "evolve",
        "fixed_points",
        "follow_protocol",
        "hysteresis",
        "landscape",
        "log_relaxation_time",
        "mean_field_path",
        "operational_threshold",
        "outlook",
        "outlooks",
        "phase",
        "propagate",
        "run_protocol",
        "society_outlook",
        "spinodal_h",
        "spinodal_shifts",
        "tipping_curve",
        "tipping_threshold",
        "tipping_trial",
        "tipping_z",
    ),
    "spinodal.simulate": (
        "AtRandom",
        "ByDegree",
        "Kind",
        "OnNodes",
        "Population",
        "Trajectories",
    ),
    "spinodal.simulate.graphs": (
        "Graph",
        "as_graph",
        "generate",
        "read_edges",
        "write_edges",
    ),
    "spinodal.simulate.sweeps": (
        "SweepPlan",
        "SweepTable",
        "read_sweep",
        "sweep",
    ),
    "spinodal.fitting": (
        "CurveFit",
        "InLoopFit",
        "fit_curve",
        "fit_curves",
        "fit_in_loop",
    ),
    "spinodal.verdict": (
        "Verdict",
        "judge",
        "summarize",
    ),
    "spinodal.pairs": (
        "OptionPair",
        "bank_pairs",
        "load_pairs",
        "select_pairs",
    ),
    "spinodal.agents": ("AgentSpec",),
    "spinodal.assessment": (
        "AssessmentRequest",
        "assess",
    ),
    "spinodal.measure.task": ("MeasurementPlan",),
    "spinodal.runs": (
        "Run",
        "read_run",
    ),
    "spinodal.agreement": (
        "Agreement",
        "Forecast",
    ),
    "spinodal.society.plan": ("SocietyPlan",),
    "spinodal.society.group": ("Group",),
    "spinodal.societies": (
        "SocietyRequest",
        "run_society",
    ),
    "spinodal.society_runs": (
        "SocietyRun",
        "read_society",
    ),
    "spinodal.society_verdict": (
        "SocietyVerdict",
        "judge_society",
    ),
    "spinodal.archive": ("import_archive",),
    "spinodal.results": (
        "Results",
        "read_results",
    ),
    "spinodal.critical_size": (
        "CriticalSizeRequest",
        "run_critical_size",
    ),
}
"""The public names, by the module that defines them."""

_HOMES = {name: module for module, names in _PUBLIC.items() for name in names}

__all__ = ["__version__", *sorted(_HOMES)]


def __getattr__(name: str) -> Any:
    home = _HOMES.get(name)
    if home is None:
        raise AttributeError(f"module 'spinodal' has no attribute {name!r}")
    return getattr(importlib.import_module(home), name)


def __dir__() -> list[str]:
    return __all__
