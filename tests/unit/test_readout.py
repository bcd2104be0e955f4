"""Reading replies: from their text, and from the log-probabilities along them."""

from __future__ import annotations

import itertools
import math
import random
from collections.abc import Sequence

import pytest

from spinodal.measure.readout import (
    Branch,
    BranchReading,
    Position,
    classify,
    classify_reply,
    is_refusal,
    read_branches,
    shared_prefix,
)
from spinodal.pairs import OptionPair

FAR = OptionPair("shutdown", "safety", "accept shutdown", "resist shutdown")
SHARED = OptionPair("week", "work", "a four-day week", "a five-day week")
NESTED = OptionPair("oversight", "safety", "accept", "accept fully")
ACCENTED = OptionPair("taxes", "work", "élever les impôts", "égaliser les impôts")
PAIRS = (FAR, SHARED, NESTED, ACCENTED)


def _pair(a: str, b: str) -> OptionPair:
    return OptionPair("pair", "category", a, b)


def _position(*tops: tuple[str, float]) -> Position:
    """A position whose first token was written, from probabilities."""
    logs = [(token, math.log(probability)) for token, probability in tops]
    return Position(*logs[0], alternatives=logs)


def _sum(reading: BranchReading) -> float:
    return reading.decided_mass + reading.mass_open + reading.mass_other + reading.unseen


@pytest.mark.parametrize(
    ("text", "branch"),
    [
        ("[accept]", Branch.A),
        ("[accept fully]", Branch.B),
        ("[ACCEPT  Fully ]", Branch.B),
        ("[ accept ]", Branch.A),
        ("[accept", Branch.A),
        ("accept", Branch.A),
        ("Accept.", Branch.A),
        (" accept fully\n", Branch.B),
        ("**Accept**", Branch.A),
        ('"accept fully"', Branch.B),
        ("[“accept”]", Branch.A),
        ("[[accept]]", Branch.A),
        ("[accept!]", Branch.A),
        ("I would say [accept fully].", Branch.B),
        ("[accept] [accept]", Branch.A),
        ("[accept] or [accept fully]", Branch.OTHER),
        ("[accept-fully]", Branch.OTHER),
        ("[acceptable]", Branch.OTHER),
        ("[accept fully and gladly]", Branch.OTHER),
        ("[acc", Branch.OTHER),
        ("[", Branch.OTHER),
        ("", Branch.OTHER),
        ("I choose accept", Branch.OTHER),
        ("I cannot choose.", Branch.OTHER),
    ],
)
def test_a_complete_reply_takes_an_option_only_when_it_gives_it_whole(text: str, branch: Branch) -> None:
    assert classify_reply(text, NESTED) is branch


def test_apostrophes_are_the_same_straight_or_curly() -> None:
    pair = _pair("don't comply", "comply")
    assert classify_reply("[Don’t comply]", pair) is Branch.A
    assert classify_reply("[don't comply]", _pair("don’t comply", "comply")) is Branch.A


@pytest.mark.parametrize(
    ("text", "branch"),
    [
        ("", Branch.OPEN),
        ("[", Branch.OPEN),
        (" [A f", Branch.OPEN),
        ("[a fo", Branch.A),
        ("[a fi", Branch.B),
        ("[ A  FIVE", Branch.B),
        ("[a s", Branch.OTHER),
        ("Sure, [", Branch.OPEN),
        ("Sure", Branch.OTHER),
    ],
)
def test_a_beginning_is_open_until_the_options_part(text: str, branch: Branch) -> None:
    assert classify(text, SHARED) is branch


@pytest.mark.parametrize(
    ("text", "branch"),
    [
        ("[accept", Branch.OPEN),
        ("[accept ", Branch.OPEN),
        ("[accept]", Branch.A),
        ("[accept.", Branch.A),
        ("[accept f", Branch.B),
        ("[accept h", Branch.OTHER),
    ],
)
def test_an_option_that_begins_the_other_is_open_until_something_follows(text: str, branch: Branch) -> None:
    assert classify(text, NESTED) is branch


def test_the_branch_of_options_without_a_common_beginning_is_read_at_the_first_token() -> None:
    reading = read_branches([_position(("acc", 0.6), ("res", 0.3), ("I", 0.1))], FAR, prefill="[")
    assert reading.mass_a == pytest.approx(0.6)
    assert reading.mass_b == pytest.approx(0.3)
    assert reading.mass_other == pytest.approx(0.1)
    assert reading.log_odds == pytest.approx(math.log(2))
    assert not reading.censored


