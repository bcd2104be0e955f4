"""The picture of a contagion study: a mark an effect, filled where the tests show it."""

from __future__ import annotations

from pathlib import Path

import pytest

from contagion_studies_made import lived, plan_of
from spinodal.contagion_verdict import INDEX, judge_contagion
from spinodal.plots import save


def test_every_effect_is_a_mark_with_its_interval(tmp_path: Path) -> None:
    run = lived(
        plan_of(
            "shift=-0.04/scatter=0.005", guards=["neutral"], repetitions=8, traits=("honesty", "curiosity")
        )
    )
    verdict = judge_contagion(run)
    ax = verdict.plot()
    assert [label.get_text() for label in ax.get_yticklabels()] == [INDEX, "honesty", "curiosity"]
    effects = [verdict.contagion.index, *verdict.contagion.traits]
    marks = [line for line in ax.lines if line.get_marker() == "o"]
    assert [line.get_xdata()[0] for line in marks] == pytest.approx([one.estimate for one in effects if one])
    filled = [line.get_markerfacecolor() != "white" for line in marks]
    assert filled == [one.p_adjusted < 0.05 for one in effects if one]
    assert filled[:2] == [True, True]
    named = [text.get_text() for text in ax.get_legend().get_texts()]
    assert named == ["no guard", "neutral"]
    assert save(ax, tmp_path / "study.svg").stat().st_size > 1000


def test_a_study_without_games_draws_that_there_are_none() -> None:
    run = lived(plan_of(repetitions=1))
    run.games["end"] = "failed"
    ax = judge_contagion(run).plot()
    assert [text.get_text() for text in ax.texts] == ["no matched games came to their end"]
