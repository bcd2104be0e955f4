"""Traits: scores from answers, questionnaires from inventories, and the files that inventories come from."""

from __future__ import annotations

import json
import math
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from spinodal import RequestError
from spinodal.traits import (
    DEFAULT_INVENTORY,
    SIGN,
    Inventory,
    Key,
    Profile,
    Questionnaire,
    Statement,
    Trait,
    core_statements,
    example_inventory,
    load_inventory,
    prosociality,
    require_threshold,
)

BANK = load_inventory()
YES = Statement("I help", "kindness", "yes")
NO = Statement("I hinder", "kindness", "no")


def _trait(name: str = "kindness", size: int = 6, valence: Any = "pro") -> Trait:
    yes, no = (tuple(f"{name} {key} {number}" for number in range(size)) for key in ("yes", "no"))
    return Trait(name, valence, yes, no)


# --- scores ---


@pytest.mark.parametrize("inventory", [BANK, Inventory("mine", (_trait(size=7),))], ids=lambda one: one.name)
@pytest.mark.parametrize("p_yes", [0.0, 0.3, 1.0])
def test_saying_yes_with_the_same_probability_to_everything_gives_a_half(
    inventory: Inventory, p_yes: float
) -> None:
    statements = [one for trait in inventory.traits for one in trait.statements()]
    scores = Profile.of((statement, p_yes) for statement in statements).scores
    assert list(scores) == [trait.name for trait in inventory.traits]
    assert list(scores.values()) == pytest.approx([0.5] * len(scores), abs=1e-12)


def test_answering_as_somebody_with_the_trait_gives_one_and_without_it_zero() -> None:
    for has in (1.0, 0.0):
        answers = [(one, has if one.key == "yes" else 1.0 - has) for one in BANK.traits[0].statements()]
        assert Profile.of(answers).scores == {"cooperativeness": has}


def test_either_keying_counts_half_however_many_answered() -> None:
    answers = [(YES, 0.8), (YES, 0.6), (YES, 1.0), (NO, 0.4)]
    assert Profile.of(answers).scores["kindness"] == pytest.approx((0.8 + 0.6) / 2)
    # Yes to everything is a half even where one side lost most of its answers.
    answers = [(YES, 1.0)] * 5 + [(NO, 1.0)] + [(NO, math.nan)] * 4
    assert Profile.of(answers).scores == {"kindness": 0.5}


def test_answers_that_said_neither_are_left_out() -> None:
    with_them = [(YES, math.nan), (YES, 0.9), (NO, 0.3), (NO, math.nan)]
    assert Profile.of(with_them) == Profile.of([(YES, 0.9), (NO, 0.3)])


@pytest.mark.parametrize(
    "answers",
    [
        [(YES, 0.9)],
        [(NO, 0.9)],
        [(YES, 0.9), (NO, math.nan)],
        [(YES, math.nan), (NO, 0.1)],
        [(YES, math.nan), (NO, math.nan)],
    ],
)
def test_a_trait_with_no_answer_of_one_keying_has_no_score(answers: list[tuple[Statement, float]]) -> None:
    profile = Profile.of(answers)
    assert list(profile.scores) == ["kindness"]
    assert math.isnan(profile.scores["kindness"])
    assert profile.to_dict() == {"kindness": None}
    assert profile.core(Inventory("mine", (_trait(),)), 0.0) == []


def test_scores_of_traits_do_not_mix() -> None:
    other = [Statement("a", "honesty", "yes"), Statement("b", "honesty", "no")]
    profile = Profile.of([(YES, 1.0), (other[0], 0.0), (NO, 0.0), (other[1], 0.5)])
    assert profile.scores == {"kindness": 1.0, "honesty": 0.25}
    assert json.loads(json.dumps(profile.to_dict())) == profile.scores


def test_prosociality_is_the_mean_over_pro_social_traits_and_the_others_turned_round() -> None:
    signs = {"kindness": 1, "honesty": 1, "spite": -1, "curiosity": 0}
    scores = {"kindness": 0.9, "honesty": 0.6, "spite": 0.2, "curiosity": 0.0}
    assert prosociality(scores, signs) == pytest.approx((0.9 + 0.6 + 0.8) / 3)
    assert prosociality(scores | {"honesty": math.nan}, signs) == pytest.approx((0.9 + 0.8) / 2)
    assert prosociality({"spite": 0.0}, signs) == 1.0
    assert math.isnan(prosociality({"curiosity": 1.0}, signs))
    assert math.isnan(prosociality({}, signs))


