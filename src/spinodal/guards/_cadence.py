"""When a guard speaks, counted in the agent's own turns."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Protocol

from spinodal._errors import RequestError


class When(Protocol):
    """When a guard speaks: a family, one small class each."""

    def due(self, turn: int, drift: float | None = None) -> bool:
        """Whether it speaks before the own turn with `turn` others before it.

        Args:
            turn: from 0.
            drift: the group's drift score at that turn; None where nobody watches, or it is past.
        """

    def occasion(self, turn: int) -> int:
        """Number of the reminder before a turn at which it is due, from 0."""


@dataclass(frozen=True)
class Cadence:
    """Before every so-manieth own turn of the agent.

    Counted from the conversation alone, so that it survives restarts, chats of one request a turn, and
    conversations side by side.

    Raises:
        RequestError: a number of turns that is none.
    """

    every: int = 2
    """Own turns from one reminder to the next."""
    first: int | None = None
    """Own turns before the first reminder, 0 or more; None takes `every`."""

    def __post_init__(self) -> None:
        if self.every < 1:
            raise RequestError(
                f"a guard that speaks every {self.every} turns; give a whole number, 1 or more"
            )
        if self.first is not None and self.first < 0:
            raise RequestError(f"a guard that speaks first after {self.first} turns; give 0 or more")

    @property
    def start(self) -> int:
        """Own turns before the first reminder."""
        return self.every if self.first is None else self.first

    def due(self, turn: int, drift: float | None = None) -> bool:
        return turn >= self.start and (turn - self.start) % self.every == 0

    def occasion(self, turn: int) -> int:
        return (turn - self.start) // self.every


@dataclass(frozen=True)
class OnDrift:
    """While the group drifts: before every own turn at which its drift score is at the threshold or above.

    The score is the monitor's (`spinodal.monitor`): 0 at the aligned state, 1 where the basin of the
    misaligned one begins. Where nobody watches, it never speaks.

    Raises:
        RequestError: a threshold that is no number above 0.
    """

    threshold: float = 0.5

    def __post_init__(self) -> None:
        if not (math.isfinite(self.threshold) and self.threshold > 0):
            raise RequestError(
                f"a guard that speaks at a drift of {self.threshold:g}; give a number above 0, "
                "where 1 is the edge of the misaligned basin"
            )

    def due(self, turn: int, drift: float | None = None) -> bool:
        return drift is not None and drift >= self.threshold

    def occasion(self, turn: int) -> int:
        return turn
