"""Pydantic AI: the caller keeps the messages that a run gave back."""

from __future__ import annotations

import asyncio
import json
import re
from pathlib import Path
from typing import Any

from harness import SYSTEM, Mode
from openai import AsyncOpenAI
from pydantic_ai import Agent
from pydantic_ai.messages import ModelMessagesTypeAdapter
from pydantic_ai.models.openai import OpenAIChatModel
from pydantic_ai.providers.openai import OpenAIProvider

from spinodal.adapters import Listener
from spinodal.adapters.pydantic_ai import GuardCapability
from spinodal.guards import Guard


def peer_of(text: str) -> str:
    """Prompts name no author, so peers' messages here begin with "NAME says: "."""
    said = re.match(r"(\w+) says: ", text)
    return said[1] if said else ""


class Framework:
    name = "pydantic_ai"
    modes: tuple[Mode, ...] = ("sync", "async", "sync-stream", "async-stream")

    def __init__(self, url: str, key: str, model: str) -> None:
        self._to = {"base_url": url, "api_key": key, "max_retries": 0}
        self._model = model

    def model(self) -> OpenAIChatModel:
        """The model behind a new client: its connections belong to one event loop."""
        return OpenAIChatModel(self._model, provider=OpenAIProvider(openai_client=AsyncOpenAI(**self._to)))

    def begin(
        self,
        guard: Guard,
        *,
        monitor: Listener | None = None,
        tools: bool = False,
        resume: Path | None = None,
    ) -> Conversation:
        called: list[str] = []

        def weather(city: str) -> str:
            """The weather in a city."""
            called.append(city)
            return f"It rains in {city}."

        capability = GuardCapability(guard, monitor, speaker_of=peer_of)
        agent = Agent(
            name="agent", instructions=SYSTEM, tools=[weather] if tools else [], capabilities=[capability]
        )
        history = ModelMessagesTypeAdapter.validate_json(resume.read_bytes()) if resume else []
        return Conversation(self, agent, called, history)

    def side_by_side(self, guard: Guard) -> tuple[Conversation, Conversation]:
        agent = Agent(name="agent", instructions=SYSTEM, capabilities=[GuardCapability(guard)])
        return Conversation(self, agent, [], []), Conversation(self, agent, [], [])


class Conversation:
    def __init__(self, framework: Framework, agent: Any, called: list[str], history: list[Any]) -> None:
        self._framework = framework
        self._agent = agent
        self._called = called
        self._history = history
        self._given: list[str] = []

    def turn(self, text: str, mode: Mode, speaker: str = "") -> str:
        said = f"{speaker} says: {text}" if speaker else text
        if mode == "sync":
            result = self._agent.run_sync(said, **self._how())
            return self._note(result, result.output)
        if mode == "sync-stream":
            with self._agent.run_stream_sync(said, **self._how()) as stream:
                return self._note(stream, "".join(stream.stream_text(delta=True)))
        return asyncio.run(self._aturn(said, mode == "async-stream"))

    def stored(self) -> list[str]:
        return [*self._given, *_texts(json.loads(ModelMessagesTypeAdapter.dump_json(self._history)))]

    def tool_calls(self) -> list[str]:
        return list(self._called)

    def save(self, file: Path) -> None:
        file.write_bytes(ModelMessagesTypeAdapter.dump_json(self._history))

    async def _aturn(self, said: str, stream: bool) -> str:
        if not stream:
            result = await self._agent.run(said, **self._how())
            return self._note(result, result.output)
        async with self._agent.run_stream(said, **self._how()) as streamed:
            deltas = [delta async for delta in streamed.stream_text(delta=True)]
            return self._note(streamed, "".join(deltas))

    def _how(self) -> dict[str, Any]:
        return {"model": self._framework.model(), "message_history": self._history}

    def _note(self, result: Any, reply: str) -> str:
        self._history = result.all_messages()
        self._given += _texts(json.loads(result.new_messages_json()))
        return reply


def _texts(items: Any) -> list[str]:
    """Every text in JSON-like items."""
    if isinstance(items, str):
        return [items]
    parts = items.values() if isinstance(items, dict) else items if isinstance(items, list) else ()
    return [text for part in parts for text in _texts(part)]
