"""Finite populations, exactly: N well-mixed agents as a chain on the number k of agents for A.

One step is one update: a random agent looks at all others (not at itself) and adopts A with
probability P(mu). With S_A and S_B zealots beside the N regular agents,

    mu_i = (2i - (N - 1) + S_A - S_B)/(N - 1 + S_A + S_B),   i the number of A among the N - 1 others,
    W+(k) = (N - k)/N P(mu_k),   W-(k) = k/N (1 - P(mu_{k-1})).

Where an agent responds by what it itself holds (`response.OwnOpinionResponse`), P in W+ is that of those who
hold B and P in W- that of those who hold A.

Everything is computed in logs, in O(N) memory: lifetimes overflow at a few hundred agents.
"""

from __future__ import annotations

import math
import sys
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import ArrayLike

from spinodal._errors import RequestError
from spinodal.response import FloatArray, ResponseFunction, among, log_probabilities
from spinodal.theory._mean_field import States, fixed_points, require_zealots, states_of
from spinodal.theory._progress import Progress
from spinodal.theory._tanh import Side, tanh_fixed_points

if TYPE_CHECKING:
    from matplotlib.axes import Axes


@dataclass(frozen=True)
class Chain:
    """A population of `agents` regular agents and whole numbers of zealots, as a birth-death chain.

    `agents` >= 2, `zealots_a` and `zealots_b` >= 0; else `RequestError`. States k = 0..N count the
    regular agents for A. Times are in sweeps (N updates).
    """

    response: ResponseFunction
    agents: int
    zealots_a: int = 0
    zealots_b: int = 0

    def __post_init__(self) -> None:
        require_agents(self.agents)
        if self.agents > MOST_AGENTS:
            raise RequestError(
                f"{self.agents:,} agents are too many to list their states; "
                f"give {MOST_AGENTS:,} at most, or simulate"
            )
        require_zealots(self.zealots_a, self.zealots_b)
        if self.zealots_a != int(self.zealots_a) or self.zealots_b != int(self.zealots_b):
            raise RequestError(
                f"{self.zealots_a} and {self.zealots_b} zealots among the agents; give whole numbers"
            )

    @cached_property
    def magnetization(self) -> FloatArray:
        """m of the regular agents in each state, shape (N + 1,)."""
        return np.linspace(-1.0, 1.0, self.agents + 1)

    @cached_property
    def perceived(self) -> FloatArray:
        """mu_i for i = 0..N-1 of the others holding A, shape (N,)."""
        others = self.agents - 1
        held = 2.0 * np.arange(self.agents) - others + self.zealots_a - self.zealots_b
        return np.asarray(held / (others + self.zealots_a + self.zealots_b))

    @cached_property
    def log_rates(self) -> tuple[FloatArray, FloatArray]:
        """log W+(k) and log W-(k), each of shape (N + 1,); -inf where the step is impossible."""
        peers = self.agents - 1 + self.zealots_a + self.zealots_b
        return _log_rates(*log_probabilities(among(self.response, peers), self.perceived))

    def nearest(self, m: float) -> int:
        """The state k whose magnetization is nearest to m."""
        return round(self.agents * (1.0 + m) / 2.0)

    def log_stationary(self) -> FloatArray:
        """log pi(k), normalised, shape (N + 1,): pi(k+1)/pi(k) = W+(k)/W-(k+1).

        States that are left for ever have -inf. Raises `RequestError` where several sets of states
        are never left, for then the law depends on the start.
        """
        up, down = self.log_rates
        climbs, falls = np.isfinite(up[:-1]), np.isfinite(down[1:])
        cuts = np.flatnonzero(~(climbs & falls))
        first = np.concatenate([[0], cuts + 1])
        last = np.concatenate([cuts, [self.agents]])
        closed_below = (first == 0) | ~falls[first - 1]
        closed_above = (last == self.agents) | ~climbs[np.minimum(last, self.agents - 1)]
        closed = np.flatnonzero(closed_below & closed_above)
        if closed.size > 1:
            raise RequestError(
                f"the population has {closed.size} sets of states it never leaves, so no one stationary law; "
                "give a response that never reaches 0 or 1"
            )
        low, high = int(first[closed[0]]), int(last[closed[0]])
        log_pi = np.full(self.agents + 1, -np.inf)
        log_pi[low : high + 1] = np.concatenate([[0.0], np.cumsum(up[low:high] - down[low + 1 : high + 1])])
        return np.asarray(log_pi - _log_sum(log_pi))

    def log_passage(self, start: int, target: int) -> float:
        """log of the mean first-passage time, in sweeps, from state `start` to state `target`.

        Upwards: sum over k from start to target - 1 of [sum over j <= k of pi_j]/(W+_k pi_k) updates.
        -inf where start is target, inf where it may never arrive.
        """
        self._require_states(start, target)
        up, down = self.log_rates
        if start > target:  # the same chain seen from the other side
            up, down = down[::-1], up[::-1]
            start, target = self.agents - start, self.agents - target
        return _log_sum(_log_climb(up, down)[start:target]) - math.log(self.agents)

    def committor(self, a: int, b: int) -> FloatArray:
        """Probability to reach state b before state a, from every state, shape (N + 1,); a < b.

        q(k) = sum_{j=a}^{k-1} g_j / sum_{j=a}^{b-1} g_j, g_j = prod_{i=a+1}^{j} W-_i/W+_i.
        """
        self._require_states(a, b)
        if a >= b:
            raise RequestError(f"the committor is from a lower state to a higher one; got {a} and {b}")
        up, down = self.log_rates
        # a state with no way up never leads to b, one with no way down always does
        stuck = np.flatnonzero(np.isneginf(up[a + 1 : b]))
        a += int(stuck[-1]) + 1 if stuck.size else 0
        bound = np.flatnonzero(np.isneginf(down[a + 1 : b]))
        b = a + 1 + int(bound[0]) if bound.size else b
        log_g = np.concatenate([[0.0], np.cumsum(down[a + 1 : b] - up[a + 1 : b])])
        reached = np.logaddexp.accumulate(log_g)
        q = np.zeros(self.agents + 1)
        q[a + 1 : b + 1] = np.exp(reached - reached[-1])
        q[b + 1 :] = 1.0
        return q

    def plot(self, ax: Axes | None = None) -> Axes:
        """Draw the stationary law, with the mean-field states."""
        from spinodal.plots import stationary_law

        return stationary_law(self, ax)

    def _require_states(self, *states: int) -> None:
        for k in states:
            if not 0 <= k <= self.agents:
                raise RequestError(f"{k} agents for A is no state of {self.agents}; give 0 to {self.agents}")


