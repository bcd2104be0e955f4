"""Zealots who come and go, and how fast a population forgets."""

from __future__ import annotations

import math

import numpy as np
import pytest

from spinodal._errors import RequestError
from spinodal.response import EmpiricalResponse, TanhResponse
from spinodal.theory import (
    Chain,
    Stage,
    consensus,
    evolve,
    hysteresis,
    log_relaxation_time,
    operational_threshold,
    run_protocol,
    start_against,
    synchronous_cycle,
    tipping_curve,
    tipping_threshold,
    tipping_trial,
    tipping_watershed,
)

RESPONSE = TanhResponse(2.943, 0.325)


def at(k: int, agents: int = 50) -> np.ndarray:
    law = np.zeros(agents + 1)
    law[k] = 1.0
    return law


def test_no_time_changes_nothing() -> None:
    assert evolve(Chain(RESPONSE, 50), at(7), 0.0) == pytest.approx(at(7))


def test_one_update_moves_one_step_with_the_rates_of_the_chain() -> None:
    chain = Chain(RESPONSE, 50)
    up, down = (np.exp(rate) for rate in chain.log_rates)
    law = evolve(chain, at(7), 1.0 / 50.0)
    assert law[[6, 7, 8]] == pytest.approx([down[7], 1.0 - up[7] - down[7], up[7]])


def test_a_long_time_gives_the_stationary_law() -> None:
    chain = Chain(TanhResponse(1.2, 0.1), 40)
    assert evolve(chain, at(0, 40), 1e6) == pytest.approx(np.exp(chain.log_stationary()), abs=1e-10)


def test_steps_and_squares_of_the_matrix_agree() -> None:
    chain = Chain(RESPONSE, 30)
    stepwise = at(3, 30)
    for _ in range(400):  # so short that each is taken step by step
        stepwise = evolve(chain, stepwise, 1.0 / 30.0)
    assert evolve(chain, at(3, 30), 400.0 / 30.0) == pytest.approx(stepwise, abs=1e-12)


def test_stopping_at_consensus_keeps_what_arrived() -> None:
    chain = Chain(RESPONSE, 20)
    law = evolve(chain, at(19, 20), 1e5, stop_at_consensus=True)
    assert law[0] + law[-1] == pytest.approx(1.0)
    assert law[-1] == pytest.approx(chain.committor(0, 20)[19])


def test_stages_follow_one_another() -> None:
    first, second = run_protocol(RESPONSE, 50, at(1), [Stage(3.0, zealots_a=4), Stage(5.0)])
    assert first == pytest.approx(evolve(Chain(RESPONSE, 50, 4), at(1), 3.0))
    assert second == pytest.approx(evolve(Chain(RESPONSE, 50), first, 5.0))


def test_more_zealots_tip_more() -> None:
    tipped = [tipping_trial(RESPONSE, 50, "A", s, hold=10, after=10).p_tipped for s in (0, 2, 4, 8)]
    assert tipped == sorted(tipped)
    assert tipped[0] < 0.05
    assert tipped[-1] > 0.95


def test_one_state_alone_returns_when_the_zealots_leave() -> None:
    trial = tipping_trial(TanhResponse(3.0, 0.6), 50, "B", 100, hold=20, after=20)
    assert trial.p_tipped > 0.9
    assert trial.p_remains < 0.1


def test_a_bistable_population_stays_tipped() -> None:
    trial = tipping_trial(RESPONSE, 50, "B", 45, hold=20, after=20)
    assert trial.p_remains == pytest.approx(trial.p_tipped, abs=0.05)


def test_operational_threshold_is_the_first_number_that_does_it() -> None:
    found = operational_threshold(RESPONSE, 50, "A", hold=10, probability=0.7)
    assert found is not None
    fewer = tipping_trial(RESPONSE, 50, "A", found.zealots - 1, hold=10, after=0)
    assert found.p_tipped >= 0.7 > fewer.p_tipped


def test_operational_threshold_nears_the_mean_field_in_large_populations_held_long() -> None:
    z = tipping_threshold(RESPONSE, "B").zealots_per_agent
    found = operational_threshold(RESPONSE, 150, "B", hold=40)
    assert found is not None
    assert z is not None
    assert found.zealots / 150 == pytest.approx(z, rel=0.03)


def test_who_cannot_be_tipped_has_no_operational_threshold() -> None:
    stubborn = EmpiricalResponse(np.array([-1.0, 1.0]), np.array([0.9, 0.95]))
    assert operational_threshold(stubborn, 20, "B", hold=5) is None


def test_hysteresis_opens_where_bistable_and_closes_where_not() -> None:
    opened = hysteresis(TanhResponse(3.0, 0.0), 30, 15, settle=10.0, sample=5)
    closed = hysteresis(TanhResponse(0.8, 0.0), 30, 15, settle=10.0, sample=5)
    assert opened.zealots.tolist() == list(range(-15, 16))
    assert (opened.down - opened.up)[15] > 1.5
    assert np.abs(closed.down - closed.up).max() < 0.01
    assert opened.up == pytest.approx(-opened.down[::-1], abs=1e-3)  # the options are alike


def test_the_loop_is_as_wide_as_its_area_says() -> None:
    loop = hysteresis(TanhResponse(3.0, 0.0), 30, 15, settle=10.0, sample=5)
    # by hand: trapezoids of one zealot each
    width = (loop.down - loop.up)[:-1] + (loop.down - loop.up)[1:]
    assert loop.area == pytest.approx(0.5 * width.sum() / 30)
    assert set(loop.to_dict()) == {"agents", "zealots", "up", "down", "area"}


