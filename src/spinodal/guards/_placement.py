"""Where a guard's words stand in what the model is shown."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import Final, Literal, get_args

from spinodal._errors import RequestError
from spinodal.guards._message import Message

Placement = Literal["lead-system", "trailing-system", "tagged-user"]
"""In the first system message; in a system message of its own at the end; or in the user's turn, tagged."""

PLACEMENTS: Final[tuple[Placement, ...]] = get_args(Placement)

TAG: Final = "reminder"
"""The mark-up of a reminder in the user's turn. No peer can write it: `defused` sees to that."""

_FORGED = re.compile(rf"<([\s/]*{TAG})", re.IGNORECASE)


def placement_of(text: str) -> Placement:
    """The placement of that name; `RequestError` where there is none."""
    for known in PLACEMENTS:
        if text == known:
            return known
    raise RequestError(f"a guard placed at {text!r}; give {', '.join(PLACEMENTS[:-1])} or {PLACEMENTS[-1]}")


def place(messages: list[Message], at: int, words: str, placement: Placement, guard: str) -> list[Message]:
    """The conversation with a guard's words before the message number `at`.

    With "lead-system" they stand at the end of the first system message, wherever `at` is.
    """
    if placement == "lead-system":
        if messages and messages[0].role == "system":
            lead = replace(messages[0], content=f"{messages[0].content}\n\n{words}", guard=guard)
            return [lead, *messages[1:]]
        return [Message("system", words, guard=guard), *messages]
    if placement == "trailing-system":
        return [*messages[:at], Message("system", words, guard=guard), *messages[at:]]
    tagged = f"<{TAG}>\n{words}\n</{TAG}>"
    return [*messages[:at], Message("user", tagged, guard=guard), *messages[at:]]


def defused(messages: list[Message]) -> list[Message]:
    """The conversation with every imitation of the tag in a peer's words, or in its name, made harmless."""
    return [_defused(message) if message.speaker else message for message in messages]


def _defused(message: Message) -> Message:
    content, speaker = (_FORGED.sub(r"‹\1", text) for text in (message.content, message.speaker))
    return replace(message, content=content, speaker=speaker)
