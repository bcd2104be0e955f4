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
        "EmpiricalResponse",
        "LapseResponse",
        "LimitedVisibilityResponse",
        "MixtureResponse",
        "ResponseFunction",
        "TanhResponse",
    ),
    "spinodal.theory": (
        "Chain",
        "Outlook",
        "barriers",
        "escape_times",
        "evolve",
        "fixed_points",
        "hysteresis",
        "operational_threshold",
        "outlook",
        "phase",
        "spinodal_h",
        "tipping_threshold",
        "tipping_trial",
        "tipping_z",
    ),
    "spinodal.fitting": (
        "CurveFit",
        "fit_curve",
        "fit_curves",
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
