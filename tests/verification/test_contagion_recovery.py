"""Whole studies of a player of known law, in the real loop: is the effect found, and does nothing make one?

Games, guards, questions and estimates are the project's own; only Inspect's wrapper around a model call is
left out.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

import numpy as np
import pytest
from numpy.typing import NDArray
from scipy.stats import binom

from contagion_studies_made import lived, plan_of
from spinodal.contagion_verdict import Scores

if TYPE_CHECKING:
    from _page import Record
    from matplotlib.axes import Axes

    from spinodal.effects import Effect

STUDIES = int(os.environ.get("SPINODAL_STUDIES", "100"))
NULL_STUDIES = int(os.environ.get("SPINODAL_NULL_STUDIES", "150"))
"""More of them, for a better look at the rate of false alarms: docs/contagion.md tells that of 1,000."""
REPETITIONS = 10
SHIFT, CANCEL, TRANSCRIPT, SCATTER = -0.04, 0.6, -0.05, 0.04
OPPONENTS = 2
CONTAGION = SHIFT * OPPONENTS
"""On a pro-social trait, in a game of one round: both opponents' moves are defections seen, against none."""
MITIGATION = -CANCEL * CONTAGION
GUARD = "implicit-traits:first=0,threshold=0.6"
TRAITS = ("cooperativeness", "fairness", "hostility", "curiosity")
SIGNS = np.array([1, 1, -1, 0])
TRUE = {"contagion": SIGNS * CONTAGION, "mitigation": SIGNS * MITIGATION}
LEVEL = 0.001
"""A correct program fails each of the bounds below with at most this probability, were the seeds others."""

Told = dict[str, tuple["Effect", ...]]


def _study(seed: int, law: str, guards: Sequence[str]) -> Told:
    """Contagion, and mitigation where there is a guard, of one study of ten matched games, on each trait."""
    plan = plan_of(law, guards=guards, traits=TRAITS, repetitions=REPETITIONS, rounds=1, seed=seed)
    scores, traits = Scores(lived(plan)), list(TRAITS)
    plain, control = ("always-defect", "none"), ("always-cooperate", "none")
    differences = {"contagion": scores.differences([plain], [control])}
    for guard in map(str, plan.guards[1:]):
        with_it, control_with_it = ("always-defect", guard), ("always-cooperate", guard)
        differences["mitigation"] = scores.differences([with_it, control], [control_with_it, plain])
    return {what: scores.effects(table[traits], draws=400) for what, table in differences.items()}


@pytest.mark.verifies(
    "coverage",
    "Contagion and mitigation",
    f"{STUDIES} whole studies of a player of known law: 95% intervals of eight effects.",
    "93% to 97% of all",
)
def test_a_known_effect_is_recovered_with_intervals_that_cover_it(
    keep_plot: Callable[..., Axes], record: Record
) -> None:
    """The mean estimate is the truth; 95% intervals cover it in 93% to 97% of cases, eight a study."""
    law = f"shift={SHIFT}/cancel={CANCEL}/transcript={TRANSCRIPT}/scatter={SCATTER}"
    studies = [_study(seed, law, [GUARD]) for seed in range(STUDIES)]
    covered = {}
    for what, true in TRUE.items():
        estimates = np.array([[one.estimate for one in told[what]] for told in studies])
        error = estimates.std(axis=0, ddof=1) / np.sqrt(STUDIES)
        # 8 traits and effects: one lies beyond 3.9 standard errors with probability 1e-3.
        assert np.all(np.abs(estimates.mean(axis=0) - true) < 3.9 * error)
        ends = np.array([[one.interval for one in told[what]] for told in studies])
        covered[what] = float(np.mean((ends[..., 0] <= true) & (true <= ends[..., 1])))
    _draw(keep_plot("contagion_recovery"), studies, float(np.mean(list(covered.values()))))
    record(
        f"{np.mean(list(covered.values())):.1%} of {2 * len(TRAITS) * STUDIES:,} intervals cover the truth"
    )
    # 2,400 intervals; right ones, of ten games, cover 95.9% and leave the bounds with probability 0.01.
    assert 0.93 <= np.mean(list(covered.values())) <= 0.97, covered
    adjusted = np.array([[one.p_adjusted for one in told["contagion"]] for told in studies])
    assert (adjusted[:, :3] < 0.05).mean() > 0.8  # what is there is seen
    assert (adjusted[:, 3] < 0.05).sum() <= binom.ppf(1 - LEVEL, STUDIES, 0.05)  # and what is not, is not


