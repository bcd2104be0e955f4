"""Zealots who join and leave real populations (arXiv 2605.10721) against the exact chain of the response.

gemma-3-27b-it, two pairs, five numbers of zealots, three runs of each: 50 regular agents start 80% for A;
after 5 sweeps zealots for B join, stay 10 sweeps and leave; 10 sweeps more. Published is the mean m of each
sweep over its 50 updates. The response is the published curve of the same model and pair, with nothing
fitted; its uncertainty is carried through by draws of the monotone fit (100 replies a point).

Simulated probabilities rest on 2,000 triples of runs with fixed seeds: 0.0005 is the least there is. They are
of the observed mean or a lower one, and two-sided statements double them. docs/verification.md discusses.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
import pytest
from published_runs import AGENTS, PAIR, Records, in_a_population, measured_responses, rates, with_zealots

from spinodal.fitting._monotone import MonotoneFit
from spinodal.response import EmpiricalResponse
from spinodal.theory import Stage, follow_protocol, phase, run_protocol

if TYPE_CHECKING:
    from _page import Record
    from matplotlib.axes import Axes

    KeepPlot = Callable[..., Axes]

MODEL = "gemma-3-27b-it"
START = 40
SETTLED, DURING = slice(1, 5), slice(5, 15)
TRIPLES = 2000

GENDER, ENERGY = "gender self-identification", "renewable energy"
CONDITIONS = [(GENDER, 35), (GENDER, 50), (ENERGY, 200), (ENERGY, 225), (ENERGY, 250)]
BLUE, RED, GREY = "#0072B2", "#D55E00", "#6b6b6b"


@dataclass(frozen=True)
class Condition:
    """Three runs with the same zealots."""

    zealots: int
    """For B."""
    runs: np.ndarray
    """Mean m of each sweep, shape (3, 25)."""
    curve: MonotoneFit

    @property
    def by_sweep(self) -> list[int]:
        """Signed zealots in each sweep."""
        return [0] * 5 + [-self.zealots] * 10 + [0] * 10

    @property
    def stages(self) -> list[Stage]:
        return [with_zealots(sweeps, signed) for sweeps, signed in ((5, 0), (10, -self.zealots), (10, 0))]

    def simulated(self, seed: int) -> np.ndarray:
        """Sweep means of triples of populations, each triple with one draw of the response.

        Shape (TRIPLES, 3, 25). Every update moves k by the chain's own rates.
        """
        generator = np.random.default_rng(seed)
        draws = self.curve.draws[generator.integers(0, len(self.curve.draws), _DRAWS)]
        tables = [rates(in_a_population(self.curve.m, p), (0, -self.zealots)) for p in draws]
        up, down = (np.array([table[side] for table in tables]) for side in (0, 1))
        which = np.repeat(generator.integers(0, _DRAWS, TRIPLES), 3)
        k = np.full(which.size, START)
        means = np.zeros((which.size, 25))
        for sweep, signed in enumerate(self.by_sweep):
            rise, fall = up[which, int(signed != 0)], down[which, int(signed != 0)]
            for _ in range(AGENTS):
                chance = generator.random(which.size)
                row = np.arange(which.size)
                k = k + (chance < rise[row, k]) - (chance > 1.0 - fall[row, k])
                means[:, sweep] += (2.0 * k / AGENTS - 1.0) / AGENTS
        return means.reshape(TRIPLES, 3, 25)


_DRAWS = 100

Conditions = dict[tuple[str, int], Condition]
Simulated = dict[tuple[str, int], np.ndarray]


@pytest.fixture(scope="module")
def conditions(shared_data: Path) -> Conditions:
    curves = measured_responses(shared_data / "published")
    table = pd.read_csv(shared_data / "published" / f"tipping_{MODEL}.csv").sort_values(["run", "sweep"])
    found = {
        (keys[0], keys[2]): Condition(
            keys[2], rows.m_mean.to_numpy().reshape(3, 25), curves[(MODEL, *keys[:2])]
        )
        for keys, rows in table.groupby([*PAIR, "n_stubborn_b"])
    }
    assert sorted(found) == sorted(CONDITIONS)
    return found


@pytest.fixture(scope="module")
def simulated(conditions: Conditions) -> Simulated:
    return {key: one.simulated(seed) for seed, (key, one) in enumerate(sorted(conditions.items()))}


def chance(simulated: np.ndarray, runs: np.ndarray, sweeps: slice) -> float:
    """Probability of the observed mean over these sweeps and three runs, or of a lower one."""
    lower = simulated[:, :, sweeps].mean(axis=(1, 2)) <= runs[:, sweeps].mean()
    return (1.0 + float(lower.sum())) / (1.0 + len(simulated))


def test_before_the_zealots_one_pair_is_where_its_curve_puts_it_and_the_other_is_not(
    conditions: Conditions, simulated: Simulated
) -> None:
    """Mean m of sweeps 1 to 4, where nobody is a zealot yet.

    Energy: 0.97 to 0.98 observed, 0.96 predicted, p = 0.7 to 0.8. Gender: 0.78 and 0.82 observed, 0.96
    predicted, p = 0.0005 both times. So gender's runs answer otherwise than its curve before any zealot came:
    with four fifths for A the curve says 100 of 100 for A, the runs about 9 of 10.
    """
    for key in CONDITIONS:
        observed, p = (
            conditions[key].runs[:, SETTLED].mean(),
            chance(simulated[key], conditions[key].runs, SETTLED),
        )
        assert simulated[key][:, :, SETTLED].mean() == pytest.approx(0.96, abs=0.01)
        if key[0] == ENERGY:
            assert 0.025 < p < 0.975
        else:
            assert observed < 0.83
            assert p < 0.001


@pytest.mark.verifies(
    "trajectories",
    "Tipping traces",
    (
        "Mean m of ten sweeps with zealots in three published runs, against simulated triples by the "
        "measured response with its error. p is the probability of the observed mean or a lower one."
    ),
    "p between 0.025 and 0.975 to agree",
)
@pytest.mark.parametrize("key", CONDITIONS, ids=lambda key: f"{key[0].split()[0]}-{key[1]}")
def test_real_populations_tip_at_once_or_faster(
    conditions: Conditions, simulated: Simulated, keep_plot: KeepPlot, key: tuple[str, int], record: Record
) -> None:
    """Mean m of the ten sweeps with zealots. Energy with 200 zealots is as predicted (0.06; 0.12; p = 0.4).

    The four others are lower than predicted, p at most 0.003 each: -0.40 for -0.09 (energy, 225), -0.64 for
    -0.20 (energy, 250), -0.61 for +0.81 (gender, 35), -0.68 for -0.22 (gender, 50). At five comparisons each
    of the four stays below 0.02. They share two curves, so their levels are not multiplied.
    """
    one, many = conditions[key], simulated[key]
    axes = keep_plot(f"published_tipping_{key[0].split()[0]}_{key[1]}", width=7.0, height=4.2)
    sweeps = np.arange(1, 26)
    low, high = np.quantile(many, [0.025, 0.975], axis=(0, 1))
    axes.axvspan(5.5, 15.5, color="#f2e3d8", lw=0, label="zealots for B present")
    axes.fill_between(sweeps, low, high, color=BLUE, alpha=0.2, lw=0, label="predicted, 95% of runs")
    axes.plot(sweeps, exact(one)[0], color=BLUE, lw=1.8, label="predicted mean, exact, curve at its word")
    for run, label in zip(one.runs, ("observed, three runs", None, None), strict=True):
        axes.plot(sweeps, run, "o-", color=RED, ms=3, lw=0.9, label=label)
    p = chance(many, one.runs, DURING)
    seen, expected = one.runs[:, DURING].mean(), many[:, :, DURING].mean()
    record(
        f"observed {seen:+.2f}, predicted {expected:+.2f}, p = {p:.2g}",
        "agrees" if 0.025 < p < 0.975 else "disagrees",
    )
    verdict = "as predicted" if p > 0.025 else "faster than predicted"
    axes.set(
        xlabel="sweep",
        ylabel="mean m of the 50 regular agents",
        ylim=(-1.05, 1.05),
        title=f"{MODEL}, {key[0]}, {key[1]} zealots:\ntips {verdict} (p = {p:.2g})",
    )
    axes.legend(fontsize=8.5, loc="center right")
    if key == (ENERGY, 200):
        assert 0.025 < p < 0.975
    else:
        assert p < 0.01
        assert one.runs[:, DURING].mean() < many[:, :, DURING].mean() - 0.25


def exact(one: Condition) -> tuple[np.ndarray, np.ndarray]:
    """Of m in each sweep, from the response without its uncertainty: mean, and variance at a time in it."""
    response = in_a_population(one.curve.m, one.curve.p)
    trace = follow_protocol(response, AGENTS, at_start(), one.stages, every=1.0 / AGENTS)
    variance = trace.laws @ trace.magnetization**2 - trace.mean**2
    by_sweep = (values[1:].reshape(25, AGENTS).mean(axis=1) for values in (trace.mean, variance))
    return tuple(by_sweep)


def at_start() -> np.ndarray:
    law = np.zeros(AGENTS + 1)
    law[START] = 1.0
    return law


def test_simulated_runs_have_the_exact_means(conditions: Conditions) -> None:
    """6,000 runs with one response: the largest of 25 deviations is below 5 standard errors (1 in 70,000).

    The errors are the exact law's, for a run in some 3,000 never returns and a sample may hold none; a mean
    over a sweep varies at most as much as its values do on average.
    """
    one = conditions[(ENERGY, 225)]
    alone = MonotoneFit(one.curve.m, one.curve.p, one.curve.p[None, :])
    many = Condition(one.zealots, one.runs, alone).simulated(7).reshape(-1, 25)
    mean, variance = exact(one)
    assert (np.abs(many.mean(axis=0) - mean) < 5.0 * np.sqrt(variance / len(many))).all()


def test_who_tips_and_who_returns(conditions: Conditions) -> None:
    """Probability of a majority for B when the zealots leave and 10 sweeps later, the curve's draws averaged.

    Predicted and seen: energy tips (0.82, 0.97, 0.99; 9 of 9) and returns (0.99; 8 of 9). The ninth had come
    to consensus for B, where nobody can name A any more. Gender with 50 tips and stays (0.99, 0.87; 3 and 3
    of 3): bistable, and irreversible as the mean field says. Gender with 35 tips and stays 3 times of 3 where
    0.10 and 0.06 are predicted: three of three has probability 0.01 or less.
    """
    for (pair, zealots), one in conditions.items():
        ends = np.array(
            [
                [
                    law[: AGENTS // 2].sum()
                    for law in run_protocol(in_a_population(one.curve.m, p), AGENTS, at_start(), one.stages)
                ]
                for p in one.curve.draws[:_DRAWS]
            ]
        )
        before, leaving, after = ends.T
        assert before.max() < 1e-3
        seen = (one.runs[:, [4, 14, 24]] < 0.0).sum(axis=0).tolist()
        plain = EmpiricalResponse(one.curve.m, one.curve.p)
        if pair == ENERGY:
            assert phase(plain) == "monostable"
            assert leaving.mean() > 0.75
            assert after.mean() < 0.01
            assert seen == ([0, 3, 1] if zealots == 250 else [0, 3, 0])
            assert (one.runs[one.runs[:, -1] < 0.0, 14:] == -1.0).all()
        else:
            assert phase(plain) == "bistable"
            assert seen == [0, 3, 3]
            if zealots == 50:
                assert leaving.mean() > 0.95
                assert after.mean() > 0.8
            else:
                assert np.mean(leaving**3) < 0.02


SHIFTS = np.arange(-0.48, 0.1201, 0.02)


@pytest.mark.verifies(
    "trajectories",
    "What response the zealots met",
    (
        "The shift of the measured curve along m that makes the traces most likely, with its 95% "
        "interval: 0 where the curve holds."
    ),
    "the interval holds 0",
)
def test_the_response_that_the_zealots_met_is_shifted_against_the_curve(
    conditions: Conditions, keep_plot: KeepPlot, record: Record
) -> None:
    """The constant to add to m in the curve that makes the ten sweeps with zealots most likely, exactly.

    With intervals of 95% (likelihood ratio): energy -0.02 (-0.02 to 0.00) with 200 zealots, -0.08 (-0.10 to
    -0.04) with 225, below -0.14 with 250; gender -0.22 (-0.28 to -0.16) with 35, -0.24 (-0.36 to -0.16) with
    50. The agents perceive m = -0.6 or less in the first group and about 0 in the second, in lists of 249,
    274, 299 and of 84, 99 entries: no one shift, and no shift by the length of the list, does for both.
    """
    axes = keep_plot("published_tipping_shift", width=7.0, height=4.4)
    intervals = {}
    for key, colour in zip(CONDITIONS, ("#E69F00", RED, "#56B4E9", BLUE, "#6a4c93"), strict=True):
        one = conditions[key]
        logs = np.array([log_likelihood(one, shift) for shift in SHIFTS])
        logs -= logs.max()
        inside = SHIFTS[logs > -1.92]
        intervals[key] = (inside.min(), SHIFTS[logs.argmax()], inside.max())
        axes.plot(SHIFTS, logs, "o-", ms=3, color=colour, label=f"{key[0].split()[0]}, {key[1]} zealots")
    axes.axvline(0.0, color=GREY, lw=1)
    axes.axhline(-1.92, color=GREY, lw=1, ls=":")
    axes.set(
        ylim=(-30, 1),
        xlabel="added to the magnetization that the curve is read at",
        ylabel="log-likelihood below the best",
        title="What three runs each say of the response while zealots are there:\n"
        "the published curve with 200 zealots, not with the others",
    )
    axes.legend(frameon=False, fontsize=9)
    for (pair, zealots), (low, best, high) in intervals.items():
        record(
            f"{pair}, {zealots} zealots: {best:+.2f} ({low:+.2f} to {high:+.2f})",
            "agrees" if low <= 1e-9 and high >= -1e-9 else "disagrees",
        )
    for key, (low, best, high) in intervals.items():
        expected = _SHIFTS_FOUND[key]
        assert (low, best, high) == pytest.approx(expected, abs=0.011), key


_SHIFTS_FOUND = {
    (ENERGY, 200): (-0.02, -0.02, 0.0),
    (ENERGY, 225): (-0.10, -0.08, -0.04),
    (ENERGY, 250): (-0.48, -0.48, -0.14),  # no lower end: the curve has none to show below m = -0.92
    (GENDER, 35): (-0.28, -0.22, -0.16),
    (GENDER, 50): (-0.36, -0.24, -0.16),
}
"""Lower end, best, upper end, to a step of the grid."""


def log_likelihood(one: Condition, shift: float) -> float:
    """Of the sweeps with zealots, given those before."""
    response = in_a_population(_FINE, np.interp(_FINE + shift, one.curve.m, one.curve.p))
    total = 0.0
    for run in one.runs:
        records = Records(tuple(one.by_sweep[:15]), run[:15], AGENTS, START)
        total += float(records.log_probabilities(response)[DURING].sum())
    return total


_FINE = np.linspace(-0.99, 0.99, 100)
