"""Values of one parameter as people write them: `1.5:3:0.25`, `0,0.1,0.2`, a list, a number."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator
from decimal import Decimal, InvalidOperation
from typing import Any

from spinodal._errors import RequestError


def number(name: str, value: Any) -> float:
    """A finite number from a text or a number."""
    try:
        found = math.nan if isinstance(value, bool) else float(value)
    except (TypeError, ValueError):
        found = math.nan
    if not math.isfinite(found):
        raise RequestError(f"{name} is {value!r}; give a finite number")
    return found + 0.0  # no negative zero, which would be another cell


def whole(name: str, value: Any) -> int:
    """A whole number from a text or a number; 1e6 is one too."""
    found = number(name, value)
    if found != int(found):
        raise RequestError(f"{name} is {value!r}; give a whole number")
    return int(str(value)) if str(value).lstrip("+-").isdigit() else int(found)


def spread(name: str, given: Any, *, commas: bool, ranges: bool) -> list[Any]:
    """The values meant, each still as given.

    With `commas`, text is split at them; with `ranges`, `lo:hi:step` is written out, and holds `hi` where
    the steps meet it. Raises `RequestError` on an empty or endless range, or no values.
    """
    entries: Iterable[Any]
    if isinstance(given, str):
        entries = given.split(",") if commas else [given]
    elif isinstance(given, Iterable):
        entries = given
    else:
        entries = [given]
    values: list[Any] = []
    for entry in entries:
        text = entry.strip() if isinstance(entry, str) else entry
        if text == "":
            raise RequestError(f"{name} is {given!r}, where a value is missing; give values, commas between")
        values.extend(_range(name, text) if ranges and isinstance(text, str) and ":" in text else [text])
    if not values:
        raise RequestError(f"{name} has no values; give one or more")
    return values


def _range(name: str, text: str) -> Iterator[str]:
    """The values of `lo:hi:step`, counted in decimals: 0.1:0.3:0.1 is 0.1, 0.2, 0.3 to the last digit."""
    try:
        low, high, step = (Decimal(part.strip()) for part in text.split(":"))
        steps = (high - low) / step
    except (ValueError, InvalidOperation, ZeroDivisionError):
        steps = Decimal("nan")
    if not steps.is_finite():
        raise RequestError(f"{name} is {text!r}, which is no range; give lo:hi:step, as in 1.5:3:0.25")
    if steps < 0:
        raise RequestError(f"{name} {text} is empty; give lo:hi:step with a step that leads from lo to hi")
    if steps >= _MOST_VALUES:
        raise RequestError(f"{name} {text} has {steps:.3g} values; give a range of {_MOST_VALUES:,} or fewer")
    return (str(low + step * index) for index in range(int(steps) + 1))


_MOST_VALUES = 1_000_000
