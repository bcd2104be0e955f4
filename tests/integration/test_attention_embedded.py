"""Attention of the embedded model's own weights, read by transformers. Skips without spinodal[attention]."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

pytest.importorskip("transformers", reason="the extra spinodal[attention] is not installed")
torch = pytest.importorskip("torch", reason="the extra spinodal[attention] is not installed")

from spinodal import RequestError  # noqa: E402
from spinodal.agents import AgentSpec  # noqa: E402
from spinodal.agents.context import _ask_engine, count_messages, render_embedded  # noqa: E402
from spinodal.attention import (  # noqa: E402
    SEGMENTS,
    measure_attention,
    open_weights,
    sinks,
    transcript_conversations,
)
from spinodal.attention._measure import _asked  # noqa: E402
from spinodal.cli._main import run  # noqa: E402
from spinodal.guards import make_guard  # noqa: E402

TALK = [
    {
        "role": "system",
        "content": "You are a player. You want to have more points than the others at the end.",
    },
    {"role": "user", "content": "You are Azure.  You play with Jade.\n\nIn each round everybody decides."},
    {"role": "user", "content": "Let us share – fairly, café style 🙂.", "speaker": "Jade"},
    {"role": "assistant", "content": "I will share."},
    {"role": "user", "content": "Round 2: decide. Answer in this form: [Jade: share or keep]"},
    {"role": "assistant", "content": "[Jade: keep]"},
    {"role": "user", "content": "Results: Jade 5, Azure 0."},
]
PROMPTS = [
    [{"role": "user", "content": "What is the capital of France?"}],
    [{"role": "system", "content": "Answer with one word."}, {"role": "user", "content": "Is fire hot?"}],
    [{key: one[key] for key in ("role", "content")} for one in TALK],
]


@pytest.fixture(scope="module")
def weights() -> Any:
    torch.set_num_threads(1)
    return open_weights("embedded/smollm2-135m")


@pytest.fixture
def talk(tmp_path: Path) -> Path:
    file = tmp_path / "talk.json"
    file.write_text(json.dumps(TALK))
    return file


def test_attention_is_what_transformers_hands_out_whole(weights: Any, talk: Path) -> None:
    conversation = transcript_conversations([talk], {})[0]
    table = measure_attention([conversation], weights)
    last = _asked(conversation, conversation.turns[-1], weights, "reply")
    with torch.inference_mode():
        whole = weights.model(torch.tensor([last.ids]), output_attentions=True, output_hidden_states=True)
    norms = np.array([state[0].norm(dim=-1).numpy() for state in whole.hidden_states[:-1]])
    sink = sinks(norms)
    found = table[table["turn"] == 2].set_index(["layer", "segment"])
    for layer, attention in enumerate(whole.attentions):
        rows = attention[0].numpy().astype(float)  # (heads, queries, tokens)
        assert rows.sum(axis=-1) == pytest.approx(np.ones(rows.shape[:2]), abs=1e-5)
        for number, segment in enumerate(SEGMENTS):
            mine = [
                sum(rows[head, at, token] for token in range(len(last.ids)) if last.labels[token] == number)
                for head in range(rows.shape[0])
                for at in last.positions
            ]
            assert found.loc[(layer, segment), "share"] == pytest.approx(np.mean(mine), abs=1e-6)
            on_sinks = rows[:, list(last.positions)][:, :, (last.labels == number) & sink].sum(axis=-1).mean()
            assert found.loc[(layer, segment), "sink_share"] == pytest.approx(on_sinks, abs=1e-6)
    assert table.groupby(["turn", "layer"])["share"].sum().to_numpy() == pytest.approx(np.ones(60), abs=1e-6)


def test_turns_read_at_once_come_out_as_those_read_alone(weights: Any, talk: Path) -> None:
    conversation = transcript_conversations([talk], {})[0]
    together = measure_attention([conversation], weights)
    first = type(conversation)("talk.json", conversation.turns[:1], conversation.system_prompt)
    alone = measure_attention([first], weights)
    at_once = together[together["turn"] == 1]
    for column in ("share", "sink_share", "length", "segment_tokens", "sink_tokens"):
        assert at_once[column].to_numpy() == pytest.approx(alone[column].to_numpy(), abs=1e-5)


def test_tokens_are_of_whom_they_seem(weights: Any, talk: Path) -> None:
    conversation = transcript_conversations([talk], {})[0]
    last = _asked(conversation, conversation.turns[-1], weights, "reply")
    words = {
        segment: weights.tokenizer.decode(
            [one for one, label in zip(last.ids, last.labels, strict=True) if label == n]
        )
        for n, segment in enumerate(SEGMENTS)
    }
    assert words["first"] == "<|im_start|>"
    assert words["system"] == TALK[0]["content"]
    assert words["peers"] == "\n\nJade: Let us share – fairly, café style 🙂."
    assert words["own"] == "I will share."
    assert words["reply"] == "[Jade: keep]"
    assert words["host"] == TALK[1]["content"] + TALK[4]["content"]
    reply = len(weights.tokens("[Jade: keep]")[0])
    assert last.positions == tuple(range(len(last.ids) - reply - 1, len(last.ids) - 1))


@pytest.mark.parametrize("messages", PROMPTS)
def test_the_weights_are_those_of_the_embedded_engine(weights: Any, messages: list[dict[str, str]]) -> None:
    agent = AgentSpec()
    prompt = weights.render(messages)
    assert prompt == render_embedded(agent, messages)
    ids = weights.tokens(prompt)[0]
    assert len(ids) == count_messages(agent, messages)
    with torch.inference_mode():
        logprobs = weights.model(torch.tensor([ids])).logits[0, -1].log_softmax(dim=-1)
    body = {"prompt": prompt, "max_tokens": 1, "temperature": 0.0, "logprobs": 5}
    told = _ask_engine(agent, "/v1/completions", body)["choices"][0]["logprobs"]["content"][0]
    best = [(weights.tokens(one["token"])[0], one["logprob"]) for one in told["top_logprobs"]]
    ours = [float(logprobs[token]) for (token,), _ in best]
    # The engine rounds activations to eight bits, so it is near and not equal, and a tie may go either way.
    assert ours == pytest.approx([logprob for _, logprob in best], abs=0.35)
    assert ours[0] == pytest.approx(float(logprobs.max()), abs=0.35)


def test_a_transcript_on_the_command_line(
    weights: Any,
    talk: Path,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(
        "spinodal.attention.open_weights", lambda name, template: weights
    )  # read once is enough
    spec = "system-prompt:every=1"
    code = run(["attention", "--transcript", str(talk), "--guard", spec, "--json"])
    told = capsys.readouterr()
    assert (code, told.err) == (0, "")
    found = json.loads(told.out)
    assert found["guards"] == ["none", spec]
    assert found["layers"] == 30
    assert (tmp_path / "talk-attention.parquet").is_file()
    of_guard = [one for one in found["levels"] if one["segment"] == "guard" and one["turn"] == 2]
    shares = {one["guard"]: one["share"]["estimate"] for one in of_guard}
    assert shares["none"] == 0.0
    assert shares[spec] > 0.02
    before = [one for one in found["levels"] if one["segment"] == "guard" and one["turn"] == 1]
    assert all(
        one["share"]["estimate"] == 0.0 for one in before
    )  # its first words are due at the second turn


def test_a_template_that_refuses_the_guards_place_is_one_line(weights: Any, talk: Path) -> None:
    strict = replace(
        weights,
        template=(
            "{% for message in messages %}{% if message.role == 'system' and not loop.first %}"
            "{{ raise_exception('system messages come first') }}{% endif %}<|im_start|>{{ message.role }}\n"
            "{{ message.content }}<|im_end|>\n{% endfor %}<|im_start|>assistant\n"
        ),
    )
    guard = make_guard("system-prompt:every=1")
    conversation = transcript_conversations([talk], {"system-prompt": guard})[1]
    with pytest.raises(RequestError, match=r"refuses the conversation \(system messages come first\)"):
        measure_attention([conversation], strict)
    tagged = make_guard("system-prompt:every=1,placement=tagged-user")
    conversation = transcript_conversations([talk], {"system-prompt": tagged})[1]
    assert len(measure_attention([conversation], strict)) == 2 * 30 * len(SEGMENTS)
