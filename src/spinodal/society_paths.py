"""What is read off a society's trajectories, beside what was predicted of them.

Pages and pictures of a society draw these; the numbers in them are those of the run's tables.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from spinodal._errors import RequestError
from spinodal.response import FloatArray, MixtureResponse, ResponseFunction
from spinodal.society_runs import SocietyRun
from spinodal.theory import Side, Stage, Trace, tipping_watershed
from spinodal.theory._tanh import SIGN

if TYPE_CHECKING:
    from spinodal.society_verdict import SocietyVerdict

Interval = tuple[float, float]


@dataclass(frozen=True, eq=False)
class Paths:
    """The complete trajectories from one start, with the law that was predicted of them."""

    m0: float
    """Where they were to start."""
    m: FloatArray
    """Magnetization of the regular agents at the sweeps 0..T, shape (R, T + 1); R may be 0."""
    by_group: FloatArray
    """The same of each group, shape (R, T + 1, groups)."""
    predicted: Trace | None
    well_mixed: Trace | None
    """Of a society on a graph: the law of the complete graph."""

    @property
    def runs(self) -> int:
        """R, the complete trajectories."""
        return int(self.m.shape[0])

    @property
    def sweeps(self) -> NDArray[np.int64]:
        """0..T."""
        return np.arange(self.m.shape[1])

    @cached_property
    def mean(self) -> FloatArray:
        """Over the trajectories, shape (T + 1,); NaN without any."""
        return np.asarray(self.m.mean(axis=0) if self.runs else np.full(self.m.shape[1], np.nan))


def paths(run: SocietyRun, verdict: SocietyVerdict) -> list[Paths]:
    """One entry a start, ascending in m0: every start asked for, complete trajectories or none."""
    sizes = np.array(list(run.groups.values()))
    m = 2.0 * run.counts / run.agents - 1.0
    by_group = 2.0 * run.counts_by_group / sizes - 1.0
    found = []
    for m0 in sorted(run.meta["request"]["m0"]):
        here = run.m0 == m0
        predicted = verdict.forecast.trace(m0) if verdict.forecast else None
        well_mixed = verdict.well_mixed.trace(m0) if verdict.well_mixed else None
        found.append(Paths(m0, m[here], by_group[here], predicted, well_mixed))
    return found


@dataclass(frozen=True)
class TippedShare:
    """How many populations from one start are past the watershed when a stage ends."""

    m0: float
    stage: int
    sweep: int
    """When the stage ends."""
    tipped: int
    runs: int
    predicted: float | None
    """Probability to be past it; None without a prediction."""

    @property
    def share(self) -> float:
        """Of the complete trajectories; NaN without any."""
        return self.tipped / self.runs if self.runs else float("nan")

    @property
    def interval(self) -> Interval | None:
        """Wilson's 95% interval of the share; None without a trajectory."""
        if not self.runs:
            return None
        from scipy.stats import binomtest

        ends = binomtest(self.tipped, self.runs).proportion_ci(method="wilson")
        return float(ends.low), float(ends.high)

    def to_dict(self) -> dict[str, Any]:
        """JSON-ready, with the share and its interval."""
        return {
            "m0": self.m0,
            "stage": self.stage,
            "sweep": self.sweep,
            "tipped": self.tipped,
            "runs": self.runs,
            "share": self.share if self.runs else None,
            "interval": self.interval,
            "predicted": self.predicted,
        }


def tipped_shares(run: SocietyRun, of: Sequence[Paths]) -> list[TippedShare]:
    """A share for each start and stage, in order, of those past `watershed`."""
    border = watershed(run)
    found = []
    for one in of:
        for number, (_, end) in enumerate(_spans(run.stages)):
            past = _beyond(one.m[:, end], border, run.toward)
            p = None
            if one.predicted is not None:
                law = one.predicted.laws[int(np.searchsorted(one.predicted.sweeps, end - 1e-9))]
                p = float(law[_beyond(one.predicted.magnetization, border, run.toward)].sum())
            found.append(TippedShare(one.m0, number, end, int(past.sum()), one.runs, p))
    return found


