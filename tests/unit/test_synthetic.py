"""The synthetic agent: what it answers is what its parameters say, so that a measurement can be judged by it.

Frequencies are held to 4.5 standard errors: a right agent fails such a check with probability below 1e-5.
"""

from __future__ import annotations

import asyncio
import math

import numpy as np
import pytest
from inspect_ai.model import (
    ChatMessage,
    ChatMessageAssistant,
    ChatMessageSystem,
    ChatMessageUser,
    GenerateConfig,
    ModelOutput,
)
from scipy.integrate import quad

from spinodal import RequestError
from spinodal.agents._synthetic import SyntheticAPI, SyntheticResponse, read_peers
from spinodal.agents.bridge import bridge_attenuation, bridge_log_odds, bridge_noise
from spinodal.measure.prompts import Listed, load_template, template_names
from spinodal.measure.readout import Branch, Position, classify_reply, is_refusal, read_branches
from spinodal.pairs import OptionPair, bank_pairs

PAIR = OptionPair("week", "work", "a four-day week", "a five-day week")
NESTED = OptionPair("oversight", "safety", "accept", "accept fully")
SIGMAS = 4.5
_LOOP = asyncio.new_event_loop()


def _sigmoid(x: float) -> float:
    return 1 / (1 + math.exp(-x))


def _api(response: str, *pairs: OptionPair) -> SyntheticAPI:
    return SyntheticAPI(response, pairs=[pair.to_dict() for pair in pairs or (PAIR,)])


def _ask(
    api: SyntheticAPI, prompt: str, *, prefill: str = "", persona: str = "", **config: object
) -> ModelOutput:
    messages: list[ChatMessage] = [ChatMessageSystem(content=persona)] if persona else []
    messages.append(ChatMessageUser(content=prompt))
    if prefill:
        messages.append(ChatMessageAssistant(content=prefill))
    settings = GenerateConfig(**config)
    return _LOOP.run_until_complete(api.generate(messages, [], "none", settings))


def _positions(output: ModelOutput) -> list[Position]:
    logprobs = output.choices[0].logprobs
    assert logprobs is not None
    return [
        Position(entry.token, entry.logprob, [(top.token, top.logprob) for top in entry.top_logprobs or []])
        for entry in logprobs.content
    ]


def _log_odds(api: SyntheticAPI, prompt: str, pair: OptionPair = PAIR, prefill: str = "") -> float:
    output = _ask(api, prompt, prefill=prefill, logprobs=True, top_logprobs=20, seed=1)
    return read_branches(_positions(output), pair, prefill=prefill).log_odds


def _choices(api: SyntheticAPI, n_a: int, count: int, **config: object) -> float:
    """Share of A over so many prompts, each its own shuffle, among valid replies."""
    template = load_template("peers")
    branches = [
        classify_reply(
            _ask(api, template.render(PAIR, n_a, 20, seed=s, listed="ab").text, seed=s, **config).completion,
            PAIR,
        )
        for s in range(count)
    ]
    valid = [branch for branch in branches if branch in (Branch.A, Branch.B)]
    return sum(branch is Branch.A for branch in valid) / len(valid)


@pytest.mark.parametrize("template", template_names())
@pytest.mark.parametrize("listed", ["ab", "ba", ""])
@pytest.mark.parametrize("pair", [PAIR, NESTED], ids=["apart", "nested"])
@pytest.mark.parametrize("prefill", ["", "["])
def test_its_log_odds_are_two_beta_times_m_plus_h(
    template: str, listed: Listed, pair: OptionPair, prefill: str
) -> None:
    api = _api("beta=1.7/h=-0.2", pair)
    for n_a in (0, 3, 10, 14, 20):
        prompt = load_template(template).render(pair, n_a, 20, seed=n_a, listed=listed)
        expected = 2 * 1.7 * (prompt.m - 0.2)
        assert _log_odds(api, prompt.text, pair, prefill) == pytest.approx(expected, abs=1e-9)


def test_it_knows_every_pair_of_the_bank_in_every_wording() -> None:
    bank = bank_pairs("all")
    for pair in bank:
        for name in template_names():
            prompt = load_template(name).render(pair, 6, 20, seed=2, listed="ab").text
            assert read_peers(prompt, bank) == (pair, 6, 14)


