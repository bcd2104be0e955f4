"""Shares of attention: whose words each token is of, the arithmetic, and what conversations come to."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

import contagion_runs_made
from attention_made import MadeWeights, chatml
from spinodal import RequestError
from spinodal.attention import (
    ATTENTION_COLUMNS,
    SEGMENTS,
    Conversation,
    Journal,
    OwnTurn,
    left_out,
    measure_attention,
    read_attention,
    relative,
    run_conversations,
    segment_shares,
    sinks,
    stripped,
    summarise,
    token_lengths,
    transcript_conversations,
)
from spinodal.attention._rendering import NUMBER, rendered, require_covered, token_labels
from spinodal.attention._segments import chat_turns
from spinodal.guards import Guard, Message, make_guard
from spinodal.measure.chat import to_chat
from spinodal.response import FloatArray

PROMPT = "Be kind. Be brief."
TALK = (
    Message("system", PROMPT),
    Message("user", "The rules are few."),
    Message("user", "I say no.", speaker="Jade"),
    Message("assistant", "I say yes."),
    Message("user", "user\nRound 2"),
    Message("user", "Still no.\nNever.", speaker="Teal Two"),
    Message("assistant", "Yes again."),
    Message("user", "Round 3"),
    Message("assistant", "[Jade: stag]"),
)


def _conversation(guard: Guard | None = None, *, name: str = "none", repetition: int = 0) -> Conversation:
    turns = []
    for at, message in enumerate(TALK):
        if message.role == "assistant":
            view = list(TALK[:at]) if guard is None else guard.apply(list(TALK[:at]))
            turns.append(OwnTurn(len(turns) + 1, "reply", tuple(view), message.content))
    return Conversation("talk", tuple(turns), PROMPT, name, repetition=repetition)


def _segment_words(messages: Sequence[Message]) -> dict[str, str]:
    """The text of each segment in a rendered conversation."""
    text, labels = rendered(chat_turns(messages, PROMPT), chatml)
    return {
        segment: "".join(char for char, label in zip(text, labels, strict=True) if label == number)
        for segment, number in NUMBER.items()
    }


# The arithmetic


def test_shares_of_a_known_attention() -> None:
    labels = np.array([NUMBER["first"], NUMBER["system"], NUMBER["system"], NUMBER["reply"]], dtype=np.int8)
    shares = segment_shares([0.5, 0.2, 0.1, 0.2], labels)
    assert dict(zip(SEGMENTS, shares.round(12), strict=True)) == {
        "first": 0.5, "template": 0.0, "system": 0.3, "guard": 0.0, "host": 0.0, "peers": 0.0, "own": 0.0,
        "reply": 0.2,
    }  # fmt: skip


def test_lengths_are_what_attention_on_all_alike_would_give() -> None:
    # Position 1 sees two tokens, position 3 four.
    assert token_lengths([1, 3], 5) == pytest.approx([0.375, 0.375, 0.125, 0.125, 0.0])


def test_leaving_out_the_sinks_shares_the_rest_anew() -> None:
    shares = np.array([[0.5, 0.3, 0.2]])
    assert left_out(shares, np.array([[0.5, 0.1, 0.0]])) == pytest.approx(np.array([[0.0, 0.5, 0.5]]))
    assert np.isnan(left_out(shares, shares)).all()


def test_a_segment_without_tokens_has_no_relative_share() -> None:
    found = relative(np.array([0.2, 0.0]), np.array([0.1, 0.0]))
    assert found[0] == pytest.approx(2.0)
    assert np.isnan(found[1])


def test_sinks_are_told_by_their_norm_and_the_first_token_is_one() -> None:
    norms = np.ones((3, 6))
    norms[1, 4] = 4.5
    norms[2, 2] = 3.5
    assert sinks(norms).tolist() == [True, False, False, False, True, False]


# Whose words


def test_every_character_has_its_owner() -> None:
    assert _segment_words(TALK) == {
        "first": "",
        "template": "<|system|>\n<|end|>\n<|user|>\n<|end|>\n<|assistant|>\n<|end|>\n<|user|>\n<|end|>\n"
        "<|assistant|>\n<|end|>\n<|user|>\n<|end|>\n<|assistant|>\n<|end|>\n<|assistant|>\n",
        "system": PROMPT,
        "guard": "",
        "host": "The rules are few.user\nRound 2Round 3",
        "peers": "\n\nJade: I say no.\n\nTeal Two: Still no.\nNever.",
        "own": "I say yes.Yes again.[Jade: stag]",
        "reply": "",
    }


def test_a_reminder_that_repeats_the_system_prompt_is_the_guards() -> None:
    shown = make_guard("system-prompt:every=1,first=1", retained=True).apply(list(TALK[:-1]))
    words = _segment_words(shown)
    assert words["system"] == PROMPT
    assert words["guard"].count(PROMPT) == 2


def test_words_at_the_end_of_the_system_prompt_are_the_guards() -> None:
    guard = make_guard("system-prompt:every=1,placement=lead-system")
    words = _segment_words(guard.apply(list(TALK[:6])))
    assert words["system"] == PROMPT
    assert words["guard"].strip().startswith(PROMPT)


def test_of_a_quotation_the_heading_is_the_guards_and_the_rest_the_peers() -> None:
    words = _segment_words(make_guard("trust-boundary").apply(list(TALK[:3])))
    assert "Jade" in words["guard"]
    assert "I say no." not in words["guard"]
    assert words["peers"].endswith("\n> I say no.")


@pytest.mark.parametrize(
    "spec", [None, "system-prompt:every=1", "trust-boundary", "trust-boundary+system-prompt:every=1"]
)
def test_messages_are_joined_as_the_model_is_shown_them(spec: str | None) -> None:
    shown = list(TALK) if spec is None else make_guard(spec, retained=True).apply(list(TALK))
    assert [(one.role, one.content) for one in chat_turns(shown, PROMPT)] == [
        (one.role, one.text) for one in to_chat(shown)
    ]


def test_a_template_that_trims_messages_is_followed() -> None:
    def trimming(messages: Sequence[Mapping[str, str]]) -> str:
        return chatml([{**one, "content": one["content"].strip()} for one in messages])

    text, labels = rendered(chat_turns([Message("user", "  spaced\n")]), trimming)
    host = labels == NUMBER["host"]
    assert "".join(np.array(list(text))[host]) == "spaced"


def test_a_template_that_drops_a_message_is_refused() -> None:
    def dropping(messages: Sequence[Mapping[str, str]]) -> str:
        return chatml([one for number, one in enumerate(messages) if one["role"] != "system" or number == 0])

    late = [*TALK[:3], Message("system", "Remember.", guard="text")]
    with pytest.raises(RequestError, match=r"drops message 3 of 3 \(system\)"):
        rendered(chat_turns(late, PROMPT), dropping)


def test_a_template_that_rewrites_messages_is_refused() -> None:
    def shouting(messages: Sequence[Mapping[str, str]]) -> str:
        return chatml([{**one, "content": one["content"].replace("no", "NO")} for one in messages])

    with pytest.raises(RequestError, match="rewrites messages"):
        rendered(chat_turns(TALK, PROMPT), shouting)


def test_a_token_is_of_the_segment_of_most_of_its_characters() -> None:
    labels = np.array([1, 1, 2, 2, 2, 5], dtype=np.int8)
    assert token_labels(labels, [(0, 3), (1, 5), (4, 6), (6, 6)]).tolist() == [1, 2, 5, 5]


def test_a_tokenizer_that_loses_its_place_is_refused() -> None:
    with pytest.raises(RequestError, match="which characters"):
        token_labels(np.zeros(4, dtype=np.int8), [(2, 4), (0, 2)])
    require_covered("a b", [(0, 1), (2, 3)])
    with pytest.raises(RequestError, match="leaves out characters at 'abc'"):
        require_covered("abc", [(0, 1), (2, 3)])


# Conversations


def test_attention_on_all_alike_is_one_times_the_length_of_everything() -> None:
    table = measure_attention([_conversation()], MadeWeights(large=frozenset({"kind"})))
    assert tuple(table.columns) == ATTENTION_COLUMNS
    assert table["share"].to_numpy() == pytest.approx(table["length"].to_numpy())
    assert table["sink_share"].to_numpy() == pytest.approx(table["sink_length"].to_numpy())
    by_layer = table.groupby(["turn", "layer"])
    assert by_layer["share"].sum().to_numpy() == pytest.approx(np.ones(6))
    assert by_layer["length"].sum().to_numpy() == pytest.approx(np.ones(6))
    values = summarise(table).values
    for suffix in ("", "_without_first", "_without_sinks"):
        assert values[f"relative{suffix}/system"].to_numpy() == pytest.approx(np.ones(3))


def test_segments_count_every_token_once() -> None:
    weights = MadeWeights()
    table = measure_attention([_conversation()], weights)
    last = table[(table["turn"] == 3) & (table["layer"] == 0)]
    assert last["segment_tokens"].sum() == weights.read[0]
    reply = int(last.loc[last["segment"] == "reply", "segment_tokens"].iloc[0])
    assert reply == len(weights.tokens("[Jade: stag]")[0])
    assert last["tokens"].iloc[0] == weights.read[0] - reply


def test_a_sink_within_the_system_prompt_is_told_apart() -> None:
    weights = MadeWeights(large=frozenset({"kind"}))
    weights.tokens("kind")  # number 0
    weights.look = lambda layer, ids: np.where(ids == 0, 90.0, 1.0)
    # At one position: over several, sinks leave more or less of each, and shares of the rest weigh by that.
    found = summarise(measure_attention([_conversation()], weights, queries="start"))
    for turn in (1, 2, 3):
        level = found.level("system", turn)
        assert level is not None
        assert level.values["relative"][0] > 3.0
        assert level.values["relative_without_sinks"][0] == pytest.approx(1.0)


@pytest.mark.parametrize("queries", ["reply", "start"])
def test_the_positions_that_look_are_those_that_predict_the_reply(queries: str) -> None:
    asked: list[Sequence[int]] = []

    class Watched(MadeWeights):
        def attend(self, ids, positions, take):  # type: ignore[no-untyped-def]
            asked.append(list(positions))
            return super().attend(ids, positions, take)

    weights = Watched()
    table = measure_attention([_conversation()], weights, queries=queries)  # type: ignore[arg-type]
    prompts = sorted(set(table["tokens"]))
    replies = [len(weights.tokens(turn.reply)[0]) for turn in _conversation().turns]
    wanted = [
        at
        for prompt, reply in zip(prompts, replies, strict=True)
        for at in range(prompt - 1, prompt - 1 + (reply if queries == "reply" else 1))
    ]
    assert asked == [wanted]


def test_turns_that_continue_one_another_are_read_at_once_and_come_out_the_same() -> None:
    def look(layer: int, ids: FloatArray) -> FloatArray:
        return 1.0 + np.sin(ids + layer) ** 2

    together, apart = MadeWeights(look), MadeWeights(look)
    conversation = _conversation()
    one = measure_attention([conversation], together)
    each = [Conversation("talk", (turn,), PROMPT, repetition=0) for turn in conversation.turns]
    pd.testing.assert_frame_equal(one, measure_attention(each, apart))
    assert (len(together.read), len(apart.read)) == (1, 3)


def test_reminders_shown_at_their_turn_alone_are_read_turn_by_turn() -> None:
    weights = MadeWeights()
    guard = make_guard("system-prompt:every=1,first=0")
    table = measure_attention([_conversation(guard, name="system-prompt")], weights)
    words = table[(table["segment"] == "guard") & (table["layer"] == 0)]["segment_tokens"]
    assert len(weights.read) == 3
    assert set(words) == {len(weights.tokens(PROMPT)[0])}


def test_a_measurement_that_was_stopped_goes_on_from_there(tmp_path: Path) -> None:
    def look(layer: int, ids: FloatArray) -> FloatArray:
        return 1.0 + np.sin(ids + layer) ** 2

    talks = [_conversation(), _conversation(make_guard("system-prompt:every=1"), name="system-prompt")]
    whole = measure_attention(talks, MadeWeights(look))
    first = Journal(tmp_path / "unfinished.parquet")
    measure_attention(talks[:1], MadeWeights(look), journal=first)
    first.save()
    again, weights = Journal(tmp_path / "unfinished.parquet"), MadeWeights(look)
    pd.testing.assert_frame_equal(measure_attention(talks, weights, journal=again), whole)
    assert len(weights.read) == 2  # of the second alone: its first turn, which no reminder precedes, is known
    other = MadeWeights(look, name="another")
    measure_attention(talks[:1], other, journal=again)
    assert len(other.read) == 1
    again.finish()
    assert list(tmp_path.iterdir()) == []


def test_a_conversation_longer_than_the_model_reads_is_refused() -> None:
    with pytest.raises(RequestError, match=r"turn 3 takes \d+ tokens, and made reads 80 at once"):
        measure_attention([_conversation()], MadeWeights(window=80))


@pytest.mark.parametrize(
    "spec", ["trust-boundary", "system-prompt:every=1,first=0", "trust-boundary+system-prompt:every=1"]
)
def test_taking_the_guards_words_out_leaves_what_was_said(spec: str) -> None:
    guarded = _conversation(make_guard(spec, retained=True), name=spec)
    assert [turn.view for turn in stripped(guarded).turns] == [turn.view for turn in _conversation().turns]


# Sums


def _made_table(shares: Mapping[tuple[str, int, int], float]) -> pd.DataFrame:
    """A table in which the system prompt has a given share, by guard, repetition and turn."""
    rows = []
    for (guard, repetition, turn), share in shares.items():
        found = dict.fromkeys(SEGMENTS, 0.0) | {"first": 0.5, "system": share, "host": 0.5 - share}
        if guard != "none":
            found |= {"guard": 0.1, "host": 0.4 - share}
        for layer in range(2):
            rows += [
                {
                    "model": "made", "queries": "reply", "conversation": f"{guard}{repetition}",
                    "game": "stag", "opponents": "bots", "guard": guard, "stripped": False,
                    "repetition": repetition,
                    "turn": turn, "kind": "message", "tokens": 100, "layer": layer, "segment": segment,
                    "segment_tokens": 10, "sink_tokens": 0,
                    "share": value + (0.02, -0.02)[layer] * {"system": -1, "host": 1}.get(segment, 0),
                    "sink_share": value if segment == "first" else 0.0,
                    "length": 0.125, "sink_length": 0.125 if segment == "first" else 0.0,
                }
                for segment, value in found.items()
            ]  # fmt: skip
    return pd.DataFrame(rows, columns=list(ATTENTION_COLUMNS))


SHARES = {
    ("none", 0, 1): 0.20, ("none", 1, 1): 0.24, ("none", 2, 1): 0.22,
    ("none", 0, 3): 0.10, ("none", 1, 3): 0.12, ("none", 2, 3): 0.11,
    ("system-prompt", 0, 1): 0.15, ("system-prompt", 1, 1): 0.20, ("system-prompt", 2, 1): 0.16,
    ("system-prompt", 0, 3): 0.08, ("system-prompt", 1, 3): 0.07,
}  # fmt: skip


def test_levels_average_over_layers_and_games() -> None:
    found = summarise(_made_table(SHARES))
    level = found.level("system", 1)
    assert level is not None
    assert level.values["share"][0] == pytest.approx(0.22)
    assert level.values["relative"][0] == pytest.approx(0.22 / 0.125)
    assert level.values["share_without_first"][0] == pytest.approx(0.44)
    assert level.values["relative_without_first"][0] == pytest.approx(0.44 / (0.125 / 0.875))
    low, high = level.values["share"][1]
    assert low < 0.22 < high
    assert found.by_layer("share", "system", 1) == pytest.approx([0.20, 0.24])
    assert found.beside_sinks("system", 1) == pytest.approx(0.22)


def test_contrasts_are_taken_between_games_of_one_number() -> None:
    found = summarise(_made_table(SHARES))
    course = found.contrast("course", "system", "share", "message")
    assert course is not None
    assert course.effect.estimate == pytest.approx((-0.10 - 0.12 - 0.11) / 3)
    # Game 2 has no third turn under the guard: its first alone is compared.
    played = found.contrast("played", "system", "share", "message", "system-prompt")
    assert played is not None
    assert played.effect.games == 3
    assert played.effect.estimate == pytest.approx(((-0.05 - 0.02) / 2 + (-0.04 - 0.05) / 2 - 0.06) / 3)
    together = found.contrast("played", "system+guard", "share", "message", "system-prompt")
    assert together is not None
    assert together.effect.estimate == pytest.approx(played.effect.estimate + 0.1)
    assert found.contrast("words", "system", "share", "message", "system-prompt") is None


def test_one_conversation_has_no_interval_and_json_takes_that() -> None:
    found = summarise(_made_table({("none", 0, 1): 0.2, ("none", 0, 3): 0.1})).to_dict()
    told = json.loads(json.dumps(found, allow_nan=False))
    level = next(one for one in told["levels"] if one["segment"] == "system")
    assert level["share"] == {"estimate": pytest.approx(0.2), "interval": None}
    assert told["conversations"] == 1
    assert "20.0% at turn 1 and 10.0% at turn 3" in told["sentences"][0]


def test_a_conversation_without_a_system_prompt_says_so() -> None:
    bare = Conversation("bare", (OwnTurn(1, "reply", (Message("user", "Hello."),), "Hi."),), None)
    found = summarise(measure_attention([bare], MadeWeights()))
    assert found.sentences == ("Replying: there is no system prompt to look at.",)


# Where conversations come from


def test_a_study_gives_the_games_that_every_guard_was_played_with(tmp_path: Path) -> None:
    run = contagion_runs_made.write(
        tmp_path, others=("always-defect", "transcript"), repetitions=2, games=("stag-hunt",)
    )
    found = run_conversations(run)
    assert {one.opponents for one in found} == {"malicious", "benevolent"}
    assert len(found) == 2 * 2 * (1 + 2 * 2)
    one = found[0]
    assert [turn.kind for turn in one.turns] == ["message", "decision"] * 3
    assert one.turns[1].reply == "[Jade: stag] [Teal: hare]"
    assert one.turns[0].view[-1].speaker == "Teal"
    of_one = run_conversations(run, guards=["system-prompt"], opponents=["malicious"], games=1, strip=False)
    assert [one.name for one in of_one] == [
        "stag-hunt/malicious/none/0",
        "stag-hunt/malicious/system-prompt/0",
    ]
    alone = run_conversations(run, guards=["none"])
    assert {one.opponents for one in alone} == {"malicious", "benevolent", "always-defect"}


def test_a_study_is_measured_with_the_guard_and_without_its_words(tmp_path: Path) -> None:
    run = contagion_runs_made.write(tmp_path, repetitions=2, guards={"system-prompt": 0.0})
    found = summarise(measure_attention(run_conversations(run), MadeWeights()))
    words = found.contrast("words", "system", "share", "message", "system-prompt")
    own = found.contrast("words", "guard", "share", "message", "system-prompt")
    assert words is not None
    assert own is not None
    assert words.effect.estimate < 0.0 < own.effect.estimate
    assert words.effect.games == 4  # two games of two numbers, opponents taken together


def test_what_a_study_does_not_have_is_named(tmp_path: Path) -> None:
    run = contagion_runs_made.write(tmp_path, repetitions=1, silent=("implicit-traits:threshold=0.9",))
    with pytest.raises(RequestError, match=r"no guard 'system-promt'; did you mean system-prompt\?"):
        run_conversations(run, guards=["system-promt"])
    with pytest.raises(RequestError, match="no opponents 'benign'"):
        run_conversations(run, opponents=["benign"])
    with pytest.raises(RequestError, match=r"no game with the guard implicit-traits:threshold=0\.9"):
        run_conversations(run, guards=["implicit-traits:threshold=0.9"])


def test_words_that_are_not_on_record_turn_by_turn_are_refused(tmp_path: Path) -> None:
    lead = contagion_runs_made.write(tmp_path / "lead", repetitions=1, placement="lead-system")
    with pytest.raises(RequestError, match="speaks in the first system message"):
        run_conversations(lead)
    run = contagion_runs_made.write(tmp_path / "run", repetitions=1)
    kept = run.messages[run.messages["guard"] == ""]
    kept.to_parquet(run.path / "messages.parquet", index=False)
    with pytest.raises(RequestError, match="--no-keep-reminders"):
        run_conversations(contagion_runs_made.read_contagion(run.path))


def test_a_transcript_is_read_with_a_guard_and_without(tmp_path: Path) -> None:
    file = tmp_path / "talk.json"
    entries = [
        {"role": one.role, "content": one.content} | ({"speaker": one.speaker} if one.speaker else {})
        for one in TALK
    ]
    file.write_text(json.dumps(entries))
    guard = make_guard("system-prompt:every=1")
    plain, guarded = transcript_conversations([file], {"system-prompt:every=1": guard})
    assert plain.turns == _conversation().turns
    assert guarded.turns == _conversation(guard).turns
    found = summarise(measure_attention([plain, guarded], MadeWeights()))
    assert found.contrast("played", "guard", "share", "reply", "system-prompt:every=1") is not None


@pytest.mark.parametrize(
    ("content", "why"),
    [
        ("not json", "is not JSON"),
        ("{}", "is no list of messages"),
        ('[{"role": "assistant"}]', "message 1 has no text"),
        ('[{"role": "tool", "content": "x"}]', "message 1 has the role 'tool'"),
        ('[{"role": "user", "content": "x"}]', "no message has the role assistant"),
    ],
)
def test_a_malformed_transcript_is_named(tmp_path: Path, content: str, why: str) -> None:
    file = tmp_path / "talk.json"
    file.write_text(content)
    with pytest.raises(RequestError, match=why):
        transcript_conversations([file], {})


def test_another_table_is_refused(tmp_path: Path) -> None:
    file = tmp_path / "other.parquet"
    pd.DataFrame({"m": [1.0]}).to_parquet(file)
    with pytest.raises(RequestError, match="has no column model"):
        read_attention(file)


def test_the_package_is_imported_without_what_only_measuring_needs() -> None:
    code = (
        "import sys, spinodal.attention; "
        "print(*({'torch', 'transformers', 'inspect_ai', 'pandas', 'matplotlib'} & set(sys.modules)))"
    )
    told = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert told.stdout.split() == []