def test_zealots_may_be_exchanged_several_at_a_time() -> None:
    told: list[float] = []
    loop = hysteresis(TanhResponse(2.0, 0.0), 30, 10, settle=2.0, sample=1, by=3, progress=told.append)
    assert loop.zealots.tolist() == [-9, -6, -3, 0, 3, 6, 9]
    assert told == pytest.approx(np.arange(1, 15) / 14)


def test_a_tipping_curve_is_a_trial_for_each_number_of_zealots() -> None:
    told: list[float] = []
    curve = tipping_curve(RESPONSE, 50, "B", [30, 40, 50], hold=10, after=5, progress=told.append)
    for count, tipped, remains in zip(curve.zealots, curve.p_tipped, curve.p_remains, strict=True):
        trial = tipping_trial(RESPONSE, 50, "B", int(count), hold=10, after=5)
        assert (tipped, remains) == pytest.approx((trial.p_tipped, trial.p_remains))
    assert told[-1] == pytest.approx(1.0)


def test_the_trace_of_a_trial_ends_where_the_trial_does() -> None:
    trial = tipping_trial(RESPONSE, 50, "B", 40, hold=7.5, after=12)
    beyond = trial.trace(every=2.0).p_beyond(tipping_watershed(RESPONSE, "B"), "B")
    assert beyond[-1] == pytest.approx(trial.p_remains)
    assert trial.p_tipped in [pytest.approx(p) for p in beyond]
    assert not trial.returns
    assert tipping_trial(TanhResponse(3.0, 0.6), 50, "B", 100, hold=20, after=20).returns


def test_a_trial_starts_in_the_state_against_the_zealots() -> None:
    assert np.flatnonzero(start_against(RESPONSE, 50, "A")).tolist() == [1]
    assert np.flatnonzero(start_against(RESPONSE, 50, "B")).tolist() == [50]


def test_progress_of_the_search_rises_to_one() -> None:
    told: list[float] = []
    operational_threshold(RESPONSE, 50, "A", hold=10, progress=told.append)
    assert told[-1] == pytest.approx(1.0)
    assert all(0.0 < share <= 1.0 for share in told)


def test_relaxation_time_is_that_of_the_dense_spectrum() -> None:
    for response, agents in ((RESPONSE, 30), (TanhResponse(-2.0, 0.1), 40), (TanhResponse(0.5, 0.1), 100)):
        chain = Chain(response, agents)
        up, down = (np.exp(rate) for rate in chain.log_rates)
        matrix = np.diag(1.0 - up - down) + np.diag(up[:-1], 1) + np.diag(down[1:], -1)
        gap = 1.0 - np.sort(np.linalg.eigvals(matrix).real)[-2]
        assert math.exp(log_relaxation_time(chain)) == pytest.approx(1.0 / gap / agents, rel=1e-9)


def test_relaxation_between_two_states_is_the_sum_of_the_rates_of_escape() -> None:
    chain = Chain(TanhResponse(3.0, 0.0), 200)
    low, high = chain.nearest(-0.9949), chain.nearest(0.9949)
    # either state is left at rate 1/tau, from the top of the barrier half of the time
    assert log_relaxation_time(chain) == pytest.approx(chain.log_passage(low, high) - math.log(2.0), abs=1e-3)


def test_critical_slowing_down_grows_as_the_root_of_n() -> None:
    times = [log_relaxation_time(Chain(TanhResponse(1.0, 0.0), agents)) for agents in (1000, 4000, 16000)]
    assert np.diff(times) == pytest.approx(math.log(2.0), abs=0.03)


def test_consensus_of_unbiased_agents() -> None:
    assert [consensus(beta, 1000) for beta in (0.9, 2.0, 3.4, 3.5)] == ["none", "partial", "partial", "full"]


def test_only_contrarians_cycle_when_all_update_at_once() -> None:
    response = TanhResponse(-3.0, 0.05)
    cycle = synchronous_cycle(response)
    assert cycle is not None
    low, high = cycle
    assert float(2.0 * response(low) - 1.0) == pytest.approx(high)
    assert float(2.0 * response(high) - 1.0) == pytest.approx(low)
    assert synchronous_cycle(TanhResponse(-0.9, 0.05)) is None
    assert synchronous_cycle(TanhResponse(3.0, 0.05)) is None


@pytest.mark.parametrize(
    ("ask", "said"),
    [
        (lambda: evolve(Chain(RESPONSE, 50), np.ones(51), 1.0), "sum to 1"),
        (lambda: evolve(Chain(RESPONSE, 50), at(0, 40), 1.0), "51 probabilities"),
        (lambda: evolve(Chain(RESPONSE, 50), at(0), math.nan), "nan sweeps"),
        (lambda: tipping_trial(TanhResponse(3.0, 0.6), 50, "A", 3, hold=1, after=1), "there already"),
        (lambda: operational_threshold(RESPONSE, 50, "A", hold=1, probability=1.5), "between 0 and 1"),
        (lambda: hysteresis(RESPONSE, 50, 0), "1 or more of both"),
        (lambda: hysteresis(RESPONSE, 50, 5, by=6), "a step from 1 to 5"),
        (lambda: hysteresis(RESPONSE, 1, 5), "a population of 1 agents"),
        (lambda: tipping_curve(RESPONSE, 50, "A", [], hold=1, after=1), "give one or more"),
        (lambda: tipping_trial(RESPONSE, 50, "A", -1, hold=1, after=1), "-1 zealots"),
        (
            lambda: log_relaxation_time(
                Chain(EmpiricalResponse(np.array([-1.0, 1.0]), np.array([0.0, 1.0])), 50)
            ),
            "no relaxation time",
        ),
    ],
)
def test_impossible_requests_are_refused(ask, said: str) -> None:
    with pytest.raises(RequestError, match=said):
        ask()
