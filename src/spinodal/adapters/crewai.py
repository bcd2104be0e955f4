"""CrewAI: a guard and a monitor around an agent's LLM.

    from spinodal.adapters.crewai import guarded_llm

    agent = Agent(role="Critic", goal=..., backstory=..., llm=guarded_llm("openai/gpt-4o", guard))

The copy edits what it sends; the agent's messages, what a crew returns and `agent.last_messages` stay as they
are. It does so in `Agent.kickoff`, crews and flows, sync, async and streaming, with native tools or CrewAI's
own written ones. An agent is guarded because its LLM is; other agents keep theirs.

CrewAI has `before_llm_call` hooks, and they will not do. What they edit is the stored conversation itself,
and the hook after a call is left out where the model called a tool or the call failed, so that the words stay
there. Any error but CrewAI's own `HookAborted` is dropped, and the model called without a guard. And a hook
is the whole process's.

What it cannot do:

- A crew's task is a conversation of its own, of one turn: there a guard that waits for turns (`every=2`)
  never speaks. Give `first=0`. So it is with the steps of a plan.
- `Agent.kickoff(messages=[...])` goes on with a conversation. What it returns in `output.messages` may lack
  the answer itself: append `output.raw` as the assistant's, or the turn is not counted.
- Context that a crew hands from one task to the next stands in the user's words, so peers are known by their
  `name` alone, in the messages of `Agent.kickoff`. Of the last user message CrewAI drops the name: put
  a peer's words before the host's.
- Side jobs that CrewAI gives to the agent's LLM (summaries, memory, converting output) see the guard too,
  unless they have an LLM of their own.
- `llm_overlay`, a checkpoint restored, and an LLM built again from its configuration have no guard. With
  `api="responses"` and `auto_chain=True` the provider keeps what it was sent, reminders included.

CrewAI needs an older pydantic than Inspect, which Spinodal measures with, so the two do not go into one
environment. Adapters need neither: `pip install crewai numpy pyyaml`, then `pip install --no-deps spinodal`.
"""

from __future__ import annotations

import types
from collections.abc import Sequence
from typing import Any, Final

from spinodal.adapters import Keeper, Listener, require_framework
from spinodal.guards import Guard, GuardError, Message

require_framework("crewai", lowest="1.15", below="1.16", extra=None)

from crewai import LLM  # noqa: E402
from crewai.hooks.dispatch import HookAborted  # noqa: E402
from crewai.utilities.i18n import I18N_DEFAULT  # noqa: E402


class GuardAborted(GuardError, HookAborted):  # type: ignore[misc, unused-ignore]
    """A guard failed. A deliberate stop to CrewAI, which tries a task again after any other error."""


def guarded_llm(llm: Any, guard: Guard, monitor: Listener | None = None, agent: str = "agent") -> Any:
    """A copy of an LLM whose calls see what the guard shows; for `Agent(llm=...)`.

    Args:
        llm: any of CrewAI's, or a model string as `LLM` takes it. It stays as it is.
        guard: what edits the agent's view.
        monitor: who hears what is said; None for nobody.
        agent: the agent's name, for the monitor.

    Raises:
        RequestError: CrewAI is missing or too old.
    """
    plain = LLM(model=llm) if isinstance(llm, str) else llm
    keeper = Keeper(guard, monitor, agent)
    kind: Any = type(plain)

    def call(self: Any, messages: Any, *rest: Any, **more: Any) -> Any:
        if not _is_shown(messages, keeper):
            try:
                messages = _Shown(keeper.view(_listed(messages), _TRANSLATOR).whole(_TRANSLATOR), keeper)
            except GuardError as error:
                raise GuardAborted(str(error)) from error
        return kind.call(self, messages, *rest, **more)

    async def acall(self: Any, messages: Any, *rest: Any, **more: Any) -> Any:
        if not _is_shown(messages, keeper):
            try:
                view = await keeper.aview(_listed(messages), _TRANSLATOR)
            except GuardError as error:
                raise GuardAborted(str(error)) from error
            messages = _Shown(view.whole(_TRANSLATOR), keeper)
        return await kind.acall(self, messages, *rest, **more)

    # A subclass, as CrewAI looks into an LLM for far more than its calls, and keys settings by its identity.
    body = {"__module__": __name__, "call": call, "acall": acall}
    guarded = types.new_class(f"Guarded{kind.__name__}", (kind,), exec_body=lambda names: names.update(body))
    copy = plain.model_copy()
    object.__setattr__(copy, "__class__", guarded)
    return copy


class _Shown(list[Any]):
    """Messages as a guard shows them: where an LLM calls itself again, they are not to be edited twice."""

    def __init__(self, messages: Sequence[Any], keeper: Keeper) -> None:
        super().__init__(messages)
        self.keeper = keeper


def _is_shown(messages: Any, keeper: Keeper) -> bool:
    return isinstance(messages, _Shown) and messages.keeper is keeper


def _listed(messages: Any) -> list[dict[str, Any]]:
    return [{"role": "user", "content": messages}] if isinstance(messages, str) else messages


_GO_ON: Final[str] = I18N_DEFAULT.slice("post_tool_reasoning")
"""What CrewAI says as the user when a tool that was called in writing has answered."""
_OBSERVED: Final[str] = I18N_DEFAULT.slice("observation")
"""What stands before a tool's answer in the agent's own message, where tools are called in writing."""


class _Messages:
    """Messages as CrewAI keeps them: dictionaries in the form of chat completions."""

    def read(self, native: dict[str, Any]) -> Message:
        role, text = native["role"], _text(native.get("content"))
        if role == "assistant":
            return Message("assistant", text, calls=bool(native.get("tool_calls")) or _OBSERVED in text)
        if role == "user" and text != _GO_ON:
            return Message("user", text, speaker=native.get("name") or "")
        return Message("system" if role in ("system", "developer") else "tool", text)

    def rewrite(self, native: dict[str, Any], content: str) -> dict[str, Any]:
        parts = native.get("content")
        if not isinstance(parts, list):
            return {**native, "content": content}
        others = [part for part in parts if not _is_text(part)]
        return {**native, "content": [{"type": "text", "text": content}, *others]}

    def write(self, message: Message) -> dict[str, Any]:
        return {"role": message.role, "content": message.content}


_TRANSLATOR: Final = _Messages()


def _is_text(part: Any) -> bool:
    return isinstance(part, str) or "text" in part


def _text(content: Any) -> str:
    if isinstance(content, list):
        return "".join(part if isinstance(part, str) else part["text"] for part in content if _is_text(part))
    return content or ""
