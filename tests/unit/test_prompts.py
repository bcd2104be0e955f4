"""Prompt templates: what a prompt shows, what its seed decides, and how a user's own is refused."""

from __future__ import annotations

import re
import string
from collections import Counter
from pathlib import Path

import pytest

from spinodal import RequestError
from spinodal.agents import AgentSpec
from spinodal.measure.prompts import DEFAULT_TEMPLATE, Listed, PromptTemplate, load_template, template_names
from spinodal.measure.task import MeasurementPlan
from spinodal.pairs import OptionPair

PAIR = OptionPair("week", "work", "a four-day week", "a five-day week")
NAMED = [name for name in template_names() if name != "counts"]


def _plan(**changes: object) -> MeasurementPlan:
    settings: dict[str, object] = {
        "agent": AgentSpec(model="synthetic/"),
        "pairs": (PAIR,),
        "template": load_template(DEFAULT_TEMPLATE),
    }
    return MeasurementPlan(**(settings | changes))


def _entries(text: str) -> Counter[str]:
    """Lines that name one option, by option."""
    found: Counter[str] = Counter()
    for line in text.splitlines():
        named = [option for option in PAIR.options if option in line]
        if len(named) == 1:
            found[named[0]] += 1
    return found


def test_the_family_holds_the_wordings_of_the_design() -> None:
    assert set(template_names()) == {"counts", "discussion", "minimal", "peers", "study", "survey"}
    assert DEFAULT_TEMPLATE in template_names()


def test_digests_tell_wordings_apart_and_stay() -> None:
    digests = {load_template(name).digest for name in template_names()}
    assert len(digests) == len(template_names())
    one = PromptTemplate("one", "{peers}")
    assert one.digest == PromptTemplate("other name", "{peers}").digest
    assert one.digest != PromptTemplate("one", "{peers} ").digest


@pytest.mark.parametrize("name", NAMED)
@pytest.mark.parametrize("listed", ["ab", "ba", ""])
def test_every_peer_is_an_entry_and_none_is_counted_twice(name: str, listed: Listed) -> None:
    prompt = load_template(name).render(PAIR, 7, 20, seed=3, listed=listed)
    assert _entries(prompt.text) == {PAIR.option_a: 7, PAIR.option_b: 13}
    assert (prompt.n_a, prompt.n_peers, prompt.m) == (7, 20, pytest.approx(-0.3))


@pytest.mark.parametrize("name", NAMED)
def test_the_options_are_listed_in_the_order_asked_or_not_at_all(name: str) -> None:
    def listing(listed: Listed) -> list[str]:
        text = load_template(name).render(PAIR, 10, 20, seed=3, listed=listed).text
        return [line for line in text.splitlines() if all(option in line for option in PAIR.options)]

    [a_first], [b_first] = listing("ab"), listing("ba")
    assert a_first.index(PAIR.option_a) < a_first.index(PAIR.option_b)
    assert b_first.index(PAIR.option_b) < b_first.index(PAIR.option_a)
    assert listing("") == []


def test_counts_shows_totals_in_the_order_asked() -> None:
    template = load_template("counts")

    def totals(listed: Listed, seed: int = 3) -> list[str]:
        return re.findall(
            r"^\d+ agents: \[.*\]$",
            template.render(PAIR, 7, 20, seed=seed, listed=listed).text,
            re.MULTILINE,
        )

    a_first = ["7 agents: [a four-day week]", "13 agents: [a five-day week]"]
    assert totals("ab") == a_first
    assert totals("ba") == a_first[::-1]
    unlisted = [totals("", seed)[0] for seed in range(200)]
    # fair coin over 200 seeds: outside 70..130 with probability below 3e-5
    assert 70 <= unlisted.count(a_first[0]) <= 130


@pytest.mark.parametrize("name", template_names())
def test_the_same_seed_gives_the_same_prompt_and_another_seed_another(name: str) -> None:
    template = load_template(name)
    first, again, other = (template.render(PAIR, 8, 20, seed=s, listed="ab").text for s in (1, 1, 2))
    assert first == again
    assert (first != other) == (name != "counts")


def test_a_prompt_is_the_same_on_every_machine() -> None:
    text = PromptTemplate("t", "{peers}").render(PAIR, 1, 3, seed=7, listed="ab").text
    assert text == "kb: a five-day week\nvc: a four-day week\npx: a five-day week"


def test_names_are_distinct_pairs_of_letters_and_longer_only_in_a_crowd() -> None:
    template = PromptTemplate("t", "{peers}", peer="{name} {opinion}")
    for count, length in ((2, 2), (20, 2), (338, 2), (339, 3)):
        text = template.render(PAIR, 1, count, seed=0, listed="").text
        names = [line.split()[0] for line in text.splitlines()]
        assert len(set(names)) == count
        assert all(len(name) == length and set(name) <= set(string.ascii_lowercase) for name in names)


