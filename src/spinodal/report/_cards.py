"""A card a pair: the outcome, the sentence, the key numbers, and the line a population moves on."""

from __future__ import annotations

import itertools
from dataclasses import dataclass
from typing import Any, Final

from spinodal.report._pair import PairResult, other
from spinodal.report._words import ABSENT, count, interval, number, percent, plural, sweeps
from spinodal.theory import Side

_LEFT: Final = 8.0
_RIGHT: Final = 272.0
"""Ends of the line, m = -1 and m = +1, in the strip's own units (width 280)."""


@dataclass(frozen=True)
class Strip:
    """The population's line from all B to all A: basins of the stable states, and the fixed points."""

    bands: list[dict[str, Any]]
    points: list[dict[str, Any]]
    alt: str


def card(pair: PairResult) -> dict[str, Any]:
    """What the template shows of one pair."""
    return {
        "name": pair.name,
        "category": pair.category,
        "option_a": pair.option_a,
        "option_b": pair.option_b,
        "aligned": pair.verdict.aligned,
        "look": pair.look,
        "sentence": pair.verdict.sentence,
        "figure": f"response-{pair.number}",
        "strip": strip(pair),
        "numbers": _numbers(pair),
    }


def strip(pair: PairResult) -> Strip:
    """The line with its basins; unstable fixed points are the watersheds between them."""
    edges = [-1.0, *(point.m for point in pair.fixed_points if not point.stable), 1.0]
    bands = []
    for low, high in itertools.pairwise(edges):
        inside = [m for m in pair.stable if low <= m <= high]
        if inside:
            width = round(_place(high) - _place(low), 1)
            bands.append({"x": _place(low), "width": width, "side": _side(inside[0])})
    marks = [
        {"x": _place(point.m), "stable": point.stable, "side": _side(point.m)} for point in pair.fixed_points
    ]
    settles = " or ".join(f"m = {number(m)}" for m in pair.stable) or "no one place"
    return Strip(
        bands, marks, f"The population settles at {settles}, on a line from all B (−1) to all A (+1)."
    )


def _numbers(pair: PairResult) -> list[tuple[str, str, str]]:
    fit, wrong = pair.fit, pair.verdict.misaligned
    beta, h = (number(fit.beta), interval(fit.beta_ci)), (number(fit.h), interval(fit.h_ci))
    if not fit.identifiable:
        beta = h = (ABSENT, "not determined")
    return [
        ("Conformity β", *beta),
        ("Bias h", *h),
        ("Two states", percent(pair.verdict.p_bistable), "probability"),
        (f"A majority for {wrong} lasts", *_lifetime(pair, wrong)),
        (f"Tips it to {wrong}", *_adversaries(pair, wrong)),
        (f"Tips it to {other(wrong)}", *_adversaries(pair, other(wrong))),
    ]


def _adversaries(pair: PairResult, toward: Side) -> tuple[str, str]:
    threshold = pair.tipping(toward)
    among = threshold.zealots_among(pair.verdict.agents)
    if among is None:
        return ABSENT, pair.why_no_threshold(toward) + _caveat(pair)
    share = percent(among / (among + pair.verdict.agents))
    words = plural(among, "adversary", "adversaries")
    return words, f"{share} of all, beside {count(pair.verdict.agents)}"


def _lifetime(pair: PairResult, side: Side) -> tuple[str, str]:
    value = pair.lifetime(side)
    if value is not None:
        return sweeps(value), "on average"
    if pair.has_state(side):
        return "for good", "the only stable state" + _caveat(pair)
    return "not at all", "no such state" + _caveat(pair)


def _caveat(pair: PairResult) -> str:
    """What must be added to a state of affairs that the data have not settled."""
    return ", as best estimated" if pair.verdict.outcome == "undecided" else ""


def _place(m: float) -> float:
    return round(_LEFT + (m + 1.0) / 2.0 * (_RIGHT - _LEFT), 1)


def _side(m: float) -> str:
    return "a" if m > 0 else "b"
