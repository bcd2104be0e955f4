"""How far a long computation is."""

from __future__ import annotations

from collections.abc import Callable

Progress = Callable[[float], None]
"""Told the share of a long computation that is done, in [0, 1]."""


def part_of(progress: Progress | None, begin: float, share: float) -> Progress | None:
    """Progress of a part that begins at `begin` and makes up `share` of the whole."""
    return None if progress is None else lambda done: progress(begin + share * done)
