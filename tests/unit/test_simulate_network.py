"""The network engine: who sits where, what they see, and that a replica goes on where it was."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pytest

from spinodal import EmpiricalResponse, LapseResponse, RequestError, TanhResponse
from spinodal.simulate import AtRandom, ByDegree, Kind, OnNodes, Placement, Population, Stage
from spinodal.simulate.engines import _attempts
from spinodal.simulate.engines._network import NetworkEngine
from spinodal.simulate.engines._places import set_apart
from spinodal.simulate.engines._tables import FlipTables
from spinodal.simulate.graphs import Graph, generate

_METHODS = ("attempts", "events", "auto")
_ALWAYS_A = LapseResponse(1.0, 0.0, floor=1.0, ceiling=1.0)
_MAJORITY = EmpiricalResponse(np.array([-0.1, 0.1]), np.array([0.0, 1.0]))


def _seed(number: int = 1) -> np.random.SeedSequence:
    return np.random.SeedSequence(number)


def _graph(*edges: tuple[int, int], nodes: int) -> Graph:
    return Graph.from_edges([edge[0] for edge in edges], [edge[1] for edge in edges], nodes)


def _mixed(graph: Graph, zealots: int = 0, shown: int | None = None) -> Population:
    first = (graph.nodes - zealots) // 3
    followers = Kind(TanhResponse(1.3, 0.1), first)
    contrary = Kind(TanhResponse(-0.6, 0.2), graph.nodes - zealots - first)
    return Population([followers, contrary], shown=shown, graph=graph)


def _opinions(engine: NetworkEngine, agents: int) -> list[int]:
    return np.unpackbits(engine.snapshot()["opinions"], count=agents).tolist()


def test_the_start_has_the_magnetization_asked_for_in_every_kind() -> None:
    population = _mixed(generate("random-regular:degree=4", 90, 1))
    assert NetworkEngine(population, 0.2, _seed()).counts.tolist() == [18, 36]
    assert NetworkEngine(population, [1.0, -1.0], _seed()).counts.tolist() == [30, 0]


def test_the_start_is_dealt_anew_for_every_seed_and_alike_for_the_same() -> None:
    population = _mixed(generate("random-regular:degree=4", 90, 1))
    first, again, other = (NetworkEngine(population, 0.0, _seed(number)) for number in (1, 1, 2))
    assert _opinions(first, 90) == _opinions(again, 90) != _opinions(other, 90)
    np.testing.assert_array_equal(first.advance(20), again.advance(20))


@pytest.mark.parametrize("method", _METHODS)
def test_attempts_are_those_of_the_simulated_time_and_flips_those_that_happened(method: str) -> None:
    engine = NetworkEngine(_mixed(generate("barabasi-albert:attach=3", 80, 1)), 0.0, _seed(), method=method)
    start = engine.counts.sum()
    seen = engine.advance(30).sum(axis=1)
    moved = np.abs(np.diff(seen, prepend=start)).sum()
    assert engine.attempts == 30 * 80
    assert moved <= engine.flips <= engine.attempts
    assert (engine.flips - moved) % 2 == 0
    assert seen[-1] == engine.counts.sum()


def test_codes_tell_the_chance_to_flip_of_every_kind_and_degree() -> None:
    responses = TanhResponse(2.0, 0.1), TanhResponse(0.5, -0.3)
    population = Population([Kind(responses[0], 5), Kind(responses[1], 5)], graph=_graph((0, 1), nodes=10))
    present = np.array([[True, False, False, True], [False, True, False, True]])
    table = FlipTables(population).over(present)
    for kind, degree in ((0, 3), (1, 1), (1, 3)):
        for held in range(degree + 1):
            code = 2 * (table.starts[kind, degree] + held)
            p = float(responses[kind](2.0 * held / degree - 1.0))
            assert table.chances[code : code + 2] == pytest.approx([p, 1.0 - p], rel=1e-12)
            assert table.kinds[code] == table.kinds[code + 1] == kind
    assert table.chances[2 * table.starts[0, 0]] == 0.0, "an agent that sees nobody keeps its opinion"


def test_thresholds_are_exact_at_the_ends_and_close_to_the_chance_between() -> None:
    population = Population([Kind(TanhResponse(6.0, 0.02), 4)], graph=_graph((0, 1), nodes=4))
    table = FlipTables(population).over(np.array([[False, False, False, False, False, True]]))
    exact = [
        (int(whole) * 2**64 + int(rest)) / 2**96
        for whole, rest in zip(table.thresholds, table.rests, strict=True)
    ]
    assert exact == pytest.approx(table.chances.tolist(), rel=1e-15, abs=2.0**-96)
    certain = Population([Kind(_ALWAYS_A, 4)], graph=_graph((0, 1), nodes=4))
    ends = FlipTables(certain).over(np.array([[False, True]]))
    assert ends.thresholds.tolist() == [2**32, 0] * 2
    assert ends.rests.tolist() == [0] * 4


def test_an_agent_shown_one_neighbour_copies_it_on_average() -> None:
    sure = EmpiricalResponse(np.array([-1.0, 1.0]), np.array([0.0, 1.0]))
    steep = TanhResponse(30.0, 0.0)
    for response in (sure, steep):
        population = Population([Kind(response, 9)], shown=1, graph=_graph((0, 1), nodes=9))
        table = FlipTables(population).over(np.array([[False] * 8 + [True]]))
        assert table.chances[::2] == pytest.approx(np.arange(9) / 8, abs=1e-12)


@pytest.mark.parametrize("method", _METHODS)
@pytest.mark.parametrize("shown", [None, 2])
def test_a_snapshot_goes_on_bit_for_bit(method: str, shown: int | None) -> None:
    population = _mixed(generate("barabasi-albert:attach=3", 120, 3), zealots=12, shown=shown)
    stages = [Stage(9, 8, 2), Stage(9, 0, 4)]
    first, second = (NetworkEngine(population, 0.3, _seed(), stages=stages, method=method) for _ in range(2))
    first.enter(stages[0])
    first.advance(5)
    kept = first.snapshot()
    expected = first.advance(4)
    first.enter(stages[1])
    expected = np.concatenate([expected, first.advance(9)])
    second.advance(3)  # it may have lived already
    second.restore(kept)
    found = second.advance(4)
    second.enter(stages[1])
    np.testing.assert_array_equal(np.concatenate([found, second.advance(9)]), expected)
    assert (second.attempts, second.flips) == (first.attempts, first.flips)
    for name, value in first.snapshot().items():
        np.testing.assert_array_equal(second.snapshot()[name], value)


@pytest.mark.parametrize("method", _METHODS)
def test_what_agents_see_is_kept_up_to_date(method: str) -> None:
    population = _mixed(generate("erdos-renyi:mean_degree=5", 150, 3), zealots=10)
    stages = [Stage(20, 4, 6)]
    engine = NetworkEngine(population, 0.0, _seed(), stages=stages, method=method)
    engine.enter(stages[0])
    engine.advance(20)
    counted = NetworkEngine(population, 0.0, _seed(), stages=stages, method=method)
    counted.restore(engine.snapshot())  # which counts everybody's neighbours again
    np.testing.assert_array_equal(engine._life.society.codes, counted._life.society.codes)
    np.testing.assert_array_equal(engine.counts, counted.counts)


@pytest.mark.parametrize("method", _METHODS)
def test_how_the_time_is_cut_changes_nothing(method: str) -> None:
    population = Population(
        [Kind(TanhResponse(1.6, 0.0), 60)], graph=generate("random-regular:degree=6", 60, 2)
    )
    whole = NetworkEngine(population, 0.5, _seed(), method=method).advance(600)
    engine = NetworkEngine(population, 0.5, _seed(), method=method)
    cuts = [1, 99, 100, 101, 99, 150, 50]
    np.testing.assert_array_equal(np.concatenate([engine.advance(cut) for cut in cuts]), whole)


def test_auto_goes_by_events_where_few_attempts_flip_and_back_where_many_do() -> None:
    graph = generate("random-regular:degree=8", 400, 1)
    ordered = NetworkEngine(Population([Kind(TanhResponse(4.0, 0.0), 400)], graph=graph), 1.0, _seed())
    ordered.advance(200)
    assert ordered.snapshot()["order"].size == 400
    stages = [Stage(200), Stage(200, 150, 150)]
    torn = Population([Kind(TanhResponse(4.0, 0.0), 100)], graph=graph)
    engine = NetworkEngine(torn, 1.0, _seed(), stages=stages)
    engine.advance(200)
    calm = engine.snapshot()["order"].size
    engine.enter(stages[1])
    engine.advance(200)
    assert (calm, engine.snapshot()["order"].size) == (100, 0)


def test_asking_for_memory_ahead_changes_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    population = _mixed(generate("barabasi-albert:attach=4", 500, 3))
    expected = NetworkEngine(population, 0.0, _seed(), method="attempts").advance(20)
    monkeypatch.setattr(_attempts, "_CACHE", 0)
    found = NetworkEngine(population, 0.0, _seed(), method="attempts").advance(20)
    np.testing.assert_array_equal(found, expected)


@pytest.mark.parametrize(("method", "most"), [("attempts", 2.0), ("events", 10.0)])
def test_a_replica_takes_few_bytes_an_agent_beside_the_graph(method: str, most: float) -> None:
    population = Population(
        [Kind(TanhResponse(2.0, 0.0), 5_000)], graph=generate("barabasi-albert:attach=4", 5_000, 1)
    )
    assert NetworkEngine(population, 0.0, _seed(), method=method).memory <= most * 5_000


@pytest.mark.parametrize("method", _METHODS)
def test_zealots_are_seen_while_they_are_present_only(method: str) -> None:
    # 0 and 1 see each other; 2 and 3 see a zealot each and nobody else
    graph = _graph((0, 1), (2, 4), (3, 5), nodes=6)
    population = Population([Kind(_ALWAYS_A, 4)], graph=graph)
    stages = [Stage(40), Stage(40, 1, 0), Stage(40, 1, 1)]
    engine = NetworkEngine(population, -1.0, _seed(), placement=OnNodes([4, 5]), stages=stages, method=method)
    reached = []
    for stage in stages:
        engine.enter(stage)
        engine.advance(40)
        reached.append(_opinions(engine, 4))
    # who sees nobody keeps its opinion; what a zealot holds is for the response to weigh
    assert reached == [[1, 1, 0, 0], [1, 1, 1, 0], [1, 1, 1, 1]]


def test_agents_weigh_zealots_of_both_sides() -> None:
    star = _graph(*((0, leaf) for leaf in range(1, 6)), (6, 0), nodes=7)
    population = Population([Kind(_MAJORITY, 2)], graph=star)
    stages = [Stage(30, 2, 3), Stage(30, 2, 0)]
    engine = NetworkEngine(population, 1.0, _seed(), placement=OnNodes([1, 2, 3, 4, 5]), stages=stages)
    engine.enter(stages[0])
    # the hub sees 2 zealots for A, 3 for B and the other agent, who copies it: a tie at the start
    assert engine._life.society.table.chances[engine._life.society.codes[0]] == pytest.approx(0.5)
    engine.enter(stages[1])
    assert engine._life.society.table.chances[engine._life.society.codes[0]] == 0.0


@pytest.mark.parametrize(
    ("placement", "in_the_middle"),
    [
        (ByDegree(), {True}),
        (ByDegree(lowest=True), {False}),
        (OnNodes([3]), {False}),
        (OnNodes([0]), {True}),
        (AtRandom(), {True, False}),
    ],
)
def test_zealots_sit_where_they_are_placed(placement: Placement, in_the_middle: set[bool]) -> None:
    star = _graph(*((0, leaf) for leaf in range(1, 6)), nodes=6)
    population = Population([Kind(_MAJORITY, 5)], graph=star)
    found = set()
    for number in range(80):  # one place in six is missed at random with probability (5/6)^80 < 5e-7
        engine = NetworkEngine(population, 0.2, _seed(number), placement=placement, stages=[Stage(1, 1, 0)])
        found.add(engine._life.society.graph.edges == 0)
    assert found == in_the_middle


def test_the_regular_agents_are_numbered_in_their_order_and_each_zealot_knows_who_sees_it() -> None:
    path = _graph((0, 1), (1, 2), (2, 3), (3, 4), (4, 5), nodes=6)
    among, audiences = set_apart(path, np.array([3, 1]))
    assert among.offsets.tolist() == [0, 0, 0, 1, 2]
    assert among.neighbors.tolist() == [3, 2]
    assert audiences.offsets.tolist() == [0, 2, 4]
    assert audiences.neighbors.tolist() == [1, 2, 0, 1]


def test_where_all_agree_a_replica_may_be_held_still() -> None:
    population = Population(
        [Kind(TanhResponse(0.8, 0.0), 4), Kind(TanhResponse(1.5, 0.0), 3)], graph=generate("complete", 7, 1)
    )
    for method in _METHODS:
        engine = NetworkEngine(population, 0.0, _seed(), method=method, stop_at_consensus=True)
        totals = engine.advance(4_000).sum(axis=1)
        first = int(np.argmax((totals == 0) | (totals == 7)))
        assert 0 < first < 3_999
        assert (totals[first:] == totals[first]).all()
        flips = engine.flips
        engine.enter(Stage(10))
        engine.advance(10)
        assert engine.flips == flips
        free = NetworkEngine(population, 1.0, _seed(), method=method)
        assert (free.advance(200).sum(axis=1) < 7).any()


@pytest.mark.parametrize(
    ("agents", "stages", "placement", "m0", "message"),
    [
        (9, [], None, 0.0, "9 agents and 0 zealots on a graph of 10 nodes"),
        (8, [Stage(1, 1, 0), Stage(1, 0, 2)], None, 0.0, "8 agents and 3 zealots"),
        (8, [Stage(1, 1.5, 0)], None, 0.0, "1.5 and 0 zealots"),
        (8, [Stage(1, 1, 1)], OnNodes([3]), 0.0, "1 nodes for 2 zealots"),
        (8, [Stage(1, 1, 1)], OnNodes([3, 3]), 0.0, "two zealots on the same node"),
        (8, [Stage(1, 1, 1)], OnNodes([3, 10]), 0.0, "a zealot on node 10 of 10"),
        (8, [Stage(1, 1, 1)], OnNodes([3, -1]), 0.0, "a zealot on node -1 of 10"),
        (10, [], None, float("nan"), "a starting magnetization of nan"),
        (10, [], None, [0.1, 0.2], "2 starting magnetizations for 1 kinds"),
    ],
)
def test_what_does_not_fit_is_refused(
    agents: int, stages: Sequence[Stage], placement: Placement | None, m0: float, message: str
) -> None:
    population = Population([Kind(TanhResponse(1.0, 0.0), agents)], graph=generate("complete", 10, 1))
    with pytest.raises(RequestError, match=message.replace("(", r"\(")):
        NetworkEngine(population, m0, _seed(), stages=stages, placement=placement).enter(Stage(1))


def test_more_zealots_than_places_are_refused() -> None:
    population = Population([Kind(TanhResponse(1.0, 0.0), 8)], graph=generate("complete", 10, 1))
    engine = NetworkEngine(population, 0.0, _seed(), stages=[Stage(1, 1, 1)])
    with pytest.raises(RequestError, match="2 zealots for A and 0 for B enter"):
        engine.enter(Stage(1, 2, 0))


def test_a_population_without_a_graph_is_not_for_this_engine() -> None:
    with pytest.raises(RequestError, match="no graph"):
        NetworkEngine(Population([Kind(TanhResponse(1.0, 0.0), 8)]), 0.0, _seed())
