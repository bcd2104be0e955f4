"""Synthetic curves for the benchmarks: an agent of known (beta, h), asked as a design says."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import numpy as np
from scipy.special import expit

from spinodal.agents.bridge import bridge_log_odds
from spinodal.fitting._line import nearest_tanh
from spinodal.measure.designs import CurveData, Design, Readout, magnetization
from spinodal.response import FloatArray

Answer = Callable[[FloatArray], FloatArray]


def sampled_answer(beta: float, h: float, generator: np.random.Generator) -> Answer:
    """1 where a prompt's one sampled reply is A, else 0."""

    def answer(m: FloatArray) -> FloatArray:
        return (generator.random(m.size) < expit(2.0 * beta * (m + h))).astype(np.float64)

    return answer


def log_odds_answer(beta: float, h: float, noise: float, generator: np.random.Generator) -> Answer:
    """Log-odds with shuffle noise of standard deviation `noise`, the population's response an exact tanh."""

    def answer(m: FloatArray) -> FloatArray:
        return bridge_log_odds(m, beta, h, noise, generator.random(m.size))

    return answer


def gaussian_agent(
    beta: float, h: float, noise: float, generator: np.random.Generator
) -> tuple[Answer, float, float]:
    """Log-odds 2 beta (m + h) with Gaussian noise, and the (beta, h) of the tanh nearest to its response."""
    reference = np.linspace(-1.0, 1.0, 41)
    nodes, weight = np.polynomial.hermite_e.hermegauss(61)
    eta = 2.0 * beta * (reference[:, None] + h) + noise * nodes
    share = weight / weight.sum()
    b0, b1 = nearest_tanh(reference, (expit(eta) @ share)[None, :], (expit(-eta) @ share)[None, :])[0]

    def answer(m: FloatArray) -> FloatArray:
        return 2.0 * beta * (m + h) + noise * generator.standard_normal(m.size)

    return answer, float(b1 / 2.0), float(b0 / b1)


def follow(design: Design, readout: Readout, answer: Answer, n_peers: int) -> Iterator[CurveData]:
    """The data after each batch that `design` asks for, to its end."""
    n_a = np.zeros(0, dtype=np.intp)
    values = np.zeros(0)
    while True:
        curve = (
            CurveData(n_peers, readout, n_a, count_a=values, count_b=1.0 - values)
            if readout == "sample"
            else CurveData(n_peers, readout, n_a, log_odds=values)
        )
        if n_a.size:
            yield curve
        batch = design.propose(curve)
        if not batch:
            return
        n_a = np.concatenate([n_a, np.asarray(batch, dtype=np.intp)])
        values = np.concatenate([values, answer(magnetization(np.asarray(batch), n_peers))])


def agent(beta: float, h: float, readout: Readout, noise: float, generator: np.random.Generator) -> Answer:
    """The answers of one synthetic agent for either readout."""
    if readout == "sample":
        return sampled_answer(beta, h, generator)
    return log_odds_answer(beta, h, noise, generator)
