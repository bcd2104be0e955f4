"""Finite populations in time: the whole distribution, exactly, under a schedule of zealots.

One update multiplies the law by a tridiagonal matrix. It is applied update by update to the states that
hold any probability, or, where that is cheaper, as powers of two of the whole matrix.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from itertools import pairwise
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import ArrayLike

from spinodal._errors import RequestError
from spinodal.response import FloatArray, ResponseFunction
from spinodal.theory._chain import Chain
from spinodal.theory._progress import Progress, part_of
from spinodal.theory._tanh import SIGN, Side

if TYPE_CHECKING:
    from matplotlib.axes import Axes


@dataclass(frozen=True)
class Stage:
    """A stretch of time with the same zealots: `sweeps` long, with whole numbers of zealots."""

    sweeps: float
    zealots_a: int = 0
    zealots_b: int = 0


@dataclass(frozen=True, eq=False)
class Trace:
    """The exact distribution of a finite population over time."""

    agents: int
    stages: tuple[Stage, ...]
    sweeps: FloatArray
    """When, in sweeps, ascending, shape (T,). A time at which a stage ends is there once."""
    laws: FloatArray
    """Shape (T, N + 1): the probability of k = 0..N agents for A at each time."""

    @property
    def magnetization(self) -> FloatArray:
        """m of the regular agents in each state, shape (N + 1,)."""
        return np.linspace(-1.0, 1.0, self.agents + 1)

    @property
    def mean(self) -> FloatArray:
        """Mean magnetization, shape (T,)."""
        return np.asarray(self.laws @ self.magnetization)

    def quantile(self, level: float) -> FloatArray:
        """The least magnetization with at least this probability at or below it, shape (T,)."""
        reached = np.cumsum(self.laws, axis=1) >= level * (1.0 - _ROUNDING)
        return np.asarray(self.magnetization[np.argmax(reached, axis=1)])

    def p_beyond(self, m: float, side: Side) -> FloatArray:
        """Probability to lie beyond `m` on the side of an option, shape (T,)."""
        beyond = SIGN[side] * (self.magnetization - m) > 0.0
        return np.asarray(self.laws[:, beyond].sum(axis=1))

    def to_dict(self) -> dict[str, Any]:
        """Times, mean magnetization, the ends of its central 90%, and the stages."""
        return {
            "agents": self.agents,
            "stages": [asdict(stage) for stage in self.stages],
            "sweeps": self.sweeps.tolist(),
            "mean_m": self.mean.tolist(),
            "low_m": self.quantile(0.05).tolist(),
            "high_m": self.quantile(0.95).tolist(),
        }

    def plot(self, ax: Axes | None = None) -> Axes:
        """Draw mean and bands of the magnetization over time, with the stages."""
        from spinodal.plots import trace

        return trace(self, ax)


def evolve(
    chain: Chain,
    start: ArrayLike,
    sweeps: float,
    *,
    stop_at_consensus: bool = False,
    progress: Progress | None = None,
) -> FloatArray:
    """The distribution over k = 0..N after `sweeps` (rounded to whole updates), exactly.

    `start` has shape (N + 1,) and sums to 1, `sweeps` is finite and not negative, else `RequestError`.
    With `stop_at_consensus` a run in which all agree, zealots included, stays there, as in experiments
    that end at consensus. Time O(N min(w T, N^2 log T)), w the states that hold any probability.
    """
    law = _checked_start(start, chain.agents)
    _require_sweeps(sweeps, chain.agents)
    return _advance(law, *_rates(chain, stop_at_consensus), round(sweeps * chain.agents), progress)


def run_protocol(
    response: ResponseFunction,
    agents: int,
    start: ArrayLike,
    stages: Sequence[Stage],
    *,
    stop_at_consensus: bool = False,
    progress: Progress | None = None,
) -> list[FloatArray]:
    """The distribution over k = 0..N at the end of each stage."""
    law, begin = _checked_start(start, agents), 0.0
    total = sum(stage.sweeps for stage in stages) or 1.0
    ends = []
    for stage in stages:
        chain = Chain(response, agents, stage.zealots_a, stage.zealots_b)
        told = part_of(progress, begin / total, stage.sweeps / total)
        law = evolve(chain, law, stage.sweeps, stop_at_consensus=stop_at_consensus, progress=told)
        begin += stage.sweeps
        ends.append(law)
    return ends


def follow_protocol(
    response: ResponseFunction,
    agents: int,
    start: ArrayLike,
    stages: Sequence[Stage],
    *,
    every: float = 1.0,
    stop_at_consensus: bool = False,
    progress: Progress | None = None,
) -> Trace:
    """As `run_protocol`, with the distribution at the start, every few sweeps, and at each stage's end."""
    for stage in stages:
        _require_sweeps(stage.sweeps, agents)
    if not (math.isfinite(every) and every * agents >= 1.0):
        raise RequestError(f"a look every {every} sweeps; give at least one update, {1.0 / agents:g}")
    law, now = _checked_start(start, agents), 0.0
    times, laws = [now], [law]
    total = sum(stage.sweeps for stage in stages) or 1.0
    for stage in stages:
        chain = Chain(response, agents, stage.zealots_a, stage.zealots_b)
        rates = _rates(chain, stop_at_consensus)
        looks = np.append(np.arange(every, stage.sweeps - 0.5 * every, every), stage.sweeps)
        looks = looks[looks > 0.0]
        updates = np.rint(looks * agents).astype(np.int64)
        for look, more in zip(looks, np.diff(updates, prepend=0), strict=True):
            told = part_of(progress, times[-1] / total, more / agents / total)
            law = _advance(law, *rates, int(more), told)
            times.append(now + float(look))
            laws.append(law)
        now += stage.sweeps
    return Trace(agents, tuple(stages), np.array(times), np.array(laws))


