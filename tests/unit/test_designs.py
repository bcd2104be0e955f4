"""Designs: which magnetizations are asked next, and when asking ends."""

from __future__ import annotations

import itertools
import subprocess
import sys
from collections import Counter

import numpy as np
import pytest
from scipy.special import expit

from spinodal import RequestError
from spinodal.fitting import estimate_tanh, probability_bistable
from spinodal.measure.designs import (
    AdaptiveDesign,
    CurveData,
    Design,
    EvenDesign,
    Readout,
    StudyGrid,
    magnetization,
)


def follow(
    design: Design, readout: Readout, beta: float, h: float, n_peers: int = 20, seed: int = 1
) -> list[CurveData]:
    """The data after each batch, for an agent of known response (log-odds with noise 0.5)."""
    generator = np.random.default_rng(seed)
    n_a, values, steps = np.zeros(0, dtype=np.intp), np.zeros(0), []
    while True:
        data = (
            CurveData(n_peers, readout, n_a, count_a=values, count_b=1.0 - values)
            if readout == "sample"
            else CurveData(n_peers, readout, n_a, log_odds=values)
        )
        steps.append(data)
        batch = design.propose(data)
        if not batch:
            return steps
        eta = 2.0 * beta * (magnetization(np.array(batch), n_peers) + h)
        new = (
            (generator.random(len(batch)) < expit(eta)).astype(float)
            if readout == "sample"
            else eta + generator.normal(0.0, 0.5, len(batch))
        )
        n_a, values = np.concatenate([n_a, batch]), np.concatenate([values, new])


def test_the_study_grid_asks_its_ten_points_a_hundred_times_among_fifty() -> None:
    batch = StudyGrid().propose(CurveData(50, "sample"))
    assert Counter(batch) == dict.fromkeys((48, 45, 40, 30, 27, 23, 20, 10, 5, 2), 100)


@pytest.mark.parametrize("n_peers", [2, 3, 7, 20, 50, 500])
def test_the_study_grid_scales_and_keeps_its_cost(n_peers: int) -> None:
    batch = StudyGrid(samples=10).propose(CurveData(n_peers, "sample"))
    assert len(batch) == 100 == StudyGrid(samples=10).max_calls("sample")
    assert all(0 <= level <= n_peers for level in batch)


@pytest.mark.parametrize("n_peers", [2, 19, 20, 21, 50, 500])
def test_the_even_design_asks_all_magnetizations_alike(n_peers: int) -> None:
    design = EvenDesign(n_peers, prompts=4)
    asked = Counter(design.propose(CurveData(n_peers, "logprob")))
    assert set(asked.values()) == {4}
    assert sum(asked.values()) == design.max_calls("logprob")
    levels = sorted(asked)
    assert (levels[0], levels[-1]) == (0, n_peers)
    assert len(levels) == min(n_peers + 1, 21)
    steps = np.diff(levels)
    assert steps.max() - steps.min() <= 1


def test_the_even_design_goes_on_where_it_was_interrupted_and_then_ends() -> None:
    design = EvenDesign(4, prompts=2)
    some = CurveData(4, "logprob", np.array([0, 0, 1]), log_odds=np.zeros(3))
    assert design.propose(some) == [1, 2, 2, 3, 3, 4, 4]
    assert design.stop_reason(some) is None
    whole = CurveData(4, "logprob", np.repeat(np.arange(5), 2), log_odds=np.zeros(10))
    assert design.propose(whole) == []
    assert design.stop_reason(whole) == "grid complete"


def test_the_study_grid_goes_on_where_it_was_interrupted() -> None:
    design = StudyGrid(prompts=2)
    whole = design.propose(CurveData(50, "logprob"))
    assert len(whole) == design.max_calls("logprob") == 20
    some = np.array(whole[:7])
    rest = design.propose(CurveData(50, "logprob", some, log_odds=np.zeros(7)))
    assert Counter(rest) + Counter(whole[:7]) == Counter(whole)
    done = CurveData(50, "logprob", np.array(whole), log_odds=np.zeros(20))
    assert design.propose(done) == []
    assert design.stop_reason(done) == "grid complete"


@pytest.mark.parametrize("readout", ["sample", "logprob"])
@pytest.mark.parametrize("n_peers", [2, 3, 5, 20, 1000])
def test_the_first_stage_holds_both_extremes_and_every_level_an_even_number_of_times(
    readout: Readout, n_peers: int
) -> None:
    batch = AdaptiveDesign().propose(CurveData(n_peers, readout))
    assert {0, n_peers} <= set(batch)
    assert all(times % 2 == 0 for times in Counter(batch).values())