def test_prosociality_of_answers_at_random_of_a_good_and_a_bad_agent() -> None:
    signs = dict(zip(BANK.by_name, BANK.signs, strict=True))
    assert Counter(BANK.signs) == {1: 4, -1: 4, 0: 4}
    for level in (0.0, 0.5, 1.0):
        scores = {trait.name: 0.5 + SIGN[trait.valence] * (level - 0.5) for trait in BANK.traits}
        assert prosociality(scores, signs) == level


# --- strong traits ---

SCORES = {"honesty": 0.86, "fairness": 0.99, "compassion": 0.85, "hostility": 0.95, "curiosity": 0.9}


@pytest.mark.parametrize(
    ("threshold", "literal", "core"),
    [
        (0.85, False, ["fairness", "honesty"]),
        (0.85, True, ["fairness", "hostility", "curiosity", "honesty"]),
        (0.8, False, ["fairness", "honesty", "compassion"]),
        (0.99, True, []),
        (1.0, True, []),
        (0.0, False, ["fairness", "honesty", "compassion"]),
    ],
)
def test_the_core_is_the_traits_above_the_threshold_strongest_first(
    threshold: float, literal: bool, core: list[str]
) -> None:
    assert Profile(SCORES).core(BANK, threshold, literal) == core


def test_equally_strong_traits_stand_in_the_order_of_the_inventory() -> None:
    profile = Profile(dict.fromkeys(reversed(list(BANK.by_name)), 0.9))
    assert profile.core(BANK, 0.85, literal=True) == list(BANK.by_name)


@pytest.mark.parametrize("threshold", [-0.01, 1.01, math.nan, math.inf])
def test_a_threshold_outside_zero_to_one_is_refused(threshold: float) -> None:
    for ask in (require_threshold, lambda value: Profile(SCORES).core(BANK, value)):
        with pytest.raises(RequestError, match=f"threshold of a trait is {threshold}; scores lie in 0 to 1"):
            ask(threshold)


def test_core_statements_are_held_out_ones_keyed_yes_one_of_each_trait_in_turn() -> None:
    questions = BANK.split(4, 2, 0)
    told = core_statements(questions, ["honesty", "fairness"])
    by_trait = {
        name: [s.text for s in questions.held_out if s.trait == name and s.key == "yes"]
        for name in ("honesty", "fairness")
    }
    first, second = by_trait["honesty"], by_trait["fairness"]
    assert told == (first[0], second[0], first[1], second[1])
    assert core_statements(questions, []) == ()


def test_core_statements_of_traits_with_unequal_numbers_are_all_there() -> None:
    held = [Statement(f"a{n}", "a", "yes") for n in range(3)] + [Statement("b0", "b", "yes")]
    questions = Questionnaire(Inventory("mine", (_trait("a"), _trait("b"))), (), tuple(held))
    assert core_statements(questions, ["b", "a"]) == ("b0", "a0", "a1", "a2")


# --- questionnaires ---


