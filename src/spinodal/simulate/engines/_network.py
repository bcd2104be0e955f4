"""Populations on a graph: random sequential update, exactly."""

from __future__ import annotations

import copy
import math
from collections.abc import Mapping, Sequence
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from spinodal._errors import RequestError
from spinodal.simulate._population import AtRandom, Placement, Population
from spinodal.simulate._random import stream_of
from spinodal.simulate.engines._attempts import Attempts
from spinodal.simulate.engines._events import Events
from spinodal.simulate.engines._pace import Pace
from spinodal.simulate.engines._places import set_apart, zealot_nodes
from spinodal.simulate.engines._society import Society
from spinodal.simulate.engines._tables import FlipTables
from spinodal.simulate.engines._well_mixed import require_whole_zealots, starting_counts
from spinodal.simulate.graphs import Graph
from spinodal.theory import Stage

NETWORK_METHODS = ("auto", "attempts", "events")
"""Carry out every attempt, or only those that may flip somebody, or whichever is faster at the time."""


class NetworkEngine:
    """Regular agents on the nodes of a graph, one random one of which updates at a time.

    One attempt: a regular agent, any with the same probability, perceives the magnetization of those of
    its neighbours that are present, all or `shown` of them, and adopts A with its kind's P, else B.
    An agent that sees nobody, as when its only neighbours were zealots and have left, keeps its opinion.
    On a complete graph this is the process of `theory.Chain`.

    The nodes that are not regular agents are the zealots' places: first for the most that `stages` have
    for A, then for the most for B, as `placement` says; a stage with fewer fills the first of them.
    Kinds and opinions are dealt to the other nodes at random, with `m0` in [-1, 1] the magnetization of
    all kinds or of each. With `stop_at_consensus` a replica in which all agree, zealots included, stays
    as it is.

    `attempts` and `events` are two ways to live through the same process: their results differ by chance
    alone. `auto` changes between them at the end of a sweep, by the flips of the sweeps before.
    Raises `RequestError` where agents, zealots and nodes do not match.
    """

    step_error = 0.0

    def __init__(
        self,
        population: Population,
        m0: float | Sequence[float],
        seed: np.random.SeedSequence,
        *,
        placement: Placement | None = None,
        stages: Sequence[Stage] = (),
        method: str = "auto",
        stop_at_consensus: bool = False,
    ) -> None:
        if population.graph is None:
            raise RequestError("the population has no graph; give one, or simulate it well-mixed")
        if method not in NETWORK_METHODS:
            raise RequestError(f"the method {method!r} on a graph; give one of {', '.join(NETWORK_METHODS)}")
        for stage in stages:
            require_whole_zealots(stage.zealots_a, stage.zealots_b)
        self._places_a = max((int(stage.zealots_a) for stage in stages), default=0)
        self._places_b = max((int(stage.zealots_b) for stage in stages), default=0)
        places, nodes = self._places_a + self._places_b, population.graph.nodes
        if population.agents + places != nodes:
            raise RequestError(
                f"{population.agents} agents and {places} zealots on a graph of {nodes} nodes; "
                "give as many agents as nodes, less the zealots"
            )
        self._population, self._graph = population, population.graph
        self._start = starting_counts(population, m0)
        self._placement: Placement = AtRandom() if placement is None else placement
        self._method, self._stop = method, stop_at_consensus
        self._tables = FlipTables(population)
        self._seed = seed
        self._made: _Life | None = None
        self.attempts = self.flips = 0

    def replica(self, seed: np.random.SeedSequence) -> Self:
        """Another replica at its start, with its own seed; it shares all that does not move."""
        other = copy.copy(self)
        other._seed, other._made = seed, None
        other.attempts = other.flips = 0
        return other

    @property
    def counts(self) -> NDArray[np.int64]:
        return self._life.society.counts.copy()

    @property
    def memory(self) -> int:
        """Bytes the replica holds as it is now, beside the population's graph."""
        return self._life.society.memory + self._life.way.memory

    def enter(self, stage: Stage) -> None:
        require_whole_zealots(stage.zealots_a, stage.zealots_b)
        self._life.enter(int(stage.zealots_a), int(stage.zealots_b))

    def advance(self, sweeps: int) -> NDArray[np.int64]:
        life = self._life
        seen = np.empty((sweeps, life.society.counts.size), dtype=np.int64)
        lived = 0
        while lived < sweeps:
            now, flips, other_pays = life.way.live(seen[lived:])
            lived += now
            self.flips += flips
            if other_pays:
                life.go_on(Events if isinstance(life.way, Attempts) else Attempts)
        self.attempts += sweeps * self._population.agents
        return seen

    def snapshot(self) -> dict[str, NDArray[Any]]:
        life = self._life
        return {
            "opinions": np.packbits(life.society.opinions),
            "zealots": np.array(life.society.zealots, dtype=np.int64),
            "stream": life.society.stream.copy(),
            "done": np.array([self.attempts, self.flips, *life.pace.so_far], dtype=np.int64),
            "order": life.way.order,
        }

    def restore(self, kept: Mapping[str, NDArray[Any]]) -> None:
        life, order = self._life, kept["order"]
        opinions = np.unpackbits(kept["opinions"], count=self._population.agents)
        life.society.hold(opinions, *(int(zealots) for zealots in kept["zealots"]))
        life.society.stream[:] = kept["stream"]
        life.go_on(Events if order.size else Attempts, order if order.size else None)
        self.attempts, self.flips, *so_far = (int(number) for number in kept["done"])
        life.pace.so_far[:] = so_far

    @property
    def _life(self) -> _Life:
        """Made on first use, for an engine may serve to make replicas only."""
        if self._made is None:
            self._made = self._make()
        return self._made

    def _make(self) -> _Life:
        for_places, for_flips = _children(self._seed)
        graph, audiences = self._graph, _NOBODY
        if self._places_a + self._places_b:
            zealots = zealot_nodes(
                graph,
                self._places_a + self._places_b,
                self._placement,
                np.random.default_rng(for_places),
            )
            graph, audiences = set_apart(graph, zealots)
        agents = np.array([kind.agents for kind in self._population.kinds], dtype=np.int64)
        society = Society(
            graph, audiences, self._places_a, self._tables, agents, self._start, stream_of(for_flips)
        )
        share = _EVENTS_BELOW[self._graph.memory > _LARGE]
        pace = Pace(
            window=math.ceil(_ENOUGH / (share * self._population.agents)),
            fewest=share if self._method == "auto" else 0.0,
            most=_MARGIN * share if self._method == "auto" else 1.0,
        )
        return _Life(society, pace, self._stop, Events if self._method == "events" else Attempts)


