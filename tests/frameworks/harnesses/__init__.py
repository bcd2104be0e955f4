"""The frameworks that can be spoken to in this environment, a module each."""

from __future__ import annotations

import os
from importlib import import_module
from pathlib import Path
from typing import Any

from spinodal._errors import RequestError

NAMES = sorted(file.stem for file in Path(__file__).parent.glob("*.py") if file.stem != "__init__")
"""Every framework that has a harness."""

REQUIRED = tuple(
    name for name in os.environ.get("SPINODAL_FRAMEWORKS", "").replace(" ", "").split(",") if name
)
"""Those that are tested and must be there; where none is named, all are tested, and skipped if missing."""


def load(name: str) -> Any:
    """The class `Framework` of a harness module.

    Raises:
        FrameworkMissing: the framework is not installed.
    """
    if name not in NAMES:
        raise RequestError(f"no harness {name!r}; there are {', '.join(NAMES)}")
    try:
        return import_module(f"harnesses.{name}").Framework
    except ModuleNotFoundError as error:
        if (error.name or "").startswith(("spinodal.adapters", "harnesses", "recorder")):
            raise  # a fault of ours, whatever is installed
        raise FrameworkMissing(f"{name}: {error}") from error
    except RequestError as error:
        if "is not installed" in str(error):
            raise FrameworkMissing(f"{name}: {error}") from error
        raise


class FrameworkMissing(Exception):
    """A framework that is not installed here."""
