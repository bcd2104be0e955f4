"""Microsoft Agent Framework: a guard and a monitor as middleware of an agent's model calls.

    from spinodal.adapters.agent_framework import GuardMiddleware

    agent = Agent(client, instructions="You are a critic.", middleware=[GuardMiddleware(guard)])

It is chat middleware: every call of the model passes it, those of the tool loop and of streams included, with
the history already loaded. It edits instructions and messages of the call alone, which sessions and history
providers do not see. One object serves any number of agents and sessions.

A message's `author_name` is the peer that wrote it, unless it is "user". In workflows other agents' messages
come with the role of the agent's own: give the agent's name, and they are taken for theirs.

What it cannot do:

- Where the service keeps the conversation (the Responses API does, unless `store` is False), the agent sends
  only what is new, and no turns can be counted: such a call is refused.
- Middleware that replaces the messages must come before it, since what it is given it may store. What
  `require_per_service_call_history_persistence` installs comes after it, and does: such a call fails.
- Clients without middleware (those called `Raw...`) pass it by.
- Where a client's compaction strategy has a model sum up messages, it sums up the guard's view of them.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from copy import copy
from typing import Any, Final

from spinodal._errors import RequestError
from spinodal.adapters import Keeper, Listener, require_framework
from spinodal.guards import Guard, Message, Role

require_framework("agent-framework-core", lowest="1.23", below="2", extra="agent-framework")

from agent_framework import ChatContext, ChatMiddleware  # noqa: E402
from agent_framework import Message as Native  # noqa: E402

_HOST: Final = "user"
_ROLES: Final[dict[str, Role]] = {
    "system": "system",
    "developer": "system",
    "assistant": "assistant",
    "tool": "tool",
}


class GuardMiddleware(ChatMiddleware):  # type: ignore[misc, unused-ignore]
    """Shows the model the guard's view at each of its calls.

    Args:
        guard: what edits the agent's view.
        monitor: who hears what is said; None for nobody.
        agent: the agent's name. Where it is given, messages of other agents are taken for theirs, whatever
            their role; otherwise every message with the role "assistant" for its own.
    """

    def __init__(self, guard: Guard, monitor: Listener | None = None, *, agent: str | None = None) -> None:
        self._keeper = Keeper(guard, monitor, agent or Keeper.agent)
        self._agent = agent

    async def process(self, context: ChatContext, call_next: Callable[[], Awaitable[None]]) -> None:
        """Pass the call on with the guard's view.

        Raises:
            RequestError: the conversation is not all there, or what is shown was replaced.
        """
        options = dict(context.options or {})
        _require_whole(context, options)
        told = options.get("instructions") or None
        lead = _lead(told)
        translator = _Translator(self._agent)
        view = await self._keeper.aview(list(context.messages), translator, system=lead)
        for changed, native in translator.rewritten:
            context.record_message_replacement(changed, native)
        if view.system != lead:  # in a copy: the tool loop takes its own options from call to call
            context.options = {**options, "instructions": _instructions(told, lead, view.system)}
        context.messages = shown = view.messages
        await call_next()
        if context.messages is not shown:
            raise RequestError(
                "middleware after GuardMiddleware replaced the messages, and may have stored the guard's "
                "words; put GuardMiddleware last, and leave out require_per_service_call_history_persistence"
            )


class _Translator:
    """The framework's messages, in one call."""

    def __init__(self, agent: str | None) -> None:
        self._agent = agent
        self.rewritten: list[tuple[Any, Any]] = []
        """Each copy with other text, and the message that it stands for."""

    def read(self, native: Any) -> Message:
        role = _ROLES.get(native.role, "user")
        author = native.author_name or ""
        said = "".join(map(_text, native.contents))
        if role == "user":
            return Message("user", said, speaker="" if author == _HOST else author)
        if role != "assistant":
            return Message(role, said)
        if self._agent is not None and author not in ("", self._agent):
            return Message("user", said, speaker=author if said else "")
        return Message("assistant", said, calls=any(map(_calls, native.contents)))

    def rewrite(self, native: Any, content: str) -> Any:
        changed = copy(native)
        changed.contents = _contents(native.contents, content)
        changed.additional_properties = dict(native.additional_properties)
        self.rewritten.append((changed, native))
        return changed

    def write(self, message: Message) -> Any:
        return Native(message.role, [message.content])


def _require_whole(context: Any, options: Mapping[str, Any]) -> None:
    """See that the conversation comes with the call."""
    continues = options.get("conversation_id") or context.kwargs.get("conversation_id")
    kept = getattr(context.client, "STORES_BY_DEFAULT", False) and options.get("store") is not False
    if continues or kept:
        raise RequestError(
            f"{type(context.client).__name__} leaves the conversation to the service, where no guard can "
            "count its turns; give the agent default_options={'store': False}, and a session of its own"
        )


def _calls(content: Any) -> bool:
    """Whether the turn goes on with what a tool gives back."""
    return content.type == "function_call" and not content.informational_only


def _text(content: Any) -> str:
    if content.type == "text":
        return content.text or ""
    if content.type != "function_result":
        return ""
    if content.items:
        return "".join(map(_text, content.items))
    return "" if content.result is None else str(content.result)


def _contents(contents: list[Any], text: str) -> list[Any]:
    """Contents with other text: all of it where the first text was, everything else where it was."""
    changed: list[Any] = []
    left: str | None = text
    for content in contents:
        if content.type == "text" and left is not None:
            changed.append(_with(content, text=left))
            left = None
        elif content.type == "function_result":
            changed.append(_with(content, result=left or "", items=None))
            left = None
        elif content.type != "text":
            changed.append(content)
    return changed if left is None else [*Native("user", [left]).contents, *changed]


def _with(content: Any, **fields: Any) -> Any:
    changed = copy(content)
    for name, value in fields.items():
        setattr(changed, name, value)
    return changed


def _lead(told: Any) -> str | None:
    """Instructions as one text; a provider may have them in parts."""
    if told is None or isinstance(told, str):
        return told
    return "\n\n".join(map(_part, [told] if isinstance(told, Mapping) else told))


def _part(part: Any) -> str:
    return part if isinstance(part, str) else str(part.get("text", ""))


def _instructions(told: Any, lead: str | None, shown: str | None) -> Any:
    """Instructions that say what is shown; parts stay parts where words were added to their end."""
    if told is None or isinstance(told, str) or lead is None or not (shown or "").startswith(lead):
        return shown
    added = (shown or "")[len(lead) :].strip("\n")
    return [*([told] if isinstance(told, Mapping) else told), added]
