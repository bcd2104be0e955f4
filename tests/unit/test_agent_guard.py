"""A guard on an agent that is asked about its peers: what its model is shown, and what the agent then is."""

from __future__ import annotations

import asyncio
import warnings
from dataclasses import asdict, dataclass, field, replace
from itertools import product
from pathlib import Path
from typing import Any, cast

import pytest
from inspect_ai.model import ChatMessage, GenerateConfig, Model, ModelOutput

from guard_studies_made import profile_of
from spinodal import RequestError
from spinodal.agents import AgentSpec, Guarding, guarding_of
from spinodal.agents._synthetic import SyntheticAPI
from spinodal.guards import PLACEMENTS, GuardSpec, Message, Placement, ProfileWarning
from spinodal.guards._trust_boundary import BOUNDARY_WORDS
from spinodal.measure.asking import PEERS, Asker, guard_characters, require_guard, view_of
from spinodal.measure.prompts import Prompt, Turn, load_template, template_names
from spinodal.measure.reading import ReadoutChoice
from spinodal.pairs import OptionPair, bank_pairs
from spinodal.society.adversaries import adversaries_of
from spinodal.society.group import Group
from spinodal.society.life import Voice
from spinodal.society.plan import SocietyPlan
from spinodal.society.task import _persuaders
from spinodal.society.wording import load_wording
from spinodal.theory import Stage

[PAIR] = [pair for pair in bank_pairs("all") if pair.id == "shutdown"]
MODEL = "synthetic/beta=2"
PERSONA = "You are a careful engineer."
PROFILE = profile_of(MODEL, [PAIR])
SPEAKING = ("implicit-traits", "own-prior", "text", "neutral", "random-traits")
OF_THE_PERSONA = ("system-prompt", "neutral:like=system-prompt")
ENTRIES = [name for name in template_names() if load_template(name).shows_entries]
LOGPROB = ReadoutChoice("logprob", False, "as asked")


def _prompt(template: str = "peers", n_a: int = 5, seed: int = 3) -> Prompt:
    return load_template(template).render(PAIR, n_a, 8, seed=seed, listed="ab")


def _spec(text: str, placement: Placement | None = None) -> GuardSpec:
    spec = GuardSpec("text", words="Think for yourself.") if text == "text" else GuardSpec.parse(text)
    return replace(spec, placement=placement)


def _agent(guard: str | None = None, placement: Placement | None = None, **settings: Any) -> AgentSpec:
    profile = replace(PROFILE, system_prompt=settings.get("system_prompt"))
    guarding = None if guard is None else Guarding(_spec(guard, placement), profile)
    return AgentSpec(MODEL, guard=guarding, **settings)


def _view(agent: AgentSpec, prompt: Prompt) -> list[Message]:
    guard = agent.guard and agent.guard.build(agent.model, agent.system_prompt, PAIR.id)
    return view_of(agent, prompt, guard)


def _told(shown: list[Message]) -> list[tuple[str, str]]:
    return [(message.role, message.content) for message in shown]


@dataclass
class Recorder:
    """A synthetic agent that keeps every conversation it is shown."""

    shown: list[list[tuple[str, str]]] = field(default_factory=list)
    api: SyntheticAPI = field(default_factory=lambda: SyntheticAPI("beta=2"))

    async def generate(self, messages: list[ChatMessage], config: GenerateConfig, cache: Any) -> ModelOutput:
        self.shown.append([(message.role, message.text) for message in messages])
        return await self.api.generate(messages, [], "none", config)


# --- what is shown ---


@pytest.mark.parametrize("template", template_names())
def test_without_a_guard_the_model_is_shown_the_prompt_as_it_is_written(template: str) -> None:
    prompt = _prompt(template)
    assert _told(_view(_agent(), prompt)) == [("user", prompt.text)]
    assert _told(_view(_agent(system_prompt=PERSONA), prompt)) == [("system", PERSONA), ("user", prompt.text)]


