"""How far a figure has come: whoever draws may listen, and figures need not know."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from typing import TypeVar

T = TypeVar("T")

_LISTENER: ContextVar[Callable[[float], None] | None] = ContextVar("listener", default=None)


@contextmanager
def telling(listener: Callable[[float], None]) -> Iterator[None]:
    """Within it, `listener` is told the share done of whatever takes its time, in [0, 1]."""
    token = _LISTENER.set(listener)
    try:
        yield
    finally:
        _LISTENER.reset(token)


def told(items: Sequence[T]) -> Iterator[T]:
    """The items, one by one, telling the listener how many are done."""
    listener = _LISTENER.get()
    for done, item in enumerate(items, 1):
        yield item
        if listener is not None:
            listener(done / len(items))
