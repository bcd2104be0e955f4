"""Two-parameter logistic regression on counts: likelihood, Firth's mode, Jeffreys posterior.

Everywhere here eta = b0 + b1 m with b1 = 2 beta, and counts are summed by magnetization: `m`, `a`, `b`
have shape (K,), the K distinct magnetizations. Counts may be fractional (quasi-likelihood).

The Jeffreys prior, proportional to the square root of the determinant of the Fisher information, is
proper for logistic regression (Ibrahim & Laud 1991, JASA 86:981): the posterior and its mode stay finite
for separated data. Its mode is the estimate of Firth (1993, Biometrika 80:27).
"""

from __future__ import annotations

import numpy as np
from scipy.special import expit

from spinodal.response import FloatArray

MAXIMUM_STEP = 5.0
"""Longest Newton step in b0 or b1: keeps flat likelihoods from throwing the iteration far out."""


def maximum_likelihood(m: FloatArray, a: FloatArray, b: FloatArray) -> tuple[FloatArray, FloatArray]:
    """The maximum-likelihood (b0, b1) and its covariance; call only where `separation` is empty."""
    theta = np.zeros(2)
    covariance: FloatArray = np.eye(2)
    for _ in range(200):
        score, information = _score_and_information(theta, m, a, b)
        covariance = np.asarray(np.linalg.inv(information), dtype=np.float64)
        step = _bounded(covariance @ score)
        theta = theta + step
        if np.max(np.abs(step)) < 1e-10:
            break
    return theta, covariance


def firth_mode(m: FloatArray, a: FloatArray, b: FloatArray) -> FloatArray:
    """Mode (b0, b1) of the Jeffreys posterior. Finite whenever two magnetizations were asked."""
    n = a + b
    theta = np.zeros(2)
    best = float(log_posterior(theta[None, :], m, a, b)[0])
    for _ in range(200):
        p = expit(theta[0] + theta[1] * m)
        weight = n * p * (1.0 - p)
        _, information = _score_and_information(theta, m, a, b)
        covariance = np.linalg.inv(information)
        leverage = weight * (covariance[0, 0] + 2.0 * covariance[0, 1] * m + covariance[1, 1] * m * m)
        residual = a - n * p + leverage * (0.5 - p)
        step = _bounded(covariance @ np.array([residual.sum(), (residual * m).sum()]))
        for _ in range(30):  # halve until the posterior rises: the mode is unique but Newton can overshoot
            value = float(log_posterior((theta + step)[None, :], m, a, b)[0])
            if value >= best - 1e-12:
                break
            step = step / 2.0
        theta, best = theta + step, max(value, best)
        if np.max(np.abs(step)) < 1e-8:
            break
    return theta


def log_posterior(theta: FloatArray, m: FloatArray, a: FloatArray, b: FloatArray) -> FloatArray:
    """Unnormalised log of the Jeffreys posterior at `theta` of shape (G, 2); returns shape (G,)."""
    eta = theta[:, :1] + theta[:, 1:] * m
    growth = np.logaddexp(0.0, eta)  # -log(1 - p), and growth - eta = -log p
    log_likelihood = eta @ a - growth @ (a + b)
    weight = (a + b) * np.exp(eta - 2.0 * growth)
    total = weight.sum(axis=1) + 1e-300
    mean = weight @ m / total
    spread = (weight * (m - mean[:, None]) ** 2).sum(axis=1) + 1e-300  # centred: no cancellation in the tails
    return np.asarray(log_likelihood + 0.5 * (np.log(total) + np.log(spread)), dtype=np.float64)


def posterior_grid(m: FloatArray, a: FloatArray, b: FloatArray) -> tuple[FloatArray, FloatArray, FloatArray]:
    """The Jeffreys posterior on an adaptive grid.

    Returns the points (G, 2), their weights (G,) summing to 1, and the two grid steps (2, 2) as row vectors
    in (b0, b1). The grid is aligned with the curvature at the mode and reaches as far as the density does:
    far on one side for separated curves.
    """
    mode = firth_mode(m, a, b)
    _, information = _score_and_information(mode, m, a, b)
    axes = np.linalg.cholesky(np.linalg.inv(information)).T  # rows: steps of one standard deviation
    low, high = np.full(2, -6.0), np.full(2, 6.0)
    for _ in range(12):  # widen the sides where the density has not died off
        coordinates, values, shape = _evaluate(mode, axes, low, high, 25, (m, a, b))
        alive = (values > values.max() - 14.0).reshape(shape)
        width = high - low
        grow = np.array([[alive[0].any(), alive[-1].any()], [alive[:, 0].any(), alive[:, -1].any()]])
        if not grow.any():
            break
        low, high = low - np.where(grow[:, 0], width, 0.0), high + np.where(grow[:, 1], width, 0.0)
    for _ in range(3):  # shrink to where it lives
        coordinates, values, shape = _evaluate(mode, axes, low, high, 25, (m, a, b))
        live = coordinates[values > values.max() - 12.0]
        margin = (high - low) / 24.0
        tighter = np.maximum(low, live.min(axis=0) - margin), np.minimum(high, live.max(axis=0) + margin)
        if np.all(tighter[1] - tighter[0] > 0.8 * (high - low)):
            break
        low, high = tighter
    count = 61
    coordinates, values, shape = _evaluate(mode, axes, low, high, count, (m, a, b))
    weight = np.exp(values - values.max())
    steps = ((high - low) / (count - 1))[:, None] * axes
    return mode + coordinates @ axes, weight / weight.sum(), steps


def separation(m: FloatArray, a: FloatArray, b: FloatArray) -> str:
    """Which limit the likelihood runs off to: "" (none), "rising", "falling", "all A" or "all B".

    In one dimension the maximum exists iff the magnetizations that gave A and those that gave B overlap
    (Albert & Anderson 1984, Biometrika 71:1).
    """
    chose_a, chose_b = m[a > 0], m[b > 0]
    if chose_b.size == 0:
        return "all A"
    if chose_a.size == 0:
        return "all B"
    if chose_b.max() <= chose_a.min():
        return "rising"
    if chose_a.max() <= chose_b.min():
        return "falling"
    return ""


def _evaluate(
    mode: FloatArray,
    axes: FloatArray,
    low: FloatArray,
    high: FloatArray,
    count: int,
    data: tuple[FloatArray, FloatArray, FloatArray],
) -> tuple[FloatArray, FloatArray, tuple[int, int]]:
    first, second = np.linspace(low[0], high[0], count), np.linspace(low[1], high[1], count)
    coordinates = np.stack(np.meshgrid(first, second, indexing="ij"), axis=-1).reshape(-1, 2)
    return coordinates, log_posterior(mode + coordinates @ axes, *data), (count, count)


def _score_and_information(
    theta: FloatArray, m: FloatArray, a: FloatArray, b: FloatArray
) -> tuple[FloatArray, FloatArray]:
    p = expit(theta[0] + theta[1] * m)
    residual = a - (a + b) * p
    weight = (a + b) * p * (1.0 - p) + 1e-12
    cross = (weight * m).sum()
    return (
        np.array([residual.sum(), (residual * m).sum()]),
        np.array([[weight.sum(), cross], [cross, (weight * m * m).sum()]]),
    )


def _bounded(step: FloatArray) -> FloatArray:
    return step * min(1.0, MAXIMUM_STEP / max(float(np.max(np.abs(step))), 1e-300))
