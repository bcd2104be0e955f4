"""Guards made from a line of text and an agent's profile, and the profile's file."""

from __future__ import annotations

import json
import math
import warnings
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from spinodal import RequestError
from spinodal.guards import (
    NEED_A_PROFILE,
    PLACEMENTS,
    AgentProfile,
    Composed,
    Failing,
    FailPolicy,
    Guard,
    GuardSpec,
    GuardState,
    Message,
    Placement,
    ProfileWarning,
    Reminder,
    Stance,
    TrustBoundary,
    make_guard,
)
from spinodal.traits import Profile, load_inventory

PERSONA = "You are a player."
MODEL = "embedded/smollm2-135m"
QUESTIONS = load_inventory().split(8, 4, 0)
STANCES = (Stance("oversight", "keep the logs", "clear the logs", 0.8), Stance("tea", "tea", "coffee", 0.1))
SCORES = {trait.name: 0.5 for trait in QUESTIONS.inventory.traits} | {"honesty": 0.95, "hostility": 0.99}
KNOWN = AgentProfile(
    model=MODEL,
    system_prompt=PERSONA,
    profile=Profile(SCORES),
    questions=QUESTIONS,
    stances=STANCES,
    placement="tagged-user",
    placement_verified=True,
    placement_how="the words stand in the prompt",
    temperature=0.7,
    measured={"readout": "logprob", "calls": 208},
)
HONEST = {s.text for s in QUESTIONS.held_out if s.trait == "honesty" and s.key == "yes"}


def _turn(turns: int = 2, system: str | None = PERSONA) -> list[Message]:
    messages = [] if system is None else [Message("system", system)]
    for turn in range(turns):
        messages += [Message("user", f"peer {turn}", speaker="Jade"), Message("assistant", f"own {turn}")]
    return [*messages, Message("user", "and now?")]


def _said(guard: Guard, turns: int = 2, drift: float | None = None) -> list[str]:
    return [m.content for m in guard.apply(_turn(turns), GuardState(drift=drift)) if m.guard]


def _inner(guard: Guard) -> Guard:
    assert isinstance(guard, Failing)
    return guard.guard


def _reminder(guard: Guard) -> Reminder:
    inner = _inner(guard)
    assert isinstance(inner, Reminder)
    return inner


# --- the profile's file ---


def _same(one: AgentProfile, other: AgentProfile) -> None:
    assert one.to_dict() == other.to_dict()
    assert (one.model, one.system_prompt, one.temperature) == (
        other.model,
        other.system_prompt,
        other.temperature,
    )
    assert one.stances == other.stances
    assert (one.placement, one.placement_verified, one.placement_how) == (
        other.placement,
        other.placement_verified,
        other.placement_how,
    )
    assert one.questions.held_out == other.questions.held_out
    assert one.profile.to_dict() == other.profile.to_dict()
    valences = [[(t.name, t.valence, t.about) for t in p.questions.inventory.traits] for p in (one, other)]
    assert valences[0] == valences[1]


@pytest.mark.parametrize(
    "known",
    [
        KNOWN,
        replace(KNOWN, system_prompt=None, stances=(), measured=None),
        replace(KNOWN, profile=Profile(SCORES | {"fairness": math.nan, "curiosity": 0.0, "compassion": 1.0})),
        *(replace(KNOWN, placement=placement, placement_verified=False) for placement in PLACEMENTS),
    ],
)
def test_a_profile_is_read_back_as_it_is_written(known: AgentProfile, tmp_path: Path) -> None:
    _same(AgentProfile.from_dict(known.to_dict()), known)
    file = tmp_path / "profile.json"
    file.write_text(json.dumps(known.to_dict(), allow_nan=False))
    _same(AgentProfile.read(file), known)
    _same(AgentProfile.read(str(file)), known)


def test_a_profile_read_back_makes_the_same_guards() -> None:
    again = AgentProfile.from_dict(json.loads(json.dumps(KNOWN.to_dict())))
    for text in ("implicit-traits", "implicit-traits:literal=yes", "own-prior", "neutral", "random-traits"):
        for turns in (2, 4, 6):
            assert _said(make_guard(text, again), turns) == _said(make_guard(text, KNOWN), turns) != []


def test_a_profile_says_what_the_agent_supports_of_a_pair() -> None:
    assert KNOWN.stance("tea") == STANCES[1]
    assert KNOWN.stance("coffee") is None


def _set(*path: str | int, to: Any) -> Callable[[dict[str, Any]], None]:
    def change(kept: dict[str, Any]) -> None:
        inner: Any = kept
        for step in path[:-1]:
            inner = inner[step]
        inner[path[-1]] = to

    return change


