"""A society over real HTTP: what each agent was really shown, and the Inspect task as its users run it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from inspect_ai import eval as inspect_eval

from servers import ChatServer
from spinodal.agents import AgentSpec
from spinodal.measure.prompts import load_template
from spinodal.measure.task import find_pair
from spinodal.societies import SocietyRequest, run_society
from spinodal.society.adversaries import Persuaders
from spinodal.society.group import Group
from spinodal.society.memory import memory_of
from spinodal.society.plan import SocietyPlan
from spinodal.society.task import Measuring
from spinodal.society_runs import SocietyRun
from spinodal.society_verdict import judge_society
from spinodal.theory import Stage

AGENTS = 6


def _run(
    folder: Path,
    monkeypatch: pytest.MonkeyPatch,
    *personas: str | None,
    stages: tuple[Stage, ...] = (Stage(2),),
    **more: Any,
) -> tuple[SocietyRun, list[list[dict[str, str]]]]:
    """The run, and the conversation of every request that was not part of settling the readout."""
    with ChatServer(response="beta=1/h=0.1") as server:
        for name, value in server.environment.items():
            monkeypatch.setenv(name, value)
        groups = tuple(
            Group(AgentSpec(model=server.model, system_prompt=persona, label=f"group {number}"), AGENTS)
            for number, persona in enumerate(personas or (None,))
        )
        plan = SocietyPlan(
            groups=groups,
            pair=find_pair("season"),
            template=load_template("peers"),
            stages=stages,
            m0=(0.0,),
            trajectories=2,
            stop_at_consensus=False,
            readout="logprob",
            prefill="on",
            **more,
        )
        run = run_society(SocietyRequest(plan, predict=False, max_connections=4), folder / "run")
        probes = 2 * len(groups)
        return run, [request.body["messages"] for request in server.requests[probes:]]


def _roles(messages: list[dict[str, str]]) -> list[str]:
    return [message["role"] for message in messages]


def test_an_update_is_one_call_of_one_question(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    run, asked = _run(tmp_path, monkeypatch)
    assert len(asked) == len(run.updates) == 2 * 2 * AGENTS
    for messages in asked:
        assert _roles(messages) == ["user", "assistant"]  # the question, and the reply's opening bracket
        entries = [line for line in messages[0]["content"].splitlines() if ": [" in line]
        assert len(entries) == AGENTS - 1
    assert run.meta["totals"]["calls"] == len(asked) + 2
    shown = sorted(messages[0]["content"].count("[autumn]") for messages in asked)
    assert shown == sorted(run.updates["n_a"])


def test_each_group_has_its_persona(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    run, asked = _run(tmp_path, monkeypatch, "You are bold.", "You are shy.")
    seen = [messages[0]["content"] for messages in asked]
    assert {messages[0]["role"] for messages in asked} == {"system"}
    counts = run.updates["group"].value_counts().to_dict()
    assert seen.count("You are bold.") == counts["group 0"] > 0
    assert seen.count("You are shy.") == counts["group 1"] > 0
    assert run.counts_by_group.shape == (2, 3, 2)
    assert (run.counts_by_group.sum(axis=2) == run.counts).all()


def test_an_agent_is_told_what_it_holds(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    run, asked = _run(tmp_path, monkeypatch, memory=memory_of("own-opinion"))
    told = [messages[0]["content"].splitlines()[0] for messages in asked]
    options = {"A": "So far you support [autumn].", "B": "So far you support [spring]."}
    assert sorted(told) == sorted(options[held] for held in run.updates["held"])


def test_an_agent_goes_on_from_its_last_exchanges(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    run, asked = _run(tmp_path, monkeypatch, memory=memory_of("exchanges:2"), stages=(Stage(6),))
    by_prompt = {messages[-2]["content"]: messages for messages in asked}
    assert len(by_prompt) == len(asked)
    earlier = sorted(len(messages) // 2 - 1 for messages in asked)
    turns = run.updates.groupby(["trajectory", "member"]).cumcount().clip(upper=2)
    assert earlier == sorted(turns)
    for messages in asked:
        for question, reply in zip(messages[:-2:2], messages[1:-2:2], strict=True):
            assert question["content"] in by_prompt
            assert reply["content"] in ("[autumn]", "[spring]")


def test_persuaders_have_a_persona_of_their_own_and_are_read_by_all(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    stages = (Stage(1, zealots_b=2), Stage(1))
    run, asked = _run(tmp_path, monkeypatch, stages=stages, adversaries=Persuaders())
    speeches = [messages for messages in asked if messages[0]["role"] == "system"]
    assert len(speeches) == len(run.arguments) == 2 * 2
    for messages in speeches:
        assert "[spring]" in messages[0]["content"]
        assert messages[2] == {"role": "assistant", "content": "[spring]"}
        assert messages[3]["content"] == "Say why, in one short sentence."
    said = set(run.arguments["argument"])
    assert "" not in said
    questions = [messages[0]["content"] for messages in asked if messages[0]["role"] == "user"]
    with_argument = [text for text in questions if any(f'[spring] "{one}"' in text for one in said)]
    assert len(with_argument) == (run.updates["stage"] == 0).sum()
    assert run.meta["totals"]["calls"] == len(asked) + 2


def test_the_society_is_a_task_for_inspect(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("INSPECT_CACHE_DIR", str(tmp_path / "cache"))
    (log,) = inspect_eval(
        "spinodal/society",
        model="synthetic/beta=2/h=0.3",
        task_args={"pair": "season", "agents": 8, "m0": "-0.5,0.5", "trajectories": 2, "sweeps": 6},
        log_dir=str(tmp_path / "logs"),
        display="none",
    )
    assert log.status == "success"
    assert log.samples is not None
    assert log.results is not None
    finals = [sample.scores["final_state"].value for sample in log.samples if sample.scores]
    metrics = {name: one.value for name, one in log.results.scores[0].metrics.items()}
    assert len(finals) == 4
    assert metrics["mean_final_m"] == pytest.approx(sum(map(float, map(str, finals))) / 4)
    assert metrics["share_for_a"] == sum(float(str(m)) > 0 for m in finals) / 4


def test_where_zealots_come_and_go_the_response_is_measured_among_as_many_peers(tmp_path: Path) -> None:
    agent = AgentSpec(model="synthetic/beta=1.5/h=0.1")
    plan = SocietyPlan(
        groups=(Group(agent, AGENTS),),
        pair=find_pair("season"),
        template=load_template("peers"),
        stages=(Stage(2, zealots_b=3), Stage(2)),
        m0=(0.6,),
        trajectories=4,
        stop_at_consensus=False,
    )
    told: list[Any] = []
    run = run_society(SocietyRequest(plan), tmp_path / "run", told.append)
    (group,) = run.groups
    assert list(run.fits_by_peers[group]) == [AGENTS - 1, AGENTS + 2]
    assert {event.peers for event in told if isinstance(event, Measuring)} == {AGENTS - 1, AGENTS + 2}
    verdict = judge_society(run, repeats=99)
    assert verdict.holds is not None
    assert any(f"among {AGENTS + 2} peers beta = 1.50" in reason for reason in verdict.reasons)
