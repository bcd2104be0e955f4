"""A LangGraph graph of the user's own, whose node calls a guarded model."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from harness import SYSTEM
from langchain_core.messages import SystemMessage
from langchain_core.runnables import RunnableLambda
from langchain_core.tools import BaseTool
from langgraph.checkpoint.memory import InMemorySaver
from langgraph.graph import START, MessagesState, StateGraph
from langgraph.prebuilt import ToolNode, tools_condition

from harnesses import langchain
from spinodal.adapters import Listener
from spinodal.adapters.langgraph import guarded_model
from spinodal.guards import Guard


class Framework(langchain.Framework):
    name = "langgraph"

    def compile(self, guard: Guard, monitor: Listener | None, tools: Sequence[BaseTool]) -> Any:
        model = guarded_model(self._bound(tools), guard, monitor=monitor)

        def call(state: MessagesState) -> dict[str, Any]:
            return {"messages": [model.invoke([SystemMessage(SYSTEM), *state["messages"]])]}

        async def acall(state: MessagesState) -> dict[str, Any]:
            return {"messages": [await model.ainvoke([SystemMessage(SYSTEM), *state["messages"]])]}

        return self._graph(RunnableLambda(call, acall), tools)

    def _bound(self, tools: Sequence[BaseTool]) -> Any:
        return self._model.bind_tools(tools) if tools else self._model

    def _graph(self, node: Any, tools: Sequence[BaseTool]) -> Any:
        graph = StateGraph(MessagesState)
        graph.add_node("agent", node)
        graph.add_node("tools", ToolNode(tools))
        graph.add_edge(START, "agent")
        graph.add_conditional_edges("agent", tools_condition)
        graph.add_edge("tools", "agent")
        return graph.compile(checkpointer=InMemorySaver())
