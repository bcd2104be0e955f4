"""Pydantic AI agents, guarded and watched.

    python examples/pydantic_ai_discussion.py

The two lines that matter are in `agent`: the guard is a capability, and the agent is made with it. Prompts of
this framework name no author, so a peer's name stands before its words, and the guard is told how to read it.
"""

from __future__ import annotations

from common import News, Persona, Setting, Speak, main, speaker_of, with_name
from pydantic_ai import Agent
from pydantic_ai.messages import ModelMessage, ModelRequest
from pydantic_ai.models.openai import OpenAIChatModel
from pydantic_ai.providers.openai import OpenAIProvider

from spinodal.adapters.pydantic_ai import GuardCapability
from spinodal.monitor import Monitor


def agent(persona: Persona, setting: Setting, monitor: Monitor) -> Speak:
    """One agent, and the messages that its runs gave back."""
    model = OpenAIChatModel(setting.model, provider=OpenAIProvider(base_url=setting.url, api_key=setting.key))
    guard = GuardCapability(persona.guard, monitor, speaker_of=speaker_of)
    debater = Agent(
        model,
        name=persona.name,
        instructions=persona.system,
        capabilities=[guard],
        model_settings={"temperature": setting.temperature, "max_tokens": setting.most_tokens},
    )
    history: list[ModelMessage] = []

    async def speak(news: News) -> str:
        history.extend(ModelRequest.user_text_prompt(with_name(*one)) for one in news)
        result = await debater.run(message_history=history)
        history[:] = result.all_messages()
        return result.output

    return speak


if __name__ == "__main__":
    main("pydantic_ai", agent)
