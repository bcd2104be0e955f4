"""A conversation as guards see it: no framework's messages, but what all frameworks' have in common."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal

Role = Literal["system", "user", "assistant", "tool"]


@dataclass(frozen=True)
class Message:
    """One message of a conversation, from the agent's own point of view."""

    role: Role
    """ "assistant" is the agent itself; peers and the host are "user", what a tool gave back is "tool"."""
    content: str
    speaker: str = ""
    """The peer that wrote it; "" where it is the agent's own, or the host's (the user, the environment)."""
    guard: str = ""
    """The guard that put it there for the model to see; "" for what is stored."""
    calls: bool = False
    """Of the agent's own: whether it calls tools, so that its turn goes on."""
    at: int | None = None
    """Number of the stored message that this shows; None where a guard put it there, or nobody counts."""


def turn_starts(messages: Sequence[Message]) -> list[int]:
    """Where each own turn begins: at the first message of the agent's own in it.

    A turn is what the agent says before others may speak: calls of tools and what they gave back belong to
    the turn whose answer they serve.
    """
    starts: list[int] = []
    under_way = False
    for at, message in enumerate(messages):
        if message.role != "assistant":
            under_way = under_way and message.role == "tool"
            continue
        if not under_way:
            starts.append(at)
        under_way = message.calls
    return starts


def in_turn(messages: Sequence[Message]) -> bool:
    """Whether a turn of the agent's own is under way: it called tools and has not answered yet."""
    for message in reversed(messages):
        if message.role != "tool":
            return message.role == "assistant" and message.calls
    return False


def own_turns(messages: Sequence[Message]) -> int:
    """Turns that the agent has begun in a conversation."""
    return len(turn_starts(messages))


def altered(message: Message, **changes: Any) -> Message:
    """`dataclasses.replace`, several times as fast: a whole history passes through it at every turn."""
    other = object.__new__(Message)
    fields = other.__dict__
    fields.update(message.__dict__)
    fields.update(changes)
    return other
