"""Programs that let opinions move on a network, one class each, all asked the same; run one in a process:

    python benchmarks/_contenders.py NAME --graph SPEC --nodes N [--beta B --m0 M --seed K --seconds S]

prints how many attempts it lived through in how many seconds. An attempt is one agent's chance to take
another opinion; N of them are a sweep. Every contender gets the same graph, the tanh response of the same
beta with h = 0, and the same share of agents for A at the start. Set-up is not counted for anyone. The
agent-based frameworks hold their neighbours as plain lists of agents, which is faster than their spaces.
"""

from __future__ import annotations

import argparse
import json
import math
import random
import resource
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from itertools import pairwise
from pathlib import Path
from typing import Any, NamedTuple, Protocol

import numpy as np

from spinodal.simulate.graphs import Graph, as_graph


class Lived(NamedTuple):
    attempts: int
    seconds: float
    flips: int | None = None


class CannotRun(Exception):
    """Why this contender cannot simulate that graph."""


class Contender(Protocol):
    def live(self, attempts: int) -> Lived:
        """Live through so many attempts, or a few more."""
        ...


def opinions_at_start(nodes: int, m0: float, seed: int) -> Any:
    """+1 or -1 each, shape (nodes,), with magnetization m0."""
    opinions = np.where(np.arange(nodes) < round(nodes * (1 + m0) / 2), 1, -1)
    return np.random.default_rng(seed).permutation(opinions)


def peers_of(graph: Graph) -> list[list[int]]:
    ends = graph.offsets.tolist()
    neighbors = graph.neighbors.tolist()
    return [neighbors[start:end] for start, end in pairwise(ends)]


def networkx_graph(graph: Graph) -> Any:
    import networkx

    return networkx.Graph(dict(enumerate(peers_of(graph))))


class Spinodal:
    """This project's engine: as many replicas side by side as threads."""

    def __init__(self, graph: Graph, beta: float, m0: float, seed: int, threads: int, method: str) -> None:
        from spinodal.response import TanhResponse
        from spinodal.simulate import Kind, Population, Stage
        from spinodal.simulate.engines._network import NetworkEngine

        population = Population([Kind(TanhResponse(beta, 0.0), graph.nodes)], graph=graph)
        first = NetworkEngine(population, m0, np.random.SeedSequence(seed), method=method)
        self._engines = [first.replica(child) for child in np.random.SeedSequence(seed).spawn(threads)]
        for engine in self._engines:
            engine.enter(Stage(1))
        self._nodes = graph.nodes
        self._pool = ThreadPoolExecutor(threads)

    @property
    def memory(self) -> int:
        """Bytes one replica holds beside the graph."""
        return self._engines[0].memory

    def live(self, attempts: int) -> Lived:
        sweeps = math.ceil(attempts / (self._nodes * len(self._engines)))
        before = sum(engine.flips for engine in self._engines)
        started = time.perf_counter()
        list(self._pool.map(lambda engine: engine.advance(sweeps), self._engines))
        seconds = time.perf_counter() - started
        flips = sum(engine.flips for engine in self._engines) - before
        return Lived(sweeps * self._nodes * len(self._engines), seconds, flips)


