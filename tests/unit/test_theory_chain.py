"""The exact chain of a finite population: reference values, limits, and steps that are impossible."""

from __future__ import annotations

import json
import math
import sys

import numpy as np
import pytest

from spinodal._errors import RequestError
from spinodal.response import EmpiricalResponse, TanhResponse
from spinodal.theory import Chain, escape_times, outlook, tanh_log_escape

RESPONSE = TanhResponse(2.943, 0.325)
STEP = EmpiricalResponse(np.array([-1.0, -0.5, 0.5, 1.0]), np.array([0.0, 0.0, 1.0, 1.0]))
"""Never leaves consensus: steps up are impossible at the bottom, steps down at the top."""


def test_escape_time_has_its_published_value() -> None:
    assert escape_times(RESPONSE, 50).from_B == pytest.approx(1279.13, abs=0.005)


def test_escape_is_from_the_nearest_state_to_the_nearest_state() -> None:
    chain = Chain(RESPONSE, 50)
    assert (chain.nearest(-0.95102), chain.nearest(0.99918)) == (1, 50)
    assert math.exp(chain.log_passage(1, 50)) == pytest.approx(1279.13, abs=0.005)


def test_zealots_shorten_the_life_of_the_state_they_oppose() -> None:
    alone, helped = (escape_times(RESPONSE, 50, zealots_a=s).from_B for s in (0, 2))
    assert alone is not None
    assert helped is not None
    assert helped < alone / 2.0


def test_no_escape_without_two_states() -> None:
    assert escape_times(TanhResponse(0.8, 0.1), 50).to_dict() == {"from_A": None, "from_B": None}
    assert escape_times(TanhResponse(3.0, 0.6), 50).to_dict() == {"from_A": None, "from_B": None}


def test_two_agents_are_enough_for_two_consensuses() -> None:
    # mu = -1 or 1; from both A: either of the two falls with 1 - P(1), then from one A to none
    steep = TanhResponse(3.0, 0.0)
    q, p = 1.0 - float(steep(1.0)), float(steep(1.0))
    updates = 1.0 / q + (1.0 + p / 2.0 / q) / (p / 2.0)
    assert escape_times(steep, 2).from_A == pytest.approx(updates / 2.0)


def test_stationary_law_is_normalised_and_balanced() -> None:
    chain = Chain(RESPONSE, 200, zealots_a=3, zealots_b=1)
    log_pi, (up, down) = chain.log_stationary(), chain.log_rates
    assert float(np.logaddexp.reduce(log_pi)) == pytest.approx(0.0, abs=1e-12)
    assert log_pi[:-1] + up[:-1] == pytest.approx(log_pi[1:] + down[1:], abs=1e-10)


def test_committor_runs_from_zero_to_one_and_is_harmonic() -> None:
    chain = Chain(RESPONSE, 60)
    a, b = 5, 55
    q = chain.committor(a, b)
    up, down = (np.exp(rate) for rate in chain.log_rates)
    inside = np.arange(a + 1, b)
    flow = up[inside] * (q[inside + 1] - q[inside]) - down[inside] * (q[inside] - q[inside - 1])
    assert (q[: a + 1] == 0.0).all()
    assert q[b:] == pytest.approx(1.0)
    assert np.abs(flow).max() < 1e-15


def test_passage_to_itself_takes_no_time() -> None:
    assert Chain(RESPONSE, 50).log_passage(7, 7) == -math.inf


def test_absorbing_consensus_is_never_left() -> None:
    times = escape_times(STEP, 50)
    assert times.from_A == times.from_B == math.inf
    assert times.in_words("A") == "for ever"
    assert json.loads(json.dumps(times.to_dict(), allow_nan=False))["from_A"] == sys.float_info.max


def test_several_absorbing_sets_have_no_one_stationary_law() -> None:
    with pytest.raises(RequestError, match="2 sets of states it never leaves"):
        Chain(STEP, 50).log_stationary()


