"""Which conversation a model call belongs to, for engines that keep what they have read of one."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar

_current: ContextVar[str | None] = ContextVar("conversation", default=None)


@contextmanager
def in_conversation(name: str) -> Iterator[None]:
    """Say that the calls made within go on with one conversation.

    It changes no request's words, nor the key under which its reply is kept: only where an engine looks for
    what it has read before.
    """
    before = _current.set(name)
    try:
        yield
    finally:
        _current.reset(before)


def current_conversation() -> str | None:
    """The conversation that the running call belongs to; None where nobody said."""
    return _current.get()


class Seats:
    """So many places, given to conversations; the one unused for longest gives way."""

    def __init__(self, number: int) -> None:
        self._free = list(range(number))[::-1]
        self._taken: OrderedDict[str, int] = OrderedDict()

    def seat(self, conversation: str) -> int:
        """The place of a conversation, from 0: the same as long as it has it."""
        if conversation not in self._taken:
            self._taken[conversation] = self._free.pop() if self._free else self._taken.popitem(last=False)[1]
        self._taken.move_to_end(conversation)
        return self._taken[conversation]
