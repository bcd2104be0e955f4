"""Who is in a society: groups of agents alike."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from spinodal._errors import RequestError
from spinodal.agents import AgentSpec


@dataclass(frozen=True)
class Group:
    """So many regular agents of one spec: a model with its persona.

    Raises:
        RequestError: a number of agents that is none.
    """

    agent: AgentSpec
    agents: int
    name: str = ""
    """What tables and pages call it; the agent's label where empty."""

    def __post_init__(self) -> None:
        if self.agents != int(self.agents) or self.agents < 1:
            raise RequestError(f"{self.agents} agents in a group; give a whole number, 1 or more")
        if not self.name:
            object.__setattr__(self, "name", self.agent.label)

    def to_dict(self) -> dict[str, Any]:
        return {"name": self.name, "agents": self.agents, "agent": self.agent.to_dict()}
