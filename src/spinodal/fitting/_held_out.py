"""Which response predicts observations it has not seen: K-fold log scores, the folds fixed by a seed."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any, TypeVar

import numpy as np

from spinodal.fitting._observations import Counts, LogOdds, Observations, Tally
from spinodal.response import FloatArray, ResponseFunction

FOLDS = 5
"""Parts the observations are split into."""

_SEED = 20_25

Kind = TypeVar("Kind", bound=str)
Fitter = Callable[[Observations], ResponseFunction | None]


def held_out_scores(observations: Observations, fitters: Mapping[Kind, Fitter]) -> dict[Kind, float]:
    """Mean held-out log score per observation (a sample or a prompt) of each response; higher is better.

    A prompt's log-odds score p log P + (1 - p) log(1 - P). Responses that some fold cannot fit are left out;
    empty where there are fewer than two observations a fold.
    """
    if observations.tally.n.sum() < 2 * FOLDS:
        return {}
    totals = dict.fromkeys(fitters, 0.0)
    for training, test in _folds(observations):
        for name, fitter in fitters.items():
            response = fitter(training)
            totals[name] += _log_score(response, test) if response is not None else float("nan")
    size = float(observations.tally.n.sum())
    return {name: total / size for name, total in totals.items() if np.isfinite(total)}


def _log_score(response: ResponseFunction, test: Tally) -> float:
    p = np.clip(response(test.m), 1e-9, 1.0 - 1e-9)
    return float(test.a @ np.log(p) + test.b @ np.log1p(-p))


def _folds(observations: Observations) -> Iterator[tuple[Observations, Tally]]:
    generator = np.random.default_rng(_SEED)
    if isinstance(observations, LogOdds):
        fold = generator.permutation(np.arange(observations.m.size) % FOLDS)
        for k in range(FOLDS):
            test = _subset(observations, fold == k)
            yield _subset(observations, fold != k), test.tally
        return
    tally = observations.tally
    labels = np.repeat(
        np.tile([0, 1], tally.m.size), np.ravel(np.column_stack([tally.a, tally.b])).astype(int)
    )
    levels = np.repeat(np.arange(tally.m.size), tally.n.astype(int))
    fold = generator.permutation(np.arange(levels.size) % FOLDS)
    for k in range(FOLDS):
        held = Tally(tally.m, *_count(levels[fold == k], labels[fold == k], tally.m.size))
        yield Counts(tally.m, tally.a - held.a, tally.b - held.b), held


def _subset(observations: LogOdds, chosen: Any) -> LogOdds:
    return LogOdds(
        observations.m[chosen],
        observations.log_odds[chosen],
        observations.temperature,
        observations.censored[chosen],
        None if observations.order is None else observations.order[chosen],
    )


def _count(levels: Any, labels: Any, size: int) -> tuple[FloatArray, FloatArray]:
    of_b = np.bincount(levels, labels, minlength=size).astype(np.float64)
    return np.bincount(levels, minlength=size) - of_b, of_b
