"""What the conformance suite asks of a framework: the same few things, done by each in its own way.

One file a framework, `harnesses/NAME.py`, holds a class `Framework` that fulfils `Harness`. It uses the
framework's own agent and loop, and the adapter as a user would.
"""

from __future__ import annotations

from pathlib import Path
from typing import Literal, Protocol

from spinodal.adapters import Listener
from spinodal.guards import Guard

Mode = Literal["sync", "async", "sync-stream", "async-stream"]
"""How a turn is run. `async` modes are awaited by the harness itself (`asyncio.run`), so that tests are plain
functions."""

SYSTEM = "You are a helpful assistant. You answer in a few words."


class Conversation(Protocol):
    """One conversation of one agent, whose history the framework keeps."""

    def turn(self, text: str, mode: Mode, speaker: str = "") -> str:
        """Say something to the agent and let it take one whole turn, tools included; its reply.

        Args:
            text: what is said.
            mode: one of the harness's.
            speaker: a peer that says it, by the framework's own means (a message's name or source); "" for
                the user.
        """

    def stored(self) -> list[str]:
        """Text of everything that the framework keeps of the conversation, and of what it gave back to its
        caller, the agent's instructions included where it keeps them."""

    def tool_calls(self) -> list[str]:
        """What the tool was really called with, in this process."""

    def save(self, file: Path) -> None:
        """Write the history as a user of this framework would, to go on from in another process."""


class Harness(Protocol):
    """One framework, talking to one server."""

    name: str
    modes: tuple[Mode, ...]
    """Those the framework has."""

    def __init__(self, url: str, key: str, model: str) -> None: ...

    def begin(
        self,
        guard: Guard,
        *,
        monitor: Listener | None = None,
        tools: bool = False,
        resume: Path | None = None,
    ) -> Conversation:
        """A new conversation with an agent whose system prompt is `SYSTEM`; or one that was saved.

        Args:
            guard: on the agent.
            monitor: on the agent, which is called "agent".
            tools: whether it has a tool, `weather(city: str) -> str`, that answers "It rains in CITY."
            resume: file of a saved conversation to go on with.
        """

    def side_by_side(self, guard: Guard) -> tuple[Conversation, Conversation]:
        """Two conversations that share as much as the framework lets them: the same agent object, or at least
        the same guard and adapter."""
