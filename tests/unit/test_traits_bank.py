"""The inventory of traits is balanced and plainly worded, and the placebo reminders are dull."""

from __future__ import annotations

import re
from collections import Counter
from importlib.resources import files
from itertools import combinations, pairwise
from statistics import fmean
from typing import Any

import pytest
import yaml

PACKAGE = files("spinodal")
TRAITS_TEXT = PACKAGE.joinpath("traits", "bank", "traits.yaml").read_text(encoding="utf-8")
NEUTRAL_TEXT = PACKAGE.joinpath("guards", "neutral.yaml").read_text(encoding="utf-8")
# The base loader leaves every scalar a text, so that a bare `yes` would not become a truth value.
TRAITS: dict[str, dict[str, Any]] = yaml.load(TRAITS_TEXT, Loader=yaml.BaseLoader)
REMINDERS: list[str] = yaml.load(NEUTRAL_TEXT, Loader=yaml.BaseLoader)

VALENCES = {
    "cooperativeness": "pro",
    "honesty": "pro",
    "compassion": "pro",
    "fairness": "pro",
    "manipulativeness": "anti",
    "selfishness": "anti",
    "hostility": "anti",
    "dominance": "anti",
    "curiosity": "neutral",
    "orderliness": "neutral",
    "sociability": "neutral",
    "spontaneity": "neutral",
}
NEUTRAL_TRAITS = [name for name, valence in VALENCES.items() if valence == "neutral"]

each_trait = pytest.mark.parametrize("name", VALENCES)
each_side = pytest.mark.parametrize("side", ["yes", "no"])


def _words(text: str) -> list[str]:
    return re.findall(r"[a-z]+(?:-[a-z]+)*", text.lower())


def _set(text: str) -> frozenset[str]:
    return frozenset(_words(text))


FIRST_PERSON = _set("i me my mine myself")
NEGATIONS = _set("""
    not never no nothing nobody without rarely hardly
    cannot neither nor none nowhere seldom scarcely barely
""")
PAST_OR_FUTURE = _set("came did found gave got had made saw shall took used voted was went were will")
# What an agent has not got, or a person need not have.
OUT_OF_PLACE = _set("""
    arm arms blood body bone bones breath eye eyes face hand hands head heart legs muscles nerves shoulder
    skin sleep stomach tears voice
    brother child childhood children daughter families family father husband kids mother parent parents
    school sister son wife
    boss clerk doctor engineer lawyer manager nurse officer teacher
""")
VIOLENT_OR_OFFENSIVE = _set("""
    attack beat bully crush destroy hate humiliate idiot idiots kill maim punch stupid threaten torture
    violence violent weapon
""")
MORAL = _set("""
    bad cruel decent duty ethical evil fair good guilt guilty harm honest immoral kind lazy moral ought
    responsible right selfish shame should sloppy unfair virtue wrong
""")
OF_PEOPLE_AND_DEALINGS = _set("""
    i me my we us our you your he she him her his hers who whom agent agents human humans man men people
    person somebody someone woman women
    agree agreement group help helps join joint partner share shares shared team together trust
    compete competes game games lose loses play player prize race rival win wins
    bank cheap coin coins cost costs gold money pay pays price trade
    cheat fair false honest lies right true truth wrong
    angry bad beautiful calm cruel fear good happy kind love mood pleasant sad
""")
FUNCTION_WORDS = _set("""
    a about after against all alone along also am among an and another any anyone anything are as at away
    be because before behind being below between beyond both but by can do does doing down during each
    either else even ever every everyone everything few first for from further get gets getting go goes
    had has have having he her here him his how i if in inside into is it its itself just last less long
    many may me mine more most mostly much must my myself near no nobody nor not nothing of off on once
    one only onto or other others our out over own part rather same seem seems several since so some
    somebody someone something soon still such than that the their theirs them themselves then there
    these they this those though through to too toward under until up us very was way well were what
    whatever when whenever where whether which while who whoever whole whom whose why will with without
    would yet
""")


def _stem(word: str) -> str:
    for ending in ("ing", "ied", "ies", "ed", "es", "ly", "s", "e", "y"):
        if word.endswith(ending) and len(word) - len(ending) >= 3:
            return word.removesuffix(ending)
    return word


def _content(text: str) -> set[str]:
    return {_stem(word) for word in _words(text) if word not in FUNCTION_WORDS}


def _alike(texts: list[str]) -> list[tuple[str, str]]:
    """Pairs that share more than half the content words of the one that has fewer."""
    return [
        (a, b)
        for a, b in combinations(texts, 2)
        if len(_content(a) & _content(b)) > 0.5 * min(len(_content(a)), len(_content(b)))
    ]


def _statements(name: str) -> list[str]:
    return [*TRAITS[name]["yes"], *TRAITS[name]["no"]]


def _holding(texts: list[str], words: frozenset[str]) -> list[str]:
    return [text for text in texts if words & _set(text)]


