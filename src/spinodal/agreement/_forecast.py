"""What a measured response forecasts of a population in time, with the uncertainty of its measurement."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from spinodal._errors import RequestError
from spinodal.agreement._sweeps import Sweeps
from spinodal.response import (
    EmpiricalResponse,
    FloatArray,
    MixtureResponse,
    OwnOpinionResponse,
    ResponseFunction,
    SampledPeersResponse,
    holding,
)
from spinodal.simulate import Kind, Placement, Population, simulate
from spinodal.simulate.engines._well_mixed import starting_counts
from spinodal.theory import Stage, Trace

MOST_DRAWS = 200
"""Draws of the response that are followed; of more, so many are taken evenly from all."""


@dataclass(frozen=True, eq=False)
class Forecast:
    """A population that starts at some magnetization and lives through `stages`, as its response has it.

    Raises `RequestError` where something asked for makes no sense.
    """

    populations: Sequence[Population]
    """Equally likely draws of the measured responses: the same agents on the same graph, again and again.
    One, where the response is known."""
    stages: Sequence[Stage]
    """Stretches of whole sweeps, each with its zealots."""
    stop_at_consensus: bool = False
    """A population in which all agree, zealots included, stays as it is until the zealots change."""
    placement: Placement | None = None
    """Where zealots sit on a graph (default: at random)."""
    pace: float = 1.0
    """Share of updates that decide, in [0, 1]: after the others the agent is as it was."""
    seed: int = 0
    """Of forecasts that are sampled."""
    _made: dict[Stage, Sweeps] = field(default_factory=dict, init=False, repr=False)
    _traces: dict[int, Trace] = field(default_factory=dict, init=False, repr=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "populations", tuple(self.populations))
        object.__setattr__(self, "stages", tuple(stage for stage in self.stages if stage.sweeps))
        if not self.populations:
            raise RequestError("a forecast of no population; give one for each draw of the response")
        if len({_society(population) for population in self.populations}) > 1:
            raise RequestError("the populations of a forecast differ in more than their responses")
        for stage in self.stages:
            if stage.sweeps != int(stage.sweeps) or stage.sweeps < 0:
                raise RequestError(f"a stage of {stage.sweeps} sweeps; give a whole number, 0 or more")
        if not self.stages:
            raise RequestError("the stages last 0 sweeps together; give 1 or more")
        if not 0.0 <= self.pace <= 1.0:
            raise RequestError(f"a share of {self.pace} of updates that decide; give one in [0, 1]")

    @property
    def agents(self) -> int:
        """N, the regular agents."""
        return self.populations[0].agents

    @property
    def sweeps(self) -> int:
        """T, over all stages."""
        return int(sum(stage.sweeps for stage in self.stages))

    @property
    def known(self) -> bool:
        """Whether the response is taken as known: one population, no draws of a measurement."""
        return len(self.populations) == 1

    @property
    def exact(self) -> bool:
        """Whether the law is computed: agents of one kind who all see each other, and not too many of them.

        Otherwise it is sampled.
        """
        population = self.populations[0]
        return len(population.kinds) == 1 and population.graph is None and self.agents <= _MOST_EXACT

    def start(self, m0: float) -> int:
        """Agents for A in a population that starts at `m0`: of each kind the nearest whole number."""
        return int(starting_counts(self.populations[0], m0).sum())

    def trace(self, m0: float) -> Trace:
        """The law of the magnetization at the sweeps 0..T, for a start at `m0` in [-1, 1].

        Averaged over the draws of the response: exact for each where `exact`, else from about two thousand
        sampled populations in all (each probability to about 0.01).
        """
        start = self.start(m0)
        if start not in self._traces:
            self._traces[start] = self._traced(m0)
        return self._traces[start]

    def _traced(self, m0: float) -> Trace:
        laws = np.zeros((self.sweeps + 1, self.agents + 1))
        laws[0, self.start(m0)] = 1.0
        if self.exact:
            for sweep, (law, _) in enumerate(self.laws([m0]), start=1):
                laws[sweep] = law[0]
        else:
            runs = -(-_TRACED // len(self.drawn))
            counts = np.concatenate([self._sampled(draw, m0, runs) for draw in range(len(self.drawn))])
            for sweep in range(1, self.sweeps + 1):
                laws[sweep] = np.bincount(counts[:, sweep], minlength=self.agents + 1) / len(counts)
        return Trace(self.agents, tuple(self.stages), np.arange(self.sweeps + 1.0), laws)

    @cached_property
    def drawn(self) -> tuple[Population, ...]:
        """The populations that are followed, their agents slowed down to the share that decides."""
        most = MOST_DRAWS
        if self.exact:
            most = min(most, max(_MOST_NUMBERS // (self.agents + 1) ** 2, _FEWEST_DRAWS))
        else:
            most = min(most, _MOST_SAMPLED_DRAWS)
        chosen = np.unique(np.linspace(0, len(self.populations) - 1, most).round().astype(int))
        return tuple(_paced(self.populations[number], self.pace) for number in chosen)

    def laws(self, starts: Sequence[float]) -> Iterator[tuple[FloatArray, tuple[FloatArray, FloatArray]]]:
        """What is known exactly of each sweep 1..T.

        The law after it from each start, shape (starts, N + 1), and mean and variance of the agents for A
        after it from each k it may begin with, shape (N + 1,) each.
        """
        laws = np.zeros((len(self.drawn), len(starts), self.agents + 1))
        laws[:, np.arange(len(starts)), [self.start(m0) for m0 in starts]] = 1.0
        for stage in self._sweep_by_sweep():
            laws = self._sweeps_of(stage).laws(laws)
            yield np.asarray(laws.mean(axis=0)), self._sweeps_of(stage).step

    def sets(
        self, starts: Sequence[float], runs: Sequence[int], sets: int, seed: int
    ) -> Iterator[list[NDArray[np.int64]]]:
        """Whole sets of trajectories, each set from one draw of the response.

        At each sweep 0..T, for each start, the agents for A in shape (sets, runs of that start).
        """
        random = np.random.default_rng([self.seed, seed])
        draws = random.integers(len(self.drawn), size=sets)
        if self.exact:
            return self._exact_sets(starts, runs, draws, random)
        return self._sampled_sets(starts, runs, draws, int(random.integers(2**31)))

    def _exact_sets(
        self,
        starts: Sequence[float],
        runs: Sequence[int],
        draws: NDArray[np.int64],
        random: np.random.Generator,
    ) -> Iterator[list[NDArray[np.int64]]]:
        ends = np.cumsum(runs)
        counts = np.repeat([self.start(m0) for m0 in starts], runs)
        counts = np.broadcast_to(counts, (draws.size, counts.size))
        responses = np.broadcast_to(draws[:, None], counts.shape)
        yield np.split(counts, ends[:-1], axis=1)
        for stage in self._sweep_by_sweep():
            counts = self._sweeps_of(stage).move(counts, responses, random.random(counts.shape))
            yield np.split(counts, ends[:-1], axis=1)

    def _sampled_sets(
        self, starts: Sequence[float], runs: Sequence[int], draws: NDArray[np.int64], seed: int
    ) -> Iterator[list[NDArray[np.int64]]]:
        sampled = [np.empty((draws.size, size, self.sweeps + 1), dtype=np.int64) for size in runs]
        for draw in np.unique(draws):
            of_draw = np.flatnonzero(draws == draw)
            for number, (m0, size) in enumerate(zip(starts, runs, strict=True)):
                counts = self._sampled(int(draw), m0, of_draw.size * size, seed + number)
                sampled[number][of_draw] = counts.reshape(of_draw.size, size, -1)
        for sweep in range(self.sweeps + 1):
            yield [counts[:, :, sweep] for counts in sampled]

    def _sampled(self, draw: int, m0: float, runs: int, seed: int = 0) -> NDArray[np.int64]:
        """Agents for A of so many populations at the sweeps 0..T, shape (runs, T + 1)."""
        found = simulate(
            self.drawn[draw],
            tuple(self.stages),
            m0=m0,
            runs=runs,
            seed=np.random.SeedSequence([self.seed, seed, draw]),
            placement=self.placement,
            stop_at_consensus=self.stop_at_consensus,
        )
        return np.asarray(found.counts.sum(axis=2))

    def _sweep_by_sweep(self) -> Iterator[Stage]:
        """The stage of each sweep."""
        for stage in self.stages:
            yield from [stage] * int(stage.sweeps)

    def _sweeps_of(self, stage: Stage) -> Sweeps:
        """What a sweep of this stage does, kept for stages with the same zealots."""
        zealots = replace(stage, sweeps=1)
        if zealots not in self._made:
            size = len(self.drawn) * (self.agents + 1) ** 2
            while self._made and (len(self._made) + 1) * size > _MOST_KEPT:
                del self._made[next(iter(self._made))]
            kinds = [population.kinds[0].response for population in self.drawn]
            shown = self.populations[0].shown
            seen = [one if shown is None else SampledPeersResponse(one, shown) for one in kinds]
            self._made[zealots] = Sweeps(seen, self.agents, zealots, self.stop_at_consensus)
        return self._made[zealots]


_MOST_EXACT = 400
"""Agents up to which the law is computed: a sweep is a matrix over their numbers."""
_MOST_NUMBERS = 1_500_000
"""In the matrices of all draws together, where the fewest draws do not need more."""
_FEWEST_DRAWS = 20
_MOST_KEPT = 16_000_000
"""In the matrices of all stages that are kept."""
_MOST_SAMPLED_DRAWS = 50
_TRACED = 2_000
"""Populations behind a sampled law."""

_ALWAYS_A = EmpiricalResponse(np.array([-1.0, 1.0]), np.array([1.0, 1.0]))
_NEVER_A = EmpiricalResponse(np.array([-1.0, 1.0]), np.array([0.0, 0.0]))


def _paced(population: Population, pace: float) -> Population:
    """The same agents where only this share of updates decides: who does not decide stays as it was."""
    if pace == 1.0:
        return population

    def slow(response: ResponseFunction) -> ResponseFunction:
        weights = [pace, 1.0 - pace]
        return OwnOpinionResponse(
            holding_a=MixtureResponse([holding(response, "A"), _ALWAYS_A], weights),
            holding_b=MixtureResponse([holding(response, "B"), _NEVER_A], weights),
        )

    kinds = [Kind(slow(kind.response), kind.agents, kind.name) for kind in population.kinds]
    return replace(population, kinds=kinds)


def _society(population: Population) -> tuple[object, ...]:
    """All of a population but its responses."""
    return tuple(kind.agents for kind in population.kinds), population.shown, id(population.graph)
