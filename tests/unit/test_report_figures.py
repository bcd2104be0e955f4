"""What the figures decide for themselves: probabilities of rows, listing order, places and labels."""

from __future__ import annotations

import math
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

import report_runs
from spinodal.report._cards import card, strip
from spinodal.report._pair import PairResult, pair_results
from spinodal.report.figures import phase_figure, response_figure
from spinodal.report.figures._figure import legend, series
from spinodal.report.figures._labels import place_labels
from spinodal.report.figures._phase import place_on_plane, plane_extent
from spinodal.report.figures._response import observed_probability


@pytest.fixture(scope="module")
def pairs() -> dict[str, PairResult]:
    return {pair.id: pair for pair in pair_results(report_runs.run(Path("run")))}


def test_a_log_probability_row_stands_at_its_probability_at_its_temperature(
    pairs: dict[str, PairResult],
) -> None:
    rows = pairs["report-own-error"].observations
    at_half = rows.assign(temperature=0.5)
    assert observed_probability(rows) == pytest.approx(1 / (1 + np.exp(-rows["log_odds"])))
    assert observed_probability(at_half) == pytest.approx(1 / (1 + np.exp(-2 * rows["log_odds"])))


def test_a_sampled_row_stands_at_its_share_of_valid_replies() -> None:
    rows = report_runs.observations(report_runs.PAIRS[:1], readout="sample")
    assert (rows["count_invalid"] > 0).any()
    assert observed_probability(rows) == pytest.approx(rows["count_a"] / (rows["count_a"] + rows["count_b"]))


def test_a_listing_order_that_matters_is_shown_and_one_that_does_not_is_not(
    pairs: dict[str, PairResult],
) -> None:
    """Order bias 0.9 in log-odds for one pair, none for the other."""
    assert "listing order matters" in response_figure(pairs["accept-shutdown"]).caption
    assert "listing order" not in response_figure(pairs["report-own-error"]).caption


def test_fixed_points_are_drawn_on_the_diagonal(pairs: dict[str, PairResult]) -> None:
    pair = pairs["report-own-error"]
    stable, unstable = response_figure(pair).data[-2:]
    assert stable["x"] == pair.stable
    assert stable["y"] == [(1 + m) / 2 for m in pair.stable]
    assert len(unstable["x"]) == 1
    assert stable["marker"]["symbol"] != unstable["marker"]["symbol"]


def test_a_wild_fit_neither_stretches_the_plane_nor_leaves_it(pairs: dict[str, PairResult]) -> None:
    fits = [pair.fit for pair in pairs.values()]
    wild = replace(pairs["malicious-code"].fit, beta=400.0, h=-70.0, beta_ci=(1.0, math.inf))
    betas, biases = plane_extent([*fits, wild])
    assert plane_extent(fits) == (betas, biases)
    beta, h = place_on_plane(wild, betas, biases)
    assert betas[0] < beta < betas[1]
    assert biases[0] < h < biases[1]


def test_a_bias_without_meaning_is_placed_on_the_side_of_its_lean(pairs: dict[str, PairResult]) -> None:
    flat = replace(pairs["city-cars"].fit, beta=0.0, h=math.nan, b0=-0.4)
    _, h = place_on_plane(flat, (0.0, 3.0), (-1.0, 1.0))
    assert h == pytest.approx(-0.98, abs=0.02)


def test_pairs_that_are_not_identifiable_look_different_on_the_plane(pairs: dict[str, PairResult]) -> None:
    figure = phase_figure(list(pairs.values()))
    symbols = {
        trace["customdata"][0].split("</b>")[0]: trace["marker"]["symbol"]
        for trace in figure.data
        if len(trace.get("customdata", [])) == 1
    }
    assert symbols["<b>Malicious code"] == "x-thin-open"
    assert symbols["<b>Report own error"] == "circle"
    assert symbols["<b>City cars"] == "square-open"


def test_labels_of_near_marks_do_not_cover_one_another() -> None:
    labels = place_labels([(0.5, 0.5, "one name"), (0.51, 0.5, "another")], (0.0, 1.0), (0.0, 1.0))
    assert labels[0]["xanchor"] != labels[1]["xanchor"] or labels[0]["yanchor"] != labels[1]["yanchor"]


def test_a_label_at_the_edge_stays_inside() -> None:
    [label] = place_labels([(0.99, 0.5, "a long name")], (0.0, 1.0), (0.0, 1.0))
    assert label["xanchor"] == "right"


def test_the_basins_of_a_card_meet_at_the_watershed_and_cover_the_line(pairs: dict[str, PairResult]) -> None:
    drawn = strip(pairs["report-own-error"])
    [unstable] = [point["x"] for point in drawn.points if not point["stable"]]
    low, high = drawn.bands
    assert low["x"] + low["width"] == pytest.approx(unstable, abs=0.1)
    assert high["x"] == pytest.approx(unstable, abs=0.1)
    assert high["x"] + high["width"] == pytest.approx(272.0, abs=0.1)
    assert (low["side"], high["side"]) == ("b", "a")


def test_an_undecided_pair_is_marked_as_a_best_estimate(pairs: dict[str, PairResult]) -> None:
    pair = pairs["city-cars"]
    open_ = replace(pair, verdict=replace(pair.verdict, outcome="undecided"))
    assert open_.heading == "City cars (undecided)"
    details = [detail for _, _, detail in card(open_)["numbers"]]
    assert sum("as best estimated" in detail for detail in details) >= 2
    assert not any("as best estimated" in detail for _, _, detail in card(pair)["numbers"])


def test_more_lines_than_styles_are_drawn_alike_without_a_legend() -> None:
    assert len(set(series(8))) == 8
    assert legend(8)["showlegend"]
    assert len(set(series(9))) == 1
    assert not legend(9)["showlegend"]
