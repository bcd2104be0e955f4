"""z_c read off the published hysteresis loops (arXiv 2605.10721), and four predictions of it.

The observed threshold is a crossing: on the way up, the signed zealots per regular agent at which the mean m
passes zero, interpolated between two steps, is the threshold towards A; on the way back likewise towards B,
counted positive for B's zealots. The same reading is taken of every prediction:

- `vanishing`: mean field, swept infinitely slowly. The last majority for B ends where the drift is positive
  at every m below the level; where that state ends in a fold this is `theory.tipping_z`.
- `drifted`: mean field through the loop's own schedule: infinitely many agents, a finite rate.
- `Loop.predicted`: the exact chain of 50 agents through the same schedule: finite N and a finite rate.
- `lived`: single populations of 50 agents, each with a draw of the response: what one loop scatters.

Responses come as tables on `GRID`, one row a draw.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from numba import njit
from numpy.typing import NDArray
from published_runs import AGENTS, CURVE, RECORDS, Loop, in_a_population
from scipy.special import expit

from spinodal.fitting import Counts, TanhEstimate, estimate_tanh
from spinodal.response import EmpiricalResponse, FloatArray

GRID = np.linspace(-1.0, 1.0, 4001)
"""Perceived magnetizations at which a response is tabulated; between them it is a straight line."""

STUDY_LEVEL = 0.7
"""The study's own scripts read a threshold where m passes -0.7 on the way up and 0.7 on the way back."""


def tanh_fits(folder: Path, loops: Sequence[Loop]) -> list[TanhEstimate]:
    """Our fit of (beta, h) to the curve of each loop."""
    points = pd.read_csv(folder / "response_curves.csv").sort_values("m")
    counts = {
        f"{keys[0]}: {keys[1]} / {keys[2]}": Counts(
            *(curve[name].to_numpy(np.float64) for name in ("m", "count_a", "count_b"))
        )
        for keys, curve in points.groupby(CURVE)
    }
    return [estimate_tanh(counts[f"{loop.model}: {loop.pair}"]) for loop in loops]


def tanh_table(b0: FloatArray, beta: FloatArray) -> FloatArray:
    """Shape (D, G), of D draws of (b0, beta)."""
    return expit(np.asarray(b0)[:, None] + 2.0 * np.asarray(beta)[:, None] * GRID)


def monotone_table(m: FloatArray, p: FloatArray) -> FloatArray:
    """Shape (D, G), of the probabilities `p` (D, K) at `m`; constant beyond the outermost."""
    return np.array([np.interp(GRID, m, row) for row in np.atleast_2d(p)])


def crossings(zealots: NDArray[np.int64], up: FloatArray, down: FloatArray, level: float = 0.0) -> FloatArray:
    """Thresholds towards A and towards B in zealots per regular agent, shape (..., 2).

    `up` and `down` have shape (..., Z), both in the order of `zealots`. On the way up m passes -`level`, on
    the way back `level`. Infinite where it never passes, minus infinite where it was past it from the start.
    """
    z = zealots / AGENTS
    return np.stack([_passed(z, up, -level), _passed(-z[::-1], -down[..., ::-1], -level)], axis=-1)


def _passed(z: FloatArray, m: FloatArray, level: float) -> FloatArray:
    there = (m[..., :-1] < level) & (m[..., 1:] >= level)
    first = there.argmax(axis=-1)[..., None]
    below, above = (np.take_along_axis(m, first + step, axis=-1)[..., 0] for step in (0, 1))
    rise = np.where(above > below, above - below, 1.0)
    at = z[first[..., 0]] + (level - below) / rise * (z[first[..., 0] + 1] - z[first[..., 0]])
    return np.where(m[..., 0] >= level, -np.inf, np.where(there.any(axis=-1), at, np.inf))


def acting(table: FloatArray) -> EmpiricalResponse:
    """One tabulated response (G,) as it acts in the study's populations."""
    return in_a_population(GRID[1:-1], table[1:-1])


def vanishing(table: FloatArray, most: float, level: float = 0.0) -> FloatArray:
    """Where the mean field leaves the other side for good, shape (D, 2): towards A, towards B.

    `most` zealots per agent are the end of the sweep; infinite and minus infinite as in `crossings`.
    """
    m = np.linspace(-1.0, -level, 601)[:-1]
    both = []
    for of in (table, 1.0 - table[:, ::-1]):

        def gone(z: FloatArray, of: FloatArray = of) -> NDArray[np.bool_]:
            mu = (m + z[:, None]) / (1.0 + np.abs(z[:, None]))
            return (2.0 * _at(of, mu) - 1.0 - m > 0.0).all(axis=1)

        low, high = np.full(len(of), -most), np.full(len(of), most)
        never, always = ~gone(high), gone(low)
        for _ in range(30):
            middle = 0.5 * (low + high)
            past = gone(middle)
            low, high = np.where(past, low, middle), np.where(past, middle, high)
        both.append(np.where(always, -np.inf, np.where(never, np.inf, high)))
    return np.stack(both, axis=-1)


