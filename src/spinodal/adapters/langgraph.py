"""LangGraph graphs without `create_agent`, and any LangChain chat model.

    from spinodal.adapters.langgraph import guarded_model

    model = guarded_model(ChatOpenAI(model=...).bind_tools(tools), make_guard("own-prior", "profile.json"))
    graph.add_node("agent", lambda state: {"messages": [model.invoke(state["messages"])]})

For what `create_agent` makes there is `spinodal.adapters.langchain`; for a graph of your own there are two:

- `guarded_model`, wherever a node calls a chat model. The guard edits what is sent, with the system prompt
  that the node adds, and the state never sees any of it.
- `guard_messages`, for a node that cuts the conversation short before its call (a guard counts turns in what
  it is given), or that calls something else than a chat model. All of the node sees the guarded view. A
  system prompt that the node adds comes after that: a guard that repeats the system prompt has nothing to
  say there.

The agent's own messages are AIMessages without a name, or with the name `agent`. An AIMessage with another
name is a peer's, as those of other agents in a graph are, and so is a HumanMessage with any name, `agent`
too: whoever may choose a name must not become the agent by it. Agents of one graph need names, or each takes
the others' words for its own. Where a guard changes a peer's AIMessage of plain text, the model is shown a
HumanMessage: what is quoted must not stand in its own voice.

What they cannot do: a node that returns copies of messages it was shown stores them. A model that takes no
system message but the first refuses the placement "trailing-system"; `spinodal profile` finds one that it
takes.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping
from copy import copy
from dataclasses import replace
from functools import wraps
from typing import Any, Final, TypeVar

from spinodal._errors import RequestError
from spinodal.adapters._keeper import Keeper, Listener
from spinodal.adapters._versions import require_framework
from spinodal.guards import Guard, Message, Role

require_framework("langgraph", lowest="1.0", below="2", extra="langgraph")
require_framework("langchain-core", lowest="1.0", below="2", extra="langgraph")

from langchain_core.language_models import LanguageModelInput  # noqa: E402
from langchain_core.messages import (  # noqa: E402
    AIMessage,
    BaseMessage,
    ChatMessage,
    FunctionMessage,
    HumanMessage,
    SystemMessage,
    ToolMessage,
    convert_to_messages,
)
from langchain_core.runnables import Runnable, RunnableLambda  # noqa: E402
from langgraph.types import Command  # noqa: E402

R = TypeVar("R")
"""What a model answers with."""

_ROLES: Final[dict[str, Role]] = {
    "system": "system",
    "developer": "system",
    "assistant": "assistant",
    "tool": "tool",
}
"""Of a ChatMessage, which has its role in words."""


def guarded_model(
    model: Runnable[LanguageModelInput, R],
    guard: Guard,
    *,
    monitor: Listener | None = None,
    agent: str = "agent",
) -> Runnable[LanguageModelInput, R]:
    """A chat model that is shown the guard's view of the messages it is called with.

    It is called, streamed and joined to prompts as any runnable is. Tools and schemas of the output are bound
    first: `guarded_model(model.bind_tools(tools), guard)`.

    Args:
        model: a chat model, or what `bind_tools` and the like make of one; it stays as it is.
        guard: what edits the agent's view.
        monitor: who hears what is said; None for nobody.
        agent: the agent's name: for the monitor, and to know its own messages by.
    """
    keeper, translator = Keeper(guard, monitor, agent), Messages(agent)

    def shown(given: Any) -> list[BaseMessage]:
        return keeper.view(_messages(given), translator).whole(translator)

    async def ashown(given: Any) -> list[BaseMessage]:
        return (await keeper.aview(_messages(given), translator)).whole(translator)

    return RunnableLambda(shown, ashown, name=f"guard {guard.name}") | model


def guard_messages(
    node: Callable[..., Any],
    guard: Guard,
    *,
    monitor: Listener | None = None,
    agent: str = "agent",
    key: str = "messages",
) -> Callable[..., Any]:
    """A node of a graph that sees the guard's view of the messages in the state.

        graph.add_node("agent", guard_messages(call_model, guard))

    What it returns goes on as it is; should it return messages it was shown, those of the guard's own are
    left out, and those that the guard rewrote are the stored ones again.

    Args:
        node: a function, synchronous or not, that takes the state first, and what else LangGraph gives.
        guard: what edits the agent's view.
        monitor: who hears what is said; None for nobody.
        agent: the agent's name: for the monitor, and to know its own messages by.
        key: where the state has its messages.

    Raises:
        RequestError: the node is a runnable, as a graph or a model is.
    """
    if isinstance(node, Runnable):
        raise RequestError(
            f"guard_messages on {type(node).__name__}, which is no function; give a chat model to "
            "guarded_model, and an agent of create_agent a GuardMiddleware"
        )
    keeper = Keeper(guard, monitor, agent)

    def stored(state: Any) -> list[BaseMessage]:
        return _messages(state[key] if isinstance(state, Mapping) else getattr(state, key))

    @wraps(node)
    def guarded(state: Any, *arguments: Any, **named: Any) -> Any:
        translator = _Noting(agent)
        shown = keeper.view(stored(state), translator).whole(translator)
        return _without(node(_changed(state, key, shown), *arguments, **named), translator.originals, key)

    @wraps(node)
    async def aguarded(state: Any, *arguments: Any, **named: Any) -> Any:
        translator = _Noting(agent)
        shown = (await keeper.aview(stored(state), translator)).whole(translator)
        return _without(
            await node(_changed(state, key, shown), *arguments, **named), translator.originals, key
        )

    called = getattr(node, "__call__", None)  # noqa: B004  (an object whose __call__ is asynchronous)
    return aguarded if inspect.iscoroutinefunction(node) or inspect.iscoroutinefunction(called) else guarded


class Messages:
    """LangChain's messages, from the point of view of one agent."""

    def __init__(self, agent: str) -> None:
        self._agent = agent

    def read(self, native: BaseMessage) -> Message:
        role, speaker = self._whose(native)
        return Message(
            role, str(native.text), speaker=speaker, calls=role == "assistant" and _calls_tools(native)
        )

    def rewrite(self, native: BaseMessage, content: str) -> BaseMessage:
        if isinstance(native, AIMessage) and self._whose(native)[0] == "user" and _is_plain(native):
            return HumanMessage(content, name=native.name, id=native.id)
        kept = native.content
        shown = content if isinstance(kept, str) else _parts(kept, content)
        return native.model_copy(update={"content": shown})

    def write(self, message: Message) -> BaseMessage:
        kind = SystemMessage if message.role == "system" else HumanMessage
        return kind(message.content)

    def _whose(self, native: BaseMessage) -> tuple[Role, str]:
        """Role of a message, and the peer that wrote it."""
        name = native.name or ""
        if isinstance(native, SystemMessage):
            return "system", ""
        if isinstance(native, ToolMessage | FunctionMessage):
            return "tool", ""
        if isinstance(native, AIMessage):
            return ("assistant", "") if name in ("", self._agent) else ("user", name)
        if isinstance(native, ChatMessage) and native.role in _ROLES:
            return _ROLES[native.role], ""
        return "user", name


