"""Attention of whole conversations: a row a turn, a layer and a segment."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final, Literal, get_args

import numpy as np

from spinodal._errors import RequestError
from spinodal.attention._conversations import Conversation, OwnTurn
from spinodal.attention._rendering import NUMBER, Labels, rendered, require_covered, token_labels
from spinodal.attention._segments import SEGMENTS, chat_turns
from spinodal.attention._shares import segment_shares, sinks, token_lengths

if TYPE_CHECKING:
    import pandas as pd
    from numpy.typing import NDArray

    from spinodal.attention._journal import Journal
    from spinodal.attention._weights import Weights
    from spinodal.response import FloatArray

Queries = Literal["reply", "start"]
QUERIES: Final[tuple[Queries, ...]] = get_args(Queries)
"""Which positions are asked where they look. "reply": those from which the reply's tokens are predicted, the
prompt's last token and every token of the reply but its last. "start": the prompt's last token alone."""

ATTENTION_COLUMNS: Final = (
    "model",  # whose attention
    "queries",  # "reply" or "start": which positions look
    "conversation",  # id of the game, or name of the transcript
    "game",
    "opponents",
    "guard",  # the guard under which it was said, or that was put over a transcript; "none"
    "stripped",  # True where the guard's words were taken out of what the model reads
    "repetition",
    "turn",  # the agent's own, from 1
    "kind",  # "message" or "decision" in a game, "reply" in a transcript
    "tokens",  # of the prompt
    "layer",  # from 0
    "segment",  # whose words: `SEGMENTS`
    "segment_tokens",  # of the segment, in the prompt and the reply
    "sink_tokens",  # of them, attention sinks (`sinks`)
    "share",  # of the attention, averaged over heads and query positions; a turn's and layer's sum to 1
    "sink_share",  # of the share, what falls on the segment's sinks
    "length",  # share of the tokens seen, averaged over query positions; a turn's sum to 1
    "sink_length",  # of the length, that of the segment's sinks
)
"""Columns of `attention.parquet`, a row a turn, a layer and a segment."""


@dataclass(frozen=True)
class _Asked:
    """A turn as tokens."""

    conversation: Conversation
    turn: OwnTurn
    ids: tuple[int, ...]
    labels: Labels
    prompt_tokens: int
    positions: tuple[int, ...]

    def digest(self, model: str) -> str:
        """SHA-256, in hexadecimal, over what decides a turn's shares in a model."""
        told = (model, self.ids, self.labels.tolist(), self.positions)
        return hashlib.sha256(repr(told).encode()).hexdigest()


def measure_attention(
    conversations: Sequence[Conversation],
    weights: Weights,
    *,
    queries: Queries = "reply",
    journal: Journal | None = None,
    progress: Callable[[float], None] = lambda share: None,
) -> pd.DataFrame:
    """Where a model looks at each of its turns, a table of `ATTENTION_COLUMNS`.

    Turns whose prompts are beginnings of one another are read in one pass: attention is causal, so what a
    position sees does not change with what comes later.

    Args:
        conversations: whose.
        weights: the model.
        queries: which positions are asked.
        journal: what was read before, by a measurement that was stopped; grows with this one.
        progress: told the share done.

    Raises:
        RequestError: a conversation that the chat template refuses, or that is longer than the model reads.
    """
    import pandas as pd

    if queries not in QUERIES:
        raise RequestError(f"attention at {queries!r}; give {' or '.join(QUERIES)}")
    passes = [one for conversation in conversations for one in _passes(conversation, weights, queries)]
    work = sum(len(one[0].ids) for one in passes)
    rows: list[dict[str, Any]] = []
    done = 0
    for together in passes:
        rows += _rows_of(together, weights, queries, journal)
        done += len(together[0].ids)
        progress(done / work)
    return pd.DataFrame(rows, columns=list(ATTENTION_COLUMNS))


def _passes(conversation: Conversation, weights: Weights, queries: Queries) -> list[list[_Asked]]:
    """The turns of a conversation, those together that one reading serves: the longest first."""
    passes: list[list[_Asked]] = []
    asked = [_asked(conversation, turn, weights, queries) for turn in conversation.turns]
    for one in sorted(asked, key=lambda one: len(one.ids), reverse=True):
        for together in passes:
            if together[0].ids[: len(one.ids)] == one.ids:
                together.append(one)
                break
        else:
            passes.append([one])
    return passes