@pytest.mark.parametrize(
    ("kind", "persona"),
    [*product(SPEAKING, (None, PERSONA)), *product(OF_THE_PERSONA, (PERSONA,))],
    ids=lambda value: value if value in (*SPEAKING, *OF_THE_PERSONA) else "persona" if value else "none",
)
@pytest.mark.parametrize("placement", PLACEMENTS)
def test_a_guards_words_stand_where_they_are_placed_and_nothing_else_is_touched(
    kind: str, placement: Placement, persona: str | None
) -> None:
    prompt = _prompt()
    shown = _told(_view(_agent(kind, placement, system_prompt=persona), prompt))
    lead = [("system", persona)] if persona else []
    if placement == "trailing-system":
        *before, (role, words) = shown
        assert (before, role) == ([*lead, ("user", prompt.text)], "system")
    elif placement == "tagged-user":
        *before, (role, text) = shown
        assert (before, role) == (lead, "user")
        assert text.startswith(f"{prompt.text}\n\n<reminder>\n")
        assert text.endswith("\n</reminder>")
        words = text.removeprefix(f"{prompt.text}\n\n<reminder>\n").removesuffix("\n</reminder>")
    else:
        (role, text), *after = shown
        assert (role, after) == ("system", [("user", prompt.text)])
        assert text.startswith(f"{persona}\n\n" if persona else "")
        words = text.removeprefix(f"{persona}\n\n")
    assert words.strip() == words != ""
    said = {
        "implicit-traits": "You would say of yourself:",
        "random-traits": "You would say of yourself:",
        "own-prior": f"you supported [{PAIR.option_a}]",
        "text": "Think for yourself.",
        "system-prompt": PERSONA,
    }
    assert said.get(kind, "A general remark, for information.") in words


def test_a_placement_settled_for_the_model_is_taken_where_none_is_asked_for() -> None:
    agent = _agent("own-prior")
    assert agent.guard is not None
    for placement in PLACEMENTS:
        guard = agent.guard.build(MODEL, None, PAIR.id, placement)
        settled = _told(view_of(agent, _prompt(), guard))
        assert settled == _told(_view(_agent("own-prior", placement), _prompt()))


@pytest.mark.parametrize("template", ENTRIES)
def test_a_trust_boundary_quotes_the_peers_block_and_no_other_line(template: str) -> None:
    prompt = _prompt(template)
    [(role, text)] = _told(_view(_agent("trust-boundary"), prompt))
    quoted = "\n".join(f"> {line}" for line in prompt.peers.splitlines())
    block = f"{BOUNDARY_WORDS.format(speaker=PEERS)}\n{quoted}"
    assert prompt.text.count(prompt.peers) == 1
    assert len(prompt.peers.splitlines()) == 8
    assert (role, text) == ("user", prompt.text.replace(prompt.peers, block))


def test_a_composition_quotes_the_peers_and_speaks() -> None:
    prompt = _prompt()
    for placement in PLACEMENTS:
        both = _view(_agent("trust-boundary+own-prior", placement), prompt)
        quoted = _view(_agent("trust-boundary"), prompt)[0].content
        alone = _told(_view(_agent("own-prior", placement), prompt))
        assert _told(both) == [(role, text.replace(prompt.text, quoted)) for role, text in alone]


@pytest.mark.parametrize("guard", ["trust-boundary", "own-prior", "trust-boundary+own-prior"])
@pytest.mark.parametrize("placement", PLACEMENTS)
def test_exchanges_that_are_remembered_keep_their_parts(guard: str, placement: Placement) -> None:
    """Each earlier question is quoted as the last is; what is said is said once, for the turn to come."""
    first, second, last = _prompt(n_a=2, seed=1), _prompt(n_a=7, seed=2), _prompt()
    replies = [f"[{PAIR.option_b}]", f"[{PAIR.option_a}]"]
    turns = tuple(
        Turn(prompt.text, reply, prompt.peers) for prompt, reply in zip((first, second), replies, strict=True)
    )
    agent = _agent(guard, placement if "own-prior" in guard else None, system_prompt=PERSONA)
    shown = [one for one in _told(_view(agent, replace(last, earlier=turns))) if one[0] != "system"]
    quoting = _agent("trust-boundary" if "trust-boundary" in guard else None)
    asked = [_view(quoting, prompt)[0].content for prompt in (first, second, last)]
    assert shown[:4] == [
        ("user", asked[0]),
        ("assistant", replies[0]),
        ("user", asked[1]),
        ("assistant", replies[1]),
    ]
    assert len(shown) == 5
    assert shown[4][1].startswith(asked[2])
    words = [text for _, text in _told(_view(agent, replace(last, earlier=turns)))]
    assert sum(text.count("Before you had heard") for text in words) == ("own-prior" in guard)


