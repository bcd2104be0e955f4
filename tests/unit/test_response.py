"""Response functions: their formulas, their logs where 1 - P loses its digits, and what they refuse."""

from __future__ import annotations

import math
import subprocess
import sys

import numpy as np
import pytest
from scipy.stats import binom, hypergeom

from spinodal._errors import RequestError
from spinodal.response import (
    ByPeersResponse,
    EmpiricalResponse,
    LapseResponse,
    LimitedVisibilityResponse,
    MixtureResponse,
    ResponseFunction,
    SampledPeersResponse,
    TanhResponse,
    among,
    knots_of,
    log_probabilities,
    probabilities,
)
from spinodal.theory import Chain

GRID = np.linspace(-1.0, 1.0, 41)
TANH = TanhResponse(beta=2.9, h=0.3)
RESPONSES: list[ResponseFunction] = [
    TANH,
    TanhResponse(beta=-1.5, h=0.2),
    LapseResponse(beta=3.0, h=-0.1, floor=0.05, ceiling=0.9),
    EmpiricalResponse(np.array([-0.9, 0.0, 0.8]), np.array([0.1, 0.4, 0.95])),
    MixtureResponse([TANH, TanhResponse(1.0, -0.5)], [1.0, 3.0]),
    LimitedVisibilityResponse(TANH, shown=5, peers=20),
    SampledPeersResponse(TANH, shown=5),
]


def test_tanh_response_is_the_formula_of_the_convention() -> None:
    assert TANH(GRID) == pytest.approx(0.5 * (1.0 + np.tanh(2.9 * (GRID + 0.3))), abs=1e-15)
    assert TANH(-0.3) == pytest.approx(0.5)


def test_tanh_response_from_log_odds_keeps_both_numbers() -> None:
    response = TanhResponse.from_log_odds(b0=1.7, beta=2.9)
    assert (response.b0, response.beta) == pytest.approx((1.7, 2.9))


def test_flat_log_odds_give_a_flat_response() -> None:
    response = TanhResponse.from_log_odds(b0=1.7, beta=0.0)
    assert response(GRID) == pytest.approx(1.0 / (1.0 + math.exp(-1.7)), abs=1e-8)


def test_lapse_response_runs_from_floor_to_ceiling() -> None:
    response = LapseResponse(beta=200.0, h=0.1, floor=0.05, ceiling=0.9)
    assert response([-1.0, -0.1, 1.0]) == pytest.approx([0.05, 0.475, 0.9])


def test_empirical_response_is_linear_between_knots_and_constant_beyond() -> None:
    response = EmpiricalResponse(np.array([-0.5, 0.5]), np.array([0.2, 0.8]))
    assert response([-1.0, -0.5, 0.0, 0.25, 0.5, 1.0]) == pytest.approx([0.2, 0.2, 0.5, 0.65, 0.8, 0.8])


def test_empirical_response_may_fall() -> None:
    response = EmpiricalResponse(np.array([-0.5, 0.5]), np.array([0.8, 0.2]))
    assert response(0.0) == pytest.approx(0.5)


def test_empirical_response_keeps_its_knots_from_being_changed() -> None:
    knots = np.array([-0.5, 0.5])
    response = EmpiricalResponse(knots, np.array([0.2, 0.8]))
    knots[0] = -0.9
    assert response.m[0] == -0.5
    with pytest.raises(ValueError, match="read-only"):
        response.m[0] = 0.0


def test_mixture_is_the_weighted_mean_whatever_the_scale_of_the_weights() -> None:
    other = TanhResponse(1.0, -0.5)
    expected = 0.25 * TANH(GRID) + 0.75 * other(GRID)
    assert MixtureResponse([TANH, other], [7, 21])(GRID) == pytest.approx(expected)


def test_mixture_has_the_knots_of_its_parts() -> None:
    parts = [EmpiricalResponse(np.array(m), np.array([0.1, 0.9])) for m in ([-0.5, 0.5], [-0.5, 0.7])]
    assert knots_of(MixtureResponse(parts, [1, 1])).tolist() == [-0.5, 0.5, 0.7]


def test_limited_visibility_is_the_hypergeometric_average() -> None:
    shown, peers = 5, 20
    seen = np.arange(shown + 1)
    for holders in range(peers + 1):
        weights = hypergeom.pmf(seen, peers, holders, shown)
        expected = float(weights @ TANH(2.0 * seen / shown - 1.0))
        response = LimitedVisibilityResponse(TANH, shown, peers)
        assert float(response(2.0 * holders / peers - 1.0)) == pytest.approx(expected, abs=1e-13)


def test_a_sample_of_infinitely_many_peers_is_the_binomial_average() -> None:
    seen = np.arange(4)
    for m in GRID:
        expected = float(binom.pmf(seen, 3, (1.0 + m) / 2.0) @ TANH(2.0 * seen / 3.0 - 1.0))
        assert float(SampledPeersResponse(TANH, 3)(m)) == pytest.approx(expected, abs=1e-14)


def test_a_sample_among_so_many_peers_is_limited_visibility() -> None:
    sampled = SampledPeersResponse(TANH, 3)
    assert among(sampled, 20) == LimitedVisibilityResponse(TANH, 3, 20)
    assert among(sampled, 3) is TANH
    assert among(TANH, 20) is TANH
    mixed = MixtureResponse([sampled, TANH], [1.0, 3.0])
    assert among(mixed, 20) == MixtureResponse([among(sampled, 20), TANH], [1.0, 3.0])
    many = among(sampled, 1_000_000)
    assert many(GRID) == pytest.approx(sampled(GRID), abs=1e-5)


