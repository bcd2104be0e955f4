"""From a conversation as guards see it to the messages that a provider takes."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from inspect_ai.model import ChatMessage, ChatMessageAssistant, ChatMessageSystem, ChatMessageUser

from spinodal.guards import Message, Role

_BETWEEN: Final = "\n\n"
"""Between what the host and the peers say in one message."""

_KINDS: Final[dict[Role, type[ChatMessageSystem | ChatMessageUser | ChatMessageAssistant]]] = {
    "system": ChatMessageSystem,
    "user": ChatMessageUser,
    "assistant": ChatMessageAssistant,
}


def to_chat(messages: Sequence[Message]) -> tuple[ChatMessage, ...]:
    """The conversation in turns: what the host and the peers say between two own turns is one message.

    A peer's words stand behind its name, unless a guard has said whose they are.
    """
    turns: list[tuple[Role, list[str]]] = []
    for message in messages:
        text = f"{message.speaker}: {message.content}" if message.speaker else message.content
        if message.role == "user" and turns and turns[-1][0] == "user":
            turns[-1][1].append(text)
        else:
            turns.append((message.role, [text]))
    return tuple(_KINDS[role](content=_BETWEEN.join(texts)) for role, texts in turns)


def with_user(chat: Sequence[ChatMessage], text: str) -> tuple[ChatMessage, ...]:
    """The conversation with more of the user's words at its end."""
    if chat and isinstance(chat[-1], ChatMessageUser):
        return (*chat[:-1], ChatMessageUser(content=f"{chat[-1].text}{_BETWEEN}{text}"))
    return (*chat, ChatMessageUser(content=text))