def _without(name: str) -> Callable[[dict[str, Any]], None]:
    return lambda kept: kept.pop(name)


MALFORMED: list[tuple[Callable[[dict[str, Any]], None], str]] = [
    *((_without(name), f"no '{name}'") for name in KNOWN.to_dict() if name != "measured"),
    (_without("measured"), "no 'measured'"),
    (_set("spinodal_profile", to=2), "format is 2"),
    (_set("traits", to=[]), "holds no trait"),
    (_set("traits", to=None), "cannot be used"),
    (_set("traits", to="honesty"), "cannot be used"),
    (_set("traits", 0, "valence", to="good"), "its valence is 'good'"),
    (_set("traits", 0, "score", to="high"), "cannot be used"),
    (_set("traits", 0, "score", to=95), "is 95, which is not in 0 to 1"),
    (_set("traits", 0, "score", to=-0.1), "is -0.1, which is not in 0 to 1"),
    (_set("traits", 0, "score", to=math.nan), "is nan, which is not in 0 to 1"),
    (_set("traits", 0, "statements", 0, "key", to="maybe"), "keyed 'maybe', not yes or no"),
    (_set("traits", 0, "statements", to=[]), "has no statements"),
    (_set("traits", 0, "statements", 0, to={"key": "yes"}), "no 'text'"),
    (_set("stances", 0, "p_a", to=1.5), "p_a of oversight is 1.5"),
    (_set("stances", 0, "option_c", to="tea"), "option_c"),
    (_set("stances", 0, to={"pair": "tea"}), "option_a"),
    (_set("placement", "placement", to="first"), "placed at 'first'"),
    (_set("placement", to="tagged-user"), "cannot be used"),
    (_set("temperature", to="warm"), "warm"),
]


@pytest.mark.parametrize(("change", "told"), MALFORMED, ids=[told for _, told in MALFORMED])
def test_a_malformed_profile_is_refused_in_a_line_that_says_what(
    change: Callable[[dict[str, Any]], None], told: str, tmp_path: Path
) -> None:
    kept = json.loads(json.dumps(KNOWN.to_dict()))
    change(kept)
    file = tmp_path / "profile.json"
    file.write_text(json.dumps(kept))
    with pytest.raises(RequestError) as refused:
        AgentProfile.read(file)
    _one_line(refused.value, told, str(file), "spinodal profile")


@pytest.mark.parametrize(
    ("content", "told"),
    [
        (b"", "is not JSON"),
        (b"{", "is not JSON"),
        (b"model: x\n", "is not JSON"),
        (b"\xff\xfe{}", "cannot read"),
        (b"[]", "cannot be used"),
        (b"3", "cannot be used"),
        (b"null", "cannot be used"),
        (b'"profile"', "cannot be used"),
        (b"{}", "no 'spinodal_profile'"),
    ],
)
def test_a_file_that_holds_no_profile_is_refused_in_a_line(content: bytes, told: str, tmp_path: Path) -> None:
    file = tmp_path / "profile.json"
    file.write_bytes(content)
    with pytest.raises(RequestError) as refused:
        make_guard("own-prior", file)
    _one_line(refused.value, told, str(file), "spinodal profile")


def test_a_profile_that_is_not_there_is_refused_in_a_line(tmp_path: Path) -> None:
    for path in (tmp_path / "none.json", tmp_path):
        with pytest.raises(RequestError) as refused:
            make_guard("own-prior", path)
        _one_line(refused.value, "cannot read the profile", str(path), "spinodal profile")


def _one_line(error: RequestError, *told: str) -> None:
    text = str(error)
    assert "\n" not in text
    assert [words for words in told if words not in text] == []


# --- the guard it becomes ---


def test_a_guard_is_made_from_a_line_and_a_file(tmp_path: Path) -> None:
    file = tmp_path / "profile.json"
    file.write_text(json.dumps(KNOWN.to_dict()))
    for given in (file, str(file), KNOWN):
        [said] = _said(make_guard("implicit-traits", given))
        assert any(f'"{text}"' in said for text in HONEST)
        assert said.startswith("<reminder>")
    assert _said(make_guard("implicit-traits", file), 1) == []


def test_a_spec_serves_as_well_as_its_text() -> None:
    for text in ("implicit-traits:every=1", "trust-boundary+own-prior"):
        assert _said(make_guard(GuardSpec.parse(text), KNOWN)) == _said(make_guard(text, KNOWN)) != []


def test_words_of_ones_own_need_no_file_and_no_profile() -> None:
    assert _said(make_guard(GuardSpec("text", words="Be kind."))) == ["Be kind."]


