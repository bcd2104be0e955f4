"""Where a guard's words stand in what the model is shown."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from typing import Final, Literal, get_args

from spinodal._errors import RequestError
from spinodal.guards._forgery import TAG
from spinodal.guards._message import Message

Placement = Literal["lead-system", "trailing-system", "tagged-user"]
"""In the first system message; in a system message of its own at the end; or in the user's turn, tagged."""

PLACEMENTS: Final[tuple[Placement, ...]] = get_args(Placement)


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
    return place_all(messages, [(at, words)], placement, guard)


def place_all(
    messages: list[Message], said: Iterable[tuple[int, str]], placement: Placement, guard: str
) -> list[Message]:
    """The conversation with a guard's words before several of its messages.

    Args:
        messages: what is stored.
        said: number of the message and the words before it, in order.
        placement: where words stand.
        guard: whose they are.
    """
    told = list(said)
    if not told:
        return list(messages)
    if placement == "lead-system":
        together = [words for _, words in told]
        if messages and messages[0].role == "system":
            lead = replace(messages[0], content="\n\n".join([messages[0].content, *together]), guard=guard)
            return [lead, *messages[1:]]
        return [Message("system", "\n\n".join(together), guard=guard), *messages]
    shown: list[Message] = []
    done = 0
    for at, words in told:
        shown += messages[done:at]
        if placement == "trailing-system":
            shown.append(Message("system", words, guard=guard))
        else:
            shown.append(Message("user", f"<{TAG}>\n{words}\n</{TAG}>", guard=guard))
        done = at
    return shown + messages[done:]
