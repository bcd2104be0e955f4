"""What an agent is, and what it may not hold."""

from __future__ import annotations

import dataclasses
import json
from pathlib import Path

import pytest

from spinodal import RequestError
from spinodal.agents import AgentSpec
from spinodal.agents.faults import explain, scrub


def test_the_default_agent_is_the_embedded_model_without_a_persona() -> None:
    agent = AgentSpec()
    assert (agent.model, agent.system_prompt, agent.temperature) == ("embedded/smollm2-135m", None, 1.0)
    assert agent.label == agent.model


def test_a_label_names_the_agent() -> None:
    assert AgentSpec(label="cautious").label == "cautious"


@pytest.mark.parametrize("temperature", [-0.1, float("nan"), float("inf")])
def test_a_temperature_out_of_range_is_refused(temperature: float) -> None:
    with pytest.raises(RequestError, match="temperature is"):
        AgentSpec(temperature=temperature)


def test_a_reply_of_no_tokens_is_refused() -> None:
    with pytest.raises(RequestError, match="longest reply is 0"):
        AgentSpec(max_tokens=0)


@pytest.mark.parametrize(
    "name", ["api_key", "API_KEY", "key", "apikey", "client_secret", "password", "auth_token", "token"]
)
def test_a_key_is_refused_without_repeating_it(name: str) -> None:
    with pytest.raises(RequestError, match="environment only") as error:
        AgentSpec(model_args={name: "sk-12345"})
    assert "sk-12345" not in str(error.value)


def test_a_key_inside_an_argument_is_refused_as_well() -> None:
    with pytest.raises(RequestError, match="environment only"):
        AgentSpec(model_args={"default_headers": {"Authorization": "Bearer sk-12345"}})


def test_a_key_in_the_address_is_refused_without_repeating_it() -> None:
    with pytest.raises(RequestError, match="environment only") as error:
        AgentSpec(base_url="https://user:sk-12345@models.example/v1")
    assert "sk-12345" not in str(error.value)


def test_arguments_that_only_sound_like_keys_are_taken() -> None:
    assert AgentSpec(model_args={"max_new_tokens": 4, "tokenizer": "t"}).model_args["max_new_tokens"] == 4


def test_a_model_file_is_named_by_its_absolute_path(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    assert AgentSpec(model="embedded/own.gguf").model == f"embedded/{tmp_path / 'own.gguf'}"
    assert AgentSpec(model="embedded/smollm2-135m").model == "embedded/smollm2-135m"


def test_it_converts_to_json_and_cannot_be_changed() -> None:
    agent = AgentSpec(model="synthetic/", system_prompt="Be kind.", model_args={"stream": True})
    assert AgentSpec(**json.loads(json.dumps(agent.to_dict()))) == agent
    with pytest.raises(dataclasses.FrozenInstanceError):
        agent.model = "other"


def test_what_the_environment_holds_as_a_key_is_blanked_out(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MODELS_API_KEY", "sk-12345")
    monkeypatch.setenv("PLAIN", "harmless")
    assert scrub("key sk-12345 is harmless") == "key *** is harmless"
    fault = explain(ValueError("no such key: sk-12345\nsecond line"), "openai/x")
    assert str(fault) == "openai/x failed: ValueError: no such key: *** second line"


def test_a_fault_is_found_behind_groups_and_kept_as_it_is() -> None:
    own = RequestError("one line")
    assert explain(ExceptionGroup("tasks", [ExceptionGroup("more", [own])]), "openai/x") is own


def test_a_fault_is_never_longer_than_a_line() -> None:
    assert len(str(explain(RuntimeError("x" * 5000), "openai/x"))) < 400
