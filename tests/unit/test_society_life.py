"""One population of synthetic agents: who is asked, what it sees, what it does with the reply."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from spinodal._errors import RequestError
from spinodal.agents import AgentSpec
from spinodal.agents.models import open_model
from spinodal.measure.asking import Asker
from spinodal.measure.prompts import load_template
from spinodal.measure.reading import ReadoutChoice
from spinodal.measure.task import find_pair
from spinodal.simulate import OnNodes
from spinodal.simulate.graphs import generate
from spinodal.society.adversaries import Persuaders
from spinodal.society.group import Group
from spinodal.society.life import Life, Updated, Voice, live
from spinodal.society.memory import memory_of
from spinodal.society.plan import SocietyPlan
from spinodal.theory import Stage

LOGPROB = ReadoutChoice("logprob", True, "as asked")
SAMPLE = ReadoutChoice("sample", True, "as asked")
FOLLOWER = "synthetic/beta=1.2/h=0.05"


@pytest.fixture(autouse=True)
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("INSPECT_CACHE_DIR", str(tmp_path / "cache"))


def _plan(
    *models: str, agents: int = 10, stages: tuple[Stage, ...] = (Stage(3),), **more: Any
) -> SocietyPlan:
    groups = tuple(
        Group(AgentSpec(model=model, label=f"group {number}"), agents)
        for number, model in enumerate(models or (FOLLOWER,))
    )
    return SocietyPlan(
        groups=groups, pair=find_pair("season"), template=load_template("peers"), stages=stages, **more
    )


def _live(
    plan: SocietyPlan, trajectory: int = 0, m0: float = 0.0, choice: ReadoutChoice = LOGPROB
) -> tuple[Life, list[Updated]]:
    voices = [Voice(Asker(open_model(g.agent, (plan.pair,)), g.agent), choice) for g in plan.groups]
    life, told = Life(trajectory, m0), []
    asyncio.run(live(plan, voices, {True: voices[0], False: voices[0]}, life, told.append))
    return life, told


def test_every_update_follows_from_its_reply_and_its_number() -> None:
    plan = _plan(stop_at_consensus=False)
    life, told = _live(plan)
    assert len(life.rows) == len(told) == 3 * 10
    opinions: dict[int, str] = {}
    holders = life.agents_a[0]
    for row, event in zip(life.rows, told, strict=True):
        assert opinions.get(row["member"], row["held"]) == row["held"]
        assert row["chosen"] == ("A" if row["uniform"] < row["p_a"] else "B")
        assert row["n_peers"] == 9
        assert row["n_a"] == holders - (row["held"] == "A")
        holders += (row["chosen"] == "A") - (row["held"] == "A")
        assert holders == row["agents_a"] == event.agents_a
        opinions[row["member"]] = row["chosen"]
        if (row["update"] + 1) % 10 == 0:
            assert life.agents_a[(row["update"] + 1) // 10] == holders
    assert life.end == "sweeps"


def test_the_same_trajectory_meets_the_same_chance_whatever_was_lived_before() -> None:
    alone, _ = _live(_plan(), trajectory=3)
    _live(_plan(), trajectory=2)
    again, _ = _live(_plan(), trajectory=3)
    other, _ = _live(_plan(seed=1), trajectory=3)

    def drawn(life: Life) -> list[tuple[Any, ...]]:
        return [(row["member"], row["uniform"], row["shuffle_seed"], row["chosen"]) for row in life.rows]

    assert drawn(alone) == drawn(again)
    assert drawn(alone) != drawn(other)


@pytest.mark.parametrize(("m0", "holders"), [(-1.0, [0, 0]), (-0.6, [2, 2]), (0.0, [5, 5]), (0.85, [9, 9])])
def test_every_group_starts_at_the_magnetization_asked_for(m0: float, holders: list[int]) -> None:
    life, _ = _live(_plan(FOLLOWER, FOLLOWER, stages=(Stage(1),)), m0=m0)
    assert [counts[0] for counts in life.agents_a_by_group] == holders
    assert life.agents_a[0] == sum(holders)


def test_zealots_are_seen_while_their_stage_lasts_and_are_never_asked() -> None:
    stages = (Stage(1), Stage(2, zealots_b=4), Stage(1, zealots_a=2))
    life, _ = _live(_plan(stages=stages, stop_at_consensus=False))
    for row in life.rows:
        here = stages[row["stage"]]
        assert row["n_peers"] == 9 + here.zealots_a + here.zealots_b
        assert (row["zealots_a"], row["zealots_b"]) == (here.zealots_a, here.zealots_b)
        regular_a = row["agents_a"] - (row["chosen"] == "A")
        assert row["n_a"] == regular_a + here.zealots_a
        assert row["member"] < 10
    assert [row["stage"] for row in life.rows] == [0] * 10 + [1] * 20 + [2] * 10


def test_who_agrees_rests_until_somebody_disagrees() -> None:
    stages = (Stage(4), Stage(2, zealots_b=3), Stage(2))
    life, _ = _live(_plan("synthetic/beta=8/h=1", stages=stages), m0=0.8)
    assert life.agents_a[4] == 10
    lived = [row["stage"] for row in life.rows]
    assert lived.count(0) < 40  # it came to rest on the way
    assert lived.count(1) == 20  # zealots who oppose keep it from resting
    assert lived.count(2) == 0
    assert len(life.agents_a) == 8 + 1
    assert life.end == "consensus"


def test_who_declines_keeps_its_opinion_and_a_silent_sweep_ends_it_only_if_asked_to() -> None:
    silent = "synthetic/beta=2/refusal=0.9999/logprobs=no"
    stopped, told = _live(_plan(silent), m0=0.2, choice=SAMPLE)
    assert stopped.end == "abstention"
    assert len(stopped.rows) == stopped.abstained == 10
    assert not any(event.decided for event in told)
    assert {row["chosen"] for row in stopped.rows} == {""}
    went_on, _ = _live(_plan(silent, on_abstention="go-on"), m0=0.2, choice=SAMPLE)
    assert went_on.end == "sweeps"
    assert went_on.agents_a == [6, 6, 6, 6]
    assert went_on.abstained == 30


def test_shown_some_peers_an_agent_sees_so_many_of_the_others() -> None:
    life, _ = _live(_plan(agents=12, shown=3, stop_at_consensus=False), m0=0.0)
    assert {row["n_peers"] for row in life.rows} == {3}
    assert len({row["n_a"] for row in life.rows}) > 1


def test_on_a_graph_an_agent_sees_its_neighbours_and_the_zealots_among_them() -> None:
    ring = generate("watts-strogatz:neighbors=2,rewire=0", 10, 0)
    places = OnNodes([0, 5])
    plan = _plan(
        agents=8,
        graph=ring,
        placement=places,
        stages=(Stage(3), Stage(3, zealots_b=2)),
        stop_at_consensus=False,
    )
    life, _ = _live(plan, m0=1.0)
    # nodes 1, 4, 6 and 9 lie beside a zealot's place: one peer while it is empty, two while it is taken
    beside = {0, 3, 4, 7}
    for row in life.rows:
        empty = row["stage"] == 0
        assert row["n_peers"] == (1 if empty and row["member"] in beside else 2)
        if row["member"] in beside and not empty:
            assert row["n_a"] < 2


def test_persuaders_speak_once_a_sweep_and_are_read_while_they_are_there() -> None:
    plan = _plan(
        "synthetic/beta=1/h=0.3",
        stages=(Stage(1), Stage(2, zealots_b=2), Stage(1)),
        adversaries=Persuaders(),
        stop_at_consensus=False,
    )
    life, _ = _live(plan)
    assert [(one["update"], one["speaker"], one["option"]) for one in life.sentences] == [
        (10, 10, "B"),
        (10, 11, "B"),
        (20, 10, "B"),
        (20, 11, "B"),
    ]
    assert all(one["zealot"] and one["argument"] for one in life.sentences)
    assert [row["argued"] for row in life.rows] == [0] * 10 + [2] * 20 + [0] * 10


def test_agents_that_argue_say_why_after_every_choice() -> None:
    life, _ = _live(_plan(arguments=True, stop_at_consensus=False))
    assert [(one["update"], one["speaker"]) for one in life.sentences] == [
        (row["update"], row["member"]) for row in life.rows
    ]
    spoken: set[int] = set()
    for row in life.rows:
        assert row["argued"] == len(spoken - {row["member"]})
        spoken.add(row["member"])


def test_the_opinions_chosen_have_the_frequency_of_the_response() -> None:
    """The share of A among draws at p is p: z-score within 4 (a correct program fails in 6 of 100,000)."""
    life, _ = _live(_plan(agents=40, stages=(Stage(20),), stop_at_consensus=False))
    p = np.array([row["p_a"] for row in life.rows])
    chosen = np.array([row["chosen"] == "A" for row in life.rows])
    assert abs((chosen - p).sum()) < 4.0 * np.sqrt((p * (1.0 - p)).sum())


@pytest.mark.parametrize("text", ["exchanges:0", "exchanges:x", "exchanges", "all"])
def test_a_memory_that_is_none_is_refused(text: str) -> None:
    with pytest.raises(RequestError, match="memory"):
        memory_of(text)


@pytest.mark.parametrize(
    ("more", "message"),
    [
        ({"agents": 1}, "2 or more"),
        ({"m0": (0.0, 1.5)}, "1.5"),
        ({"m0": (0.0, 0.0)}, "each once"),
        ({"stages": ()}, "no sweep"),
        ({"stages": (Stage(2.5),)}, "whole"),
        ({"stages": (Stage(2, zealots_b=-1),)}, "-1 zealots"),
        ({"trajectories": 0}, "0 trajectories"),
        ({"shown": 0}, "0 peers"),
        ({"graph": generate("complete", 7, 0)}, "10 agents and 0 zealots on a graph of 7 nodes"),
        ({"seed": -1}, "seed"),
    ],
)
def test_a_plan_that_makes_no_sense_is_refused(more: dict[str, Any], message: str) -> None:
    with pytest.raises(RequestError, match=message):
        _plan(**more)


def test_arguments_need_a_template_that_shows_entries() -> None:
    plan = _plan()
    with pytest.raises(RequestError, match="totals"):
        SocietyPlan(plan.groups, plan.pair, load_template("counts"), plan.stages, arguments=True)


@pytest.mark.parametrize(
    ("stages", "peers"),
    [
        ((Stage(3),), [9]),
        ((Stage(3, zealots_b=4), Stage(3)), [9, 13]),
        ((Stage(3, zealots_b=4),), [13]),
        (tuple(Stage(2, zealots_b=number) for number in range(7)), [9, 12, 15]),
    ],
)
def test_the_response_is_measured_at_as_many_peers_as_agents_see(
    stages: tuple[Stage, ...], peers: list[int]
) -> None:
    assert _plan(stages=stages).peers_measured == peers
    assert _plan(stages=stages, shown=4).peers_measured == [4]
