"""CrewAI agents, guarded and watched.

    python examples/crewai_discussion.py

The two lines that matter are in `agent`: the agent's LLM is wrapped, and the agent is made with it.
"""

from __future__ import annotations

import atexit
import logging
import os
import shutil
import tempfile
from typing import Any

from common import News, Persona, Setting, Speak, main

# Before CrewAI is imported: it reports to its makers, and keeps memories in the user's home.
os.environ.update(
    CREWAI_DISABLE_TELEMETRY="true",
    CREWAI_DISABLE_TRACKING="true",
    CREWAI_DISABLE_VERSION_CHECK="true",
    CREWAI_TRACING_ENABLED="false",
    CREWAI_TESTING="true",
    CREWAI_STORAGE_DIR=tempfile.mkdtemp(prefix="crewai-"),
)

from crewai import LLM, Agent
from crewai.events.utils.console_formatter import set_suppress_console_output

from spinodal.adapters.crewai import guarded_llm
from spinodal.monitor import Monitor


def agent(persona: Persona, setting: Setting, monitor: Monitor) -> Speak:
    """One agent on its own, and a history that is a list."""
    llm = LLM(
        model=f"openai/{setting.model}",
        base_url=setting.url,
        api_key=setting.key,
        temperature=setting.temperature,
        max_tokens=setting.most_tokens,
    )
    llm = guarded_llm(llm, persona.guard, monitor, agent=persona.name)
    debater = Agent(role=persona.name, goal="To discuss.", backstory=persona.system, llm=llm)
    history: list[dict[str, Any]] = []

    def speak(news: News) -> str:
        for speaker, text in news:
            history.append({"role": "user", "content": text, **({"name": speaker} if speaker else {})})
        reply: str = debater.kickoff([*history]).raw
        history.append({"role": "assistant", "content": reply})
        return reply

    return speak


if __name__ == "__main__":
    atexit.register(shutil.rmtree, os.environ["CREWAI_STORAGE_DIR"], ignore_errors=True)
    set_suppress_console_output(True)  # or each turn is announced in boxes
    logging.getLogger("crewai").setLevel("ERROR")
    main("crewai", agent)