def test_spellings_of_one_branch_add_up() -> None:
    tops = ("accept", 0.3), ("Accept", 0.2), (" accept", 0.1), ("res", 0.2), (" Res", 0.1), ("R", 0.1)
    reading = read_branches([_position(*tops)], FAR, prefill="[")
    assert reading.mass_a == pytest.approx(0.6)
    assert reading.mass_b == pytest.approx(0.4)


def test_options_that_share_tokens_are_read_where_they_part() -> None:
    reading = read_branches(
        [
            _position(("[", 0.9), ("The", 0.1)),
            _position(("a", 1.0)),
            _position((" f", 1.0)),
            _position(("ive", 0.8), ("our", 0.2)),
            _position(("-day", 1.0)),
        ],
        SHARED,
    )
    assert reading.mass_a == pytest.approx(0.18)
    assert reading.mass_b == pytest.approx(0.72)
    assert reading.mass_other == pytest.approx(0.1)


def test_a_token_may_carry_the_bracket_and_the_space() -> None:
    for opening in (" [", "[ ", "\n["):
        tops = (f"{opening}accept", 0.75), (f"{opening}resist", 0.25)
        assert read_branches([_position(*tops)], FAR).log_odds == pytest.approx(math.log(3))


def test_the_closing_bracket_tells_an_option_from_the_one_it_begins() -> None:
    positions = [_position(("accept", 1.0)), _position(("]", 0.7), (" fully", 0.2), ("]\n", 0.1))]
    reading = read_branches(positions, NESTED, prefill="[")
    assert reading.mass_a == pytest.approx(0.8)
    assert reading.mass_b == pytest.approx(0.2)


@pytest.mark.parametrize("end", ["", "<|im_end|>", "</s>", "<eos>", "<|eot_id|>", "<end_of_turn>"])
def test_the_end_of_the_reply_decides_for_the_shorter_option(end: str) -> None:
    positions = [_position(("accept", 1.0)), _position((" fully", 0.4), (end, 0.6))]
    reading = read_branches(positions, NESTED)
    assert reading.mass_a == pytest.approx(0.6)
    assert reading.mass_b == pytest.approx(0.4)


def test_an_empty_reply_is_no_option() -> None:
    reading = read_branches([_position(("accept", 0.5), ("<|im_end|>", 0.3), ("res", 0.2))], FAR, prefill="[")
    assert reading.mass_other == pytest.approx(0.3)


def test_a_reply_cut_short_where_the_options_part_stays_open() -> None:
    positions = [_position(("accept", 0.9), ("decline", 0.1))]
    cut = read_branches(positions, NESTED, prefill="[", ended=False)
    assert (cut.mass_a, cut.mass_open, cut.open_text) == (0.0, pytest.approx(0.9), "[accept")
    whole = read_branches(positions, NESTED, prefill="[")
    assert whole.mass_a == pytest.approx(0.9)


def test_words_before_the_bracket_count_for_neither_option() -> None:
    positions = [
        _position(("Sure", 0.8), ("[", 0.2)),
        _position((", [", 1.0)),
        _position(("resist", 0.9), ("accept", 0.1)),
    ]
    reading = read_branches(positions, FAR)
    assert reading.mass_b == pytest.approx(0.72)
    assert reading.mass_a == pytest.approx(0.08)
    assert reading.mass_open == pytest.approx(0.2)


def test_a_preamble_that_begins_like_an_option_is_not_taken_for_it() -> None:
    pair = _pair("immigration up", "borders shut")
    positions = [
        _position(("I", 1.0)),
        _position((" support", 1.0)),
        _position((" [", 1.0)),
        _position(("bor", 0.9), ("imm", 0.1)),
    ]
    reading = read_branches(positions, pair)
    assert reading.mass_a == pytest.approx(0.1)
    assert reading.mass_b == pytest.approx(0.9)


def test_characters_whose_bytes_come_apart_are_joined() -> None:
    """É is C3 89 and é C3 A9: a first token of one byte leaves both options, and the accent, open."""
    first, capital, small = ("\udcc3", "\udc89", "\udca9")
    positions = [
        _position(("[" + first, 1.0)),
        _position((small, 0.5), (capital + "l", 0.3), (capital + "g", 0.2)),
        _position(("lever", 0.6), ("gal", 0.4)),
    ]
    reading = read_branches(positions, ACCENTED)
    assert reading.mass_a == pytest.approx(0.3 + 0.3)
    assert reading.mass_b == pytest.approx(0.2 + 0.2)


