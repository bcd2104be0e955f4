"""AutoGen with the guard around the model client: the agent keeps its system message and its own context."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from harness import SYSTEM

from harnesses import autogen
from harnesses.autogen import Conversation
from spinodal.adapters import Listener
from spinodal.adapters.autogen import GuardedClient
from spinodal.guards import Guard

from autogen_agentchat.agents import AssistantAgent  # isort: skip


class Framework(autogen.Framework):
    name = "autogen_client"

    def begin(
        self,
        guard: Guard,
        *,
        monitor: Listener | None = None,
        tools: bool = False,
        resume: Path | None = None,
    ) -> Conversation:
        def make(client: Any, **settings: Any) -> AssistantAgent:
            shown = GuardedClient(client, guard, monitor, agent="agent")
            return AssistantAgent("agent", shown, system_message=SYSTEM, **settings)

        return Conversation(self, make, tools, json.loads(resume.read_text("utf-8")) if resume else None)