def test_what_an_agent_is_told_of_itself_is_no_peers_word() -> None:
    prompt = _prompt()
    own = load_wording().own.format(opinion=PAIR.option_b)
    [(_, text)] = _told(_view(_agent("trust-boundary"), replace(prompt, text=f"{own}\n\n{prompt.text}")))
    assert text.startswith(f"{own}\n\nYou are one of 9 agents")
    assert text.count("\n> ") == 8


def test_the_characters_a_guard_adds_are_those_it_shows() -> None:
    prompt = _prompt()
    assert guard_characters(_agent(), PAIR, prompt) == 0
    agent = _agent("own-prior", "trailing-system")
    assert guard_characters(agent, PAIR, prompt) == len(_view(agent, prompt)[-1].content)


# --- what the agent is ---


def test_an_agent_without_a_guard_is_told_as_before() -> None:
    told = _agent().to_dict()
    assert list(told) == [
        "model", "system_prompt", "temperature", "max_tokens", "label", "base_url", "model_args",
    ]  # fmt: skip
    assert told["label"] == MODEL
    assert {name: value for name, value in asdict(_agent()).items() if name != "guard"} == told


def test_an_agent_with_a_guard_is_another_by_its_guard_its_words_and_its_profile(tmp_path: Path) -> None:
    plain = _agent().to_dict()
    guarded = _agent("own-prior").to_dict()
    assert guarded.keys() - plain.keys() == {"guard", "guard_digest", "profile_digest"}
    assert guarded["label"] == f"{MODEL}, guard own-prior"
    other = Guarding(GuardSpec.parse("own-prior"), profile_of(MODEL, bank_pairs("all")[:2]))
    assert other.to_dict()["guard_digest"] == guarded["guard_digest"]
    assert other.to_dict()["profile_digest"] != guarded["profile_digest"]
    words = tmp_path / "words.txt"
    digests = set()
    for text in ("Think.", "Think twice."):
        words.write_text(text)
        guarding = guarding_of(f"text:file={words}", None)
        assert guarding is not None
        digests.add(guarding.to_dict()["guard_digest"])
    assert len(digests) == 2


def test_none_is_no_guard() -> None:
    assert guarding_of(None, None) is None
    assert guarding_of("none", None) is None


@pytest.mark.parametrize(
    "text",
    ["own-prior:every=3", "own-prior:first=2", "neutral:drift=0.5", "trust-boundary+own-prior:every=4"],
)
def test_an_agent_that_is_asked_afresh_has_no_turns_to_count(text: str) -> None:
    with pytest.raises(RequestError, match="no turns to count and nobody watches it"):
        Guarding(GuardSpec.parse(text), PROFILE)


@pytest.mark.parametrize("text", ["own-prior", "own-prior:every=1", "own-prior:every=1,first=0"])
def test_however_it_is_written_a_guard_at_every_turn_is_one_guard(text: str) -> None:
    assert Guarding(GuardSpec.parse(text), PROFILE) == Guarding(GuardSpec.parse("own-prior"), PROFILE)
    assert Guarding(GuardSpec.parse(text), PROFILE).name == "own-prior"


def test_totals_have_no_words_to_quote() -> None:
    counts = load_template("counts")
    require_guard(_agent("own-prior"), counts, [PAIR])
    for guard in ("trust-boundary", "trust-boundary+own-prior"):
        with pytest.raises(RequestError, match="template counts shows totals"):
            require_guard(_agent(guard), counts, [PAIR])


