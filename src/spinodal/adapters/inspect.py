"""Inspect agents: a model whose every generation sees what the guard shows.

    from spinodal.adapters.inspect import guarded_model

    model = guarded_model("openai/gpt-4o-mini", make_guard("implicit-traits:every=4", "profile.json"))
    react(model=model)     # or wherever a model goes: generate_loop, a model role, eval(model=model)

`AgentState.messages` and `TaskState.messages` stay as they are; the model events of the log hold what the
model was really shown. Inspect's messages have no name: a user message's `metadata["speaker"]` is the peer
that wrote it, for guards and monitors; the model is not shown it.

Calls of tools belong to the turn whose answer they serve: in a react loop, all from a user's message to the
answer. So an agent that works alone at one task takes few turns, and `first=0` speaks from the first.

What it cannot do: a system message of the generation config is put before what the guard shows, unseen by
it; messages that compaction or truncation leaves out are not counted; where a sample has a message limit, a
reminder counts as a message of the request that it is in.
"""

from __future__ import annotations

from typing import Any

from spinodal.adapters._keeper import Keeper, Listener
from spinodal.adapters._versions import require_framework
from spinodal.guards import Guard, Message

require_framework("inspect-ai", lowest="0.3.285", below="0.4", extra=None)

from inspect_ai.model import (  # noqa: E402  # after its version is known to do
    ChatMessage,
    ChatMessageAssistant,
    ChatMessageSystem,
    ChatMessageUser,
    ContentText,
    Model,
    ModelOutput,
    get_model,
)


def guarded_model(
    model: str | Model | None, guard: Guard, monitor: Listener | None = None, agent: str = "agent"
) -> Model:
    """The model, with a guard on every generation.

    Args:
        model: as `get_model` takes it: a name, a model, or None for the one being evaluated. It stays as it
            is.
        guard: what edits the agent's view.
        monitor: who hears what is said; None for nobody.
        agent: the agent's name, for the monitor.
    """
    return GuardedModel(get_model(model), Keeper(guard, monitor, agent))


class GuardedModel(Model):
    """A model that sees what a guard shows, and is the other model in all else."""

    def __init__(self, model: Model, keeper: Keeper) -> None:
        vars(self).update(vars(model))
        self._model = model
        self._keeper = keeper

    async def generate(self, input: str | list[ChatMessage], *arguments: Any, **named: Any) -> ModelOutput:
        """As the model's, from the guard's view of the input."""
        natives = [ChatMessageUser(content=input)] if isinstance(input, str) else input
        translator = _Translator()
        view = await self._keeper.aview(natives, translator)
        return await self._model.generate(view.whole(translator), *arguments, **named)

    def __enter__(self) -> Model:
        self._model.__enter__()  # so that it is not given out again once it is closed
        return super().__enter__()


class _Translator:
    def read(self, native: ChatMessage) -> Message:
        speaker = (native.metadata or {}).get("speaker", "") if native.role == "user" else ""
        return Message(
            native.role,
            _text(native),
            speaker=str(speaker),
            calls=isinstance(native, ChatMessageAssistant) and bool(native.tool_calls),
        )

    def rewrite(self, native: ChatMessage, content: str) -> ChatMessage:
        changed = native.model_copy()
        changed.text = content  # pictures and the like stay where they are
        return changed

    def write(self, message: Message) -> ChatMessage:
        if message.role == "system":
            return ChatMessageSystem(content=message.content)
        return ChatMessageUser(content=message.content)


def _text(native: ChatMessage) -> str:
    """Text parts on end: an imitation of a tag that is cut in two is seen where they meet."""
    if isinstance(native.content, str):
        return native.content
    return "".join(part.text for part in native.content if isinstance(part, ContentText))
