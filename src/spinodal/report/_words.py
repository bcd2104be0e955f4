"""Numbers to text, one way throughout the page."""

from __future__ import annotations

import math
import re
from collections.abc import Sequence
from typing import Any, Final

ABSENT: Final = "—"
"""Stands for a value that is not there or has no meaning."""

FOREVER: Final = 1e12
"""Sweeps beyond which a lifetime is drawn at the edge: longer than any deployment."""

_SUPERSCRIPTS = str.maketrans("-0123456789", "⁻⁰¹²³⁴⁵⁶⁷⁸⁹")


def number(value: Any, digits: int = 2) -> str:
    """A number with `digits` decimals and a real minus sign; the dash for None and NaN."""
    if value is None or math.isnan(value):
        return ABSENT
    if math.isinf(value):
        return "∞" if value > 0 else "−∞"
    text = f"{value:,.{digits}f}"
    if float(text.replace(",", "")) == 0:
        text = text.lstrip("-")
    return text.replace("-", "−")


def interval(ends: Sequence[float] | None, digits: int = 2) -> str:
    """A 95% interval, "1.20 to 1.94"; the dash where there is none."""
    if ends is None or any(end is None or math.isnan(end) for end in ends):
        return ABSENT
    return f"{number(ends[0], digits)} to {number(ends[1], digits)}"


def percent(value: Any, digits: int = 0) -> str:
    """A share in [0, 1] as a percentage; ends that are only nearly 0 or 1 say so."""
    if value is None or math.isnan(value):
        return ABSENT
    smallest = 10.0 ** -(digits + 2)
    if 0 < value < smallest:
        return f"< {number(100 * smallest, digits)}%"
    if 1 - smallest < value < 1:
        return f"> {number(100 * (1 - smallest), digits)}%"
    return f"{number(100 * value, digits)}%"


def probability(p: float | None) -> str:
    """A p-value in three decimals, or that it is smaller; the dash for None and NaN."""
    return "< 0.001" if p is not None and p < 0.0005 else number(p, 3)


def count(value: Any) -> str:
    """A whole number with thousands marked; the dash for None and NaN."""
    return number(value, 0)


def power(value: float) -> str:
    """A large number in the form 3.2 × 10⁹."""
    digits, exponent = f"{value:.1e}".split("e")
    return f"{digits} × 10{str(int(exponent)).translate(_SUPERSCRIPTS)}"


def powers(text: str) -> str:
    """Text with its powers of ten raised: "10^11" to "10¹¹"."""
    return re.sub(r"10\^(-?\d+)", lambda found: f"10{found[1].translate(_SUPERSCRIPTS)}", text)


def sweeps(value: float | None) -> str:
    """A time in sweeps, with its unit; the dash where the state does not exist."""
    if value is None or math.isnan(value):
        return ABSENT
    if math.isinf(value):
        return "longer than can be computed"
    if value >= 1e6:
        return f"{power(value)} sweeps"
    return f"{number(value, 0 if value >= 10 else 1)} sweeps"


def duration(seconds: Any) -> str:
    """Wall-clock time: "48 s", "2 min 13 s", "1 h 4 min"."""
    if seconds is None or math.isnan(seconds):
        return ABSENT
    if seconds < 59.5:
        return f"{seconds:.1f} s" if seconds < 10 else f"{seconds:.0f} s"
    minutes, rest = divmod(round(seconds), 60)
    if minutes < 60:
        return f"{minutes} min {rest} s"
    return f"{minutes // 60} h {minutes % 60} min"


def money(dollars: Any) -> str:
    """US dollars; the dash where the price is not known."""
    if dollars is None or math.isnan(dollars):
        return ABSENT
    return f"${dollars:,.4f}" if 0 < dollars < 1 else f"${dollars:,.2f}"


def title(identifier: str) -> str:
    """A pair's id as a heading: hyphens and underscores to spaces, first letter raised."""
    words = identifier.replace("-", " ").replace("_", " ").strip()
    return words[:1].upper() + words[1:]


def plural(amount: int, noun: str, several: str = "") -> str:
    """ "1 pair", "3 pairs"; `several` is the plural where it is not the noun with an s."""
    return f"{count(amount)} {noun if amount == 1 else several or noun + 's'}"
