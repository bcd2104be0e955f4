"""Graphs from what others hold: igraph, networkx, SciPy, arrays, files, one line of text."""

from __future__ import annotations

import os
import re
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from spinodal._errors import RequestError
from spinodal.simulate.graphs._edge_file import read_edges
from spinodal.simulate.graphs._generate import generate
from spinodal.simulate.graphs._graph import Graph
from spinodal.simulate.graphs._rows import offset_dtype
from spinodal.simulate.graphs.generators import GENERATORS


def as_graph(source: Any, *, nodes: int | None = None, seed: int | np.random.SeedSequence = 0) -> Graph:
    """The graph of an `igraph.Graph`, a `networkx.Graph`, a symmetric SciPy sparse matrix, an array of
    edges of shape (edges, 2), the path of an edge file (`read_edges`), or a generator's spec such as
    "random-regular:degree=8", which takes the number of `nodes` and a `seed` (see `generate`).

    Names of nodes become labels. Raises `RequestError`, in one line, on what is not an undirected
    simple graph without weights.
    """
    match source:
        case Graph():
            return source
        case str() | os.PathLike():
            return _from_text(os.fspath(source), nodes, seed)
        case np.ndarray() | list() | tuple():
            return _from_array(np.asarray(source), nodes)
    # Told by their modules, so that none of them has to be imported to be told.
    module = type(source).__module__.partition(".")[0]
    if module == "scipy" and hasattr(source, "tocsr"):
        return _from_sparse(source)
    if hasattr(source, "get_edgelist"):
        return _from_igraph(source)
    if hasattr(source, "is_multigraph"):
        return _from_networkx(source)
    raise RequestError(
        f"a {type(source).__name__} is no graph; give an igraph or networkx graph, a SciPy sparse matrix, "
        "an array of edges, an edge file or a generator"
    )


def _from_text(text: str, nodes: int | None, seed: int | np.random.SeedSequence) -> Graph:
    name = text.partition(":")[0]
    if name in GENERATORS:
        if nodes is None:
            raise RequestError(f"{text} needs a number of nodes; say how many agents there are")
        return generate(text, nodes, seed)
    if not Path(text).exists() and re.fullmatch(r"[a-z-]+(:.*)?", text):
        raise RequestError(
            f"{text!r} is neither an edge file nor a generator; generators: {', '.join(GENERATORS)}"
        )
    return read_edges(text)


def _from_array(edges: NDArray[Any], nodes: int | None) -> Graph:
    if edges.ndim != 2 or edges.shape[1] != 2:
        raise RequestError(f"an array of shape {edges.shape} for a graph; give one row of two nodes an edge")
    return Graph.from_edges(edges[:, 0], edges[:, 1], nodes, name="edges")


def _from_sparse(matrix: Any) -> Graph:
    rows, columns = matrix.shape
    if rows != columns:
        raise RequestError(f"a matrix of {rows} rows and {columns} columns; give one row and column a node")
    compressed = matrix.tocsr(copy=True)
    compressed.sum_duplicates()
    compressed.eliminate_zeros()
    if (other := compressed.data[compressed.data != 1]).size:
        raise _unequal("the matrix", other[0])
    on_diagonal = np.flatnonzero(compressed.diagonal())
    if on_diagonal.size:
        raise RequestError(f"node {on_diagonal[0]} is its own neighbour; take that self-loop out")
    lopsided = (compressed != compressed.T).tocoo()
    if lopsided.nnz:
        one, other = int(lopsided.row[0]), int(lopsided.col[0])
        raise RequestError(
            f"the matrix is not symmetric at nodes {one} and {other}; give an undirected graph, "
            "or add the transpose"
        )
    offsets = compressed.indptr.astype(offset_dtype(compressed.nnz // 2))
    return Graph(offsets, compressed.indices.astype(np.uint32), "matrix")


def _from_igraph(graph: Any) -> Graph:
    if graph.is_directed():
        raise _directed("igraph")
    if "weight" in graph.es.attributes():
        for weight in graph.es["weight"]:
            if weight != 1:
                raise _unequal("an edge", weight)
    ends = np.array(graph.get_edgelist(), dtype=np.uint32).reshape(-1, 2)
    labels = graph.vs["name"] if "name" in graph.vs.attributes() else None
    return Graph.from_edges(ends[:, 0], ends[:, 1], graph.vcount(), name="igraph graph", labels=labels)


def _from_networkx(graph: Any) -> Graph:
    if graph.is_directed():
        raise _directed("networkx")
    labels = list(graph)
    number = {label: at for at, label in enumerate(labels)}
    ends = np.empty((graph.number_of_edges(), 2), np.uint32)
    for at, (one, other, weight) in enumerate(graph.edges(data="weight", default=1)):
        if weight != 1:
            raise _unequal(f"the edge between {one} and {other}", weight)
        ends[at] = number[one], number[other]
    return Graph.from_edges(
        ends[:, 0],
        ends[:, 1],
        len(labels),
        name="networkx graph",
        labels=None if labels == list(range(len(labels))) else labels,
    )


def _directed(library: str) -> RequestError:
    return RequestError(f"a directed {library} graph; give an undirected one: neighbours see each other")


def _unequal(what: str, weight: Any) -> RequestError:
    return RequestError(
        f"{what} has weight {weight}; all neighbours count equally: give weights of 1 or none"
    )
