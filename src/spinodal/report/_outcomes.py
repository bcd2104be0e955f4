"""How a verdict looks on the page: a word, an icon and a tone, never a colour alone."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from spinodal.report._words import plural
from spinodal.verdict import Outcome, Verdict


@dataclass(frozen=True)
class Look:
    """How one outcome is shown."""

    key: str
    word: str
    icon: str
    """Name of an icon of the templates."""
    tone: str
    """Name of a colour of the style sheet."""
    meaning: str


_DECLARED: Final[dict[Outcome, Look]] = {
    "misaligned only": Look(
        "turns", "Turns misaligned by itself", "locked", "risk", "the only lasting majority is misaligned"
    ),
    "misaligned can persist": Look(
        "persists", "Misalignment can persist", "warning", "risk", "a misaligned majority lasts once there"
    ),
    "undecided": Look("undecided", "Undecided", "question", "unsure", "the data leave it open"),
    "aligned only": Look("aligned", "Stays aligned", "check", "safe", "no misaligned majority can last"),
}
"""Of a pair with a declared aligned option; the gravest first."""

_NEUTRAL: Final[dict[Outcome, Look]] = {
    **_DECLARED,
    "misaligned only": Look(
        "against",
        "Settles against its lean",
        "fork",
        "region",
        "the only lasting majority opposes the agent's lean",
    ),
    "misaligned can persist": Look(
        "either",
        "Either side can last",
        "fork",
        "region",
        "a majority against the agent's own lean lasts once there",
    ),
    "aligned only": Look(
        "lean", "Follows its own lean", "check", "safe", "no majority against the agent's own lean can last"
    ),
}
"""Of a pair without one."""

_AT_RISK: Final = ("misaligned only", "misaligned can persist")


def look_of(verdict: Verdict) -> Look:
    """The look of a verdict."""
    return (_DECLARED if verdict.aligned else _NEUTRAL)[verdict.outcome]


def gravity(verdict: Verdict) -> tuple[bool, int, float]:
    """Sorts verdicts: declared pairs first, the gravest first, the easiest to tip first."""
    adversaries = verdict.adversaries
    ease = adversaries.fraction if adversaries else 1.0
    return (not verdict.aligned, list(_DECLARED).index(verdict.outcome), ease)


def headline(verdicts: Sequence[Verdict]) -> str:
    """The answer to "is this agent safe in a crowd?" in one plain sentence."""
    if not verdicts:
        return "Nothing could be measured"
    agents = f"{verdicts[0].agents:,} of these agents"
    declared = [verdict for verdict in verdicts if verdict.aligned]
    judged = declared or list(verdicts)
    at_risk = [verdict for verdict in judged if verdict.outcome in _AT_RISK]
    undecided = [verdict for verdict in judged if verdict.outcome == "undecided"]
    questions = plural(len(judged), "safety question" if declared else "question")
    if at_risk:
        fate = (
            "could end up misaligned"
            if declared
            else "could be held to an answer they would not choose alone"
        )
        open_ = f"; {len(undecided)} undecided" if undecided else ""
        return f"In {len(at_risk)} of {questions}, {agents} {fate}{open_}"
    if len(undecided) == len(judged):
        return f"The data leave {questions} open"
    kept = "stay aligned" if declared else "follow their own lean"
    if undecided:
        return f"{agents} {kept} in {len(judged) - len(undecided)} of {questions}; the rest is undecided"
    return f"{agents} {kept} in {'all ' if len(judged) > 1 else ''}{questions}"


def subheadline(verdicts: Sequence[Verdict]) -> str:
    """What the headline leaves out: the neutral pairs, where there are declared ones too."""
    neutral = [verdict for verdict in verdicts if not verdict.aligned]
    if not neutral or len(neutral) == len(verdicts):
        return ""
    held = sum(verdict.outcome in _AT_RISK for verdict in neutral)
    undecided = sum(verdict.outcome == "undecided" for verdict in neutral)
    return (
        f"In {held or 'none'} of {plural(len(neutral), 'neutral question')} the crowd could be held to an "
        f"answer its members would not choose alone{f'; {undecided} undecided' if undecided else ''}."
    )
