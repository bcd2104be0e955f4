"""Contagion studies over real HTTP: what the model was shown, servers that lack things, servers that fail."""

from __future__ import annotations

import re
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from contagion_studies_made import plan_of, study
from servers import ChatServer, Status
from spinodal._errors import RequestError, RunError
from spinodal.agents import AgentSpec
from spinodal.contagion.companies import company_of
from spinodal.contagion.plan import ContagionPlan
from spinodal.contagion.wording import load_wording
from spinodal.contagion_runs import ContagionRun
from spinodal.contagion_studies import run_contagion
from spinodal.contagion_verdict import judge_contagion
from spinodal.guards import STATEMENTS_WORDS


def _plan(server: ChatServer, **settings: Any) -> ContagionPlan:
    wording = load_wording()
    made = plan_of(**settings)
    agent = AgentSpec(model=server.model)
    people = {"treatment": company_of("malicious", wording), "control": company_of("benevolent", wording)}
    return replace(
        made, agent=replace(agent, system_prompt=made.agent.system_prompt), opponent=agent, **people
    )


def _run(
    server: ChatServer, folder: Path, monkeypatch: pytest.MonkeyPatch, retries: int = 0, **settings: Any
) -> ContagionRun:
    for name, value in server.environment.items():
        monkeypatch.setenv(name, value)
    plan = _plan(server, **settings)
    return run_contagion(study(plan, max_connections=4, at_once=2, retries=retries), folder)


def _conversations(server: ChatServer) -> list[list[dict[str, str]]]:
    return [request.body["messages"] for request in server.requests]


GUARDED = {"guards": ["implicit-traits:threshold=0.6,first=0"], "repetitions": 1}


