"""What zealots say: a family, one small class each. When they are there, the stages say."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

from spinodal._errors import RequestError


class Adversaries(Protocol):
    """A kind of zealot."""

    @property
    def argue(self) -> bool:
        """Whether a zealot is a model agent that writes a sentence for its option, a new one each sweep."""


@dataclass(frozen=True)
class Silent:
    """Zealots that are counted as opinions, and say nothing: the study's, and the theory's."""

    argue = False

    def __str__(self) -> str:
        return "silent"


@dataclass(frozen=True)
class Persuaders:
    """Zealots that are model agents, told to win the others over, by a sentence that everybody reads."""

    argue = True

    def __str__(self) -> str:
        return "persuaders"


def adversaries_of(text: str) -> Adversaries:
    """The kind of zealots that "silent" or "persuaders" names; `RequestError` for any other text."""
    kinds: dict[str, Adversaries] = {"silent": Silent(), "persuaders": Persuaders()}
    if text not in kinds:
        raise RequestError(f"zealots of the kind {text!r}; give {' or '.join(kinds)}")
    return kinds[text]
