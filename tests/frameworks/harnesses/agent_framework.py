"""Microsoft Agent Framework: a session keeps the conversation."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any
from uuid import uuid4

from harness import SYSTEM, Mode

from spinodal.adapters import Listener
from spinodal.adapters.agent_framework import GuardMiddleware
from spinodal.guards import Guard

from agent_framework import Agent, AgentSession, Message  # isort: skip
from agent_framework.openai import OpenAIChatCompletionClient  # isort: skip
from openai import AsyncOpenAI  # isort: skip


class Framework:
    name = "agent_framework"
    modes: tuple[Mode, ...] = ("async", "async-stream")

    def __init__(self, url: str, key: str, model: str) -> None:
        self._to = {"base_url": url, "api_key": key, "max_retries": 0}
        self._model = model

    @asynccontextmanager
    async def client(self) -> AsyncIterator[OpenAIChatCompletionClient]:
        """A new client: its connections belong to one event loop."""
        async with AsyncOpenAI(**self._to) as client:
            yield OpenAIChatCompletionClient(self._model, async_client=client)

    def begin(
        self,
        guard: Guard,
        *,
        monitor: Listener | None = None,
        tools: bool = False,
        resume: Path | None = None,
    ) -> Conversation:
        session = AgentSession.from_dict(json.loads(resume.read_text("utf-8"))) if resume else AgentSession()
        return Conversation(self, GuardMiddleware(guard, monitor, agent="agent"), session, tools)

    def side_by_side(self, guard: Guard) -> tuple[Conversation, Conversation]:
        middleware = GuardMiddleware(guard)
        return (
            Conversation(self, middleware, AgentSession(), False),
            Conversation(self, middleware, AgentSession(), False),
        )


class Conversation:
    def __init__(
        self, framework: Framework, middleware: GuardMiddleware, session: AgentSession, tools: bool
    ) -> None:
        self._framework = framework
        self._middleware = middleware
        self._session = session
        self._tools = tools
        self._called: list[str] = []
        self._given: list[str] = []

    def turn(self, text: str, mode: Mode, speaker: str = "") -> str:
        # without an id, history takes a turn like the last one, word for word, for a replay, and drops it
        said = Message("user", [text], author_name=speaker or None, message_id=uuid4().hex)
        return asyncio.run(self._turn(said, mode == "async-stream"))

    def stored(self) -> list[str]:
        return [*_texts(self._session.to_dict()), *self._given]

    def tool_calls(self) -> list[str]:
        return list(self._called)

    def save(self, file: Path) -> None:
        file.write_text(json.dumps(self._session.to_dict()), "utf-8")

    async def _turn(self, said: Message, stream: bool) -> str:
        def weather(city: str) -> str:
            """The weather in a city."""
            self._called.append(city)
            return f"It rains in {city}."

        async with self._framework.client() as client:
            agent = Agent(
                client,
                SYSTEM,
                name="agent",
                tools=[weather] if self._tools else None,
                middleware=[self._middleware],
            )
            if stream:
                updates = agent.run(said, stream=True, session=self._session)
                pieces = [update.text async for update in updates]
                assert "".join(pieces), "nothing was streamed"
                self._given += pieces
                reply = await updates.get_final_response()
            else:
                reply = await agent.run(said, session=self._session)
        self._given += _texts(reply.to_dict())
        return str(reply.messages[-1].text)


def _texts(value: Any) -> list[str]:
    """Every text in what was dumped."""
    if isinstance(value, str):
        return [value]
    parts = value.values() if isinstance(value, dict) else value if isinstance(value, list) else ()
    return [text for part in parts for text in _texts(part)]
