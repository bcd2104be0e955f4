"""A conversation as guards see it: no framework's messages, but what all frameworks' have in common."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

Role = Literal["system", "user", "assistant"]


@dataclass(frozen=True)
class Message:
    """One message of a conversation, from the agent's own point of view."""

    role: Role
    """ "assistant" is the agent itself; peers and the host are "user"."""
    content: str
    speaker: str = ""
    """The peer that wrote it; "" where it is the agent's own, or the host's (the user, the environment)."""
    guard: str = ""
    """The guard that put it there for the model to see; "" for what is stored."""


def own_turns(messages: list[Message]) -> int:
    """Turns that the agent has taken in a conversation."""
    return sum(message.role == "assistant" for message in messages)
