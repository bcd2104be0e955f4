"""Networks against independent sources: the chain, the master equation of a small graph, EoN.

Each test has a fixed seed. Its stated level is the probability that it fails where all is right, over
seeds; levels are 0.001 a comparison, and there are 45 of them.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Sequence
from typing import Any

import EoN
import networkx
import numpy as np
import pytest
from _page import Record
from numpy.typing import NDArray
from scipy import stats

from spinodal import LapseResponse, TanhResponse
from spinodal.response import LimitedVisibilityResponse, ResponseFunction
from spinodal.simulate import Kind, OnNodes, Population, Stage
from spinodal.simulate.engines._network import NetworkEngine
from spinodal.simulate.graphs import Graph, as_graph, generate
from spinodal.theory import Chain, evolve

LEVEL = 0.001
METHODS = ("attempts", "events")


def _ends(
    engine: NetworkEngine, stages: Sequence[Stage], replicas: int, seed: int
) -> tuple[NDArray[np.int64], NDArray[np.uint8]]:
    """Counts after every sweep of every replica, (replicas, sweeps), and opinions at the end."""
    counts, opinions = [], []
    for child in np.random.SeedSequence(seed).spawn(replicas):
        replica = engine.replica(child)
        seen = []
        for stage in stages:
            replica.enter(stage)
            seen.append(replica.advance(int(stage.sweeps)).sum(axis=1))
        counts.append(np.concatenate(seen))
        opinions.append(replica.snapshot()["opinions"])
    return np.array(counts), np.array(opinions)


def _p_value(observed: NDArray[np.int64], law: NDArray[np.float64]) -> float:
    """Chi-squared of counts against probabilities; cells that expect fewer than five are pooled."""
    expected = law * observed.sum()
    assert observed[expected == 0.0].sum() == 0
    order = np.argsort(-expected)
    expected, observed = expected[order], observed[order]
    cells = int((expected >= 5.0).sum())
    if expected[cells:].sum() > 0.0:
        expected = np.append(expected[: cells - 1], expected[cells - 1 :].sum())
        observed = np.append(observed[: cells - 1], observed[cells - 1 :].sum())
    return float(stats.chisquare(observed, expected * observed.sum() / expected.sum()).pvalue)


# on the complete graph


@pytest.mark.verifies(
    "simulation",
    "The complete graph is the chain",
    "8,000 replicas on the complete graph, attempt by attempt and event by event, against the exact chain.",
    "chi-squared at 1e-3 a case",
)
@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize(
    ("agents", "response", "stages"),
    [
        (20, TanhResponse(0.8, 0.05), [Stage(3)]),
        (50, TanhResponse(1.6, 0.1), [Stage(8)]),
        (30, TanhResponse(1.4, -0.1), [Stage(3, 5, 0), Stage(4)]),
        (30, LapseResponse(3.0, 0.1, 0.02, 0.9), [Stage(2, 3, 6), Stage(3, 0, 2), Stage(2)]),
    ],
)
def test_the_complete_graph_is_the_chain(
    method: str,
    agents: int,
    response: ResponseFunction,
    stages: list[Stage],
    keep_plot: Callable[..., Any],
    record: Record,
) -> None:
    zealots = max(stage.zealots_a for stage in stages) + max(stage.zealots_b for stage in stages)
    population = Population([Kind(response, agents)], graph=generate("complete", agents + zealots, 1))
    engine = NetworkEngine(population, -0.4, np.random.SeedSequence(0), stages=stages, method=method)
    ends, _ = _ends(engine, stages, 8_000, seed=11)
    law = np.zeros(agents + 1)
    law[Chain(response, agents).nearest(-0.4)] = 1.0
    for stage in stages:
        law = evolve(Chain(response, agents, stage.zealots_a, stage.zealots_b), law, stage.sweeps)
    observed = np.bincount(ends[:, -1], minlength=agents + 1)
    if zealots and method == "events":
        axes = keep_plot(f"network_complete_graph_{agents}_{len(stages)}_stages")
        axes.bar(np.arange(agents + 1), observed / observed.sum(), color="0.8", label="simulated, by events")
        axes.plot(np.arange(agents + 1), law, "k.-", label="exact chain")
        axes.set_xlabel("agents for A after the last stage")
        axes.set_ylabel("probability")
        axes.set_title("The complete graph agrees with the chain, zealots coming and going")
        axes.legend()
    record(f"p = {_p_value(observed, law):.2g}")
    assert _p_value(observed, law) > LEVEL


@pytest.mark.parametrize("method", METHODS)
def test_who_stops_at_consensus_stays_as_the_chain_does(method: str) -> None:
    response = TanhResponse(1.5, 0.0)
    population = Population([Kind(response, 12)], graph=generate("complete", 12, 1))
    engine = NetworkEngine(population, 0.0, np.random.SeedSequence(0), method=method, stop_at_consensus=True)
    ends, _ = _ends(engine, [Stage(6)], 8_000, seed=12)
    start = np.zeros(13)
    start[6] = 1.0
    law = evolve(Chain(response, 12), start, 6.0, stop_at_consensus=True)
    assert _p_value(np.bincount(ends[:, -1], minlength=13), law) > LEVEL


@pytest.mark.parametrize("method", METHODS)
def test_agents_shown_a_few_neighbours_act_on_the_average(method: str) -> None:
    response = TanhResponse(2.5, 0.1)
    population = Population([Kind(response, 24)], shown=5, graph=generate("complete", 24, 1))
    engine = NetworkEngine(population, -0.25, np.random.SeedSequence(0), method=method)
    ends, _ = _ends(engine, [Stage(5)], 8_000, seed=13)
    start = np.zeros(25)
    start[9] = 1.0
    law = evolve(Chain(LimitedVisibilityResponse(response, 5, 23), 24), start, 5.0)
    assert _p_value(np.bincount(ends[:, -1], minlength=25), law) > LEVEL


# on any graph, from the master equation

_EDGES = [(0, 1), (0, 2), (0, 3), (0, 4), (1, 2), (3, 5), (4, 6), (5, 6), (2, 7), (6, 7)]
_ZEALOTS = (5, 7)
"""Nodes of the zealots for A and for B; without them node 3 has one neighbour left."""


def _step(kinds: Sequence[ResponseFunction], present: set[int]) -> NDArray[np.float64]:
    """The matrix of one attempt among the configurations of the six regular nodes, in plain words."""
    regular = [node for node in range(8) if node not in _ZEALOTS]
    matrix = np.zeros((2**6, 2**6))
    for number, opinions in enumerate(itertools.product((0, 1), repeat=6)):
        held = dict(zip(regular, opinions, strict=True)) | {5: 1, 7: 0}
        for place, node in enumerate(regular):
            seen = [b if a == node else a for a, b in _EDGES if node in (a, b)]
            seen = [held[other] for other in seen if other not in _ZEALOTS or other in present]
            p = float(kinds[place](2.0 * sum(seen) / len(seen) - 1.0)) if seen else float(held[node])
            for choice, chance in ((1, p), (0, 1.0 - p)):
                target = list(opinions)
                target[place] = choice
                matrix[number, int("".join(map(str, target)), 2)] += chance / 6.0
    return matrix


@pytest.mark.parametrize("method", METHODS)
def test_every_configuration_of_a_small_graph_has_its_exact_probability(method: str) -> None:
    """One level for all 64 configurations: who holds what, not only how many."""
    responses = TanhResponse(1.2, 0.1), TanhResponse(-0.7, 0.3)
    graph = Graph.from_edges(*zip(*_EDGES, strict=True), 8)
    population = Population([Kind(responses[0], 4), Kind(responses[1], 2)], graph=graph)
    stages = [Stage(1, 1, 0), Stage(2), Stage(1, 1, 1)]
    engine = NetworkEngine(
        population, 0.0, np.random.SeedSequence(0), placement=OnNodes(_ZEALOTS), stages=stages, method=method
    )
    _, opinions = _ends(engine, stages, 8_000, seed=14)
    observed = np.bincount(opinions[:, 0] >> 2, minlength=64)
    # the kinds are dealt at random, and half of each holds A at first
    expected = np.zeros(64)
    deals = list(itertools.combinations(range(6), 2))
    for second in deals:
        kinds = [responses[place in second] for place in range(6)]
        law = np.zeros(64)
        for holders in itertools.product((0, 1), repeat=6):
            of_second = sum(holders[place] for place in second)
            law[int("".join(map(str, holders)), 2)] = of_second == 1 and sum(holders) == 3
        law /= law.sum()
        for stage in stages:
            present = {5} if stage.zealots_a else set()
            present |= {7} if stage.zealots_b else set()
            law = law @ np.linalg.matrix_power(_step(kinds, present), int(stage.sweeps) * 6)
        expected += law / len(deals)
    assert _p_value(observed, expected) > LEVEL


# the two methods against each other


@pytest.mark.verifies(
    "simulation",
    "Two network engines, one process",
    "Events and attempts, 700 runs each on regular and scale-free graphs of 300 nodes.",
    "Kolmogorov-Smirnov at 1e-3, six comparisons a graph",
)
@pytest.mark.parametrize(
    ("spec", "shown", "stages"),
    [
        ("random-regular:degree=8", None, [Stage(20)]),
        ("barabasi-albert:attach=3", None, [Stage(6, 0, 20), Stage(14)]),
        ("barabasi-albert:attach=4", 3, [Stage(20)]),
    ],
)
def test_events_and_attempts_are_the_same_process(
    spec: str, shown: int | None, stages: list[Stage], keep_plot: Callable[..., Any], record: Record
) -> None:
    """Three times, three graphs: nine comparisons."""
    graph = generate(spec, 300, 5)
    agents = 300 - max(stage.zealots_b for stage in stages)
    kinds = [Kind(TanhResponse(1.9, 0.05), agents - 60), Kind(TanhResponse(0.4, -0.5), 60)]
    found = {}
    for number, method in enumerate(("attempts", "events", "auto")):
        population = Population(kinds, shown=shown, graph=graph)
        engine = NetworkEngine(population, 0.5, np.random.SeedSequence(0), stages=stages, method=method)
        found[method] = _ends(engine, stages, 700, seed=20 + number)[0]
    axes = keep_plot(f"network_methods_{spec.partition(':')[0]}_{shown or 'all'}", height=5.5)
    for (method, counts), colour in zip(found.items(), ("C0", "C1", "C2"), strict=True):
        sweeps = np.arange(1, counts.shape[1] + 1)
        axes.plot(sweeps, 2.0 * counts.mean(axis=0) / agents - 1.0, color=colour, label=method)
        axes.plot(sweeps, 2.0 * counts.std(axis=0) / agents, "--", color=colour)
    axes.set_xlabel("sweeps")
    axes.set_ylabel("magnetization: mean (solid), standard deviation (dashed)")
    axes.set_title(f"Attempts, events and auto agree ({spec})")
    axes.legend()
    levels = [
        stats.ks_2samp(found["attempts"][:, sweep], found[other][:, sweep]).pvalue
        for sweep in (2, 8, 19)
        for other in ("events", "auto")
    ]
    record(f"smallest p of six {min(levels):.2g}")
    for sweep in (2, 8, 19):
        assert stats.ks_2samp(found["attempts"][:, sweep], found["events"][:, sweep]).pvalue > LEVEL
        assert stats.ks_2samp(found["attempts"][:, sweep], found["auto"][:, sweep]).pvalue > LEVEL


def test_events_and_attempts_reach_consensus_in_the_same_times() -> None:
    graph = generate("watts-strogatz:neighbors=6,rewire=0.1", 40, 5)
    population = Population([Kind(TanhResponse(2.2, 0.0), 40)], graph=graph)
    times = []
    for number, method in enumerate(METHODS):
        engine = NetworkEngine(
            population, 0.0, np.random.SeedSequence(0), method=method, stop_at_consensus=True
        )
        counts = _ends(engine, [Stage(400)], 700, seed=30 + number)[0]
        done = (counts == 0) | (counts == 40)
        times.append(np.where(done.any(axis=1), done.argmax(axis=1), 400))
    assert (times[0] < 400).mean() > 0.9
    assert stats.ks_2samp(*times).pvalue > LEVEL


@pytest.mark.parametrize("method", METHODS)
def test_metastable_order_lasts_as_long_as_the_chain_says(method: str) -> None:
    """The mean first passage from order to disorder's side, by a z-test at 0.001 of 400 passages."""
    agents, response = 16, TanhResponse(1.9, 0.0)
    chain = Chain(response, agents)
    population = Population([Kind(response, agents)], graph=generate("complete", agents, 1))
    engine = NetworkEngine(population, 1.0, np.random.SeedSequence(0), method=method)
    times = []
    for child in np.random.SeedSequence(41).spawn(400):
        replica, lived = engine.replica(child), 0
        while True:
            below = np.flatnonzero(replica.advance(500)[:, 0] <= agents // 4)
            if below.size:
                times.append(lived + int(below[0]) + 1)
                break
            lived += 500
    # seen at the ends of sweeps only, half a sweep late and not at all where it turned back at once
    law = np.zeros(agents + 1)
    law[agents] = 1.0
    expected, sweep = 0.0, np.array([evolve(chain, row, 1.0) for row in np.eye(agents + 1)])
    while law.sum() > 1e-9:
        expected += law.sum()
        law = law @ sweep
        law[: agents // 4 + 1] = 0.0
    error = np.std(times) / np.sqrt(len(times))
    assert abs(np.mean(times) - expected) < stats.norm.isf(LEVEL / 2.0) * error


# against EoN

_KINDS = (TanhResponse(1.5, 0.15), TanhResponse(0.5, -0.4))


def _chance_of_a(graph: Any, node: Any, status: Any, kind: Any) -> float:
    seen = [status[other] for other in graph.neighbors(node)]
    mu = (seen.count("A") - seen.count("B")) / len(seen)
    response = _KINDS[kind[node]]
    return 1.0 / (1.0 + np.exp(-2.0 * response.beta * (mu + response.h)))


def _dealt(
    nodes: int, second: int, m0: float, random: np.random.Generator
) -> tuple[dict[int, int], dict[int, str]]:
    """Kinds and opinions at random, of each kind as many for A as `m0` says."""
    order, share = random.permutation(nodes), (1.0 + m0) / 2.0
    kind = dict.fromkeys(order.tolist(), 0) | dict.fromkeys(order[:second].tolist(), 1)
    for_a = [*order[: round(share * second)], *order[second : second + round(share * (nodes - second))]]
    return kind, dict.fromkeys(range(nodes), "B") | dict.fromkeys(map(int, for_a), "A")


@pytest.mark.verifies(
    "simulation",
    "Transients against EoN",
    (
        "A society of two kinds on a Barabási-Albert graph of 160 nodes: 400 runs of EoN against 2,000 "
        "of ours, at four moments."
    ),
    "Kolmogorov-Smirnov at 1e-3, eight comparisons",
)
def test_transients_agree_with_eon_attempt_by_attempt(keep_plot: Callable[..., Any], record: Record) -> None:
    """EoN carries out attempts, each agent's at rate 1, of which some change nothing.

    Its clock runs free, but its j-th event is the j-th attempt: compared after as many, the two are
    the same process whatever the size. Four times, both methods: eight comparisons.
    """
    nodes, second, runs, times = 160, 40, 400, (1, 2, 4, 8)
    graph = networkx.barabasi_albert_graph(nodes, 4, seed=3)
    random = np.random.default_rng(61)
    theirs = np.empty((runs, len(times)))
    for run in range(runs):
        kind, start = _dealt(nodes, second, 0.0, random)

        def choose(graph: Any, node: Any, status: Any, kind: Any) -> str:
            return "A" if random.random() < _chance_of_a(graph, node, status, kind) else "B"

        _, holders = EoN.Gillespie_complex_contagion(
            graph,
            lambda graph, node, status, kind: 1.0,
            choose,
            lambda graph, node, status, kind: (),
            start,
            ("A",),
            tmax=1.2 * max(times),
            parameters=kind,
            rng=random,
        )
        theirs[run] = holders[[nodes * time for time in times]]
    ours = _ours(as_graph(graph), second, 0.0, max(times), 2_000)
    axes = keep_plot("network_eon_transients")
    for method, counts in ours.items():
        mean = 2.0 * counts.mean(axis=0) / nodes - 1.0
        axes.plot(np.arange(1, mean.size + 1), mean, label=f"spinodal, {method}")
    axes.errorbar(
        times,
        2.0 * theirs.mean(axis=0) / nodes - 1.0,
        yerr=2.0 * theirs.std(axis=0) / nodes / np.sqrt(runs),
        fmt="ko",
        label="EoN, mean and its error",
    )
    axes.set_xlabel("sweeps")
    axes.set_ylabel("magnetization")
    axes.set_title("Transients on a Barabási-Albert graph of two kinds agree with EoN")
    axes.legend()
    levels = [
        stats.ks_2samp(theirs[:, column], counts[:, time - 1]).pvalue
        for counts in ours.values()
        for column, time in enumerate(times)
    ]
    record(f"smallest p of eight {min(levels):.2g}")
    for counts in ours.values():
        for column, time in enumerate(times):
            assert stats.ks_2samp(theirs[:, column], counts[:, time - 1]).pvalue > LEVEL


@pytest.mark.verifies(
    "simulation",
    "Stationary law against EoN",
    "The same society after ten sweeps, EoN jumping from flip to flip.",
    "Kolmogorov-Smirnov at 1e-3, two comparisons",
)
def test_the_stationary_law_agrees_with_eons_flip_rates(
    keep_plot: Callable[..., Any], record: Record
) -> None:
    """EoN jumps from flip to flip, at rate P(flip) an agent and sweep.

    A clock that runs free is sqrt(t/N) sweeps off one that ticks N times a sweep. Where the law hardly
    changes any more this moves the mean by less than a fiftieth of a standard deviation, out of sight of
    150 runs. Two comparisons.
    """
    nodes, second, runs, sweeps = 160, 40, 150, 10
    graph = networkx.barabasi_albert_graph(nodes, 4, seed=3)
    random = np.random.default_rng(52)
    theirs = np.empty(runs)

    def rate(graph: Any, node: Any, status: Any, kind: Any) -> float:
        p = _chance_of_a(graph, node, status, kind)
        return p if status[node] == "B" else 1.0 - p

    def other(graph: Any, node: Any, status: Any, kind: Any) -> str:
        return "B" if status[node] == "A" else "A"

    for run in range(runs):
        kind, start = _dealt(nodes, second, 0.5, random)
        theirs[run] = EoN.Gillespie_complex_contagion(
            graph,
            rate,
            other,
            lambda graph, node, status, kind: graph.neighbors(node),
            start,
            ("A",),
            tmax=sweeps,
            parameters=kind,
            rng=random,
        )[1][-1]
    ours = _ours(as_graph(graph), second, 0.5, sweeps, 2_000)
    axes = keep_plot("network_eon_stationary")
    for name, values in {"EoN": theirs, **{name: counts[:, -1] for name, counts in ours.items()}}.items():
        axes.ecdf(2.0 * values / nodes - 1.0, label=name)
    axes.set_xlabel("magnetization after 10 sweeps")
    axes.set_ylabel("cumulative probability")
    axes.set_title("The stationary law agrees with EoN's flip rates")
    axes.legend()
    levels = [stats.ks_2samp(theirs, counts[:, -1]).pvalue for counts in ours.values()]
    record(f"smallest p of two {min(levels):.2g}")
    for counts in ours.values():
        moves = abs(counts[:, -1].mean() - counts[:, -3].mean()) / 2.0
        assert moves * np.sqrt(sweeps / nodes) < 0.02 * counts[:, -1].std()
        assert stats.ks_2samp(theirs, counts[:, -1]).pvalue > LEVEL


def _ours(graph: Graph, second: int, m0: float, sweeps: int, runs: int) -> dict[str, NDArray[np.int64]]:
    kinds = [Kind(_KINDS[0], graph.nodes - second), Kind(_KINDS[1], second)]
    found = {}
    for number, method in enumerate(METHODS):
        engine = NetworkEngine(Population(kinds, graph=graph), m0, np.random.SeedSequence(0), method=method)
        found[method] = _ends(engine, [Stage(sweeps)], runs, seed=53 + number)[0]
    return found
