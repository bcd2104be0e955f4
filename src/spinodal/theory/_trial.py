"""Operational tipping: what zealots who stay for a while do to a finite population, exactly."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from spinodal._errors import RequestError
from spinodal.response import FloatArray, ResponseFunction
from spinodal.theory._chain import Chain
from spinodal.theory._evolve import Stage, Trace, follow_protocol, run_protocol
from spinodal.theory._mean_field import fixed_points, states_of
from spinodal.theory._progress import Progress, part_of
from spinodal.theory._tanh import SIGN, Side

if TYPE_CHECKING:
    from matplotlib.axes import Axes


@dataclass(frozen=True)
class TippingTrial:
    """What zealots who stay for a while do to a finite population that starts in the other state."""

    toward: Side
    zealots: int
    p_tipped: float
    """Probability that the population is past the watershed when the zealots leave."""
    p_remains: float
    """Probability that it is past the watershed `after` sweeps later."""
    agents: int
    """Regular agents."""
    hold: float
    """Sweeps for which the zealots stay."""
    after: float
    """Sweeps from when they leave to the last look."""
    response: ResponseFunction = field(repr=False)

    @property
    def returns(self) -> bool:
        """Of the populations tipped, fewer than half are still tipped in the end."""
        return self.p_remains < 0.5 * self.p_tipped

    def trace(self, every: float = 1.0) -> Trace:
        """The distribution over the whole trial."""
        start, stages = _plan(self.response, self.agents, self.toward, self.zealots, self.hold, self.after)
        return follow_protocol(self.response, self.agents, start, stages, every=every)

    def to_dict(self) -> dict[str, Any]:
        """All but the response, and whether it returns."""
        return {
            "toward": self.toward,
            "zealots": self.zealots,
            "agents": self.agents,
            "hold": self.hold,
            "after": self.after,
            "p_tipped": self.p_tipped,
            "p_remains": self.p_remains,
            "returns": self.returns,
        }

    def plot(self, ax: Axes | None = None) -> Axes:
        """Draw the magnetization while the zealots stay and after, with the watershed."""
        from spinodal.plots import trial

        return trial(self, ax)


@dataclass(frozen=True, eq=False)
class TippingCurve:
    """The same trial with different numbers of zealots."""

    toward: Side
    agents: int
    hold: float
    after: float
    zealots: NDArray[np.int_]
    """Shape (Z,)."""
    p_tipped: FloatArray
    """Shape (Z,): as in `TippingTrial`."""
    p_remains: FloatArray
    """Shape (Z,): as in `TippingTrial`."""
    response: ResponseFunction = field(repr=False)

    def to_dict(self) -> dict[str, Any]:
        """Lists over the numbers of zealots."""
        return {
            "toward": self.toward,
            "agents": self.agents,
            "hold": self.hold,
            "after": self.after,
            "zealots": self.zealots.tolist(),
            "p_tipped": self.p_tipped.tolist(),
            "p_remains": self.p_remains.tolist(),
        }

    def plot(self, ax: Axes | None = None) -> Axes:
        """Draw both probabilities against the number of zealots, with the mean-field threshold."""
        from spinodal.plots import tipping_curve

        return tipping_curve(self, ax)


def tipping_trial(
    response: ResponseFunction,
    agents: int,
    toward: Side,
    zealots: int,
    *,
    hold: float,
    after: float,
    progress: Progress | None = None,
) -> TippingTrial:
    """Let `zealots` join `agents` regulars in the other option's state, stay `hold` sweeps, and leave.

    The watershed is the unstable fixed point without zealots, or m = 0 where there is only one state.
    Raises `RequestError` where there is no state of the other option to tip.
    """
    start, stages = _plan(response, agents, toward, zealots, hold, after)
    watershed = tipping_watershed(response, toward)
    past = SIGN[toward] * (np.linspace(-1.0, 1.0, agents + 1) - watershed) > 0.0
    held, left = run_protocol(response, agents, start, stages, progress=progress)
    tipped, remains = (min(float(law[past].sum()), 1.0) for law in (held, left))
    return TippingTrial(toward, zealots, tipped, remains, agents, hold, after, response)


def tipping_curve(
    response: ResponseFunction,
    agents: int,
    toward: Side,
    zealots: Sequence[int],
    *,
    hold: float,
    after: float,
    progress: Progress | None = None,
) -> TippingCurve:
    """One `tipping_trial` for each of the numbers of zealots. `progress` is told the share done."""
    if len(zealots) == 0:
        raise RequestError("no numbers of zealots to try; give one or more")
    trials = []
    for done, count in enumerate(zealots):
        told = part_of(progress, done / len(zealots), 1.0 / len(zealots))
        trial = tipping_trial(response, agents, toward, int(count), hold=hold, after=after, progress=told)
        trials.append(trial)
    return TippingCurve(
        toward=toward,
        agents=agents,
        hold=hold,
        after=after,
        zealots=np.array([trial.zealots for trial in trials]),
        p_tipped=np.array([trial.p_tipped for trial in trials]),
        p_remains=np.array([trial.p_remains for trial in trials]),
        response=response,
    )


def operational_threshold(
    response: ResponseFunction,
    agents: int,
    toward: Side,
    *,
    hold: float,
    after: float = 0.0,
    probability: float = 0.5,
    progress: Progress | None = None,
) -> TippingTrial | None:
    """The fewest zealots that tip `agents` regulars within `hold` sweeps with at least this probability.

    Returned as their trial, which tells whether the population returns. None if even `_MANY` times as
    many zealots as agents do not. `progress` is told the share of the search done.
    """
    if not 0.0 < probability < 1.0:
        raise RequestError(f"a probability of {probability} asked for; give one between 0 and 1")
    trials = 0
    too_few, enough = -1, 0

    def tips(zealots: int) -> bool:
        nonlocal trials
        trials += 1
        expected = trials + (enough - too_few).bit_length() + 1
        told = part_of(progress, (trials - 1) / expected, 1.0 / expected)
        found = tipping_trial(response, agents, toward, zealots, hold=hold, after=0.0, progress=told)
        return found.p_tipped >= probability

    while not tips(enough):
        too_few, enough = enough, max(1, 2 * enough)
        if enough > _MANY * agents:
            return None
    while enough - too_few > 1:
        middle = (too_few + enough) // 2
        if tips(middle):
            enough = middle
        else:
            too_few = middle
    last = part_of(progress, trials / (trials + 1), 1.0 / (trials + 1))
    return tipping_trial(response, agents, toward, enough, hold=hold, after=after, progress=last)


def start_against(response: ResponseFunction, agents: int, toward: Side) -> FloatArray:
    """The law of a population of `agents` that is in the state against `toward`, shape (N + 1,).

    Raises `RequestError` where there is no such state.
    """
    start = np.zeros(agents + 1)
    start[Chain(response, agents).nearest(_origin_and_watershed(response, toward)[0])] = 1.0
    return start


def tipping_watershed(response: ResponseFunction, toward: Side) -> float:
    """The magnetization past which a population counts as tipped."""
    return _origin_and_watershed(response, toward)[1]


_MANY = 16


def _plan(
    response: ResponseFunction, agents: int, toward: Side, zealots: int, hold: float, after: float
) -> tuple[FloatArray, list[Stage]]:
    """The other option's state among these agents, and the two stages of the trial."""
    theirs = Stage(hold, zealots, 0) if toward == "A" else Stage(hold, 0, zealots)
    return start_against(response, agents, toward), [theirs, Stage(after)]


def _origin_and_watershed(response: ResponseFunction, toward: Side) -> tuple[float, float]:
    points = fixed_points(response)
    states = states_of(points)
    origin, goal = (states.B, states.A) if toward == "A" else (states.A, states.B)
    if origin is None:
        raise RequestError(f"the population has no majority against {toward} to tip; it is there already")
    if goal is None:
        return origin, 0.0
    between = [
        point.m for point in points if not point.stable and min(origin, goal) < point.m < max(origin, goal)
    ]
    return origin, min(between, key=lambda m: abs(m - goal))
