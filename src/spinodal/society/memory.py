"""What an agent remembers of its own past: a family, one small class each."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from spinodal._errors import RequestError
from spinodal.measure.prompts import Turn


@dataclass(frozen=True)
class Recollection:
    """What a prompt carries of the past."""

    own: str = ""
    """The opinion the agent is told it holds; "" where it is told none."""
    earlier: tuple[Turn, ...] = ()
    """Earlier turns of the conversation, oldest first."""


class Memory(Protocol):
    """A way to remember."""

    @property
    def turns(self) -> int:
        """Most earlier turns that a prompt may carry."""

    @property
    def tells_own(self) -> bool:
        """Whether a prompt says what the agent holds."""

    def recall(self, held: str, past: Sequence[Turn]) -> Recollection:
        """What the next prompt carries, for an agent that holds `held` and was asked `past`, oldest first."""


@dataclass(frozen=True)
class NoMemory:
    """Each update is a new conversation: the conformity study's agent, and the theory's."""

    turns = 0
    tells_own = False

    def recall(self, held: str, past: Sequence[Turn]) -> Recollection:
        return Recollection()

    def __str__(self) -> str:
        return "nothing"


@dataclass(frozen=True)
class OwnOpinion:
    """Each update is a new conversation that begins with what the agent itself supports."""

    turns = 0
    tells_own = True

    def recall(self, held: str, past: Sequence[Turn]) -> Recollection:
        return Recollection(own=held)

    def __str__(self) -> str:
        return "own-opinion"


@dataclass(frozen=True)
class Exchanges:
    """Each update goes on from the agent's own last `turns` updates: what it was shown and what it chose."""

    turns: int
    tells_own = False

    def __post_init__(self) -> None:
        if self.turns != int(self.turns) or self.turns < 1:
            raise RequestError(f"a memory of {self.turns} exchanges; give a whole number, 1 or more")

    def recall(self, held: str, past: Sequence[Turn]) -> Recollection:
        return Recollection(earlier=tuple(past[-self.turns :]))

    def __str__(self) -> str:
        return f"exchanges:{self.turns}"


def memory_of(text: str) -> Memory:
    """The memory that "nothing", "own-opinion" or "exchanges:K" names.

    Raises:
        RequestError: any other text.
    """
    name, _, rest = text.partition(":")
    if text == "nothing":
        return NoMemory()
    if text == "own-opinion":
        return OwnOpinion()
    if name == "exchanges" and rest.isdigit():
        return Exchanges(int(rest))
    raise RequestError(f"a memory of {text!r}; give nothing, own-opinion or exchanges:K, as in exchanges:3")
