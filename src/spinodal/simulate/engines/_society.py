"""One replica on a graph: who sits where, and what everybody holds and sees."""

from __future__ import annotations

from typing import Any

import numpy as np
from numba import njit, uint64
from numpy.typing import NDArray

from spinodal._errors import RequestError
from spinodal.simulate._random import Stream, next_word, picked
from spinodal.simulate.engines._tables import FlipTable, FlipTables
from spinodal.simulate.graphs import Graph


class Society:
    """The regular agents, numbered from 0, with their codes (see `FlipTable`), and zealots who come and go.

    `graph` is of the regular agents alone; row j of `audiences` has those that see zealot j, the first
    `places_a` of which hold A. `agents` of each kind, `counts` of them for A, are dealt to the nodes
    at random: every arrangement is as likely as any other.
    """

    codes: NDArray[Any]
    """Shape (agents,), of the table's type."""
    table: FlipTable
    zealots: tuple[int, int]
    """Present now, for A and for B."""

    def __init__(
        self,
        graph: Graph,
        audiences: Graph,
        places_a: int,
        tables: FlipTables,
        agents: NDArray[np.int64],
        counts: NDArray[np.int64],
        stream: Stream,
    ) -> None:
        self.graph, self.counts, self.stream = graph, counts.copy(), stream
        self._audiences, self._places_a, self._tables = audiences, places_a, tables
        plain = np.empty(graph.nodes, dtype=np.min_scalar_type(2 * agents.size))
        _deal(np.column_stack([agents - counts, counts]).ravel(), stream, plain)
        self._enter(plain, _kinds_of_plain(agents.size), 0, 0)

    @property
    def opinions(self) -> NDArray[np.uint8]:
        """1 for A, 0 for B, shape (agents,)."""
        return (self.codes & 1).astype(np.uint8)

    @property
    def memory(self) -> int:
        """Bytes held, and those of the graph where zealots were set apart from it."""
        own = self.graph.memory + self._audiences.memory if self._audiences.nodes else 0
        return int(self.codes.nbytes) + own

    def enter(self, zealots_a: int, zealots_b: int) -> None:
        """Let the first so many zealots of each side be present; `RequestError` where there are fewer."""
        places_b = self._audiences.nodes - self._places_a
        if zealots_a > self._places_a or zealots_b > places_b:
            raise RequestError(
                f"{zealots_a} zealots for A and {zealots_b} for B enter, but there are places for "
                f"{self._places_a} and {places_b}; give the engine all its stages"
            )
        if (zealots_a, zealots_b) != self.zealots:
            self._enter(self.codes, self.table.kinds, zealots_a, zealots_b)

    def hold(self, opinions: NDArray[np.uint8], zealots_a: int, zealots_b: int) -> None:
        """Let these be the opinions, with so many zealots present."""
        kinds = self.table.kinds[self.codes]
        plain = (2 * kinds + opinions).astype(np.min_scalar_type(2 * self.counts.size))
        self.counts[:] = np.bincount(kinds[opinions == 1], minlength=self.counts.size)
        self._enter(plain, _kinds_of_plain(self.counts.size), zealots_a, zealots_b)

    def _enter(self, coded: NDArray[Any], kinds: NDArray[np.uint32], zealots_a: int, zealots_b: int) -> None:
        """Count anew what everybody sees; `coded` tells opinions by the lowest bit, kinds by `kinds`."""
        degrees, held = np.empty(coded.size, np.uint32), np.empty(coded.size, np.uint32)
        _look(coded, self.graph.offsets, self.graph.neighbors, degrees, held)
        rows, audience = self._audiences.offsets, self._audiences.neighbors
        first_b = self._places_a
        seen_a = audience[rows[0] : rows[zealots_a]]
        seen_b = audience[rows[first_b] : rows[first_b + zealots_b]]
        _meet(seen_a, seen_b, degrees, held)
        present = np.zeros((self.counts.size, int(degrees.max()) + 1), np.bool_)
        _mark(coded, kinds, degrees, present)
        self.table = self._tables.over(present)
        self.codes = np.empty(coded.size, self.table.dtype)
        _encode(coded, kinds, degrees, held, self.table.starts, self.codes)
        self.zealots = (zealots_a, zealots_b)


def _kinds_of_plain(kinds: int) -> NDArray[np.uint32]:
    """The kind that each code 2 kind + opinion tells, before anybody has looked around."""
    return np.repeat(np.arange(kinds, dtype=np.uint32), 2)


@njit(cache=True, nogil=True)
def _deal(left: Any, stream: Any, plain: Any) -> None:
    """Give node after node one of what is left, in proportion."""
    for node in range(plain.size):
        place, stands = 0, False
        while not stands:
            place, stands = picked(next_word(stream), uint64(plain.size - node))
        what = 0
        while place >= left[what]:
            place -= left[what]
            what += 1
        left[what] -= 1
        plain[node] = what


@njit(cache=True, nogil=True)
def _look(coded: Any, offsets: Any, neighbors: Any, degrees: Any, held: Any) -> None:
    for node in range(coded.size):
        degrees[node] = offsets[node + 1] - offsets[node]
        holders = 0
        for at in range(offsets[node], offsets[node + 1]):
            holders += coded[neighbors[at]] & 1
        held[node] = holders


@njit(cache=True, nogil=True)
def _meet(seen_a: Any, seen_b: Any, degrees: Any, held: Any) -> None:
    for node in seen_a:
        degrees[node] += 1
        held[node] += 1
    for node in seen_b:
        degrees[node] += 1


@njit(cache=True, nogil=True)
def _mark(coded: Any, kinds: Any, degrees: Any, present: Any) -> None:
    for node in range(coded.size):
        present[kinds[coded[node]], degrees[node]] = True


@njit(cache=True, nogil=True)
def _encode(coded: Any, kinds: Any, degrees: Any, held: Any, starts: Any, codes: Any) -> None:
    for node in range(coded.size):
        row = starts[kinds[coded[node]], degrees[node]]
        codes[node] = 2 * (row + held[node]) + (coded[node] & 1)