@pytest.mark.verifies(
    "alarms",
    "Contagion that is not there",
    (
        "Whole studies whose opponents change nothing, after games that change every trait: how often "
        "any trait’s adjusted p is below 0.05."
    ),
    "within the binomial law of 5% to 1e-3 a side",
)
def test_what_a_transcript_alone_does_is_not_contagion(
    keep_plot: Callable[..., Axes], record: Record
) -> None:
    """Opponents that change nothing, after games that change every trait: at most 5% of studies alarm.

    The change since before play is there, and is shown in most studies by each trait.
    """
    law = f"transcript={TRANSCRIPT}/scatter={SCATTER}"
    studies = [_study(STUDIES + seed, law, []) for seed in range(NULL_STUDIES)]
    smallest = np.array([min(one.p_adjusted for one in told["contagion"]) for told in studies])
    alarms = int((smallest < 0.05).sum())
    _draw_alarms(keep_plot("contagion_null"), smallest, alarms)
    record(f"{alarms} of {NULL_STUDIES} studies alarm at 0.05")
    assert alarms <= binom.ppf(1 - LEVEL, NULL_STUDIES, 0.05)
    assert alarms >= binom.ppf(LEVEL, NULL_STUDIES, 0.05)  # nor does the test sleep
    scores = Scores(lived(plan_of(law, traits=TRAITS, repetitions=REPETITIONS, rounds=1)))
    change = scores.effects(scores.differences([("always-cooperate", "none")], [])[list(TRAITS)], draws=400)
    assert [one.estimate * sign < 0 for one, sign in zip(change, SIGNS, strict=True)][:3] == [True] * 3


def _draw(axes: Axes, studies: list[Told], covered: float) -> None:
    for place, (what, true) in enumerate(TRUE.items()):
        for column in range(len(TRAITS)):
            estimates = np.array([told[what][column].estimate for told in studies])
            at, color = column + 0.35 * (place - 0.5), f"C{place}"
            axes.plot(
                at + np.linspace(-0.12, 0.12, len(estimates)), estimates, ".", ms=2, alpha=0.5, color=color
            )
            axes.plot([at - 0.15, at + 0.15], [true[column]] * 2, "k-", lw=1.5)
            axes.plot([at], [estimates.mean()], "o", color=color, mec="k", label=None if column else what)
    axes.set_xticks(range(len(TRAITS)), TRAITS)
    axes.set_ylabel("estimate (bars: the truth; discs: mean)")
    axes.set_title(f"{len(studies)} studies of a player of known law; 95% intervals cover {covered:.1%}")
    axes.axhline(0, color="0.7", lw=0.8)
    axes.legend()


def _draw_alarms(axes: Axes, smallest: NDArray[np.float64], alarms: int) -> None:
    axes.plot(np.sort(smallest), np.arange(1, len(smallest) + 1) / len(smallest), drawstyle="steps-post")
    axes.plot([0, 1], [0, 1], "k--", lw=1, label="as often as the level says")
    axes.axvline(0.05, color="0.6", lw=0.8)
    axes.set_xlabel("smallest adjusted p over the traits of a study")
    axes.set_ylabel("share of studies")
    axes.set_title(f"opponents that change nothing: {alarms} of {len(smallest)} studies alarm at 0.05")
    axes.legend()
