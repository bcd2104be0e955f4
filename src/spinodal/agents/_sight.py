"""What a synthetic agent sees in a prompt: its peers, what they say, and what it is told of itself."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from typing import Literal

from spinodal.pairs import OptionPair

Opinion = Literal["A", "B", ""]
"""An option by its letter; "" where there is none."""

_ARGUMENT = re.compile(r'[^"]*("[^"]+")\s*')
_OF_ITSELF = re.compile(r"(?:So far you|You)\s")


@dataclass(frozen=True)
class Sight:
    """What one prompt shows."""

    pair: OptionPair
    n_a: float
    """Peers that hold A, each counted with its weight."""
    n_b: float
    own: Opinion = ""
    """What the prompt says that the agent itself supports."""

    @property
    def m(self) -> float:
        """Magnetization shown, in [-1, 1]; 0 where no peer counts."""
        peers = self.n_a + self.n_b
        return (self.n_a - self.n_b) / peers if peers else 0.0


def see(text: str, pairs: Sequence[OptionPair], heard: float = 1.0) -> Sight | None:
    """Read a prompt; None where it names no option of the pairs.

    A line that names one option is a peer, or as many peers as the number it begins with; a line that
    names both lists the options and counts for none; one that begins with "You" or "So far you" tells the
    agent what it supports itself. What a line says in quotation marks after an option is an argument:
    whatever that names, the peer holds what stands before it, and counts for `heard` peers.
    """
    folded = text.casefold()
    best, most = None, 0
    for pair in pairs:
        a, b = _folded(pair.options)
        if a in folded or b in folded:
            sight, named = _see(text, pair, heard)
            if named > most:
                best, most = sight, named
    return best


def opinion_in(text: str, pair: OptionPair) -> Opinion:
    """The option that a text names, where it names one alone."""
    return _only({letter for letter, _ in _options_in(text, pair)})


def _see(text: str, pair: OptionPair, heard: float) -> tuple[Sight, int]:
    """What the prompt shows of a pair, and how often it names its options, arguments aside."""
    weights: dict[Opinion, float] = {"A": 0.0, "B": 0.0, "": 0.0}
    own: Opinion = ""
    named = 0
    for line in text.splitlines():
        options = _options_in(line, pair)
        if not options:
            continue
        argument = _ARGUMENT.fullmatch(line, options[0][1])
        said = {letter for letter, end in options if not argument or end <= argument.start(1)}
        opinion = _only(said)
        named += len(said)
        if opinion and _OF_ITSELF.match(line):
            own = opinion
        else:
            number = re.match(r"\s*(\d+)\s", line)
            weights[opinion] += (int(number[1]) if number else 1) * (heard if argument else 1.0)
    return Sight(pair, weights["A"], weights["B"], own), named


def _only(letters: set[Opinion]) -> Opinion:
    return next(iter(letters)) if len(letters) == 1 else ""


def _options_in(text: str, pair: OptionPair) -> list[tuple[Opinion, int]]:
    """The options that a text names, in order, each with where its name ends."""
    a, _ = _folded(pair.options)
    return [
        ("A" if found[0].casefold() == a else "B", found.end())
        for found in _option_pattern(pair.options).finditer(text)
    ]


@cache
def _folded(options: tuple[str, str]) -> tuple[str, str]:
    return options[0].casefold(), options[1].casefold()


@cache
def _option_pattern(options: tuple[str, str]) -> re.Pattern[str]:
    """Whole words, the longer option first: it may hold the shorter one."""
    longest_first = sorted(options, key=len, reverse=True)
    return re.compile(rf"(?<!\w)(?:{'|'.join(map(re.escape, longest_first))})(?!\w)", re.IGNORECASE)