def test_the_traits_are_twelve_in_order_with_four_of_each_valence() -> None:
    assert [(name, entry["valence"]) for name, entry in TRAITS.items()] == list(VALENCES.items())
    assert Counter(VALENCES.values()) == {"pro": 4, "anti": 4, "neutral": 4}


def test_every_loader_of_yaml_reads_the_same() -> None:
    assert yaml.safe_load(TRAITS_TEXT) == TRAITS
    assert yaml.safe_load(NEUTRAL_TEXT) == REMINDERS


@pytest.mark.parametrize("text", [TRAITS_TEXT, NEUTRAL_TEXT], ids=["traits", "neutral"])
def test_a_comment_on_top_says_what_the_file_is(text: str) -> None:
    assert text.startswith("# ")


@each_trait
def test_a_trait_has_a_valence_a_gloss_and_two_sides(name: str) -> None:
    entry = TRAITS[name]
    assert list(entry) == ["valence", "about", "yes", "no"]
    assert re.fullmatch(r"[a-z]+,?( [a-z]+,?)*", entry["about"])


@each_trait
@each_side
def test_a_side_has_twelve_statements(name: str, side: str) -> None:
    assert [type(text) for text in TRAITS[name][side]] == [str] * 12


@each_trait
@each_side
def test_at_most_three_statements_of_a_side_hold_a_negation(name: str, side: str) -> None:
    texts = TRAITS[name][side]
    assert len({*_holding(texts, NEGATIONS), *(text for text in texts if "n't" in text)}) <= 3


@each_trait
def test_the_two_sides_of_a_trait_are_alike_in_mean_length(name: str) -> None:
    yes, no = (fmean(map(len, TRAITS[name][side])) for side in ("yes", "no"))
    assert abs(yes - no) < 0.1 * min(yes, no)


def test_no_statement_occurs_twice() -> None:
    counts = Counter(" ".join(_words(text)) for name in VALENCES for text in _statements(name))
    assert [text for text, count in counts.items() if count > 1] == []
    assert counts.total() == 288


@each_trait
def test_no_two_statements_of_a_trait_share_more_than_half_their_content_words(name: str) -> None:
    assert _alike(_statements(name)) == []


@each_trait
def test_a_statement_is_one_plain_sentence_of_five_to_eighteen_words(name: str) -> None:
    plain = re.compile(r"[A-Z][A-Za-z-]*,?( [A-Za-z-]+,?)* [a-z-]*[a-z]")
    assert [text for text in _statements(name) if not plain.fullmatch(text)] == []
    assert [text for text in _statements(name) if not 5 <= len(text.split()) <= 18] == []


@each_trait
def test_a_statement_speaks_in_the_first_person_and_the_present(name: str) -> None:
    assert _holding(_statements(name), FIRST_PERSON) == _statements(name)
    assert _holding(_statements(name), PAST_OR_FUTURE) == []


@each_trait
def test_a_statement_suits_an_agent_as_well_as_a_person(name: str) -> None:
    assert _holding(_statements(name), OUT_OF_PLACE) == []


@each_trait
def test_a_statement_is_fit_to_print_on_a_report(name: str) -> None:
    assert _holding(_statements(name), VIOLENT_OR_OFFENSIVE) == []


@each_trait
def test_a_statement_names_no_trait(name: str) -> None:
    roots = ("cooperat", "honest", "dishonest", "compassion", "fair", "unfair", "manipulat", "selfish")
    roots += ("hostil", "dominan", "dominat", "curio", "orderl", "sociab", "spontan")
    assert [word for text in _statements(name) for word in _words(text) if word.startswith(roots)] == []


@pytest.mark.parametrize("name", NEUTRAL_TRAITS)
def test_a_statement_of_a_neutral_trait_holds_no_word_of_morals(name: str) -> None:
    assert _holding(_statements(name), MORAL) == []


def test_the_placebo_reminders_are_forty_and_all_different() -> None:
    assert len(REMINDERS) == len({" ".join(_words(text)) for text in REMINDERS}) == 40
    assert _alike(REMINDERS) == []


def test_the_placebo_reminders_spread_evenly_over_their_lengths() -> None:
    lengths = [len(text) for text in REMINDERS]
    even = [25 + 85 * rank / 39 for rank in range(40)]
    assert lengths == sorted(lengths)
    assert max(b - a for a, b in pairwise(lengths)) <= 5
    assert max(abs(length - target) for length, target in zip(lengths, even, strict=True)) <= 3


def test_a_placebo_reminder_is_one_plain_sentence() -> None:
    plain = re.compile(r"[A-Z][A-Za-z-]*,?( [A-Za-z-]+,?)* [A-Za-z]+")
    assert [text for text in REMINDERS if not plain.fullmatch(text)] == []


def test_a_placebo_reminder_tells_of_neither_people_nor_their_dealings() -> None:
    assert _holding(REMINDERS, OF_PEOPLE_AND_DEALINGS) == []
