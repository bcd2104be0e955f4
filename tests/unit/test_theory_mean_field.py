"""Fixed points of any response: crossings, tangencies, ends and flat stretches."""

from __future__ import annotations

import math

import numpy as np
import pytest

from spinodal._errors import RequestError
from spinodal.response import EmpiricalResponse, LapseResponse, MixtureResponse, TanhResponse
from spinodal.theory import drift, fixed_points, phase, spinodal_h, states_of


def as_function(response):
    """The same response without its closed form."""
    return lambda m: response(m)


def places(points):
    return [(round(point.m, 5), point.stable) for point in points]


def test_fixed_points_and_stability_of_the_published_example() -> None:
    expected = [(-0.95102, True), (-0.52156, False), (0.99918, True)]
    response = TanhResponse(2.943, 0.325)
    assert places(fixed_points(response)) == expected
    assert places(fixed_points(as_function(response))) == expected


@pytest.mark.parametrize("zealots", [(0.0, 0.0), (0.05, 0.0), (0.0, 0.3), (0.1, 0.2)])
@pytest.mark.parametrize("beta_h", [(2.943, 0.325), (0.7, -0.2), (-2.0, 0.4), (30.0, 0.5), (4.0, -0.3)])
def test_root_search_agrees_with_the_closed_form(
    beta_h: tuple[float, float], zealots: tuple[float, float]
) -> None:
    response = TanhResponse(*beta_h)
    closed = fixed_points(response, zealots_a=zealots[0], zealots_b=zealots[1])
    searched = fixed_points(as_function(response), zealots_a=zealots[0], zealots_b=zealots[1])
    assert [point.stable for point in closed] == [point.stable for point in searched]
    assert [point.m for point in closed] == pytest.approx([point.m for point in searched], abs=1e-10)


def test_stability_is_the_linear_criterion() -> None:
    beta, z = 3.0, 0.1
    for point in fixed_points(TanhResponse(beta, 0.05), zealots_a=z):
        assert point.stable == (beta * (1.0 - point.m**2) / (1.0 + z) < 1.0)


@pytest.mark.parametrize("sign", [1.0, -1.0])
def test_on_the_spinodal_the_lost_state_is_a_tangency_not_stable(sign: float) -> None:
    response = TanhResponse(2.0, sign * float(spinodal_h(2.0)))
    for same in (response, as_function(response)):
        points = fixed_points(same)
        tangency = next(point for point in points if point.m * sign < 0.0)
        assert len(points) == 2
        assert tangency.m == pytest.approx(-sign * math.sqrt(0.5), abs=1e-7)
        assert not tangency.stable
        assert phase(same) == "monostable"


@pytest.mark.parametrize("distance", [1e-3, 1e-6, 1e-9])
def test_two_roots_closer_than_any_grid_are_both_found(distance: float) -> None:
    response = as_function(TanhResponse(2.0, float(spinodal_h(2.0)) - distance))
    assert [point.stable for point in fixed_points(response)] == [True, False, True]


def test_consensus_at_the_ends_is_found_and_stable() -> None:
    response = EmpiricalResponse(np.array([-1.0, -0.5, 0.5, 1.0]), np.array([0.0, 0.0, 1.0, 1.0]))
    assert places(fixed_points(response)) == [(-1.0, True), (0.0, False), (1.0, True)]


def test_consensus_at_the_ends_may_be_unstable() -> None:
    knots = np.array([-1.0, -0.5, 0.5, 1.0])
    response = EmpiricalResponse(knots, np.array([0.0, 0.4, 0.6, 1.0]))
    assert places(fixed_points(response)) == [(-1.0, False), (0.0, True), (1.0, False)]


def test_a_kink_that_touches_the_diagonal_is_a_tangency() -> None:
    # P(-0.5) = 0.25 touches m = 2P - 1 from above; on both sides the drift is upwards
    response = EmpiricalResponse(np.array([-1.0, -0.5, 0.0, 1.0]), np.array([0.2, 0.25, 0.75, 0.9]))
    assert places(fixed_points(response)) == [(-0.5, False), (0.71429, True)]


def test_piecewise_linear_roots_are_exact() -> None:
    response = EmpiricalResponse(np.array([-0.9, -0.1, 0.1, 0.9]), np.array([0.05, 0.1, 0.8, 0.9]))
    points = fixed_points(response)
    assert [point.m for point in points] == pytest.approx([-0.9, 1.0 / 60.0, 23.0 / 30.0], abs=1e-14)
    assert [point.stable for point in points] == [True, False, True]
    assert drift(response, [point.m for point in points]) == pytest.approx(0.0, abs=1e-14)


def test_a_voter_is_neutral_everywhere() -> None:
    voter = EmpiricalResponse(np.array([-1.0, 1.0]), np.array([0.0, 1.0]))
    assert places(fixed_points(voter)) == [(-1.0, False), (1.0, False)]
    assert phase(voter) == "monostable"


def test_contrarians_have_one_stable_state() -> None:
    points = fixed_points(TanhResponse(-5.0, 0.2))
    assert [point.stable for point in points] == [True]


def test_a_mixture_can_have_three_stable_states() -> None:
    kinds = [TanhResponse(20.0, 0.5), TanhResponse(20.0, -0.5)]
    stable = [point.m for point in fixed_points(MixtureResponse(kinds, [1, 1])) if point.stable]
    assert stable == pytest.approx([-1.0, 0.0, 1.0], abs=1e-6)
    assert phase(MixtureResponse(kinds, [1, 1])) == "bistable"


def test_a_lapse_can_take_the_second_state_away() -> None:
    assert phase(LapseResponse(3.0, 0.0, 0.0, 1.0)) == "bistable"
    assert phase(LapseResponse(3.0, 0.0, 0.4, 0.6)) == "monostable"


def test_states_are_named_by_who_has_the_majority() -> None:
    both = states_of(fixed_points(TanhResponse(3.0, 0.0)))
    assert pytest.approx((0.99490, -0.99490), abs=1e-5) == (both.A, both.B)
    only_a = states_of(fixed_points(TanhResponse(3.0, 0.6)))
    assert only_a.A is not None
    assert only_a.B is None
    even = states_of(fixed_points(TanhResponse(0.5, 0.0)))
    assert even == (None, None)


@pytest.mark.parametrize("zealots", [-0.1, math.nan, math.inf])
def test_impossible_zealots_are_refused(zealots: float) -> None:
    with pytest.raises(RequestError, match="zealots"):
        fixed_points(TanhResponse(3.0, 0.0), zealots_b=zealots)


def test_a_response_out_of_range_is_refused() -> None:
    with pytest.raises(RequestError, match="a probability lies in"):
        fixed_points(lambda m: 1.0 + np.asarray(m))
