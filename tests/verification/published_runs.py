"""What the tests of published populations share: measured responses, and the exact law of recorded means.

The populations of arXiv 2605.10721 were recorded as means of m over a run of single updates. The pair
(agents for A, sum of them so far) is a Markov chain, so the probability of a record is exact: no simulation,
no normal approximation. The rates are those of `theory.Chain`.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from numba import njit

from spinodal.fitting._monotone import MonotoneFit, fit_monotone
from spinodal.response import EmpiricalResponse
from spinodal.theory import Chain, Stage, swept_means

AGENTS = 50
PAIR = ["option_a", "option_b"]
CURVE = ["model", *PAIR]

RECORDS = 25
"""Records behind each published mean of a hysteresis loop."""

IMPOSSIBLE = 1e-12
"""Least probability of a record: one that the law cannot produce costs this much, and the law starts again
from what was seen. A saturated curve would otherwise let a single reply decide everything."""


def measured_responses(folder: Path) -> dict[tuple[str, ...], MonotoneFit]:
    """The monotone fit of every published response curve, by (model, option A, option B)."""
    points = pd.read_csv(folder / "response_curves.csv").sort_values([*CURVE, "m"])
    return {
        tuple(keys): fit_monotone(*(curve[name].to_numpy(float) for name in ("m", "count_a", "count_b")))
        for keys, curve in points.groupby(CURVE)
    }


def in_a_population(m: np.ndarray, p: np.ndarray) -> EmpiricalResponse:
    """The measured response as the populations' prompt lets it act.

    The prompt names the options only by listing who holds them: an agent that sees one option alone cannot
    name the other, so P(-1) = 0 and P(1) = 1. In between the curve holds its outermost values.
    """
    return EmpiricalResponse(
        np.concatenate([[-1.0, -1.0 + _NEXT_TO], m, [1.0 - _NEXT_TO, 1.0]]),
        np.concatenate([[0.0, p[0]], p, [p[-1], 1.0]]),
    )


_NEXT_TO = 1e-9


def with_zealots(sweeps: float, signed: int) -> Stage:
    """A stage with zealots counted as published: positive for A, negative for B."""
    return Stage(sweeps, zealots_a=max(signed, 0), zealots_b=max(-signed, 0))


@dataclass(frozen=True)
class Records:
    """Means of m over `window` updates, each after `settle` (first: `first`) more that nobody recorded."""

    zealots: tuple[int, ...]
    """Signed, while each mean was recorded and the updates before it were made."""
    means: np.ndarray
    window: int
    start: int
    """Agents for A in the beginning."""

    def log_probabilities(
        self, response: EmpiricalResponse, *, settle: int = 0, first: int = 0, idle: float = 0.0
    ) -> np.ndarray:
        """log of the probability of each mean given those before it, natural, the shape of `means`.

        `idle`: the share of updates that leave the agent as it is, whatever it saw.
        """
        up, down = rates(response, self.zealots)
        sums = np.rint((self.means + 1.0) / 2.0 * AGENTS * self.window).astype(np.int64)
        law = np.zeros(AGENTS + 1)
        law[self.start] = 1.0
        kept = 1.0 - idle
        return np.asarray(_filter(law, kept * up, kept * down, sums, self.window, settle, first))


@dataclass(frozen=True)
class Loop:
    """One published loop, and the response of its model to its pair."""

    model: str
    pair: str
    zealots: np.ndarray
    up: np.ndarray
    down: np.ndarray
    curve: MonotoneFit

    @property
    def response(self) -> EmpiricalResponse:
        return in_a_population(self.curve.m, self.curve.p)

    @property
    def path(self) -> np.ndarray:
        """Signed zealots in the order of time."""
        return np.concatenate([self.zealots, self.zealots[::-1]])

    @property
    def records(self) -> Records:
        means = np.concatenate([self.up, self.down[::-1]])
        return Records(tuple(self.path.tolist()), means, RECORDS, AGENTS // 2)

    def predicted(
        self, settle: int, every: int = 1, response: EmpiricalResponse | None = None
    ) -> tuple[np.ndarray, np.ndarray]:
        """Expected means, up and back: 25 records `every` so many updates, after `settle` updates.

        They start where the first record found the population: half and half is near the watershed of many
        pairs, and to which side a run falls from there is chance. `response`: another than the curve's.
        """
        means = swept_means(
            response or self.response,
            AGENTS,
            self.path.tolist(),
            start=round(AGENTS * (1.0 + self.up[0]) / 2.0),
            window=RECORDS,
            every=every,
            settle=settle,
        )
        half = self.zealots.size
        return means[:half], means[half:][::-1]

    def area(self, up: np.ndarray, down: np.ndarray) -> float:
        """In units of m times zealots per regular agent."""
        return float(np.trapezoid(down - up, self.zealots / AGENTS))


def published_loops(folder: Path) -> list[Loop]:
    """The 222 loops swept once up and back by one zealot, in the order of model and pair."""
    curves = measured_responses(folder)
    table = pd.read_csv(folder / "hysteresis.csv").query("cycles == 1")
    found = []
    for keys, rows in table.sort_values([*CURVE, "stubborn_signed"]).groupby(CURVE):
        if tuple(keys) in curves:  # one pair was swept and never measured
            columns = (rows[name].to_numpy() for name in ("stubborn_signed", "m_forward", "m_backward"))
            found.append(Loop(keys[0], f"{keys[1]} / {keys[2]}", *columns, curves[tuple(keys)]))
    return found


def rates(response: EmpiricalResponse, zealots: Sequence[int]) -> tuple[np.ndarray, np.ndarray]:
    """W+ and W- of the chain for each signed number of zealots, each of shape (len(zealots), N + 1)."""
    stages = {signed: with_zealots(0.0, signed) for signed in zealots}
    by_count = {
        signed: np.exp(Chain(response, AGENTS, stage.zealots_a, stage.zealots_b).log_rates)
        for signed, stage in stages.items()
    }
    both = np.array([by_count[signed] for signed in zealots])
    return both[:, 0], both[:, 1]


@njit(cache=True, nogil=True)
def _moved(law: Any, rise: Any, fall: Any, updates: Any) -> Any:
    states = law.size
    here, there = np.zeros(states + 2), np.zeros(states + 2)
    here[1:-1] = law
    for _ in range(updates):
        for k in range(states):
            stayed = here[k + 1] * (1.0 - rise[k] - fall[k])
            came_up = here[k] * rise[k - 1] if k else 0.0
            there[k + 1] = stayed + came_up + (here[k + 2] * fall[k + 1] if k + 1 < states else 0.0)
        here, there = there, here
    return here[1:-1].copy()


@njit(cache=True, nogil=True)
def _filter(law: Any, up: Any, down: Any, sums: Any, window: Any, settle: Any, first: Any) -> Any:
    """Forward filter: the law of k is carried on, conditioned on every sum over `window` updates."""
    states = law.size
    logs = np.zeros(sums.size)
    here = np.zeros((states, (states - 1) * window + 1))
    there = np.zeros_like(here)
    for i in range(sums.size):
        rise, fall, target = up[i], down[i], sums[i]
        law = _moved(law, rise, fall, first if i == 0 else settle)
        low, high = 0, states - 1
        while law[low] <= 1e-13:
            low += 1
        while law[high] <= 1e-13:
            high -= 1
        here[low : high + 1, 0] = law[low : high + 1]
        least = most = 0  # the sums that can have been reached, of those from which the target can be
        for update in range(window):
            below, above = max(0, low - 1), min(states - 1, high + 1)
            next_least, next_most = least + below, min(target, most + above)
            there[below : above + 1, next_least : next_most + 1] = 0.0
            left = window - update
            begin = max(least, target - min(states - 1, high + left) * left)
            end = min(most, target - max(0, low - left) * left)
            for k in range(low, high + 1):
                for s in range(begin, end + 1):
                    held = here[k, s]
                    if held <= 1e-13:
                        continue
                    if s + k <= target:
                        there[k, s + k] += held * (1.0 - rise[k] - fall[k])
                    if rise[k] > 0.0 and s + k + 1 <= target:
                        there[k + 1, s + k + 1] += held * rise[k]
                    if fall[k] > 0.0 and s + k - 1 <= target:
                        there[k - 1, s + k - 1] += held * fall[k]
            here, there = there, here
            low, high, least, most = below, above, next_least, next_most
        law = np.zeros(states)
        if least <= target <= most:
            law[low : high + 1] = here[low : high + 1, target]
        total = law.sum()
        if total < IMPOSSIBLE:
            total = IMPOSSIBLE
            law[:] = 0.0
            law[round(target / window)] = IMPOSSIBLE
        law = law / total
        logs[i] = np.log(total)
    return logs