@pytest.mark.parametrize("readout", ["sample", "logprob"])
def test_every_batch_is_in_pairs_within_the_levels_and_the_budget(readout: Readout) -> None:
    design = AdaptiveDesign(beta_width=1e-9)
    steps = follow(design, readout, beta=2.0, h=0.2)
    for before, after in itertools.pairwise(steps):
        batch = after.n_a[before.n_asked :]
        assert np.all((batch >= 0) & (batch <= 20))
        assert np.array_equal(batch[0::2], batch[1::2])
    assert steps[-1].n_asked == design.max_calls(readout)
    assert design.stop_reason(steps[-1]) == "budget"


@pytest.mark.parametrize("readout", ["sample", "logprob"])
@pytest.mark.parametrize(("beta", "h"), [(3.0, 0.0), (0.6, 0.5), (3.0, 0.9)])
def test_a_clear_phase_is_settled_long_before_the_budget(readout: Readout, beta: float, h: float) -> None:
    design = AdaptiveDesign()
    last = follow(design, readout, beta, h)[-1]
    assert design.stop_reason(last) == "settled"
    assert last.n_asked < design.max_calls(readout)
    p = probability_bistable(estimate_tanh(last.observations))
    assert p > 0.9 if (beta, h) == (3.0, 0.0) else p < 0.1


@pytest.mark.parametrize("readout", ["sample", "logprob"])
def test_a_phase_on_the_spinodal_spends_the_budget(readout: Readout) -> None:
    design = AdaptiveDesign()
    steps = follow(design, readout, beta=2.0, h=0.266420)
    assert design.stop_reason(steps[-1]) == "budget"
    assert all(design.stop_reason(step) is None for step in steps[:-1])


def test_asking_ends_when_the_intervals_are_as_narrow_as_asked() -> None:
    design = AdaptiveDesign(beta_width=1.5, h_width=0.3, max_samples=2000)
    steps = follow(design, "sample", beta=2.5, h=0.0)
    assert design.stop_reason(steps[-1]) == "precise"
    widths = [
        [np.diff(interval)[0] for interval in (found.beta_ci, found.h_ci)]
        for found in (estimate_tanh(step.observations, n_draws=400) for step in (steps[-1], steps[-2]))
    ]
    assert widths[0][0] <= 1.5
    assert widths[0][1] <= 0.3
    assert widths[1][0] > 1.5 or widths[1][1] > 0.3


def test_samples_go_where_the_reply_is_uncertain() -> None:
    last = follow(AdaptiveDesign(beta_width=1e-9), "sample", beta=5.0, h=-0.5)[-1]
    m = magnetization(last.n_a, 20)
    assert np.mean(np.abs(m - 0.5) < 0.35) > 0.6


def test_the_same_data_give_the_same_batch() -> None:
    steps = follow(AdaptiveDesign(), "sample", beta=2.0, h=0.25)
    for before, after in itertools.pairwise(steps):
        assert AdaptiveDesign().propose(before) == list(after.n_a[before.n_asked :])


@pytest.mark.parametrize("readout", ["sample", "logprob"])
def test_an_agent_that_never_answers_costs_the_budget_and_no_more(readout: Readout) -> None:
    design = AdaptiveDesign(max_samples=130, max_prompts=30)
    n_a = np.zeros(0, dtype=np.intp)
    while batch := design.propose(
        CurveData(20, readout, n_a, np.zeros(n_a.size), np.zeros(n_a.size), np.full(n_a.size, np.nan))
    ):
        n_a = np.concatenate([n_a, batch])
    assert n_a.size == design.max_calls(readout)


def test_two_peers_are_enough_to_settle_a_phase() -> None:
    last = follow(AdaptiveDesign(), "sample", beta=0.3, h=1.0, n_peers=2)[-1]
    assert set(last.n_a) == {0, 1, 2}
    assert AdaptiveDesign().stop_reason(last) == "settled"


def test_a_budget_below_the_minimum_is_kept_to() -> None:
    last = follow(AdaptiveDesign(max_prompts=14), "logprob", beta=3.0, h=0.0)[-1]
    assert last.n_asked == 14


@pytest.mark.parametrize(
    "arguments",
    [
        {"confidence": 0.4},
        {"confidence": 1.0},
        {"beta_width": 0.0},
        {"h_width": -1.0},
        {"min_samples": 1},
        {"max_prompts": 1},
    ],
)
def test_settings_out_of_range_are_refused(arguments: dict[str, float]) -> None:
    with pytest.raises(RequestError):
        AdaptiveDesign(**arguments)


def test_a_grid_of_nothing_is_refused() -> None:
    with pytest.raises(RequestError, match="samples a point is 0"):
        StudyGrid(samples=0)
    with pytest.raises(RequestError, match="prompts a magnetization are 1"):
        EvenDesign(20, prompts=1)


def test_designs_import_no_model_code() -> None:
    code = "import sys, spinodal.measure.designs; print('inspect_ai' in sys.modules)"
    found = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert found.stdout.strip() == "False"
