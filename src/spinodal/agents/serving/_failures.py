"""Requests that fail on purpose: which, and how, follows from a seed and the request."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from enum import Enum

from spinodal._errors import RequestError


class Failure(Enum):
    """How a request fails."""

    ERROR = "answered with status 500"
    SILENCE = "the connection closed without an answer"
    CUT = "the connection closed in the middle of the answer"


@dataclass(frozen=True)
class Failures:
    """A share of the requests fails, each kind of failure as often.

    The same request in the same attempt fares the same whoever sends it and when: a trial can be repeated.

    Raises:
        RequestError: a share that is not in [0, 1).
    """

    share: float = 0.0
    """Of the requests that the limits let in, in [0, 1)."""
    seed: int = 0

    def __post_init__(self) -> None:
        if not 0.0 <= self.share < 1.0:
            raise RequestError(f"the share of failures is {self.share}; give 0 or more, and below 1")

    def of(self, digest: str, attempt: int) -> Failure | None:
        """How a request fails the `attempt`-th time (from 1) that it is let in; None where it is answered."""
        drawn = hashlib.sha256(f"{self.seed}\0{digest}\0{attempt}".encode()).digest()
        if int.from_bytes(drawn[:8], "big") >= self.share * 2**64:
            return None
        return list(Failure)[drawn[8] % len(Failure)]
