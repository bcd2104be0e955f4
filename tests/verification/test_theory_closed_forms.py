"""Closed forms of the tanh response against brute force that shares no code with them.

The brute force knows only the mean field m = tanh(beta ((m + s z)/(1 + z) + h)).
"""

from __future__ import annotations

import numpy as np
import pytest

from spinodal.response import TanhResponse
from spinodal.theory import (
    fixed_points,
    is_bistable,
    spinodal_h,
    tanh_fixed_points,
    tipping_threshold,
    tipping_z,
)

BETA, H = (
    axis.ravel()
    for axis in np.meshgrid(np.linspace(-2.0, 8.0, 41), np.linspace(-1.2, 1.2, 49), indexing="ij")
)


def roots_by_scan(beta: float, h: float, z: float = 0.0, s: float = 1.0, steps: int = 400_001) -> np.ndarray:
    """Places in [-1, 1] where m - tanh(...) changes sign, to the width of a step."""
    m = np.linspace(-1.0, 1.0, steps) + 1e-7  # off the symmetric points, so that no value is exactly zero
    gap = np.tanh(beta * ((m + s * z) / (1.0 + z) + h)) - m
    gap[0], gap[-1] = 1.0, -1.0  # the flow points inwards at the ends
    return m[np.flatnonzero(np.sign(gap[1:]) != np.sign(gap[:-1]))]


def test_fixed_points_are_those_of_a_scan_over_the_plane() -> None:
    spinodal = np.nan_to_num(spinodal_h(BETA), nan=-1.0)
    clear = np.abs(np.abs(H) - spinodal) > 2e-3  # nearer the spinodal two roots may fall within one step
    assert clear.mean() > 0.95
    lower, middle, upper = tanh_fixed_points(BETA, H)
    for i in np.flatnonzero(clear):
        expected = roots_by_scan(BETA[i], H[i], steps=40_001)
        found = sorted(m for m in (lower[i], middle[i], upper[i]) if m == m)
        assert len(found) == expected.size, (BETA[i], H[i])
        assert found == pytest.approx(expected, abs=6e-5), (BETA[i], H[i])
        assert bool(is_bistable(BETA[i], H[i])) == (expected.size == 3)


def test_spinodal_is_where_a_scan_loses_two_roots() -> None:
    for beta in np.linspace(1.1, 12.0, 12):
        low, high = 0.0, 1.0
        for _ in range(20):
            h = 0.5 * (low + high)
            low, high = (h, high) if roots_by_scan(beta, h).size == 3 else (low, h)
        # a scan of step 5e-6 sees two roots 5e-6 apart, which is (5e-6)^2 from the spinodal in h
        assert float(spinodal_h(beta)) == pytest.approx(low, abs=2e-6), beta


@pytest.mark.parametrize("toward", ["A", "B"])
def test_tipping_is_where_a_scan_loses_the_other_state(toward: str) -> None:
    """On a grid of the plane, by bisection in z on whether any majority state of the other side is left."""
    s = 1.0 if toward == "A" else -1.0

    def other_state_left(beta: float, h: float, z: float) -> bool:
        return roots_by_scan(beta, h, z, s, steps=20_001).size == 3

    checked = 0
    for beta in np.linspace(1.2, 7.0, 8):
        for h in np.linspace(-0.8, 0.8, 9):
            z = float(tipping_z(beta, h, toward))
            if np.isnan(z):
                # never three roots for any z > 0: either none begins, or the response is continuous
                assert not any(other_state_left(beta, h, zz) for zz in np.linspace(1e-3, 3.0, 60)), (beta, h)
                continue
            checked += 1
            assert other_state_left(beta, h, z * (1.0 - 2e-4) - 2e-6) or z < 1e-3, (beta, h)
            assert not other_state_left(beta, h, z * (1.0 + 2e-4) + 2e-6), (beta, h)
    assert checked > 30


def test_numerical_search_for_any_response_agrees_with_the_formulas_over_the_plane() -> None:
    generator = np.random.default_rng(20)
    for _ in range(60):
        response = TanhResponse(float(generator.uniform(-1.0, 9.0)), float(generator.uniform(-1.0, 1.0)))

        def plain(m, response=response):
            return response(m)

        closed, searched = fixed_points(response), fixed_points(plain)
        assert [point.stable for point in closed] == [point.stable for point in searched], response
        assert [point.m for point in closed] == pytest.approx([point.m for point in searched], abs=1e-9)
        for toward in ("A", "B"):
            one = tipping_threshold(response, toward).zealots_per_agent
            other = tipping_threshold(plain, toward).zealots_per_agent
            assert (one is None) == (other is None), (response, toward)
            if one is not None:
                assert other == pytest.approx(one, abs=1e-8), (response, toward)