class _Life:
    """A replica in motion, one way or the other."""

    def __init__(self, society: Society, pace: Pace, stop: bool, way: type[Attempts | Events]) -> None:
        self.society, self.pace, self._stop = society, pace, stop
        self.go_on(way)

    def enter(self, zealots_a: int, zealots_b: int) -> None:
        way = type(self.way)
        del self.way  # its arrays would stand beside those that count who sees whom
        try:
            self.society.enter(zealots_a, zealots_b)
        finally:
            self.go_on(way)

    def go_on(self, way: type[Attempts | Events], order: NDArray[np.uint32] | None = None) -> None:
        """Go on this way from here, the end of a sweep, with a new window."""
        self.pace.so_far[:] = 0
        self.way: Attempts | Events = (
            Events(self.society, self.pace, self._stop, order)
            if way is Events
            else Attempts(self.society, self.pace, self._stop)
        )


_EVENTS_BELOW = {False: 0.02, True: 0.005}
"""Share of attempts that flip below which it pays to go from flip to flip; whether the graph is large."""
_LARGE = 2**24
"""Bytes past which a graph is slow to reach: attempts are foreseen, so their waits overlap; flips are not."""
_MARGIN = 1.5
"""So many times as many flips for attempts to pay again."""
_ENOUGH = 100
"""Flips to wait for before that is judged."""
_NOBODY = Graph(np.zeros(1, np.uint32), np.zeros(0, np.uint32), "audiences")


def _children(seed: np.random.SeedSequence) -> tuple[np.random.SeedSequence, np.random.SeedSequence]:
    """Two seeds of this one, as `spawn` would give at first, but leaving no mark on it."""
    one, other = (
        np.random.SeedSequence(seed.entropy, spawn_key=(*seed.spawn_key, child), pool_size=seed.pool_size)
        for child in (0, 1)
    )
    return one, other
