"""What the engines of well-mixed populations share: the start, the tables of the responses, the state."""

from __future__ import annotations

import copy
import math
from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from spinodal._errors import RequestError
from spinodal.response import FloatArray, log_probabilities
from spinodal.simulate._population import Population, as_seen
from spinodal.simulate._random import stream_of
from spinodal.simulate.engines._consensus import consensus_counts
from spinodal.theory import Stage
from spinodal.theory._mean_field import perceived, require_zealots


def starting_counts(population: Population, m0: float | Sequence[float]) -> NDArray[np.int64]:
    """Agents for A of each kind at the start: round(n (1 + m0)/2) of n, shape (kinds,).

    `m0`, in [-1, 1], is the magnetization of every kind, or one for each; else `RequestError`.
    """
    kinds = population.kinds
    values = [m0] * len(kinds) if isinstance(m0, (int, float)) else list(m0)
    if len(values) != len(kinds):
        raise RequestError(
            f"{len(values)} starting magnetizations for {len(kinds)} kinds; give one, or one each"
        )
    for value in values:
        if not -1.0 <= value <= 1.0:  # NaN too
            raise RequestError(f"a starting magnetization of {value}; give one in [-1, 1]")
    return np.array(
        [round(kind.agents * (1.0 + m) / 2.0) for kind, m in zip(kinds, values, strict=True)], dtype=np.int64
    )


def entries_of(population: Population) -> int:
    """Numbers in the table of P of a population, tabulated in full."""
    return len(population.kinds) * population.agents


class Tables:
    """The responses of a well-mixed population over the number of A's among an agent's regular peers.

    Made once for each number of zealots and shared by all replicas. With `most_points`, a larger
    population is tabulated at that many numbers, for interpolation between them.
    """

    def __init__(self, population: Population, most_points: int | None = None) -> None:
        self._population = population
        self._points = min(population.agents, most_points or population.agents)
        self._made: dict[tuple[int, int], tuple[FloatArray, FloatArray]] = {}

    def during(self, zealots_a: int, zealots_b: int) -> tuple[FloatArray, FloatArray]:
        """P and 1 - P of each kind with so many zealots present, each of shape (kinds, points)."""
        tables = self._made.get((zealots_a, zealots_b))
        if tables is None:
            tables = self._make(zealots_a, zealots_b)
            if (len(self._made) + 1) * tables[0].size > MOST_ENTRIES:
                self._made = {}
            self._made[zealots_a, zealots_b] = tables
        return tables

    def _make(self, zealots_a: int, zealots_b: int) -> tuple[FloatArray, FloatArray]:
        kinds, peers = self._population.kinds, self._population.agents - 1
        p_a, p_b = np.empty((len(kinds), self._points)), np.empty((len(kinds), self._points))
        for row, kind in enumerate(kinds):
            seen = as_seen(kind.response, peers + zealots_a + zealots_b, self._population.shown)
            for start in range(0, self._points, _BLOCK):
                block = slice(start, min(start + _BLOCK, self._points))
                among_peers = 2.0 * np.arange(block.start, block.stop) / (self._points - 1) - 1.0
                m = perceived(among_peers, zealots_a / peers, zealots_b / peers)
                # each from its own logarithm: 1 - P would lose the digits of rare flips
                log_a, log_b = log_probabilities(seen, m)
                np.exp(log_a, out=p_a[row, block])
                np.exp(log_b, out=p_b[row, block])
        return p_a, p_b


class WellMixedEngine(ABC):
    """One replica of a well-mixed population, known by its counts of A of each kind.

    A subclass says how the counts move. Zealots are absent until a stage has them enter.
    """

    step_error = 0.0

    def __init__(
        self,
        population: Population,
        m0: float | Sequence[float],
        seed: np.random.SeedSequence,
        *,
        stop_at_consensus: bool,
        tables: Tables,
    ) -> None:
        self._agents = np.array([kind.agents for kind in population.kinds], dtype=np.int64)
        self._total = population.agents
        self._stop = stop_at_consensus
        self._tables = tables
        self._start = starting_counts(population, m0)
        self._begin(seed)

    def replica(self, seed: np.random.SeedSequence) -> Self:
        """Another replica at its start, with its own seed; it shares all that does not move."""
        other = copy.copy(self)
        other._begin(seed)
        return other

    @property
    def counts(self) -> NDArray[np.int64]:
        return self._counts.copy()

    def enter(self, stage: Stage) -> None:
        self._let_in(stage.zealots_a, stage.zealots_b)

    def advance(self, sweeps: int) -> NDArray[np.int64]:
        seen = np.empty((sweeps, self._agents.size), dtype=np.int64)
        self.flips += self._move(seen)
        self.attempts += sweeps * self._total
        return seen

    def snapshot(self) -> dict[str, NDArray[Any]]:
        return {
            "counts": self._counts.copy(),
            "stream": self._stream.copy(),
            "zealots": np.array(self._zealots, dtype=np.int64),
            "done": np.array([self.attempts, self.flips], dtype=np.int64),
        }

    def restore(self, kept: Mapping[str, NDArray[Any]]) -> None:
        self._counts[:] = kept["counts"]
        self._stream[:] = kept["stream"]
        self._let_in(*(int(zealots) for zealots in kept["zealots"]))
        self.attempts, self.flips = (int(number) for number in kept["done"])

    @abstractmethod
    def _move(self, seen: NDArray[np.int64]) -> int:
        """Live through as many sweeps as `seen` has rows, filling it with the counts; the flips."""

    def _begin(self, seed: np.random.SeedSequence) -> None:
        self._counts = self._start.copy()
        self._stream = stream_of(seed)
        self.attempts = self.flips = 0
        self._let_in(0, 0)

    def _let_in(self, zealots_a: int, zealots_b: int) -> None:
        require_whole_zealots(zealots_a, zealots_b)
        self._zealots = (zealots_a, zealots_b)
        self._consensus = consensus_counts(self._stop, self._total, zealots_a, zealots_b)
        self._p_a, self._p_b = self._tables.during(zealots_a, zealots_b)


def require_whole_zealots(zealots_a: float, zealots_b: float) -> None:
    """Raise `RequestError` unless both are whole numbers, not negative."""
    require_zealots(zealots_a, zealots_b)
    if zealots_a != math.floor(zealots_a) or zealots_b != math.floor(zealots_b):
        raise RequestError(f"{zealots_a} and {zealots_b} zealots among the agents; give whole numbers")


MOST_ENTRIES = 2**24
"""Numbers held in the tables of P, and as many in those of 1 - P: 256 MiB together."""
_BLOCK = 2**18
"""Numbers made at a time: what responses need on the way is several times as much as the table."""
