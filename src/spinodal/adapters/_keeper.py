"""What every adapter does: from a framework's messages to what the guard shows, and back."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Final, Generic, Protocol, TypeVar

from spinodal.guards import Guard, GuardState, Message, NoGuard
from spinodal.guards._message import altered

N = TypeVar("N")
"""A framework's message."""

_LEAD: Final = -1
"""Number of a system prompt that the framework keeps beside its messages."""


class Translator(Protocol[N]):
    """How one framework's messages are read and written."""

    def read(self, native: N) -> Message:
        """A message as guards see it: its text parts alone, joined, where it has others too."""

    def rewrite(self, native: N, content: str) -> N:
        """A copy of the message with other text; the original stays as it is."""

    def write(self, message: Message) -> N:
        """A message of the guard's own, "system" or "user"."""


class Listener(Protocol):
    """Somebody who hears what is said, as `spinodal.monitor.Monitor` does."""

    def hear(self, messages: Sequence[Message], agent: str) -> float | None:
        """Note what is new in an agent's view of the conversation; the group's drift score.

        Args:
            messages: the stored conversation, from the agent's point of view.
            agent: name of the agent, whose messages are those with role "assistant".
        """


@dataclass(frozen=True)
class View(Generic[N]):
    """What the model is to be shown."""

    system: str | None
    """The system prompt, where the framework keeps it beside its messages: that one, edited; or a guard's own
    where the stored conversation begins without one."""
    messages: list[N]

    def whole(self, translator: Translator[N]) -> list[N]:
        """All of it as one list, for frameworks whose messages hold the system prompt."""
        if self.system is None:
            return self.messages
        return [translator.write(Message("system", self.system)), *self.messages]


@dataclass(frozen=True)
class Keeper:
    """A guard and a monitor at one agent's side. Holds nothing of any conversation.

    Args:
        guard: what edits the agent's view.
        monitor: who hears what is said; None for nobody.
        agent: the agent's name, for the monitor.
    """

    guard: Guard = field(default_factory=NoGuard)
    monitor: Listener | None = None
    agent: str = "agent"

    def view(
        self,
        natives: Sequence[N],
        translator: Translator[N],
        *,
        system: str | None = None,
        pending: bool = True,
    ) -> View[N]:
        """What the model is to be shown instead of the stored messages.

        Args:
            natives: the stored conversation, whole: a cadence counts the agent's turns in it.
            translator: of this framework.
            system: the system prompt, where the framework keeps it beside its messages.
            pending: whether the agent is about to speak.
        """
        stored = [altered(translator.read(native), at=at) for at, native in enumerate(natives)]
        lead = [] if system is None else [Message("system", system, at=_LEAD)]
        drift = None if self.monitor is None else self.monitor.hear(stored, self.agent)
        shown = self.guard.apply([*lead, *stored], GuardState(pending, drift))
        said = None
        if shown and shown[0].role == "system" and _beside(shown[0], stored):
            said, shown = shown[0].content, shown[1:]
        return View(said, [_native(message, stored, natives, translator) for message in shown])

    async def aview(
        self,
        natives: Sequence[N],
        translator: Translator[N],
        *,
        system: str | None = None,
        pending: bool = True,
    ) -> View[N]:
        """As `view`; in a thread where a monitor may take its time, so that nobody else waits."""
        if self.monitor is None:
            return self.view(natives, translator, system=system, pending=pending)
        return await asyncio.to_thread(self.view, natives, translator, system=system, pending=pending)


def _beside(first: Message, stored: Sequence[Message]) -> bool:
    """Whether a first system message belongs beside the messages: the system prompt, or a guard's where the
    stored conversation begins without one."""
    if first.at is None:
        return first.guard != "" and not (stored and stored[0].role == "system")
    return first.at == _LEAD


def _native(
    message: Message, stored: Sequence[Message], natives: Sequence[N], translator: Translator[N]
) -> N:
    if message.at is None or message.at == _LEAD:
        return translator.write(message)
    if message.content == stored[message.at].content:
        return natives[message.at]
    return translator.rewrite(natives[message.at], message.content)
