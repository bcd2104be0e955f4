"""Societies of several kinds: states, stability, paths, and the share that rids them of a state."""

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
from spinodal.theory import (
    critical_share,
    drift,
    fixed_points,
    mean_field_path,
    outlook,
    society_drift,
    society_outlook,
    society_states,
    spinodal_h,
    states_of,
    tipping_threshold,
)

FOLLOWER = TanhResponse(2.943, 0.325)
SOCIETIES = {
    "one kind": MixtureResponse([FOLLOWER], [1.0]),
    "followers and sceptics": MixtureResponse(
        [TanhResponse(4.0, 0.0), LapseResponse(3.0, 0.1, 0.1, 0.8)], [3, 1]
    ),
    "with anti-conformists": MixtureResponse([TanhResponse(6.0, 0.05), TanhResponse(-2.0, 0.3)], [0.7, 0.3]),
    "opposed leans": MixtureResponse(
        [TanhResponse(20.0, 0.5), TanhResponse(20.0, -0.5), TanhResponse(-1.0, 0.1)], [2, 2, 1]
    ),
}
ZEALOTS = [(0.0, 0.0), (0.1, 0.0), (0.05, 0.2)]


@pytest.mark.parametrize("zealots", ZEALOTS)
@pytest.mark.parametrize("name", SOCIETIES)
def test_no_kind_moves_in_a_state_of_the_society(name: str, zealots: tuple[float, float]) -> None:
    society = SOCIETIES[name]
    present = {"zealots_a": zealots[0], "zealots_b": zealots[1]}
    for state in society_states(society, **present):
        assert society_drift(society, state.kinds, **present) == pytest.approx(0.0, abs=1e-12)
        assert state.m == pytest.approx(np.dot(society.weights, state.kinds), abs=1e-12)


@pytest.mark.parametrize("zealots", ZEALOTS)
@pytest.mark.parametrize("name", SOCIETIES)
def test_stability_is_that_of_the_numerical_jacobian(name: str, zealots: tuple[float, float]) -> None:
    society = SOCIETIES[name]
    present = {"zealots_a": zealots[0], "zealots_b": zealots[1]}
    kinds, step = len(society.responses), 1e-5
    states = society_states(society, **present)
    assert states
    for state in states:
        around = np.asarray(state.kinds) + step * np.array([1.0, -1.0])[:, None, None] * np.eye(kinds)
        ahead, behind = society_drift(society, around, **present)
        found = np.sort(np.linalg.eigvals((ahead - behind).T / (2.0 * step)).real)
        expected = np.sort([-1.0] * (kinds - 1) + [state.growth])
        assert found == pytest.approx(expected, abs=1e-5)
        assert state.stable == (state.growth < 0.0)


def test_the_eigenvalues_are_real_with_anti_conformists_too() -> None:
    society = MixtureResponse([TanhResponse(6.0, 0.05), TanhResponse(-8.0, 0.3)], [0.5, 0.5])
    (state,) = society_states(society)
    assert state.stable
    assert state.growth < -1.0  # they pull back faster than agents forget


def test_one_kind_has_the_states_of_its_response() -> None:
    states = society_states(SOCIETIES["one kind"])
    points = fixed_points(FOLLOWER)
    assert [state.m for state in states] == pytest.approx([point.m for point in points], abs=1e-12)
    assert [state.stable for state in states] == [point.stable for point in points]
    for state in states:
        assert state.growth == pytest.approx(FOLLOWER.beta * (1.0 - state.m**2) - 1.0, abs=1e-10)


def test_an_outlook_tells_each_kind_apart() -> None:
    society = SOCIETIES["followers and sceptics"]
    found = society_outlook(society).to_dict()
    assert found["phase"] == "bistable"
    assert found["tipping"] == outlook(society).to_dict()["tipping"]
    low, _, high = found["states"]
    assert low["kinds"][0] < low["m"] < low["kinds"][1] < 0.0 < high["kinds"][1] < high["kinds"][0]
    assert society_outlook(society).tipping["A"] == tipping_threshold(society, "A")


