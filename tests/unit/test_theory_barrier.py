"""The potential and its barriers."""

from __future__ import annotations

import math

import numpy as np
import pytest

from spinodal.response import EmpiricalResponse, TanhResponse
from spinodal.theory import barriers, drift, fixed_points, potential

GRID = np.linspace(-1.0, 1.0, 21)
RESPONSE = TanhResponse(2.943, 0.325)


def test_potential_is_the_formula_and_vanishes_at_zero() -> None:
    m = np.linspace(-0.9, 0.9, 7)
    expected = m * np.arctanh(m) + 0.5 * np.log(1 - m**2) - 2.943 * m**2 / 2 - 2.943 * 0.325 * m
    assert potential(RESPONSE, m) == pytest.approx(expected, abs=1e-14)
    assert float(potential(RESPONSE, 0.0)) == 0.0


@pytest.mark.parametrize("zealots", [(0.0, 0.0), (0.2, 0.0), (0.1, 0.3)])
def test_integration_agrees_with_the_closed_form(zealots: tuple[float, float]) -> None:
    z = {"zealots_a": zealots[0], "zealots_b": zealots[1]}
    assert potential(lambda m: RESPONSE(m), GRID, **z) == pytest.approx(
        potential(RESPONSE, GRID, **z), abs=1e-10
    )


def test_potential_is_flat_at_fixed_points() -> None:
    for point in fixed_points(RESPONSE, zealots_b=0.1):
        slope = np.diff(potential(RESPONSE, point.m + np.array([-1e-6, 1e-6]), zealots_b=0.1)) / 2e-6
        assert slope == pytest.approx(0.0, abs=1e-5)
        assert float(drift(RESPONSE, point.m, zealots_b=0.1)) == pytest.approx(0.0, abs=1e-12)


def test_barriers_are_the_differences_to_the_watershed() -> None:
    b, u, a = (point.m for point in fixed_points(RESPONSE))
    of_b, of_u, of_a = potential(RESPONSE, [b, u, a])
    found = barriers(RESPONSE)
    assert (found.from_A, found.from_B) == pytest.approx((of_u - of_a, of_u - of_b))


def test_no_barriers_without_two_states() -> None:
    assert barriers(TanhResponse(0.8, 0.0)).to_dict() == {"from_A": None, "from_B": None}


def test_a_consensus_that_cannot_be_left_has_an_infinite_barrier() -> None:
    step = EmpiricalResponse(np.array([-1.0, -0.5, 0.5, 1.0]), np.array([0.0, 0.0, 1.0, 1.0]))
    assert barriers(step).from_A == math.inf
