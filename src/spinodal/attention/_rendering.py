"""From a conversation to the text that the model reads, with the segment of every character."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Final

import numpy as np
from numpy.typing import NDArray

from spinodal._errors import RequestError
from spinodal.attention._segments import SEGMENTS, ChatTurn

Labels = NDArray[np.int8]
"""Numbers of segments, in the order of `SEGMENTS`."""

Render = Callable[[Sequence[Mapping[str, str]]], str]
"""From messages with `role` and `content` to the prompt, up to where the reply begins; a `RequestError` where
the chat template refuses them."""

NUMBER: Final = {segment: number for number, segment in enumerate(SEGMENTS)}


def rendered(turns: Sequence[ChatTurn], render: Render) -> tuple[str, Labels]:
    """The prompt of a conversation, and the segment of each of its characters.

    Exact: the template is rendered a second time with a mark in place of each message. What then stands
    between the marks is the template's own, and put together with the messages it must be the prompt.

    Raises:
        RequestError: the template refuses the conversation, drops a message, or changes its text.
    """
    marks = [f"mark{number}of{len(turns)}end" for number in range(len(turns))]
    frame = render([{"role": turn.role, "content": mark} for turn, mark in zip(turns, marks, strict=True)])
    between = []
    for number, mark in enumerate(marks):
        before, found, frame = frame.partition(mark)
        if not found:
            raise RequestError(
                f"the chat template drops message {number + 1} of {len(turns)} ({turns[number].role}); "
                "name another model, or place the guard's words elsewhere (placement=tagged-user)"
            )
        between.append(before)
    between.append(frame)
    prompt = render([{"role": turn.role, "content": turn.content} for turn in turns])
    for trimmed in (False, True):
        texts, labels = [between[0]], [_template(between[0])]
        for turn, after in zip(turns, between[1:], strict=True):
            text, label = _labelled(turn, trimmed)
            texts += [text, after]
            labels += [label, _template(after)]
        if "".join(texts) == prompt:
            return prompt, np.concatenate(labels)
    raise RequestError(
        "the chat template rewrites messages, so that their words cannot be told apart; name another model, "
        "or a template with --chat-template"
    )


def token_labels(labels: Labels, offsets: Sequence[tuple[int, int]]) -> Labels:
    """The segment of each token: that of most of its characters, of the later one where two have as many.

    Args:
        labels: segment of each character, shape (c,).
        offsets: characters from and until of each token, in order; empty for a token without any of its own.

    Raises:
        RequestError: tokens overlap backwards, or leave characters out.
    """
    starts = np.array([start for start, _ in offsets], dtype=np.int64)
    ends = np.array([end for _, end in offsets], dtype=np.int64)
    if (np.diff(starts) < 0).any() or (len(ends) and ends.max() > len(labels)):
        raise RequestError(
            "the tokenizer does not say which characters its tokens are of; name another model"
        )
    found = np.empty(len(offsets), dtype=np.int8)
    for token, (start, end) in enumerate(offsets):
        if end > start:
            counts = np.bincount(labels[start:end], minlength=len(SEGMENTS))
            tied = np.flatnonzero(counts == counts.max())
            found[token] = tied[0] if len(tied) == 1 else labels[end - 1]
        else:
            found[token] = labels[min(start, len(labels) - 1)]
    return found


def require_covered(text: str, offsets: Sequence[tuple[int, int]]) -> None:
    """Raise `RequestError` unless the tokens hold every character of a text, spaces aside: some trim them."""
    covered = np.zeros(len(text), dtype=bool)
    for start, end in offsets:
        covered[start:end] = True
    missing = [at for at in np.flatnonzero(~covered) if not text[at].isspace()]
    if missing:
        at = int(missing[0])
        around = text[max(at - 10, 0) : at + 10]
        raise RequestError(f"the tokenizer leaves out characters at {around!r}; name another model")


def _labelled(turn: ChatTurn, trimmed: bool) -> tuple[str, Labels]:
    text = turn.content
    label = np.concatenate(
        [np.full(len(piece.text), NUMBER[piece.segment], dtype=np.int8) for piece in turn.pieces]
    )
    if not trimmed:
        return text, label
    start = len(text) - len(text.lstrip())
    return text.strip(), label[start : start + len(text.strip())]


def _template(text: str) -> Labels:
    return np.full(len(text), NUMBER["template"], dtype=np.int8)