def test_magnetizations_of_another_number_of_kinds_are_refused() -> None:
    with pytest.raises(RequestError, match=r"shape \(3,\); the last axis needs 2"):
        society_drift(SOCIETIES["followers and sceptics"], [0.0, 0.0, 0.0])


@pytest.mark.parametrize("name", SOCIETIES)
def test_a_path_of_kinds_adds_up_to_the_path_of_the_mixture(name: str) -> None:
    society = SOCIETIES[name]
    start = np.linspace(-0.8, 0.6, len(society.responses))
    whole = float(np.dot(society.weights, start))
    path = mean_field_path(society, start, 30.0, zealots_a=0.1, points=61)
    alone = mean_field_path(lambda m: society(m), whole, 30.0, zealots_a=0.1, points=61)
    assert path.kinds.shape == (61, start.size)
    assert path.kinds[0] == pytest.approx(start)
    assert path.m == pytest.approx(alone.m, abs=1e-9)
    nearest = min(
        abs(state.m - path.m[-1]) for state in society_states(society, zealots_a=0.1) if state.stable
    )
    assert nearest < 1e-4


def test_a_path_has_the_known_solution_where_nobody_conforms() -> None:
    """dm/dt = tanh(beta h') - m: m relaxes exponentially, at rate 1 a sweep."""
    response = LapseResponse(1.0, 0.0, 0.9, 0.9)
    path = mean_field_path(response, -1.0, 5.0, points=11)
    assert path.m == pytest.approx(0.8 - 1.8 * np.exp(-path.sweeps), abs=1e-9)


def test_a_path_is_drawn_and_tells_its_numbers() -> None:
    from matplotlib.figure import Figure

    path = mean_field_path(SOCIETIES["opposed leans"], 0.3, 5.0, points=3)
    assert path.to_dict()["sweeps"] == [0.0, 2.5, 5.0]
    assert np.shape(path.to_dict()["kinds"]) == (3, 3)
    ax = path.plot(Figure().add_subplot())
    assert len(ax.lines) == 4


@pytest.mark.parametrize(
    ("m0", "sweeps", "words"),
    [
        (1.5, 5.0, r"starting magnetizations \[1.5, 1.5\]"),
        (math.nan, 5.0, "give them in"),
        ([0.1], 5.0, "1 starting magnetizations for 2 kinds"),
        (0.0, 0.0, "0.0 sweeps"),
        (0.0, math.inf, "inf sweeps"),
    ],
)
def test_an_impossible_path_is_refused(m0: float, sweeps: float, words: str) -> None:
    with pytest.raises(RequestError, match=words):
        mean_field_path(SOCIETIES["followers and sceptics"], m0, sweeps)


def misaligned_state(response: ResponseFunction, side: str, **zealots: float) -> float | None:
    return getattr(states_of(fixed_points(response, **zealots)), side)


GUARDS: dict[str, tuple[ResponseFunction, ResponseFunction]] = {
    "a lean to A": (TanhResponse(3.0, 0.0), TanhResponse(3.0, 0.8)),
    "deaf to peers": (FOLLOWER, LapseResponse(1.0, 0.0, 0.95, 0.95)),
    "contrarian": (TanhResponse(2.5, -0.1), TanhResponse(-3.0, -0.4)),
    "a measured curve": (
        EmpiricalResponse(np.array([-0.9, -0.2, 0.3, 0.9]), np.array([0.03, 0.2, 0.7, 0.98])),
        EmpiricalResponse(np.array([-0.9, 0.9]), np.array([0.4, 0.99])),
    ),
    "a weaker lean, crossing over": (TanhResponse(1.4, -0.5), TanhResponse(0.5, 3.0)),
}


