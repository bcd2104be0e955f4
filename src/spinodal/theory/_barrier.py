"""The potential of large deviations, the barriers in it, and the lifetimes they give (Kramers).

The stationary law of N agents is pi(m) ~ exp(-N Phi(m)) with Phi' = artanh m - 1/2 logit P(mu(m)).
For the tanh response, Phi(m) = m artanh m + 1/2 ln(1 - m^2) - beta m^2/2 - beta h m.
"""

from __future__ import annotations

import math
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from spinodal.response import FloatArray, ResponseFunction, TanhResponse, knots_of, log_probabilities
from spinodal.theory._mean_field import fixed_points, perceived, require_zealots, states_of
from spinodal.theory._tanh import Side, effective_parameters


@dataclass(frozen=True)
class Barriers:
    """Height of the potential between a state and the way out of it: ln(lifetime)/N for large N."""

    from_A: float | None
    """Of leaving the A state; None unless there are an A and a B state; inf where it cannot be left."""
    from_B: float | None
    """Of leaving the B state."""

    def to_dict(self) -> dict[str, Any]:
        return asdict(self)


def potential(
    response: ResponseFunction, m: ArrayLike, *, zealots_a: float = 0.0, zealots_b: float = 0.0
) -> FloatArray:
    """Phi(m), per agent, the shape of `m` in [-1, 1], with Phi(0) = 0. Zealots are per regular agent.

    Closed form for the tanh response, else the response's log-odds integrated from 0.
    """
    require_zealots(zealots_a, zealots_b)
    m = np.asarray(m, dtype=np.float64)
    if isinstance(response, TanhResponse):
        beta, h = effective_parameters(response.beta, response.h, zealots_a, zealots_b)
        return np.asarray(_mixing(m) - beta * m * (m / 2.0 + h))
    return np.asarray(_mixing(m) - 0.5 * _integrated_log_odds(response, m, zealots_a, zealots_b))


def barriers(response: ResponseFunction, *, zealots_a: float = 0.0, zealots_b: float = 0.0) -> Barriers:
    """The barriers that the A state and the B state hide behind. Zealots are per regular agent."""
    points = fixed_points(response, zealots_a=zealots_a, zealots_b=zealots_b)
    states = states_of(points)
    if states.A is None or states.B is None:
        return Barriers(from_A=None, from_B=None)
    between = [point.m for point in points if states.B < point.m < states.A and not point.stable]
    heights = potential(response, [states.A, states.B, *between], zealots_a=zealots_a, zealots_b=zealots_b)
    top = float(heights[2:].max())
    return Barriers(from_A=_height(top, float(heights[0])), from_B=_height(top, float(heights[1])))


def log_kramers_time(
    response: ResponseFunction,
    agents: int,
    leaving: Side,
    *,
    zealots_a: float = 0.0,
    zealots_b: float = 0.0,
) -> float | None:
    """log of the lifetime of a state, in sweeps, to leading order in 1/N; None where there is no other.

    ln tau = N dPhi + kappa(m_s) - kappa(m_u)
             + ln 2 pi - 1/2 ln[Phi''(m_s) |Phi''(m_u)| (1 - m_s^2) (1 - m_u^2)],
    from the state s over the watershed u. kappa(m) = 1/2 [mu L - integral of L dmu], with L = logit P, is
    what an agent's not seeing itself adds (beta m^2/2 for the tanh response). It fails where N (1 - m_s^2)
    is small. Zealots are per regular agent.
    """
    points = fixed_points(response, zealots_a=zealots_a, zealots_b=zealots_b)
    states = states_of(points)
    if states.A is None or states.B is None:
        return None
    state = states.A if leaving == "A" else states.B
    between = [point.m for point in points if states.B < point.m < states.A and not point.stable]
    z = (zealots_a, zealots_b)
    top = between[int(np.argmax(potential(response, between, zealots_a=zealots_a, zealots_b=zealots_b)))]
    ends = np.array([state, top])
    phi = potential(response, ends, zealots_a=zealots_a, zealots_b=zealots_b)
    mu, crowd = perceived(ends, *z), 1.0 + zealots_a + zealots_b
    kappa = 0.5 * (mu * _log_odds(response, mu) - _integrated_log_odds(response, ends, *z) / crowd)
    slope = (_log_odds(response, mu + _STEP) - _log_odds(response, mu - _STEP)) / (2.0 * _STEP)
    curvature = np.abs(1.0 / (1.0 - ends**2) - 0.5 * slope / crowd)
    prefactor = math.log(2.0 * math.pi) - 0.5 * float(np.log(curvature * (1.0 - ends**2)).sum())
    return agents * float(phi[1] - phi[0]) + float(kappa[0] - kappa[1]) + prefactor


def _log_odds(response: ResponseFunction, mu: FloatArray) -> FloatArray:
    log_a, log_b = log_probabilities(response, mu)
    return log_a - log_b


def _height(top: float, bottom: float) -> float:
    return math.inf if bottom == -math.inf else top - bottom


def _mixing(m: FloatArray) -> FloatArray:
    """m artanh m + 1/2 ln(1 - m^2) = 1/2 [(1 + m) ln(1 + m) + (1 - m) ln(1 - m)]; ln 2 at the ends."""
    from scipy.special import xlogy

    return np.asarray(0.5 * (xlogy(1.0 + m, 1.0 + m) + xlogy(1.0 - m, 1.0 - m)))


def _integrated_log_odds(
    response: ResponseFunction, m: FloatArray, zealots_a: float, zealots_b: float
) -> FloatArray:
    """Integral of logit P(mu(u)) over u from 0 to m, by Gauss-Legendre between the knots."""
    knots = knots_of(response) * (1.0 + zealots_a + zealots_b) - zealots_a + zealots_b
    ends = np.unique(
        np.concatenate([np.linspace(-1.0, 1.0, _CELLS + 1), knots[np.abs(knots) < 1.0], [0.0], m.ravel()])
    )
    nodes, weights = np.polynomial.legendre.leggauss(_NODES)
    middle, half = 0.5 * (ends[1:] + ends[:-1]), 0.5 * (ends[1:] - ends[:-1])
    inside = middle[:, None] + half[:, None] * nodes
    log_a, log_b = log_probabilities(response, perceived(inside, zealots_a, zealots_b))
    cells = half * ((log_a - log_b) @ weights)
    zero = int(np.searchsorted(ends, 0.0))
    right = np.concatenate([[0.0], np.cumsum(cells[zero:])])
    left = -np.cumsum(cells[:zero][::-1])[::-1]
    return np.concatenate([left, right])[np.searchsorted(ends, m)]


_STEP = 1e-5
_CELLS = 256
_NODES = 8
