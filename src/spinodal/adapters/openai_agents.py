"""A guard in the OpenAI Agents SDK: a filter of what each call of the model is given.

    from spinodal.adapters.openai_agents import guard_filter
    config = RunConfig(call_model_input_filter=guard_filter(make_guard("implicit-traits", "profile.json")))
    result = Runner.run_sync(agent, "Hello", run_config=config)

It works with `run`, `run_sync` and `run_streamed`, with tools, handoffs, agents as tools (which take over the
configuration of the run that calls them) and sessions. What a guard says is in no session, in no
`to_input_list()` and in no result; traces hold it, for they hold what the model was given.

What it cannot do:

- A conversation that the server keeps (`conversation_id`, `previous_response_id`) shows the filter only what
  is new, so turns cannot be counted, and the server would keep the reminders. Use a session.
- Items of this SDK name no author. Give `speaker_of` where peers speak: without it every user message is
  taken for the user's own, and is neither quoted nor rid of forged reminders. For the same reason the turns
  of all agents of a run count as one agent's; a handoff is part of the turn in which it happens.
- An error of a guard on an agent that serves as a tool is the tool's error, which this SDK tells the model by
  default; `as_tool(..., failure_error_function=None)` lets it end the run.
- Realtime sessions do not call filters.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Final

from spinodal.adapters._keeper import Keeper, Listener
from spinodal.adapters._versions import require_framework
from spinodal.guards import Guard, Message, NoGuard, Role

require_framework("openai-agents", lowest="0.24", below="0.25", extra="openai-agents")

from agents.run import CallModelData, ModelInputData  # noqa: E402

_ROLES: Final[dict[str, Role]] = {
    "system": "system",
    "developer": "system",
    "user": "user",
    "assistant": "assistant",
}
_CALLS: Final = ("reasoning", "mcp_approval_request", "program")
"""Items of the agent's own after which its turn goes on, beside those called "..._call"."""


def guard_filter(
    guard: Guard | Mapping[str, Guard],
    monitor: Listener | None = None,
    agent: str | None = None,
    *,
    speaker_of: Callable[[str], str] | None = None,
) -> Callable[[CallModelData[Any]], Awaitable[ModelInputData]]:
    """A `call_model_input_filter` that shows the model what a guard does.

    One filter may serve any number of agents and conversations at a time. An error that the guard raises ends
    the run: `run` and `run_sync` raise it, `run_streamed` raises it from `stream_events`.

    Args:
        guard: for every agent of the run; or a guard for each by its name, where agents not named have none.
        monitor: who hears what is said.
        agent: the agent's name for the monitor; None takes the name that the SDK knows it by.
        speaker_of: the peer that wrote a user message, from its text; "" for the user. None where there are
            no peers.
    """
    items = _Items(speaker_of)

    async def shown(data: CallModelData[Any]) -> ModelInputData:
        name = data.agent.name
        own = guard.get(name, NoGuard()) if isinstance(guard, Mapping) else guard
        view = await Keeper(own, monitor, agent or name).aview(
            _read(data.model_data.input), items, system=data.model_data.instructions or None
        )
        return ModelInputData(input=[native.item for native in view.messages], instructions=view.system)

    return shown


@dataclass(frozen=True)
class _Item:
    """An input item, and what only its neighbours tell of it."""

    item: Any
    goes_on: bool = False
    """Of the agent's own: whether its turn goes on after it."""


@dataclass(frozen=True)
class _Items:
    """How input items are read and written."""

    speaker_of: Callable[[str], str] | None = None

    def read(self, native: _Item) -> Message:
        item = native.item
        if "role" in item:
            role = _ROLES[item["role"]]
            text = _text(item.get("content"))
            peer = self.speaker_of(text) if self.speaker_of is not None and role == "user" else ""
            return Message(role, text, speaker=peer, calls=native.goes_on)
        if _is_call(item):
            return Message("assistant", "", calls=True)
        return Message("tool", _text(item.get("output")))  # also what is nobody's, such as a reference

    def rewrite(self, native: _Item, content: str) -> _Item:
        key = "content" if "role" in native.item else "output"
        return replace(native, item={**native.item, key: _reworded(native.item, key, content)})

    def write(self, message: Message) -> _Item:
        return _Item({"role": message.role, "content": message.content})


def _read(items: Sequence[Any]) -> list[_Item]:
    """The items, each with whether the agent's turn goes on after it.

    One answer may hold words and calls of tools, as items of their own, so that words are the end of a turn
    only where no call follows them.
    """
    found = []
    calls_next = False
    for item in reversed(items):
        words = item.get("role") == "assistant"
        call = _is_call(item)
        goes_on = call or (words and (calls_next or item.get("phase") == "commentary"))
        found.append(_Item(item, goes_on))
        if item.get("type") != "reasoning":
            calls_next = call
    return found[::-1]


def _is_call(item: Any) -> bool:
    kind = item.get("type") or ""
    return "role" not in item and (kind.endswith("_call") or kind in _CALLS)


def _text(content: Any) -> str:
    if isinstance(content, str):
        return content
    parts = content if isinstance(content, list) else []
    return "\n".join(part["text"] for part in parts if _has_text(part))


def _has_text(part: Any) -> bool:
    return isinstance(part.get("text"), str)


def _reworded(item: Any, key: str, text: str) -> Any:
    """Content with other text in the place of its first text part, and its other parts as they are."""
    content = item.get(key)
    if not isinstance(content, list):
        return text
    at = next((at for at, part in enumerate(content) if _has_text(part)), 0)
    kind = "output_text" if item.get("role") == "assistant" else "input_text"
    old = content[at] if content and _has_text(content[at]) else {"type": kind}
    before, after = (
        [part for part in parts if not _has_text(part)] for parts in (content[:at], content[at:])
    )
    return [*before, {**old, "text": text}, *after]
