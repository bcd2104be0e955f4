"""Who sees whom: an undirected simple graph in compressed rows."""

from __future__ import annotations

from collections.abc import Hashable, Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any, cast

import numpy as np
from numpy.typing import ArrayLike, NDArray

from spinodal._errors import RequestError
from spinodal.simulate.graphs._rows import (
    LARGEST_NODE,
    components,
    first_repeat,
    rows_among,
    rows_of_edges,
)

Labels = Sequence[Hashable] | NDArray[Any]
"""What nodes are called, shape (nodes,): numbers or names."""


@dataclass(frozen=True, eq=False, repr=False)
class Graph:
    """The neighbours of node v are `neighbors[offsets[v]:offsets[v + 1]]`.

    `offsets` has shape (nodes + 1,) (uint32 where twice the edges fit, else int64), `neighbors` shape
    (2 edges,), uint32; each edge stands in both rows, no row holds its own node or one node twice.
    The constructor trusts its arrays; `Graph.from_edges` and `as_graph` check what they are given.
    """

    offsets: NDArray[Any]
    neighbors: NDArray[np.uint32]
    name: str = "graph"
    labels: Labels | None = None
    """What the nodes are called where they come from; None where they are called 0, 1, 2, ..."""

    @classmethod
    def from_edges(
        cls,
        sources: ArrayLike,
        targets: ArrayLike,
        nodes: int | None = None,
        *,
        name: str = "graph",
        labels: Labels | None = None,
    ) -> Graph:
        """The graph of the edges from each of `sources` to each of `targets`, arrays of shape (edges,).

        Nodes are numbered from 0 up to `nodes` - 1, or up to the largest number in use. Each edge is
        given once, in either direction. Raises `RequestError` on a number that is no node, a node
        beside itself, or an edge given twice; it names the first.
        """
        one, other = _node_numbers(sources), _node_numbers(targets)
        if one.size != other.size:
            raise RequestError(f"{one.size} sources but {other.size} targets; give one of each an edge")
        in_use = 1 + int(max(one.max(), other.max())) if one.size else 0
        if nodes is not None and in_use > nodes:
            raise RequestError(f"an edge names node {in_use - 1} of {nodes}; nodes are numbered from 0")
        graph = cls(*rows_of_edges(one, other, in_use if nodes is None else nodes), name, labels)
        node, neighbor = first_repeat(graph.offsets, graph.neighbors)
        if node >= 0 and node == neighbor:
            raise RequestError(f"node {graph.label(node)} is its own neighbour; take that self-loop out")
        if node >= 0:
            raise RequestError(
                f"the edge between {graph.label(node)} and {graph.label(neighbor)} stands more than once; "
                "give each edge once, in one direction"
            )
        return graph

    @property
    def nodes(self) -> int:
        return int(self.offsets.size) - 1

    @property
    def edges(self) -> int:
        return int(self.neighbors.size) // 2

    @property
    def degrees(self) -> NDArray[np.int64]:
        """How many neighbours each node has, shape (nodes,)."""
        return np.asarray(np.diff(self.offsets.astype(np.int64)), dtype=np.int64)

    @property
    def mean_degree(self) -> float:
        """Neighbours a node, on average; 0 without nodes."""
        return 2 * self.edges / self.nodes if self.nodes else 0.0

    @property
    def memory(self) -> int:
        """Bytes the graph holds, its labels apart."""
        return int(self.offsets.nbytes + self.neighbors.nbytes)

    @cached_property
    def is_connected(self) -> bool:
        """Whether every node is reached from every other; not so without nodes."""
        return len(components(self.offsets, self.neighbors)[1]) == 1

    def largest_component(self) -> Graph:
        """The largest connected part (the first of several), its nodes in their order, numbered anew from 0.

        Their numbers so far become labels, unless they had labels.
        """
        order, starts = components(self.offsets, self.neighbors)
        if len(starts) <= 1:
            return self
        sizes = np.diff([*starts, order.size])
        first = starts[int(np.argmax(sizes))]
        members = np.sort(order[first : first + int(sizes.max())])
        labels = members if self.labels is None else [self.labels[at] for at in members]
        rows = rows_among(self.offsets, self.neighbors, members)
        return Graph(*rows, f"{self.name}, largest component", labels)

    def require_simulable(self) -> None:
        """Raise `RequestError` unless everybody sees somebody and opinions can reach everybody."""
        if self.nodes == 0 or self.edges == 0:
            raise RequestError(
                f"{self.name} has {self.nodes} nodes and {self.edges} edges; give some of each"
            )
        if self.is_connected:
            return
        sizes = np.diff([*components(self.offsets, self.neighbors)[1], self.nodes])
        alone = np.flatnonzero(self.offsets[1:] == self.offsets[:-1])
        why = ""
        if alone.size:
            why = f": {alone.size} without neighbours, the first is node {self.label(int(alone[0]))}"
        raise RequestError(
            f"{self.name} is in {sizes.size} parts, the largest of {sizes.max()} of {self.nodes} nodes"
            f"{why}; take its largest component "
            "(largest_component(), or largest=true after a generator's parameters)"
        )

    def label(self, node: int) -> Hashable:
        """What a node is called where it comes from."""
        return node if self.labels is None else cast(Hashable, self.labels[node])

    def numbers(self, labels: Iterable[Hashable]) -> NDArray[np.int64]:
        """The nodes, numbered from 0, that are called so; labels are compared as text.

        Raises `RequestError` on one that is not in the graph.
        """
        called = range(self.nodes) if self.labels is None else self.labels
        at = {str(label): number for number, label in enumerate(called)}
        wanted = [str(label) for label in labels]
        for label in wanted:
            if label not in at:
                raise RequestError(f"no node {label} in {self.name}; it has {self.nodes} nodes")
        return np.array([at[label] for label in wanted], dtype=np.int64)

    def to_dict(self) -> dict[str, Any]:
        """Name, nodes, edges, mean degree and bytes."""
        return {
            "name": self.name,
            "nodes": self.nodes,
            "edges": self.edges,
            "mean_degree": self.mean_degree,
            "memory": self.memory,
        }

    def __repr__(self) -> str:
        return (
            f"Graph({self.name}: {self.nodes} nodes, {self.edges} edges, mean degree {self.mean_degree:.3g})"
        )


def _node_numbers(values: ArrayLike) -> NDArray[Any]:
    """Whole numbers from 0 that fit in 32 bits, as an array of shape (edges,)."""
    given = np.asarray(values)
    if given.size == 0:
        return np.zeros(0, np.uint32)
    if given.ndim != 1 or given.dtype.kind not in "iuf":
        raise RequestError(
            f"ends of edges of shape {given.shape}, {given.dtype}; give one list of node numbers"
        )
    wrong = ~((given >= 0) & (given <= LARGEST_NODE))
    if given.dtype.kind == "f":
        wrong |= given != np.floor(given)
    if wrong.any():
        raise RequestError(f"an edge names node {given[wrong][0]}; nodes are whole numbers from 0")
    return given.astype(np.uint32, copy=False)
