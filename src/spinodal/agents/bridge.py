"""Noise in log-odds that leaves the population's response an exact tanh.

Give each prompt the log-odds eta + b with random b: the population's response is the mean of
sigmoid(eta + b), which for most noise is no longer a sigmoid. For the *bridge distribution* of Wang & Louis
(2003, Biometrika 90:765) it is one exactly, attenuated: E sigmoid(eta + b) = sigmoid(phi eta), with
phi = 1 / sqrt(1 + 3 s^2 / pi^2) for noise of standard deviation s. So an agent with known (beta, h) *and*
known shuffle noise can be built: give eta = 2 beta (m + h) / phi.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike

from spinodal.response import FloatArray


def bridge_attenuation(noise: float) -> float:
    """phi in (0, 1] for noise of standard deviation `noise` >= 0 in log-odds."""
    if not noise >= 0.0:
        raise ValueError(f"noise must be a standard deviation >= 0, got {noise!r}")
    return float(1.0 / np.sqrt(1.0 + 3.0 * noise**2 / np.pi**2))


def bridge_noise(uniform: ArrayLike, noise: float) -> FloatArray:
    """Noise of mean 0 and standard deviation `noise`, by inversion of `uniform` in (0, 1); its shape."""
    u = np.asarray(uniform, dtype=np.float64)
    phi = bridge_attenuation(noise)
    if noise == 0.0:
        return np.zeros_like(u)
    return np.asarray(
        np.log(np.sin(phi * np.pi * u) / np.sin(phi * np.pi * (1.0 - u))) / phi, dtype=np.float64
    )


def bridge_log_odds(m: ArrayLike, beta: float, h: float, noise: float, uniform: ArrayLike) -> FloatArray:
    """Log-odds of prompts at magnetizations `m` whose population response is sigmoid(2 beta (m + h)).

    `m` and `uniform` broadcast; `uniform` in (0, 1) is each prompt's own, for instance from its shuffle seed.
    """
    centre = 2.0 * beta * (np.asarray(m, dtype=np.float64) + h) / bridge_attenuation(noise)
    return np.asarray(centre + bridge_noise(uniform, noise), dtype=np.float64)
