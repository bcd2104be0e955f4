"""The graph of a cell: drawn anew for it, or read from an edge file."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from functools import lru_cache
from pathlib import Path

from spinodal._errors import RequestError
from spinodal.simulate.graphs import GENERATORS, Graph, as_graph, generate
from spinodal.simulate.sweeps._cell import WELL_MIXED, Cell


def graph_of(cell: Cell, seed: int) -> Graph | None:
    """Who sees whom in a cell: one graph for all its replicas, with a node for each agent and zealot."""
    if cell.graph == WELL_MIXED:
        return None
    if is_generator(cell.graph):
        return generate(cell.graph, cell.agents + cell.zealots, seed)
    graph = _read(cell.graph, _stamp(cell.graph))
    if graph.nodes != cell.agents + cell.zealots:
        raise RequestError(
            f"{cell.agents} agents and {cell.zealots} zealots on the {graph.nodes} nodes of {cell.graph}; "
            "give agents that fill the graph together with the zealots, or leave agents out"
        )
    return graph


def require_graphs(cells: Iterable[Cell]) -> None:
    """Raise `RequestError` where a generator cannot draw the smallest of its graphs, unless that is large.

    A slip in a spec shows before the work, not in the midst of it.
    """
    smallest: dict[str, Cell] = {}
    for cell in cells:
        other = smallest.setdefault(cell.graph, cell)
        if cell.agents + cell.zealots < other.agents + other.zealots:
            smallest[cell.graph] = cell
    for cell in smallest.values():
        if is_generator(cell.graph) and cell.agents + cell.zealots <= _DRAWN_TO_TRY:
            graph_of(cell, seed=0)


def nodes_of(graph: str) -> int | None:
    """Nodes of a graph that is read from a file; None of any other, which are as many as needed."""
    return None if graph == WELL_MIXED or is_generator(graph) else _read(graph, _stamp(graph)).nodes


def contents(graph: str) -> str:
    """What tells a graph from others: its spec, or the digest of its file, wherever that lies."""
    return graph if graph == WELL_MIXED or is_generator(graph) else _digest(graph, _stamp(graph))


def is_generator(graph: str) -> bool:
    return graph.partition(":")[0] in GENERATORS


_DRAWN_TO_TRY = 100_000
"""Nodes of a graph that is drawn in no time."""


def _stamp(path: str) -> tuple[int, int]:
    """What changes when a file does, so that it is read again then and only then."""
    try:
        status = Path(path).stat()
    except OSError:
        raise RequestError(
            f"graph {path!r} is neither {WELL_MIXED} nor an edge file nor a generator; "
            f"generators: {', '.join(GENERATORS)}"
        ) from None
    return status.st_mtime_ns, status.st_size


@lru_cache(maxsize=8)
def _read(path: str, stamp: tuple[int, int]) -> Graph:
    return as_graph(path)


@lru_cache(maxsize=64)
def _digest(path: str, stamp: tuple[int, int]) -> str:
    return hashlib.sha256(Path(path).read_bytes()).hexdigest()
