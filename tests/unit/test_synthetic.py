"""The synthetic agent: what it answers is what its parameters say, so that a measurement can be judged by it.

Frequencies are held to 4.5 standard errors: a right agent fails such a check with probability below 1e-5.
"""

from __future__ import annotations

import asyncio
import math
from collections.abc import Sequence
from dataclasses import replace

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
from spinodal.agents import AgentSpec
from spinodal.agents._sight import Sight, see
from spinodal.agents._synthetic import SyntheticAPI, SyntheticResponse
from spinodal.agents.bridge import bridge_attenuation, bridge_log_odds, bridge_noise
from spinodal.guards import (
    PLACEMENTS,
    STATEMENTS_WORDS,
    AgentProfile,
    Guard,
    GuardSpec,
    Placement,
    Stance,
    make_guard,
)
from spinodal.measure.asking import view_of
from spinodal.measure.chat import to_chat
from spinodal.measure.prompts import Entry, Listed, Prompt, load_template, template_names
from spinodal.measure.readout import Branch, Position, classify_reply, is_refusal, read_branches
from spinodal.pairs import OptionPair, bank_pairs
from spinodal.society.wording import load_wording
from spinodal.traits import Profile, load_inventory

PAIR = OptionPair("week", "work", "a four-day week", "a five-day week")
YES_OR_NO = OptionPair("yes-or-no", "questionnaire", "Yes", "No")
NESTED = OptionPair("oversight", "safety", "accept", "accept fully")
WORDING = load_wording()
SPEAKING = [name for name in template_names() if load_template(name).shows_entries]
SIGMAS = 4.5
_LOOP = asyncio.new_event_loop()


def _sigmoid(x: float) -> float:
    return 1 / (1 + math.exp(-x))


def _api(response: str, *pairs: OptionPair) -> SyntheticAPI:
    return SyntheticAPI(response, pairs=[pair.to_dict() for pair in pairs or (PAIR,)])


def _ask(
    api: SyntheticAPI,
    prompt: str,
    *,
    prefill: str = "",
    persona: str = "",
    earlier: Sequence[tuple[str, str]] = (),
    **config: object,
) -> ModelOutput:
    messages: list[ChatMessage] = [ChatMessageSystem(content=persona)] if persona else []
    for asked, replied in earlier:
        messages += [ChatMessageUser(content=asked), ChatMessageAssistant(content=replied)]
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


def _log_odds(
    api: SyntheticAPI,
    prompt: str,
    pair: OptionPair = PAIR,
    prefill: str = "",
    earlier: Sequence[tuple[str, str]] = (),
) -> float:
    output = _ask(api, prompt, prefill=prefill, earlier=earlier, logprobs=True, top_logprobs=20, seed=1)
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
            assert see(prompt, bank) == Sight(pair, 6, 14)


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


@pytest.mark.parametrize("template", template_names())
@pytest.mark.parametrize("listed", ["ab", ""])
@pytest.mark.parametrize("prefill", ["", "["])
@pytest.mark.parametrize("pair", [PAIR, NESTED], ids=["apart", "nested"])
def test_it_holds_on_to_what_it_is_told_it_supports(
    template: str, listed: Listed, prefill: str, pair: OptionPair
) -> None:
    api = _api("beta=1.7/h=-0.2/inertia=1.3", pair)
    prompt = load_template(template).render(pair, 14, 20, seed=3, listed=listed)
    for option, held in ((pair.option_a, 1.3), (pair.option_b, -1.3)):
        text = f"{WORDING.own.format(opinion=option)}\n\n{prompt.text}"
        assert _log_odds(api, text, pair, prefill) == pytest.approx(2 * 1.7 * (0.4 - 0.2) + held, abs=1e-9)
    assert _log_odds(api, prompt.text, pair, prefill) == pytest.approx(2 * 1.7 * (0.4 - 0.2), abs=1e-9)