def _at(table: FloatArray, mu: FloatArray) -> FloatArray:
    """Each row of the table at its own mu, shape (D, M)."""
    place = (mu + 1.0) / (GRID[1] - GRID[0])
    below = np.clip(place.astype(np.int64), 0, GRID.size - 2)
    row = np.arange(len(table))[:, None]
    return table[row, below] + (place - below) * (table[row, below + 1] - table[row, below])


def drifted(table: FloatArray, loop: Loop, settle: int) -> tuple[FloatArray, FloatArray]:
    """Means of m, up and back, each of shape (D, Z): an infinite population through the loop's schedule."""
    path = loop.path / AGENTS
    start = np.full(len(table), loop.up[0])
    return _ways(_drift(table, path, start, settle, RECORDS, AGENTS), loop)


def lived(
    table: FloatArray, loop: Loop, settle: int, runs: int, seed: Sequence[int]
) -> tuple[FloatArray, FloatArray]:
    """Means of single populations, up and back, shape (runs, Z) each; run r lives by row r of the table."""
    rise, fall, which = rates_of(table, loop)
    start = round(AGENTS * (1.0 + loop.up[0]) / 2.0)
    drawn = np.arange(runs) % len(table)
    return _ways(_live(rise, fall, which, drawn, start, settle, RECORDS, np.random.default_rng(seed)), loop)


def _ways(means: FloatArray, loop: Loop) -> tuple[FloatArray, FloatArray]:
    half = loop.zealots.size
    return means[:, :half], means[:, half:][:, ::-1]


def rates_of(table: FloatArray, loop: Loop) -> tuple[FloatArray, FloatArray, NDArray[np.int64]]:
    """W+ and W-, shape (D, Z, N + 1), and for each step of the path which of the Z.

    An agent that sees one option alone cannot name the other (see `in_a_population`).
    """
    signed = loop.zealots.astype(np.float64)
    i = np.arange(AGENTS)
    mu = (2.0 * i - (AGENTS - 1) + signed[:, None]) / (AGENTS - 1 + np.abs(signed[:, None]))
    p = np.array([np.interp(mu, GRID, row) for row in table])
    p = np.where(mu <= -1.0 + 1e-12, 0.0, np.where(mu >= 1.0 - 1e-12, 1.0, p))
    k = np.arange(AGENTS + 1)
    rise, fall = np.zeros((*p.shape[:2], k.size)), np.zeros((*p.shape[:2], k.size))
    rise[..., :-1] = (AGENTS - k[:-1]) / AGENTS * p
    fall[..., 1:] = k[1:] / AGENTS * (1.0 - p)
    there = np.arange(signed.size)
    return rise, fall, np.concatenate([there, there[::-1]])


@njit(cache=True, nogil=True)
def _drift(table: Any, path: Any, start: Any, settle: Any, window: Any, agents: Any) -> Any:
    cells = table.shape[1] - 1
    means = np.zeros((table.shape[0], path.size))
    for d in range(table.shape[0]):
        m = start[d]
        for step in range(path.size):
            z = path[step]
            quiet = settle if step else 0
            for update in range(quiet + window):
                for _ in range(4):  # a quarter of an update at a time: the error is below a tenth of a zealot
                    place = ((m + z) / (1.0 + abs(z)) + 1.0) * 0.5 * cells
                    below = min(max(int(place), 0), cells - 1)
                    p = table[d, below] + (place - below) * (table[d, below + 1] - table[d, below])
                    m += (2.0 * p - 1.0 - m) / agents / 4.0
                if update >= quiet:
                    means[d, step] += m / window
    return means


@njit(cache=True, nogil=True)
def _live(
    rise: Any, fall: Any, which: Any, drawn: Any, start: Any, settle: Any, window: Any, random: Any
) -> Any:
    agents = rise.shape[2] - 1
    means = np.zeros((drawn.size, which.size))
    for run in range(drawn.size):
        k = start
        for step in range(which.size):
            up, down = rise[drawn[run], which[step]], fall[drawn[run], which[step]]
            quiet = settle if step else 0
            total = 0
            for update in range(quiet + window):
                chance = random.random()
                if chance < up[k]:
                    k += 1
                elif chance > 1.0 - down[k]:
                    k -= 1
                if update >= quiet:
                    total += k
            means[run, step] = 2.0 * total / window / agents - 1.0
    return means