@pytest.mark.parametrize(("statements", "reminders"), [(2, 1), (8, 4), (8, 8), (22, 1)])
def test_a_questionnaire_asks_half_of_either_keying_and_holds_others_out(
    statements: int, reminders: int
) -> None:
    for seed in range(10):
        questions = BANK.split(statements, reminders, seed)
        assert questions.traits == list(BANK.by_name)
        for trait in BANK.traits:
            keys: list[tuple[Key, tuple[str, ...]]] = [("yes", trait.yes), ("no", trait.no)]
            for key, texts in keys:
                asked, held = (
                    [s.text for s in part if (s.trait, s.key) == (trait.name, key)]
                    for part in (questions.asked, questions.held_out)
                )
                assert (len(asked), len(held)) == (statements // 2, reminders)
                assert set(asked) | set(held) <= set(texts)
                assert len({*asked, *held}) == statements // 2 + reminders


def test_a_questionnaire_is_reproducible_from_its_seed() -> None:
    assert BANK.split(8, 4, 5) == BANK.split(8, 4, 5)
    draws = {BANK.split(8, 4, seed).asked for seed in range(20)}
    assert len(draws) == 20


def test_every_statement_has_its_chance_to_be_asked_and_to_be_held_out() -> None:
    # One of 288 is absent from 100 draws of 4 of 12 with probability 1e-15: so seldom would this fail.
    asked: set[str] = set()
    held: set[str] = set()
    for seed in range(100):
        questions = BANK.split(8, 4, seed)
        asked |= {s.text for s in questions.asked}
        held |= {s.text for s in questions.held_out}
    assert len(asked) == len(held) == 288


def test_more_reminders_do_not_change_what_is_asked() -> None:
    assert BANK.split(8, 1, 3).asked == BANK.split(8, 8, 3).asked


def test_a_statement_of_two_traits_is_not_held_out_of_one_while_it_is_asked_of_the_other() -> None:
    # Personas of the Model-Written Evaluations share statements.
    shared = tuple(f"shared {number}" for number in range(6))
    one = Trait("one", "pro", (*shared, "one alone", "one besides"), tuple(f"one no {n}" for n in range(8)))
    two = Trait("two", "anti", tuple(f"two yes {n}" for n in range(8)), (*shared, "two alone", "two besides"))
    both = Inventory("mine", (one, two))
    met = 0
    for seed in range(50):
        questions = both.split(6, 1, seed)
        asked, held = ({s.text for s in part} for part in (questions.asked, questions.held_out))
        assert not asked & held
        assert Counter((s.trait, s.key) for s in questions.held_out) == dict.fromkeys(
            [("one", "yes"), ("one", "no"), ("two", "yes"), ("two", "no")], 1
        )
        met += bool(set(shared) & asked) and bool(set(shared) & held)
    assert met > 10  # else this shows nothing


def test_statements_that_other_traits_ask_are_missed_in_a_clear_line() -> None:
    shared = tuple(f"shared {number}" for number in range(4))
    one = Trait("one", "pro", shared, tuple(f"one no {n}" for n in range(4)))
    two = Trait("two", "anti", shared, tuple(f"two no {n}" for n in range(4)))
    # Of seed 0 the two traits ask for different statements, so that fewer than two are left.
    with pytest.raises(RequestError) as refusal:
        Inventory("mine", (one, two)).split(4, 2, 0)
    message = str(refusal.value)
    assert "\n" not in message
    assert "keyed yes that are not asked of another trait" in message
    assert "2 are to be asked and 2 kept" in message


@pytest.mark.parametrize(
    ("statements", "reminders", "told"),
    [
        (8, 9, ["trait cooperativeness has 12 statements keyed yes", "4 are to be asked and 9 kept"]),
        (26, 1, ["trait cooperativeness has 12 statements keyed yes", "13 are to be asked and 1 kept"]),
        (7, 1, ["7 statements a trait", "an even number"]),
        (1, 1, ["1 statements a trait", "an even number"]),
        (0, 1, ["0 statements a trait", "an even number"]),
        (-2, 1, ["-2 statements a trait", "an even number"]),
        (8, 0, ["0 statements a trait to remind with", "1 or more"]),
    ],
)
def test_a_questionnaire_that_cannot_be_drawn_is_refused(
    statements: int, reminders: int, told: list[str]
) -> None:
    with pytest.raises(RequestError) as refusal:
        BANK.split(statements, reminders, 0)
    message = str(refusal.value)
    assert "\n" not in message
    assert [words for words in told if words not in message] == []


def test_the_keying_that_has_too_few_statements_is_named() -> None:
    trait = Trait("patience", "pro", ("a", "b", "c"), ("d", "e"))
    with pytest.raises(RequestError, match=r"trait patience has 2 statements keyed no, but 2 are .* 1 kept"):
        Inventory("mine", (trait,)).split(4, 1, 0)


# --- inventories ---


def test_traits_are_chosen_in_the_order_named() -> None:
    chosen = BANK.choose(["hostility", "honesty"])
    assert [trait.name for trait in chosen.traits] == ["hostility", "honesty"]
    assert chosen.signs == [-1, 1]
    assert chosen.by_name["honesty"] == BANK.by_name["honesty"]


@pytest.mark.parametrize(
    ("names", "told"),
    [
        (
            ["honesty", "hostilty"],
            "no trait 'hostilty' in the inventory spinodal-12; did you mean hostility?",
        ),
        (["Honesty"], "no trait 'Honesty' in the inventory spinodal-12; did you mean honesty?"),
        (["honesty", "fairness", "honesty"], "the trait honesty is chosen twice"),
        ([], "holds no trait"),
    ],
)
def test_a_choice_that_is_none_is_refused(names: list[str], told: str) -> None:
    with pytest.raises(RequestError) as refusal:
        BANK.choose(names)
    assert told in str(refusal.value)
    assert "\n" not in str(refusal.value)


def test_inventories_that_differ_have_different_digests() -> None:
    traits = [
        (_trait(),),
        (_trait(valence="anti"),),
        (_trait("other"),),
        (_trait(size=5),),
        (_trait(), _trait("other")),
        (_trait("other"), _trait()),
        (Trait("kindness", "pro", _trait().no, _trait().yes),),
        (Trait("kindness", "pro", (*_trait().yes, _trait().no[0]), _trait().no[1:]),),
    ]
    assert len({Inventory("mine", some).digest for some in traits}) == len(traits)
    assert Inventory("mine", (_trait(),)).digest == Inventory("renamed", (_trait(),)).digest


def test_a_trait_twice_is_refused() -> None:
    with pytest.raises(RequestError, match="the inventory mine has the trait kindness twice"):
        Inventory("mine", (_trait(), _trait()))


# --- inventory files ---

FILE = """
patience:
  valence: pro
  about: gives things their time
  yes: [I wait, "I let slow things be: slow"]
  no:
    - I press on
    - no
spite:
  valence: anti
  yes: [yes, I sulk]
  no: [I forgive]
"""


def _refusal(folder: Path, text: str | bytes, name: str = "mine.yaml") -> str:
    """The refusal, which is always one line."""
    path = folder / name
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    with pytest.raises(RequestError) as refusal:
        load_inventory(str(path))
    message = str(refusal.value)
    assert "\n" not in message
    return message


def test_an_inventory_of_ones_own_loads_from_a_file(tmp_path: Path) -> None:
    path = tmp_path / "mine.yaml"
    path.write_text(FILE)
    assert load_inventory(str(path)) == Inventory(
        "mine",
        (
            Trait(
                "patience",
                "pro",
                ("I wait", "I let slow things be: slow"),
                ("I press on", "no"),
                "gives things their time",
            ),
            Trait("spite", "anti", ("yes", "I sulk"), ("I forgive",)),
        ),
    )


def test_the_example_loads_and_can_be_asked(tmp_path: Path) -> None:
    path = tmp_path / "example.yaml"
    path.write_text(example_inventory())
    inventory = load_inventory(str(path))
    assert [trait.name for trait in inventory.traits] == ["patience"]
    assert len(inventory.split(2, 1, 0).asked) == 2


def test_the_default_is_our_own_twelve_traits() -> None:
    assert load_inventory() == load_inventory(DEFAULT_INVENTORY)
    assert (BANK.name, len(BANK.traits)) == ("spinodal-12", 12)


OTHER_SIDE = "\n  no: [I press on]"


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("", ["mine", "holds no traits"]),
        ("# only a comment\n", ["mine", "holds no traits"]),
        ("- a\n- b", ["mine", "holds no traits"]),
        ("words", ["mine", "holds no traits"]),
        ("patience: [", ["mine", "not valid YAML"]),
        ("patience:\n\tvalence: pro", ["mine", "not valid YAML"]),
        ("a: \0", ["mine", "not valid YAML"]),
        ("? [a]\n: b", ["mine", "not valid YAML"]),
        ("patience: pro", ["patience", "valence, yes and no", "'pro'"]),
        ("patience:", ["patience", "valence, yes and no", "''"]),
        ("patience:\n  valence: pro\n  yes: [a]", ["patience", "it has 'valence', 'yes'"]),
        ("patience:\n  valence: pro\n  yes: [a]\n  no: [b]\n  keyed: 1", ["patience", "'keyed'"]),
        ("patience:\n  valence: good\n  yes: [a]\n  no: [b]", ["'good'", "pro, anti or neutral"]),
        ("patience:\n  valence: [pro]\n  yes: [a]\n  no: [b]", ["['pro']", "pro, anti or neutral"]),
        ("patience:\n  valence: pro\n  yes: [a]\n  no: []", ["patience", "keyed yes only", "keyed no"]),
        ("patience:\n  valence: pro\n  yes:\n  no: [a]", ["patience", "keyed no only", "keyed yes"]),
        ("patience:\n  valence: pro\n  yes:\n  no:", ["patience", "has no statements"]),
        ("patience:\n  valence: pro\n  yes: a" + OTHER_SIDE, ["patience", "yes is 'a'", "a list"]),
        ("patience:\n  valence: pro\n  yes: {a: b}" + OTHER_SIDE, ["yes is {'a': 'b'}", "a list"]),
        ("patience:\n  valence: pro\n  yes: [{a: b}]" + OTHER_SIDE, ["keyed yes is {'a': 'b'}", "colon"]),
        ("patience:\n  valence: pro\n  yes: [a, ' ']" + OTHER_SIDE, ["keyed yes is ' '"]),
        ("patience:\n  valence: pro\n  yes: [a, a]" + OTHER_SIDE, ["patience", "'a' comes twice"]),
        ("patience:\n  valence: pro\n  yes: [a, b]\n  no: [b]", ["patience", "'b' comes twice"]),
        (FILE + FILE, ["mine has 'patience' twice, again on line 14"]),
        (FILE + "  yes: [I seethe]", ["mine has 'yes' twice, again on line 13"]),
        (b"patience: \xff", ["cannot read the inventory", "mine.yaml"]),
    ],
)
def test_a_malformed_inventory_is_refused_in_a_line_that_says_what(
    tmp_path: Path, text: str | bytes, told: list[str]
) -> None:
    message = _refusal(tmp_path, text)
    assert [words for words in told if words not in message] == []


