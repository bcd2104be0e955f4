"""The known name a user may have meant."""

from __future__ import annotations

from collections.abc import Iterable


def nearest(name: str, known: Iterable[str]) -> str:
    """The name in `known` (not empty) most like `name`, however far it is."""
    from difflib import get_close_matches

    return get_close_matches(name, list(known), n=1, cutoff=0.0)[0]
