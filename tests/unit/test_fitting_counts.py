"""Fitting counts: what a curve's fit says, and what it refuses to say."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from scipy.special import expit

from spinodal import RequestError
from spinodal.fitting import Counts, estimate_tanh, fit_curve, fit_curves
from spinodal.response import EmpiricalResponse, LapseResponse
from spinodal.theory import is_bistable

LEVELS = np.linspace(-1.0, 1.0, 11)


def table(p: np.ndarray, replies: int = 100, m: np.ndarray = LEVELS) -> pd.DataFrame:
    a = np.round(replies * p).astype(int)
    return pd.DataFrame({"m": m, "count_a": a, "count_b": replies - a})


def test_a_tanh_curve_gives_back_its_parameters() -> None:
    fit = fit_curve(table(expit(2 * 2.0 * (LEVELS + 0.2)), replies=10_000))
    assert fit.beta == pytest.approx(2.0, abs=0.02)
    assert fit.h == pytest.approx(0.2, abs=0.01)
    assert fit.b0 == pytest.approx(2 * fit.beta * fit.h)
    assert fit.beta_ci[0] < 2.0 < fit.beta_ci[1]
    assert fit.h_ci[0] < 0.2 < fit.h_ci[1]
    assert fit.identifiable
    assert fit.note == ""
    assert fit.phase == "bistable"
    assert (fit.n_rows, fit.n_valid, fit.n_invalid) == (11, 110_000, 0)


def test_a_contrarian_curve_has_negative_conformity_and_a_finite_bias_interval() -> None:
    fit = fit_curve(table(expit(-2 * 1.5 * (LEVELS + 0.3))))
    assert fit.beta_ci[1] < 0.0
    assert fit.h_ci[0] < 0.3 < fit.h_ci[1]
    assert fit.h_ci[1] - fit.h_ci[0] < 0.4
    assert fit.p_bistable == 0.0
    assert isinstance(fit.empirical, EmpiricalResponse)
    assert fit.empirical(-1.0) > fit.empirical(1.0)


@pytest.mark.parametrize(("sign", "open_end"), [(1.0, 1), (-1.0, 0)])
def test_a_separated_curve_is_flagged_and_its_open_end_is_infinite(sign: float, open_end: int) -> None:
    fit = fit_curve(table((sign * LEVELS > 0.1).astype(float)))
    assert not fit.identifiable
    assert "separated" in fit.note
    assert np.isinf(fit.beta_ci[open_end])
    assert np.isfinite(fit.beta_ci[1 - open_end])
    assert abs(fit.beta) < 100.0
    # the threshold lies between the last B and the first A, so h is known well
    assert -0.25 < fit.h_ci[0] < fit.h_ci[1] < 0.25


@pytest.mark.parametrize("side", ["A", "B"])
def test_a_saturated_curve_is_flagged_and_claims_nothing_finite_about_conformity(side: str) -> None:
    fit = fit_curve(table(np.full(11, 1.0 if side == "A" else 0.0)))
    assert not fit.identifiable
    assert "saturated" in fit.note
    assert fit.beta_ci == (-np.inf, np.inf)
    assert fit.h_ci == (-np.inf, np.inf)
    assert fit.b0_ci[0 if side == "A" else 1] * (1 if side == "A" else -1) > 0.0
    assert fit.p_bistable < 0.05
    assert np.isfinite(fit.beta)


def test_a_flat_curve_leaves_the_bias_undetermined() -> None:
    fit = fit_curve(table(np.full(11, 0.7)))
    assert fit.beta_ci[0] < 0.0 < fit.beta_ci[1]
    assert fit.h_ci == (-np.inf, np.inf)
    assert not fit.identifiable
    assert fit.b0 == pytest.approx(np.log(0.7 / 0.3), abs=0.02)


def test_one_magnetization_gives_a_level_and_no_slope() -> None:
    fit = fit_curve(pd.DataFrame({"m": [0.0], "count_a": [30], "count_b": [10]}))
    assert not fit.identifiable
    assert fit.empirical is None
    assert fit.beta_ci == (-np.inf, np.inf)
    assert [point.n for point in fit.points] == [40]


def test_the_probability_of_bistability_is_the_share_of_bistable_draws() -> None:
    fit = fit_curve(table(expit(2 * 1.4 * (LEVELS + 0.1)), replies=10))
    b0, beta = fit.draws.T
    assert 0.05 < fit.p_bistable < 0.95
    assert fit.p_bistable == pytest.approx(float(np.mean(is_bistable(beta, b0 / (2 * beta)))))


def test_twice_the_data_narrow_the_intervals_by_the_root_of_two() -> None:
    p = expit(2 * 2.0 * (LEVELS + 0.1))
    widths = [np.diff(fit_curve(table(p, replies)).beta_ci)[0] for replies in (400, 800)]
    assert widths[0] / widths[1] == pytest.approx(np.sqrt(2.0), rel=0.05)


def test_splitting_rows_changes_nothing() -> None:
    whole = table(expit(2 * 2.0 * (LEVELS + 0.1)), replies=50)
    single = pd.DataFrame(
        [
            {"m": row.m, "count_a": int(chose), "count_b": int(not chose)}
            for row in whole.itertuples()
            for chose in [True] * row.count_a + [False] * row.count_b
        ]
    )
    one, other = fit_curve(whole), fit_curve(single)
    assert one.beta == pytest.approx(other.beta)
    assert one.beta_ci == pytest.approx(other.beta_ci)
    assert other.n_rows == 550


def test_samples_clustered_by_prompt_widen_the_intervals() -> None:
    m = np.repeat([-0.5, 0.0, 0.5], 8)
    clustered = np.tile([0.0, 20.0], 12)  # prompts disagree entirely, samples of one prompt never
    even = np.full(24, 10.0)
    widths = [np.diff(estimate_tanh(Counts(m, a, 20.0 - a)).beta_ci)[0] for a in (clustered, even)]
    assert widths[0] > 3.0 * widths[1]


def test_lapses_show_as_lack_of_fit_and_the_lapse_response_is_preferred() -> None:
    p = 0.15 + 0.7 * expit(2 * 5.0 * (LEVELS + 0.1))
    fit = fit_curve(table(p, replies=200))
    assert fit.fit_p_value < 1e-3
    assert fit.preferred == "lapse"
    assert isinstance(fit.lapse, LapseResponse)
    assert fit.lapse.floor == pytest.approx(0.15, abs=0.04)
    assert fit.lapse.ceiling == pytest.approx(0.85, abs=0.04)
    assert fit.scores["lapse"] > fit.scores["tanh"]


def test_a_tanh_curve_shows_no_lack_of_fit() -> None:
    fit = fit_curve(table(expit(2 * 1.5 * (LEVELS + 0.1)), replies=200))
    assert fit.fit_p_value > 0.2


def test_the_empirical_response_and_its_draws_are_monotone_probabilities() -> None:
    fit = fit_curve(table(expit(2 * 2.5 * (LEVELS - 0.1)), replies=20))
    assert isinstance(fit.empirical, EmpiricalResponse)
    assert fit.empirical_draws is not None
    assert fit.empirical_draws.shape[1] == fit.empirical.m.size
    assert np.all(np.diff(fit.empirical_draws, axis=1) >= 0.0)
    assert np.all((fit.empirical_draws > 0.0) & (fit.empirical_draws < 1.0))
    assert np.max(np.abs(fit.empirical.p - expit(2 * 2.5 * (LEVELS - 0.1)))) < 0.1


def test_points_hold_the_observations_in_order() -> None:
    shuffled = table(expit(2.0 * LEVELS)).sample(frac=1.0, random_state=1)
    fit = fit_curve(shuffled)
    assert [point.m for point in fit.points] == pytest.approx(list(LEVELS))
    for point in fit.points:
        assert point.ci[0] <= point.p <= point.ci[1]


def test_every_other_column_tells_curves_apart_even_where_it_is_empty() -> None:
    one = table(expit(2.0 * LEVELS)).assign(model="x", temperature=np.nan)
    two = table(expit(4.0 * LEVELS)).assign(model="y", temperature=0.2)
    fits = fit_curves(pd.concat([two, one]))
    assert [dict(fit.keys) for fit in fits] == [
        {"model": "y", "temperature": 0.2},
        {"model": "x", "temperature": None},
    ]
    assert fits[0].to_dict()["model"] == "y"
    with pytest.raises(RequestError, match="2 curves"):
        fit_curve(pd.concat([one, two]))
    assert fit_curve(pd.concat([one, two]), keys={"model": "both"}).keys == {"model": "both"}


def test_the_same_data_give_the_same_fit() -> None:
    data = table(expit(2 * 1.7 * (LEVELS + 0.1)), replies=8)
    first, second = fit_curve(data), fit_curve(data)
    assert first.to_dict() == second.to_dict()
    assert np.array_equal(first.draws, second.draws)


def test_progress_is_told_after_each_curve() -> None:
    data = pd.concat([table(expit(LEVELS * k)).assign(pair=k) for k in (1, 2, 3)])
    told: list[tuple[int, int]] = []
    fit_curves(data, on_curve=lambda done, total: told.append((done, total)))
    assert told == [(1, 3), (2, 3), (3, 3)]


@pytest.mark.parametrize(
    ("columns", "message"),
    [
        ({"m": [0.0], "count_a": [1]}, "missing column count_b"),
        ({"count_a": [1], "count_b": [1]}, "missing column m"),
        ({"m": [], "count_a": [], "count_b": []}, "no rows"),
        ({"m": [1.5], "count_a": [1], "count_b": [1]}, r"m is 1.5 in row 1.*\[-1, 1\]"),
        ({"m": [0.0, np.nan], "count_a": [1, 1], "count_b": [1, 1]}, "m is nan in row 2"),
        ({"m": [0.0], "count_a": [-1], "count_b": [1]}, "count_a is -1"),
        ({"m": [0.0], "count_a": [1], "count_b": [0.5]}, "count_b is 0.5"),
        ({"m": [0.0], "count_a": [1], "count_b": ["many"]}, "count_b is many"),
        ({"m": [0.0], "count_a": [0], "count_b": [0]}, "no valid sample"),
        ({"m": [0.0], "count_a": [1], "count_b": [1], "readout": ["guess"]}, "readout is 'guess'"),
        ({"m": [0.0], "count_a": [1], "count_b": [1], "readout": ["logprob"]}, "no column log_odds"),
    ],
)
def test_a_malformed_table_is_refused_in_one_line(columns: dict[str, list[object]], message: str) -> None:
    with pytest.raises(RequestError, match=message) as caught:
        fit_curves(pd.DataFrame(columns))
    assert "\n" not in str(caught.value)
