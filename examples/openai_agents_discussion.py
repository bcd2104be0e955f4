"""Agents of the OpenAI Agents SDK, guarded and watched.

    python examples/openai_agents_discussion.py

The two lines that matter are in `agent`: the guard is a filter in the configuration of each run. Items of
this SDK name no author, so a peer's name stands before its words, and the guard is told how to read it.
"""

from __future__ import annotations

from agents import Agent, ModelSettings, OpenAIChatCompletionsModel, RunConfig, Runner, SQLiteSession
from common import News, Persona, Setting, Speak, main, speaker_of, with_name
from openai import AsyncOpenAI

from spinodal.adapters.openai_agents import guard_filter
from spinodal.monitor import Monitor


def agent(persona: Persona, setting: Setting, monitor: Monitor) -> Speak:
    """One agent, with a session of its own."""
    client = AsyncOpenAI(base_url=setting.url, api_key=setting.key)
    debater = Agent(
        name=persona.name,
        instructions=persona.system,
        model=OpenAIChatCompletionsModel(setting.model, client),
        model_settings=ModelSettings(temperature=setting.temperature, max_tokens=setting.most_tokens),
    )
    guard = guard_filter(persona.guard, monitor, speaker_of=speaker_of)
    config = RunConfig(call_model_input_filter=guard, tracing_disabled=True)
    session = SQLiteSession(persona.name)

    async def speak(news: News) -> str:
        said = [{"role": "user", "content": with_name(*one)} for one in news]
        return str((await Runner.run(debater, said, session=session, run_config=config)).final_output)

    return speak


if __name__ == "__main__":
    main("openai_agents", agent)
