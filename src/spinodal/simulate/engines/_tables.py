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
    """The tables of a population on its graph, each made once and shared by all replicas."""

    def __init__(self, population: Population) -> None:
        self._population = population
        self._made: dict[bytes, FlipTable] = {}

    def over(self, present: NDArray[np.bool_]) -> FlipTable:
        """The table for agents of the kinds and visible degrees `present`, (kinds, largest degree + 1)."""
        key = present.tobytes()
        table = self._made.get(key)
        if table is None:
            table = self._make(present)
            if len(self._made) >= _MOST_KEPT:
                self._made = {}
            self._made[key] = table
        return table

    def _make(self, present: NDArray[np.bool_]) -> FlipTable:
        rows = present * (np.arange(present.shape[1]) + 1)
        starts = (np.cumsum(rows) - rows.ravel()).reshape(present.shape)
        chances = np.zeros(2 * int(rows.sum()))
        kinds = np.zeros(chances.size, dtype=np.uint32)
        at_peace = np.zeros(chances.size, dtype=np.bool_)
        for kind, degree in np.argwhere(present):
            start = 2 * starts[kind, degree]
            own = slice(start, start + 2 * (degree + 1))
            kinds[own] = kind
            at_peace[[own.start, own.stop - 1]] = True
            if degree == 0:
                continue  # nothing to see: the opinion is kept
            response = as_seen(self._population.kinds[kind].response, int(degree), self._population.shown)
            mu = (2.0 * np.arange(degree + 1) - degree) / degree
            # each from its own logarithm: 1 - P would lose the digits of rare flips
            log_a, log_b = log_probabilities(response, mu)
            chances[own] = np.exp(np.column_stack([log_a, log_b])).ravel()
        scaled = chances * 2.0**32
        whole = np.floor(scaled)
        return FlipTable(
            starts=starts,
            chances=chances,
            thresholds=whole.astype(np.int64),
            rests=((scaled - whole) * 2.0**64).astype(np.uint64),
            kinds=kinds,
            at_peace=at_peace,
        )


_MOST_KEPT = 4
"""Tables at a time: a schedule returns to few, but zealots at random places leave ever other degrees."""
