"""A placebo: as many words as another reminder has, about nothing that matters."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from importlib import resources
from typing import Final

import yaml

from spinodal.guards._message import Message

NEUTRAL_WORDS: Final = 'A general remark, for information. One could say: "{sentence}". No answer is needed.'
_NEAR: Final = 0.1
"""Share of a reminder's length by which what stands in for it may differ before a sentence is said again."""


@dataclass(frozen=True)
class Neutral:
    """Sentences of general knowledge, each as long as the words it stands in for.

    Args:
        sentences: what is said, in turn.
    """

    sentences: tuple[str, ...]

    @classmethod
    def as_long_as(cls, words: Sequence[str]) -> Neutral:
        """For each of these reminders one of nearly its length, no sentence again while others would do."""
        chosen: list[str] = []
        uses: Counter[str] = Counter()
        for text in words:
            wanted = len(text) - len(NEUTRAL_WORDS.format(sentence=""))
            tried = [
                _nearest([sentence for sentence in _sentences() if uses[sentence] <= most], wanted)
                for most in sorted({uses[sentence] for sentence in _sentences()})
            ]
            misses = [abs(len(". ".join(parts)) - wanted) for parts in tried]
            near = [at for at, miss in enumerate(misses) if miss <= _NEAR * len(text)]
            parts = tried[near[0] if near else misses.index(min(misses))]
            uses.update(parts)
            chosen.append(". ".join(parts))
        return cls(tuple(chosen))

    def say(self, messages: list[Message], occasion: int) -> str:
        if not self.sentences:
            return ""
        return NEUTRAL_WORDS.format(sentence=self.sentences[occasion % len(self.sentences)])


def _nearest(sentences: Sequence[str], length: int) -> list[str]:
    """One sentence, or several on end, whose length is nearest to `length`; the first of equals."""
    parts: list[str] = []
    left: list[str] = []
    rest = length
    while not parts or rest > 20:
        left = left or list(sentences)  # a text longer than all of them together hears them again
        parts.append(min(left, key=lambda sentence: abs(len(sentence) - rest)))
        left.remove(parts[-1])
        rest = length - len(". ".join(parts))
    return parts


@cache
def _sentences() -> tuple[str, ...]:
    text = (resources.files("spinodal.guards") / "neutral.yaml").read_text("utf-8")
    return tuple(yaml.safe_load(text))