def _asked(conversation: Conversation, turn: OwnTurn, weights: Weights, queries: Queries) -> _Asked:
    prompt, of_prompt = rendered(chat_turns(turn.view, conversation.system_prompt), weights.render)
    text = prompt + turn.reply
    ids, offsets = weights.tokens(text)
    require_covered(text, offsets)
    own = np.full(len(turn.reply), NUMBER["reply"], dtype=np.int8)
    labels = token_labels(np.concatenate([of_prompt, own]), offsets)
    labels[0] = NUMBER["first"]
    if weights.window is not None and len(ids) > weights.window:
        raise RequestError(
            f"{conversation.name}: turn {turn.number} takes {len(ids)} tokens, and {weights.name} reads "
            f"{weights.window} at once; give shorter conversations"
        )
    replied = np.flatnonzero(labels == NUMBER["reply"])
    begins = int(replied[0]) if len(replied) else len(ids)
    last = begins if queries == "start" or not len(replied) else int(replied[-1])
    return _Asked(conversation, turn, tuple(ids), labels, begins, tuple(range(begins - 1, max(last, begins))))


def _rows_of(
    together: Sequence[_Asked], weights: Weights, queries: Queries, journal: Journal | None
) -> list[dict[str, Any]]:
    """The rows of turns that one reading serves, in the order of the conversation."""
    digests = [one.digest(weights.name) for one in together]
    known = [None if journal is None else journal.known(digest) for digest in digests]
    shares = [one for one in known if one is not None]
    if len(shares) < len(together):
        shares = _read(together, weights)
        for digest, rows in zip(digests, shares, strict=True):
            if journal is not None:
                journal.add(digest, rows)
    return [
        _common(one, weights.name, queries) | row
        for one, rows in zip(reversed(together), reversed(shares), strict=True)
        for row in rows
    ]


def _read(together: Sequence[_Asked], weights: Weights) -> list[list[dict[str, Any]]]:
    positions = sorted({at for one in together for at in one.positions})
    place = {at: number for number, at in enumerate(positions)}
    received: list[dict[int, FloatArray]] = [{} for _ in together]

    def take(layer: int, attention: FloatArray) -> None:
        for one, found in zip(together, received, strict=True):
            rows = attention[[place[at] for at in one.positions], : len(one.ids)]
            found[layer] = rows.mean(axis=0)

    norms = weights.attend(together[0].ids, positions, take)
    return [
        _rows(one, found, sinks(norms[:, : len(one.ids)]))
        for one, found in zip(together, received, strict=True)
    ]


def _common(one: _Asked, model: str, queries: Queries) -> dict[str, Any]:
    conversation, turn = one.conversation, one.turn
    return {
        "model": model,
        "queries": queries,
        "conversation": conversation.name,
        "game": conversation.game,
        "opponents": conversation.opponents,
        "guard": conversation.guard,
        "stripped": conversation.stripped,
        "repetition": conversation.repetition,
        "turn": turn.number,
        "kind": turn.kind,
        "tokens": one.prompt_tokens,
    }


def _rows(one: _Asked, received: dict[int, FloatArray], sink: NDArray[np.bool_]) -> list[dict[str, Any]]:
    lengths = token_lengths(one.positions, len(one.ids))
    counts, sink_counts, length, sink_length = (
        segment_shares(values, one.labels) for values in (np.ones(len(sink)), sink, lengths, lengths * sink)
    )
    rows = []
    for layer, values in sorted(received.items()):
        share, sink_share = (segment_shares(part, one.labels) for part in (values, values * sink))
        rows += [
            {
                "layer": layer,
                "segment": segment,
                "segment_tokens": int(counts[number]),
                "sink_tokens": int(sink_counts[number]),
                "share": float(share[number]),
                "sink_share": float(sink_share[number]),
                "length": float(length[number]),
                "sink_length": float(sink_length[number]),
            }
            for number, segment in enumerate(SEGMENTS)
        ]
    return rows
