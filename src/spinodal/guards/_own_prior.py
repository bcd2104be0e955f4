"""The agent's own prior: what it said before it heard anybody else."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from spinodal.guards._message import Message

OWN_PRIOR_WORDS: Final = (
    "Before you had heard anyone else, you were asked whether you support [{first}] or [{second}], and you "
    "supported [{stance}]. Others' support is no reason by itself to change that."
)
"""How a stance is put to the agent; ours."""


@dataclass(frozen=True)
class Stance:
    """What an agent supports of two options when it is asked alone."""

    pair: str
    option_a: str
    option_b: str
    p_a: float
    """Probability that it takes A, asked alone, at the agent's temperature."""

    @property
    def option(self) -> str:
        """The one that it mostly takes."""
        return self.option_a if self.p_a >= 0.5 else self.option_b

    @property
    def words(self) -> str:
        """The stance as it is restated, options in the order of their letters."""
        return OWN_PRIOR_WORDS.format(first=self.option_a, second=self.option_b, stance=self.option)


@dataclass(frozen=True)
class OwnPrior:
    """The agent's isolated stances, asked once and restated, each in turn."""

    stances: tuple[Stance, ...]

    def say(self, messages: list[Message], occasion: int) -> str:
        if not self.stances:
            return ""
        return self.stances[occasion % len(self.stances)].words