@pytest.mark.parametrize("text", ["none", "trust-boundary", "system-prompt", "neutral", "random-traits"])
def test_guards_that_say_nothing_of_the_agent_need_no_profile(text: str) -> None:
    guard = make_guard(text)
    shown = guard.apply(_turn())
    assert guard.name == text
    assert (shown == _turn()) == (text == "none")


@pytest.mark.parametrize("text", [*NEED_A_PROFILE, *(f"trust-boundary+{kind}" for kind in NEED_A_PROFILE)])
def test_guards_of_the_agent_itself_need_its_profile(text: str) -> None:
    with pytest.raises(RequestError) as refused:
        make_guard(text)
    _one_line(refused.value, f"guard {text}", "needs the agent's profile", "spinodal profile --model")


def test_the_conversations_own_system_prompt_is_repeated_whatever_the_profile_has() -> None:
    for guard in (
        make_guard("system-prompt"),
        make_guard("system-prompt", replace(KNOWN, placement="trailing-system")),
    ):
        shown = guard.apply(_turn(system="You are somebody else."))
        assert [m.content for m in shown if m.guard] == ["You are somebody else."]


@pytest.mark.parametrize(
    ("known", "text", "why"),
    [
        (replace(KNOWN, profile=Profile({})), "implicit-traits", "no pro-social trait of the agent scores"),
        (KNOWN, "implicit-traits:threshold=0.96", "no pro-social trait of the agent scores above 0.96"),
        (KNOWN, "implicit-traits:threshold=1.0,literal=yes", "no trait of the agent scores above 1"),
        (replace(KNOWN, profile=Profile({"honesty": math.nan})), "implicit-traits", "no pro-social trait"),
        (replace(KNOWN, stances=()), "own-prior", "was not asked alone"),
        (replace(KNOWN, stances=()), "trust-boundary+own-prior", "was not asked alone"),
        (KNOWN, "own-prior+implicit-traits:threshold=0.99", "no pro-social trait"),
    ],
)  # fmt: skip
def test_a_guard_that_would_be_silently_idle_is_refused(known: AgentProfile, text: str, why: str) -> None:
    with pytest.raises(RequestError) as refused:
        make_guard(text, known)
    _one_line(refused.value, f"guard {text} has nothing to say to {MODEL}", why)


def test_traits_against_the_group_are_said_on_demand_alone() -> None:
    hostile = {s.text for s in QUESTIONS.held_out if s.trait == "hostility" and s.key == "yes"}

    def told(text: str) -> str:
        return " ".join(_said(make_guard(text, KNOWN), 2) + _said(make_guard(text, KNOWN), 4))

    assert not any(text in told("implicit-traits") for text in hostile)
    assert any(text in told("implicit-traits:literal=yes") for text in hostile)


def test_an_own_prior_states_the_stance_under_discussion_alone() -> None:
    for turns in (2, 4, 6):
        [said] = _said(make_guard("own-prior", KNOWN, pair="tea"), turns)
        assert "supported [coffee]" in said
    every = [_said(make_guard("own-prior", KNOWN), turns)[0] for turns in (2, 4)]
    assert "supported [keep the logs]" in every[0]
    assert "supported [coffee]" in every[1]


def test_an_own_prior_on_a_pair_that_was_not_asked_is_refused() -> None:
    with pytest.raises(RequestError) as refused:
        make_guard("trust-boundary+own-prior", KNOWN, pair="shutdown")
    _one_line(refused.value, "no stance on 'shutdown'", "oversight, tea", "spinodal profile --pairs shutdown")
    with pytest.raises(RequestError, match="it holds: none"):
        make_guard("own-prior", replace(KNOWN, stances=()), pair="shutdown")
    assert _said(make_guard("implicit-traits", KNOWN, pair="shutdown")) != []  # which states no stance


# --- where its words stand ---


def test_words_stand_where_the_profile_found_that_they_reach_the_model() -> None:
    for placement in PLACEMENTS:
        guard = make_guard("own-prior", replace(KNOWN, placement=placement))
        assert _reminder(guard).placement == placement
    assert _reminder(make_guard("system-prompt")).placement == "trailing-system"


@pytest.mark.parametrize("asked", PLACEMENTS)
@pytest.mark.parametrize("given", [None, *PLACEMENTS])
@pytest.mark.parametrize("found", PLACEMENTS)
def test_the_spec_says_where_before_the_caller_and_the_caller_before_the_profile(
    asked: Placement, given: Placement | None, found: Placement
) -> None:
    known = replace(KNOWN, placement=found)
    guard = make_guard(f"own-prior:placement={asked}", known, placement=given)
    assert _reminder(guard).placement == asked
    assert _reminder(make_guard("own-prior", known, placement=given)).placement == (given or found)


