"""AutoGen: a guard and a monitor around an agent's model context, or around its model client.

    from spinodal.adapters.autogen import GuardedContext

    agent = AssistantAgent("critic", client, system_message=None,
                           model_context=GuardedContext(guard, system_message="You are a critic."))

The context keeps the messages in another one and gives the guard's view of them; what it saves and what an
agent returns are free of it. Turns are counted in all that the inner context keeps, also where it shows the
last few alone. An agent keeps its system message beside its context. Left there the guard does not see it:
"lead-system" words then come in a system message right behind it, and a guard that repeats the system prompt
is refused. Given to the context, as above, every placement is exact.

    from spinodal.adapters.autogen import GuardedClient

    agent = AssistantAgent("critic", GuardedClient(client, guard), system_message="You are a critic.")

The client edits each request instead, system message included, for any agent that calls it. It knows no more
of the conversation than it is sent: behind a context that shows the last few messages, it counts the turns in
those.

A message's `source` is the peer that wrote it.

What they cannot do:

- "trailing-system" needs a model that takes several system messages (`multiple_system_messages` of its
  `model_info`). AutoGen's OpenAI client refuses the call where it does not.
- Other readers of a `GuardedContext` get the view too: a `SocietyOfMindAgent` hands it to its inner team,
  which keeps it, and memories that search by the last message (Chroma, Redis, Mem0) search for the guard's
  words. Give these agents a `GuardedClient`.
- A `GuardedClient` is for agents: what a team's manager asks it, to select a speaker, is guarded as well.
- Out of a team an error comes as a `RuntimeError` with the text of the first: so does `GuardError`.
- They are no components to dump and load: a guard has no configuration in AutoGen's sense.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Collection, Mapping, Sequence
from contextlib import aclosing
from dataclasses import dataclass, replace
from typing import Any, Final, NoReturn

from spinodal._errors import RequestError
from spinodal.adapters import Keeper, Listener, require_framework
from spinodal.guards import Composed, Failing, Guard, Message, Reminder, SystemPrompt

require_framework("autogen-core", lowest="0.7.5", below="0.8", extra="autogen")

from autogen_core.model_context import ChatCompletionContext, UnboundedChatCompletionContext  # noqa: E402
from autogen_core.models import (  # noqa: E402
    AssistantMessage,
    ChatCompletionClient,
    FunctionExecutionResultMessage,
    SystemMessage,
    UserMessage,
)

_HOST: Final = "user"
_FRAMEWORK: Final = "System"
"""Source of what a context says in place of messages that it leaves out."""


class GuardedContext(ChatCompletionContext):  # type: ignore[misc, unused-ignore]
    """A model context that gives the guard's view of another one.

    Args:
        guard: what edits the agent's view.
        inner: the context that keeps the messages; None for one that shows them all.
        system_message: the agent's, where the context is to hold it; give the agent None then.
        monitor: who hears what is said; None for nobody.
        agent: the agent's name. Where it is given, what other agents said before they handed over to this one
            is taken for theirs; otherwise for its own.
        hosts: sources that are no peers, as that of a `UserProxyAgent`.

    Raises:
        RequestError: the guard repeats the system prompt, and the context does not know it.
    """

    def __init__(
        self,
        guard: Guard,
        inner: Any = None,
        *,
        system_message: str | None = None,
        monitor: Listener | None = None,
        agent: str | None = None,
        hosts: Collection[str] = (_HOST,),
    ) -> None:
        super().__init__()
        if system_message is None and _repeats(guard):
            raise RequestError(
                f"guard {guard.name}: an AutoGen context does not see the agent's system message; "
                "give it to GuardedContext (system_message=...) and None to the agent, or use GuardedClient"
            )
        self._inner = UnboundedChatCompletionContext() if inner is None else inner
        self._system_message = system_message
        self._keeper = Keeper(guard, monitor, agent or Keeper.agent)
        self._translator = _Kept(_Translator(agent, hosts))

    async def get_messages(self) -> list[Any]:
        """The guard's view, for a call of the model."""
        shown = await self._inner.get_messages()
        kept = [_Message(one, past=True) for one in _left_out(self._inner, shown)]
        kept += [_Message(one) for one in shown]
        view = await self._keeper.aview(kept, self._translator, system=self._system_message)
        begin = max((at + 1 for at, one in enumerate(view.messages) if one.past), default=0)
        lead = [] if view.system is None else [SystemMessage(content=view.system)]
        return [*lead, *(one.native for one in view.messages[begin:])]

    async def add_message(self, message: Any) -> None:
        await self._inner.add_message(message)

    async def clear(self) -> None:
        await self._inner.clear()

    async def save_state(self) -> Mapping[str, Any]:
        """The stored messages alone, as the inner context saves them."""
        state: Mapping[str, Any] = await self._inner.save_state()
        return state

    async def load_state(self, state: Mapping[str, Any]) -> None:
        await self._inner.load_state(state)

    def _to_config(self) -> NoReturn:
        raise _no_component("GuardedContext")


