"""From a conversation as guards see it to the messages that a provider takes."""

from __future__ import annotations

from collections.abc import Sequence

from inspect_ai.model import ChatMessage, ChatMessageAssistant, ChatMessageSystem, ChatMessageUser

from spinodal.guards import Message


def to_chat(messages: Sequence[Message]) -> tuple[ChatMessage, ...]:
    """The conversation in turns: what the host and the peers say between two own turns is one message.

    A peer's words stand behind its name, unless a guard has said whose they are.
    """
    chat: list[ChatMessage] = []
    for message in messages:
        text = f"{message.speaker}: {message.content}" if message.speaker else message.content
        if message.role == "user":
            chat = list(with_user(chat, text))
        elif message.role == "assistant":
            chat.append(ChatMessageAssistant(content=text))
        else:
            chat.append(ChatMessageSystem(content=text))
    return tuple(chat)


def with_user(chat: Sequence[ChatMessage], text: str) -> tuple[ChatMessage, ...]:
    """The conversation with more of the user's words at its end."""
    if chat and isinstance(chat[-1], ChatMessageUser):
        return (*chat[:-1], ChatMessageUser(content=f"{chat[-1].text}\n\n{text}"))
    return (*chat, ChatMessageUser(content=text))
