"""What a guard is: one pure function over a conversation."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

from spinodal.guards._message import Message


@dataclass(frozen=True)
class GuardState:
    """What a guard may know beyond the conversation itself."""

    pending: bool = True
    """Whether the agent is about to take a turn of its own, before which the guard may speak; False where the
    conversation is only looked at, as by a question about it."""
    drift: float | None = None
    """The group's drift score, as the monitor has it; None where nobody watches."""
    stored: tuple[Message, ...] | None = None
    """The stored conversation, where other guards have edited the messages before; None where none has."""


class Guard(Protocol):
    """A run-time mitigation: edits what the model is shown, never what is stored."""

    @property
    def name(self) -> str:
        """What tables and pages call it."""

    def apply(self, messages: list[Message], state: GuardState = GuardState()) -> list[Message]:
        """What the model is to be shown instead of `messages`, which stay as they are.

        Args:
            messages: the stored conversation, oldest first.
            state: what the guard may know beyond it.
        """


@dataclass(frozen=True)
class NoGuard:
    """Shows the model what is stored."""

    name: str = "none"

    def apply(self, messages: list[Message], state: GuardState = GuardState()) -> list[Message]:
        return list(messages)