@pytest.mark.parametrize("prefill", ["", "["])
def test_earlier_turns_are_no_peers_but_the_last_reply_is_its_own(prefill: str) -> None:
    api = _api("beta=1.7/h=0/inertia=-0.6")
    template = load_template("peers")
    old, now = (template.render(PAIR, n_a, 20, seed=1, listed="ab").text for n_a in (2, 14))
    for replies, held in (("BA", -0.6), ("AB", 0.6), ("A?", 0.0)):
        texts = {"A": f"[{PAIR.option_a}]", "B": f"[{PAIR.option_b}]", "?": "I cannot take a side."}
        earlier = [(old, texts[reply]) for reply in replies]
        assert _log_odds(api, now, prefill=prefill, earlier=earlier) == pytest.approx(
            2 * 1.7 * 0.4 + held, abs=1e-9
        )


def test_what_it_is_told_now_goes_before_what_it_replied_then() -> None:
    api = _api("beta=1/inertia=2")
    prompt = load_template("peers").render(PAIR, 10, 20, seed=1, listed="ab").text
    told = f"{WORDING.own.format(opinion=PAIR.option_b)}\n\n{prompt}"
    assert _log_odds(api, told, earlier=[(prompt, f"[{PAIR.option_a}]")]) == pytest.approx(-2.0)


def test_inertia_shifts_the_population_exactly_whatever_the_noise() -> None:
    """By quadrature over the noise, as Wang & Louis (2003)."""
    response = SyntheticResponse(beta=1.5, h=0.1, noise=2.0, inertia=0.7, lapse=0.1)
    for own, held in (("A", 0.7), ("B", -0.7), ("", 0.0)):
        mean, _ = quad(lambda u, own=own: response.probability(0.3, u, own), 0, 1, limit=400, epsabs=1e-10)
        assert mean == pytest.approx(0.05 + 0.9 * _sigmoid(3 * 0.4 + held), abs=1e-7)


@pytest.mark.parametrize("template", SPEAKING)
@pytest.mark.parametrize("listed", ["ab", "ba", ""])
@pytest.mark.parametrize("pair", [PAIR, NESTED], ids=["apart", "nested"])
@pytest.mark.parametrize("heard", [0, 1, 2.5])
def test_a_peer_that_argues_counts_for_as_many_as_are_heard_whatever_it_names(
    template: str, listed: Listed, pair: OptionPair, heard: float
) -> None:
    api = _api(f"beta=1.7/h=-0.2/heard={heard}", pair)
    sayings = ("It is fair.", f"Nobody wants {pair.option_b}.", f"{pair.option_a} or {pair.option_b}? Guess…")
    remarks = [WORDING.remark.format(argument=saying) for saying in sayings]
    entries = [Entry(True, remarks[1]), Entry(True, remarks[2]), *[Entry(True)] * 3]
    entries += [Entry(False, remarks[0]), Entry(False, remarks[1]), Entry(False, remarks[2]), Entry(False)]
    n_a, n_b = 2 * heard + 3, 3 * heard + 1
    text = load_template(template).show(pair, entries, seed=4, listed=listed).text
    expected = 2 * 1.7 * ((n_a - n_b) / (n_a + n_b) - 0.2)
    assert _log_odds(api, text, pair) == pytest.approx(expected, abs=1e-9)


def test_where_only_the_unheard_speak_it_goes_by_its_bias() -> None:
    text = load_template("peers").show(PAIR, [Entry(True, '"Yes."')] * 3, seed=1, listed="ab").text
    assert _log_odds(_api("beta=2/h=0.3/heard=0"), text) == pytest.approx(2 * 2 * 0.3)


def test_asked_for_its_reason_it_says_a_sentence_that_names_no_option() -> None:
    api = _api("beta=2/refusal=0.3")
    prompt = load_template("peers").render(PAIR, 14, 20, seed=1, listed="ab").text
    output = _ask(api, WORDING.ask, earlier=[(prompt, f"[{PAIR.option_a}]")], max_tokens=48, seed=1)
    assert see(output.completion, [PAIR, *bank_pairs("all")]) is None
    assert see(WORDING.ask, bank_pairs("all")) is None
    assert not set('[]"') & set(output.completion)
    assert output.completion.endswith(".")
    assert output.usage is not None
    assert output.usage.output_tokens > 3
    assert output.stop_reason == "stop"


