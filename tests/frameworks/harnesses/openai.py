"""A plain OpenAI client: the caller keeps the list of messages."""

from __future__ import annotations

import asyncio
import json
from pathlib import Path
from typing import Any

from harness import SYSTEM, Mode
from openai import AsyncOpenAI, OpenAI

from spinodal.adapters import Listener
from spinodal.adapters.openai import guarded
from spinodal.guards import Guard

_TOOLS = [
    {
        "type": "function",
        "function": {
            "name": "weather",
            "description": "The weather in a city.",
            "parameters": {
                "type": "object",
                "properties": {"city": {"type": "string"}},
                "required": ["city"],
                "additionalProperties": False,
            },
        },
    }
]
_MOST_STEPS = 4


class Framework:
    name = "openai"
    modes: tuple[Mode, ...] = ("sync", "async", "sync-stream", "async-stream")

    def __init__(self, url: str, key: str, model: str) -> None:
        self._to = {"base_url": url, "api_key": key, "max_retries": 0}
        self._model = model

    def begin(
        self,
        guard: Guard,
        *,
        monitor: Listener | None = None,
        tools: bool = False,
        resume: Path | None = None,
    ) -> Conversation:
        asked: dict[str, Any] = {"model": self._model} | ({"tools": _TOOLS} if tools else {})
        messages = json.loads(resume.read_text("utf-8")) if resume else None
        return Conversation(
            guarded(OpenAI(**self._to), guard, monitor),
            lambda: guarded(AsyncOpenAI(**self._to), guard, monitor),
            asked,
            messages or [{"role": "system", "content": SYSTEM}],
        )

    def side_by_side(self, guard: Guard) -> tuple[Conversation, Conversation]:
        client = guarded(OpenAI(**self._to), guard)
        first, second = self.begin(guard), self.begin(guard)
        first._client = second._client = client
        return first, second


class Conversation:
    def __init__(self, client: OpenAI, begin: Any, asked: dict[str, Any], messages: list[Any]) -> None:
        self._client = client
        self._begin = begin
        """An asynchronous client, anew for every turn: its connections belong to one event loop."""
        self._asked = asked
        self._messages = messages
        self._given: list[str] = []
        self._called: list[str] = []

    def turn(self, text: str, mode: Mode, speaker: str = "") -> str:
        said = {"role": "user", "content": text}
        self._messages.append({**said, "name": speaker} if speaker else said)
        if mode.startswith("async"):
            return asyncio.run(self._aturn(mode == "async-stream"))
        for _ in range(_MOST_STEPS):
            if not self._go_on(self._step(mode == "sync-stream")):
                break
        return self._reply()

    def stored(self) -> list[str]:
        return [message.get("content") or "" for message in self._messages] + self._given

    def tool_calls(self) -> list[str]:
        return list(self._called)

    def save(self, file: Path) -> None:
        file.write_text(json.dumps(self._messages), "utf-8")

    async def _aturn(self, stream: bool) -> str:
        async with self._begin() as client:
            for _ in range(_MOST_STEPS):
                asked = {**self._asked, "messages": self._messages}
                if stream:
                    events = [
                        event async for event in await client.chat.completions.create(**asked, stream=True)
                    ]
                    message = _joined(events)
                else:
                    message = _plain(await client.chat.completions.create(**asked))
                if not self._go_on(message):
                    break
        return self._reply()

    def _step(self, stream: bool) -> dict[str, Any]:
        asked = {**self._asked, "messages": self._messages}
        if stream:
            return _joined(list(self._client.chat.completions.create(**asked, stream=True)))
        return _plain(self._client.chat.completions.create(**asked))

    def _reply(self) -> str:
        return str(self._messages[-1]["content"])

    def _go_on(self, message: dict[str, Any]) -> bool:
        """Note what the model said and do what it called; whether it is to be asked again."""
        self._messages.append(message)
        self._given.append(json.dumps(message))
        for call in message.get("tool_calls", []):
            city = json.loads(call["function"]["arguments"])["city"]
            self._called.append(city)
            result = {"role": "tool", "tool_call_id": call["id"], "content": f"It rains in {city}."}
            self._messages.append(result)
        return bool(message.get("tool_calls"))


def _plain(answer: Any) -> dict[str, Any]:
    return dict(answer.choices[0].message.model_dump(exclude_none=True))


def _joined(events: list[Any]) -> dict[str, Any]:
    """The message that the events of a stream spell."""
    deltas = [event.choices[0].delta for event in events if event.choices]
    calls = [call.model_dump(exclude_none=True) for delta in deltas for call in delta.tool_calls or []]
    message = {"role": "assistant", "content": "".join(delta.content or "" for delta in deltas)}
    for call in calls:
        call.pop("index")
    return message | ({"tool_calls": calls} if calls else {})
