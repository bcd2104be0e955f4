"""Whole studies of guards on an agent of known law: is what a guard does found, and is nothing found in none?

Prompts, guards, readout, fits and ranking are the project's own; only Inspect's wrapper around a model call
is left out, and of the fits what the ranking does not read. Guards speak in the user's turn, so that the
noise of a guarded prompt is another than that of the same prompt without: nothing is shared but the law.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from numpy.typing import NDArray
from scipy.stats import binom

from guard_studies_made import OPINIONS, SAFETY, studied
from spinodal.guard_effects import GuardEffect, rank_guards

if TYPE_CHECKING:
    from _page import Record
    from matplotlib.axes import Axes

    from spinodal.pairs import OptionPair

STUDIES = int(os.environ.get("SPINODAL_GUARD_STUDIES", "36"))
"""Of each kind. More of them give a better look at coverage and at the rate of false alarms."""
NULL_STUDIES = 4 * STUDIES // 3
BETA, H, HEEDS, STEADIED = 1.6, -0.1, 0.25, 0.8
TRUE = {"h": HEEDS, "beta": BETA * (STEADIED - 1.0)}
LEVEL = 0.001
"""A correct program fails each of the bounds below with about this probability, were the seeds others."""
NULL_PAIRS = 7
ATTAINED = 6 / 2**NULL_PAIRS
"""The rate at which the sign-flip p-value of seven differences, a multiple of 2/128, is below 0.05."""


def _effect(law: str, guard: str, seed: int, **settings: Any) -> GuardEffect:
    [effect] = rank_guards(studied(law, [guard], seed=seed, **settings)).effects
    return effect


@pytest.mark.verifies(
    "coverage",
    "What a guard does",
    "Whole studies of a guard that is heeded by a known amount: 95% intervals of a pair's change of h and of "
    "beta, and of the mean over six pairs.",
    "91% or more of the pairs' intervals, 49 or more of 60 studies",
)
def test_a_known_change_is_recovered_with_intervals_that_cover_it(
    keep_plot: Callable[..., Axes], record: Record
) -> None:
    """Of 60 studies of six pairs: intervals of a pair's change cover the truth in 91% of cases or more and
    are not vague, those of the mean over pairs do in 49 studies or more.

    From 14 prompts a curve intervals are on the safe side: in 300 other pairs they cover 97.7% (h) and 97.3%
    (beta).
    """
    law = f"beta={BETA}/h={H}/noise=0.7/heeds={HEEDS}/steadied={STEADIED}"
    effects = [_effect(law, "own-prior", seed) for seed in range(STUDIES)]
    _draw(keep_plot("guard_effects_recovery"), effects)
    for name, true in TRUE.items():
        changes = [getattr(pair, name) for effect in effects for pair in effect.pairs]
        ends = np.array([change.interval for change in changes])
        covered = int(((ends[:, 0] <= true) & (true <= ends[:, 1])).sum())
        record(f"change of {name}: {covered / len(ends):.1%} of {len(ends)} pairs")
        assert covered >= binom.ppf(LEVEL, len(ends), 0.95), (name, covered, len(ends))
        # Intervals of normal estimates are 3.92 standard deviations wide; of h these are 1.3 times as wide.
        scatter = np.std([change.difference for change in changes], ddof=1)
        assert np.diff(ends, axis=1).mean() < 1.5 * 3.92 * scatter, name
        means = [getattr(effect, name) for effect in effects]
        estimates = np.array([mean.estimate for mean in means])
        ends = np.array([mean.interval for mean in means])
        covered = int(((ends[:, 0] <= true) & (true <= ends[:, 1])).sum())
        record(f"mean change of {name}: {covered} of {STUDIES} studies")
        assert covered >= binom.ppf(LEVEL, STUDIES, 0.93), (name, covered)
        # An estimate's bias is a small part of its spread.
        assert abs(estimates.mean() - true) < 0.5 * estimates.std(ddof=1), (name, estimates.mean())
    # Six pairs are clear where all of them change alike.
    assert np.mean([effect.is_clear and effect.withstood.estimate > 0 for effect in effects]) > 0.8


@pytest.mark.verifies(
    "alarms",
    "A guard that does nothing",
    "Whole studies of an agent that heeds no guard: how often its effect is called clear at 0.05.",
    "6/128 by the exact test; 0 to 11 of 80",
)
@pytest.mark.parametrize(
    ("pairs", "law"),
    [(SAFETY, "beta=1.2/h=0.4/noise=1"), (OPINIONS, "beta=0.8/h=0/noise=1")],
    ids=["declared", "neutral"],
)
@pytest.mark.long
def test_a_guard_that_does_nothing_is_clear_as_rarely_as_the_level_says(
    pairs: Sequence[OptionPair],
    law: str,
    keep_plot: Callable[..., Axes],
    request: pytest.FixtureRequest,
    record: Record,
) -> None:
    """An agent that heeds nothing: seven pairs' exact test calls 6/128 of studies clear, 0 to 11 of 80.

    On neutral pairs the misaligned side is not declared but found, of an agent without a lean at random: that
    must not make an effect. Shares withstood are seldom 0 here, which would be ties, and alarms rarer.
    """
    found = [
        _effect(law, "own-prior", seed, pairs=pairs[:NULL_PAIRS], readout="sample").withstood
        for seed in range(NULL_STUDIES)
    ]
    p = np.array([effect.p_adjusted for effect in found])
    name = request.node.callspec.id
    _draw_alarms(keep_plot(f"guard_effects_null_{name}"), p, name)
    record(f"{(p < 0.05).sum()} of {NULL_STUDIES} studies")
    least, most = binom.ppf([LEVEL / 2, 1 - LEVEL / 2], NULL_STUDIES, ATTAINED)
    assert least <= (p < 0.05).sum() <= most
    estimates = np.array([effect.estimate for effect in found])
    assert abs(estimates.mean()) < 3.3 * estimates.std(ddof=1) / np.sqrt(NULL_STUDIES)


def _draw(axes: Axes, effects: Sequence[GuardEffect]) -> None:
    for place, (name, true) in enumerate(TRUE.items()):
        estimates = np.array([getattr(effect, name).estimate for effect in effects])
        ends = np.array([getattr(effect, name).interval for effect in effects])
        order = np.argsort(estimates)
        at = place + np.linspace(-0.4, 0.4, len(estimates))
        missed = (ends[:, 0] > true) | (true > ends[:, 1])
        axes.vlines(at, *ends[order].T, colors=np.where(missed[order], "C3", f"C{place}"), lw=1)
        axes.plot(at, estimates[order], ".", ms=3, color="k")
        axes.plot([place - 0.45, place + 0.45], [true, true], "k-", lw=1.5)
    axes.axhline(0, color="0.7", lw=0.8)
    axes.set_xticks(range(len(TRUE)), [f"change of {name}" for name in TRUE])
    axes.set_ylabel("mean over six pairs, 95% interval (bars: the truth)")
    axes.set_title(f"{len(effects)} studies of a guard that is heeded by a known amount (red: missed)")


def _draw_alarms(axes: Axes, p: NDArray[np.float64], name: str) -> None:
    axes.plot(np.sort(p), np.arange(1, len(p) + 1) / len(p), drawstyle="steps-post")
    axes.plot([0, 1], [0, 1], "k--", lw=1, label="as often as the level says")
    axes.axvline(0.05, color="0.6", lw=0.8)
    axes.set_xlabel("adjusted p of the change of the share withstood")
    axes.set_ylabel("share of studies")
    axes.set_title(f"a guard that does nothing, {name} pairs: {(p < 0.05).sum()} of {len(p)} clear at 0.05")
    axes.legend()
