"""Exact well-mixed chains by the sweep: what one sweep does to a law, and to populations one by one."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from spinodal.response import FloatArray, ResponseFunction
from spinodal.simulate.engines._consensus import consensus_counts
from spinodal.theory import Chain, Stage


class Sweeps:
    """One sweep (N updates) of N agents for each of D responses, in a stage: D matrices over k = 0..N.

    With `stop_at_consensus` a population in which all agree, zealots included, stays as it is.
    """

    def __init__(
        self, responses: Sequence[ResponseFunction], agents: int, stage: Stage, stop_at_consensus: bool
    ) -> None:
        self._matrices = _swept(
            np.array([_one_update(response, agents, stage, stop_at_consensus) for response in responses]),
            agents,
        )

    def laws(self, laws: FloatArray) -> FloatArray:
        """Laws after the sweep, of shape (D, starts, N + 1) as those before it."""
        return np.asarray(laws @ self._matrices)

    def move(
        self, counts: NDArray[np.int64], responses: NDArray[np.int64], uniforms: FloatArray
    ) -> NDArray[np.int64]:
        """Populations after the sweep, drawn by inversion of their laws.

        `counts` of agents for A, the number of each one's response (of the D) and `uniforms` in [0, 1) have
        the same shape.
        """
        states = self._matrices.shape[-1]
        row = responses * states + counts
        place = np.searchsorted(self._ladder, row + uniforms, side="right") - row * states
        return np.asarray(np.minimum(place, states - 1))  # a uniform next to 1 may round up to it

    @cached_property
    def step(self) -> tuple[FloatArray, FloatArray]:
        """Mean and variance of the agents for A after the sweep, from each k, over all responses."""
        mixed = self._matrices.mean(axis=0)
        states = np.arange(mixed.shape[0])
        mean = mixed @ states
        return mean, ((states - mean[:, None]) ** 2 * mixed).sum(axis=1)

    @cached_property
    def _ladder(self) -> FloatArray:
        """All rows' sums end to end, each row raised above the one before: one search places any draw."""
        rows = np.cumsum(self._matrices, axis=2)
        rows[:, :, -1] = 1.0
        heights = np.arange(rows.shape[0] * rows.shape[1], dtype=np.float64)
        return np.asarray((np.minimum(rows, 1.0).reshape(heights.size, -1) + heights[:, None]).ravel())


def _one_update(response: ResponseFunction, agents: int, stage: Stage, stop_at_consensus: bool) -> FloatArray:
    """The matrix of one update, shape (N + 1, N + 1), rows summing to 1."""
    chain = Chain(response, agents, stage.zealots_a, stage.zealots_b)
    up, down = (np.exp(rate) for rate in chain.log_rates)
    all_b, all_a = consensus_counts(stop_at_consensus, agents, stage.zealots_a, stage.zealots_b)
    if all_b >= 0:
        up[all_b] = 0.0
    if all_a >= 0:
        down[all_a] = 0.0
    return np.asarray(np.diag(1.0 - up - down) + np.diag(up[:-1], 1) + np.diag(down[1:], -1))


def _swept(power: FloatArray, updates: int) -> FloatArray:
    """So many updates at once, by powers of two; no entry is negative, so nothing cancels."""
    swept = np.broadcast_to(np.eye(power.shape[-1]), power.shape)
    while updates:
        if updates & 1:
            swept = swept @ power
        updates >>= 1
        if updates:
            power = power @ power
            power /= power.sum(axis=-1, keepdims=True)  # or rounding would double with each square
    return swept
