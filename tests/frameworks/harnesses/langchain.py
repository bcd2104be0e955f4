"""A LangChain agent: a checkpointer keeps one thread a conversation."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Sequence
from itertools import count
from pathlib import Path
from typing import Any

from harness import SYSTEM, Mode
from langchain.agents import create_agent
from langchain_core.messages import BaseMessage, HumanMessage, messages_from_dict, messages_to_dict
from langchain_core.tools import BaseTool, tool
from langchain_openai import ChatOpenAI
from langgraph.checkpoint.memory import InMemorySaver

from spinodal.adapters import Listener
from spinodal.adapters.langchain import GuardMiddleware
from spinodal.guards import Guard


class Framework:
    name = "langchain"
    modes: tuple[Mode, ...] = ("sync", "async", "sync-stream", "async-stream")
    first: Sequence[BaseMessage] = ()
    """What a conversation begins with in its state."""

    def __init__(self, url: str, key: str, model: str) -> None:
        once = {
            "Connection": "close"
        }  # each asynchronous turn has an event loop of its own, as connections have
        self._model = ChatOpenAI(base_url=url, api_key=key, model=model, max_retries=0, default_headers=once)
        self._threads = count()

    def begin(
        self,
        guard: Guard,
        *,
        monitor: Listener | None = None,
        tools: bool = False,
        resume: Path | None = None,
    ) -> Conversation:
        called: list[str] = []
        graph = self.compile(guard, monitor, [_weather(called)] if tools else [])
        return self._thread(graph, called, resume)

    def side_by_side(self, guard: Guard) -> tuple[Conversation, Conversation]:
        graph = self.compile(guard, None, [])
        return self._thread(graph, []), self._thread(graph, [])

    def compile(self, guard: Guard, monitor: Listener | None, tools: Sequence[BaseTool]) -> Any:
        """The agent, as a graph."""
        return create_agent(
            self._model,
            tools,
            system_prompt=SYSTEM,
            middleware=[GuardMiddleware(guard, monitor)],
            checkpointer=InMemorySaver(),
        )

    def _thread(self, graph: Any, called: list[str], resume: Path | None = None) -> Conversation:
        kept = messages_from_dict(json.loads(resume.read_text("utf-8"))) if resume else self.first
        return Conversation(graph, str(next(self._threads)), called, kept)


class Conversation:
    """One thread of a graph."""

    def __init__(self, graph: Any, thread: str, called: list[str], kept: Sequence[BaseMessage]) -> None:
        self._graph = graph
        self._at = {"configurable": {"thread_id": thread}}
        self._called = called
        self._kept = kept
        """What was said before, for the first turn to begin with."""
        self._given: list[Any] = []

    def turn(self, text: str, mode: Mode, speaker: str = "") -> str:
        said = {"messages": [*self._kept, HumanMessage(text, name=speaker or None)]}
        self._kept = ()
        ways = {"stream_mode": ["messages", "updates", "values"]}
        match mode:
            case "sync":
                self._given.append(self._graph.invoke(said, self._at))
            case "sync-stream":
                self._given += self._graph.stream(said, self._at, **ways)
            case "async":
                self._given.append(asyncio.run(self._graph.ainvoke(said, self._at)))
            case "async-stream":
                self._given += asyncio.run(_listed(self._graph.astream(said, self._at, **ways)))
        return str(self._messages()[-1].text)

    def stored(self) -> list[str]:
        """Text of the messages; all that is in any checkpoint; and all that the graph gave back."""
        everything = [*self._graph.get_state_history(self._at), *self._given]
        return [str(message.text) for message in self._messages()] + [repr(one) for one in everything]

    def tool_calls(self) -> list[str]:
        return list(self._called)

    def save(self, file: Path) -> None:
        file.write_text(json.dumps(messages_to_dict(self._messages())), "utf-8")

    def _messages(self) -> list[BaseMessage]:
        return list(self._graph.get_state(self._at).values["messages"])


async def _listed(parts: Any) -> list[Any]:
    return [part async for part in parts]


def _weather(called: list[str]) -> BaseTool:
    @tool
    def weather(city: str) -> str:
        """The weather in a city."""
        called.append(city)
        return f"It rains in {city}."

    return weather
