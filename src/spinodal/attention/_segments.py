"""Whose words a conversation is made of, before it becomes one text for the model."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final, Literal, get_args

from spinodal.guards import Message, Role

Segment = Literal["first", "template", "system", "guard", "host", "peers", "own", "reply"]

SEGMENTS: Final[tuple[Segment, ...]] = get_args(Segment)
"""Every token of a conversation is in one of these.

first      the first token, whatever it is: attention that is needed nowhere comes to rest there (the sink of
           Xiao et al. 2024, *Efficient Streaming Language Models with Attention Sinks*, arXiv 2309.17453)
template   what the chat template writes between the messages, and a system prompt of the template's own
system     the system prompt
guard      what a guard put there: its reminders, its headings over quotations
host       the user, or the host of a game: rules, questions, results
peers      what other agents said, with their names
own        the agent's own earlier replies
reply      the reply under way, as far as it is written
"""

_BETWEEN: Final = "\n\n"
QUOTING: Final = "trust-boundary"
"""The guard that shows what peers say under a heading of its own."""


@dataclass(frozen=True)
class Piece:
    """A stretch of one message that is of one segment."""

    segment: Segment
    text: str


@dataclass(frozen=True)
class ChatTurn:
    """A message as the chat template takes it, and whose words it is made of."""

    role: Role
    pieces: tuple[Piece, ...]

    @property
    def content(self) -> str:
        """The message's text."""
        return "".join(piece.text for piece in self.pieces)


def chat_turns(messages: Sequence[Message], system_prompt: str | None = None) -> tuple[ChatTurn, ...]:
    """A conversation as models are shown it, `measure.chat.to_chat`, with every word's owner.

    Args:
        messages: as a guard shows them.
        system_prompt: the stored one, where a guard may have added its words to it.
    """
    turns: list[tuple[Role, list[Piece]]] = []
    for number, message in enumerate(messages):
        pieces = _pieces(message, None if number else system_prompt)
        if message.role == "user" and turns and turns[-1][0] == "user":
            turns[-1][1].append(Piece(pieces[0].segment, _BETWEEN))
            turns[-1][1].extend(pieces)
        else:
            turns.append((message.role, pieces))
    return tuple(ChatTurn(role, tuple(pieces)) for role, pieces in turns)


def _pieces(message: Message, system_prompt: str | None) -> list[Piece]:
    # The prompt is given for the first message alone: a reminder that repeats it is the guard's.
    text = message.content
    if message.guard and message.role == "system" and system_prompt and text.startswith(system_prompt):
        return [Piece("system", system_prompt), Piece("guard", text[len(system_prompt) :])]
    if message.guard == QUOTING and message.role == "user":
        heading, line, quoted = text.partition("\n")
        return [Piece("guard", heading), Piece("peers", line + quoted)]
    if message.guard:
        return [Piece("guard", text)]
    if message.role == "system":
        return [Piece("system", text)]
    if message.role == "assistant":
        return [Piece("own", text)]
    return [Piece("peers", f"{message.speaker}: {text}") if message.speaker else Piece("host", text)]
