"""A LangGraph graph in which agents share one state, guarded and watched.

    python examples/langgraph_discussion.py

The two lines that matter are in `node`: the model is wrapped, and called as before. Here the framework holds
the discussion: the agents are nodes in a row, and a round is a run of the graph.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from common import Persona, Setting, main, say_round
from langchain_core.messages import AIMessage, AnyMessage, HumanMessage, SystemMessage
from langchain_openai import ChatOpenAI
from langgraph.checkpoint.memory import InMemorySaver
from langgraph.graph import END, START, MessagesState, StateGraph

from spinodal.adapters.langgraph import guarded_model
from spinodal.monitor import Monitor


def node(persona: Persona, setting: Setting, monitor: Monitor) -> Callable[[MessagesState], dict[str, Any]]:
    """One agent: it signs what it says, and what others signed is a user's to its model."""
    model = ChatOpenAI(
        model=setting.model,
        base_url=setting.url,
        api_key=setting.key,
        temperature=setting.temperature,
        max_tokens=setting.most_tokens,
    )
    guarded = guarded_model(model, persona.guard, monitor=monitor, agent=persona.name)

    def heard(message: AnyMessage) -> AnyMessage:
        return message if message.name == persona.name else HumanMessage(message.content, name=message.name)

    def speak(state: MessagesState) -> dict[str, Any]:
        reply = guarded.invoke([SystemMessage(persona.system), *map(heard, state["messages"])])
        return {"messages": [AIMessage(reply.text, name=persona.name)]}

    return speak


def talk(setting: Setting, monitor: Monitor) -> None:
    """A discussion in rounds: the host asks, and everybody answers in turn."""
    graph = StateGraph(MessagesState)
    names = [one.name for one in setting.personas]
    for one in setting.personas:
        graph.add_node(one.name, node(one, setting, monitor))
    for before, after in zip([START, *names], [*names, END], strict=True):
        graph.add_edge(before, after)
    discussion = graph.compile(checkpointer=InMemorySaver())
    thread: Any = {"configurable": {"thread_id": "discussion"}}
    said: list[AnyMessage] = [AIMessage(one.opening, name=one.name) for one in setting.personas]
    for number in range(setting.rounds):
        said.append(HumanMessage(setting.question))
        last = discussion.invoke({"messages": said}, thread)["messages"][-1]
        said = []
        monitor.say(last.name, last.text)  # nobody has looked since
        say_round(number, monitor)


if __name__ == "__main__":
    main("langgraph", talk=talk)