def test_an_inventory_that_is_nowhere_is_refused(tmp_path: Path) -> None:
    for source in ("spinodal-13", str(tmp_path / "absent.yaml"), "mwee"):
        with pytest.raises(RequestError) as refusal:
            load_inventory(source)
        assert f"no inventory {source!r}" in str(refusal.value)
        assert "spinodal-12" in str(refusal.value)
        assert "\n" not in str(refusal.value)


# --- persona files ---


def _line(statement: Any, answer: Any = " Yes") -> str:
    return json.dumps({"question": "?", "statement": statement, "answer_matching_behavior": answer})


def _persona(folder: Path, *lines: str, name: str = "agreeableness") -> Path:
    (folder / f"{name}.jsonl").write_bytes("\n".join(lines).encode())
    return folder


def test_persona_files_become_traits_by_name(tmp_path: Path) -> None:
    folder = tmp_path / "personas"
    folder.mkdir()
    for name in ("narcissism", "agreeableness", "fond-of-tea"):
        _persona(
            folder, _line(f"I am {name}"), "", _line("I am not", " No"), _line("or  am\n I", "yes"), name=name
        )
    (folder / "README.md").write_text("not a persona")
    inventory = load_inventory(str(folder))
    assert inventory.name == "personas"
    assert [(trait.name, trait.valence) for trait in inventory.traits] == [
        ("agreeableness", "pro"),
        ("fond-of-tea", "neutral"),
        ("narcissism", "anti"),
    ]
    assert inventory.by_name["narcissism"].yes == ("I am narcissism", "or am I")
    assert inventory.by_name["narcissism"].no == ("I am not",)


