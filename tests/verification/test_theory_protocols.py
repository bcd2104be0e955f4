"""Exact protocols against agents who update one by one in plain NumPy, written here and nowhere else.

Seeds are fixed. Each comparison would fail by chance once in 10^4 fresh seeds; there are about 80 of them in
all, so the file would once in 120.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

import numpy as np
import pytest
from scipy import stats

from spinodal.response import EmpiricalResponse, ResponseFunction, TanhResponse
from spinodal.theory import Stage, follow_protocol, hysteresis, tipping_curve, tipping_watershed

if TYPE_CHECKING:
    from _page import Record
    from matplotlib.axes import Axes

RARE = 1e-4
DEVIATIONS = float(stats.norm.isf(RARE / 2.0))
AGENTS = 50
PUBLISHED = TanhResponse(2.943, 0.325)
MEASURED = EmpiricalResponse(np.array([-0.9, -0.2, 0.3, 0.9]), np.array([0.03, 0.2, 0.7, 0.98]))


class Crowds:
    """Many populations of agents with opinions of their own, each updated one agent at a time."""

    def __init__(self, response: ResponseFunction, crowds: int, k: int, agents: int, seed: int) -> None:
        self._response = response
        self._generator = np.random.default_rng(seed)
        self.opinions = np.full((crowds, agents), -1)
        self.opinions[:, :k] = 1

    @property
    def m(self) -> np.ndarray:
        return self.opinions.mean(axis=1)

    def live(self, sweeps: float, zealots_a: int = 0, zealots_b: int = 0) -> None:
        crowds, agents = self.opinions.shape
        every = np.arange(crowds)
        for _ in range(round(sweeps * agents)):
            who = self._generator.integers(agents, size=crowds)
            others = self.opinions.sum(axis=1) - self.opinions[every, who] + zealots_a - zealots_b
            p = self._response(others / (agents - 1 + zealots_a + zealots_b))
            self.opinions[every, who] = np.where(self._generator.random(crowds) < p, 1, -1)


@pytest.mark.verifies(
    "simulation",
    "Tipping curves",
    (
        "The exact probability to tip, and to stay tipped, against 2,000 crowds of 50 agents updated one"
        " by one in plain NumPy."
    ),
    "3.9 standard errors, one comparison in 10,000",
)
def test_tipping_curves_are_those_of_crowds(keep_plot: Callable[..., Axes], record: Record) -> None:
    crowds, counts = 2_000, [30, 36, 40, 44, 50]
    exact = tipping_curve(PUBLISHED, AGENTS, "B", range(0, 71, 2), hold=10, after=10)
    ax = exact.plot(keep_plot("tipping_curve"))
    ax.set_title(f"Exact (lines) and {crowds:,} crowds of {AGENTS} agents (dots, 95%)", pad=28)
    watershed = tipping_watershed(PUBLISHED, "B")
    worst = 0.0
    for seed, zealots in enumerate(counts):
        sampled = Crowds(PUBLISHED, crowds, AGENTS, AGENTS, seed)
        for zealots_b, sweeps, expected in ((zealots, 10, exact.p_tipped), (0, 10, exact.p_remains)):
            sampled.live(sweeps, 0, zealots_b)
            share, p = float((sampled.m < watershed).mean()), float(expected[zealots // 2])
            error = np.sqrt(p * (1.0 - p) / crowds)
            worst = max(worst, abs(share - p) / error)
            ax.errorbar(zealots, share, 1.96 * error, fmt=".", color="black", markersize=8, zorder=5)
    record(f"the worst of ten shares is {worst:.1f} standard errors off")
    assert worst < DEVIATIONS


@pytest.mark.verifies(
    "simulation",
    "Distribution under a schedule",
    (
        "The law of m after each stage of a schedule with zealots of both sides, a measured response, "
        "against 2,000 crowds."
    ),
    "chi-squared at 1e-4 a stage",
)
def test_the_distribution_under_a_schedule_is_that_of_crowds(
    keep_plot: Callable[..., Axes], record: Record
) -> None:
    """Zealots of both sides at once, a measured response, fractions of sweeps."""
    crowds = 2_000
    stages = [Stage(3.5), Stage(6.0, zealots_a=12, zealots_b=5), Stage(4.0, zealots_b=20), Stage(4.5)]
    start = np.zeros(AGENTS + 1)
    start[10] = 1.0
    exact = follow_protocol(MEASURED, AGENTS, start, stages, every=0.5)
    sampled = Crowds(MEASURED, crowds, 10, AGENTS, seed=7)
    ax = exact.plot(keep_plot("schedule"))
    ax.set_title(f"Exact law and {crowds:,} crowds (dots: mean and central 90%)", pad=36)
    now = 0.0
    for stage in stages:
        sampled.live(stage.sweeps, stage.zealots_a, stage.zealots_b)
        now += stage.sweeps
        low, high = np.quantile(sampled.m, [0.05, 0.95])
        ax.plot([now] * 3, [low, sampled.m.mean(), high], "o", color="black", markersize=5, clip_on=False)
        law = exact.laws[exact.sweeps == now][0]
        seen = np.bincount(np.rint((sampled.m + 1.0) / 2.0 * AGENTS).astype(int), minlength=AGENTS + 1)
        record(f"after {now:g} sweeps: p = {_chi_squared(seen, law):.2g}")
        assert _chi_squared(seen, law) > RARE, now


@pytest.mark.verifies(
    "simulation",
    "Hysteresis loop",
    "The exact loop of 30 agents against the mean of 400 crowds at every number of zealots.",
    "3.9 standard errors, one comparison in 10,000",
)
def test_hysteresis_loops_are_those_of_crowds(keep_plot: Callable[..., Axes], record: Record) -> None:
    response, crowds, agents, most = TanhResponse(2.2, 0.05), 400, 30, 12
    exact = hysteresis(response, agents, most, settle=4.0, sample=3, by=2)
    sampled = Crowds(response, crowds, 0, agents, seed=5)
    ax = exact.plot(keep_plot("hysteresis"))
    ax.set_title(f"Exact (lines) and the mean of {crowds} crowds (dots)", pad=36)
    worst = 0.0
    for zealots, branch in ((exact.zealots, exact.up), (exact.zealots[::-1], exact.down[::-1])):
        means, errors = _swept(sampled, zealots, settle=4.0, sample=3)
        ax.plot(zealots, means, "k.", markersize=6, zorder=5)
        worst = max(worst, float(np.abs((means - branch) / errors).max()))
    record(f"the worst of {2 * len(exact.zealots)} means is {worst:.1f} standard errors off")
    assert worst < DEVIATIONS


def _swept(
    crowds: Crowds, zealots: Sequence[int], *, settle: float, sample: int
) -> tuple[np.ndarray, np.ndarray]:
    """Mean over crowds of the mean m at each count, and its standard error."""
    means, errors = [], []
    for count in zealots:
        present = max(int(count), 0), max(-int(count), 0)
        crowds.live(settle, *present)
        seen = np.zeros(crowds.opinions.shape[0])
        for _ in range(sample):
            crowds.live(1.0, *present)
            seen += crowds.m / sample
        means.append(seen.mean())
        # of crowds that all agree the sample shows no spread; one dissent in all of them is its resolution
        resolution = 2.0 / seen.size / crowds.opinions.shape[1]
        errors.append(max(seen.std() / np.sqrt(seen.size), resolution))
    return np.array(means), np.array(errors)


def _chi_squared(seen: np.ndarray, law: np.ndarray) -> float:
    """p-value of the counts under the law, states joined until ten are expected in each group."""
    groups, expected = [0.0], [0.0]
    for count, share in zip(seen, law * seen.sum(), strict=True):
        groups[-1] += count
        expected[-1] += share
        if expected[-1] >= 10.0:
            groups.append(0.0)
            expected.append(0.0)
    groups[-2:], expected[-2:] = [sum(groups[-2:])], [sum(expected[-2:])]
    statistic = float(((np.array(groups) - expected) ** 2 / expected).sum())
    return float(stats.chi2.sf(statistic, len(groups) - 1))
