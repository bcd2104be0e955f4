"""OpenAI Agents SDK: a session keeps the conversation."""

from __future__ import annotations

import asyncio
import json
import re
from pathlib import Path
from typing import Any
from uuid import uuid4

from agents import Agent, OpenAIChatCompletionsModel, RunConfig, Runner, SQLiteSession, function_tool
from harness import SYSTEM, Mode
from openai import AsyncOpenAI

from spinodal.adapters import Listener
from spinodal.adapters.openai_agents import guard_filter
from spinodal.guards import Guard


def peer_of(text: str) -> str:
    """Items name no author, so peers' messages here begin with "NAME says: "."""
    said = re.match(r"(\w+) says: ", text)
    return said[1] if said else ""


class Framework:
    name = "openai_agents"
    modes: tuple[Mode, ...] = ("sync", "async", "async-stream")

    def __init__(self, url: str, key: str, model: str) -> None:
        self._to = {"base_url": url, "api_key": key, "max_retries": 0}
        self._model = model

    def model(self) -> OpenAIChatCompletionsModel:
        """The model behind a new client: its connections belong to one event loop."""
        return OpenAIChatCompletionsModel(self._model, AsyncOpenAI(**self._to))

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

        agent = Agent(name="agent", instructions=SYSTEM, tools=[function_tool(weather)] if tools else [])
        shown = guard_filter(guard, monitor, speaker_of=peer_of)
        conversation = Conversation(self, agent, shown, called)
        if resume is not None:
            asyncio.run(conversation.session.add_items(json.loads(resume.read_text("utf-8"))))
        return conversation

    def side_by_side(self, guard: Guard) -> tuple[Conversation, Conversation]:
        agent, shown = Agent(name="agent", instructions=SYSTEM), guard_filter(guard)
        return Conversation(self, agent, shown, []), Conversation(self, agent, shown, [])


class Conversation:
    def __init__(self, framework: Framework, agent: Agent, shown: Any, called: list[str]) -> None:
        self.session = SQLiteSession(uuid4().hex)
        self._framework = framework
        self._agent = agent
        self._shown = shown
        self._called = called
        self._given: list[str] = []

    def turn(self, text: str, mode: Mode, speaker: str = "") -> str:
        said = f"{speaker} says: {text}" if speaker else text
        if mode == "sync":
            return self._note(Runner.run_sync(self._agent, said, **self._how()))
        return asyncio.run(self._aturn(said, mode == "async-stream"))

    def stored(self) -> list[str]:
        return [*self._given, *_texts(self._items())]

    def tool_calls(self) -> list[str]:
        return list(self._called)

    def save(self, file: Path) -> None:
        file.write_text(json.dumps(self._items(), ensure_ascii=False), "utf-8")

    async def _aturn(self, said: str, stream: bool) -> str:
        if not stream:
            return self._note(await Runner.run(self._agent, said, **self._how()))
        result = Runner.run_streamed(self._agent, said, **self._how())
        deltas = [
            event.data.delta
            async for event in result.stream_events()
            if event.type == "raw_response_event" and event.data.type == "response.output_text.delta"
        ]
        assert "".join(deltas) == result.final_output
        return self._note(result)

    def _how(self) -> dict[str, Any]:
        config = RunConfig(
            model=self._framework.model(), tracing_disabled=True, call_model_input_filter=self._shown
        )
        return {"session": self.session, "run_config": config}

    def _note(self, result: Any) -> str:
        self._given += [*_texts(result.to_input_list()), str(result.new_items), str(result.raw_responses)]
        return str(result.final_output)

    def _items(self) -> list[Any]:
        return asyncio.run(self.session.get_items())


def _texts(items: Any) -> list[str]:
    """Every text in JSON-like items."""
    if isinstance(items, str):
        return [items]
    parts = items.values() if isinstance(items, dict) else items if isinstance(items, list) else ()
    return [text for part in parts for text in _texts(part)]