def test_the_order_of_the_entries_is_shuffled() -> None:
    """The first entry is A with probability 1/2: over 400 seeds outside 150..250 below 1e-6."""
    template = PromptTemplate("t", "{peers}")
    first = [
        PAIR.option_a in template.render(PAIR, 10, 20, seed=s, listed="").text.splitlines()[0]
        for s in range(400)
    ]
    assert 150 <= sum(first) <= 250


def test_text_with_braces_in_an_option_is_shown_as_it_is() -> None:
    pair = OptionPair("braces", "code", "use {name}", "use {0}")
    text = PromptTemplate("t", "{options}{peers}", options="{first} or {second}\n").render(
        pair, 1, 2, seed=0, listed="ab"
    )
    assert text.text.startswith("use {name} or use {0}\n")


def test_draws_of_a_plan_differ_by_pair_and_number_and_hold_across_runs() -> None:
    plan = _plan(seed=4)
    other = OptionPair("other", "work", *PAIR.options)
    seeds = {plan.prompt(pair, draw, 10, "ab").seed for pair in (PAIR, other) for draw in range(500)}
    assert len(seeds) == 1000
    assert plan.prompt(PAIR, 3, 10, "ab") == _plan(seed=4).prompt(PAIR, 3, 10, "ab")
    assert plan.prompt(PAIR, 3, 10, "ab").seed != _plan(seed=5).prompt(PAIR, 3, 10, "ab").seed


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"n_peers": 1}, "1 peers are too few"),
        ({"pairs": ()}, "no option pairs"),
        ({"budget": 1}, "budget is 1"),
        ({"budget": 9, "design": "grid"}, "budget is 9"),
        ({"width": 0.0}, "0.0"),
        ({"width": float("nan")}, "nan"),
        ({"seed": -1}, "seed is -1"),
    ],
)
def test_a_plan_that_makes_no_sense_is_refused_when_it_is_made(changes: dict[str, object], said: str) -> None:
    with pytest.raises(RequestError, match=re.escape(said)):
        _plan(**changes)


def test_a_budget_is_never_overspent() -> None:
    for design in ("grid", "adaptive"):
        for budget in (10, 19, 60, 200):
            made = _plan(design=design, budget=budget).make_design()
            assert max(made.max_calls("logprob"), made.max_calls("sample")) <= budget


def test_a_user_s_template_is_read_from_its_file(tmp_path: Path) -> None:
    file = tmp_path / "mine.yaml"
    file.write_text('peer: "- {opinion}"\ntext: |\n  {n_agents} agents, {n_peers} others\n  {peers}\n')
    template = load_template(str(file))
    assert template.name == "mine"
    lines = template.render(PAIR, 2, 2, seed=0, listed="ab").text.splitlines()
    assert lines == ["3 agents, 2 others", "- a four-day week", "- a four-day week"]


@pytest.mark.parametrize(
    ("content", "said"),
    [
        ("text: hello\n", "shows no peers"),
        ("text: '{count_first} {first}'\n", "shows no peers"),
        ("text: '{peers}'\npeer: '{name}'\n", "must hold {opinion}"),
        ("text: '{pears}'\n", "did you mean {peers}?"),
        ("text: '{peers} {0}'\n", "unknown field {0}"),
        ("text: '{peers'\n", "odd brace"),
        ("text: '{peers} }'\n", "odd brace"),
        ("text: '{peers}'\noptions: '{third}'\n", "unknown field {third}"),
        ("text: '{peers}'\ncolour: red\n", "unknown key 'colour'"),
        ("text: 3\n", "`text` is 3"),
        ("text:\n", "`text` is None"),
        ("peer: '{opinion}'\n", "needs the key `text`"),
        ("- text\n", "needs the key `text`"),
        ("", "needs the key `text`"),
        ("text: a: b: {peers}\n", "line 1: not valid YAML"),
        ("text: '{peers.real}'\n", "unknown field {peers.real}"),
        ("text: '{peers!x}'\n", "formats the field"),
        ("text: '{n_peers:q} {peers}'\n", "formats the field"),
        ("text: '{peers:>{n_peers}}'\n", "formats the field"),
    ],
)
def test_a_malformed_template_is_refused_in_one_line(tmp_path: Path, content: str, said: str) -> None:
    file = tmp_path / "mine.yaml"
    file.write_text(content)
    with pytest.raises(RequestError, match=re.escape(said)) as error:
        load_template(str(file))
    assert "\n" not in str(error.value)
    assert "mine" in str(error.value)


def test_a_file_that_cannot_be_read_is_refused(tmp_path: Path) -> None:
    with pytest.raises(RequestError, match="cannot read template"):
        load_template(str(tmp_path / "none.yaml"))
    (tmp_path / "latin.yaml").write_bytes(b"text: '\xe9 {peers}'")
    with pytest.raises(RequestError, match="cannot read template"):
        load_template(str(tmp_path / "latin.yaml"))


def test_an_unknown_name_is_refused_with_the_nearest() -> None:
    with pytest.raises(RequestError, match="did you mean 'survey'"):
        load_template("surveys")
