"""The empirical response: any monotone function of m, with its uncertainty.

Bayesian monotone regression (Ramsey 1972, Biometrics 28:841): independent binomial likelihoods at the
magnetizations asked, and a prior under which the steps between neighbours are those of a Dirichlet process
of small mass, so that flat stretches and single jumps are as welcome as gradual rises. On a grid of
probabilities that prior is a Markov chain along m, so the posterior is sampled exactly by forward filtering
and backward sampling; nothing has to converge. Rising and falling responses are weighed by their evidence.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.special import expit

from spinodal.response import FloatArray

PRIOR_MASS = 2.0
"""Mass of the Dirichlet process: how many observations the prior shape is worth."""

_ETA = np.linspace(-8.0, 8.0, 121)
"""Grid of log-odds on which the response lives at each magnetization."""


@dataclass(frozen=True)
class MonotoneFit:
    """Posterior of a monotone response at the magnetizations asked."""

    m: FloatArray
    """Shape (K,), ascending."""
    p: FloatArray
    """Shape (K,): posterior mean, monotone."""
    draws: FloatArray
    """Shape (D, K)."""


def fit_monotone(m: FloatArray, a: FloatArray, b: FloatArray, n_draws: int = 300) -> MonotoneFit:
    """Fit counts summed by magnetization (fractional counts allowed); `m` ascending, shape (K,)."""
    grid = _grid(a, b)
    log_p, log_q = np.log(grid), np.log1p(-grid)
    likelihood = a[:, None] * log_p + b[:, None] * log_q
    peak = likelihood.max(axis=1, keepdims=True)
    emission = np.exp(likelihood - peak)
    steps = np.diff(m, prepend=-1.0 - 0.1, append=1.0 + 0.1)
    generator = np.random.default_rng(0)
    directions = [emission, emission[::-1]]
    passes = [
        _filter(directed, grid, gaps) for directed, gaps in zip(directions, (steps, steps[::-1]), strict=True)
    ]
    evidence = np.array([log_evidence for _, _, log_evidence in passes])
    share = np.exp(evidence - evidence.max())
    n_rising = round(n_draws * float(share[0] / share.sum()))
    rising = _sample(*passes[0][:2], grid, n_rising, generator)
    falling = _sample(*passes[1][:2], grid, n_draws - n_rising, generator)[:, ::-1]
    draws = np.vstack([rising, falling])
    main = rising if 2 * n_rising >= n_draws else falling
    return MonotoneFit(m=m, p=_monotone_mean(main), draws=draws)


def _monotone_mean(draws: FloatArray) -> FloatArray:
    """Mean over draws, free of the rounding that would break its order."""
    mean = draws.mean(axis=0)
    rising = mean[-1] >= mean[0]
    return np.asarray(
        np.maximum.accumulate(mean) if rising else np.minimum.accumulate(mean), dtype=np.float64
    )


def count_stable(m: FloatArray, p: FloatArray) -> FloatArray:
    """Stable fixed points of 2 P(m) - 1 = m for the piecewise-linear P through (m, p), exactly.

    `m` (K,) ascending in [-1, 1]; `p` (..., K); P is constant outside the knots. Between knots the drift
    2 P(m) - 1 - m is linear, so a stable fixed point is one change of its sign from + to -. The drift is
    never negative at m = -1 nor positive at m = 1; a fixed point there is stable if the drift beside it
    points to it.
    """
    drift = np.sign(2.0 * np.asarray(p, dtype=np.float64) - 1.0 - m)
    shape = (*drift.shape[:-1], 1)
    signs = np.concatenate([np.ones(shape), drift, -np.ones(shape)], axis=-1)
    for k in range(1, signs.shape[-1]):  # a zero takes the sign before it: touching is not crossing
        signs[..., k] = np.where(signs[..., k] == 0.0, signs[..., k - 1], signs[..., k])
    return np.asarray(((signs[..., :-1] > 0) & (signs[..., 1:] < 0)).sum(axis=-1), dtype=np.float64)


def _grid(a: FloatArray, b: FloatArray) -> FloatArray:
    """The grid of probabilities: even in log-odds, plus the observed shares, so that sharp data fit it."""
    share = (a + 1e-9) / (a + b + 2e-9)
    inside = share[(share > expit(_ETA[0])) & (share < expit(_ETA[-1]))]
    return np.unique(np.concatenate([expit(_ETA), inside]))


def _transition(grid: FloatArray, gap: float) -> FloatArray:
    """Weight of a rise from grid point i to j over `gap` in m: a gamma step of shape mass x gap / 2."""
    width = np.gradient(grid)
    shape = PRIOR_MASS * max(gap, 1e-6) / 2.0
    rise = grid[None, :] - grid[:, None]
    with np.errstate(divide="ignore", invalid="ignore"):
        weight = np.where(rise > 0.0, np.abs(rise) ** (shape - 1.0) * width * shape, 0.0)
    # on the diagonal: the step's mass within half a grid cell
    return np.asarray(weight + np.diag((width / 2.0) ** shape), dtype=np.float64)


def _filter(
    emission: FloatArray, grid: FloatArray, steps: FloatArray
) -> tuple[FloatArray, list[FloatArray], float]:
    """Forward pass: filtered weights (K, G), the transitions between, and the log evidence."""
    n_levels = emission.shape[0]
    start = grid ** (PRIOR_MASS * steps[0] / 2.0 - 1.0) * np.gradient(grid)
    finish = (1.0 - grid) ** (PRIOR_MASS * steps[-1] / 2.0 - 1.0)
    transitions = [_transition(grid, float(step)) for step in steps[1:-1]]
    filtered = np.empty((n_levels, grid.size))
    log_evidence = 0.0
    state = start / start.sum()
    for k in range(n_levels):
        if k:
            state = state @ transitions[k - 1]
        state = state * emission[k] + 1e-300
        if k == n_levels - 1:
            state = state * finish
        total = state.sum()
        log_evidence += float(np.log(total))
        state = state / total
        filtered[k] = state
    return filtered, transitions, log_evidence


def _sample(
    filtered: FloatArray,
    transitions: list[FloatArray],
    grid: FloatArray,
    n_draws: int,
    generator: np.random.Generator,
) -> FloatArray:
    """Backward pass: (D, K) monotone draws."""
    n_levels = filtered.shape[0]
    index = np.empty((n_draws, n_levels), dtype=np.intp)
    cumulative = np.cumsum(filtered[-1])
    index[:, -1] = np.searchsorted(cumulative / cumulative[-1], generator.random(n_draws))
    for k in range(n_levels - 2, -1, -1):
        weight = np.cumsum(filtered[k][:, None] * transitions[k], axis=0)  # (G, next state)
        weight = weight / weight[-1]
        column = weight[:, index[:, k + 1]]
        index[:, k] = (column < generator.random(n_draws)).sum(axis=0)
    return np.asarray(grid[np.minimum(index, grid.size - 1)], dtype=np.float64)