def test_a_single_absorbing_state_holds_all_the_mass() -> None:
    follower = EmpiricalResponse(np.array([-1.0, 1.0]), np.array([0.3, 1.0]))
    log_pi = Chain(follower, 50).log_stationary()
    assert log_pi[-1] == pytest.approx(0.0)
    assert np.isneginf(log_pi[:-1]).all()


def test_climb_restarts_where_there_is_no_way_down() -> None:
    """Above the point of no return a passage takes no detours: the sum of the waiting times."""
    chain = Chain(STEP, 50)
    up = np.exp(chain.log_rates[0])
    sure = int(np.flatnonzero(np.isneginf(chain.log_rates[1][1:-1]))[0]) + 1
    assert math.exp(chain.log_passage(sure, 50)) == pytest.approx(float((1.0 / up[sure:50]).sum()) / 50.0)


def test_committor_is_zero_below_a_wall_and_one_above() -> None:
    q = Chain(STEP, 50).committor(0, 50)
    assert (q[:13] == 0.0).all()
    assert q[38:] == pytest.approx(1.0)
    assert q[25] == pytest.approx(0.5, abs=0.05)
    assert (np.diff(q) >= 0.0).all()


def test_many_curves_at_once_agree_with_one_at_a_time() -> None:
    beta, h = np.array([2.943, 0.8, 4.0, -2.0, 2.0]), np.array([0.325, 0.0, -0.3, 0.1, 0.3])
    from_a, from_b = tanh_log_escape(beta, h, 21)
    for i in range(beta.size):
        times = escape_times(TanhResponse(beta[i], h[i]), 21)
        for logs, log10 in ((from_a, times.log10_from_A), (from_b, times.log10_from_B)):
            if log10 is None:
                assert np.isnan(logs[i])
            else:
                assert logs[i] == pytest.approx(log10 * math.log(10.0), rel=1e-12)


def test_a_million_agents_keep_their_logarithms() -> None:
    times = escape_times(RESPONSE, 1_000_000)
    assert times.from_B == math.inf
    assert times.log10_from_B is not None
    assert times.log10_from_B * math.log(10.0) / 1e6 == pytest.approx(0.084684, abs=2e-5)  # the barrier
    assert times.to_dict()["from_B"] == sys.float_info.max


@pytest.mark.parametrize(
    ("sweeps", "words"),
    [(3.21, "about 3.2 sweeps"), (342.0, "about 340 sweeps"), (123_456.0, "about 120,000 sweeps")],
)
def test_lifetimes_in_words(sweeps: float, words: str) -> None:
    from spinodal.theory import EscapeTimes

    times = EscapeTimes.from_logs(None, math.log(sweeps))
    assert times.in_words("B") == words
    assert times.in_words("A") is None


def test_outlook_holds_everything_under_the_names_of_the_contract() -> None:
    found = outlook(RESPONSE, agents=50).to_dict()
    assert list(found) == ["phase", "fixed_points", "tipping", "escape_sweeps"]
    assert found["tipping"]["A"]["zealots_per_agent"] == pytest.approx(0.059885, abs=1e-6)
    assert "escape_sweeps" not in outlook(RESPONSE).to_dict()


@pytest.mark.parametrize("agents", [1, 0, -3, math.nan, math.inf, 2.5])
def test_too_few_agents_are_refused(agents: int) -> None:
    with pytest.raises(RequestError, match="agents; give a whole number, 2 or more"):
        escape_times(RESPONSE, agents)


def test_impossible_requests_are_refused() -> None:
    chain = Chain(RESPONSE, 50)
    with pytest.raises(RequestError, match="51 agents for A is no state of 50"):
        chain.log_passage(0, 51)
    with pytest.raises(RequestError, match="from a lower state to a higher one"):
        chain.committor(30, 20)
    with pytest.raises(RequestError, match="whole numbers"):
        Chain(RESPONSE, 50, zealots_a=0.5)