@dataclass(frozen=True)
class EscapeTimes:
    """Mean first-passage times between the A state and the B state, in sweeps.

    None where that state, or the one to go to, does not exist; inf past the range of a float, where
    the logarithm still tells, or (with the logarithm inf too) where the state can never be left.
    """

    from_A: float | None
    """From the k nearest the A state to the k nearest the B state."""
    from_B: float | None
    """The reverse."""
    log10_from_A: float | None
    log10_from_B: float | None

    @classmethod
    def from_logs(cls, from_A: float | None, from_B: float | None) -> EscapeTimes:
        """From natural logarithms of sweeps."""
        return cls(
            from_A=None if from_A is None else _exp(from_A),
            from_B=None if from_B is None else _exp(from_B),
            log10_from_A=None if from_A is None else from_A / math.log(10.0),
            log10_from_B=None if from_B is None else from_B / math.log(10.0),
        )

    def in_words(self, side: Side) -> str | None:
        """How long that state lasts: 'about 340 sweeps', 'for ever'; None where it does not exist."""
        log10 = self.log10_from_A if side == "A" else self.log10_from_B
        return None if log10 is None else _sweeps_in_words(log10)

    def to_dict(self) -> dict[str, Any]:
        """Sweeps out of each state; a lifetime beyond the largest float is given as that float."""
        return {
            side: None if sweeps is None else min(sweeps, sys.float_info.max)
            for side, sweeps in (("from_A", self.from_A), ("from_B", self.from_B))
        }


def escape_times(
    response: ResponseFunction, agents: int, *, zealots_a: int = 0, zealots_b: int = 0
) -> EscapeTimes:
    """How long `agents` agents stay in the A state and in the B state before they reach the other.

    The states are the stable fixed points of the mean field with as many zealots per agent. In so
    small a population that both fall on one k, there is nothing to escape from.
    """
    chain = Chain(response, agents, zealots_a, zealots_b)
    points = fixed_points(response, zealots_a=zealots_a / agents, zealots_b=zealots_b / agents)
    return escape_between(chain, states_of(points))


def escape_between(chain: Chain, states: States) -> EscapeTimes:
    """The escape times of a chain whose states are known already."""
    if states.A is None or states.B is None:
        return EscapeTimes.from_logs(None, None)
    a, b = chain.nearest(states.A), chain.nearest(states.B)
    if a == b:
        return EscapeTimes.from_logs(None, None)
    return EscapeTimes.from_logs(chain.log_passage(a, b), chain.log_passage(b, a))