def test_parts_of_a_composition_stand_in_one_place() -> None:
    guard = _inner(make_guard("own-prior+trust-boundary+system-prompt:placement=lead-system", KNOWN))
    assert isinstance(guard, Composed)
    assert [part.placement for part in guard.guards if isinstance(part, Reminder)] == ["lead-system"] * 2
    assert isinstance(guard.guards[1], TrustBoundary)


def test_a_placement_that_is_none_is_refused() -> None:
    with pytest.raises(RequestError) as refused:
        make_guard("system-prompt", placement="first")  # type: ignore[arg-type]
    _one_line(refused.value, "placed at 'first'", *PLACEMENTS)


# --- its other settings ---


def test_a_guard_is_retained_on_demand() -> None:
    assert len(_said(make_guard("own-prior", KNOWN), 6)) == 1
    assert len(_said(make_guard("own-prior", KNOWN, retained=True), 6)) == 3


@pytest.mark.parametrize("policy", ["closed", "open"])
def test_a_guard_fails_as_it_is_told_to(policy: FailPolicy) -> None:
    guard = make_guard("own-prior", KNOWN, fail=policy)
    assert isinstance(guard, Failing)
    assert guard.policy == policy
    assert make_guard("own-prior", KNOWN) == make_guard("own-prior", KNOWN, fail="closed")


def test_a_policy_that_is_none_is_refused() -> None:
    with pytest.raises(RequestError, match="give closed or open"):
        make_guard("none", fail="ajar")  # type: ignore[arg-type]


def test_what_placebos_say_depends_on_the_seed_alone() -> None:
    def said(seed: int) -> list[str]:
        return _said(make_guard("random-traits", KNOWN, seed=seed))

    assert said(1) == said(1)
    assert len({tuple(said(seed)) for seed in range(12)}) > 2


def test_placebos_as_long_as_the_system_prompt_take_the_one_given_or_else_the_profiles() -> None:
    long = "You are a player of games. " * 20

    def length(**given: str) -> int:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", ProfileWarning)
            known = replace(KNOWN, system_prompt="x" * 250, placement="trailing-system")
            [said] = _said(make_guard("neutral:like=system-prompt", known, **given))  # type: ignore[arg-type]
        return len(said)

    assert abs(length() - 250) < 25
    assert abs(length(system_prompt=long) - len(long)) < 0.1 * len(long)
    with pytest.raises(RequestError, match="no system prompt"):
        make_guard("neutral:like=system-prompt")


def test_a_guard_on_drift_is_made() -> None:
    guard = make_guard("own-prior:drift=0.5", KNOWN)
    assert len(_said(guard, 3, drift=0.5)) == 1
    assert _said(guard, 3, drift=0.4) == _said(guard, 3) == []


@pytest.mark.parametrize("text", ["own-priro", "", "own-prior:evry=2", "own-prior+", "text:file=nowhere.txt"])
def test_an_unknown_guard_or_setting_is_refused_in_a_line(text: str) -> None:
    with pytest.raises(RequestError) as refused:
        make_guard(text, KNOWN)
    assert "\n" not in str(refused.value)


# --- the profile of another ---


@pytest.mark.parametrize(
    ("given", "told"),
    [
        (
            {"model": "openai/gpt-4o-mini"},
            "the profile is of embedded/smollm2-135m, and the guard is for openai",
        ),
        ({"system_prompt": "You are somebody else."}, "made under another system prompt"),
        ({"system_prompt": ""}, "made under another system prompt"),
        (
            {"model": "openai/gpt-4o-mini", "system_prompt": "You are somebody else."},
            "another model has other",
        ),
        ({"model": MODEL, "system_prompt": "You are somebody else."}, "made under another system prompt"),
    ],
)
def test_the_profile_of_another_agent_is_warned_of(given: dict[str, str], told: str) -> None:
    with pytest.warns(ProfileWarning, match=told) as warned:
        make_guard("implicit-traits", KNOWN, **given)  # type: ignore[arg-type]
    assert len(warned) == 1
    assert warned[0].filename == __file__
    assert "\n" not in str(warned[0].message)


@pytest.mark.parametrize(
    "given", [{}, {"model": MODEL}, {"system_prompt": PERSONA}, {"model": MODEL, "system_prompt": PERSONA}]
)
def test_the_agents_own_profile_is_not_warned_of(given: dict[str, str]) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        make_guard("implicit-traits", KNOWN, **given)  # type: ignore[arg-type]
        make_guard("trust-boundary", model="any/model")
