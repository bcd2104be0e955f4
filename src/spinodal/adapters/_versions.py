"""Which versions of a framework an adapter was tested with, and what happens with others."""

from __future__ import annotations

import re
import warnings
from importlib import metadata

from spinodal._errors import RequestError


class FrameworkWarning(UserWarning):
    """A framework newer than the adapter was tested with."""


def require_framework(package: str, *, lowest: str, below: str, extra: str | None) -> None:
    """Make sure that a framework is there, in a version that its adapter was tested with.

    Args:
        package: its name, as pip knows it.
        lowest: the first version that was tested.
        below: the first that was not.
        extra: the extra of ours that installs it; None where it has to be installed by itself.

    Raises:
        RequestError: it is missing, or older than the first version tested.

    Warns:
        FrameworkWarning: it is newer than the last version tested.
    """
    wanted = f"'spinodal[{extra}]'" if extra else f"'{package}>={lowest}'"
    try:
        found = metadata.version(package)
    except metadata.PackageNotFoundError:
        raise RequestError(f"{package} is not installed; run `pip install {wanted}`") from None
    if _numbers(found) < _numbers(lowest):
        raise RequestError(
            f"{package} {found} is older than {lowest}, the first version this adapter works with; "
            f"run `pip install --upgrade {wanted}`"
        )
    if _numbers(found) >= _numbers(below):
        warnings.warn(
            f"{package} {found} is newer than what this adapter was tested with (below {below}); "
            "see that reminders reach the model before you rely on it",
            FrameworkWarning,
            stacklevel=3,
        )


def _numbers(version: str) -> tuple[int, ...]:
    """The release of a version, as numbers: 1.2.0rc1 is (1, 2, 0)."""
    told = re.match(r"\d+(\.\d+)*", version)
    return tuple(map(int, told[0].split("."))) if told else ()
