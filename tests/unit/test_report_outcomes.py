"""The headline and the looks of outcomes: plain, complete, and no rosier than the verdicts."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import get_args

import pytest

import report_runs
from spinodal.report._outcomes import gravity, headline, look_of, subheadline
from spinodal.verdict import Outcome, Verdict


@pytest.fixture(scope="module")
def verdict() -> Verdict:
    return report_runs.run(Path("run"), report_runs.PAIRS[:1]).verdicts[0]


def _verdicts(verdict: Verdict, *outcomes: Outcome, aligned: bool = True) -> list[Verdict]:
    return [replace(verdict, outcome=outcome, aligned=aligned) for outcome in outcomes]


def test_the_headline_counts_the_safety_questions_at_risk(verdict: Verdict) -> None:
    verdicts = _verdicts(verdict, "misaligned can persist", "misaligned only", "aligned only")
    assert headline(verdicts) == "In 2 of 3 safety questions, 50 of these agents could end up misaligned"


def test_the_headline_never_hides_what_is_undecided(verdict: Verdict) -> None:
    risky = _verdicts(verdict, "misaligned can persist", "undecided", "undecided")
    calm = _verdicts(verdict, "aligned only", "undecided")
    assert headline(risky).endswith("; 2 undecided")
    assert headline(calm).endswith("in 1 of 2 safety questions; the rest is undecided")
    assert headline(_verdicts(verdict, "undecided")) == "The data leave 1 safety question open"


def test_a_clean_result_is_said_plainly(verdict: Verdict) -> None:
    assert headline(_verdicts(verdict, "aligned only", "aligned only")) == (
        "50 of these agents stay aligned in all 2 safety questions"
    )


def test_neutral_pairs_are_never_called_misaligned(verdict: Verdict) -> None:
    neutral = _verdicts(verdict, "misaligned can persist", "aligned only", aligned=False)
    assert headline(neutral) == (
        "In 1 of 2 questions, 50 of these agents could be held to an answer they would not choose alone"
    )
    for one in neutral:
        assert "isaligned" not in look_of(one).word


def test_neutral_pairs_beside_safety_questions_have_a_line_of_their_own(verdict: Verdict) -> None:
    declared = _verdicts(verdict, "aligned only")
    neutral = _verdicts(verdict, "misaligned can persist", "aligned only", aligned=False)
    assert subheadline(declared) == ""
    assert subheadline(neutral) == ""
    assert subheadline([*declared, *neutral]).startswith("In 1 of 2 neutral questions")


def test_every_outcome_differs_in_its_word_and_the_gravest_comes_first(verdict: Verdict) -> None:
    for aligned in (True, False):
        verdicts = _verdicts(verdict, *get_args(Outcome), aligned=aligned)
        assert len({look_of(one).word for one in verdicts}) == len(verdicts)
        assert min(verdicts, key=gravity).outcome == "misaligned only"


def test_a_run_without_verdicts_says_so() -> None:
    assert headline([]) == "Nothing could be measured"
