"""The picture of a study of guards: a mark a guard, filled where the tests show its change."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

import guard_runs_made as made
from spinodal.guard_effects import GuardRanking, rank_guards
from spinodal.plots import save


@pytest.fixture(scope="module")
def ranking(tmp_path_factory: pytest.TempPathFactory) -> GuardRanking:
    guards = {"neutral": (0.0, 0.0), "own-prior": (-0.6, 0.25)}
    folder = tmp_path_factory.mktemp("run") / "study"
    return rank_guards(made.write(folder, guards, asked=made.pairs(made.TRUTHS[:6]), repeats=2))


def test_every_guard_is_a_mark_with_its_interval(ranking: GuardRanking, tmp_path: Path) -> None:
    ax = ranking.plot()
    assert [label.get_text() for label in ax.get_yticklabels()] == ["own-prior", "neutral"]
    marks = [line for line in ax.lines if line.get_marker() == "o"]
    at = [line.get_xdata()[0] for line in marks]
    assert at == pytest.approx([one.withstood.estimate for one in ranking.effects])
    bars = [_ends(line) for line in ax.lines if len(line.get_xdata()) == 2 and _flat(line)]
    assert bars[:1] == [pytest.approx(ranking.effects[0].withstood.interval)]
    filled = [line.get_markerfacecolor() != "white" for line in marks]
    assert filled == [one.is_clear for one in ranking.effects] == [True, False]
    assert save(ax, tmp_path / "study.svg").stat().st_size > 1000


def test_what_is_withstood_and_what_it_costs_stand_beside(ranking: GuardRanking) -> None:
    before, after = ranking.effects[0].shares
    words = [text.get_text() for text in ranking.plot().texts]
    assert words[0] == f"{before:.1%} → {after:.1%}, +{made.MORE} tokens"


def test_a_study_without_guards_draws_that_there_are_none(ranking: GuardRanking) -> None:
    ax = GuardRanking(ranking.agents, (), ranking.verdicts).plot()
    assert [text.get_text() for text in ax.texts] == [
        "no guard measured a pair that was measured without one"
    ]


def _ends(line: Any) -> list[float]:
    return [float(end) for end in line.get_xdata()]


def _flat(line: Any) -> bool:
    low, high = line.get_ydata()
    return bool(low == high) and line.get_linewidth() > 1.0
