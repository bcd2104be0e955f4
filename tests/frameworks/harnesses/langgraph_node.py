"""A LangGraph graph of the user's own, whose node is guarded; the state has the system prompt in it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from harness import SYSTEM
from langchain_core.messages import SystemMessage
from langchain_core.runnables import RunnableLambda
from langchain_core.tools import BaseTool
from langgraph.graph import MessagesState

from harnesses import langgraph
from spinodal.adapters import Listener
from spinodal.adapters.langgraph import guard_messages
from spinodal.guards import Guard


class Framework(langgraph.Framework):
    name = "langgraph_node"
    first = (SystemMessage(SYSTEM),)

    def compile(self, guard: Guard, monitor: Listener | None, tools: Sequence[BaseTool]) -> Any:
        model = self._bound(tools)

        def call(state: MessagesState) -> dict[str, Any]:
            return {"messages": [model.invoke(state["messages"])]}

        async def acall(state: MessagesState) -> dict[str, Any]:
            return {"messages": [await model.ainvoke(state["messages"])]}

        nodes = [guard_messages(node, guard, monitor=monitor) for node in (call, acall)]
        return self._graph(RunnableLambda(*nodes), tools)