class _Noting(Messages):
    """Notes what it made, and what of."""

    def __init__(self, agent: str) -> None:
        super().__init__(agent)
        self.originals: list[tuple[BaseMessage, BaseMessage | None]] = []
        """A message that was made, and the stored one that it stands for; None for the guard's own."""

    def rewrite(self, native: BaseMessage, content: str) -> BaseMessage:
        self.originals.append((super().rewrite(native, content), native))
        return self.originals[-1][0]

    def write(self, message: Message) -> BaseMessage:
        self.originals.append((super().write(message), None))
        return self.originals[-1][0]


def _messages(given: Any) -> list[BaseMessage]:
    """What a chat model may be called with, as messages."""
    return [HumanMessage(given)] if isinstance(given, str) else list(convert_to_messages(given))


def _changed(state: Any, key: str, messages: list[BaseMessage]) -> Any:
    """A copy of a state, be it a mapping or an object, with other messages."""
    if isinstance(state, Mapping):
        return {**state, key: messages}
    shown = copy(state)
    object.__setattr__(shown, key, messages)  # frozen ones too: the copy is ours
    return shown


def _without(update: Any, originals: list[tuple[BaseMessage, BaseMessage | None]], key: str) -> Any:
    """A node's update, be it the state itself, without what the guard put before the node."""
    if not originals:
        return update
    instead = {id(made): original for made, original in originals}

    def cleared(value: Any) -> Any:
        if id(value) in instead:
            return instead[id(value)]
        if type(value) is list:
            return [cleared(one) for one in value if id(one) not in instead or instead[id(one)] is not None]
        if type(value) is dict:
            return {name: cleared(one) for name, one in value.items()}
        if isinstance(value, Command):
            return replace(value, update=cleared(value.update))
        return value

    if hasattr(update, key):
        return _changed(update, key, cleared(getattr(update, key)))
    return cleared(update)


def _calls_tools(native: BaseMessage) -> bool:
    return isinstance(native, AIMessage) and bool(native.tool_calls or native.invalid_tool_calls)


def _is_plain(native: BaseMessage) -> bool:
    """Whether a message is text and nothing else."""
    parts = [] if isinstance(native.content, str) else native.content
    return not _calls_tools(native) and all(map(_is_text, parts))


def _is_text(part: str | dict[str, Any]) -> bool:
    return isinstance(part, str) or part.get("type") == "text"


def _parts(parts: list[str | dict[str, Any]], text: str) -> list[str | dict[str, Any]]:
    """Parts with other text: all of it where the first text was, pictures and the like where they were."""
    at = next((number for number, part in enumerate(parts) if _is_text(part)), 0)
    old = parts[at] if parts and _is_text(parts[at]) else ""
    first = {"type": "text", "text": text} | ({} if isinstance(old, str) else {**old, "text": text})
    before, after = ([part for part in some if not _is_text(part)] for some in (parts[:at], parts[at:]))
    return [*before, first, *after]
