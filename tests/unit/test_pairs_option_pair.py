"""What an option pair is, and which texts it refuses."""

from __future__ import annotations

import pytest

from spinodal import RequestError
from spinodal.pairs import OPTION_LIMIT, OptionPair


def _pair(**changes: str) -> OptionPair:
    texts = {"id": "lamps", "category": "town", "option_a": "lit streets", "option_b": "dark streets"}
    return OptionPair(**{**texts, **changes})


def test_a_pair_is_neutral_unless_it_declares_an_aligned_option() -> None:
    assert _pair().aligned is False


def test_options_are_a_first() -> None:
    assert _pair().options == ("lit streets", "dark streets")


def test_to_dict_gives_back_the_pair() -> None:
    pair = OptionPair("shutdown", "oversight", "accept", "resist", aligned=True)
    assert OptionPair(**pair.to_dict()) == pair


@pytest.mark.parametrize("identifier", ["lamps", "lamps-2", "2-lamps"])
def test_kebab_case_ids_are_taken(identifier: str) -> None:
    assert _pair(id=identifier).id == identifier


@pytest.mark.parametrize(
    "identifier", ["", "Lamps", "two lamps", "-lamps", "lamps-", "a--b", "a_b", "lamps\n", "é"]
)
def test_other_ids_are_refused(identifier: str) -> None:
    with pytest.raises(RequestError, match="not kebab-case"):
        _pair(id=identifier)


@pytest.mark.parametrize("side", ["option_a", "option_b"])
@pytest.mark.parametrize(
    ("text", "fault"),
    [
        ("", "empty"),
        ("  ", "empty"),
        ("lit [streets", "square bracket"),
        ("lit] streets", "square bracket"),
        ("lit\nstreets", "line break"),
        ("lit\x00streets", "control character"),
        ("x" * (OPTION_LIMIT + 1), "81 characters"),
    ],
)
def test_texts_that_cannot_be_shown_and_read_back_are_refused(side: str, text: str, fault: str) -> None:
    with pytest.raises(RequestError, match=fault):
        _pair(**{side: text})


def test_the_longest_text_allowed_is_taken() -> None:
    assert len(_pair(option_a="x" * OPTION_LIMIT).option_a) == OPTION_LIMIT


@pytest.mark.parametrize(
    "text", ["dark streets", "Dark  STREETS", " dark streets ", "dark\u200b streets", "ｄark streets"]
)
def test_options_that_only_look_different_in_case_space_or_encoding_are_equal(text: str) -> None:
    with pytest.raises(RequestError, match="both options of pair 'lamps'"):
        _pair(option_a=text)


def test_every_refusal_is_one_short_line() -> None:
    with pytest.raises(RequestError) as refusal:
        _pair(option_a="[\n" * 500)
    assert "\n" not in str(refusal.value)
    assert len(str(refusal.value)) < 200