def tanh_log_escape(
    beta: ArrayLike, h: ArrayLike, agents: int, *, progress: Progress | None = None
) -> tuple[FloatArray, FloatArray]:
    """Natural logs of the sweeps out of the A state and out of the B state, for many tanh responses.

    `beta` and `h` broadcast to shape (D,); so do the answers, NaN where not bistable. As
    `escape_times`, vectorised to carry draws of the parameters through. O(D N) time.
    """
    require_agents(agents)
    beta, h = np.broadcast_arrays(np.asarray(beta, dtype=np.float64), np.asarray(h, dtype=np.float64))
    lower, middle, upper = tanh_fixed_points(beta, h)
    k_b, k_a = np.rint(agents * (1.0 + lower) / 2.0), np.rint(agents * (1.0 + upper) / 2.0)
    from_a, from_b = np.full(beta.shape, np.nan), np.full(beta.shape, np.nan)
    seen = (2.0 * np.arange(agents) - (agents - 1)) / (agents - 1)
    states = np.arange(agents)
    exists = np.flatnonzero(np.isfinite(middle) & (k_b < k_a))
    blocks = np.array_split(exists, math.ceil(exists.size * agents / _BLOCK)) if exists.size else []
    for done, some in enumerate(blocks, 1):
        b0, slope = 2.0 * beta[some] * h[some], 2.0 * beta[some]
        log_odds = b0[:, None] + slope[:, None] * seen
        up, down = _log_rates(-np.logaddexp(0.0, -log_odds), -np.logaddexp(0.0, log_odds))
        low, high = k_b[some, None], k_a[some, None]
        climbing = np.where((states >= low) & (states < high), _log_climb_freely(up, down), -np.inf)
        from_b[some] = np.logaddexp.reduce(climbing, axis=-1) - math.log(agents)
        falling = _log_climb_freely(down[:, ::-1], up[:, ::-1])
        between = (states >= agents - high) & (states < agents - low)
        from_a[some] = np.logaddexp.reduce(np.where(between, falling, -np.inf), axis=-1) - math.log(agents)
        if progress:
            progress(done / len(blocks))
    return from_a, from_b


def require_agents(agents: int) -> None:
    """Raise `RequestError` unless `agents` is a whole number, 2 or more."""
    if not (math.isfinite(agents) and agents == int(agents) and agents >= 2):
        raise RequestError(f"a population of {agents} agents; give a whole number, 2 or more")


MOST_AGENTS = 10_000_000
"""A chain holds about ten numbers a state: this many take a gigabyte."""

_BLOCK = 4_000_000
"""Numbers held at a time for each array over draws and states."""


def _log_rates(log_a: FloatArray, log_b: FloatArray) -> tuple[FloatArray, FloatArray]:
    """log W+ and log W- over k = 0..N, from log P and log(1 - P) at mu_0..mu_{N-1} (last axis)."""
    agents = log_a.shape[-1]
    ahead = np.log(np.arange(1, agents + 1) / agents)
    never = np.full((*log_a.shape[:-1], 1), -np.inf)
    up = np.concatenate([ahead[::-1] + log_a, never], axis=-1)
    down = np.concatenate([never, ahead + log_b], axis=-1)
    return up, down


def _log_climb_freely(up: FloatArray, down: FloatArray) -> FloatArray:
    """log of the mean updates from k to k + 1, k = 0..N-1 (last axis), where no rate is zero.

    T_k = (1 + W-_k T_{k-1})/W+_k, solved by T_k = R_k sum_{j<=k} 1/(R_j W+_j), R_k = prod_{i<=k} W-_i/W+_i.
    """
    ratio = down[..., :-1] - up[..., :-1]
    ratio[..., 0] = 0.0
    log_r = np.cumsum(ratio, axis=-1)
    return np.asarray(log_r + np.logaddexp.accumulate(-log_r - up[..., :-1], axis=-1))


def _log_climb(up: FloatArray, down: FloatArray) -> FloatArray:
    """As `_log_climb_freely` for one chain in which steps may be impossible.

    The climb starts afresh at each state with no way down; above one with no way up, in the same
    stretch, it may never end.
    """
    states = up.size - 1
    starts = np.flatnonzero(np.isneginf(down[:-1]))
    ends = np.append(starts[1:], states)
    climb = -up[:-1].copy()
    longer = ends - starts > 1  # a stretch of one state is climbed in 1/W+, as it stands
    for start, end in zip(starts[longer], ends[longer], strict=True):
        walls = np.flatnonzero(np.isneginf(up[start:end]))
        wall = start + int(walls[0]) if walls.size else end
        if wall > start:
            climb[start:wall] = _log_climb_freely(up[start : wall + 1], down[start : wall + 1])
        climb[wall:end] = np.inf
    return climb


def _log_sum(logs: FloatArray) -> float:
    """log of the sum of exp(logs); -inf of nothing."""
    top = float(np.max(logs, initial=-np.inf))
    if math.isinf(top):
        return top
    return top + math.log(float(np.exp(logs - top).sum()))


def _sweeps_in_words(log10: float) -> str:
    if math.isinf(log10):
        return "for ever"
    if log10 >= 6.0:
        return f"about 10^{log10:.0f} sweeps"
    sweeps = float(f"{10.0**log10:.2g}")
    return f"about {sweeps:,.0f} sweeps" if sweeps >= 10.0 else f"about {sweeps:.1f} sweeps"


def _exp(x: float) -> float:
    return math.exp(x) if x < _LOG_MAX else math.inf


_LOG_MAX = math.log(sys.float_info.max)