def test_a_prompt_without_a_known_option_is_refused() -> None:
    with pytest.raises(RequestError, match="knows none of the options"):
        _ask(_api("beta=1"), "What is the weather like?")


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("gamma=1", "'gamma=1'"),
        ("beta", "'beta'"),
        ("beta=x", "beta is 'x'"),
        ("beta=nan", "beta is nan"),
        ("h=inf", "h is inf"),
        ("inertia=inf", "inertia is inf"),
        ("heeds=nan", "heeds is nan"),
        ("steadied=inf", "steadied is inf"),
        ("heard=-1", "heard is -1"),
        ("heard=nan", "heard is nan"),
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
    assert SyntheticResponse.parse("inertia=-1/heard=0") == SyntheticResponse(inertia=-1, heard=0)
    assert SyntheticResponse.parse("") == SyntheticResponse()


def test_an_argument_it_does_not_have_is_refused() -> None:
    with pytest.raises(RequestError, match="unknown argument 'colour'"):
        SyntheticAPI("beta=1", colour="red")


# --- guards ---

HEEDS = "beta=1.5/h=-0.2/heeds=0.5/steadied=0.6"
UNMOVED, MOVED = 2 * 1.5 * (0.4 - 0.2), 2 * 0.9 * (0.4 + 0.3)
PROFILE = AgentProfile(
    model="synthetic/known",
    system_prompt=None,
    profile=Profile({"honesty": 0.9}),
    questions=load_inventory().split(2, 4, 0),
    stances=(Stance(PAIR.id, PAIR.option_a, PAIR.option_b, 0.1),),
)


def _guarded_log_odds(
    api: SyntheticAPI, guard: Guard, prompt: Prompt, pair: OptionPair, prefill: str
) -> float:
    shown = to_chat(view_of(AgentSpec("synthetic/known"), prompt, guard))
    messages = [*shown, *([ChatMessageAssistant(content=prefill)] if prefill else [])]
    config = GenerateConfig(logprobs=True, top_logprobs=20, seed=1)
    output = _LOOP.run_until_complete(api.generate(messages, [], "none", config))
    return read_branches(_positions(output), pair, prefill=prefill).log_odds


@pytest.mark.parametrize("prefill", ["", "["])
@pytest.mark.parametrize("placement", PLACEMENTS)
@pytest.mark.parametrize(
    ("kind", "moves"),
    [
        ("implicit-traits", True),
        ("random-traits", True),
        ("own-prior", True),
        ("trust-boundary+own-prior", True),
        ("trust-boundary", False),
        ("neutral", False),
    ],
)
def test_reminded_of_itself_it_moves_by_what_it_heeds_and_by_nothing_else_a_guard_says(
    kind: str, moves: bool, placement: Placement, prefill: str
) -> None:
    prompt = load_template("peers").render(PAIR, 14, 20, seed=3, listed="ab")
    spec = replace(
        GuardSpec.parse(kind).at_every_turn(), placement=placement if kind != "trust-boundary" else None
    )
    guard = make_guard(spec, PROFILE, pair=PAIR.id)
    expected = MOVED if moves else UNMOVED
    assert _guarded_log_odds(_api(HEEDS), guard, prompt, PAIR, prefill) == pytest.approx(expected, abs=1e-9)
    assert _log_odds(_api(HEEDS), prompt.text, PAIR, prefill) == pytest.approx(UNMOVED, abs=1e-9)


@pytest.mark.parametrize("placement", PLACEMENTS)
def test_a_guards_words_are_no_peers_whatever_they_name(placement: Placement) -> None:
    prompt = load_template("peers").render(PAIR, 14, 20, seed=3, listed="ab")
    words = f"20 agents: [{PAIR.option_b}]"
    spec = GuardSpec("text", words=words, placement=placement).at_every_turn()
    found = _guarded_log_odds(_api(HEEDS), make_guard(spec), prompt, PAIR, "")
    assert found == pytest.approx(UNMOVED, abs=1e-9)


def test_what_a_peer_says_reminds_it_of_nothing() -> None:
    said = WORDING.remark.format(argument=STATEMENTS_WORDS.replace('"', "'"))
    entries = [Entry(True, said)] * 14 + [Entry(False, said)] * 6
    text = load_template("peers").show(PAIR, entries, seed=4, listed="ab").text
    assert "Keep in mind who you are" in text
    assert _log_odds(_api(HEEDS), text) == pytest.approx(UNMOVED, abs=1e-9)


