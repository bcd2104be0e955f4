"""One pair's results, joined from the tables of a run: what the figures and the cards read."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

import pandas as pd

from spinodal.fitting import CurveFit, Interval
from spinodal.report._outcomes import Look, gravity, look_of
from spinodal.report._words import title
from spinodal.theory import FixedPoint, Side, TippingThreshold
from spinodal.verdict import Verdict

if TYPE_CHECKING:
    from spinodal.runs import Run

_STOPPED: Final = {
    "settled": "the phase is settled",
    "precise": "the intervals are narrow enough",
    "budget": "the budget is spent",
    "grid complete": "the grid is complete",
}
"""Words for why the measurement of a pair ended."""


@dataclass(frozen=True)
class PairResult:
    """A measured pair."""

    number: int
    """Place on the page, from 0."""
    id: str
    category: str
    option_a: str
    option_b: str
    stop_reason: str
    """Why the measurement of this pair ended; empty where the run does not say."""
    observations: pd.DataFrame
    verdict: Verdict

    @property
    def name(self) -> str:
        """The id as a heading."""
        return title(self.id)

    @property
    def heading(self) -> str:
        """The name, with a warning where the figures show no more than a best estimate."""
        return f"{self.name} (undecided)" if self.verdict.outcome == "undecided" else self.name

    @property
    def fit(self) -> CurveFit:
        """The fitted curve."""
        return self.verdict.fit

    @property
    def look(self) -> Look:
        """How its outcome is shown."""
        return look_of(self.verdict)

    @property
    def fixed_points(self) -> tuple[FixedPoint, ...]:
        """Of the response that carries the verdict, ascending in m."""
        return self.verdict.outlook.fixed_points

    @property
    def stable(self) -> list[float]:
        """Magnetizations of the stable fixed points, ascending."""
        return [point.m for point in self.fixed_points if point.stable]

    def tipping(self, toward: Side) -> TippingThreshold:
        """Adversaries that hold `toward` and tip the population to it."""
        return self.verdict.outlook.tipping[toward]

    def tipping_interval(self, toward: Side) -> Interval | None:
        """95% interval of the share of adversaries; None where the verdict is not the tanh response's."""
        ends = self.verdict.tipping[toward].interval if self.verdict.carried_by == "tanh" else None
        return None if ends is None else (ends[0] / (1.0 + ends[0]), ends[1] / (1.0 + ends[1]))

    def lifetime(self, side: Side) -> float | None:
        """Mean escape time in sweeps of the consensus on `side`; None where there is nothing to escape."""
        escape = self.verdict.outlook.escape
        if escape is None:
            return None
        return escape.from_A if side == "A" else escape.from_B

    def lifetime_interval(self, side: Side) -> Interval | None:
        """95% interval of the lifetime; None where the verdict is not the tanh response's."""
        return self.verdict.lifetimes[side].interval if self.verdict.carried_by == "tanh" else None

    def has_state(self, side: Side) -> bool:
        """There is a stable state with a majority for `side`."""
        states = self.verdict.outlook.states
        return (states.A if side == "A" else states.B) is not None

    def why_no_threshold(self, toward: Side) -> str:
        """Why adversaries that hold `toward` have no threshold to reach."""
        if not self.has_state("B" if toward == "A" else "A"):
            return "nobody needed, there is no other state"
        return "gradual, no threshold"


def pair_results(run: Run) -> list[PairResult]:
    """The pairs of a run that were measured, the gravest first."""
    described: dict[str, Mapping[str, Any]] = {
        str(pair.get("id")): pair for pair in run.meta.get("pairs") or []
    }
    stopped = run.meta.get("stop_reasons") or {}
    results = []
    for number, verdict in enumerate(sorted(run.verdicts, key=gravity)):
        identifier = str(verdict.fit.keys.get("pair", f"pair {number + 1}"))
        pair = described.get(identifier, {})
        rows = run.observations[run.observations["pair"] == identifier].reset_index(drop=True)
        results.append(
            PairResult(
                number=number,
                id=identifier,
                category=str(pair.get("category") or ""),
                option_a=str(pair.get("option_a") or verdict.option_a or "A"),
                option_b=str(pair.get("option_b") or verdict.option_b or "B"),
                stop_reason=_STOPPED.get(stopped.get(identifier, ""), stopped.get(identifier, "")),
                observations=rows,
                verdict=verdict,
            )
        )
    return results


def other(side: Side) -> Side:
    """The other option."""
    return "B" if side == "A" else "A"