def test_its_population_answers_by_the_exact_curve_whatever_the_noise() -> None:
    """Mean probability over 1,500 shuffles of one n_a, noise 1: within 4.5 standard errors of the sigmoid."""
    api = _api("beta=1.5/h=0.1/noise=1")
    template = load_template("peers")
    for n_a in (6, 11):
        prompts = [template.render(PAIR, n_a, 20, seed=s, listed="ab") for s in range(1500)]
        log_odds = np.array([_log_odds(api, prompt.text) for prompt in prompts])
        p = 1 / (1 + np.exp(-log_odds))
        truth = _sigmoid(2 * 1.5 * (prompts[0].m + 0.1))
        assert abs(p.mean() - truth) < SIGMAS * p.std() / math.sqrt(p.size)
        # standard error of the standard deviation of 1,500 values with a kurtosis near 3.6: 2.1%
        assert log_odds.std() == pytest.approx(1.0, rel=SIGMAS * 0.021)


@pytest.mark.parametrize("noise", [0.3, 1.0, 3.0])
def test_bridge_noise_attenuates_a_sigmoid_to_a_sigmoid(noise: float) -> None:
    """By quadrature over the uniform, against Wang & Louis (2003)."""
    for m in (-0.8, 0.0, 0.45):

        def probability(u: float, m: float = m) -> float:
            return _sigmoid(float(bridge_log_odds(m, 2.0, 0.15, noise, u)))

        mean, _ = quad(probability, 0, 1, limit=400, epsabs=1e-10)
        assert mean == pytest.approx(_sigmoid(4.0 * (m + 0.15)), abs=1e-7)


def test_bridge_noise_has_the_moments_it_names() -> None:
    for noise in (0.5, 2.0):
        square, _ = quad(lambda u, s=noise: float(bridge_noise(u, s)) ** 2, 0, 1, limit=400)
        first, _ = quad(lambda u, s=noise: float(bridge_noise(u, s)), 0, 1, limit=400)
        assert (first, math.sqrt(square)) == (pytest.approx(0, abs=1e-6), pytest.approx(noise, rel=1e-4))
    assert bridge_attenuation(0.0) == 1.0
    with pytest.raises(ValueError, match="standard deviation"):
        bridge_attenuation(-1.0)


def test_samples_follow_the_curve() -> None:
    api = _api("beta=1.2/h=0.2/noise=1")
    for n_a in (4, 9):
        truth = _sigmoid(2 * 1.2 * ((2 * n_a - 20) / 20 + 0.2))
        error = math.sqrt(truth * (1 - truth) / 800)
        assert abs(_choices(api, n_a, 800) - truth) < SIGMAS * error


def test_a_lapse_mixes_in_a_fair_coin() -> None:
    api = _api("beta=4/h=0/lapse=0.3")
    text = load_template("peers").render(PAIR, 20, 20, seed=0, listed="ab").text
    truth = 0.15 + 0.7 * _sigmoid(8)
    assert _sigmoid(_log_odds(api, text)) == pytest.approx(truth, abs=1e-9)
    assert abs(_choices(api, 20, 800) - truth) < SIGMAS * math.sqrt(truth * (1 - truth) / 800)


def test_refusals_take_their_share_of_mass_and_of_replies() -> None:
    api = _api("beta=1/h=0/refusal=0.25")
    text = load_template("peers").render(PAIR, 14, 20, seed=0, listed="ab").text
    refused = 0
    for seed in range(600):
        output = _ask(api, text, seed=seed, logprobs=True, top_logprobs=20)
        reading = read_branches(_positions(output), PAIR)
        assert reading.decided_mass == pytest.approx(0.75) or reading.decided_mass == 0
        assert reading.mass_other >= 0.25 - 1e-9
        if reading.decided_mass:
            assert reading.log_odds == pytest.approx(2 * 0.4)
        refused += is_refusal(output.completion)
    assert abs(refused / 600 - 0.25) < SIGMAS * math.sqrt(0.25 * 0.75 / 600)


def test_a_contrarian_turns_from_its_peers() -> None:
    api = _api("beta=-2/h=0")
    texts = [load_template("peers").render(PAIR, n_a, 20, seed=0, listed="ab").text for n_a in (0, 20)]
    assert _log_odds(api, texts[0]) == pytest.approx(4.0)
    assert _log_odds(api, texts[1]) == pytest.approx(-4.0)


