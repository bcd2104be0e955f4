"""The whole distribution in time: the compiled loop, the powers of the matrix, and traces."""

from __future__ import annotations

import math

import numpy as np
import pytest

from spinodal._errors import RequestError
from spinodal.response import EmpiricalResponse, LimitedVisibilityResponse, SampledPeersResponse, TanhResponse
from spinodal.theory import Chain, Stage, evolve, follow_protocol, run_protocol

RESPONSE = TanhResponse(2.943, 0.325)


def at(m: float, agents: int) -> np.ndarray:
    law = np.zeros(agents + 1)
    law[Chain(RESPONSE, agents).nearest(m)] = 1.0
    return law


def matrix(chain: Chain) -> np.ndarray:
    up, down = (np.exp(rate) for rate in chain.log_rates)
    return np.diag(1.0 - up - down) + np.diag(up[:-1], 1) + np.diag(down[1:], -1)


@pytest.mark.parametrize("sweeps", [0.02, 1.0, 3.3, 40.0, 4000.0])
def test_the_law_is_that_of_the_matrix_applied_update_by_update(sweeps: float) -> None:
    chain = Chain(RESPONSE, 60, zealots_a=3, zealots_b=5)
    updates = round(sweeps * 60)
    expected = at(-0.5, 60) @ np.linalg.matrix_power(matrix(chain), updates)
    assert evolve(chain, at(-0.5, 60), sweeps) == pytest.approx(expected, abs=1e-11)


def test_a_law_in_two_far_parts_keeps_both() -> None:
    chain = Chain(TanhResponse(4.0, 0.0), 200)
    start = 0.5 * (at(-0.99, 200) + at(0.99, 200))
    law = evolve(chain, start, 5.0)
    assert law[:50].sum() == pytest.approx(0.5)
    assert law[150:].sum() == pytest.approx(0.5)


def test_no_probability_is_lost_in_ten_thousand_agents() -> None:
    law = evolve(Chain(RESPONSE, 10_000), at(-0.52, 10_000), 3.0)
    assert law.sum() == pytest.approx(1.0, abs=1e-12)
    assert law.min() >= 0.0


def test_rare_ways_over_the_watershed_are_kept() -> None:
    chain = Chain(RESPONSE, 60)
    expected = at(0.999, 60) @ np.linalg.matrix_power(matrix(chain), 600)
    tipped = chain.magnetization < -0.53
    assert 0.0 < expected[tipped].sum() < 1e-15
    assert evolve(chain, at(0.999, 60), 10.0)[tipped].sum() == pytest.approx(expected[tipped].sum(), rel=1e-6)


def test_a_response_that_never_moves_leaves_the_law_alone() -> None:
    stuck = EmpiricalResponse(np.array([-0.01, 0.01]), np.array([0.0, 1.0]))
    start = at(1.0, 10)
    assert evolve(Chain(stuck, 10), start, 7.0).tolist() == start.tolist()


def test_a_trace_passes_through_the_ends_of_the_stages() -> None:
    stages = [Stage(2.5), Stage(4.0, zealots_b=30), Stage(0.0), Stage(3.0)]
    trace = follow_protocol(RESPONSE, 50, at(0.999, 50), stages)
    assert trace.sweeps.tolist() == [0.0, 1.0, 2.5, 3.5, 4.5, 5.5, 6.5, 7.5, 8.5, 9.5]
    ends = run_protocol(RESPONSE, 50, at(0.999, 50), stages)
    for time, law in zip((2.5, 6.5, 9.5), (ends[0], ends[1], ends[3]), strict=True):
        assert trace.laws[trace.sweeps == time][0] == pytest.approx(law, abs=1e-14)


def test_mean_and_quantiles_of_a_trace_are_those_of_its_laws() -> None:
    trace = follow_protocol(RESPONSE, 4, np.array([0.1, 0.2, 0.4, 0.2, 0.1]), [Stage(1.0)])
    assert trace.mean[0] == pytest.approx(0.0)
    assert [trace.quantile(level)[0] for level in (0.05, 0.3, 0.5, 0.95)] == [-1.0, -0.5, 0.0, 1.0]
    assert trace.p_beyond(0.0, "A")[0] == pytest.approx(0.3)
    assert trace.p_beyond(-0.5, "B")[0] == pytest.approx(0.1)
    assert set(trace.to_dict()) == {"agents", "stages", "sweeps", "mean_m", "low_m", "high_m"}


@pytest.mark.parametrize("agents", [20, 3000])
def test_progress_rises_to_one(agents: int) -> None:
    told: list[float] = []
    follow_protocol(
        RESPONSE,
        agents,
        at(0.0, agents),
        [Stage(20.0), Stage(20.0, zealots_a=2)],
        every=20,
        progress=told.append,
    )
    assert told == sorted(told)
    assert told[-1] == pytest.approx(1.0)


def test_telling_progress_changes_nothing() -> None:
    chain = Chain(RESPONSE, 3000)
    told: list[float] = []
    pieces = evolve(chain, at(-0.5, 3000), 50.0, progress=told.append)
    assert len(told) > 1
    assert pieces == pytest.approx(evolve(chain, at(-0.5, 3000), 50.0), abs=1e-15)


@pytest.mark.parametrize(
    ("stages", "every", "said"),
    [
        ([Stage(math.nan)], 1.0, "nan sweeps"),
        ([Stage(-1.0)], 1.0, "-1.0 sweeps"),
        ([Stage(1.0, zealots_a=-2)], 1.0, "-2 zealots"),
        ([Stage(1.0, zealots_a=2.5)], 1.0, "whole numbers"),
        ([Stage(1e300)], 1.0, "too many updates"),
        ([Stage(1.0)], 0.001, "at least one update"),
    ],
)
def test_impossible_schedules_are_refused(stages: list[Stage], every: float, said: str) -> None:
    with pytest.raises(RequestError, match=said):
        follow_protocol(RESPONSE, 50, at(0.0, 50), stages, every=every)


def test_agents_shown_a_few_see_a_few_of_those_who_are_there() -> None:
    """Zealots who join are among the peers a view is drawn from."""
    sampled = SampledPeersResponse(RESPONSE, 3)
    stages = [Stage(2.0), Stage(3.0, zealots_b=20)]
    law = at(0.999, 50)
    for stage, peers in zip(stages, (49, 69), strict=True):
        exact = Chain(LimitedVisibilityResponse(RESPONSE, 3, peers), 50, 0, stage.zealots_b)
        law = evolve(exact, law, stage.sweeps)
    assert run_protocol(sampled, 50, at(0.999, 50), stages)[-1] == pytest.approx(law, abs=1e-14)


def test_a_start_that_is_no_law_is_refused() -> None:
    for start in (
        np.full(51, 0.1),
        np.eye(52)[3],
        np.append(np.eye(49)[3], [1.0, -1.0]),
        np.full(51, math.nan),
    ):
        with pytest.raises(RequestError, match="51 probabilities that sum to 1"):
            evolve(Chain(RESPONSE, 50), start, 1.0)


def test_a_population_too_large_to_list_is_refused() -> None:
    with pytest.raises(RequestError, match="too many to list"):
        Chain(RESPONSE, 10**12)
