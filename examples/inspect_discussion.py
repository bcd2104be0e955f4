"""Inspect agents, guarded and watched.

    python examples/inspect_discussion.py

The two lines that matter are in `debater`: the model is wrapped, and generates as before. Messages of Inspect
have no name; metadata say which peer wrote one.
"""

from __future__ import annotations

from common import News, Persona, Setting, Speak, main
from inspect_ai.agent import Agent, AgentState, run
from inspect_ai.agent import agent as inspect_agent
from inspect_ai.model import ChatMessageSystem, ChatMessageUser, GenerateConfig, get_model

from spinodal.adapters.inspect import guarded_model
from spinodal.monitor import Monitor


@inspect_agent
def debater(persona: Persona, setting: Setting, monitor: Monitor) -> Agent:
    """An agent that answers what it has heard."""
    model = get_model(
        f"openai-api/local/{setting.model}",
        base_url=setting.url,
        api_key=setting.key,
        config=GenerateConfig(temperature=setting.temperature, max_tokens=setting.most_tokens),
        memoize=False,
    )
    model = guarded_model(model, persona.guard, monitor, agent=persona.name)

    async def execute(state: AgentState) -> AgentState:
        state.output = await model.generate(state.messages)
        state.messages.append(state.output.message)
        return state

    return execute


def agent(persona: Persona, setting: Setting, monitor: Monitor) -> Speak:
    """One agent, and its state."""
    own = debater(persona, setting, monitor)
    state = AgentState(messages=[ChatMessageSystem(content=persona.system)])

    async def speak(news: News) -> str:
        nonlocal state
        for speaker, text in news:
            state.messages.append(ChatMessageUser(content=text, metadata={"speaker": speaker}))
        state = await run(own, state)
        return state.output.completion

    return speak


if __name__ == "__main__":
    main("inspect", agent)
