"""LangChain agents, guarded and watched.

    python examples/langchain_discussion.py

The two lines that matter are in `agent`: the guard is middleware, and the agent is made with it.
"""

from __future__ import annotations

from common import News, Persona, Setting, Speak, main
from langchain.agents import create_agent
from langchain_core.messages import HumanMessage
from langchain_openai import ChatOpenAI
from langgraph.checkpoint.memory import InMemorySaver

from spinodal.adapters.langchain import GuardMiddleware
from spinodal.monitor import Monitor


def agent(persona: Persona, setting: Setting, monitor: Monitor) -> Speak:
    """One agent, with a thread of its own in its checkpointer."""
    model = ChatOpenAI(
        model=setting.model,
        base_url=setting.url,
        api_key=setting.key,
        temperature=setting.temperature,
        max_tokens=setting.most_tokens,
    )
    guard = GuardMiddleware(persona.guard, monitor, agent=persona.name)
    debater = create_agent(
        model,
        system_prompt=persona.system,
        middleware=[guard],
        name=persona.name,
        checkpointer=InMemorySaver(),
    )
    thread = {"configurable": {"thread_id": persona.name}}

    def speak(news: News) -> str:
        said = [HumanMessage(text, name=speaker or None) for speaker, text in news]
        return str(debater.invoke({"messages": said}, thread)["messages"][-1].text)

    return speak


if __name__ == "__main__":
    main("langchain", agent)
