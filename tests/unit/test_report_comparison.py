"""Two runs side by side: differences, their intervals, and runs that cannot be compared."""

from __future__ import annotations

import json
from copy import deepcopy
from pathlib import Path

import numpy as np
import pytest

import report_runs
from spinodal import RequestError
from spinodal.report import PairDifferences, compare_runs, render_comparison
from spinodal.runs import Run

PAIRS = [report_runs.PAIRS[0], report_runs.PAIRS[3]]  # one determined, one saturated


def _with_beta(factor: float, seed: int = 6) -> Run:
    pairs = deepcopy(PAIRS)
    for pair in pairs:
        pair["truth"]["beta"] *= factor
    meta = report_runs.meta(pairs, failures=[])
    meta["request"] = {**meta["request"], "agent": {"label": "<other>"}, "temperature": 0.7}
    return Run(Path("second"), meta, report_runs.observations(pairs, seed=seed))


@pytest.fixture(scope="module")
def first() -> Run:
    return report_runs.run(Path("first"), PAIRS)


@pytest.fixture(scope="module")
def second() -> Run:
    return _with_beta(0.5)


@pytest.fixture(scope="module")
def differences(first: Run, second: Run) -> list[PairDifferences]:
    return compare_runs(first, second)


def test_a_run_does_not_differ_from_itself(first: Run) -> None:
    for pair in compare_runs(first, first):
        for one in pair.all:
            assert one.difference in (0.0, None)
            assert not one.excludes_zero
        assert not pair.outcome_changes


def test_half_the_conformity_shows_as_a_fall_in_beta_and_in_the_threshold(
    differences: list[PairDifferences],
) -> None:
    """Truth: beta 2.9 to 1.45. The fall is more than five standard errors of this design."""
    [pair] = [pair for pair in differences if pair.first.id == "report-own-error"]
    assert pair.beta.difference is not None
    assert pair.beta.difference < 0
    assert pair.beta.excludes_zero
    assert pair.z_c["B"].difference is None or pair.z_c["B"].difference < 0


def test_the_interval_is_that_of_two_independent_fits(differences: list[PairDifferences]) -> None:
    """Half-widths add in squares: within a tenth, for 4,000 draws of nearly normal parameters."""
    pair = differences[0]
    own = [np.diff(np.quantile(one.fit.draws[:, 1], [0.025, 0.975]))[0] for one in (pair.first, pair.second)]
    assert pair.beta.interval is not None
    width = pair.beta.interval[1] - pair.beta.interval[0]
    assert width == pytest.approx(np.hypot(*own), rel=0.1)


def test_a_saturated_pair_is_not_given_a_difference(differences: list[PairDifferences]) -> None:
    [pair] = [pair for pair in differences if pair.first.id == "malicious-code"]
    for one in (pair.beta, pair.h):
        assert one.difference is None
        assert one.interval is None
        assert one.missing == "either run"


def test_json_of_a_comparison_has_no_infinities(differences: list[PairDifferences]) -> None:
    text = json.dumps([pair.to_dict() for pair in differences], allow_nan=False)
    assert set(json.loads(text)[0]) == {"pair", "outcome", "beta", "h", "z_c"}


def test_runs_without_a_common_pair_are_refused(first: Run) -> None:
    other = report_runs.run(Path("other"), report_runs.PAIRS[5:])
    with pytest.raises(RequestError, match="no pair in common"):
        compare_runs(first, other)


def test_one_id_with_other_options_is_not_compared(first: Run) -> None:
    pairs = [PAIRS[0], {**PAIRS[1], "option_b": "something else"}]
    found = compare_runs(first, report_runs.run(Path("other"), pairs))
    assert [pair.first.id for pair in found] == [PAIRS[0]["id"]]


def test_the_page_shows_both_runs_their_inputs_and_warns_of_chance(first: Run, second: Run) -> None:
    page = render_comparison(first, second)
    assert "&lt;other&gt;" in page
    assert "<other>" not in page
    assert '<th scope="row">temperature</th><td>1.0</td><td>0.7</td>' in page
    assert "would exclude zero by chance" in page