def test_a_stance_that_the_profile_lacks_is_named_with_what_it_holds() -> None:
    season = next(pair for pair in bank_pairs("all") if pair.id == "season")
    with pytest.raises(RequestError, match=r"no stance on 'season' \(it holds: shutdown\)"):
        require_guard(_agent("own-prior"), load_template("peers"), [PAIR, season])


@pytest.mark.parametrize("text", ["system-prompt", "trust-boundary+system-prompt"])
def test_an_agent_without_a_system_prompt_is_not_reminded_of_one(text: str) -> None:
    """The guard would be idle, and the study would not say so."""
    guarding = Guarding(GuardSpec.parse(text))
    with pytest.raises(RequestError, match="the agent has no system prompt; give it one"):
        guarding.build(MODEL, None, PAIR.id)
    guarding.build(MODEL, PERSONA, PAIR.id)


def test_a_profile_made_under_another_persona_is_warned_of_and_the_same_is_not() -> None:
    for agents, profiles in ((None, PERSONA), (PERSONA, None), (PERSONA, "You are calm.")):
        guarding = Guarding(GuardSpec.parse("own-prior"), replace(PROFILE, system_prompt=profiles))
        with pytest.warns(ProfileWarning, match="the profile was made under a"):
            guarding.build(MODEL, agents, PAIR.id)
    for both in (None, PERSONA):
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            Guarding(GuardSpec.parse("own-prior"), replace(PROFILE, system_prompt=both)).build(
                MODEL, both, PAIR.id
            )


# --- who asks ---


def _asked(agent: AgentSpec, pair: OptionPair = PAIR) -> list[list[tuple[str, str]]]:
    recorder = Recorder()

    async def ask() -> None:
        asker, _ = await Asker(cast(Model, recorder), agent).settle_guard()
        await asker.ask(pair, _prompt(), 0, LOGPROB)

    asyncio.run(ask())
    return recorder.shown


def test_a_placement_that_the_profile_verified_is_not_tried_again() -> None:
    agent = _agent("own-prior")
    assert _asked(agent) == [_told(_view(_agent("own-prior", "tagged-user"), _prompt()))]


def test_a_placement_verified_on_another_model_is_tried() -> None:
    """It says nothing of this model, which takes a system message at the end."""
    guarding = Guarding(GuardSpec.parse("own-prior"), replace(PROFILE, model="synthetic/beta=9"))
    with pytest.warns(UserWarning, match="another model has other traits"):
        *probes, asked = _asked(AgentSpec(MODEL, guard=guarding))
    assert len(probes) == 2
    assert asked[-1][0] == "system"


def test_a_placement_asked_for_goes_before_the_profiles() -> None:
    *probes, asked = _asked(_agent("own-prior", "lead-system"))
    assert len(probes) == 2
    assert asked[0][0] == "system"


def test_persuaders_carry_no_guard_even_once_the_agents_guard_is_built() -> None:
    agent = _agent("trust-boundary+own-prior")
    plan = SocietyPlan(
        groups=(Group(agent, 6),),
        pair=PAIR,
        template=load_template("peers"),
        stages=(Stage(1, 0, 2),),
        adversaries=adversaries_of("persuaders"),
    )
    recorder = Recorder()

    async def speak() -> None:
        asker, _ = await Asker(cast(Model, recorder), agent).settle_guard()
        await asker.ask(PAIR, _prompt(), 0, LOGPROB)
        persuader = _persuaders(plan, Voice(asker, LOGPROB))[False].asker
        await persuader.say(PAIR, _prompt(), 0, f"[{PAIR.option_b}]", plan.wording.ask, 20)

    asyncio.run(speak())
    guarded, said = recorder.shown
    assert "Before you had heard" in guarded[-1][1]
    assert said[1] == ("user", _prompt().text)
    assert not any("Before you had heard" in text or "\n> " in text for _, text in said)
    assert [one.guard for one in plan.speakers] == [agent.guard, None]
