"""When a guard speaks, counted in the agent's own turns."""

from __future__ import annotations

from dataclasses import dataclass

from spinodal._errors import RequestError


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

    def due(self, turn: int) -> bool:
        """Whether it speaks before the own turn with `turn` others before it."""
        return turn >= self.start and (turn - self.start) % self.every == 0

    def occasion(self, turn: int) -> int:
        """Number of the reminder that is due before a turn, from 0."""
        return (turn - self.start) // self.every
