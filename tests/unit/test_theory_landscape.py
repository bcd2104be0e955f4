"""The potential as a picture of the states, and how far the bias must move for one to disappear."""

from __future__ import annotations

import numpy as np
import pytest

from spinodal.response import EmpiricalResponse, TanhResponse
from spinodal.theory import barriers, fixed_points, landscape, phase, spinodal_h, spinodal_shifts, states_of


def test_valleys_and_tops_lie_at_the_fixed_points() -> None:
    found = landscape(TanhResponse(2.0, 0.1), points=20_001)
    inner = found.phi[1:-1]
    valleys = found.m[1:-1][(inner < found.phi[:-2]) & (inner < found.phi[2:])]
    assert valleys == pytest.approx([point.m for point in found.fixed_points if point.stable], abs=1e-4)
    top = found.m[1:-1][(inner > found.phi[:-2]) & (inner > found.phi[2:])]
    assert top == pytest.approx([point.m for point in found.fixed_points if not point.stable], abs=1e-4)
    assert found.barriers == barriers(TanhResponse(2.0, 0.1))


def test_zealots_tilt_the_landscape() -> None:
    found = landscape(TanhResponse(3.0, 0.0), zealots_a=0.4)
    assert len(found.fixed_points) == 1
    assert found.barriers.from_B is None
    assert found.to_dict()["fixed_points"][0]["stable"]


@pytest.mark.parametrize(("beta", "h"), [(3.0, 0.0), (1.5, -0.1), (2.0, 0.4)])
def test_shifts_of_the_tanh_response_by_formula_and_by_search(beta: float, h: float) -> None:
    response = TanhResponse(beta, h)
    closed, searched = spinodal_shifts(response), spinodal_shifts(lambda m: response(m))
    limit = float(spinodal_h(beta))
    assert closed == {"A": pytest.approx(limit - h), "B": pytest.approx(-limit - h)}
    assert searched == {side: pytest.approx(closed[side], abs=1e-9) for side in ("A", "B")}


def test_a_measured_state_is_there_up_to_the_shift_and_gone_beyond() -> None:
    curve = EmpiricalResponse(np.array([-0.5, -0.2, 0.1, 0.5]), np.array([0.05, 0.2, 0.9, 0.97]))
    shift = spinodal_shifts(curve)["A"]
    assert shift is not None

    def moved(by: float) -> EmpiricalResponse:
        return EmpiricalResponse(curve.m - by, curve.p)

    assert phase(moved(shift * 0.999)) == "bistable"
    assert states_of(fixed_points(moved(shift * 1.001))).B is None


def test_no_shift_makes_a_second_state_without_conformity() -> None:
    for beta in (-2.0, 0.5):
        response = TanhResponse(beta, 0.1)
        assert spinodal_shifts(response) == {"A": None, "B": None}
        assert spinodal_shifts(lambda m, same=response: same(m)) == {"A": None, "B": None}
