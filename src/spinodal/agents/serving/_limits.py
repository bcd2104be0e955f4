"""Limits as a provider's: requests a minute and requests at once."""

from __future__ import annotations

import math
from dataclasses import dataclass

from spinodal._errors import RequestError

_SPARE = 2.0
"""Seconds' worth of requests that may come at once after a pause: providers enforce their minute in parts."""


@dataclass(frozen=True)
class Limits:
    """What a server lets through; beyond it, it answers with status 429 and says when to come again.

    Raises:
        RequestError: a limit that is not above 0.
    """

    requests_per_minute: float | None = None
    """None is no limit. Two seconds' worth may come at once, then one each 60/limit seconds."""
    connections: int | None = None
    """Requests under way at once; None is no limit."""

    def __post_init__(self) -> None:
        rate = self.requests_per_minute
        if rate is not None and not (math.isfinite(rate) and rate > 0):
            raise RequestError(f"requests per minute are {rate}; give a number above 0")
        if self.connections is not None and self.connections < 1:
            raise RequestError(f"connections are {self.connections}; give 1 or more")


class Gate:
    """Keeps the limits of one server: a token bucket, and a count of what is under way."""

    def __init__(self, limits: Limits, now: float) -> None:
        self._limits = limits
        rate = limits.requests_per_minute
        self._rate = math.inf if rate is None else rate / 60.0
        self._size = max(1.0, self._rate * _SPARE)
        self._tokens, self._filled = self._size, now
        self._under_way = 0

    def enter(self, now: float) -> float:
        """Let a request in at a time in seconds: 0 where it may, else seconds after which to come again."""
        if self._limits.connections is not None and self._under_way >= self._limits.connections:
            return 1.0
        if math.isfinite(self._rate):
            self._tokens = min(self._size, self._tokens + (now - self._filled) * self._rate)
            self._filled = now
            if self._tokens < 1.0:
                return (1.0 - self._tokens) / self._rate
            self._tokens -= 1.0
        self._under_way += 1
        return 0.0

    def leave(self) -> None:
        """A request that was let in is over."""
        self._under_way -= 1
