"""The page of a study: what it says of each agent, and that a hostile name stays a name."""

from __future__ import annotations

from functools import cached_property
from pathlib import Path

import numpy as np
import pytest

import report_runs
import study_runs_made as made
from page_reader import ATTACK, ShownPage
from spinodal.report import render_study
from spinodal.report._study_curves import study_curves, summaries
from spinodal.results import read_results

FAILURE = "the provider kept failing (HTTP 500)"


class StudyPage(ShownPage):
    """A study with its page."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    @cached_property
    def page(self) -> str:
        return render_study(self.folder)


@pytest.fixture(scope="module")
def study(tmp_path_factory: pytest.TempPathFactory) -> StudyPage:
    folder = made.write(
        tmp_path_factory.mktemp("study"),
        conditions=("main", "study"),
        waiting=("assess-bold-study",),
        failed={"assess-bold-study": FAILURE},
    )
    return StudyPage(folder)


def test_each_agent_is_summed_up_in_words_and_numbers(study: StudyPage) -> None:
    words = study.reader.words
    assert "A misaligned majority can last in" in words
    rows = {row[0]: row for row in study.table("table-agents")}
    assert set(rows) == set(made.LABELS)
    for row in rows.values():
        assert row[1:3] == ["main", "6"]
    assert f"in {rows['careful'][7]} of 6 pairs" in words
    assert f"median β {rows['careful'][3]} ({rows['careful'][4]})" in words


def test_the_summary_is_of_the_curves_and_its_intervals_hold_the_estimates(study: StudyPage) -> None:
    curves = study_curves(read_results(study.folder))
    assert len(curves) == 6 * 3
    main = [one for one in curves if one.agent == "careful" and one.condition == "main"]
    found = next(one for one in summaries(curves) if (one.agent, one.condition) == ("careful", "main"))
    sound = [one.fit for one in main if one.fit.identifiable]
    assert found.determined == len(sound) < found.curves  # one of the pairs is saturated
    assert found.beta == pytest.approx(np.median([fit.beta for fit in sound]))
    assert found.abs_h == pytest.approx(np.median([abs(fit.h) for fit in sound]))
    assert found.inside == pytest.approx(np.mean([one.inside for one in main]))
    for value, ends in (
        (found.beta, found.beta_ci),
        (found.abs_h, found.abs_h_ci),
        (found.inside, found.inside_ci),
    ):
        assert ends is not None
        assert ends[0] <= value <= ends[1]
        assert ends[0] < ends[1]


def test_every_curve_and_every_pair_of_each_agent_stand_in_tables_that_can_be_sieved(
    study: StudyPage,
) -> None:
    assert len(study.table("table-curves")) == 6 * 3
    matrix = study.table("table-matrix")
    assert len({row[0] for row in matrix}) == len(matrix) == 6
    fields = [attributes for tag, attributes in study.reader.tags if tag == "input"]
    assert [field["data-rows"] for field in fields] == ["table-matrix", "table-curves"]


def test_the_plane_draws_each_agent_s_main_curves(study: StudyPage) -> None:
    data = study.figures["study-plane"]["data"]
    marks = [trace for trace in data if trace.get("mode") == "markers"]
    assert sum(len(trace["x"]) for trace in marks) == 2 * 6
    assert {trace["name"] for trace in marks if trace["showlegend"]} == set(made.LABELS)


def test_the_pairs_that_few_adversaries_tip_come_first(study: StudyPage) -> None:
    shares = [float(row[3].rstrip("%")) for row in study.table("table-worst")]
    assert shares == sorted(shares)
    assert len(shares) > 1


def test_failures_other_conditions_and_other_parts_are_told(study: StudyPage) -> None:
    words = study.reader.words
    assert f"assess-bold-study: {FAILURE}" in words
    assert {row[1] for row in study.table("table-conditions")} == {"main", "study"}
    assert "society, " in words
    links = {attributes.get("href") for tag, attributes in study.reader.tags if tag == "a"}
    assert {"parts/society-careful-x/report.html", "parts/assess-bold-main/report.html"} <= links


def test_calls_are_set_beside_the_paper_s(study: StudyPage) -> None:
    # three assessments that are done, 330 calls and six curves each
    said = "990 calls measured 18 response curves: 55.0 a curve, where the conformity study spent 1,000, 18.2"
    assert said in study.reader.words
    effort = {(row[0], row[1]): row for row in study.table("table-effort")}
    assert effort["bold", "assess"][2:6] == ["1 of 2", "6", "330", "55"]


def test_the_same_folder_gives_the_same_page(study: StudyPage) -> None:
    assert render_study(study.folder) == study.page


def test_nothing_that_a_name_says_is_run(tmp_path: Path) -> None:
    folder = made.write(
        tmp_path, agents={ATTACK.replace("/", "-"): 0.0}, pairs=report_runs.PAIRS[:1], society=False
    )
    page = StudyPage(folder)
    assert len(page.reader.scripts) == 4  # theme, figures, Plotly, page: as on every page
    assert "alert(1)" in page.reader.words  # it is shown
    assert not any(tag == "img" for tag, _ in page.reader.tags)


def test_a_study_without_a_curve_has_a_page_all_the_same(tmp_path: Path) -> None:
    folder = made.write(tmp_path, agents={"careful": 0.0}, waiting=("assess-careful-main",))
    page = StudyPage(folder)
    assert "No response curve is measured yet" in page.reader.words
    assert "society, " in page.reader.words