def watershed(run: SocietyRun) -> float:
    """The magnetization past which a population counts as tipped toward `run.toward`.

    The unstable fixed point of the measured response (of a mixture, its mean) without zealots, and 0
    where there is none, or nothing was measured.
    """
    if set(run.fits) != set(run.groups):
        return 0.0
    responses: list[ResponseFunction] = []
    for name in run.groups:
        [verdict] = [one for one in run.responses[name][0].verdicts if one.fit.keys["pair"] == run.pair.id]
        responses.append(verdict.response)
    mixed = MixtureResponse(responses, list(run.groups.values()))
    try:
        return tipping_watershed(mixed, run.toward)
    except RequestError:  # no majority against `toward` to tip
        return 0.0


@dataclass(frozen=True, eq=False)
class SocietyLoop:
    """Zealots swept to the other side and back: mean m over the second half of each step, S steps."""

    zealots: NDArray[np.int64]
    """Signed zealots of each step (+ for A), as they followed one another, shape (S,)."""
    turn: int
    """The step at which the way back begins."""
    m: FloatArray
    """Of each complete trajectory, shape (R, S)."""
    agents: int
    predicted: FloatArray | None
    """Expectation of the same means, shape (S,); None without a prediction."""
    band: FloatArray | None
    """Shape (2, S): the central 90% of m at a sweep of the second half. A step's mean varies less."""

    @property
    def areas(self) -> FloatArray:
        """Area of each trajectory's loop, shape (R,), in units of m times zealots per regular agent."""
        return _area(self.m, self.zealots, self.agents)

    @property
    def predicted_area(self) -> float | None:
        """Expected area."""
        if self.predicted is None:
            return None
        return float(_area(self.predicted[None], self.zealots, self.agents)[0])

    @property
    def ways(self) -> tuple[slice, slice]:
        """Steps of the way there and of the way back."""
        return slice(0, self.turn), slice(self.turn, len(self.zealots))


def society_loop(run: SocietyRun, of: Sequence[Paths]) -> SocietyLoop:
    """The loop of all complete trajectories, whatever their start."""
    zealots = np.array([int(stage.zealots_a) - int(stage.zealots_b) for stage in run.stages])
    halves = [(begin + (end - begin) // 2, end) for begin, end in _spans(run.stages)]
    m = np.concatenate([one.m for one in of])
    means = np.array([m[:, low + 1 : high + 1].mean(axis=1) for low, high in halves]).T
    traces = [one.predicted for one in of if one.predicted is not None]
    predicted = band = None
    if traces:
        runs = np.array([one.runs for one in of], dtype=np.float64)
        weights = runs / runs.sum() if runs.any() else np.full(len(traces), 1.0 / len(traces))
        laws = np.array([_law(traces, weights, low, high) for low, high in halves])
        grid = traces[0].magnetization
        predicted = laws @ grid
        levels = np.cumsum(laws, axis=1)
        band = np.array([grid[np.argmax(levels >= level - 1e-9, axis=1)] for level in (0.05, 0.95)])
    away = np.abs(zealots - zealots[0])
    furthest = np.flatnonzero(away == away.max())
    turn = int(furthest[-1]) if furthest.size > 1 else int(furthest[0]) + 1
    return SocietyLoop(zealots, turn, means.reshape(-1, len(halves)), run.agents, predicted, band)


def _area(m: FloatArray, zealots: NDArray[np.int64], agents: int) -> FloatArray:
    """Around the path, by the trapezoidal rule: where zealots stay, nothing is added."""
    return np.asarray(-np.trapezoid(m, zealots / agents, axis=1))


def _law(traces: list[Trace], weights: FloatArray, low: int, high: int) -> FloatArray:
    """Of k at a random sweep of low + 1 .. high, shape (N + 1,)."""
    laws = []
    for trace in traces:
        inside = (trace.sweeps > low + 0.5) & (trace.sweeps < high + 0.5)
        laws.append(trace.laws[inside].mean(axis=0))
    return np.asarray(weights @ np.array(laws))


def _spans(stages: tuple[Stage, ...]) -> list[tuple[int, int]]:
    """Sweeps at which each stage begins and ends."""
    ends = np.cumsum([int(stage.sweeps) for stage in stages])
    return [(int(end) - int(stage.sweeps), int(end)) for stage, end in zip(stages, ends, strict=True)]


def _beyond(m: FloatArray, border: float, side: Side) -> NDArray[np.bool_]:
    return np.asarray(SIGN[side] * (m - border) > 0.0)
