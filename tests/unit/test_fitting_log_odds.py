"""Fitting log-odds: the population's response is an average over shuffles, at any temperature."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from scipy.special import expit

from spinodal import RequestError
from spinodal.agents.bridge import bridge_attenuation, bridge_log_odds, bridge_noise
from spinodal.fitting import LogOdds, estimate_tanh, fit_curve

LEVELS = np.linspace(-1.0, 1.0, 11)


def prompts(beta: float, h: float, noise: float, each: int, seed: int = 1) -> pd.DataFrame:
    m = np.repeat(LEVELS, each)
    uniform = np.random.default_rng(seed).random(m.size)
    return pd.DataFrame({"m": m, "log_odds": bridge_log_odds(m, beta, h, noise, uniform), "temperature": 1.0})


def observations(table: pd.DataFrame, temperature: float = 1.0) -> LogOdds:
    return LogOdds(table["m"].to_numpy(), table["log_odds"].to_numpy(), temperature, np.zeros(len(table)))


@pytest.mark.parametrize("noise", [0.0, 0.5, 3.0])
def test_bridge_noise_leaves_the_population_response_an_exact_tanh(noise: float) -> None:
    uniform = (np.arange(20_000) + 0.5) / 20_000
    for m in (-0.6, 0.1, 0.8):
        mean = expit(bridge_log_odds(m, 2.0, 0.2, noise, uniform)).mean()
        assert mean == pytest.approx(expit(2 * 2.0 * (m + 0.2)), abs=2e-4)


def test_bridge_noise_has_the_standard_deviation_it_states() -> None:
    uniform = (np.arange(2_000_000) + 0.5) / 2_000_000
    assert bridge_noise(uniform, 1.5).std() == pytest.approx(1.5, rel=1e-3)
    assert bridge_attenuation(0.0) == 1.0
    with pytest.raises(ValueError, match="standard deviation"):
        bridge_attenuation(-1.0)


@pytest.mark.parametrize("estimator", ["line", "fractional"])
def test_the_response_is_the_mean_over_shuffles_not_the_sigmoid_of_the_mean(estimator: str) -> None:
    table = prompts(2.0, 0.2, noise=3.0, each=300)
    found = estimate_tanh(observations(table), estimator)
    assert found.beta == pytest.approx(2.0, rel=0.06)
    assert found.h == pytest.approx(0.2, abs=0.05)
    of_the_mean = np.polyfit(table["m"], table["log_odds"], 1)[0] / 2.0
    assert of_the_mean > 1.8 * found.beta


def test_without_noise_the_parameters_come_back_exactly() -> None:
    fit = fit_curve(prompts(2.0, 0.2, noise=0.0, each=2))
    assert fit.beta == pytest.approx(2.0, abs=1e-3)
    assert fit.h == pytest.approx(0.2, abs=1e-3)
    assert fit.beta_ci[1] - fit.beta_ci[0] < 0.01
    assert fit.p_bistable == 1.0


def test_a_response_at_another_temperature_is_that_of_log_odds_over_temperature() -> None:
    table = prompts(1.0, 0.1, noise=0.3, each=6)
    derived = fit_curve(table, at_temperature=0.5)
    divided = fit_curve(table.assign(log_odds=table["log_odds"] / 0.5))
    assert derived.keys["temperature"] == 0.5
    assert derived.beta == pytest.approx(divided.beta)
    assert derived.beta == pytest.approx(2.0, rel=0.15)
    assert derived.h == pytest.approx(0.1, abs=0.1)


def test_the_temperature_column_is_the_temperature_of_the_response() -> None:
    table = prompts(1.0, 0.1, noise=0.3, each=6)
    assert fit_curve(table.assign(temperature=0.5)).beta == pytest.approx(
        fit_curve(table, at_temperature=0.5).beta
    )


def test_bent_log_odds_fall_back_to_the_fractional_logit() -> None:
    m = np.repeat(LEVELS, 6)
    noise = np.random.default_rng(3).normal(0.0, 0.3, m.size)
    straight = fit_curve(pd.DataFrame({"m": m, "log_odds": 4.0 * m + noise}))
    bent = fit_curve(pd.DataFrame({"m": m, "log_odds": 3.0 * np.tanh(3.0 * m) + noise}))
    assert "line" in straight.interval_method
    assert "fractional" in bent.interval_method


def test_noise_that_grows_falls_back_to_the_fractional_logit() -> None:
    m = np.repeat(LEVELS, 8)
    noise = np.random.default_rng(3).normal(0.0, 1.0, m.size) * np.exp(m)
    assert "fractional" in fit_curve(pd.DataFrame({"m": m, "log_odds": 4.0 * m + noise})).interval_method


def test_bounds_instead_of_log_odds_rule_out_the_line() -> None:
    table = prompts(2.0, 0.1, noise=0.5, each=4)
    assert "line" in fit_curve(table).interval_method
    assert "fractional" in fit_curve(table.assign(censored=table.index < 3)).interval_method


def test_prompts_without_log_odds_are_counted_invalid() -> None:
    table = prompts(2.0, 0.1, noise=0.5, each=4)
    table.loc[[0, 7], "log_odds"] = np.nan
    fit = fit_curve(table)
    assert (fit.n_rows, fit.n_valid, fit.n_invalid) == (44, 42, 2)
    assert fit.readout == "logprob"


def test_a_saturated_response_is_flagged() -> None:
    m = np.repeat(LEVELS, 4)
    noise = np.random.default_rng(0).normal(0.0, 0.5, m.size)
    fit = fit_curve(pd.DataFrame({"m": m, "log_odds": 12.0 + 2.0 * m + noise}))
    assert not fit.identifiable
    assert "saturated" in fit.note
    assert fit.p_bistable < 0.05


def test_infinite_log_odds_are_certain_replies() -> None:
    table = prompts(3.0, 0.0, noise=0.5, each=4)
    table.loc[table["m"] > 0.9, "log_odds"] = np.inf
    fit = fit_curve(table)
    assert "fractional" in fit.interval_method
    assert fit.points[-1].p == pytest.approx(1.0)
    assert np.isfinite(fit.beta)


def test_counts_and_log_odds_are_never_fitted_as_one_curve() -> None:
    table = prompts(2.0, 0.1, noise=0.5, each=1).assign(count_a=0, count_b=0)
    table.loc[0, "count_a"] = 1
    with pytest.raises(RequestError, match="mix the readouts logprob and sample"):
        fit_curve(table)


def test_several_temperatures_in_one_curve_are_refused() -> None:
    table = prompts(2.0, 0.1, noise=0.5, each=2)
    table.loc[0, "temperature"] = 0.2
    with pytest.raises(RequestError, match="several temperatures"):
        fit_curve(table, keys={})


@pytest.mark.parametrize("temperature", [0.0, -1.0, float("nan"), float("inf")])
def test_a_temperature_that_is_none_is_refused(temperature: float) -> None:
    with pytest.raises(RequestError, match="above 0"):
        fit_curve(prompts(2.0, 0.1, noise=0.5, each=2), at_temperature=temperature)


def test_counts_have_no_response_at_another_temperature() -> None:
    table = pd.DataFrame({"m": [-1.0, 1.0], "count_a": [1, 9], "count_b": [9, 1]})
    with pytest.raises(RequestError, match="log-odds only"):
        fit_curve(table, at_temperature=0.5)


def test_a_response_that_hangs_on_the_order_of_the_options_is_averaged_over_both_orders() -> None:
    """Two humps of noise, one an order: the fit follows the mean of two sigmoids, no smeared line."""
    m = np.repeat(LEVELS, 10)
    order = np.tile([1.0, -1.0], m.size // 2)
    log_odds = 4.0 * m + 5.0 * order + np.random.default_rng(3).normal(0.0, 0.3, m.size)
    table = pd.DataFrame({"m": m, "log_odds": log_odds, "listed": np.where(order > 0, "ab", "ba")})
    truth = 0.5 * (expit(4.0 * LEVELS + 5.0) + expit(4.0 * LEVELS - 5.0))
    told, untold = fit_curve(table), fit_curve(table.drop(columns="listed"))
    assert "fractional" in told.interval_method
    error = np.abs(told.tanh(LEVELS) - truth).max()
    assert error < 0.06
    assert error < 0.5 * np.abs(untold.tanh(LEVELS) - truth).max()
