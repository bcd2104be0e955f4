"""Inspect: an agent of the user's own, whose state the caller keeps. Metadata name the peer who speaks."""

from __future__ import annotations

import asyncio
import json
from pathlib import Path
from typing import Any

from harness import SYSTEM, Mode
from inspect_ai.agent import Agent, AgentState, agent, run
from inspect_ai.model import ChatMessage, ChatMessageSystem, ChatMessageUser, Model, get_model
from inspect_ai.tool import Tool, tool
from pydantic import TypeAdapter

from spinodal.adapters import Listener
from spinodal.adapters.inspect import guarded_model
from spinodal.guards import Guard

_MESSAGES: TypeAdapter[list[ChatMessage]] = TypeAdapter(list[ChatMessage])


@tool
def weather(called: list[str]) -> Tool:
    async def execute(city: str) -> str:
        """The weather in a city.

        Args:
            city: its name.
        """
        called.append(city)
        return f"It rains in {city}."

    return execute


@agent
def answering(model: Model, tools: list[Tool]) -> Agent:
    async def execute(state: AgentState) -> AgentState:
        messages, state.output = await model.generate_loop(state.messages, tools)
        state.messages.extend(messages)
        return state

    return execute


class Conversation:
    def __init__(self, to: dict[str, Any], guard: Guard, monitor: Listener | None, tools: bool) -> None:
        self._to = to
        self._guard = guard
        self._monitor = monitor
        self._called: list[str] = []
        self._tools = [weather(self._called)] if tools else []
        self._state = AgentState(messages=[ChatMessageSystem(content=SYSTEM)])
        self._given: list[str] = []

    def turn(self, text: str, mode: Mode, speaker: str = "") -> str:
        metadata = {"speaker": speaker} if speaker else None
        self._state.messages.append(ChatMessageUser(content=text, metadata=metadata))
        return asyncio.run(self._turn())

    def stored(self) -> list[str]:
        return [message.text for message in self._state.messages] + self._given

    def tool_calls(self) -> list[str]:
        return list(self._called)

    def save(self, file: Path) -> None:
        file.write_bytes(_MESSAGES.dump_json(self._state.messages))

    async def _turn(self) -> str:
        async with get_model(**self._to, memoize=False) as model:  # its connections belong to one event loop
            guarded = guarded_model(model, self._guard, self._monitor)
            self._state = await run(answering(guarded, self._tools), self._state)
        self._given.append(json.dumps(self._state.output.model_dump(), ensure_ascii=False))
        return self._state.output.completion


class Framework:
    name = "inspect"
    modes: tuple[Mode, ...] = ("async",)
    """Inspect has no other: its agents are asynchronous, and stream to nobody."""
    conversation: type[Conversation] = Conversation

    def __init__(self, url: str, key: str, model: str) -> None:
        self._to = {"model": f"openai-api/local/{model}", "base_url": url, "api_key": key}

    def begin(
        self,
        guard: Guard,
        *,
        monitor: Listener | None = None,
        tools: bool = False,
        resume: Path | None = None,
    ) -> Conversation:
        conversation = self.conversation(self._to, guard, monitor, tools)
        if resume:
            conversation._state.messages = _MESSAGES.validate_json(resume.read_bytes())
        return conversation

    def side_by_side(self, guard: Guard) -> tuple[Conversation, Conversation]:
        return self.begin(guard), self.begin(guard)
