"""Effects from matched games: coverage of the intervals, and false and true alarms of the adjusted tests.

Fixed seeds; each test states how often it would fail by chance.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

import numpy as np
import pytest
from _pictures import draw_level
from scipy import stats

from spinodal.effects import matched_effects
from spinodal.response import FloatArray

if TYPE_CHECKING:
    from _page import Record
    from matplotlib.axes import Axes

Law = Callable[[np.random.Generator, tuple[int, int]], FloatArray]
"""Differences of mean zero."""


def _answers(yes: float, control: float, answers: int) -> Law:
    """Score = mean of yes/no answers; the difference of two games, less its mean."""

    def draw(random: np.random.Generator, shape: tuple[int, int]) -> FloatArray:
        scores = [random.binomial(answers, p, size=shape) / answers for p in (yes, control)]
        return np.asarray(scores[0] - scores[1] - (yes - control))

    return draw


LAWS: dict[str, Law] = {
    "normal": lambda random, shape: random.normal(size=shape),
    "exponential": lambda random, shape: random.exponential(size=shape) - 1.0,
    "5 answers": _answers(0.7, 0.3, 5),
    (COARSE := "3 answers, skewed"): _answers(0.2, 0.05, 3),
}

STUDIES = 6000
BLOCK = 500
"""Studies that share their resamples, as traits of one call do."""


def covered(law: Law, sizes: tuple[int, ...], scales: tuple[float, ...] | None = None) -> float:
    """Share of studies whose interval holds the effect, zero: each study is a trait with games of its own."""
    strata = np.repeat(np.arange(len(sizes)), sizes)
    names = [str(study) for study in range(BLOCK)]
    scale = np.array(scales or [1.0] * len(sizes))[strata][:, None]
    hits = 0
    for seed in range(STUDIES // BLOCK):
        random = np.random.default_rng([seed, *sizes])
        differences = scale * law(random, (strata.size, BLOCK))
        found = matched_effects(differences, strata, names, draws=399, seed=seed)
        hits += sum(effect.interval[0] <= 1e-12 and effect.interval[1] >= -1e-12 for effect in found)
    return hits / STUDIES


class TestCoverage:
    @pytest.mark.verifies(
        "coverage",
        "Effects of matched games",
        "Intervals of effects from four laws, one or three strata of 4 to 30 games, 6,000 studies each.",
        "93% to 97% where claimed (99% with few answers); 90% to 99% elsewhere",
    )
    def test_intervals_hold_the_effect_as_often_as_claimed(
        self, keep_plot: Callable[..., Axes], record: Record
    ) -> None:
        """93% to 97% as claimed, of scores of few answers up to 99%, and 90% of the smallest single strata.

        6000 studies a configuration, standard error 0.23% to 0.3%. In 30 000 studies those claimed had 93.9%
        to 96.8%, that nearest to an edge one standard error from it: one other seed in five would fail.
        """
        sizes = (4, 6, 10, 30)
        axes = keep_plot("effects_coverage", width=8.0)
        shares = {}
        for law in LAWS:
            for strata in (1, 3):
                found = [covered(LAWS[law], (size,) * strata) for size in sizes]
                shares |= {(law, strata, size): share for size, share in zip(sizes, found, strict=True)}
                axes.plot(sizes, found, "o-" if strata == 3 else "o--", label=f"{law}, {strata} × n")
        axes.axhspan(0.93, 0.97, color="0.9")
        axes.axhline(0.95, color="0.5", lw=1)
        axes.set(
            xscale="log", xlabel="games a stratum, n", ylabel="coverage of 95% intervals", ylim=(0.88, 1.0)
        )
        axes.set_xticks(sizes, [str(size) for size in sizes])
        axes.set_xticks([], minor=True)
        axes.legend(fontsize=8, ncols=2, loc="lower right")
        claimed = {key: share for key, share in shares.items() if key[1] == 3 or key[2] >= 10}
        most = {key: 0.99 if key[0] == COARSE else 0.97 for key in claimed}
        record(
            f"{min(claimed.values()):.1%} to {max(claimed.values()):.1%} where claimed; "
            f"{min(shares.values()):.1%} to {max(shares.values()):.1%} in all"
        )
        assert {key: share for key, share in claimed.items() if not 0.93 <= share <= most[key]} == {}
        assert {key: share for key, share in shares.items() if not 0.90 <= share <= 0.99} == {}

    def test_strata_need_neither_the_same_spread_nor_the_same_number_of_games(self) -> None:
        """93% to 97% in 6000 studies; of 95.5% and 94.9% in a longer run, five standard errors inside."""
        assert 0.93 <= covered(LAWS["normal"], (6, 6, 6), (0.3, 1.0, 3.0)) <= 0.97
        assert 0.93 <= covered(LAWS["normal"], (4, 10, 30)) <= 0.97


TRAITS = 12


def scores(kind: str, random: np.random.Generator, games: int) -> FloatArray:
    """Of one cell, shape (games, 12): what traits share, and what is theirs."""
    draw = {
        "normal": lambda shape: random.normal(size=shape),
        "heavy tails": lambda shape: random.standard_t(1.5, size=shape),
        "skewed": lambda shape: random.lognormal(0.0, 1.5, size=shape),
        "3 answers": lambda shape: random.binomial(3, 0.2, size=shape) / 3.0,
    }[kind]
    return np.asarray(draw((games, 1)) + draw((games, TRAITS)))


def alarms(kind: str, studies: int, effect: FloatArray, seed: int) -> FloatArray:
    """Adjusted p-values, shape (studies, 12), of 15 games in 3 strata with spreads of their own."""
    random = np.random.default_rng(seed)
    strata = np.repeat([0, 1, 2], [4, 5, 6])
    scale = np.array([1.0, 2.0, 0.5])[strata][:, None]
    names = [str(trait) for trait in range(TRAITS)]
    found = np.empty((studies, TRAITS))
    for study in range(studies):
        differences = scale * (scores(kind, random, 15) - scores(kind, random, 15)) + effect
        of_study = matched_effects(differences, strata, names, draws=399, seed=study)
        found[study] = [one.p_adjusted for one in of_study]
    return found


class TestFamilyWise:
    @pytest.mark.verifies(
        "alarms",
        "Twelve traits, one family",
        "2,000 studies of twelve correlated traits without an effect: any adjusted p at or below 0.05.",
        "at most 131 of 2,000, and 71 or more where scores have no ties",
    )
    @pytest.mark.parametrize("kind", ["normal", "heavy tails", "skewed", "3 answers"])
    def test_any_false_alarm_is_as_rare_as_the_level(
        self, kind: str, keep_plot: Callable[..., Axes], record: Record
    ) -> None:
        """2000 studies of 12 correlated traits without an effect: an adjusted p of at most 0.05 in 5%.

        The test is exact, 5.0% but for ties: one seed in 1000 would have more than 131 of 2000, or, where
        scores have no ties, fewer than 71 (a test that has lost its power).
        """
        smallest = alarms(kind, 2000, np.zeros(TRAITS), seed=1).min(axis=1)
        false = int((smallest <= 0.05).sum())
        fewest, most = stats.binom.ppf([1e-3, 1.0 - 1e-3], 2000, 0.05)
        axes = keep_plot(f"effects_alarms_{kind.replace(' ', '_')}", height=4.0)
        draw_level(axes, smallest, 0.05, f"scores: {kind}")
        record(f"{false} of 2,000")
        assert false <= most
        assert kind == "3 answers" or false >= fewest

    def test_an_effect_on_one_trait_is_seen_and_the_others_stay_quiet(self) -> None:
        """1000 studies of an effect on one trait of 12, seen in 67% (of 4000 others): more than 60%.

        Step-down leaves the eleven others a false-alarm rate of at most 5%. One seed in 1000 would have more
        than 73 of 1000.
        """
        effect = np.zeros(TRAITS)
        effect[3] = 3.0
        found = alarms("normal", 1000, effect, seed=2)
        assert (found[:, 3] <= 0.05).mean() > 0.6
        others = np.delete(found, 3, axis=1).min(axis=1) <= 0.05
        assert others.sum() <= stats.binom.ppf(1.0 - 1e-3, 1000, 0.05)