class EoN:
    """`EoN.Gillespie_complex_contagion`: event-driven; credited with all attempts that its time holds.

    Every call computes all rates before time starts; that is timed apart and taken off. It gets random
    numbers from Python's `random`: NumPy's `choice`, its default, copies the list of all nodes each time.
    """

    class Numbers(random.Random):
        """What it asks of its source of random numbers."""

        def exponential(self, mean: float) -> float:
            return self.expovariate(1.0 / mean)

    def __init__(self, graph: Graph, beta: float, m0: float, seed: int) -> None:
        self._graph, self._peers = networkx_graph(graph), peers_of(graph)
        self._beta, self._rng = beta, self.Numbers(seed)
        self._start = dict(enumerate(opinions_at_start(graph.nodes, m0, seed).tolist()))

    def live(self, attempts: int) -> Lived:
        _, before = self._simulate(0.0)
        times, seconds = self._simulate(attempts / len(self._peers))
        return Lived(attempts, max(seconds - before, 1e-9), len(times) - 1)

    def _simulate(self, sweeps: float) -> tuple[Any, float]:
        from EoN import Gillespie_complex_contagion

        peers, twice_beta, exp = self._peers, 2.0 * self._beta, math.exp

        def rate(graph: Any, node: int, status: dict[int, int], parameters: Any) -> float:
            seen = peers[node]
            pull = sum([status[peer] for peer in seen]) / len(seen)
            return 1.0 / (1.0 + exp(twice_beta * status[node] * pull))

        def flipped(graph: Any, node: int, status: dict[int, int], parameters: Any) -> int:
            return -status[node]

        def touched(graph: Any, node: int, status: dict[int, int], parameters: Any) -> list[int]:
            return peers[node]

        started = time.perf_counter()
        times, *_ = Gillespie_complex_contagion(
            self._graph, rate, flipped, touched, self._start, (1, -1), tmax=sweeps, rng=self._rng
        )
        return times, time.perf_counter() - started


class Netrd:
    """`netrd.dynamics.IsingGlauber`: all agents at once, through a dense matrix; a step counts as a sweep.

    Every call builds the matrix; that is timed apart and taken off.
    """

    LARGEST_MATRIX = 8 * 2**30

    def __init__(self, graph: Graph, beta: float, m0: float, seed: int) -> None:
        matrix = 8 * graph.nodes**2
        if matrix > self.LARGEST_MATRIX:
            raise CannotRun(f"its dense matrix of doubles would take {matrix / 2**30:.0f} GiB")
        self._graph, self._nodes = networkx_graph(graph), graph.nodes
        self._beta, self._start = beta, (opinions_at_start(graph.nodes, m0, seed) + 1) / 2

    def live(self, attempts: int) -> Lived:
        sweeps = math.ceil(attempts / self._nodes)
        before = self._simulate(0)
        return Lived(sweeps * self._nodes, max(self._simulate(sweeps) - before, 1e-9))

    def _simulate(self, sweeps: int) -> float:
        from netrd.dynamics import IsingGlauber

        started = time.perf_counter()
        # Its beta multiplies the magnetization in sigmoid(beta m): twice ours.
        IsingGlauber().simulate(self._graph, sweeps + 1, init=self._start, beta=2 * self._beta)
        return time.perf_counter() - started


class Mesa:
    """A Mesa model: one agent object a node, activated once a sweep in shuffled order.

    The rule stands in the agent's own step, here and in `AgentPy`: sharing it would cost them a call.
    """

    def __init__(self, graph: Graph, beta: float, m0: float, seed: int) -> None:
        import mesa

        exp = math.exp

        class Voter(mesa.Agent):
            def step(self) -> None:
                peers = self.peers
                pull = sum([peer.opinion for peer in peers]) / len(peers)
                self.opinion = 1 if draw() < 1.0 / (1.0 + exp(-2.0 * beta * pull)) else -1

        self._model = mesa.Model(seed=seed)
        draw = self._model.random.random
        voters = Voter.create_agents(self._model, graph.nodes)
        for voter, opinion in zip(voters, opinions_at_start(graph.nodes, m0, seed).tolist(), strict=True):
            voter.opinion = opinion
        listed = list(voters)
        for voter, peers in zip(listed, peers_of(graph), strict=True):
            voter.peers = [listed[peer] for peer in peers]
        self._nodes = graph.nodes

    def live(self, attempts: int) -> Lived:
        sweeps = math.ceil(attempts / self._nodes)
        started = time.perf_counter()
        for _ in range(sweeps):
            self._model.agents.shuffle_do("step")
        return Lived(sweeps * self._nodes, time.perf_counter() - started)


