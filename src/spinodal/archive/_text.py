"""Numbers and names as the archive's files write them."""

from __future__ import annotations

import math
import re
import unicodedata
from typing import Final

from spinodal.archive._faults import Fault

_UNLIKE: Final = re.compile(r"[^a-z0-9]+")


def likeness(text: str) -> str:
    """What is left of a text where case, spacing and punctuation are ignored: file names spell options with
    underscores, and without what a path cannot hold."""
    plain = unicodedata.normalize("NFKD", text).casefold()
    return _UNLIKE.sub(" ", plain).strip()


def number(text: str, line: int, column: str, low: float = -math.inf, high: float = math.inf) -> float:
    """A number in [low, high]. Raises `Fault`."""
    try:
        value = float(text)
    except ValueError:
        raise Fault(line, f"{column} is {text.strip()!r}; it should be a number") from None
    if not low <= value <= high:  # NaN too
        bounds = f"in [{low:g}, {high:g}]" if math.isfinite(high) else f"of {low:g} or more"
        raise Fault(line, f"{column} is {text.strip()}; it should be a number {bounds}")
    return value


def whole(text: str, line: int, column: str, low: float = -math.inf) -> int:
    """A whole number of `low` or more, written with or without decimals. Raises `Fault`."""
    value = number(text, line, column, low)
    if value != round(value):
        raise Fault(line, f"{column} is {text.strip()}; it should be a whole number")
    return int(value)


def require_opposites(values: list[float], line: int, what: str) -> None:
    """Refuse a file whose values are not symmetric about 0: it was cut short. Raises `Fault`."""
    held = {round(value, 6) for value in values}
    for value in values:
        if round(-value, 6) not in held:
            raise Fault(
                line, f"ends without {what} {-value:g}, the opposite of {value:g}; the file was cut short"
            )
