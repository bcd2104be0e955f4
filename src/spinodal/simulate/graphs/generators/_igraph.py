"""What generators that igraph has need from it: a seed, and rows of its graphs."""

from __future__ import annotations

import random
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np

from spinodal.simulate.graphs._rows import Rows, rows_of_edges

_one_at_a_time = threading.Lock()


@contextmanager
def seeded(seed: np.random.SeedSequence) -> Iterator[None]:
    """Let igraph, whose source of random numbers is one for the process, draw from `seed`, then as ever."""
    import igraph

    with _one_at_a_time:
        igraph.set_random_number_generator(random.Random(int(seed.generate_state(1, np.uint64)[0])))
        try:
            yield
        finally:
            igraph.set_random_number_generator(random)  # igraph's own default


def rows_from(graph: Any) -> Rows:
    """Rows of an undirected igraph graph, by way of its edges as Python objects: some 150 bytes an edge."""
    ends = np.array(graph.get_edgelist(), dtype=np.uint32).reshape(-1, 2)
    return rows_of_edges(ends[:, 0], ends[:, 1], graph.vcount())
