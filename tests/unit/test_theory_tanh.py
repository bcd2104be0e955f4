"""Closed forms for the tanh response: published values and exact limits."""

from __future__ import annotations

import numpy as np
import pytest

from spinodal.theory import effective_parameters, is_bistable, spinodal_h, tanh_fixed_points, tipping_z


def test_spinodal_has_its_published_values() -> None:
    expected = [0.138364, 0.266420, 0.434425, 0.536786, 0.655457]
    assert spinodal_h([1.5, 2.0, 3.0, 4.0, 6.0]) == pytest.approx(expected, abs=5e-7)


def test_there_is_no_spinodal_below_beta_one() -> None:
    assert np.isnan(spinodal_h([-3.0, 0.0, 0.999])).all()
    assert float(spinodal_h(1.0)) == 0.0


def test_spinodal_approaches_one_for_steep_responses() -> None:
    assert float(spinodal_h(1e12)) == pytest.approx(1.0, abs=1e-10)
    assert float(spinodal_h(1e12)) < 1.0


def test_bistable_region_is_inside_the_spinodal() -> None:
    beta = np.array([0.5, 1.0, 2.0, 2.0, 2.0, 50.0])
    h = np.array([0.0, 0.0, 0.26, -0.26, 0.27, 1.0])
    assert is_bistable(beta, h).tolist() == [False, False, True, True, False, False]


def test_fixed_points_have_their_published_values() -> None:
    lower, middle, upper = tanh_fixed_points(2.943, 0.325)
    assert (float(lower), float(middle), float(upper)) == pytest.approx(
        (-0.95102, -0.52156, 0.99918), abs=5e-6
    )


def test_fixed_points_of_many_curves_solve_the_equation() -> None:
    beta, h = np.meshgrid(np.linspace(-4.0, 40.0, 23), np.linspace(-1.5, 1.5, 31))
    for m in tanh_fixed_points(beta, h):
        there = ~np.isnan(m)
        residual = np.tanh(beta * (m + h)) - m
        assert np.abs(residual[there]).max() < 1e-13


def test_unbiased_fixed_points_are_exactly_symmetric() -> None:
    lower, middle, upper = tanh_fixed_points(3.0, 0.0)
    assert float(lower) == -float(upper)
    assert float(middle) == 0.0
    assert float(tanh_fixed_points(1.0, 0.0).upper) == 0.0


@pytest.mark.parametrize(
    ("beta", "h", "toward_a", "toward_b"),
    [(3.0, 0.0, 0.321440, 0.321440), (2.943, 0.325, 0.059885, 0.758524), (4.0, -0.3, 0.855869, 0.146246)],
)
def test_tipping_thresholds_have_their_published_values(
    beta: float, h: float, toward_a: float, toward_b: float
) -> None:
    # the expected values are cut, not rounded, at six digits
    assert float(tipping_z(beta, h, "A")) == pytest.approx(toward_a, abs=1e-6)
    assert float(tipping_z(beta, h, "B")) == pytest.approx(toward_b, abs=1e-6)


def test_no_threshold_where_the_population_follows_continuously() -> None:
    assert np.isnan(tipping_z([0.5, 1.0, 2.0], [0.0, -0.1, -0.51], "A")).all()


def test_no_threshold_where_there_is_nothing_to_tip() -> None:
    assert np.isnan(tipping_z([3.0, 3.0], [0.44, 5.0], "A")).all()


def test_threshold_toward_a_vanishes_at_the_spinodal() -> None:
    beta = np.array([1.5, 3.0, 10.0])
    inside, outside = spinodal_h(beta) - 1e-9, spinodal_h(beta) + 1e-9
    assert tipping_z(beta, inside, "A") == pytest.approx(0.0, abs=1e-7)
    assert np.isnan(tipping_z(beta, outside, "A")).all()


def test_threshold_appears_at_beta_minus_one() -> None:
    # a = beta (1 - h) = 1: the fold is born at w = 0
    assert tipping_z([1.5, 2.0, 4.0], [1.0 / 3.0, 0.5, 0.75], "B") == pytest.approx([0.5, 1.0, 3.0])


def test_thresholds_stay_finite_for_very_steep_responses() -> None:
    # a step response at h = 0: the zealots must make the regulars see an even split, z = 1
    assert tipping_z([1e3, 1e6, 1e12], 0.0, "A") == pytest.approx([1.0, 1.0, 1.0], abs=0.02)
    assert float(tipping_z(1e12, 0.0, "B")) == pytest.approx(1.0, abs=1e-9)


def test_zealots_act_as_a_weaker_conformity_and_a_shifted_bias() -> None:
    beta, h = effective_parameters(3.0, 0.1, zealots_a=0.4, zealots_b=0.1)
    assert (float(beta), float(h)) == pytest.approx((3.0 / 1.5, 1.5 * 0.1 + 0.3))
