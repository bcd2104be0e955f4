"""Thousands of curves at once, against a slow and independent reading of each."""

from __future__ import annotations

import numpy as np
import pytest

from spinodal.response import (
    EmpiricalResponse,
    LapseResponse,
    MixtureResponse,
    ResponseFunction,
    TanhResponse,
)
from spinodal.theory import fixed_points, outlook, outlooks, states_of

_FINE = np.linspace(-1.0, 1.0, 40_001)
_SPACING = _FINE[1] - _FINE[0]


def _random_curve(generator: np.random.Generator) -> ResponseFunction:
    beta, h = generator.uniform(-3.0, 6.0), generator.uniform(-0.9, 0.9)
    kind = generator.integers(4)
    if kind == 0:
        return LapseResponse(beta, h, *np.sort(generator.uniform(0.0, 1.0, 2)))
    if kind == 1:
        others = [TanhResponse(generator.uniform(-3.0, 9.0), generator.uniform(-0.9, 0.9)) for _ in range(2)]
        return MixtureResponse([TanhResponse(beta, h), *others], generator.uniform(0.1, 1.0, 3))
    m = np.sort(generator.choice(np.arange(-48, 50, 2) / 50.0, generator.integers(2, 12), replace=False))
    few = int(generator.choice([4, 20, 100]))  # of four replies: flat pieces and saturated ends
    p = np.sort(generator.binomial(few, TanhResponse(abs(beta), h)(m)) / few)
    return EmpiricalResponse(m, p if beta > 0.0 else p[::-1])


@pytest.fixture(scope="module")
def curves() -> list[ResponseFunction]:
    generator = np.random.default_rng(11)
    return [_random_curve(generator) for _ in range(300)]


def test_a_batch_says_what_each_curve_says_alone(curves: list[ResponseFunction]) -> None:
    some = [*curves[:20], TanhResponse(2.943, 0.325), TanhResponse(-3.0, 0.1)]
    assert outlooks(some, agents=30) == [outlook(curve, agents=30) for curve in some]


def test_every_sign_change_of_a_fine_scan_is_a_fixed_point(curves: list[ResponseFunction]) -> None:
    for curve, found in zip(curves, outlooks(curves), strict=True):
        drift = 2.0 * curve(_FINE) - 1.0 - _FINE
        told = np.abs(drift) > 1e-12  # a root on the scan itself has the sign of its rounding
        crossing = np.flatnonzero((drift[:-1] * drift[1:] < 0.0) & told[:-1] & told[1:])
        roots = np.array([point.m for point in found.fixed_points])
        for i in crossing:
            nearest = int(np.argmin(np.abs(roots - _FINE[i])))
            assert abs(roots[nearest] - _FINE[i]) <= _SPACING, (curve, _FINE[i])
            assert found.fixed_points[nearest].stable == (drift[i] > 0.0)
        # and there is drift towards every stable one, or nothing but rounding at it
        assert np.abs(2.0 * curve(roots) - 1.0 - roots).max(initial=0.0) < 1e-11


def test_the_other_state_is_there_below_the_threshold_and_gone_above(curves: list[ResponseFunction]) -> None:
    with_threshold = 0
    for curve, found in zip(curves, outlooks(curves), strict=True):
        threshold = found.tipping["A"].zealots_per_agent
        if threshold is None or threshold > 50.0:
            continue
        with_threshold += 1
        below, above = (
            states_of(fixed_points(curve, zealots_a=threshold * (1.0 + step))) for step in (-1e-6, 1e-6)
        )
        jump = (above.A or 0.0) - (below.B if below.B is not None else below.A or 0.0)
        assert above.B is None or jump > 1e-4, (curve, threshold)
        assert below.B is not None, (curve, threshold)
    assert with_threshold > 80


def test_progress_ends_at_one() -> None:
    told: list[float] = []
    outlooks([TanhResponse(2.0, 0.1)] * 3, progress=told.append)
    assert told == pytest.approx([1 / 3, 2 / 3, 1.0])
