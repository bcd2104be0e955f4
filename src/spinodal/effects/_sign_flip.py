"""The sign-flip test of no effect, for several traits at once."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from spinodal.response import FloatArray


def sign_flip(
    groups: Sequence[FloatArray], draws: int, random: np.random.Generator
) -> tuple[FloatArray, FloatArray]:
    """p-values and step-down max-T adjusted p-values, each of shape (k,), from one (n_g, k) array a stratum.

    The statistic is |estimate| / SE, both under the flip, two-sided. A flip turns a game's differences in all
    traits, so that their correlation is kept. All 2^n flips are taken where these are no more than `draws`,
    else `draws` random ones beside what was observed, which counts as one: p = (b + 1)/(m + 1). The test is
    exact (Fisher 1935, *The Design of Experiments*, section 21); it is adjusted by free step-down max-T
    (Westfall & Young 1993, algorithm 4.1). A trait whose differences are all zero has p 1. NaN where every
    stratum has one game: no spread is left to compare with.
    """
    traits = groups[0].shape[1]
    far = _farness(groups, _flips(sum(len(group) for group in groups), draws, random))
    if far is None:
        return np.full(traits, np.nan), np.full(traits, np.nan)
    order = np.argsort(-far[0], kind="stable")
    # of each trait and all that were seen less far: what a flip makes of the furthest
    furthest = np.maximum.accumulate(far[:, order[::-1]], axis=1)[:, ::-1]
    adjusted = np.empty(traits)
    adjusted[order] = np.maximum.accumulate(_share_as_far(furthest))
    return _share_as_far(far), adjusted


_TIE = 1e-9
"""Farness, a number in [0, 1], is tied within this."""
_ROUNDING = 1e-12
"""Sums of squares below this share of their terms are rounding."""


def _flips(games: int, draws: int, random: np.random.Generator) -> FloatArray:
    """Signs, shape (m, n), of which the first row is what was observed."""
    if games <= 62 and 2**games <= draws:
        bits = (np.arange(2**games)[:, None] >> np.arange(games)) & 1
    else:
        bits = random.integers(2, size=(draws + 1, games))
        bits[0] = 0
    return np.asarray(1.0 - 2.0 * bits, dtype=np.float64)


def _farness(groups: Sequence[FloatArray], signs: FloatArray) -> FloatArray | None:
    """T^2/(T^2 + 1) under each flip, shape (m, k): ordered as |T| = |estimate|/SE is, and finite at SE 0."""
    total, squared_error, within, scale = (np.zeros((len(signs), groups[0].shape[1])) for _ in range(4))
    start, alone = 0, 0
    for group in groups:
        size = len(group)
        sums, squares = signs[:, start : start + size] @ group, (group**2).sum(axis=0)
        rest = squares - sums**2 / size
        rest[rest <= _ROUNDING * squares] = 0.0
        total += sums / size
        within += rest
        scale += squares
        if size > 1:
            squared_error += rest / (size * (size - 1.0))
        alone += size == 1
        start += size
    if start == len(groups):
        return None
    # a game alone has no spread: that of all strata stands in, under every flip alike
    squared_error += alone * within / (start - len(groups))
    total[np.abs(total) <= _ROUNDING * np.sqrt(scale)] = 0.0
    both = total**2 + squared_error
    return np.divide(total**2, both, where=both > 0.0, out=np.zeros_like(both))


def _share_as_far(far: FloatArray) -> FloatArray:
    return np.asarray((far >= far[0] - _TIE).mean(axis=0))