_ROUNDING = 1e-9
_SQUARING = 0.25
"""Time of one multiplication inside a matrix product, in that of one state in one update."""
_SQUARE_OVERHEAD = 100_000.0
_LARGEST_SQUARED = 4_000
"""States of the largest matrix squared: 128 MB."""
_MOST_UPDATES = 2.0**62
_PIECE = 300_000_000
"""States times updates between two words on the progress: a tenth of a second or less."""


def _checked_start(start: ArrayLike, agents: int) -> FloatArray:
    law = np.asarray(start, dtype=np.float64)
    whole = math.isclose(float(law.sum()), 1.0, abs_tol=1e-9)
    if law.shape != (agents + 1,) or not whole or law.min() < 0.0:
        raise RequestError(f"the start must be {agents + 1} probabilities that sum to 1")
    return law


def _require_sweeps(sweeps: float, agents: int) -> None:
    if not (math.isfinite(sweeps) and sweeps >= 0.0):
        raise RequestError(f"{sweeps} sweeps; give a finite number, 0 or more")
    if sweeps * agents > _MOST_UPDATES:
        raise RequestError(
            f"{sweeps:g} sweeps of {agents:,} agents are too many updates to count; give fewer"
        )


def _rates(chain: Chain, stop_at_consensus: bool) -> tuple[FloatArray, FloatArray]:
    up, down = (np.exp(rate) for rate in chain.log_rates)
    if stop_at_consensus:
        # zealots of the other side keep agents who agree from a consensus
        up[0] *= chain.zealots_a > 0
        down[-1] *= chain.zealots_b > 0
    return up, down


def _advance(
    law: FloatArray, up: FloatArray, down: FloatArray, updates: int, progress: Progress | None = None
) -> FloatArray:
    if updates == 0:
        return law
    by_squaring = updates.bit_length() * (_SQUARING * float(law.size) ** 3 + _SQUARE_OVERHEAD)
    if law.size <= _LARGEST_SQUARED and float(updates) * law.size > by_squaring:
        law = _squared(law, up, down, updates)
        if progress:
            progress(1.0)
        return law
    from spinodal.theory._stepping import step

    pieces = math.ceil(updates * law.size / _PIECE) if progress else 1
    for begin, end in pairwise(updates * piece // pieces for piece in range(pieces + 1)):
        law = step(law, up, down, end - begin)
        if progress:
            progress(end / updates)
    return law


def _squared(law: FloatArray, up: FloatArray, down: FloatArray, updates: int) -> FloatArray:
    """By powers of two of the matrix: its entries are never negative, so nothing cancels."""
    power = np.diag(1.0 - up - down) + np.diag(up[:-1], 1) + np.diag(down[1:], -1)
    while updates:
        if updates & 1:
            law = law @ power
        updates >>= 1
        if updates:
            power = power @ power
            power /= power.sum(axis=1, keepdims=True)  # or rounding would double with each square
    return law