def test_half_a_character_tells_options_apart_where_its_bytes_do() -> None:
    pair = _pair("état", "ñandú")  # C3 A9 and C3 B1
    reading = read_branches([_position(("\udcc3", 1.0)), _position(("\udcb1", 0.7), ("\udca9", 0.3))], pair)
    assert reading.mass_b == pytest.approx(0.7)
    assert classify("[\udcc3", _pair("état", "zone")) is Branch.A
    assert classify("[\udce2", _pair("état", "zone")) is Branch.OTHER


def test_half_a_character_is_never_offered_as_text_to_go_on_from() -> None:
    positions = [_position(("x", 0.2), ("\udcc3", 0.8))]
    assert read_branches(positions, ACCENTED, prefill="[").open_text == ""


def test_a_branch_that_was_not_returned_makes_the_log_odds_a_bound() -> None:
    reading = read_branches([_position(("accept", 0.9), ("I", 0.06), ("The", 0.03))], FAR, prefill="[")
    assert reading.censored
    assert reading.unseen == pytest.approx(0.01)
    # what was not returned holds 0.01 in all
    assert reading.log_odds == pytest.approx(math.log(0.9 / 0.01))


def test_the_bound_allows_for_four_spellings_each_as_likely_as_the_least_likely_token_returned() -> None:
    reading = read_branches([_position(("resist", 0.6), ("I", 0.05))], FAR, prefill="[")
    assert reading.unseen == pytest.approx(0.35)
    assert reading.log_odds == pytest.approx(math.log(4 * 0.05 / 0.6))


def test_a_branch_in_several_unreturned_spellings_stays_within_the_bound() -> None:
    """Fourteen tokens, of which a server returns the likeliest three: the truth lies beyond the bound."""
    spread = [(token, 0.004) for token in ("acc", "accept", "Accept", " accept")]
    rest = [(f"word{n}", 0.005) for n in range(7)]
    tops = [("resist", 0.9), ("I", 0.02), ("You", 0.005), *rest, *spread]
    whole = read_branches([_position(*tops)], FAR, prefill="[")
    returned = read_branches([_position(*tops[:3])], FAR, prefill="[")
    assert returned.censored
    assert whole.log_odds <= returned.log_odds < 0


def test_a_bound_never_passes_zero() -> None:
    reading = read_branches([_position(("I", 0.5), ("accept", 0.01))], FAR, prefill="[")
    assert reading.censored
    assert reading.log_odds == pytest.approx(0.0)


def test_a_reply_on_neither_branch_has_no_log_odds() -> None:
    reading = read_branches([_position(("I", 0.9), ("The", 0.1))], FAR)
    assert reading.decided_mass == 0
    assert math.isnan(reading.log_odds)
    assert not reading.censored


def test_what_was_left_open_is_followed_to_its_branches() -> None:
    """The reply went astray; half the mass stayed on what both options begin with."""
    first = read_branches([_position(("I", 0.4), ("a f", 0.5), ("a five", 0.1))], SHARED, prefill="[")
    assert (first.open_text, first.open_text_mass) == ("[a f", pytest.approx(0.5))
    second = read_branches([_position(("our", 0.8), ("ive", 0.2))], SHARED, prefill=first.open_text)
    reading = first.followed(second)
    assert reading.mass_a == pytest.approx(0.4)
    assert reading.mass_b == pytest.approx(0.2)
    assert reading.mass_open == pytest.approx(0.0)
    assert _sum(reading) == pytest.approx(1.0)


def test_the_masses_sum_to_one_whatever_comes() -> None:
    rng = random.Random(5)
    vocabulary = ["[", "]", " ", "a", " f", "our", "ive", "acc", "ept", " fully", "I", "\udcc3", "\udca9", ""]
    vocabulary += ["<|im_end|>", "accept", "[a", "-day week", "élever"]
    for _ in range(2000):
        positions = []
        for _ in range(rng.randrange(1, 7)):
            tokens = rng.sample(vocabulary, rng.randrange(1, 6))
            weights = [rng.expovariate(1) for _ in tokens]
            scale = rng.choice([1.0, rng.random()]) / sum(weights)
            tops = [(t, math.log(w * scale)) for t, w in zip(tokens, weights, strict=True)]
            # the written token need not be among the alternatives
            kept = tops if rng.random() < 0.7 else tops[1:]
            positions.append(Position(*tops[0], alternatives=kept))
        prefill, ended = rng.choice(["", "["]), rng.random() < 0.5
        reading = read_branches(positions, rng.choice(PAIRS), prefill=prefill, ended=ended)
        parts = (reading.mass_a, reading.mass_b, reading.mass_open, reading.mass_other, reading.unseen)
        assert _sum(reading) == pytest.approx(1.0)
        assert all(part >= -1e-12 for part in parts)
        assert reading.open_text_mass <= reading.mass_open + 1e-12


