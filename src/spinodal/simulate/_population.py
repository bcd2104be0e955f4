"""Who is in a population: kinds of agents, what they see, where the zealots sit."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from spinodal._errors import RequestError
from spinodal.response import ResponseFunction, SampledPeersResponse, among

if TYPE_CHECKING:
    from spinodal.simulate.graphs import Graph
    from spinodal.theory import Stage


@dataclass(frozen=True)
class Kind:
    """So many regular agents with the same response: a model, a persona, a guarded agent."""

    response: ResponseFunction
    agents: int
    name: str = ""

    def __post_init__(self) -> None:
        if self.agents != int(self.agents) or self.agents < 1:
            raise RequestError(f"{self.agents} agents of a kind; give a whole number, 1 or more")


@dataclass(frozen=True)
class Population:
    """Regular agents of one or several kinds, well-mixed or on a graph.

    Each agent perceives the others, never itself: everybody, zealots included, or its neighbours on
    `graph`; with `shown`, that many of those at random, anew at every update. On a graph the kinds
    are dealt to the nodes at random, and the nodes that are not regular agents belong to zealots,
    who are there only while a stage has them join. Two or more agents, else `RequestError`.
    """

    kinds: Sequence[Kind]
    shown: int | None = None
    graph: Graph | None = None

    def __post_init__(self) -> None:
        object.__setattr__(self, "kinds", tuple(self.kinds))
        if self.agents < 2:
            raise RequestError(f"a population of {self.agents} agents; give 2 or more")
        if self.shown is not None and (self.shown != int(self.shown) or self.shown < 1):
            raise RequestError(f"agents shown {self.shown} peers; give a whole number, 1 or more")
        if self.graph is not None and self.graph.nodes < self.agents:
            raise RequestError(
                f"{self.agents} agents on a graph of {self.graph.nodes} nodes; "
                "give as many agents as nodes, less those of zealots"
            )

    @property
    def agents(self) -> int:
        """Regular agents of all kinds."""
        return sum(kind.agents for kind in self.kinds)


def as_seen(response: ResponseFunction, peers: int, shown: int | None) -> ResponseFunction:
    """What an agent does as a function of the magnetization of its `peers`, shown all or some of them."""
    return among(response if shown is None else SampledPeersResponse(response, shown), peers)


@dataclass(frozen=True)
class AtRandom:
    """Zealots on nodes drawn at random."""


@dataclass(frozen=True)
class ByDegree:
    """Zealots on the nodes of highest degree, or of lowest; ties at random."""

    lowest: bool = False


@dataclass(frozen=True)
class OnNodes:
    """Zealots on these nodes, numbered from 0, in the order in which they join."""

    nodes: Sequence[int]


Placement = AtRandom | ByDegree | OnNodes
"""Where zealots sit on a graph."""


def seats(stages: Sequence[Stage]) -> tuple[int, int]:
    """Nodes that zealots for A and for B need on a graph to live through these stages."""
    return (
        max((int(stage.zealots_a) for stage in stages), default=0),
        max((int(stage.zealots_b) for stage in stages), default=0),
    )
