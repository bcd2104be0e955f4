"""LangChain agents, as `create_agent` makes them.

    from spinodal.adapters.langchain import GuardMiddleware

    guard = make_guard("implicit-traits:every=4", "profile.json")
    agent = create_agent(model, tools, middleware=[GuardMiddleware(guard)])

The model is called with the guard's view of the messages and of the system prompt; the agent's state is
never touched. An agent that has a name, as in `create_agent(..., name="analyst")`, signs its messages with
it, and its guard must know it: `GuardMiddleware(guard, agent="analyst")`. Whose the other messages are, and
what to do in a graph without `create_agent`, is said in `spinodal.adapters.langgraph`.

Where it stands among other middleware: after such as writes the system prompt or chooses tools at each call,
which would overwrite the guard's words or take them for the user's; before such as tries failed calls again,
which may turn a guard's failure into an answer, and before such as cuts the messages of a call short, since
a guard counts turns in what it is given.

What it cannot do: count turns that are no longer in the state, as after a summary of the conversation.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any

from spinodal._errors import RequestError
from spinodal.adapters._keeper import Keeper, Listener, View
from spinodal.adapters._versions import require_framework
from spinodal.guards import Guard

require_framework("langchain", lowest="1.1", below="2", extra="langchain")

from langchain.agents.middleware import (  # noqa: E402
    AgentMiddleware,
    AgentState,
    ModelRequest,
    ModelResponse,
)
from langchain_core.messages import AIMessage, BaseMessage, SystemMessage  # noqa: E402

from spinodal.adapters.langgraph import Messages  # noqa: E402


class GuardMiddleware(AgentMiddleware[AgentState[Any], Any]):  # type: ignore[misc, unused-ignore]
    """A guard on one agent.

    Args:
        guard: what edits the agent's view.
        monitor: who hears what is said; None for nobody.
        agent: the agent's name, as `create_agent` was given it: for the monitor, and to know its own messages
            by.

    Raises:
        RequestError: at the first call, where the agent signs with another name.
    """

    def __init__(self, guard: Guard, monitor: Listener | None = None, agent: str = "agent") -> None:
        super().__init__()
        self._keeper = Keeper(guard, monitor, agent)
        self._translator = Messages(agent)

    def wrap_model_call(
        self, request: ModelRequest[Any], handler: Callable[[ModelRequest[Any]], ModelResponse[Any]]
    ) -> ModelResponse[Any]:
        view = self._keeper.view(request.messages, self._translator, system=request.system_prompt)
        return self._signed(handler(self._shown(request, view)))

    async def awrap_model_call(
        self,
        request: ModelRequest[Any],
        handler: Callable[[ModelRequest[Any]], Awaitable[ModelResponse[Any]]],
    ) -> ModelResponse[Any]:
        view = await self._keeper.aview(request.messages, self._translator, system=request.system_prompt)
        return self._signed(await handler(self._shown(request, view)))

    def _shown(self, request: ModelRequest[Any], view: View[BaseMessage]) -> ModelRequest[Any]:
        """The request with the guard's view in it."""
        system: Any = request.system_message
        if view.system is None or system is None:
            system = None if view.system is None else SystemMessage(view.system)
        elif view.system != system.text:
            system = self._translator.rewrite(system, view.system)
        messages: list[Any] = list(view.messages)
        return request.override(messages=messages, system_message=system)

    def _signed(self, response: ModelResponse[Any]) -> ModelResponse[Any]:
        """The response, once it is seen that the guard will know it again as the agent's own."""
        for message in response.result:
            name = message.name if isinstance(message, AIMessage) else None
            if name and name != self._keeper.agent:
                raise RequestError(
                    f"the agent signs as {name!r}, and its guard, which knows it as {self._keeper.agent!r}, "
                    f"would count none of its turns; give GuardMiddleware(guard, agent={name!r})"
                )
        return response