def test_seeing_everybody_is_no_limit() -> None:
    response = LimitedVisibilityResponse(TANH, shown=20, peers=20)
    m = np.linspace(-1.0, 1.0, 21)
    assert response(m) == pytest.approx(TANH(m), abs=1e-12)


@pytest.mark.parametrize("response", RESPONSES, ids=lambda r: type(r).__name__)
def test_response_keeps_shape_and_range_and_agrees_with_its_logs(response: ResponseFunction) -> None:
    assert isinstance(response, ResponseFunction)
    for shape in ((), (41,), (1, 41)):
        m = np.broadcast_to(0.3 if shape == () else GRID, shape)
        p = response(m)
        log_a, log_b = log_probabilities(response, m)
        assert np.shape(p) == np.shape(log_a) == np.shape(log_b) == shape
        assert np.all((p >= 0.0) & (p <= 1.0))
        assert np.exp(log_a) == pytest.approx(p, abs=1e-12)
        assert np.exp(log_b) == pytest.approx(1.0 - np.asarray(p), abs=1e-12)


def test_logs_hold_where_one_minus_p_is_rounded_to_zero() -> None:
    steep = TanhResponse(beta=500.0, h=0.0)
    for response, offset in (
        (steep, 0.0),
        (LapseResponse(500.0, 0.0, 0.0, 1.0), 0.0),
        (MixtureResponse([steep, steep], [1, 1]), 0.0),
        (LimitedVisibilityResponse(steep, 4, 4), 0.0),
    ):
        assert float(steep(1.0)) == 1.0
        assert float(log_probabilities(response, 1.0)[1]) == pytest.approx(-1000.0 + offset)


def test_a_plain_function_is_a_response_and_zero_has_log_minus_infinity() -> None:
    log_a, log_b = log_probabilities(lambda m: np.where(np.asarray(m) > 0, 1.0, 0.0), [-0.5, 0.5])
    assert log_a.tolist() == [-np.inf, 0.0]
    assert log_b.tolist() == [0.0, -np.inf]


@pytest.mark.parametrize("value", [1.2, -0.1, math.nan])
def test_what_is_not_a_probability_is_refused_with_its_place(value: float) -> None:
    with pytest.raises(RequestError, match=r"the response returns .* at m = 0\.5"):
        probabilities(lambda m: np.where(np.asarray(m) > 0, value, 0.5), [-0.5, 0.5])


@pytest.mark.parametrize(
    ("build", "said"),
    [
        (lambda: TanhResponse(math.nan, 0.0), "beta is nan"),
        (lambda: TanhResponse(1.0, math.inf), "h is inf"),
        (lambda: TanhResponse(1e200, 1e200), "exceeds the range"),
        (lambda: LapseResponse(1.0, 0.0, 0.6, 0.4), "floor 0.6 and ceiling 0.4"),
        (lambda: LapseResponse(1.0, 0.0, math.nan, 0.4), "floor nan"),
        (lambda: EmpiricalResponse(np.array([0.5, -0.5]), np.array([0.1, 0.2])), "must ascend"),
        (lambda: EmpiricalResponse(np.array([-1.5, 0.5]), np.array([0.1, 0.2])), "must ascend"),
        (lambda: EmpiricalResponse(np.array([-0.5, 0.5]), np.array([0.1, 1.2])), r"must lie in \[0, 1\]"),
        (lambda: EmpiricalResponse(np.array([-0.5, 0.0, 0.5]), np.array([0.1, 0.9, 0.5])), "monotone"),
        (lambda: EmpiricalResponse(np.array([0.0]), np.array([0.5])), "two or more"),
        (lambda: MixtureResponse([TANH], [1.0, 2.0]), "one weight a response"),
        (lambda: MixtureResponse([], []), "one weight a response"),
        (lambda: MixtureResponse([TANH, TANH], [1.0, -1.0]), "not negative"),
        (lambda: MixtureResponse([TANH], [0.0]), "not all zero"),
        (lambda: LimitedVisibilityResponse(TANH, 0, 20), "cannot show 0 of 20"),
        (lambda: LimitedVisibilityResponse(TANH, 21, 20), "cannot show 21 of 20"),
        (lambda: SampledPeersResponse(TANH, 0), "agents shown 0 peers"),
        (lambda: SampledPeersResponse(TANH, 2.5), "agents shown 2.5 peers"),
    ],
)
def test_malformed_responses_are_refused_in_one_line(build, said: str) -> None:
    with pytest.raises(RequestError, match=said) as refusal:
        build()
    assert "\n" not in str(refusal.value)


def test_importing_the_module_loads_no_scipy() -> None:
    code = "import sys, spinodal.response; sys.exit('scipy' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


def test_a_response_by_peers_is_the_one_measured_at_the_nearest_number() -> None:
    few, many = TanhResponse(1.0, 0.2), TanhResponse(3.0, -0.1)
    response = ByPeersResponse({9: few, 19: many})
    assert among(response, 9) is few
    assert among(response, 13) is few  # 13/9 is less than 19/13
    assert among(response, 14) is many
    assert among(MixtureResponse([response, few], [1, 1]), 40).responses[0] is many
    m = np.linspace(-1.0, 1.0, 7)
    np.testing.assert_array_equal(response(m), few(m))
    with pytest.raises(RequestError, match="by peers"):
        ByPeersResponse({})


def test_a_chain_with_zealots_takes_the_response_to_so_many_peers() -> None:
    few, many = TanhResponse(1.0, 0.2), TanhResponse(3.0, -0.1)
    response = ByPeersResponse({9: few, 13: many})
    for zealots, one in ((0, few), (4, many)):
        found, expected = (Chain(each, 10, 0, zealots).log_rates for each in (response, one))
        np.testing.assert_array_equal(found, expected)
