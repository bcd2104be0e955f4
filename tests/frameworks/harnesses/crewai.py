"""CrewAI: an agent on its own, whose caller keeps the messages that it returns."""

from __future__ import annotations

import asyncio
import json
import os
import tempfile
from pathlib import Path
from typing import Any

# Before CrewAI is imported: it reports to its makers, and keeps memories and keys in the user's home.
os.environ.update(
    CREWAI_DISABLE_TELEMETRY="true",
    CREWAI_DISABLE_TRACKING="true",
    CREWAI_DISABLE_VERSION_CHECK="true",
    CREWAI_TRACING_ENABLED="false",
    CREWAI_TESTING="true",
    OTEL_SDK_DISABLED="true",
    CREWAI_STORAGE_DIR=tempfile.mkdtemp(prefix="crewai-"),
)

from crewai import LLM, Agent
from crewai.tools import tool
from harness import SYSTEM, Mode

from spinodal.adapters import Listener
from spinodal.adapters.crewai import guarded_llm
from spinodal.guards import Guard


class Framework:
    name = "crewai"
    modes: tuple[Mode, ...] = ("sync", "async", "sync-stream", "async-stream")
    names = False
    """CrewAI makes the last user message its prompt, and drops its name."""

    def __init__(self, url: str, key: str, model: str) -> None:
        self._to: dict[str, Any] = {"model": f"openai/{model}", "base_url": url, "api_key": key}

    def llm(self, guard: Guard, monitor: Listener | None = None, *, stream: bool = False) -> Any:
        """CrewAI's own client with a guard."""
        return guarded_llm(LLM(**self._to, stream=stream, max_retries=0), guard, monitor)

    def begin(
        self,
        guard: Guard,
        *,
        monitor: Listener | None = None,
        tools: bool = False,
        resume: Path | None = None,
    ) -> Conversation:
        called: list[str] = []

        @tool("weather")
        def weather(city: str) -> str:
            """The weather in a city."""
            called.append(city)
            return f"It rains in {city}."

        agents = {
            stream: Agent(
                role="Assistant",
                backstory=SYSTEM,
                goal="To answer.",
                llm=self.llm(guard, monitor, stream=stream),
                tools=[weather] if tools else [],
                verbose=False,
            )
            for stream in (False, True)
        }
        return Conversation(agents, called, json.loads(resume.read_text("utf-8")) if resume else [])

    def side_by_side(self, guard: Guard) -> tuple[Conversation, Conversation]:
        first = self.begin(guard)
        return first, Conversation(first._agents, first._called, [])


class Conversation:
    def __init__(self, agents: dict[bool, Agent], called: list[str], messages: list[Any]) -> None:
        self._agents = agents
        """Without streaming, and with it: a setting of the LLM."""
        self._called = called
        self._messages = messages
        self._given: list[str] = []

    def turn(self, text: str, mode: Mode, speaker: str = "") -> str:
        said = {"role": "user", "content": text}
        messages = [*self._messages, {**said, "name": speaker} if speaker else said]
        agent = self._agents[mode.endswith("stream")]
        if mode.startswith("async"):
            output = asyncio.run(agent.kickoff_async(messages))
        else:
            output = agent.kickoff(messages)
        self._messages = [message for message in output.messages if message["role"] != "system"]
        if self._messages[-1]["role"] != "assistant":
            self._messages.append({"role": "assistant", "content": output.raw})
        self._given += [json.dumps(output.model_dump(mode="json")), output.raw]
        return output.raw

    def stored(self) -> list[str]:
        return [message["content"] or "" for message in self._messages] + self._given

    def tool_calls(self) -> list[str]:
        return list(self._called)

    def save(self, file: Path) -> None:
        file.write_text(json.dumps(self._messages), "utf-8")
