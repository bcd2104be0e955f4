"""AutoGen: an AssistantAgent, whose model context keeps the conversation."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from harness import SYSTEM, Mode

from spinodal.adapters import Listener
from spinodal.adapters.autogen import GuardedContext
from spinodal.guards import Guard

from autogen_agentchat.agents import AssistantAgent  # isort: skip
from autogen_agentchat.messages import TextMessage  # isort: skip
from autogen_ext.models.openai import OpenAIChatCompletionClient  # isort: skip

_MODEL_INFO = {
    "vision": False,
    "function_calling": True,
    "json_output": False,
    "structured_output": False,
    "family": "unknown",
    "multiple_system_messages": True,
}


class Framework:
    name = "autogen"
    modes: tuple[Mode, ...] = ("async", "async-stream")

    def __init__(self, url: str, key: str, model: str) -> None:
        self._to = {"base_url": url, "api_key": key, "model": model, "max_retries": 0}

    def client(self) -> OpenAIChatCompletionClient:
        """A new client: its connections belong to one event loop."""
        return OpenAIChatCompletionClient(**self._to, model_info=_MODEL_INFO)

    def begin(
        self,
        guard: Guard,
        *,
        monitor: Listener | None = None,
        tools: bool = False,
        resume: Path | None = None,
    ) -> Conversation:
        context = GuardedContext(guard, monitor=monitor, system_message=SYSTEM, agent="agent")

        def make(client: Any, **settings: Any) -> AssistantAgent:
            return AssistantAgent("agent", client, system_message=None, model_context=context, **settings)

        return Conversation(self, make, tools, json.loads(resume.read_text("utf-8")) if resume else None)

    def side_by_side(self, guard: Guard) -> tuple[Conversation, Conversation]:
        return self.begin(guard), self.begin(guard)


class Conversation:
    """An agent made anew for every turn, with the state that the last one saved."""

    def __init__(
        self, framework: Framework, make: Callable[..., AssistantAgent], tools: bool, state: Any
    ) -> None:
        self._framework = framework
        self._make = make
        self._tools = tools
        self._state = state
        self._called: list[str] = []
        self._given: list[str] = []

    def turn(self, text: str, mode: Mode, speaker: str = "") -> str:
        said = TextMessage(content=text, source=speaker or "user")
        return asyncio.run(self._turn(said, mode == "async-stream"))

    def stored(self) -> list[str]:
        return [*_texts(self._state), *self._given]

    def tool_calls(self) -> list[str]:
        return list(self._called)

    def save(self, file: Path) -> None:
        file.write_text(json.dumps(self._state), "utf-8")

    async def _turn(self, said: TextMessage, stream: bool) -> str:
        def weather(city: str) -> str:
            """The weather in a city."""
            self._called.append(city)
            return f"It rains in {city}."

        client = self._framework.client()
        agent = self._make(
            client,
            tools=[weather] if self._tools else None,
            reflect_on_tool_use=self._tools,
            model_client_stream=stream,
        )
        if self._state is not None:
            await agent.load_state(self._state)
        try:
            if stream:
                *events, result = [event async for event in agent.run_stream(task=said)]
                pieces = [event.content for event in events if event.type == "ModelClientStreamingChunkEvent"]
                assert pieces, "nothing was streamed"
                self._given.append("".join(pieces))
            else:
                result = await agent.run(task=said)
        finally:
            await client.close()
        self._state = dict(await agent.save_state())
        self._given += [text for message in result.messages for text in _texts(message.model_dump())]
        return str(result.messages[-1].content)


def _texts(value: Any) -> Iterator[str]:
    """Every text in what was dumped."""
    if isinstance(value, str):
        yield value
    elif isinstance(value, (dict, list)):
        for part in value.values() if isinstance(value, dict) else value:
            yield from _texts(part)
