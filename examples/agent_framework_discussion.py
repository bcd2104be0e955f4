"""Agents of the Microsoft Agent Framework, guarded and watched.

    python examples/agent_framework_discussion.py

The two lines that matter are in `agent`: the guard is middleware, and the agent is made with it.
"""

from __future__ import annotations

from uuid import uuid4

from agent_framework import Agent, AgentSession, Message
from agent_framework.openai import OpenAIChatCompletionClient
from common import News, Persona, Setting, Speak, main

from spinodal.adapters.agent_framework import GuardMiddleware
from spinodal.monitor import Monitor


def agent(persona: Persona, setting: Setting, monitor: Monitor) -> Speak:
    """One agent, with a session of its own."""
    client = OpenAIChatCompletionClient(setting.model, base_url=setting.url, api_key=setting.key)
    guard = GuardMiddleware(persona.guard, monitor, agent=persona.name)
    debater = Agent(
        client,
        persona.system,
        name=persona.name,
        middleware=[guard],
        default_options={"temperature": setting.temperature, "max_tokens": setting.most_tokens},
    )
    session = AgentSession()

    async def speak(news: News) -> str:
        said = [  # with ids: without, history takes the same question again for a replay, and drops it
            Message("user", [text], author_name=speaker or None, message_id=uuid4().hex)
            for speaker, text in news
        ]
        return (await debater.run(said, session=session)).text

    return speak


if __name__ == "__main__":
    main("agent_framework", agent)
