"""Tipping thresholds: what they mean, for any response."""

from __future__ import annotations

import math

import numpy as np
import pytest

from spinodal._errors import RequestError
from spinodal.response import (
    EmpiricalResponse,
    LapseResponse,
    MixtureResponse,
    ResponseFunction,
    TanhResponse,
)
from spinodal.theory import Side, fixed_points, states_of, tipping_threshold


@pytest.mark.parametrize(
    ("response", "toward", "z"),
    [
        (TanhResponse(3.0, 0.0), "A", 0.321440),
        (TanhResponse(2.943, 0.325), "A", 0.059885),
        (TanhResponse(2.943, 0.325), "B", 0.758524),
        (TanhResponse(4.0, -0.3), "A", 0.855869),
        (TanhResponse(4.0, -0.3), "B", 0.146246),
    ],
)
def test_published_thresholds_by_formula_and_by_search(
    response: TanhResponse, toward: Side, z: float
) -> None:
    closed = tipping_threshold(response, toward)
    searched = tipping_threshold(lambda m: response(m), toward)
    assert closed.zealots_per_agent == pytest.approx(z, abs=1e-6)  # the values are cut at six digits
    assert searched.zealots_per_agent == pytest.approx(closed.zealots_per_agent, abs=1e-9)
    assert closed.fraction == pytest.approx(z / (1.0 + z), abs=1e-6)
    assert closed.irreversible
    assert searched.irreversible


def test_tipping_one_state_alone_is_reversible() -> None:
    threshold = tipping_threshold(TanhResponse(3.0, 0.6), "B")
    assert threshold.zealots_per_agent is not None
    assert not threshold.irreversible


@pytest.mark.parametrize(
    "response", [TanhResponse(0.5, 0.2), TanhResponse(-3.0, 0.1), TanhResponse(1.0, 0.0)]
)
def test_no_threshold_where_the_population_follows(response: TanhResponse) -> None:
    for toward in ("A", "B"):
        for same in (response, lambda m: response(m)):
            threshold = tipping_threshold(same, toward)
            assert threshold.to_dict() == {
                "zealots_per_agent": None,
                "fraction": None,
                "irreversible": False,
            }
            assert threshold.zealots_among(50) is None


def test_no_threshold_where_there_is_nothing_to_tip() -> None:
    response = TanhResponse(3.0, 0.6)
    assert tipping_threshold(response, "A").zealots_per_agent is None
    assert tipping_threshold(lambda m: response(m), "A").zealots_per_agent is None


RESPONSES: list[ResponseFunction] = [
    LapseResponse(4.0, 0.1, 0.05, 0.9),
    MixtureResponse([TanhResponse(5.0, 0.3), TanhResponse(1.5, -0.6)], [2, 1]),
    EmpiricalResponse(np.array([-0.9, -0.4, 0.0, 0.5, 0.9]), np.array([0.02, 0.1, 0.6, 0.93, 0.97])),
]


@pytest.mark.parametrize("toward", ["A", "B"])
@pytest.mark.parametrize("response", RESPONSES, ids=lambda r: type(r).__name__)
@pytest.mark.parametrize("opposing", [0.0, 0.05])
def test_the_other_state_exists_just_below_the_threshold_and_not_above(
    response: ResponseFunction, toward: Side, opposing: float
) -> None:
    z = tipping_threshold(response, toward, opposing=opposing).zealots_per_agent
    assert z is not None
    ours, theirs = ("zealots_a", "zealots_b") if toward == "A" else ("zealots_b", "zealots_a")
    other = "B" if toward == "A" else "A"
    below = states_of(fixed_points(response, **{ours: z - 1e-6, theirs: opposing}))
    above = states_of(fixed_points(response, **{ours: z + 1e-6, theirs: opposing}))
    assert getattr(below, other) is not None
    assert getattr(above, other) is None


def test_opposing_zealots_raise_the_threshold() -> None:
    response = TanhResponse(3.0, 0.0)
    alone = tipping_threshold(response, "A").zealots_per_agent
    against = tipping_threshold(response, "A", opposing=0.1).zealots_per_agent
    assert alone is not None
    assert against is not None
    assert against > alone + 0.05


def test_exchanging_the_options_exchanges_the_thresholds() -> None:
    one, other = LapseResponse(4.0, 0.2, 0.05, 0.9), LapseResponse(4.0, -0.2, 0.1, 0.95)
    assert tipping_threshold(one, "A").zealots_per_agent == pytest.approx(
        tipping_threshold(other, "B").zealots_per_agent, abs=1e-9
    )


def test_tipping_past_a_middle_state_is_the_last_collapse() -> None:
    # three stable states: the majority for B is lost in two steps, from -1 and then from -0.2
    response = EmpiricalResponse(
        np.array([-1.0, -0.7, -0.5, 0.3, 0.5, 1.0]), np.array([0.0, 0.0, 0.4, 0.4, 1.0, 1.0])
    )
    z = tipping_threshold(response, "A").zealots_per_agent
    # the last fold is the knot mu = 0.3, where g = -0.2: z = (0.3 + 0.2)/(1 - 0.3)
    assert z == pytest.approx(0.5 / 0.7)


def test_a_state_that_is_marginal_all_along_a_stretch_still_tips_at_its_end() -> None:
    # between the knots 0 and 0.5 every mu is a state for z = 0.2 exactly
    response = EmpiricalResponse(np.array([-0.9, -0.4, 0.0, 0.5, 0.9]), np.array([0.02, 0.1, 0.6, 0.9, 0.97]))
    assert tipping_threshold(response, "B").zealots_per_agent == pytest.approx(0.2)


def test_whole_zealots_are_the_first_number_at_or_past_the_threshold() -> None:
    threshold = tipping_threshold(TanhResponse(3.0, 0.0), "A")
    assert threshold.zealots_among(100) == 33
    assert threshold.zealots_among(10) == 4


@pytest.mark.parametrize("opposing", [-1.0, math.nan])
def test_impossible_opponents_are_refused(opposing: float) -> None:
    with pytest.raises(RequestError, match="zealots"):
        tipping_threshold(TanhResponse(3.0, 0.0), "A", opposing=opposing)