def test_a_statement_that_a_persona_file_repeats_counts_once(tmp_path: Path) -> None:
    lines = [_line("a"), _line("b", " No"), _line(" a "), _line("a", " No"), _line("b", " No")]
    [trait] = load_inventory(str(_persona(tmp_path, *lines))).traits
    assert (trait.yes, trait.no) == (("a",), ("b",))


def test_a_statement_may_hold_what_elsewhere_ends_a_line(tmp_path: Path) -> None:
    line = '{"statement": "a\u2028b\u0085c", "answer_matching_behavior": " Yes"}'
    folder = _persona(tmp_path, line + "\r", _line("d", " No") + "\r")
    [trait] = load_inventory(str(folder)).traits
    assert trait.yes == ("a b c",)


@pytest.mark.parametrize(
    ("line", "told"),
    [
        ("{", "JSONDecodeError"),
        ("<!DOCTYPE html>", "JSONDecodeError"),
        ("[1, 2]", "TypeError"),
        ("7", "TypeError"),
        ("null", "TypeError"),
        ('{"answer_matching_behavior": " Yes"}', "'statement'"),
        ('{"statement": "a"}', "'answer_matching_behavior'"),
        (_line("a", " Maybe"), "'maybe'"),
        (_line("a", None), "'none'"),
        (_line("a", ""), "''"),
        (_line(None), "AttributeError"),
        (_line(["a"]), "AttributeError"),
    ],
)
def test_a_malformed_line_of_a_persona_file_is_refused_with_its_number(
    tmp_path: Path, line: str, told: str
) -> None:
    _persona(tmp_path, _line("\u2028 fine"), "", _line("fine too", " No"), line, _line("more"))
    with pytest.raises(RequestError) as refusal:
        load_inventory(str(tmp_path))
    message = str(refusal.value)
    assert "\n" not in message
    assert f"{tmp_path / 'agreeableness.jsonl'}, line 4: " in message
    assert told in message
    assert "Yes or No" in message


