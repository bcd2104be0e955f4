"""The effect on each trait, from differences between the two games of a matched pair."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from spinodal.effects._interval import reaches
from spinodal.effects._sign_flip import sign_flip
from spinodal.response import FloatArray


@dataclass(frozen=True)
class Effect:
    """An effect on one trait, in the units of its score."""

    name: str
    """Of the trait."""
    estimate: float
    """Mean over strata, each of equal weight, of the mean difference."""
    interval: tuple[float, float]
    """95% confidence interval (low, high); NaN where a stratum has one game only."""
    p_value: float
    """Of this trait alone, in (0, 1]; NaN where every stratum has one game only."""
    p_adjusted: float
    """For having looked at all traits together, at least `p_value`: the rate of any false alarm."""
    games: int
    """Matched repetitions, over all strata."""
    sd: float
    """Standard deviation of one matched difference within strata, pooled over them; NaN like `p_value`.
    What `games_needed` asks for."""

    def to_dict(self) -> dict[str, Any]:
        return {**asdict(self), "interval": list(self.interval)}


def matched_effects(
    differences: ArrayLike,
    strata: ArrayLike,
    names: Sequence[str],
    *,
    draws: int = 4000,
    seed: int = 0,
) -> tuple[Effect, ...]:
    """The effect on each of k traits, from n matched repetitions: one `Effect` a trait, in order of `names`.

    `differences`, shape (n, k), finite: score in one cell less score in the other, for scores in [0, 1] a
    number in [-1, 1] (a difference of two such differences: [-2, 2]). `strata`, shape (n,), whole numbers:
    repetitions with the same number are of one game type. `draws` >= 199 resamples and as many sign flips,
    both decided by `seed`; all traits share them. `ValueError` for anything else.

    Each stratum weighs the same however many games it has, and so SE^2 = sum_g s_g^2 / n_g / G^2.

    The interval is, on each side, the wider of Student's t with the degrees of freedom of Welch and
    Satterthwaite, and of a smoothed bootstrap-t (`reaches`): alone, the first is too narrow for skewed
    differences and the second for heavy-tailed ones. It is made the same way for all data and all n. Of
    differences that are normal, skewed like an exponential, or of means of five answers, it covers 93% to 97%
    in 3 strata of 4 to 30 games each, whether or not their spreads are alike, and in one stratum of 10 to 30;
    of heavy tails and fewer answers, up to 99%. One stratum of 4 to 6 games covers 91% to 93% of an
    exponential. Where most games show no difference a few of them do not tell that any would: a sample of
    equals gives a point, and one stratum of 2 or 3 such games covers as little as 55%. A stratum of 2 games
    beside two of 10, or one of 4 that is skewed and varies most, brings coverage down to 90%.

    The p-value is of the null that what differs between the cells has no effect: the two games of a pair are
    then exchangeable, so each difference may as well have the other sign, and the test is exact for any n
    and any law of the scores (`sign_flip`). It is no smaller than 2/2^n, so that fewer than 6 games cannot
    reach 0.05, nor than 1/(draws + 1). The adjusted p-values are step-down max-T (Westfall & Young 1993,
    *Resampling-Based Multiple Testing*, algorithm 4.1).

    One game does not tell the spread of its stratum, and no other stratum need have the same: where a
    stratum has one, the interval is NaN (with the pooled spread in its place, a lone game of three times the
    spread of the others leaves 60% coverage). The p-value does put it there, for it is exact whatever the
    scale; it is NaN where every stratum has one game.
    """
    groups, estimate = _checked(differences, strata, names, draws)
    games = sum(len(group) for group in groups)
    for_interval, for_flips = np.random.default_rng(seed).spawn(2)
    below, above = reaches(groups, draws, for_interval)
    p_values, adjusted = sign_flip(groups, draws, for_flips)
    free = games - len(groups)
    rest = np.sum([((group - group.mean(axis=0)) ** 2).sum(axis=0) for group in groups], axis=0)
    sd = np.sqrt(rest / free) if free else np.full(len(names), np.nan)
    return tuple(
        Effect(
            name=name,
            estimate=float(estimate[trait]),
            interval=(float(estimate[trait] - below[trait]), float(estimate[trait] + above[trait])),
            p_value=float(p_values[trait]),
            p_adjusted=float(adjusted[trait]),
            games=games,
            sd=float(sd[trait]),
        )
        for trait, name in enumerate(names)
    )


_FEWEST_DRAWS = 199
"""The 2.5% points of a bootstrap are then the fifth draws from either end."""


def _checked(
    differences: ArrayLike, strata: ArrayLike, names: Sequence[str], draws: int
) -> tuple[list[FloatArray], FloatArray]:
    """The differences of each stratum, shape (n_g, k), and the estimates, shape (k,)."""
    seen, labels = np.asarray(differences, dtype=np.float64), np.asarray(strata)
    if seen.ndim != 2 or 0 in seen.shape:
        raise ValueError(f"differences of shape {seen.shape}; give (n, k) of n >= 1 games and k >= 1 traits")
    if labels.shape != seen.shape[:1] or not np.issubdtype(labels.dtype, np.integer):
        raise ValueError(
            f"strata of shape {labels.shape} and type {labels.dtype} for {len(seen)} games; "
            "give each game one whole number"
        )
    if len(names) != seen.shape[1]:
        raise ValueError(f"{len(names)} names for {seen.shape[1]} traits; give each trait one")
    if not np.isfinite(seen).all():
        game, trait = np.argwhere(~np.isfinite(seen))[0]
        raise ValueError(
            f"a difference of {seen[game, trait]} in game {game}, trait {names[trait]!r}; "
            "leave out games without a score"
        )
    if draws < _FEWEST_DRAWS:
        raise ValueError(f"{draws} draws; give {_FEWEST_DRAWS} or more")
    groups = [seen[labels == label] for label in np.unique(labels)]
    return groups, np.mean([group.mean(axis=0) for group in groups], axis=0)
