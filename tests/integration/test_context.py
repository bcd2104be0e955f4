"""Tokens counted before a run are those that the embedded engine reports of the real call."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import pytest

from spinodal import RequestError
from spinodal.agents import AgentSpec
from spinodal.agents.context import context_window, count_tokens, require_context
from spinodal.agents.models import open_model
from spinodal.measure.asking import Asker
from spinodal.measure.prompts import Prompt, Turn, load_template
from spinodal.measure.reading import ReadoutChoice
from spinodal.measure.task import find_pairs

[PAIR] = find_pairs("oversight")
REPLIED = f"[{PAIR.option_a}]"
READ = ReadoutChoice("logprob", True, "")


@pytest.fixture(autouse=True)
def empty_cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("INSPECT_CACHE_DIR", str(tmp_path))


def _prompt(peers: int, seed: int = 0) -> Prompt:
    return load_template("peers").render(PAIR, peers, peers, seed=seed, listed="ab")


def _texts(peers: int) -> Sequence[str]:
    return [_prompt(peers).text, "["]


@pytest.mark.parametrize("persona", [None, "You are a careful agent."])
@pytest.mark.parametrize("turns", [0, 2])
def test_counted_tokens_are_those_of_the_real_call(persona: str | None, turns: int) -> None:
    agent = AgentSpec(system_prompt=persona)
    asker = Asker(open_model(agent), agent)
    earlier = tuple(Turn(_prompt(4, seed).text, REPLIED) for seed in range(1, turns + 1))
    prompt = replace(_prompt(4), earlier=earlier)
    row = asyncio.run(asker.ask(PAIR, prompt, 0, READ))
    texts = [text for turn in earlier for text in (turn.asked, turn.replied)]
    assert row["input_tokens"] == row["calls"] * count_tokens(agent, [*texts, prompt.text, "["])


def test_as_many_peers_as_fit_do_under_other_names_too_and_more_are_refused_before() -> None:
    agent = AgentSpec()
    window = context_window(agent)
    assert window == 4096
    with pytest.raises(RequestError, match=r"at most \d+ fit") as caught:
        require_context(agent, _texts, 600, 20)
    most = int(str(caught.value).partition("at most ")[2].split()[0])
    assert window - 150 < require_context(agent, _texts, most, 20) + 20 <= window
    with pytest.raises(RequestError):
        require_context(agent, _texts, most + 1, 20)
    for seed in range(1, 40):
        assert count_tokens(agent, [_prompt(most, seed).text, "["]) + 20 <= window


def test_what_is_refused_before_the_engine_refuses_too() -> None:
    agent = AgentSpec()
    asker = Asker(open_model(agent), agent)
    assert count_tokens(agent, _texts(600)) > 4096
    with pytest.raises(Exception, match="exceeds the available context size"):
        asyncio.run(asker.ask(PAIR, _prompt(600), 0, READ))
