"""What each agent would do next, in one flat table that all of them share."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from spinodal.response import FloatArray, log_probabilities
from spinodal.simulate._population import Population, as_seen
from spinodal.simulate.engines._levels import Levels


@dataclass(frozen=True, eq=False)
class FlipTable:
    """The probability to flip at the next attempt, for everything that may be so of an agent.

    An agent's code is 2 (starts[kind, degree] + held) + (1 if it holds A else 0): of its `degree`
    visible neighbours `held` hold A. So one small number a node says all, a neighbour's flip is 2 more or
    less, and its own the lowest bit. All arrays but `starts` have shape (codes,).
    """

    starts: NDArray[np.int64]
    """Shape (kinds, largest degree + 1); meaningful where such an agent exists."""
    chances: FloatArray
    """Probability that an attempt flips the agent."""
    thresholds: NDArray[np.int64]
    """The whole part of 2^32 times the chance ..."""
    rests: NDArray[np.uint64]
    """... and the fraction left, times 2^64: 0 and 1 are exact, all else to 2^-96 or a float's precision."""
    kinds: NDArray[np.uint32]
    at_peace: NDArray[np.bool_]
    """Whether all that the agent sees hold what it holds: as almost everybody does in an ordered state."""

    @cached_property
    def levels(self) -> Levels:
        return Levels.of(self.chances, self.at_peace)

    @property
    def dtype(self) -> type[np.unsignedinteger[Any]]:
        """The smallest type that holds every code."""
        return (
            np.uint8 if self.chances.size <= 2**8 else np.uint16 if self.chances.size <= 2**16 else np.uint32
        )


class FlipTables:
    """The tables of a population on its graph, shared by all replicas: no response is asked twice."""

    def __init__(self, population: Population) -> None:
        self._population = population
        self._rows: dict[tuple[int, int], FloatArray] = {}
        self._last: tuple[bytes, FlipTable] | None = None

    def over(self, present: NDArray[np.bool_]) -> FlipTable:
        """The table for agents of the kinds and visible degrees `present`, (kinds, largest degree + 1)."""
        key, last = present.tobytes(), self._last
        if last is None or last[0] != key:
            self._last = last = (key, self._make(present))
        return last[1]

    def _make(self, present: NDArray[np.bool_]) -> FlipTable:
        sizes = present * (np.arange(present.shape[1]) + 1)
        starts = (np.cumsum(sizes) - sizes.ravel()).reshape(present.shape)
        met = [(int(kind), int(degree)) for kind, degree in np.argwhere(present)]
        chances = np.concatenate([self._row(kind, degree) for kind, degree in met])
        scaled = chances * 2.0**32
        whole = np.floor(scaled)
        first = 2 * starts[present]
        at_peace = np.zeros(chances.size, dtype=np.bool_)
        at_peace[first] = at_peace[first + 2 * sizes[present] - 1] = True
        return FlipTable(
            starts=starts,
            chances=chances,
            thresholds=whole.astype(np.int64),
            rests=((scaled - whole) * 2.0**64).astype(np.uint64),
            kinds=np.repeat(np.array([kind for kind, _ in met], np.uint32), 2 * sizes[present]),
            at_peace=at_peace,
        )

    def _row(self, kind: int, degree: int) -> FloatArray:
        """Chances of those who hold B and of those who hold A, by turns, for 0..degree neighbours of A."""
        row = self._rows.get((kind, degree))
        if row is None:
            row = self._rows[kind, degree] = self._make_row(kind, degree)
        return row

    def _make_row(self, kind: int, degree: int) -> FloatArray:
        if degree == 0:
            return np.zeros(2)  # nothing to see: the opinion is kept
        response = as_seen(self._population.kinds[kind].response, degree, self._population.shown)
        # each from its own logarithm: 1 - P would lose the digits of rare flips
        log_a, log_b = log_probabilities(response, (2.0 * np.arange(degree + 1) - degree) / degree)
        return np.exp(np.column_stack([log_a, log_b])).ravel()
