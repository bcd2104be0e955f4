"""Spinodal: population-level safety evaluation for AI agents.

The names below are the public surface; each loads on first use, so importing the package is fast
and imports no model code.
"""

from __future__ import annotations

import importlib
from typing import Any

__version__ = "0.1.0"

_HOMES: dict[str, str] = {
    "RequestError": "spinodal._errors",
    "RunError": "spinodal._errors",
    "SpinodalError": "spinodal._errors",
    "ResponseFunction": "spinodal.response",
}

__all__ = ["__version__", *sorted(_HOMES)]


def __getattr__(name: str) -> Any:
    home = _HOMES.get(name)
    if home is None:
        raise AttributeError(f"module 'spinodal' has no attribute {name!r}")
    return getattr(importlib.import_module(home), name)


def __dir__() -> list[str]:
    return __all__