def test_the_same_study_runs_with_log_probabilities_and_without(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    readings = {}
    for name, settings in {
        "logprob": {"logprobs": True},
        "schema": {"logprobs": False},
        "text": {"logprobs": False, "schemas": False, "honours_prefill": False},
    }.items():
        with ChatServer(player="shift=-0.02", **settings) as server:
            run = _run(server, tmp_path / name, monkeypatch, repetitions=2, statements=4)
        readings[name] = (
            run.meta["preparation"]["readout"]["readout"],
            *run.meta["preparation"]["decisions"].values(),
        )
        assert not run.failures
        assert (run.games["end"] == "played").all()
        assert (run.decisions["move"] != "").all()
        # malicious opponents defect nine times in ten, whatever way their decisions are read
        defects = ~run.decisions.loc[
            run.decisions["game_id"].str.contains("malicious") & ~run.decisions["focal"], "cooperative"
        ].astype(bool)
        assert defects.mean() > 0.7  # 32 moves: fails with probability 4e-4
        assert judge_contagion(run).matched == 2
    assert readings == {
        "logprob": ("logprob", "logprob"),
        "schema": ("sample", "schema"),
        "text": ("sample", "text"),
    }


def test_the_model_sees_the_statement_at_its_turns_and_the_store_is_free_of_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with ChatServer(player="shift=-0.02") as server:
        run = _run(server, tmp_path / "run", monkeypatch, **GUARDED)
        asked = _conversations(server)
    words = STATEMENTS_WORDS.partition("{")[0]
    told = [any(words in message["content"] for message in messages) for messages in asked]
    guarded = run.games[run.games["guard"] != "none"]
    # The agent under study alone: its turns (a message, and a call a move, in each of two rounds) and its
    # questions.
    calls = len(guarded) * (2 * (1 + 2)) + int(guarded["question_calls"].sum())
    assert sum(told) == calls
    injected = run.messages[run.messages["guard"] != ""]
    assert set(injected["game_id"]) == set(guarded["game_id"])
    assert injected["content"].str.contains(words).all()
    kept = run.messages[run.messages["guard"] == ""]
    assert not kept["content"].str.contains(words, regex=False).any()
    reminded = {text.split('"')[1] for text in injected["content"]}
    assert not reminded & set(run.answers["statement"])  # held out of the questions


def _names(begin: str) -> frozenset[str]:
    """Who plays, by the first words that a player reads."""
    told = re.match(r"You are (\w+)\. You play .+? with (.+), over", begin)
    assert told is not None
    return frozenset([told[1], *re.split(", | and ", told[2])])


def test_a_server_that_fails_in_round_two_loses_that_game_alone_and_says_so(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    broken: dict[str, frozenset[str]] = {}

    def fault(number: int, body: dict[str, Any]) -> Status | None:
        messages = [message["content"] for message in body["messages"]]
        # The benevolent game of the same number has the same names: only a persona tells the two apart.
        if messages[0] != load_wording().malicious or not any("Round 2 of 2" in text for text in messages):
            return None
        names = _names(messages[1])
        # The first to come, of requests at once too, says which game is broken.
        return Status(500, "out of order") if broken.setdefault("game", names) == names else None

    with ChatServer(player="shift=-0.02", fault=fault) as server:
        run = _run(server, tmp_path / "run", monkeypatch, repetitions=2)
        [failure] = run.failures
        assert failure["message"].startswith(f"{failure['game']}, round 2, ")
        assert "kept failing (HTTP 500)" in failure["message"]
        ends = dict(zip(run.games["game_id"], run.games["end"], strict=True))
        assert ends.pop(failure["game"]) == "failed"
        assert set(ends.values()) == {"played"}
        assert judge_contagion(run).matched == 1  # its match is left out with it
        server.fault = lambda number, body: None
        before = len(server.requests)
        again = _run(server, tmp_path / "run", monkeypatch, repetitions=2)
        assert not again.failures
        assert judge_contagion(again).matched == 2
        # only what was missing of that game was asked
        assert len(server.requests) - before < 2 * (3 * 3) + 6 + 3


@pytest.mark.parametrize(
    ("late_system", "placement", "said"),
    [
        ("refuses", "trailing-system", "the provider refuses the request"),
        ("drops", "trailing-system", "they are dropped on the way"),
    ],
)
def test_a_placement_that_the_template_refuses_or_drops_is_caught_before_the_first_game(
    late_system: str, placement: str, said: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with ChatServer(player="shift=-0.02", late_system=late_system) as server:
        guards = [f"implicit-traits:threshold=0.6,placement={placement}"]
        with pytest.raises(RequestError) as refused:
            _run(server, tmp_path / "run", monkeypatch, guards=guards, repetitions=1)
        assert said in str(refused.value)
        assert "try placement=tagged-user" in str(refused.value)
        assert not any("You are" in m["content"] for c in _conversations(server) for m in c[1:])
        assert not (tmp_path / "run" / "games.parquet").exists()


@pytest.mark.parametrize("late_system", ["refuses", "drops"])
def test_without_a_placement_asked_for_the_first_that_arrives_is_taken(
    late_system: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with ChatServer(player="shift=-0.02", late_system=late_system) as server:
        run = _run(server, tmp_path / "run", monkeypatch, **GUARDED)
    [choice] = run.meta["preparation"]["placements"].values()
    assert choice["placement"] == "tagged-user"
    assert choice["verified"]
    assert not run.failures
    injected = run.messages[run.messages["guard"] != ""]
    assert set(injected["role"]) == {"user"}
    assert injected["content"].str.startswith("<reminder>").all()


def test_a_server_that_is_down_fails_the_study_in_one_line(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with (
        ChatServer(player="", fault=lambda number, body: Status(503)) as server,
        pytest.raises(RunError) as failed,
    ):
        _run(server, tmp_path / "run", monkeypatch, repetitions=1)
    assert "kept failing (HTTP 503)" in str(failed.value)
    assert "\n" not in str(failed.value)


def test_keys_reach_no_file_of_the_run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    key = "sk-very-secret-4711"
    with ChatServer(player="shift=-0.02", key=key) as server:
        _run(server, tmp_path / "run", monkeypatch, repetitions=1)
    files = [path for path in (tmp_path / "run").rglob("*") if path.is_file()]
    assert files
    assert not [path for path in files if key.encode() in path.read_bytes()]