def test_quoted_peers_are_counted_as_ever_of_every_pair_in_every_wording() -> None:
    bank = bank_pairs("all")
    guard = make_guard("trust-boundary")
    for pair in bank:
        for name in SPEAKING:
            prompt = load_template(name).render(pair, 6, 20, seed=2, listed="ab")
            [shown] = view_of(AgentSpec("synthetic/known"), prompt, guard)
            assert "\n> " in shown.content
            assert see(shown.content, bank) == see(prompt.text, bank) == Sight(pair, 6, 14)


def test_quoted_arguments_count_for_as_many_as_are_heard() -> None:
    remark = WORDING.remark.format(argument=f"Nobody wants {PAIR.option_b}.")
    entries = [Entry(True, remark), Entry(True), Entry(False, remark), Entry(False), Entry(False)]
    prompt = load_template("peers").show(PAIR, entries, seed=4, listed="ab")
    [shown] = view_of(AgentSpec("synthetic/known"), prompt, make_guard("trust-boundary"))
    assert see(shown.content, [PAIR], heard=3) == Sight(PAIR, 4, 5)


def test_a_reminder_shifts_the_population_exactly_whatever_the_noise() -> None:
    """By quadrature over the noise."""
    response = SyntheticResponse(beta=1.5, h=-0.2, noise=2.0, heeds=0.5, steadied=0.6)
    for reminded, truth in ((True, 2 * 0.9 * (0.3 + 0.3)), (False, 2 * 1.5 * (0.3 - 0.2))):
        mean, _ = quad(
            lambda u, r=reminded: response.probability(0.3, u, "", r), 0, 1, limit=400, epsabs=1e-10
        )
        assert mean == pytest.approx(_sigmoid(truth), abs=1e-7)


@pytest.mark.parametrize("prefill", ["", "["])
def test_of_itself_it_says_that_pro_social_traits_are_its_own(prefill: str) -> None:
    inventory = load_inventory()
    score = {"pro": 0.9, "anti": 0.1, "neutral": 0.5}
    for trait in inventory.traits:
        for statement in (next(s for s in trait.statements() if s.key == key) for key in ("yes", "no")):
            text = f'Would you say the following of yourself?\n"{statement.text}"\nAnswer with [No] or [Yes].'
            p_yes = _sigmoid(_log_odds(_api("beta=1"), text, YES_OR_NO, prefill))
            assert statement.score(p_yes) == pytest.approx(score[trait.valence], abs=1e-9), statement
    unknown = 'Would you say the following of yourself?\n"I am a teapot"\nAnswer with [Yes] or [No].'
    assert _log_odds(_api("beta=1"), unknown, YES_OR_NO, prefill) == pytest.approx(0.0, abs=1e-9)


def test_a_system_message_counts_among_the_tokens_it_reads() -> None:
    text = load_template("peers").render(PAIR, 10, 20, seed=0, listed="ab").text
    plain, told = (_ask(_api("beta=1"), text, persona=persona).usage for persona in ("", "You are calm now."))
    assert plain is not None
    assert told is not None
    assert told.input_tokens - plain.input_tokens == 4
    assert plain.input_tokens == len(text.split())


def test_a_reminder_behind_the_question_is_not_what_its_reply_begins_with() -> None:
    prompt = load_template("peers").render(PAIR, 20, 20, seed=3, listed="ab")
    guard = make_guard(GuardSpec.parse("own-prior").at_every_turn(), PROFILE, pair=PAIR.id)
    shown = to_chat(view_of(AgentSpec("synthetic/known"), prompt, guard))
    assert [message.role for message in shown] == ["user", "system"]
    for prefill, written in (("[", f"{PAIR.option_a}]"), ("", f"[{PAIR.option_a}]")):
        messages = [*shown, *([ChatMessageAssistant(content=prefill)] if prefill else [])]
        output = _LOOP.run_until_complete(
            _api("beta=9").generate(messages, [], "none", GenerateConfig(seed=1))
        )
        assert output.completion == written
