"""A model that looks where a test wants it to, for conversations whose attention is known."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np

from spinodal.response import FloatArray

Look = Callable[[int, FloatArray], FloatArray]
"""From a layer and token numbers, shape (n,), to how much each token draws attention, above 0."""


def chatml(messages: Sequence[Mapping[str, str]]) -> str:
    """A chat template in plain sight."""
    said = "".join(f"<|{one['role']}|>\n{one['content']}<|end|>\n" for one in messages)
    return f"{said}<|assistant|>\n"


def everywhere(layer: int, ids: FloatArray) -> FloatArray:
    """Attention falls on all tokens alike."""
    return np.ones(len(ids))


@dataclass
class MadeWeights:
    """Two layers. Words, marks and spaces are tokens; `large` ones have ten times the usual norm."""

    look: Look = everywhere
    large: frozenset[str] = frozenset()
    render: Callable[[Sequence[Mapping[str, str]]], str] = chatml
    window: int | None = 4096
    name: str = "made"
    read: list[int] = field(default_factory=list)
    """Tokens of each prompt that was read."""
    words: dict[str, int] = field(default_factory=dict)

    def tokens(self, text: str) -> tuple[list[int], list[tuple[int, int]]]:
        found = list(re.finditer(r"<\|\w+\|>|\w+|\s|.", text))
        ids = [self.words.setdefault(one[0], len(self.words)) for one in found]
        return ids, [one.span() for one in found]

    def attend(
        self, ids: Sequence[int], positions: Sequence[int], take: Callable[[int, FloatArray], None]
    ) -> FloatArray:
        self.read.append(len(ids))
        seen = np.arange(len(ids)) <= np.asarray(positions)[:, None]
        for layer in range(2):
            drawn = seen * self.look(layer, np.asarray(ids, dtype=np.float64))
            take(layer, drawn / drawn.sum(axis=1, keepdims=True))
        numbers = {self.words[word] for word in self.large if word in self.words}
        return np.where([[one in numbers for one in ids]] * 2, 10.0, 1.0)