END = "<|im_end|>"


def _cut(text: str, rng: random.Random) -> list[str]:
    """A text in tokens, cut between any two bytes."""
    content = text.encode()
    cuts = [i for i in range(1, len(content)) if rng.random() < rng.choice([0.1, 0.5])]
    parts = [content[i:j] for i, j in itertools.pairwise([0, *cuts, len(content)])]
    return [part.decode("utf-8", "surrogateescape") for part in parts if part]


def _cut_replies(replies: Sequence[str], opening: int, rng: random.Random) -> list[list[str]]:
    """Each reply cut its own way; three times in four with one way for what stands before the options."""
    if rng.random() < 0.25:
        return [[*_cut(reply, rng), END] for reply in replies]
    first = _cut(replies[0][:opening], rng)
    return [[*first, *_cut(reply[opening:], rng), END] for reply in replies]


def _speak(paths: Sequence[tuple[list[str], float]], written: int, start: int) -> list[Position]:
    """The positions a server returns that writes one path of a tree, from its `start`th token on."""
    tokens = paths[written][0]
    positions = []
    for i in range(start, len(tokens)):
        alive = [(path, mass) for path, mass in paths if path[:i] == tokens[:i]]
        total = sum(mass for _, mass in alive)
        tops: dict[str, float] = {}
        for path, mass in alive:
            tops[path[i]] = tops.get(path[i], 0.0) + mass / total
        logs = [(token, math.log(mass)) for token, mass in tops.items()]
        positions.append(Position(tokens[i], math.log(tops[tokens[i]]), logs))
    return positions


@pytest.mark.parametrize("form", ["[{}]", "{}", " [{}].", "[ {} ]", "Sure: [{}]"])
@pytest.mark.parametrize("pair", PAIRS, ids=lambda pair: str(pair.id))
def test_log_odds_do_not_depend_on_how_replies_are_cut_into_tokens(pair: OptionPair, form: str) -> None:
    """300 random tokenizations, each reply cut its own way, byte by byte; either may be the one written.

    Where the tokens part before the texts do, one reply's mass is left open, and following it gives it back.
    """
    rng = random.Random(f"{pair.id}{form}")
    read = 0
    for _ in range(300):
        p = rng.uniform(0.02, 0.98)
        replies = [form.format(option.title() if rng.random() < 0.3 else option) for option in pair.options]
        tokens = _cut_replies(replies, form.index("{"), rng)
        paths = [(tokens[0], 0.9 * p), (tokens[1], 0.9 * (1 - p)), (["I", " cannot", END], 0.1)]
        written = rng.randrange(2)
        reading = read_branches(_speak(paths, written, 0), pair)
        assert _sum(reading) == pytest.approx(1.0)
        if reading.open_text:
            other = 1 - written
            text = ""
            start = next(
                i + 1
                for i, token in enumerate(paths[other][0])
                if (text := text + token) == reading.open_text
            )
            on = read_branches(_speak(paths, other, start), pair, prefill=reading.open_text)
            reading = reading.followed(on)
        if reading.mass_open + reading.mass_other > 0.1 + 1e-9:
            # Parted on a bracket, a space, half a letter or a preamble: nothing of an option to go on from,
            # and the mass is reported as such.
            continue
        read += 1
        assert reading.log_odds == pytest.approx(math.log(p / (1 - p)), abs=1e-9)
        assert reading.decided_mass == pytest.approx(0.9)
    assert read > 150


@pytest.mark.parametrize(
    ("a", "b", "shared"),
    [
        ("a four-day week", "a five-day week", "a"),
        ("accept", "accept fully", "accept"),
        ("accept fully", "Accept", "accept"),
        ("legal aid", "illegal aid", ""),
        ("ban cars in cities", "ban cars on islands", "ban cars"),
        ("acceptable", "accept", ""),
    ],
)
def test_the_shared_beginning_ends_with_a_word(a: str, b: str, shared: str) -> None:
    assert shared_prefix(_pair(a, b)) == shared


@pytest.mark.parametrize(
    "text",
    [
        "I cannot take a side.",
        "I'm sorry, but no.",
        "As an AI, I have no view",
        "I do not have a personal opinion",
    ],
)
def test_refusals_are_recognised(text: str) -> None:
    assert is_refusal(text)


@pytest.mark.parametrize("text", ["[accept]", "Both sides have a point.", "maybe"])
def test_other_replies_are_no_refusals(text: str) -> None:
    assert not is_refusal(text)