@pytest.mark.parametrize("temperature", [0.2, 0.7, 2.0])
def test_at_a_temperature_it_samples_with_log_odds_divided_by_it(temperature: float) -> None:
    api = _api("beta=0.5/h=0.1")
    truth = _sigmoid(2 * 0.5 * (0.1 + 0.1) / temperature)
    share = _choices(api, 11, 800, temperature=temperature)
    assert abs(share - truth) < SIGMAS * math.sqrt(truth * (1 - truth) / 800)


def test_at_temperature_zero_it_takes_the_likelier_option_always() -> None:
    assert _choices(_api("beta=0.5/h=0.1"), 10, 50, temperature=0.0) == 1.0
    assert _choices(_api("beta=0.5/h=-0.1"), 10, 50, temperature=0.0) == 0.0


def test_the_same_seed_gives_the_same_reply_and_the_same_prompt_the_same_noise() -> None:
    api = _api("beta=0.2/h=0/noise=1")
    text = load_template("peers").render(PAIR, 10, 20, seed=0, listed="ab").text
    assert len({_ask(api, text, seed=7).completion for _ in range(10)}) == 1
    assert len({_ask(api, text, seed=s).completion for s in range(30)}) == 2
    assert _log_odds(api, text) == _log_odds(_api("beta=0.2/h=0/noise=1"), text)


def test_it_gives_log_probabilities_only_when_asked_and_able() -> None:
    text = load_template("peers").render(PAIR, 10, 20, seed=0, listed="ab").text
    assert _ask(_api("beta=1"), text).choices[0].logprobs is None
    assert _ask(_api("beta=1/logprobs=no"), text, logprobs=True).choices[0].logprobs is None
    assert _ask(_api("beta=1"), text, logprobs=True).choices[0].logprobs is not None


def test_a_reply_is_cut_at_the_limit_and_says_so() -> None:
    text = load_template("peers").render(PAIR, 20, 20, seed=0, listed="ab").text
    output = _ask(_api("beta=9"), text, max_tokens=2, logprobs=True)
    assert len(_positions(output)) == 2
    assert output.stop_reason == "max_tokens"
    assert _ask(_api("beta=9"), text).stop_reason == "stop"


def test_a_persona_is_no_peer() -> None:
    api = _api("beta=2/h=0")
    text = load_template("peers").render(PAIR, 10, 20, seed=0, listed="ab").text
    prompt = _ask(api, text, persona="x: [a four-day week]", logprobs=True, top_logprobs=20, seed=0)
    assert read_branches(_positions(prompt), PAIR).log_odds == pytest.approx(0.0)


def test_a_prompt_without_a_known_option_is_refused() -> None:
    with pytest.raises(RequestError, match="knows none of the options"):
        _ask(_api("beta=1"), "What is the weather like?")


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("gamma=1", "'gamma=1'"),
        ("beta", "'beta'"),
        ("beta=x", "beta is 'x'"),
        ("beta=nan", "finite"),
        ("h=inf", "finite"),
        ("lapse=1.5", "lapse is 1.5"),
        ("refusal=-0.1", "refusal is -0.1"),
        ("noise=-1", "noise is -1"),
        ("noise=inf", "noise is inf"),
        ("noise=nan", "noise is nan"),
        ("logprobs=maybe", "yes or no"),
    ],
)
def test_a_response_it_cannot_have_is_refused(text: str, said: str) -> None:
    with pytest.raises(RequestError, match=said):
        SyntheticResponse.parse(text)


def test_a_response_is_read_with_strokes_or_commas() -> None:
    expected = SyntheticResponse(beta=2.5, h=-0.3, noise=1, logprobs=False)
    assert SyntheticResponse.parse("beta=2.5/h=-0.3/noise=1/logprobs=no") == expected
    assert SyntheticResponse.parse("beta=2.5, h=-0.3, noise=1, logprobs=no") == expected
    assert SyntheticResponse.parse("") == SyntheticResponse()


def test_an_argument_it_does_not_have_is_refused() -> None:
    with pytest.raises(RequestError, match="unknown argument 'colour'"):
        SyntheticAPI("beta=1", colour="red")
