"""An AutoGen team, its agents guarded and watched.

    python examples/autogen_discussion.py

The two lines that matter are in `agent`: the guard is the agent's model context, which the agent is made
with. Here the framework holds the discussion: a round is a run of a RoundRobinGroupChat.
"""

from __future__ import annotations

import asyncio
import warnings

from autogen_agentchat.agents import AssistantAgent
from autogen_agentchat.teams import RoundRobinGroupChat
from autogen_core.model_context import UnboundedChatCompletionContext
from autogen_core.models import ChatCompletionClient, ModelInfo, UserMessage
from autogen_ext.models.openai import OpenAIChatCompletionClient
from common import Persona, Setting, main, say_round

from spinodal.adapters.autogen import GuardedContext
from spinodal.monitor import Monitor

MODEL_INFO: ModelInfo = {
    "vision": False,
    "function_calling": False,
    "json_output": False,
    "structured_output": False,
    "family": "unknown",
    "multiple_system_messages": True,  # reminders are such, where the guard is not told another place
}


def agent(
    persona: Persona, setting: Setting, monitor: Monitor, client: ChatCompletionClient
) -> AssistantAgent:
    """One agent, whose context begins with what the others said before the first round."""
    others = [one for one in setting.personas if one is not persona]
    kept = UnboundedChatCompletionContext([UserMessage(content=o.opening, source=o.name) for o in others])
    context = GuardedContext(
        persona.guard, kept, system_message=persona.system, monitor=monitor, agent=persona.name
    )
    return AssistantAgent(persona.name, client, system_message=None, model_context=context)


async def talk(setting: Setting, monitor: Monitor) -> None:
    """A discussion in rounds: the host asks, and everybody answers in turn."""
    warnings.filterwarnings("ignore", "Resolved model mismatch")  # the embedded server names a file
    client = OpenAIChatCompletionClient(
        model=setting.model,
        base_url=setting.url,
        api_key=setting.key,
        temperature=setting.temperature,
        max_tokens=setting.most_tokens,
        model_info=MODEL_INFO,
    )
    agents = [agent(one, setting, monitor, client) for one in setting.personas]
    team = RoundRobinGroupChat(agents, max_turns=len(agents))
    for number in range(setting.rounds):
        last = (await team.run(task=setting.question)).messages[-1]
        monitor.say(last.source, last.to_text())  # nobody has looked since
        say_round(number, monitor)
    await client.close()


if __name__ == "__main__":
    main("autogen", talk=lambda setting, monitor: asyncio.run(talk(setting, monitor)))
