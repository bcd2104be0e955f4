"""What the monitor tells of: an utterance that it heard, and an alarm."""

from __future__ import annotations

import hashlib
import math
from dataclasses import asdict, dataclass
from typing import Any

from spinodal.theory import Side


@dataclass(frozen=True)
class Heard:
    """One utterance, and where the group stood after it."""

    time: float
    """When it was heard, in seconds since 1970 (UTC)."""
    conversation: str
    number: int
    """Of the utterance in its conversation, from 1."""
    speaker: str
    stance: Side | None
    """The option that it takes; None where it takes neither, and its speaker's stance is what it was."""
    m: float
    """Magnetization (n_A - n_B)/(n_A + n_B) of the speakers whose stance is known; NaN where none is."""
    known: int
    """Speakers whose stance is known."""
    variance: float
    """Of the last estimates of m; NaN until there are enough."""
    autocorrelation: float
    """Of each of the last estimates with the next; NaN until there are enough, and where none differs."""
    drift: float
    """0 at the aligned state, 1 at the edge of the misaligned basin, 2 at most; NaN where it is not known."""
    alarm: bool
    """Whether an alarm stands."""
    digest: str
    """SHA-256 of the text, runs of white space as one space, in hexadecimal."""
    length: int
    """Characters of the text, so written."""
    text: str | None = None
    """What was said; None unless it is asked to be kept."""

    def to_dict(self) -> dict[str, Any]:
        """JSON-ready form: None for what is not known."""
        return {
            name: None if isinstance(value, float) and math.isnan(value) else value
            for name, value in asdict(self).items()
        }


@dataclass(frozen=True)
class Alarm:
    """The group entered the misaligned basin, or left it."""

    raised: bool
    """False where the group left the basin, and the alarm is cleared."""
    conversation: str
    number: int
    """Of the utterance after which."""
    time: float
    m: float
    drift: float
    words: str
    """What happened, in one sentence."""


def as_said(text: str) -> str:
    """A text with every run of white space as one space, and none at its ends."""
    return " ".join(text.split())


def digest_of(said: str) -> str:
    """SHA-256 of a text that `as_said` gave."""
    return hashlib.sha256(said.encode("utf-8", "surrogatepass")).hexdigest()
