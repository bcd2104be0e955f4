"""Profiles over real HTTP: servers without log-probabilities, that drop a system message, that fail."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from servers import ChatServer, Status
from spinodal._errors import RequestError, RunError
from spinodal.agents import AgentSpec
from spinodal.contagion.wording import load_wording
from spinodal.guards import AgentProfile
from spinodal.measure.profiling import ProfilePlan
from spinodal.measure.task import find_pairs
from spinodal.profiles import PROFILE, ProfileRequest, make_profile
from spinodal.runs import CACHE
from spinodal.traits import load_inventory

TRAITS = ("honesty", "hostility", "curiosity")


def _make(
    server: ChatServer, folder: Path, monkeypatch: pytest.MonkeyPatch, pairs: str = "", **settings: Any
) -> AgentProfile:
    for name, value in server.environment.items():
        monkeypatch.setenv(name, value)
    plan = ProfilePlan(
        agent=AgentSpec(model=server.model),
        questions=load_inventory().choose(TRAITS).split(4, 4, 0),
        question=load_wording().question,
        pairs=find_pairs(pairs),
        **settings,
    )
    return make_profile(ProfileRequest(plan, "spinodal-12", retries=0, max_connections=4), folder)


@pytest.mark.parametrize(
    "settings",
    [
        {"logprobs": True},
        {"logprobs": False},
        {"logprobs": False, "refuses_logprobs": True, "honours_prefill": False},
    ],
    ids=["logprob", "left-out", "refused"],
)
def test_a_profile_is_made_with_log_probabilities_and_by_sampling_alone(
    settings: dict[str, Any], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with ChatServer(response="beta=2/h=0.4", **settings) as server:
        profile = _make(server, tmp_path / "run", monkeypatch, pairs="season")
    readout = "logprob" if settings["logprobs"] else "sample"
    assert profile.measured is not None
    assert profile.measured["readout"] == readout
    scores = profile.profile.scores
    # 8 answers a trait: sampled, a share of Yes beyond 0.5 on the wrong side has probability 4e-4.
    assert scores["honesty"] > 0.5 > scores["hostility"]
    if readout == "logprob":
        assert scores == pytest.approx({"honesty": 0.9, "hostility": 0.1, "curiosity": 0.5})
    [stance] = profile.stances
    assert stance.option == "winter" or stance.p_a > 0.5  # sigmoid(1.6) = 0.83


def test_a_players_profile_is_its_own(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with ChatServer(player="") as server:
        profile = _make(server, tmp_path / "run", monkeypatch)
    expected = {"honesty": 0.65, "hostility": 0.35, "curiosity": 0.5}
    assert profile.profile.scores == pytest.approx(expected)
    assert profile.stances == ()


@pytest.mark.parametrize("late_system", ["takes", "refuses", "drops"])
def test_the_placement_is_the_first_that_is_seen_to_reach_the_model(
    late_system: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with ChatServer(late_system=late_system) as server:
        profile = _make(server, tmp_path / "run", monkeypatch)
    assert profile.placement == ("trailing-system" if late_system == "takes" else "tagged-user")
    assert profile.placement_verified
    assert "the prompt grows by" in profile.placement_how


@pytest.mark.parametrize(
    ("late_system", "said"), [("refuses", "the provider refuses the request"), ("drops", "they are dropped")]
)
def test_a_placement_asked_for_that_does_not_reach_the_model_is_refused(
    late_system: str, said: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with (
        ChatServer(late_system=late_system) as server,
        pytest.raises((RequestError, RunError)) as refused,
    ):
        _make(server, tmp_path / "run", monkeypatch, placement="trailing-system")
    assert said in str(refused.value)
    assert "try placement=tagged-user" in str(refused.value)
    assert not (tmp_path / "run" / PROFILE).exists()


def test_after_a_fault_it_goes_on_and_repeats_no_finished_call(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = tmp_path / "run"
    with ChatServer(fault=lambda number, body: Status(500) if number >= 15 else None) as server:
        with pytest.raises(RunError, match=r"HTTP 500.*; the same command goes on from there"):
            _make(server, folder, monkeypatch, pairs="season")
        assert not (folder / PROFILE).exists()
        answered = {request.key for request in server.answered}
        assert len(answered) == 15
        server.fault = lambda number, body: None
        before = len(server.requests)
        profile = _make(server, folder, monkeypatch, pairs="season")
        again = {request.key for request in server.requests[before:]}
        assert not again & answered
    with ChatServer() as server:
        whole = _make(server, tmp_path / "whole", monkeypatch, pairs="season")
    told, expected = ({**one.to_dict(), "measured": None} for one in (profile, whole))
    assert told == expected
    assert not (folder / CACHE).exists()


def test_keys_reach_no_file_of_the_profile(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    key = "sk-very-secret-4712"
    with ChatServer(key=key) as server:
        _make(server, tmp_path / "run", monkeypatch, pairs="season")
    files = [path for path in (tmp_path / "run").rglob("*") if path.is_file()]
    assert json.loads((tmp_path / "run" / PROFILE).read_text())["stances"]
    assert not [path for path in files if key.encode() in path.read_bytes()]
