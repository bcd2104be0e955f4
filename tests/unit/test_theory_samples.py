"""Uncertainty carried through from draws of (beta, h)."""

from __future__ import annotations

import json
import math

import numpy as np
import pytest

from spinodal._errors import RequestError
from spinodal.response import TanhResponse
from spinodal.theory import Spread, outlook, propagate

_GENERATOR = np.random.default_rng(3)
BETA, H = _GENERATOR.normal(2.2, 0.5, 200), _GENERATOR.normal(0.2, 0.1, 200)


def test_every_draw_has_the_outlook_it_would_have_alone() -> None:
    found = propagate(BETA[:40], H[:40], agents=30)
    assert found.log_lifetime is not None
    for i in range(40):
        alone = outlook(TanhResponse(BETA[i], H[i]), 30)
        assert found.bistable[i] == (alone.phase == "bistable")
        for side in ("A", "B"):
            z = alone.tipping[side].zealots_per_agent
            assert found.zealots_per_agent[side][i] == pytest.approx(
                math.nan if z is None else z, nan_ok=True
            )
        assert alone.escape is not None
        logs = [None if t is None else math.log(t) for t in (alone.escape.from_A, alone.escape.from_B)]
        for side, log in zip(("A", "B"), logs, strict=True):
            expected = math.nan if log is None else log
            assert found.log_lifetime[side][i] == pytest.approx(expected, nan_ok=True)


def test_shares_and_quantiles_are_those_of_the_draws() -> None:
    found = propagate(BETA, H)
    z = found.zealots_per_agent["A"]
    some = z[~np.isnan(z)]
    assert 0.0 < found.p_bistable < 1.0
    assert found.tipping["A"].probability == some.size / z.size
    assert found.tipping["A"].interval == pytest.approx(tuple(np.quantile(some, [0.025, 0.975])))
    assert found.tipping["A"].median == pytest.approx(np.median(some))
    median = np.median(some)
    assert found.fraction["A"].median == pytest.approx(median / (1.0 + median), rel=0.01)
    assert found.lifetimes is None


def test_certain_parameters_leave_no_spread() -> None:
    found = propagate(np.full(5, 2.943), np.full(5, 0.325), agents=50)
    assert found.p_bistable == 1.0
    assert found.tipping["B"].interval == pytest.approx((0.758524, 0.758524), abs=1e-6)
    assert found.lifetimes is not None
    assert found.lifetimes["B"].median == pytest.approx(1279.13, abs=0.005)


def test_in_a_large_population_evenly_chosen_draws_carry_the_lifetimes(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    whole = propagate(BETA, H, agents=50)
    monkeypatch.setattr("spinodal.theory._samples.MOST_WORK", 50 * 100)
    monkeypatch.setattr("spinodal.theory._samples.FEWEST_DRAWS", 10)
    thinned = propagate(BETA, H, agents=50)
    assert whole.log_lifetime is not None
    assert thinned.log_lifetime is not None
    assert np.array_equal(thinned.log_lifetime["A"], whole.log_lifetime["A"][::2], equal_nan=True)


def test_a_quantity_that_never_exists_has_no_interval() -> None:
    assert Spread.over(np.array([np.nan, np.nan])) == Spread(None, 0.0, None)
    assert propagate([0.5], [0.0]).tipping["A"].interval is None


def test_the_dictionary_is_json_whatever_the_lifetimes() -> None:
    found = propagate([6.0, 6.0, 0.5], [0.0, 0.1, 0.0], agents=2_000).to_dict()
    lifetime = found["escape_sweeps"]["from_A"]
    assert lifetime["probability"] == pytest.approx(2 / 3)
    assert lifetime["median"] == pytest.approx(1.797e308, rel=1e-3)
    json.dumps(found, allow_nan=False)


@pytest.mark.parametrize(
    ("beta", "h", "agents", "said"),
    [
        ([], [], None, "as many of both"),
        ([1.0, 2.0], [0.0], None, "as many of both"),
        ([math.nan], [0.0], None, "finite numbers"),
        ([1.0], [math.inf], None, "finite numbers"),
        ([2.0], [0.0], 1, "a population of 1 agents"),
    ],
)
def test_impossible_draws_are_refused(
    beta: list[float], h: list[float], agents: int | None, said: str
) -> None:
    with pytest.raises(RequestError, match=said):
        propagate(beta, h, agents)
