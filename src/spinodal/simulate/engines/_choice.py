"""Which engine a simulation takes."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Literal, get_args

import numpy as np

from spinodal._errors import RequestError
from spinodal.simulate._population import Placement, Population
from spinodal.simulate.engines._counts import CountsEngine
from spinodal.simulate.engines._engine import Engine
from spinodal.simulate.engines._leaps import LeapsEngine, leaps_pay
from spinodal.simulate.engines._network import NetworkEngine
from spinodal.theory import Stage

Method = Literal["auto", "counts", "leaps", "attempts", "events"]
"""How time passes. Well-mixed: `counts` jumps from flip to flip, exactly; `leaps` takes many updates at
once, with a stated error. On a graph, both exactly: `attempts` carries out every update, `events` jumps
from flip to flip, and `auto` takes now one, now the other."""

METHODS: tuple[Method, ...] = get_args(Method)

Maker = Callable[[np.random.SeedSequence], Engine]


def engine_maker(
    population: Population,
    stages: Sequence[Stage],
    m0: float | Sequence[float],
    placement: Placement,
    method: Method,
    stop_at_consensus: bool,
) -> tuple[Method, Maker]:
    """The method taken, and what makes a replica of a seed.

    Well-mixed, `auto` is exact until leaps are ten times faster (`leaps_pay`). Raises `RequestError`
    where the method does not fit the population, and as the engine does.
    """
    fitting = ("counts", "leaps") if population.graph is None else ("attempts", "events")
    if method != "auto" and method not in fitting:
        where = "well-mixed" if population.graph is None else "on a graph"
        raise RequestError(
            f"the method {method!r} is not for agents {where}; give auto or {' or '.join(fitting)}"
        )
    if population.graph is not None:
        population.graph.require_simulable()
        network = NetworkEngine(
            population,
            m0,
            _UNUSED,
            placement=placement,
            stages=stages,
            method=method,
            stop_at_consensus=stop_at_consensus,
        )
        return method, network.replica
    if method == "auto":
        method = "leaps" if leaps_pay(population, m0, stages) else "counts"
    if method == "leaps":
        return method, LeapsEngine(
            population, m0, _UNUSED, stages=stages, stop_at_consensus=stop_at_consensus
        ).replica
    return method, CountsEngine(population, m0, _UNUSED, stop_at_consensus=stop_at_consensus).replica


_UNUSED = np.random.SeedSequence(0)
"""The seed of the engine that only serves to make replicas."""
