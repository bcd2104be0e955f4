"""A guard in Pydantic AI: a capability of the agent.

    from spinodal.adapters.pydantic_ai import GuardCapability
    agent = Agent(model, capabilities=[GuardCapability(make_guard("implicit-traits", "profile.json"))])

It edits each attempt at a model request, after all other capabilities, which is the one place whose edits
Pydantic AI keeps out of the history (history processors and `before_model_request` may write into it). So
`all_messages()` and `new_messages()` are free of reminders, as is what is saved of them; traces hold them,
for they hold what the model was given. It works with `run`, `run_sync`, `run_stream`, `run_stream_sync` and
`iter`, and with tools and output retries, which are part of the turn they serve.

What it cannot do:

- Prompts of this framework name no author. Give `speaker_of` where peers speak: without it every user prompt
  is taken for the user's own, and is neither quoted nor rid of forged reminders.
- A capability that drops old messages, as history processors do, drops their turns from the count.
- Where a model takes no system message in mid-conversation, Pydantic AI sends one as a user's, in a tag of
  its own that it explains in the system prompt; "lead-system" and "tagged-user" are sent as they are.
- Realtime sessions do not call it.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Final

from spinodal.adapters._keeper import Keeper, Listener
from spinodal.adapters._versions import require_framework
from spinodal.guards import Guard, Message, NoGuard, Role

require_framework("pydantic-ai-slim", lowest="2.68", below="3", extra="pydantic-ai")

from pydantic_ai import RunContext  # noqa: E402
from pydantic_ai.capabilities import AbstractCapability, CapabilityOrdering  # noqa: E402
from pydantic_ai.messages import (  # noqa: E402
    InstructionPart,
    ModelMessage,
    ModelRequest,
    ModelResponse,
    SystemPromptPart,
    TextContent,
    ToolCallPart,
    UserPromptPart,
)
from pydantic_ai.models import ModelRequestContext  # noqa: E402

_ROLES: Final[dict[str, Role]] = {"system-prompt": "system", "user-prompt": "user", "speech": "user"}
"""Roles of the parts of a request; every other kind is the framework's own, or a tool's."""
_RETRIES: Final = ("retry-feedback", "retry-prompt")


@dataclass
class GuardCapability(AbstractCapability[Any]):  # type: ignore[misc, unused-ignore]
    """Shows the model what a guard does. An error that the guard raises ends the run.

    One may serve any number of agents and conversations at a time.

    Args:
        guard: what edits the agent's view.
        monitor: who hears what is said.
        agent: the agent's name for the monitor; None takes the name that Pydantic AI knows it by.
        speaker_of: the peer that wrote a user prompt, from its text; "" for the user. None where there are no
            peers.
    """

    guard: Guard = field(default_factory=NoGuard)
    monitor: Listener | None = None
    agent: str | None = None
    speaker_of: Callable[[str], str] | None = None

    async def prepare_model_request(
        self, ctx: RunContext[Any], request_context: ModelRequestContext
    ) -> ModelRequestContext:
        """The request with what the guard shows; what is stored stays as it is."""
        name = self.agent or (ctx.agent and ctx.agent.name) or "agent"
        told = request_context.model_request_parameters.instruction_parts
        instructions = InstructionPart.join(told) if told else None
        view = await Keeper(self.guard, self.monitor, name).aview(
            _units(request_context.messages), _Units(self.speaker_of), system=instructions
        )
        parameters = request_context.model_request_parameters
        if view.system != instructions:
            parameters = replace(parameters, instruction_parts=_instructions(told or [], view.system))
        return replace(
            request_context,
            messages=_messages(view.messages, request_context.messages),
            model_request_parameters=parameters,
        )

    def get_ordering(self) -> CapabilityOrdering:
        """Next to the model: what other capabilities do to a request is done before."""
        return CapabilityOrdering(position="innermost")

    @classmethod
    def get_serialization_name(cls) -> None:
        """A guard is an object, so an agent's spec cannot name it."""
        return


@dataclass(frozen=True)
class _Unit:
    """A part of a request, or a whole response: what a guard takes for a message."""

    at: int | None
    """Number of the message it is in; None for a guard's own."""
    part: Any
    """The part, or the response; None for a request without parts."""
    goes_on: bool = False
    """Of a response: whether the agent's turn goes on after it."""


