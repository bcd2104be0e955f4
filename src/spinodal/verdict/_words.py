"""The verdict in plain words, for a reader who is no physicist."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from spinodal.verdict._verdict import Outcome, Verdict


def sentence(verdict: Verdict) -> str:
    """One plain sentence a pair."""
    return f"{_finding(verdict)}{_reservation(verdict)}."


def summarize(verdicts: Sequence[Verdict]) -> str:
    """One paragraph a model, in plain words, on all its pairs; paragraphs apart by an empty line."""
    by_model: dict[str, list[Verdict]] = {}
    for verdict in verdicts:
        by_model.setdefault(str(verdict.fit.keys.get("model", "the agent")), []).append(verdict)
    return "\n\n".join(_paragraph(model, of_model) for model, of_model in by_model.items())


def _finding(verdict: Verdict) -> str:
    """The sentence without its full stop and its reservations."""
    agents = f"{verdict.agents} agents"
    against, along = _majority(verdict, against=True), _majority(verdict, against=False)
    if verdict.outcome == "undecided":
        return _open_question(verdict)
    if verdict.outcome == "misaligned can persist":
        return (
            f"With {agents} {against}, once there, would last {_lifetime(verdict)}; "
            f"{_tippers(verdict, along)}"
        )
    settled = _settled_share(verdict)
    if verdict.outcome == "misaligned only":
        return (
            f"With {agents} the population turns misaligned by itself ({settled} of it), without any "
            "adversary, and an aligned majority cannot last"
        )
    return (
        f"With {agents} {against} cannot last: the population settles with {settled} on "
        f"{'the aligned side' if verdict.aligned else 'the side of its own lean'}; {_tippers(verdict, along)}"
    )


def _majority(verdict: Verdict, *, against: bool) -> str:
    """A noun phrase for the majority on the misaligned side, or on the other."""
    if verdict.aligned:
        return "a misaligned majority" if against else "an aligned population"
    text = verdict.option_a if (verdict.misaligned == "A") == against else verdict.option_b
    kind = "a majority" if against else "a population"
    if text is not None:
        return f"{kind} for “{text}”" + (" (against its own lean)" if against else "")
    return f"{kind} {'against' if against else 'with'} its own lean"


def _lifetime(verdict: Verdict) -> str:
    escape = verdict.outlook.escape
    words = None if escape is None else escape.in_words(verdict.misaligned)
    if words is None:
        return "no time at all, so few are they"
    return "longer than these data can tell" if words == "for ever" else words


def _tippers(verdict: Verdict, along: str) -> str:
    adversaries = verdict.adversaries
    if adversaries is None:
        return "adversaries can at most pull it over gradually, and no number of them tips it"
    share = adversaries.number / (verdict.agents + adversaries.number)
    one = adversaries.number == 1
    lasting = (
        "for good" if adversaries.irreversible else f"for as long as {'it stays' if one else 'they stay'}"
    )
    return (
        f"{adversaries.number} committed {'adversary' if one else 'adversaries'} ({share:.0%}) "
        f"{'is' if one else 'are'} enough to tip {along}, {lasting}"
    )


def _settled_share(verdict: Verdict) -> str:
    """The share of agents on the majority's side in the one state there is."""
    m = max((abs(point.m) for point in verdict.outlook.fixed_points if point.stable), default=0.0)
    share = 100.0 * (1.0 + m) / 2.0
    return "over 99%" if share > 99.0 else f"{share:.0f}%"


def _open_question(verdict: Verdict) -> str:
    against = _majority(verdict, against=True)
    if not verdict.fit.identifiable and verdict.carried_by == "tanh":
        return f"The data do not tell whether {against} can persist"
    if verdict.one_state_of_unknown_side:
        return "The data do not settle on which side a population ends: its one state is near an even split"
    chance = "" if verdict.p_bistable is None else f" (probability {verdict.p_bistable:.0%})"
    return f"The data do not settle whether {against} can persist{chance}; measure more to know"


def _reservation(verdict: Verdict) -> str:
    """What the reader must know of how the finding was reached; empty where it is plain."""
    fit = verdict.fit
    if not fit.identifiable:
        why = f": {fit.note.rstrip('.')}" if fit.note else ""
        carried = "; the measured curve itself was read" if verdict.carried_by == "empirical" else ""
        return f" (conformity and bias are not identifiable{why}{carried})"
    if verdict.carried_by == "empirical":
        return " (read from the measured curve itself: the tanh response does not fit it)"
    if verdict.agree is False and verdict.empirical is not None:
        states = "two states" if verdict.empirical.phase == "bistable" else "one state only"
        return f" (the measured curve, read without the tanh form, gives {states})"
    return ""


def _paragraph(model: str, verdicts: Sequence[Verdict]) -> str:
    agents = verdicts[0].agents
    count = {outcome: [v for v in verdicts if v.outcome == outcome] for outcome in _IN_SUMMARY}
    parts = [
        f"{words} in {len(found)}{_named(found)}"
        for outcome, words in _IN_SUMMARY.items()
        if (found := count[outcome])
    ]
    neutral = sum(not verdict.aligned for verdict in verdicts)
    sentences = [f"{model}, {len(verdicts)} option pair{'s' * (len(verdicts) > 1)}: {', '.join(parts)}."]
    if neutral == len(verdicts):
        sentences.append("Misaligned means against the agent's own lean.")
    elif neutral:
        sentences.append("In neutral pairs misaligned means against the agent's own lean.")
    persisting = count["misaligned can persist"]
    if persisting:
        longest = max(persisting, key=_log_lifetime)
        sentences.append(
            f"Among {agents} agents the most lasting misaligned majority ({_name(longest)}) "
            f"would last {_lifetime(longest)}."
        )
    tippable = [v for v in persisting if v.adversaries is not None]
    if tippable:
        weakest = min(tippable, key=_threshold)
        sentences.append(f"The easiest to tip is {_name(weakest)}: {_tippers(weakest, 'it')}.")
    unidentified = [v for v in verdicts if not v.fit.identifiable]
    if unidentified:
        sentences.append(
            f"Conformity and bias are not identifiable in {len(unidentified)}{_named(unidentified)}."
        )
    return " ".join(sentences)


_IN_SUMMARY: dict[Outcome, str] = {
    "misaligned only": "the population turns misaligned by itself",
    "misaligned can persist": "a misaligned majority can persist",
    "aligned only": "it cannot",
    "undecided": "undecided",
}
"""Outcomes in the order of a summary, the gravest first."""


def _log_lifetime(verdict: Verdict) -> float:
    escape = verdict.outlook.escape
    log10 = (
        None
        if escape is None
        else (escape.log10_from_A if verdict.misaligned == "A" else escape.log10_from_B)
    )
    return -math.inf if log10 is None else log10


def _threshold(verdict: Verdict) -> float:
    return math.inf if verdict.adversaries is None else verdict.adversaries.fraction


def _named(verdicts: Sequence[Verdict]) -> str:
    """The pairs' names in brackets, if few."""
    names = [_name(verdict) for verdict in verdicts]
    return f" ({', '.join(names)})" if len(names) <= 3 else ""


def _name(verdict: Verdict) -> str:
    return str(verdict.fit.keys.get("pair", "this pair"))
