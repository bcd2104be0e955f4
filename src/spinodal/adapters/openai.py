"""Any OpenAI-compatible client: OpenAI, AsyncOpenAI, or what looks like them.

    from spinodal.adapters.openai import guarded

    client = guarded(OpenAI(), make_guard("implicit-traits:every=4", "profile.json"))
    client.chat.completions.create(model=..., messages=history)

The client is used as before: `create`, `parse` and `stream` of its `chat.completions`, raw and streaming
responses, and what `with_options` gives, all send the guard's view of `messages`; the list and the messages
in it stay as they are. Everything else is the client's own. Nothing is imported: a client needs no more than
`chat.completions.create`.

A user message's `name` is the peer that wrote it. The messages given are taken for the whole conversation:
in a list that was cut short fewer turns are counted.

What it cannot do: the Responses API (`client.responses`) is not guarded. In `stream` and
`with_streaming_response` of an asynchronous client a monitor is heard in the event loop's own thread, where
it holds up others; in `create` and `parse` it waits in another.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable
from copy import copy
from functools import wraps
from typing import Any, Final, TypeVar, cast

from spinodal.adapters._keeper import Keeper, Listener
from spinodal.guards import Guard, Message, Role

C = TypeVar("C")

_WAYS: Final = frozenset({"beta", "chat", "completions", "with_raw_response", "with_streaming_response"})
"""Attributes on the way to a call that takes messages."""
_MANAGED: Final = "with_streaming_response"
"""Where asynchronous calls give a context manager, and nothing to be awaited."""
_CALLS: Final = frozenset({"create", "parse", "stream"})
_COPIES: Final = frozenset({"copy", "with_options"})
_ROLES: Final[dict[str, Role]] = {
    "system": "system",
    "developer": "system",
    "assistant": "assistant",
    "tool": "tool",
    "function": "tool",
}


def guarded(client: C, guard: Guard, monitor: Listener | None = None, agent: str = "agent") -> C:
    """The client, with a guard on every chat completion.

    Args:
        client: synchronous or asynchronous; it stays as it is.
        guard: what edits the agent's view.
        monitor: who hears what is said; None for nobody.
        agent: the agent's name, for the monitor.
    """
    return cast(C, _Guarded(client, Keeper(guard, monitor, agent)))


class _Guarded:
    """A client, or a part of one on the way to its calls."""

    def __init__(self, part: Any, keeper: Keeper, managed: bool = False) -> None:
        self.__dict__.update(_part=part, _keeper=keeper, _managed=managed)

    def __getattr__(self, name: str) -> Any:
        if name in ("_part", "_keeper", "_managed"):  # while a copy is made they are not there yet
            raise AttributeError(name)
        found = getattr(self._part, name)
        if name in _WAYS:
            return _Guarded(found, self._keeper, self._managed or name == _MANAGED)
        if name in _CALLS:
            awaited = not self._managed and inspect.iscoroutinefunction(inspect.unwrap(found))
            return _acall(found, self._keeper) if awaited else _call(found, self._keeper)
        if name in _COPIES:
            return _copying(found, self._keeper)
        return found

    def __setattr__(self, name: str, value: Any) -> None:
        setattr(self._part, name, value)

    def __repr__(self) -> str:
        return f"guarded({self._part!r}, {self._keeper.guard.name})"

    @property  # type: ignore[misc]
    def __class__(self) -> type:
        """The client's own, for whoever asks with `isinstance`."""
        return type(self._part)

    def __enter__(self) -> _Guarded:
        self._part.__enter__()
        return self

    def __exit__(self, *error: Any) -> Any:
        return self._part.__exit__(*error)

    async def __aenter__(self) -> _Guarded:
        await self._part.__aenter__()
        return self

    async def __aexit__(self, *error: Any) -> Any:
        return await self._part.__aexit__(*error)


def _call(original: Callable[..., Any], keeper: Keeper) -> Callable[..., Any]:
    """The call with the guard's view of its messages."""

    @wraps(original)
    def call(*arguments: Any, **named: Any) -> Any:
        if "messages" in named:
            natives = list(named["messages"])
            translator = _Translator(natives)
            named["messages"] = keeper.view(natives, translator).whole(translator)
        return original(*arguments, **named)

    return call


def _acall(original: Callable[..., Any], keeper: Keeper) -> Callable[..., Any]:
    """As `_call`, of a call that is awaited."""

    @wraps(original)
    async def acall(*arguments: Any, **named: Any) -> Any:
        if "messages" in named:
            natives = list(named["messages"])
            translator = _Translator(natives)
            named["messages"] = (await keeper.aview(natives, translator)).whole(translator)
        return await original(*arguments, **named)

    return acall


def _copying(original: Callable[..., Any], keeper: Keeper) -> Callable[..., Any]:
    @wraps(original)
    def copying(*arguments: Any, **named: Any) -> Any:
        return _Guarded(original(*arguments, **named), keeper)

    return copying


class _Translator:
    """Messages as dicts, or as objects with the same fields."""

    def __init__(self, natives: list[Any]) -> None:
        roles = {_field(native, "role") for native in natives}
        self._system = "developer" if "developer" in roles else "system"  # some servers refuse both at once

    def read(self, native: Any) -> Message:
        role = _ROLES.get(_field(native, "role"), "user")
        return Message(
            role,
            _text(_field(native, "content")),
            speaker=(_field(native, "name") or "") if role == "user" else "",
            calls=role == "assistant"
            and bool(_field(native, "tool_calls") or _field(native, "function_call")),
        )

    def rewrite(self, native: Any, content: str) -> Any:
        kept = _field(native, "content")
        shown = content if kept is None or isinstance(kept, str) else _parts(list(kept), content)
        if isinstance(native, dict):
            return {**native, "content": shown}
        if hasattr(native, "model_copy"):
            return native.model_copy(update={"content": shown})
        changed = copy(native)
        changed.content = shown
        return changed

    def write(self, message: Message) -> dict[str, str]:
        role = self._system if message.role == "system" else message.role
        return {"role": role, "content": message.content}


def _field(native: Any, name: str) -> Any:
    return native.get(name) if isinstance(native, dict) else getattr(native, name, None)


def _text(content: Any) -> str:
    if content is None or isinstance(content, str):
        return content or ""
    return "".join(_field(part, "text") or "" for part in content)


def _parts(parts: list[Any], text: str) -> list[Any]:
    """Parts with other text: all of it where the first text was, pictures and sounds where they were."""
    at = next((number for number, part in enumerate(parts) if _field(part, "type") == "text"), 0)
    first = {"type": "text", "text": text}
    others = [[part for part in some if _field(part, "type") != "text"] for some in (parts[:at], parts[at:])]
    return [*others[0], first, *others[1]]
