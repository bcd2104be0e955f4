"""What was found about attention, in sentences."""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import TYPE_CHECKING, Final

from spinodal.attention._summary import INSTRUCTIONS, Comparison

if TYPE_CHECKING:
    from spinodal.attention._summary import AttentionSummary, Contrast, Level, Measure

DOING: Final = {"message": "Writing a message", "decision": "Deciding", "reply": "Replying"}
"""What the agent does in a turn of each kind."""


_AGAINST: Final[dict[Comparison, str]] = {"words": "the same words without the guard's", "played": "no guard"}
"""The contrasts that tell what a guard does, the cleaner first."""


def sentences(found: AttentionSummary) -> tuple[str, ...]:
    """One a kind of turn, and one a guard and kind."""
    return (*_course(found), *_guards(found))


def percent(value: float) -> str:
    """A share as a percentage with one decimal."""
    return f"{100 * value:.1f}%"


def points(contrast: Contrast) -> str:
    """A difference of shares in percentage points, with its interval."""
    low, high = contrast.effect.interval
    ends = "" if math.isnan(low) else f" (95% {_sign(low)} to {_sign(high)})"
    return f"{_sign(contrast.effect.estimate)} points{ends}"


def _sign(value: float) -> str:
    return f"{100 * value:+.1f}".replace("-", "−")


def _course(found: AttentionSummary) -> Iterator[str]:
    for kind in found.kinds:
        turns = found.turns(kind)
        levels = [found.level("system", turn) for turn in (turns[:1] + turns[-1:])]
        ends = [one for one in levels if one is not None and "relative_without_sinks" in one.values]
        if len(ends) < 2:
            yield f"{DOING[kind]}: there is no system prompt to look at."
            continue
        first, last = ends
        times = _times(first) if first.turn == last.turn else f"{_times(first)} and {_times(last)}"
        yield (
            f"{DOING[kind]}, without a guard: of the attention, {_both(first, last, 'share')} is on the "
            f"system prompt{_change(found, 'share', kind)}. Attention sinks left out it is "
            f"{_both(first, last, 'share_without_sinks')}{_change(found, 'share_without_sinks', kind)}: "
            f"{times} times what words of that length would have if attention fell on all alike."
        )


def _guards(found: AttentionSummary) -> Iterator[str]:
    for guard in found.guards:
        for kind in found.kinds:
            for what, against in _AGAINST.items():
                own, system, both = (
                    found.contrast(what, segment, "share_without_sinks", kind, guard)
                    for segment in ("guard", "system", INSTRUCTIONS)
                )
                if own is None or system is None or both is None:
                    continue
                yield (
                    f"{DOING[kind]}, {guard}: sinks left out, {percent(own.effect.estimate)} of the "
                    f"attention is on the guard's words, and on the system prompt {points(system)} against "
                    f"{against}; on both together {points(both)}."
                )
                break


def _both(first: Level, last: Level, measure: Measure) -> str:
    told = f"{percent(first.values[measure][0])} at turn {first.turn}"
    if first.turn == last.turn:
        return told
    return f"{told} and {percent(last.values[measure][0])} at turn {last.turn}"


def _change(found: AttentionSummary, measure: Measure, kind: str) -> str:
    change = found.contrast("course", "system", measure, kind)
    return "" if change is None else f", {points(change)}"


def _times(level: Level) -> str:
    return f"{level.values['relative_without_sinks'][0]:.2f}"