class AgentPy:
    """An AgentPy model: one agent object a node, activated once a sweep in shuffled order."""

    def __init__(self, graph: Graph, beta: float, m0: float, seed: int) -> None:
        import agentpy

        exp = math.exp

        class Voter(agentpy.Agent):
            def update(self) -> None:
                peers = self.peers
                pull = sum([peer.opinion for peer in peers]) / len(peers)
                self.opinion = 1 if draw() < 1.0 / (1.0 + exp(-2.0 * beta * pull)) else -1

        model = agentpy.Model({"seed": seed})
        model.sim_setup()  # seeds the model's random numbers
        draw = model.random.random
        self._voters = agentpy.AgentList(model, graph.nodes, Voter)
        listed, opinions = list(self._voters), opinions_at_start(graph.nodes, m0, seed).tolist()
        for voter, opinion, peers in zip(listed, opinions, peers_of(graph), strict=True):
            voter.opinion = opinion
            voter.peers = [listed[peer] for peer in peers]
        self._nodes = graph.nodes

    def live(self, attempts: int) -> Lived:
        sweeps = math.ceil(attempts / self._nodes)
        started = time.perf_counter()
        for _ in range(sweeps):
            self._voters.shuffle().update()
        return Lived(sweeps * self._nodes, time.perf_counter() - started)


class NDlib:
    """`ndlib.models.opinions.VoterModel`: another rule (copy one neighbour), for context only."""

    def __init__(self, graph: Graph, beta: float, m0: float, seed: int) -> None:
        from ndlib.models import ModelConfig
        from ndlib.models.opinions import VoterModel

        self._model = VoterModel(networkx_graph(graph), seed=seed)
        configuration = ModelConfig.Configuration()
        configuration.add_model_parameter("fraction_infected", (1 + m0) / 2)
        self._model.set_initial_status(configuration)
        self._model.iteration(node_status=False)  # the first one only reports

    def live(self, attempts: int) -> Lived:
        started = time.perf_counter()
        for _ in range(attempts):
            self._model.iteration(node_status=False)
        return Lived(attempts, time.perf_counter() - started)


PEERS: dict[str, Callable[[Graph, float, float, int], Contender]] = {
    "EoN": EoN,
    "netrd": Netrd,
    "mesa": Mesa,
    "agentpy": AgentPy,
    "NDlib": NDlib,
}


def long_enough(contender: Contender, seconds: float) -> Lived:
    """Lived for at least so long, in one go, after shorter ones that warm everything up."""
    contender.live(1)
    lived = contender.live(1)
    while lived.seconds < seconds:
        factor = min(max(1.2 * seconds / lived.seconds, 1.2), 10.0)
        lived = contender.live(math.ceil(lived.attempts * factor))
    return lived


def resident() -> int:
    """Bytes of memory this process holds now."""
    return int(Path("/proc/self/statm").read_text().split()[1]) * resource.getpagesize()


def main() -> None:
    parser = argparse.ArgumentParser(description="One contender on one graph; prints JSON.")
    parser.add_argument("name", choices=["spinodal", *PEERS])
    parser.add_argument("--graph", required=True)
    parser.add_argument("--nodes", type=int, required=True)
    parser.add_argument("--beta", type=float, default=1.5)
    parser.add_argument("--m0", type=float, default=0.5)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--seconds", type=float, default=1.0)
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--method", default="auto")
    asked = parser.parse_args()
    own = asked.name == "spinodal"

    def make(graph: Graph) -> Any:
        if own:
            return Spinodal(graph, asked.beta, asked.m0, asked.seed, asked.threads, asked.method)
        return PEERS[asked.name](graph, asked.beta, asked.m0, asked.seed)

    if own:  # so that what the process holds next is the graph and the replicas, not compiled code
        make(as_graph(asked.graph, nodes=10_000, seed=asked.seed)).live(1)
    before = resident()
    graph = as_graph(asked.graph, nodes=asked.nodes, seed=asked.seed)
    try:
        contender = make(graph)
    except CannotRun as why:
        print(json.dumps({"cannot": str(why)}))
        return
    lived = long_enough(contender, asked.seconds)
    found: dict[str, Any] = {"nodes": graph.nodes, "mean_degree": graph.mean_degree, **lived._asdict()}
    if own:
        found |= {
            "bytes": graph.memory + contender.memory,
            "held": resident() - before,
            "peak": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024,
        }
    print(json.dumps(found))


if __name__ == "__main__":
    main()