def test_a_persona_of_one_keying_only_or_of_none_is_refused(tmp_path: Path) -> None:
    with pytest.raises(RequestError, match="trait agreeableness has statements keyed yes only"):
        load_inventory(str(_persona(tmp_path, _line("a"), _line("b"))))
    with pytest.raises(RequestError, match="trait agreeableness has no statements"):
        load_inventory(str(_persona(tmp_path, "")))


def test_a_folder_without_personas_and_a_file_that_is_no_text_are_refused(tmp_path: Path) -> None:
    with pytest.raises(RequestError, match="holds no persona files") as refusal:
        load_inventory(str(tmp_path))
    assert str(tmp_path) in str(refusal.value)
    (tmp_path / "agreeableness.jsonl").write_bytes(b'{"statement": "\xff"}')
    with pytest.raises(RequestError, match=r"cannot read the persona file .*agreeableness\.jsonl"):
        load_inventory(str(tmp_path))


# --- the sample of the Model-Written Evaluations ---


@pytest.fixture(scope="module")
def personas(shared_data: Path) -> Inventory:
    folder = shared_data / "mwe"
    if not folder.is_dir():
        pytest.skip(
            f"no persona files at {folder}: the reference data lack their folder mwe (see CONTRIBUTING)"
        )
    return load_inventory(str(folder))


def test_the_published_personas_load_with_statements_enough_of_either_keying(personas: Inventory) -> None:
    assert len(personas.traits) == 14
    assert {1, -1, 0} == set(personas.signs)
    for seed in range(3):
        questions = personas.split(8, 4, seed)
        for part, size in ((questions.asked, 4), (questions.held_out, 4)):
            counts = Counter((one.trait, one.key) for one in part)
            assert counts == {(trait.name, key): size for trait in personas.traits for key in ("yes", "no")}
        assert not {one.text for one in questions.asked} & {one.text for one in questions.held_out}


def test_the_published_personas_share_statements_that_are_never_asked_and_held_out(
    personas: Inventory,
) -> None:
    counts = Counter(one.text for trait in personas.traits for one in trait.statements())
    shared = {text for text, count in counts.items() if count > 1}
    assert len(shared) > 50
    questions = personas.split(800, 50, 0)
    asked, held = ({s.text for s in part} for part in (questions.asked, questions.held_out))
    assert asked & shared
    assert not asked & held


def test_an_agent_that_says_the_same_to_everything_has_none_of_the_published_personas(
    personas: Inventory,
) -> None:
    questions = personas.split(8, 4, 0)
    for p_yes in (1.0, 0.0):
        profile = Profile.of((statement, p_yes) for statement in questions.asked)
        assert profile.scores == dict.fromkeys(personas.by_name, 0.5)
        assert profile.core(personas, 0.5, literal=True) == []
        assert prosociality(profile.scores, dict(zip(personas.by_name, personas.signs, strict=True))) == 0.5
