"""Adapters: guards and monitors in the frameworks that people deploy agents with, a small file each.

    spinodal.adapters.langchain          LangChain agents and LangGraph
    spinodal.adapters.autogen            AutoGen
    spinodal.adapters.agent_framework    Microsoft Agent Framework
    spinodal.adapters.openai_agents      OpenAI Agents SDK
    spinodal.adapters.pydantic_ai        Pydantic AI
    spinodal.adapters.crewai             CrewAI
    spinodal.adapters.inspect            Inspect agents
    spinodal.adapters.openai             any OpenAI-compatible client

Each imports its framework alone and is an extra of the same name (`pip install spinodal[langchain]`), but for
CrewAI, which needs an environment of its own, and those that Spinodal itself needs. What they share is
`Keeper`: it reads a framework's messages, lets a monitor hear them, and gives back what the guard shows, in
the framework's own form. What is stored is never touched.
"""

from spinodal.adapters._keeper import Keeper, Listener, Translator, View
from spinodal.adapters._versions import FrameworkWarning, require_framework

__all__ = ["FrameworkWarning", "Keeper", "Listener", "Translator", "View", "require_framework"]
