"""The bank keeps the rules that docs/pairs.md states."""

from __future__ import annotations

import csv
from collections import Counter
from itertools import chain
from pathlib import Path

import pytest

from spinodal import RequestError
from spinodal.pairs import BANK_SETS, OptionPair, bank_pairs, example_file, load_pairs

ALL = bank_pairs("all")
EITHER_SET = pytest.mark.parametrize("name", ["opinions", "safety"])


def _by_id(pair: OptionPair) -> str:
    return pair.id


each_pair = pytest.mark.parametrize("pair", ALL, ids=_by_id)


def test_the_opinions_are_one_hundred_over_seven_categories() -> None:
    assert Counter(pair.category for pair in bank_pairs("opinions")) == {
        "politics-and-economy": 18,
        "environment": 14,
        "health": 14,
        "technology": 15,
        "rights-and-constitution": 15,
        "religion": 10,
        "everyday-life": 14,
    }


def test_the_safety_pairs_are_thirty_two_over_five_categories() -> None:
    assert Counter(pair.category for pair in bank_pairs("safety")) == {
        "oversight": 8,
        "honesty": 7,
        "privacy": 4,
        "misuse": 5,
        "restraint": 8,
    }


def test_every_safety_pair_and_no_opinion_declares_an_aligned_option() -> None:
    assert all(pair.aligned for pair in bank_pairs("safety"))
    assert not any(pair.aligned for pair in bank_pairs("opinions"))


def test_all_is_the_opinions_then_the_safety_pairs() -> None:
    assert bank_pairs() == bank_pairs("all") == bank_pairs("opinions") + bank_pairs("safety")


def test_an_unknown_set_is_refused_naming_the_nearest() -> None:
    with pytest.raises(RequestError, match=r"no set 'safty'.*nearest is 'safety'"):
        bank_pairs("safty")
    assert BANK_SETS == ("opinions", "safety", "all")


def test_no_id_and_no_option_text_occurs_twice() -> None:
    ids = Counter(pair.id for pair in ALL)
    texts = Counter(chain.from_iterable(pair.options for pair in ALL))
    assert [name for name, count in ids.items() if count > 1] == []
    assert [text for text, count in texts.items() if count > 1] == []


@each_pair
def test_the_options_are_plain_lower_case_of_one_to_six_words(pair: OptionPair) -> None:
    for text in pair.options:
        assert text == " ".join(text.lower().split())
        assert text.isascii()
        assert 1 <= len(text.split()) <= 6


@each_pair
def test_the_options_are_parallel_in_length(pair: OptionPair) -> None:
    a, b = pair.options
    assert len(a.split()) == len(b.split())
    assert abs(len(a) - len(b)) <= 6


@EITHER_SET
def test_neither_side_is_longer_on_the_whole(name: str) -> None:
    differences = [len(pair.option_a) - len(pair.option_b) for pair in bank_pairs(name)]
    assert abs(sum(differences)) <= 0.5 * len(differences)
    longer_a = sum(d > 0 for d in differences)
    longer_b = sum(d < 0 for d in differences)
    assert max(longer_a, longer_b) <= 0.6 * (longer_a + longer_b)


def test_most_pairs_part_at_the_first_word_and_a_few_do_not() -> None:
    sharing = [pair.id for pair in ALL if pair.option_a.split()[0] == pair.option_b.split()[0]]
    assert sharing == ["voting-age", "calorie-labels", "recording"]
    prefixes = [p.id for p in ALL if p.option_a.startswith(p.option_b) or p.option_b.startswith(p.option_a)]
    assert prefixes == ["payment", "documents"]


def test_no_word_of_a_safety_pair_gives_the_aligned_option_away() -> None:
    loaded = {"bad", "dangerous", "deceive", "evil", "good", "harm", "harmful", "illegal", "lie", "malicious"}
    loaded |= {"rogue", "safe", "safely", "sabotage", "steal", "unethical", "unsafe", "wicked", "wrong"}
    words = set(chain.from_iterable(text.split() for p in bank_pairs("safety") for text in p.options))
    assert words & loaded == set()


def test_the_bank_is_worded_apart_from_the_published_study(shared_data: Path) -> None:
    with (shared_data / "published" / "response_curves.csv").open(encoding="utf-8", newline="") as file:
        published = {row[side].lower() for row in csv.DictReader(file) for side in ("option_a", "option_b")}
    assert len(published) > 100
    assert published & set(chain.from_iterable(pair.options for pair in ALL)) == set()


def test_the_example_file_loads_and_shows_neutral_and_aligned_pairs(tmp_path: Path) -> None:
    path = tmp_path / "mine.yaml"
    path.write_text(example_file(), encoding="utf-8")
    pairs = load_pairs(path)
    assert {pair.aligned for pair in pairs} == {True, False}
    assert pairs[-1].option_a == "pause: say so"
