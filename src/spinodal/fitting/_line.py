"""A straight line through log-odds with Student-t noise, and the population response that it implies.

log-odds x = a + b m + s t, with t of nu degrees of freedom: from Gaussian to Cauchy, nu being learned with
the rest (Lange, Little & Taylor 1989, JASA 84:881). The response of the population averages sigmoid over that
noise, and (b0, 2 beta) are those of the tanh nearest to it, in Kullback-Leibler divergence with every
magnetization weighing the same.

The posterior under flat priors on a, b and log s is sampled by importance sampling, for each nu from a
multivariate t about its mode.
"""

from __future__ import annotations

import numpy as np
from scipy import stats
from scipy.special import expit, gammaln

from spinodal.response import FloatArray

_FREEDOM = np.array([1.0, 1.5, 2.0, 3.0, 5.0, 10.0, 1000.0])
"""Degrees of freedom considered, equally likely beforehand.

A few dozen prompts cannot tell how heavy the tails are, yet conformity depends on it: a prior that leans away
from the heaviest would be too sure where noise is mostly small and now and then large.
"""

_NODES = np.asarray(stats.t.ppf((np.arange(60) + 0.5) / 60.0, _FREEDOM[:, None]), dtype=np.float64)
"""Quantiles of the noise over which sigmoid is averaged, shape (nu, 60)."""

_NORMALISER = gammaln((_FREEDOM + 1.0) / 2.0) - gammaln(_FREEDOM / 2.0) - 0.5 * np.log(_FREEDOM)

_REFERENCE = np.linspace(-1.0, 1.0, 21)
"""Magnetizations at which the tanh is matched to the response."""

_RESOLUTION = 1e-3
"""Noise that is always there: log-probabilities come rounded."""

_PROPOSALS = 300
"""Proposals for each nu."""

_PROPOSAL_FREEDOM = 5.0
_PROPOSAL_SPREAD = 1.15