@dataclass(frozen=True)
class _Units:
    """How units are read and written."""

    speaker_of: Callable[[str], str] | None = None

    def read(self, native: _Unit) -> Message:
        part = native.part
        if isinstance(part, ModelResponse):
            return Message("assistant", part.text or "", calls=native.goes_on)
        role = _ROLES.get(part.part_kind, "tool") if part is not None else "tool"
        text = _text(getattr(part, "content", None))
        peer = self.speaker_of(text) if self.speaker_of is not None and role == "user" else ""
        return Message(role, text, speaker=peer)

    def rewrite(self, native: _Unit, content: str) -> _Unit:
        part = native.part
        if isinstance(part, ModelResponse):
            first = next((at for at, one in enumerate(part.parts) if one.part_kind == "text"), None)
            kept = [
                replace(one, content=content) if at == first else one
                for at, one in enumerate(part.parts)
                if at == first or one.part_kind != "text"
            ]
            return replace(native, part=replace(part, parts=kept))
        if part.part_kind == "speech":
            return replace(native, part=UserPromptPart(content))
        return replace(native, part=replace(part, content=_reworded(part.content, content)))

    def write(self, message: Message) -> _Unit:
        kind = SystemPromptPart if message.role == "system" else UserPromptPart
        return _Unit(None, kind(message.content))


def _units(messages: Sequence[ModelMessage]) -> list[_Unit]:
    units = []
    for at, message in enumerate(messages):
        if isinstance(message, ModelResponse):
            after = messages[at + 1].parts if at + 1 < len(messages) else ()
            goes_on = (
                message.state == "suspended"
                or any(isinstance(part, ToolCallPart) for part in message.parts)
                or any(part.part_kind in _RETRIES for part in after)
            )
            units.append(_Unit(at, message, goes_on))
        else:
            units += [_Unit(at, part) for part in message.parts or [None]]
    return units


def _messages(units: Sequence[_Unit], stored: Sequence[ModelMessage]) -> list[ModelMessage]:
    """Messages again: parts in the requests they came from, a guard's own in the request they stand in or
    before."""
    shown: list[ModelMessage] = []
    open_at: int | None = None
    parts: list[Any] = []

    def close() -> None:
        nonlocal open_at, parts
        if open_at is not None:
            same = [id(part) for part in parts] == [id(part) for part in stored[open_at].parts]
            shown.append(stored[open_at] if same else replace(stored[open_at], parts=parts))
        elif parts:
            shown.append(ModelRequest(parts))
        open_at, parts = None, []

    for unit in units:
        if isinstance(unit.part, ModelResponse):
            close()
            shown.append(unit.part)
            continue
        if unit.at is not None and open_at is not None and unit.at != open_at:
            close()
        open_at = open_at if unit.at is None else unit.at
        parts += [] if unit.part is None else [unit.part]
    close()
    return shown


def _instructions(told: Sequence[InstructionPart], text: str | None) -> list[InstructionPart]:
    """Instructions that say `text`: what was told already stays in its parts, for caches to find again, and
    what comes after it goes into the last of them, for each is sent as a system message of its own."""
    known = InstructionPart.join(told) or ""
    if known and text is not None and text.startswith(known):
        last = replace(told[-1], content=told[-1].content.rstrip() + text[len(known) :])
        return [*told[:-1], last]
    return [InstructionPart(text, dynamic=True)] if text else []


def _text(content: Any) -> str:
    if isinstance(content, str):
        return content
    parts = content if isinstance(content, (list, tuple)) else []
    return "\n".join(part if isinstance(part, str) else part.content for part in parts if _has_text(part))


def _has_text(part: Any) -> bool:
    return isinstance(part, (str, TextContent))


def _reworded(content: Any, text: str) -> Any:
    """Content with other text in the place of its first text part, and its other parts as they are."""
    if isinstance(content, str) or not isinstance(content, (list, tuple)):
        return text
    at = next((at for at, part in enumerate(content) if _has_text(part)), 0)
    before, after = (
        [part for part in parts if not _has_text(part)] for parts in (content[:at], content[at:])
    )
    return [*before, text, *after]
