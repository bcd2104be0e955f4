"""What this machine has: cores to work on, memory that a request may not exceed."""

from __future__ import annotations

import os

from spinodal._errors import RequestError

_SHARE = 0.8
"""Of the machine's memory, what one request may take."""


def cores() -> int:
    """Cores that this process may use."""
    try:
        return len(os.sched_getaffinity(0))
    except AttributeError:  # not every system tells
        return os.cpu_count() or 1


def require_memory(needed: float, what: str) -> None:
    """Raise `RequestError` if `needed` bytes are more than this machine could spare; `what` needs them."""
    most = os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
    if needed > _SHARE * most:
        raise RequestError(
            f"{what} take about {needed / 1e9:,.0f} GB, and this machine has {most / 1e9:,.0f} GB; "
            "ask for fewer"
        )