def line_posterior(m: FloatArray, x: FloatArray, n_draws: int) -> FloatArray:
    """Draws of (b0, 2 beta), shape (D, 2), from log-odds `x` (n,) at magnetizations `m` (n,), n >= 4.

    Deterministic: the same data give the same draws.
    """
    generator = np.random.default_rng(0)
    mode, root = _modes(m, x)
    shape = (_FREEDOM.size, _PROPOSALS)
    normal = generator.standard_normal((*shape, 3))
    chi = generator.chisquare(_PROPOSAL_FREEDOM, shape) / _PROPOSAL_FREEDOM
    step = _PROPOSAL_SPREAD * normal / np.sqrt(chi)[..., None]
    proposal = mode[:, None, :] + step @ root  # (nu, proposals, 3): a, b, log s
    log_weight = (
        _log_likelihood(m, x, proposal)
        + 0.5 * (_PROPOSAL_FREEDOM + 3.0) * np.log1p((step**2).sum(axis=-1) / _PROPOSAL_FREEDOM)
        + np.log(np.abs(np.linalg.det(root)))[:, None]
    ).ravel()
    weight = np.exp(log_weight - log_weight.max())
    cumulative = np.cumsum(weight)
    at = (np.arange(n_draws) + generator.random()) / n_draws
    chosen = np.minimum(np.searchsorted(cumulative / cumulative[-1], at), weight.size - 1)
    a, b, log_scale = proposal.reshape(-1, 3)[chosen].T
    noise = _NODES[chosen // _PROPOSALS] * np.exp(log_scale)[:, None]
    # both tails, since 1 - p would lose its digits where the response is close to 1
    p, q = np.empty((n_draws, _REFERENCE.size)), np.empty((n_draws, _REFERENCE.size))
    for k, reference in enumerate(_REFERENCE):
        eta = (a + b * reference)[:, None] + noise
        p[:, k], q[:, k] = expit(eta).mean(axis=1), expit(-eta).mean(axis=1)
    return nearest_tanh(_REFERENCE, p, q)


def nearest_tanh(m: FloatArray, p: FloatArray, q: FloatArray) -> FloatArray:
    """(b0, 2 beta), shape (D, 2), of the tanh nearest to each of D responses.

    `p` and `q` = 1 - p have shape (D, K) for `m` (K,). Logistic regression by iteratively reweighted least
    squares, started from the response's own logits; weights enter relatively, so it also converges where the
    response is close to 0 or 1 throughout.
    """
    tiny = 1e-290
    eta = np.log(np.maximum(p, tiny)) - np.log(np.maximum(q, tiny))
    theta = np.zeros((p.shape[0], 2))
    for _ in range(60):
        fitted, complement = np.maximum(expit(eta), tiny), np.maximum(expit(-eta), tiny)
        variance = fitted * complement
        working = eta + np.where(p < 0.5, p - fitted, complement - q) / variance
        weight = variance / variance.sum(axis=1, keepdims=True)
        mean_m, mean_z = weight @ m, (weight * working).sum(axis=1)
        centred = m - mean_m[:, None]
        slope = (weight * centred * working).sum(axis=1) / ((weight * centred**2).sum(axis=1) + tiny)
        updated = np.column_stack([mean_z - slope * mean_m, slope])
        change = float(np.max(np.abs(updated - theta)))
        theta = updated
        if change < 1e-8:
            break
        eta = np.clip(theta[:, :1] + theta[:, 1:] * m, -600.0, 600.0)
    return theta


def _modes(m: FloatArray, x: FloatArray) -> tuple[FloatArray, FloatArray]:
    """For each nu the mode (a, b, log s), shape (nu, 3), and a root (nu, 3, 3) of the proposals' covariance.

    The mode by expectation maximisation, the covariance from the expected information of the t.
    """
    n, nu = m.size, _FREEDOM[:, None]
    slope, intercept = np.polyfit(m, x, 1)
    a, b = np.full((nu.size, 1), intercept), np.full((nu.size, 1), slope)
    scale = np.full((nu.size, 1), max(float(np.std(x - intercept - slope * m)), _RESOLUTION))
    for _ in range(50):
        weight = (nu + 1.0) / (nu + ((x - a - b * m) / scale) ** 2)
        total = weight.sum(axis=1, keepdims=True)
        mean_m, mean_x = (weight @ m)[:, None] / total, (weight @ x)[:, None] / total
        centred = weight * (m - mean_m)
        b = (centred @ x)[:, None] / (centred * (m - mean_m)).sum(axis=1, keepdims=True)
        a = mean_x - b * mean_m
        scale = np.sqrt((weight * (x - a - b * m) ** 2).sum(axis=1, keepdims=True) / n + _RESOLUTION**2)
    information = np.zeros((nu.size, 3, 3))
    location = ((nu + 1.0) / ((nu + 3.0) * scale**2))[..., None]
    information[:, :2, :2] = location * np.array([[n, m.sum()], [m.sum(), m @ m]])
    information[:, 2, 2] = (2.0 * n * nu / (nu + 3.0))[:, 0]
    root = np.swapaxes(np.linalg.cholesky(np.linalg.inv(information)), 1, 2)
    return np.hstack([a, b, np.log(scale)]), np.asarray(root, dtype=np.float64)


def _log_likelihood(m: FloatArray, x: FloatArray, proposal: FloatArray) -> FloatArray:
    """Log-likelihood, up to a constant, of `proposal` (nu, P, 3); shape (nu, P)."""
    values = np.empty(proposal.shape[:2])
    for k, nu in enumerate(_FREEDOM):
        a, b, log_scale = proposal[k].T[..., None]
        variance = np.exp(2.0 * log_scale) + _RESOLUTION**2
        square = (x - a - b * m) ** 2 / (nu * variance)
        values[k] = (_NORMALISER[k] - 0.5 * np.log(variance) - 0.5 * (nu + 1.0) * np.log1p(square)).sum(
            axis=1
        )
    return values
