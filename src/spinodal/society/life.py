"""One population from its start to its end: asynchronous updates, one agent asked at a time.

Everything drawn at random comes from the plan's seed, the number of the trajectory and the number of
the update, so the same plan meets the same chance whatever runs beside it or was interrupted before.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Final

import anyio
import numpy as np

from spinodal.measure.asking import Asker
from spinodal.measure.prompts import Entry, Listed, Prompt, Turn
from spinodal.measure.reading import ReadoutChoice
from spinodal.measure.readout import probability
from spinodal.pairs import OptionPair
from spinodal.simulate.engines._places import zealot_nodes
from spinodal.society.plan import SocietyPlan
from spinodal.society.wording import ARGUMENT_TOKENS, one_sentence
from spinodal.theory import Stage

_START, _UPDATE, _SPEECH = range(3)
"""What a stream of random numbers is for: the third word of its seed."""
_MOST_SEED: Final = 2**31


@dataclass(frozen=True)
class Voice:
    """How the agents of one group are asked."""

    asker: Asker
    choice: ReadoutChoice


@dataclass(frozen=True)
class Updated:
    """An agent was asked."""

    trajectory: int
    update: int
    agents_a: int
    """Regular agents for A after it."""
    decided: bool


@dataclass
class Life:
    """What has become of one population so far."""

    trajectory: int
    m0: float
    rows: list[dict[str, Any]] = field(default_factory=list)
    """A row an update."""
    sentences: list[dict[str, Any]] = field(default_factory=list)
    """A row an argument."""
    agents_a: list[int] = field(default_factory=list)
    """Regular agents for A at each whole sweep, from the start."""
    agents_a_by_group: list[list[int]] = field(default_factory=list)
    """The same of each group."""
    end: str = ""
    """How it ended: "sweeps", "consensus", "abstention"; "" while it lasts."""
    abstained: int = 0

    def to_dict(self) -> dict[str, Any]:
        """Plain values, for the log."""
        return {
            "trajectory": self.trajectory,
            "m0": self.m0,
            "end": self.end,
            "updates": len(self.rows),
            "abstained": self.abstained,
            "agents_a": self.agents_a,
            "agents_a_by_group": self.agents_a_by_group,
            "rows": self.rows,
            "sentences": self.sentences,
        }


@dataclass
class Member:
    """An agent, or a zealot, as the others see it and as it sees itself."""

    group: int
    """Number of its group; -1 for a zealot."""
    holds_a: bool
    argument: str = ""
    past: list[Turn] = field(default_factory=list)
    """Its last exchanges, oldest first."""

    def remember(self, turn: Turn, most: int) -> None:
        """Keep a turn, and no more than `most` of the last."""
        self.past = [*self.past, turn][-most:] if most else []


class Population:
    """Everybody, and who sees whom. Regular agents come first, then the zealots for A, then those for B."""

    def __init__(self, plan: SocietyPlan, m0: float, random: np.random.Generator) -> None:
        self.plan = plan
        self.members = _dealt(plan, m0, random)
        self._present = list(range(plan.agents))
        self._neighbours = _neighbours(plan, random)

    @property
    def zealots(self) -> list[int]:
        """Numbers of the zealots that are there."""
        return [number for number in self._present if number >= self.plan.agents]

    @property
    def frozen(self) -> bool:
        """Whether all who are there agree, and the plan lets it rest at that."""
        return self.plan.stop_at_consensus and (
            len({self.members[number].holds_a for number in self._present}) == 1
        )

    def enter(self, stage: Stage) -> None:
        """Let the zealots of a stage be there, and no others."""
        n, places_a = self.plan.agents, self.plan.places[0]
        for_a = range(n, n + int(stage.zealots_a))
        for_b = range(n + places_a, n + places_a + int(stage.zealots_b))
        self._present = [*range(n), *for_a, *for_b]

    def seen_by(self, number: int, random: np.random.Generator) -> list[int]:
        """Numbers of those that a member sees: all it may see, or so many of them at random."""
        if self._neighbours is None:
            peers = [other for other in self._present if other != number]
        else:
            there = set(self._present)
            peers = [other for other in self._neighbours[number] if other in there]
        shown = self.plan.shown
        if shown is None or shown >= len(peers):
            return peers
        return [peers[at] for at in random.choice(len(peers), shown, replace=False)]

    def agents_a(self) -> list[int]:
        """Regular agents for A, by group."""
        counts = [0] * len(self.plan.groups)
        for member in self.members[: self.plan.agents]:
            counts[member.group] += member.holds_a
        return counts


async def live(
    plan: SocietyPlan,
    voices: Sequence[Voice],
    persuaders: Mapping[bool, Voice],
    life: Life,
    observer: Callable[[Updated], None] = lambda event: None,
) -> None:
    """Let one population live through the plan's stages; `life` grows with it, whatever happens.

    Args:
        plan: who it is and what it lives through.
        voices: one for each group.
        persuaders: voices of the zealots for A (True) and for B (False), where these argue.
        life: a new one, with its number and its start.
        observer: told of every update.
    """
    population = Population(plan, life.m0, _random(plan, life, _START))
    _record(population, life)
    update = silent = 0
    for number, stage in enumerate(plan.stages):
        population.enter(stage)
        for _ in range(int(stage.sweeps)):
            if plan.adversaries.argue and not population.frozen:
                await _persuade(plan, population, persuaders, life, update)
            for _ in range(plan.agents):
                if population.frozen:
                    break
                decided = await _update(plan, population, voices, life, update, number)
                observer(Updated(life.trajectory, update, sum(population.agents_a()), decided))
                update += 1
                silent = 0 if decided else silent + 1
                if silent >= plan.agents and plan.on_abstention == "stop":
                    life.end = "abstention"
                    return
            _record(population, life)
    life.end = "consensus" if population.frozen else "sweeps"


async def _update(
    plan: SocietyPlan, population: Population, voices: Sequence[Voice], life: Life, update: int, stage: int
) -> bool:
    """Ask one agent, drawn at random; whether it has an opinion of its own accord after it."""
    random = _random(plan, life, _UPDATE, update)
    number, uniform = int(random.integers(plan.agents)), float(random.random())
    member, pair = population.members[number], plan.pair
    seen = population.seen_by(number, random)
    if not seen:  # whoever sees nobody keeps its opinion, as on the physics engine's graphs
        return True
    voice = voices[member.group]
    prompt = _prompt(plan, population, number, seen, random)
    row = await voice.asker.ask(pair, prompt, update, voice.choice)
    # NaN where the reply was sampled or took neither
    p_a = probability(row["log_odds"], voice.asker.agent.temperature)
    held, chosen = member.holds_a, _chosen(row, p_a, uniform)
    if chosen is None:
        life.abstained += 1
    else:
        member.holds_a = chosen
        member.remember(Turn(prompt.text, _reply(pair, chosen), prompt.peers), plan.memory.turns)
        if plan.arguments:
            await _argue(plan, population, number, prompt, voice.asker, life, update)
    there = plan.stages[stage]
    life.rows.append(
        row
        | {
            "trajectory": life.trajectory,
            "m0": life.m0,
            "update": update,
            "stage": stage,
            "zealots_a": int(there.zealots_a),
            "zealots_b": int(there.zealots_b),
            "member": number,
            "group": plan.groups[member.group].name,
            "held": _letter(held),
            "chosen": "" if chosen is None else _letter(chosen),
            "p_a": p_a,
            "uniform": uniform,
            "argued": sum(bool(population.members[other].argument) for other in seen),
            "agents_a": sum(population.agents_a()),
        }
    )
    return chosen is not None


async def _persuade(
    plan: SocietyPlan, population: Population, persuaders: Mapping[bool, Voice], life: Life, update: int
) -> None:
    """Every zealot that is there says something new: side by side, for none waits for another."""

    async def one(number: int) -> None:
        random = _random(plan, life, _SPEECH, update, number)
        prompt = _prompt(plan, population, number, population.seen_by(number, random), random)
        asker = persuaders[population.members[number].holds_a].asker
        await _argue(plan, population, number, prompt, asker, life, update)

    async with anyio.create_task_group() as group:
        for number in population.zealots:
            group.start_soon(one, number)
    # in the order of the zealots, whatever order the replies came in
    life.sentences.sort(key=lambda sentence: (sentence["update"], sentence["speaker"]))


async def _argue(
    plan: SocietyPlan,
    population: Population,
    number: int,
    prompt: Prompt,
    asker: Asker,
    life: Life,
    update: int,
) -> None:
    """A member says why it holds what it holds, in the words that others read from now on."""
    member = population.members[number]
    reply = _reply(plan.pair, member.holds_a)
    text, spent = await asker.say(plan.pair, prompt, update, reply, plan.wording.ask, ARGUMENT_TOKENS)
    member.argument = one_sentence(text)
    life.sentences.append(
        {
            "trajectory": life.trajectory,
            "update": update,
            "speaker": number,
            "zealot": member.group < 0,
            "option": _letter(member.holds_a),
            "argument": member.argument,
            **spent,
        }
    )


def _prompt(
    plan: SocietyPlan, population: Population, number: int, seen: Sequence[int], random: np.random.Generator
) -> Prompt:
    """What a member is asked, given whom it sees."""
    member, pair = population.members[number], plan.pair
    listed: Listed = ("ab" if random.random() < 0.5 else "ba") if plan.listed else ""
    entries = []
    for other in (population.members[other] for other in seen):
        remark = plan.wording.remark.format(argument=other.argument) if other.argument else ""
        entries.append(Entry(other.holds_a, remark))
    prompt = plan.template.show(pair, entries, seed=int(random.integers(_MOST_SEED)), listed=listed)
    if member.group < 0:
        return prompt
    recalled = plan.memory.recall(pair.options[not member.holds_a], member.past)
    own = plan.wording.own.format(opinion=recalled.own) + "\n\n" if recalled.own else ""
    return replace(prompt, text=own + prompt.text, earlier=recalled.earlier)


def _chosen(row: Mapping[str, Any], p_a: float, uniform: float) -> bool | None:
    """Whether the agent takes A; None where its reply took neither option."""
    if row["readout"] == "logprob":
        return None if math.isnan(p_a) else uniform < p_a
    return None if row["count_invalid"] else bool(row["count_a"])


def _record(population: Population, life: Life) -> None:
    by_group = population.agents_a()
    life.agents_a.append(sum(by_group))
    life.agents_a_by_group = life.agents_a_by_group or [[] for _ in by_group]
    for counts, count in zip(life.agents_a_by_group, by_group, strict=True):
        counts.append(count)


def _dealt(plan: SocietyPlan, m0: float, random: np.random.Generator) -> list[Member]:
    """Everybody at the start: of each group round(n (1 + m0)/2) hold A; who sits where is drawn."""
    regulars = []
    for group, members in enumerate(plan.groups):
        for_a = round(members.agents * (1.0 + m0) / 2.0)
        regulars += [Member(group, at < for_a) for at in range(members.agents)]
    order = random.permutation(len(regulars))
    places_a, places_b = plan.places
    zealots = [Member(-1, True) for _ in range(places_a)] + [Member(-1, False) for _ in range(places_b)]
    return [regulars[at] for at in order] + zealots


def _neighbours(plan: SocietyPlan, random: np.random.Generator) -> list[list[int]] | None:
    """Whom each member sees, by number; None where everybody sees everybody."""
    graph = plan.graph
    if graph is None:
        return None
    zealots = zealot_nodes(graph, sum(plan.places), plan.placement, random).tolist()
    taken = set(zealots)
    nodes = [node for node in range(graph.nodes) if node not in taken] + zealots
    number_of = {node: number for number, node in enumerate(nodes)}
    rows = [graph.neighbors[graph.offsets[node] : graph.offsets[node + 1]].tolist() for node in nodes]
    return [[number_of[node] for node in row] for row in rows]


def _random(plan: SocietyPlan, life: Life, purpose: int, *which: int) -> np.random.Generator:
    return np.random.default_rng([plan.seed, life.trajectory, purpose, *which])


def _reply(pair: OptionPair, holds_a: bool) -> str:
    return f"[{pair.options[not holds_a]}]"


def _letter(holds_a: bool) -> str:
    return "A" if holds_a else "B"