class GuardedClient(ChatCompletionClient):  # type: ignore[misc, unused-ignore]
    """A model client that sends the guard's view of what it is asked.

    Args:
        client: the one that calls the model.
        guard: what edits the agent's view.
        monitor: who hears what is said; None for nobody.
        agent: the agent's name, as for `GuardedContext`.
        hosts: sources that are no peers, as that of a `UserProxyAgent`.
    """

    component_type = "model"

    def __init__(
        self,
        client: Any,
        guard: Guard,
        monitor: Listener | None = None,
        *,
        agent: str | None = None,
        hosts: Collection[str] = (_HOST,),
    ) -> None:
        self._client = client
        self._keeper = Keeper(guard, monitor, agent or Keeper.agent)
        self._translator = _Translator(agent, hosts)

    async def create(self, messages: Sequence[Any], **asked: Any) -> Any:
        return await self._client.create(await self._shown(messages), **asked)

    async def create_stream(self, messages: Sequence[Any], **asked: Any) -> AsyncIterator[Any]:
        async with aclosing(self._client.create_stream(await self._shown(messages), **asked)) as pieces:
            async for piece in pieces:
                yield piece

    async def close(self) -> None:
        await self._client.close()

    def actual_usage(self) -> Any:
        return self._client.actual_usage()

    def total_usage(self) -> Any:
        return self._client.total_usage()

    def count_tokens(self, messages: Sequence[Any], **asked: Any) -> int:
        return int(self._client.count_tokens(messages, **asked))

    def remaining_tokens(self, messages: Sequence[Any], **asked: Any) -> int:
        return int(self._client.remaining_tokens(messages, **asked))

    @property
    def capabilities(self) -> Any:
        return self._client.capabilities

    @property
    def model_info(self) -> Any:
        return self._client.model_info

    def _to_config(self) -> NoReturn:
        raise _no_component("GuardedClient")

    async def _shown(self, messages: Sequence[Any]) -> list[Any]:
        return (await self._keeper.aview(list(messages), self._translator)).whole(self._translator)


class _Translator:
    """AutoGen's messages."""

    def __init__(self, agent: str | None, hosts: Collection[str]) -> None:
        self._agent = agent
        self._hosts = frozenset({*hosts, _FRAMEWORK})

    def read(self, native: Any) -> Message:
        if isinstance(native, SystemMessage):
            return Message("system", native.content)
        if isinstance(native, FunctionExecutionResultMessage):
            return Message("tool", "\n".join(result.content for result in native.content))
        if isinstance(native, AssistantMessage):
            calls = not isinstance(native.content, str)
            said = (native.thought or "") if calls else native.content
            if self._agent in (None, native.source):
                return Message("assistant", said, calls=calls)
            return Message("user", said, speaker=native.source if said else "")
        return Message("user", _text(native.content), speaker=self._speaker(native.source))

    def rewrite(self, native: Any, content: str) -> Any:
        kept = native.content
        if isinstance(kept, str):
            return native.model_copy(update={"content": content})
        if isinstance(native, AssistantMessage):
            return native.model_copy(update={"thought": content})
        if isinstance(native, FunctionExecutionResultMessage):
            results = [
                one.model_copy(update={"content": "" if at else content}) for at, one in enumerate(kept)
            ]
            return native.model_copy(update={"content": results})
        return native.model_copy(update={"content": _parts(kept, content)})

    def write(self, message: Message) -> Any:
        if message.role == "system":
            return SystemMessage(content=message.content)
        return UserMessage(content=message.content, source=_HOST)

    def _speaker(self, source: str) -> str:
        return "" if source in self._hosts else source


@dataclass(frozen=True)
class _Message:
    """A message, and whether the inner context keeps it without showing it."""

    native: Any
    past: bool = False


@dataclass(frozen=True)
class _Kept:
    translator: _Translator

    def read(self, native: _Message) -> Message:
        return self.translator.read(native.native)

    def rewrite(self, native: _Message, content: str) -> _Message:
        return replace(native, native=self.translator.rewrite(native.native, content))

    def write(self, message: Message) -> _Message:
        return _Message(self.translator.write(message))


def _left_out(inner: Any, shown: Sequence[Any]) -> list[Any]:
    """Messages that a context keeps and does not show; no system messages, which are part of no turn."""
    kept = list(getattr(inner, "_messages", ()))  # where AutoGen's base class keeps them
    there = {id(one) for one in shown}
    left = [one for one in kept if id(one) not in there]
    fewer = max(len(kept) - len(shown), 0)
    if len(left) > fewer + 1:  # it shows copies; and one message may stand for those that it leaves out
        left = kept[:fewer]
    return [one for one in left if not isinstance(one, SystemMessage)]


def _text(content: Any) -> str:
    if isinstance(content, str):
        return content
    return "".join(part for part in content if isinstance(part, str))


def _parts(parts: Sequence[Any], text: str) -> list[Any]:
    """Parts with other text: all of it where the first text was, pictures where they were."""
    at = next((number for number, part in enumerate(parts) if isinstance(part, str)), 0)
    others = [[part for part in some if not isinstance(part, str)] for some in (parts[:at], parts[at:])]
    return [*others[0], text, *others[1]]


def _repeats(guard: Guard) -> bool:
    """Whether a guard takes words from the conversation's own system prompt."""
    if isinstance(guard, Failing):
        return _repeats(guard.guard)
    if isinstance(guard, Composed):
        return any(map(_repeats, guard.guards))
    return isinstance(guard, Reminder) and isinstance(guard.words, SystemPrompt)


def _no_component(name: str) -> RequestError:
    return RequestError(
        f"a {name} cannot be dumped as a component: a guard is built from a profile, not from AutoGen's "
        "configuration; dump what it wraps, and wrap that again where it is loaded"
    )
