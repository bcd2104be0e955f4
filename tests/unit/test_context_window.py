"""What fits into a model's context is known before a run, from numbers of tokens."""

from __future__ import annotations

import math
from collections.abc import Sequence

import pytest
from inspect_ai.model import ModelInfo, set_model_info

from spinodal import RequestError
from spinodal.agents import AgentSpec
from spinodal.agents.context import CHARACTERS_A_TOKEN, context_window, count_tokens, require_context

SMALL = AgentSpec("synthetic/small-window")
WINDOW = 1_000
REPLY = 20
TOKENS_A_PEER = 10
TOKENS_AROUND = 50


@pytest.fixture(autouse=True)
def known_window() -> None:
    set_model_info("synthetic/small-window", ModelInfo(context_length=WINDOW))


def _shows(peers: int) -> Sequence[str]:
    return ["x" * CHARACTERS_A_TOKEN * (TOKENS_AROUND + TOKENS_A_PEER * peers)]


def _most() -> int:
    """The largest number of peers that fits, tried out one by one."""
    return max(
        n
        for n in range(1, WINDOW)
        if TOKENS_AROUND + TOKENS_A_PEER * n + math.ceil(2 * math.sqrt(n)) + REPLY <= WINDOW
    )


def test_the_window_is_what_inspect_knows_of_a_model() -> None:
    assert context_window(AgentSpec("openai/gpt-4o-mini")) == 128_000
    assert context_window(AgentSpec("synthetic/small-window")) == WINDOW
    assert context_window(AgentSpec("openai-api/nobody/knows")) is None


def test_an_estimate_counts_every_text_and_the_persona() -> None:
    texts = ["what is asked", "a reply", "asked again"]
    characters = len("".join(texts))
    assert count_tokens(AgentSpec("openai/any"), texts) == math.ceil(characters / CHARACTERS_A_TOKEN)
    persona = AgentSpec("openai/any", system_prompt="y" * 300)
    assert count_tokens(persona, texts) == math.ceil((characters + 300) / CHARACTERS_A_TOKEN)


def test_as_many_peers_as_fit_are_let_through_and_one_more_is_not() -> None:
    most = _most()
    assert require_context(SMALL, _shows, most, REPLY) >= TOKENS_AROUND + TOKENS_A_PEER * most
    with pytest.raises(RequestError, match=f"shows {most + 1} peers .* at most {most} fit"):
        require_context(SMALL, _shows, most + 1, REPLY)


@pytest.mark.parametrize("beyond", [2, 3, 40, 10_000])
def test_the_refusal_says_in_one_line_what_is_needed_what_there_is_and_the_mend(beyond: int) -> None:
    most = _most()
    with pytest.raises(RequestError) as caught:
        require_context(SMALL, _shows, most + beyond, REPLY)
    said = str(caught.value)
    assert "\n" not in said
    for part in (
        f"{most + beyond} peers",
        "synthetic/small-window",
        f"{WINDOW} at once",
        f"reply {REPLY}",
        f"at most {most} fit",
        "--shown",
        "zealots",
    ):
        assert part in said


def test_a_persona_that_fills_the_window_is_what_to_shorten() -> None:
    wordy = AgentSpec("synthetic/small-window", system_prompt="y" * CHARACTERS_A_TOKEN * WINDOW)
    with pytest.raises(RequestError, match="not even one fits: shorten the persona"):
        require_context(wordy, _shows, 5, REPLY)


def test_a_model_of_unknown_window_is_not_refused() -> None:
    unknown = AgentSpec("openai-api/nobody/knows")
    assert require_context(unknown, _shows, 10**6, REPLY) >= 10**7
