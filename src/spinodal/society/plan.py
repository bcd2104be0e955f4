"""Everything that decides what happens in a society, but for the replies."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Literal

from spinodal._errors import RequestError
from spinodal.agents import AgentSpec
from spinodal.measure.asking import require_guard
from spinodal.measure.prompts import Entry, PromptTemplate
from spinodal.measure.reading import PrefillAsked, Prices, ReadoutAsked
from spinodal.pairs import OptionPair
from spinodal.response import ResponseFunction
from spinodal.simulate import AtRandom, Kind, Placement, Population
from spinodal.simulate._population import seats
from spinodal.simulate.graphs import Graph
from spinodal.society.adversaries import Adversaries, Silent
from spinodal.society.group import Group
from spinodal.society.memory import Memory, NoMemory
from spinodal.society.wording import LONGEST_ARGUMENT, Wording, load_wording
from spinodal.theory import Stage

OnAbstention = Literal["stop", "go-on"]
"""What to do with a population in which, for a whole sweep, no reply takes either option."""

DEFAULT_SWEEPS = 10
DEFAULT_M0 = (-0.6, 0.0, 0.6)


@dataclass(frozen=True)
class SocietyPlan:
    """A society and what it lives through.

    What an agent sees is what it sees in `simulate.Population`: everybody else, zealots included; with
    `graph` its neighbours; with `shown` so many of those at random, anew at every update.

    Raises:
        RequestError: numbers that do not go together; one line says which and how to mend it.
    """

    groups: tuple[Group, ...]
    pair: OptionPair
    template: PromptTemplate
    stages: tuple[Stage, ...]
    """Stretches of whole sweeps, each with its zealots."""
    m0: tuple[float, ...] = DEFAULT_M0
    """Magnetizations to start from, in [-1, 1], of every group; who holds A is drawn."""
    trajectories: int = 4
    """Populations that start from each of them."""
    shown: int | None = None
    graph: Graph | None = None
    placement: Placement = field(default_factory=AtRandom)
    """Where zealots sit on a graph."""
    memory: Memory = field(default_factory=NoMemory)
    arguments: bool = False
    """Whether a regular agent says why, in a sentence that others read until its next one."""
    adversaries: Adversaries = field(default_factory=Silent)
    wording: Wording = field(default_factory=load_wording)
    stop_at_consensus: bool = True
    """A population in which all agree, zealots included, stays as it is until the zealots change."""
    on_abstention: OnAbstention = "stop"
    listed: bool = True
    readout: ReadoutAsked = "auto"
    prefill: PrefillAsked = "auto"
    seed: int = 0
    prices: Prices | None = field(default=None, compare=False)

    def __post_init__(self) -> None:
        if self.agents < 2:
            raise RequestError(f"a society of {self.agents} agents; give 2 or more")
        names = [group.name for group in self.groups]
        if len(set(names)) < len(names):
            raise RequestError(f"groups are named {', '.join(names)}; give each a name of its own")
        if not self.m0:
            raise RequestError("no magnetization to start from; give one or more in [-1, 1]")
        for m0 in self.m0:
            if not -1.0 <= m0 <= 1.0:  # NaN too
                raise RequestError(f"a starting magnetization of {m0}; give one in [-1, 1]")
        if len(set(self.m0)) < len(self.m0):
            raise RequestError(f"starting magnetizations {_listing(self.m0)}; give each once")
        if self.trajectories < 1:
            raise RequestError(f"{self.trajectories} trajectories from each start; give 1 or more")
        if self.seed < 0:
            raise RequestError(f"the seed is {self.seed}; give a whole number of 0 or more")
        self._check_stages()
        self._check_sight()
        for group in self.groups:
            require_guard(group.agent, self.template, [self.pair])

    def _check_stages(self) -> None:
        if not self.stages or sum(stage.sweeps for stage in self.stages) < 1:
            raise RequestError("the stages last no sweep together; give 1 or more")
        for stage in self.stages:
            if stage.sweeps != int(stage.sweeps) or stage.sweeps < 0:
                raise RequestError(f"a stage of {stage.sweeps} sweeps; give a whole number, 0 or more")
            for zealots in (stage.zealots_a, stage.zealots_b):
                if zealots != int(zealots) or zealots < 0:
                    raise RequestError(f"{zealots} zealots in a stage; give a whole number, 0 or more")

    def _check_sight(self) -> None:
        places = sum(self.places)
        if self.graph is not None and self.graph.nodes != self.agents + places:
            raise RequestError(
                f"{self.agents} agents and {places} zealots on a graph of {self.graph.nodes} nodes; "
                "give as many agents as nodes, less the zealots"
            )
        if self.graph is not None and not self.graph.is_connected:
            raise RequestError(f"the graph {self.graph.name} is not connected; give its largest component")
        if self.shown is not None and self.shown < 1:
            raise RequestError(f"agents shown {self.shown} peers; give a whole number, 1 or more")
        if self.speaks and not self.template.shows_entries:
            raise RequestError(
                f"template {self.template.name} shows totals, so nobody can read an argument; "
                "use one with {peers}"
            )

    @property
    def agents(self) -> int:
        """N, the regular agents of all groups."""
        return sum(group.agents for group in self.groups)

    @property
    def sweeps(self) -> int:
        """T, over all stages."""
        return int(sum(stage.sweeps for stage in self.stages))

    @cached_property
    def places(self) -> tuple[int, int]:
        """Most zealots for A and for B that are there at any time."""
        return seats(self.stages)

    @property
    def starts(self) -> list[float]:
        """The start of each trajectory, in their order: all starts in turn, so that early ones span them."""
        return list(self.m0) * self.trajectories

    @property
    def most_peers(self) -> int:
        """Most peers that a prompt may show."""
        if self.graph is not None:
            most = int(self.graph.degrees.max())
        else:
            most = self.agents - 1 + max(int(s.zealots_a + s.zealots_b) for s in self.stages)
        return most if self.shown is None else min(most, self.shown)

    @property
    def usual_peers(self) -> int:
        """Peers that a regular agent sees while there are no zealots."""
        usual = self.agents - 1 if self.graph is None else max(round(self.graph.mean_degree), 2)
        return usual if self.shown is None else min(usual, self.shown)

    @property
    def peers_measured(self) -> list[int]:
        """At how many peers the response is measured: at as many as agents see, in three stages at most.

        Of more than three numbers the fewest, the one in the middle and the most.
        """
        if self.graph is not None or self.shown is not None:
            return [max(self.usual_peers, 2)]
        zealots = {int(stage.zealots_a + stage.zealots_b) for stage in self.stages if stage.sweeps}
        seen = sorted({max(self.agents - 1 + more, 2) for more in zealots})
        return seen if len(seen) <= 3 else [seen[0], seen[len(seen) // 2], seen[-1]]

    @property
    def speaks(self) -> bool:
        """Whether anybody says why it holds what it holds."""
        return self.arguments or self.adversaries.argue

    @property
    def speeches(self) -> int:
        """Most sentences that are said, over all trajectories."""
        said = len(self.starts) * self.sweeps * self.agents if self.arguments else 0
        if self.adversaries.argue:
            heard = sum(stage.sweeps * (stage.zealots_a + stage.zealots_b) for stage in self.stages)
            said += len(self.starts) * int(heard)
        return said

    def longest_conversation(self, peers: int) -> list[str]:
        """Texts of the longest conversation that shows so many peers, question and reply in turn.

        It ends with the question that an agent chooses by or, where somebody speaks, with the request for
        its reason.
        """
        option = max(self.pair.options, key=len)
        zealots = max(int(stage.zealots_a + stage.zealots_b) for stage in self.stages)
        heard = peers if self.arguments else zealots if self.adversaries.argue else 0
        remark = self.wording.remark.format(argument="x" * LONGEST_ARGUMENT)
        holds_a = option == self.pair.option_a
        entries = [Entry(holds_a, remark if at < heard else "") for at in range(peers)]
        text = self.template.show(self.pair, entries, seed=0, listed="ab" if self.listed else "").text
        if self.memory.tells_own:
            text = f"{self.wording.own.format(opinion=option)}\n\n{text}"
        reply = f"[{option}]"
        last = [reply, self.wording.ask] if self.speaks else []
        return [*[text, reply] * self.memory.turns, text, *last]

    @property
    def speakers(self) -> list[AgentSpec]:
        """Everybody who is asked anything: one agent a group, and a persuader where there are any."""
        agents = [group.agent for group in self.groups]
        if self.adversaries.argue:
            option = max(self.pair.options, key=len)
            persona = self.wording.persuader.format(opinion=option)
            agents.append(replace(agents[0], system_prompt=persona, guard=None))
        return agents

    def population(self, responses: list[ResponseFunction]) -> Population:
        """The same society for the physics engine, with one response a group."""
        kinds = [
            Kind(response, group.agents, group.name)
            for response, group in zip(responses, self.groups, strict=True)
        ]
        return Population(kinds, shown=self.shown, graph=self.graph)


def _listing(values: tuple[float, ...]) -> str:
    return ", ".join(f"{value:g}" for value in values)