@pytest.mark.parametrize("zealots", ZEALOTS)
@pytest.mark.parametrize("name", GUARDS)
def test_the_misaligned_state_disappears_at_the_critical_share(
    name: str, zealots: tuple[float, float]
) -> None:
    response, guarded = GUARDS[name]
    present = {"zealots_a": zealots[0], "zealots_b": zealots[1]}
    found = critical_share(response, guarded, **present)
    assert found.share is not None
    for share, exists in ((found.share - 1e-6, True), (found.share + 1e-6, False)):
        if 0.0 <= share <= 1.0 and found.share > 0.0:
            society = MixtureResponse([response, guarded], [1.0 - share, share])
            assert (misaligned_state(society, "B", **present) is not None) == exists


@pytest.mark.parametrize("name", GUARDS)
def test_either_side_may_be_the_misaligned_one(name: str) -> None:
    response, guarded = GUARDS[name]

    def mirrored(of: ResponseFunction) -> ResponseFunction:
        return lambda m: 1.0 - of(-np.asarray(m))

    share = critical_share(response, guarded).share
    assert critical_share(mirrored(response), mirrored(guarded), misaligned="A").share == pytest.approx(
        share, abs=1e-6
    )


@pytest.mark.parametrize("beta_h", [(3.0, 0.0), (2.943, 0.325), (4.0, 0.1)])
def test_agents_deaf_to_their_peers_are_zealots(beta_h: tuple[float, float]) -> None:
    """A share s always for A beside 1 - s others is z = s/(1 - s) zealots for each of the others."""
    response, always = TanhResponse(*beta_h), LapseResponse(1.0, 0.0, 1.0, 1.0)
    share = critical_share(response, always).share
    assert share is not None
    # (with a strong lean to B the whole, deaf agents included, has its majority for A before the fold)
    assert share == pytest.approx(tipping_threshold(response, "A").fraction, abs=1e-10)


def test_nothing_is_needed_where_there_is_no_such_state() -> None:
    found = critical_share(TanhResponse(3.0, 0.6), TanhResponse(3.0, 0.9))
    assert found.to_dict() == {"misaligned": "B", "share": 0.0, "until": 1.0}


@pytest.mark.parametrize("h", [0.0, -0.3])
def test_a_guard_that_has_the_state_itself_never_helps(h: float) -> None:
    found = critical_share(TanhResponse(3.0, 0.0), TanhResponse(4.0, h))
    assert (found.share, found.until, found.among(50)) == (None, None, None)


def test_another_kind_may_help_in_the_mixture_though_not_alone() -> None:
    """Each alone has a state for B, at different places; each lifts the other's place above zero."""

    def with_a_dip(at: float) -> ResponseFunction:
        def response(m):
            pull = 0.3 - 0.5 * np.exp(-(((np.asarray(m) - at) / 0.1) ** 2))
            return np.clip((1.0 + np.asarray(m) + pull) / 2.0, 0.0, 1.0)

        return response

    found = critical_share(with_a_dip(-0.7), with_a_dip(-0.2))
    assert found.share == pytest.approx(0.4, abs=1e-9)  # 0.2 below against 0.3 above
    assert found.until == pytest.approx(0.6, abs=1e-9)


def test_the_share_among_so_many_agents_is_a_whole_number() -> None:
    found = critical_share(TanhResponse(3.0, 0.0), TanhResponse(3.0, 0.8))
    assert found.share is not None
    among = found.among(50)
    assert among is not None
    assert among - 1 < found.share * 50 <= among


def test_a_guard_on_the_spinodal_is_needed_in_everybody() -> None:
    beta = 2.0
    found = critical_share(TanhResponse(beta, 0.0), TanhResponse(beta, float(spinodal_h(beta))))
    assert found.share == pytest.approx(1.0, abs=1e-6)
    assert drift(TanhResponse(beta, float(spinodal_h(beta))), -math.sqrt(0.5)) == pytest.approx(
        0.0, abs=1e-12
    )
