"""Figures of many runs: what is drawn is what the data, and the laws behind them, say."""

from __future__ import annotations

import itertools
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from matplotlib.axes import Axes
from matplotlib.collections import LineCollection, PathCollection
from matplotlib.figure import Figure
from matplotlib.text import Text
from scipy import stats

import contagion_runs_made
from results_made import (
    counted,
    laws_made,
    loop_rows,
    pairs_made,
    path_rows,
    results,
    tipping_rows,
    told,
)
from spinodal import figures
from spinodal._errors import RequestError
from spinodal.figures import FIGURES, _staying, caption_of, find_figure, telling
from spinodal.figures._curves import between_points, curves_of, main_curves
from spinodal.figures._expected import mean_field_thresholds
from spinodal.figures._look import short_names, style
from spinodal.figures._studies import contagion_study
from spinodal.pairs import OptionPair
from spinodal.plots import save
from spinodal.response import EmpiricalResponse, TanhResponse
from spinodal.results import Results
from spinodal.theory import hysteresis, spinodal_h, tipping_threshold

PAIRS = pairs_made(12)
FIRST = PAIRS["pair-0"]
AGENTS = {"x/qwen-8b": (2.4, 0.2), "x/qwen-32b": (2.9, 0.4), "gemma": (3.5, 0.3)}
LAWS = laws_made(AGENTS, len(PAIRS), seed=3)
MODEL = TanhResponse(2.4, 0.1)
ALL_A = TanhResponse(0.01, 900.0)
"""Every reply chooses A: nothing bounds h."""


def expected_curves(agents: dict[str, list[TanhResponse]] = LAWS, **more: Any) -> list[dict[str, Any]]:
    """Curves whose counts are the expected ones."""
    return [
        row
        for agent, laws in agents.items()
        for pair, law in zip(PAIRS.values(), laws, strict=False)
        for row in counted(agent, pair, law, replies=2000, **more)
    ]


@pytest.fixture(scope="module")
def measured() -> Results:
    """Three agents and twelve pairs, and one pair of which every reply chose A."""
    rows = expected_curves() + counted("gemma", OptionPair("all-a", "made", "yes", "no"), ALL_A)
    pairs = PAIRS | {"all-a": OptionPair("all-a", "made", "yes", "no")}
    return results(rows, pairs=pairs, families={"x/qwen-8b": "qwen", "x/qwen-32b": "qwen"})


@pytest.fixture(scope="module")
def varied() -> Results:
    """Conditions of known effect: beta/T, another template at 0.7 beta, beta falling with the group."""
    rows = []
    for pair, law in itertools.islice(zip(PAIRS.values(), LAWS["gemma"], strict=True), 8):
        rows += counted("gemma", pair, law, replies=2000)
        rows += counted("gemma", pair, TanhResponse(law.beta * 0.5, law.h), replies=2000, temperature=0.4)
        rows += counted("gemma", pair, TanhResponse(law.beta * 0.7, law.h), replies=2000, template="other")
        rows += counted("gemma", pair, TanhResponse(law.beta * 1.5, law.h), replies=2000, n_peers=20)
    return results(rows, pairs=PAIRS)


@pytest.fixture(scope="module")
def lived() -> Results:
    """Populations, loops and tipping of one agent, with its measured response."""
    return results(
        counted("gemma", FIRST, MODEL, replies=2000),
        paths=path_rows("gemma", FIRST, MODEL, runs=6, sweeps=8),
        loops=[row for number in (0, 1, 2) for row in loop_rows("gemma", FIRST, MODEL, trajectory=number)],
        tippings=tipping_rows("gemma", FIRST, MODEL, 20) + tipping_rows("gemma", FIRST, MODEL, 5, seed=1),
        pairs=PAIRS,
    )


@pytest.fixture(autouse=True)
def _coarse(monkeypatch: pytest.MonkeyPatch) -> None:
    """A background of few cells: its colours are those of the marks' own computation."""
    monkeypatch.setattr(_staying, "_GRID", (8, 6))


@pytest.fixture(scope="module")
def studied(tmp_path_factory: pytest.TempPathFactory) -> Results:
    """A contagion study of known effects."""
    run = contagion_runs_made.write(
        tmp_path_factory.mktemp("contagion"), others=("transcript", "always-defect"), repetitions=4
    )
    return results(contagion={run.name: run})


@pytest.fixture(scope="module")
def everything(measured: Results, varied: Results, lived: Results, studied: Results) -> dict[str, Results]:
    """For each figure results that it can be drawn of."""
    of = dict.fromkeys(FIGURES, measured)
    of |= dict.fromkeys(("temperature", "framing", "group-size", "critical-size"), varied)
    of |= dict.fromkeys(("trajectories", "tipping", "loop", "thresholds"), lived)
    of |= dict.fromkeys(("contagion-traits", "contagion-guards", "cooperation"), studied)
    return of


def lines(ax: Axes, marker: str | None = None) -> list[np.ndarray]:
    """Points (n, 2) of lines, with that marker where one is asked for."""
    return [
        np.column_stack([line.get_xdata(), line.get_ydata()])
        for line in ax.lines
        if (marker is None or line.get_marker() == marker) and len(np.atleast_1d(line.get_xdata()))
    ]


# --- curves ---------------------------------------------------------------------------------------------


def test_the_condition_with_most_pairs_is_taken_and_said() -> None:
    rows = counted("a", FIRST, MODEL, temperature=0.2)
    for pair in PAIRS.values():
        rows += counted("a", pair, MODEL, temperature=1.0)
    made = results(rows)
    [curves] = main_curves(made).values()
    assert {curve.condition.temperature for curve in curves} == {1.0}
    assert "temperature 1, 50 peers shown" in caption_of(figures.phase_plane(made))
    [curves] = main_curves(made, temperature=0.2).values()
    assert [curve.pair for curve in curves] == ["pair-0"]
    with pytest.raises(RequestError, match=r"has no curve with peers 7; there is: template study"):
        main_curves(made, peers=7)


def test_log_odds_give_the_curve_at_another_temperature() -> None:
    made = results(told("a", FIRST, MODEL, scatter=0.0))
    warm, cold = main_curves(made)["a"][0], main_curves(made, temperature=0.5)["a"][0]
    assert warm.beta == pytest.approx(MODEL.beta, rel=0.03)
    assert cold.beta == pytest.approx(MODEL.beta / 0.5, rel=0.03)


def test_imported_curves_beside_the_main_set_are_left_out_of_populations_of_pairs() -> None:
    rows = [row | {"set": "main"} for row in counted("a", FIRST, MODEL)]
    rows += [row | {"set": "further"} for row in counted("a", PAIRS["pair-1"], MODEL)]
    made = replace(results(), observations=pd.DataFrame(rows))
    assert len(curves_of(made)) == 2
    assert [curve.pair for curve in main_curves(made)["a"]] == ["pair-0"]


def test_an_unknown_agent_is_told_the_nearest(measured: Results) -> None:
    with pytest.raises(RequestError, match=r"no agent 'gema' for this figure; the nearest is 'gemma'"):
        figures.phase_plane(measured, agent="gema")
    assert "32b" in caption_of(figures.phase_plane(measured, agent="32b"))  # a part that only one has


def test_curves_are_fitted_once_and_progress_is_told() -> None:
    made = results(expected_curves())
    heard: list[float] = []
    with telling(heard.append):
        figures.models(made)
        first = len(heard)
        figures.models(made)
    assert first == 36
    assert heard == sorted(heard)
    assert heard[-1] == 1.0
    assert len(heard) == first


def test_an_agent_that_cannot_name_an_unseen_option_is_pinned_at_consensus() -> None:
    [unlisted] = curves_of(results(counted("a", FIRST, TanhResponse(1.0, 0.5))))
    [listed] = curves_of(results(told("a", FIRST, TanhResponse(1.0, 0.5))))
    assert unlisted.in_a_population(np.array([-1.0, 1.0])).tolist() == [0.0, 1.0]
    assert 0.2 < float(listed.in_a_population(-1.0)) < 0.4


# --- the plane ------------------------------------------------------------------------------------------


def test_the_plane_has_every_pair_at_its_beta_and_h(measured: Results) -> None:
    [ax] = figures.phase_plane(measured, agent="8b").axes
    marks = np.concatenate([line for marker in "Dos" for line in lines(ax, marker)])
    for law in LAWS["x/qwen-8b"]:
        if abs(law.h) < ax.get_ylim()[1] and law.beta < ax.get_xlim()[1]:
            nearest = np.abs(marks - [law.beta, law.h]).max(axis=1).min()
            assert nearest < 0.12
    edge = max((line for line in lines(ax, "None") if len(line) == 300), key=lambda line: line[-1, 1])
    assert edge[:, 1] == pytest.approx(spinodal_h(edge[:, 0]))
    bars = [one for one in ax.collections if isinstance(one, LineCollection)]
    assert sum(len(one.get_segments()) for one in bars) == 2 * len(LAWS["x/qwen-8b"])


def test_the_folded_plane_shows_the_size_of_the_bias(measured: Results) -> None:
    [ax] = figures.phase_plane(measured, agent="8b", absolute=True).axes
    marks = np.concatenate([line for marker in "Dos" for line in lines(ax, marker)])
    assert marks[:, 1].min() >= 0.0
    assert ax.get_ylim()[0] == 0.0


def test_a_curve_that_leaves_h_open_is_an_arrow_on_the_frame_and_counted(measured: Results) -> None:
    drawn = figures.phase_plane(measured, agent="gemma")
    [ax] = drawn.axes
    [arrow] = [line for line in ax.lines if line.get_fillstyle() == "none" and len(line.get_xdata())]
    assert arrow.get_marker() == "^"
    assert float(arrow.get_ydata()[0]) == ax.get_ylim()[1]
    assert float(arrow.get_alpha()) < 0.7
    assert "do not determine (β, h) of 1 of 13 curves; they are faint arrows" in caption_of(drawn)


def test_medians_and_shares_of_agents(measured: Results) -> None:
    drawn = figures.models(measured)
    [ax] = drawn.axes
    for number, (agent, laws) in enumerate(LAWS.items()):
        marker = style(number)[1]
        [mark] = [line for line in lines(ax, marker) if len(line) == 1 and line[0].tolist() != [1.0, 0.0]]
        beta, size = np.median([law.beta for law in laws]), np.median([abs(law.h) for law in laws])
        assert mark[0] == pytest.approx([beta, size], abs=0.06)
        inside = sum(abs(law.h) < spinodal_h(law.beta) for law in laws)
        total = len(laws) + (agent == "gemma")
        assert f"{inside / total:.0%} inside" in caption_of(drawn)


def test_the_collapse_puts_points_at_beta_times_m_plus_h(measured: Results) -> None:
    top, below = figures.collapse(measured).axes
    points = np.concatenate([line for line in lines(top) if len(line) != 300 and len(line) > 1])
    assert points[:, 1] == pytest.approx(0.5 * (1.0 + np.tanh(points[:, 0])), abs=0.02)
    away = np.concatenate([line for line in lines(below) if len(line) > 6])
    assert np.abs(away[:, 1]).max() < 0.02


# --- responses ------------------------------------------------------------------------------------------


def test_points_are_the_counts_and_lines_the_fits() -> None:
    rows = counted("a", FIRST, MODEL, random=np.random.default_rng(0))
    ax = figures.responses(results(rows)).axes[0]
    [points] = lines(ax, "o")
    assert points[:, 1] == pytest.approx([row["count_a"] / 100 for row in reversed(rows)])
    [fit] = [
        line
        for line in lines(ax, "None")
        if len(line) == 101 and not np.allclose(line[:, 1], (1 + line[:, 0]) / 2)
    ]
    assert np.abs(fit[:, 1] - MODEL(fit[:, 0])).max() < 0.1
    bars = [line for line in lines(ax, "None") if len(line) == 2]
    assert len(bars) == len(points)
    assert all(bar[0, 1] <= point[1] <= bar[1, 1] for bar, point in zip(bars, points, strict=True))


def test_one_pair_is_drawn_for_every_agent(measured: Results) -> None:
    drawn = figures.responses(measured, pair="pair-3")
    shown = [ax.get_title(loc="left") for ax in drawn.axes if ax.get_visible()]
    assert shown == ["qwen-8b", "qwen-32b", "gemma"]
    with pytest.raises(RequestError, match="no pair 'pair-33' for this figure; the nearest is 'pair-3'"):
        figures.responses(measured, pair="pair-33")


def test_an_undetermined_curve_gets_no_numbers(measured: Results) -> None:
    drawn = figures.responses(measured, pair="all-a", agent="gemma")
    words = [text.get_text() for text in drawn.axes[0].texts]
    assert words == ["(β, h) not\ndetermined"]


# --- populations ----------------------------------------------------------------------------------------


def test_means_of_runs_are_drawn_and_a_stopped_run_stays_at_its_consensus() -> None:
    rows = [
        {**row, "stopped": row["trajectory"] == 0 and row["sweep"] == 2.0}
        for row in path_rows("a", FIRST, MODEL, m0=[0.8], runs=4, sweeps=5)
        if row["trajectory"] or row["sweep"] <= 2.0
    ]
    made = results(paths=rows)
    ax, ends = figures.trajectories(made).axes
    [mean] = [line for line in ax.lines if line.get_linewidth() == 1.6 and len(line.get_xdata())]
    final = {row["trajectory"]: row["m"] for row in rows}
    final[0] = 1.0
    assert float(mean.get_ydata()[-1]) == pytest.approx(np.mean(list(final.values())))
    assert sum(patch.get_width() for patch in ends.patches) == pytest.approx(0.9)  # shares of one start


def test_the_expectation_beside_the_runs_is_the_exact_chain(lived: Results) -> None:
    drawn = figures.trajectories(lived)
    ax = drawn.axes[0]
    dashed = [line for line in ax.lines if line.get_linestyle() == "--" and len(line.get_xdata())]
    assert len(dashed) == 3
    solid = [line for line in ax.lines if line.get_linewidth() == 1.6 and len(line.get_xdata())]
    for mean, expected in zip(
        solid, dashed, strict=True
    ):  # 6 runs of sd below 0.8: 1.3 is four standard errors
        assert abs(float(mean.get_ydata()[-1]) - float(expected.get_ydata()[-1])) < 1.3
    assert "by start: −0.8:" in caption_of(drawn)


def test_tipping_shades_the_zealots_and_counts_who_tipped(lived: Results) -> None:
    drawn = figures.tipping(lived)
    first, second = drawn.axes
    assert [ax.get_title(loc="left") for ax in (first, second)] == ["5 zealots for B", "20 zealots for B"]
    [span] = first.patches
    assert (span.get_x(), span.get_width()) == (5.0, 10.0)
    rows = lived.tippings.query("zealots == 20")
    leaving = int((rows.query("sweep == 15")["m"] < 0).sum())
    assert f"20 zealots for B (pair-0): {leaving} and" in caption_of(drawn)
    assert leaving == 3  # twenty of fifty are far beyond the threshold


def test_loops_are_drawn_as_they_are_with_what_was_expected(lived: Results) -> None:
    drawn = figures.loop(lived)
    [ax] = drawn.axes
    loop = hysteresis(MODEL, 50, 30, settle=5.0, sample=5)
    [up], [down] = lines(ax, "^"), lines(ax, "v")
    assert up == pytest.approx(np.column_stack([loop.zealots, loop.up]))
    assert down == pytest.approx(np.column_stack([loop.zealots, loop.down]))
    slow = hysteresis(MODEL, 50, 30)
    dashed = [line for line in ax.lines if line.get_linestyle() == "--" and len(line.get_xdata()) == 61]
    found = sorted(np.trapezoid(line.get_ydata(), line.get_xdata()) for line in dashed)
    # the unlisted prompt pins consensus, which this law leaves: areas differ by what that is worth
    assert found[1] - found[0] == pytest.approx(50 * slow.area, rel=0.25)


def test_the_rate_of_a_sweep_is_read_from_the_table_where_it_is_known(lived: Results) -> None:
    known = replace(lived, loops=lived.loops.assign(sweeps=10))
    assert "5 sweeps settled and 5 recorded a step" in caption_of(figures.loop(known))
    imported = replace(lived, meta={"imported": {}})
    assert "50 updates settled and 25 recorded a step" in caption_of(figures.loop(imported))
    assert "the rate is not known" in caption_of(figures.loop(lived))


def test_thresholds_of_a_slow_loop_lie_at_those_of_theory() -> None:
    pairs, curves, loops = pairs_made(8), [], []
    for number, pair in enumerate(pairs.values()):
        law = TanhResponse(2.2 + 0.2 * number, 0.05 * (number - 4))
        curves += counted("a", pair, law, replies=20_000)
        loops += loop_rows("a", pair, law, most=40)
    made = results(curves, loops=loops, pairs=pairs)
    drawn = figures.thresholds(replace(made, loops=made.loops.assign(sweeps=10)))
    left, right = drawn.axes
    for ax, most in ((left, 0.03), (right, 0.006)):
        points = np.concatenate([*lines(ax, "^"), *lines(ax, "v")])
        assert len(points) >= 12
        assert np.abs(points[:, 0] - points[:, 1]).max() < most
    assert "against the exact chain: slope 1.00 (95% 1.00 to 1.00)" in caption_of(drawn)


def test_mean_field_thresholds_over_arrays_are_those_of_the_theory() -> None:
    random = np.random.default_rng(0)
    m = np.linspace(-0.9, 0.9, 8)
    p = np.sort(random.random((40, 8)), axis=1)
    for side in ("A", "B"):
        found = mean_field_thresholds(m, p, side)
        one_by_one = [tipping_threshold(EmpiricalResponse(m, row), side).zealots_per_agent for row in p]
        assert found == pytest.approx([np.nan if z is None else z for z in one_by_one], nan_ok=True)
        assert np.isfinite(found).any()


def test_between_points_a_tanh_response_is_kept() -> None:
    m = np.array([-0.92, -0.6, -0.2, 0.2, 0.6, 0.92])
    fine, p = between_points(m, MODEL(m))
    assert fine[[0, -1]].tolist() == [-1.0, 1.0]
    assert p == pytest.approx(MODEL(fine))
    both = between_points(m, np.stack([MODEL(m), ALL_A(m)]))[1]
    assert both[0] == pytest.approx(p)


# --- staying --------------------------------------------------------------------------------------------


def test_staying_is_computed_by_the_chain_or_seen_in_populations(lived: Results) -> None:
    [ax, _] = figures.staying(lived).axes
    [real] = [one for one in ax.collections if isinstance(one, PathCollection) and len(one.get_offsets())]
    ends = lived.paths.query("m0 == -0.8 and sweep == 8")["m"]  # MODEL leans to A: misaligned is B
    assert float(np.asarray(real.get_array())[0]) == pytest.approx((ends < 0).mean())
    assert np.asarray(real.get_offsets())[0] == pytest.approx([MODEL.beta, MODEL.h], abs=0.05)
    assert "real or imported populations" in caption_of(figures.staying(lived))


def test_a_declared_option_decides_which_side_is_misaligned() -> None:
    neutral, declared = pairs_made(1), pairs_made(1, aligned=True)
    rows = counted("a", FIRST, TanhResponse(2.5, -0.5), replies=2000)  # leans to B

    def place(pairs: dict[str, OptionPair]) -> tuple[float, float]:
        ax = figures.staying(results(rows, pairs=pairs)).axes[0]
        [marks] = [one for one in ax.collections if isinstance(one, PathCollection)]
        return float(np.asarray(marks.get_offsets())[0, 1]), float(np.asarray(marks.get_array())[0])

    h, chance = place(neutral)
    assert h == pytest.approx(0.5, abs=0.02)  # misaligned is A, against its own lean
    assert chance < 0.05
    h, chance = place(declared)
    assert h == pytest.approx(-0.5, abs=0.02)  # misaligned is B, where it leans
    assert chance > 0.95


# --- dependence -----------------------------------------------------------------------------------------


def medians(ax: Axes) -> np.ndarray:
    """The levels and medians of the one series of a figure of dependence."""
    [line] = [line for line in lines(ax, "o") if len(line) > 1]
    return line


def test_conformity_falls_with_the_temperature(varied: Results) -> None:
    beta, size, share = figures.temperature(varied).axes
    truth = np.array([law.beta for law in LAWS["gemma"][:8]])
    found = medians(beta)
    assert found[:, 0] == pytest.approx([0.2, 0.4])
    assert found[:, 1] == pytest.approx([np.median(truth), np.median(0.5 * truth)], rel=0.02)
    assert medians(size)[0, 1] == pytest.approx(medians(size)[1, 1], abs=0.02)
    inside = [
        np.mean([abs(law.h) < spinodal_h(law.beta * by) for law in LAWS["gemma"][:8]]) for by in (1.0, 0.5)
    ]
    assert medians(share)[:, 1] == pytest.approx(inside)


def test_log_odds_give_every_temperature() -> None:
    drawn = figures.temperature(results(told("a", FIRST, MODEL, scatter=0.0)))
    found = medians(drawn.axes[0])
    assert found[:, 0] == pytest.approx([0.2, 0.35, 0.5, 0.7, 1.0, 1.4, 2.0])
    assert found[2:, 1] * found[2:, 0] == pytest.approx(MODEL.beta, rel=0.05)
    assert "derived from log-odds" in caption_of(drawn)


def test_framings_are_compared_over_the_same_pairs(varied: Results) -> None:
    drawn = figures.framing(varied)
    found = medians(drawn.axes[0])[:, 1]
    assert found[1] / found[0] == pytest.approx(0.7, rel=0.05)
    assert [label.get_text() for label in drawn.axes[0].get_xticklabels()] == ["study", "other"]
    assert "8 pairs" in caption_of(drawn)


def test_group_sizes_are_compared(varied: Results) -> None:
    found = medians(figures.group_size(varied).axes[0])
    assert found[:, 0] == pytest.approx([20, 50])
    assert found[0, 1] / found[1, 1] == pytest.approx(1.5, rel=0.05)


def test_conformity_over_the_size_with_its_critical_sizes(varied: Results) -> None:
    drawn = figures.critical_size(varied, pair="pair-2")
    [ax] = drawn.axes
    law = LAWS["gemma"][2]
    [marks] = [line for line in lines(ax, "o") if len(line) == 2]
    assert marks[:, 0] == pytest.approx([21, 51])
    assert marks[:, 1] == pytest.approx([1.5 * law.beta, law.beta], rel=0.05)
    limit = [
        line for line in lines(ax) if len(line) > 20 and np.allclose(line[:, 1], 0.5 * np.log(line[:, 0]))
    ]
    assert len(limit) == 1


# --- between agents -------------------------------------------------------------------------------------


def test_correlations_of_bias_are_spearmans_with_the_number_of_pairs(measured: Results) -> None:
    ax = figures.correlation(measured).axes[0]
    cells = {
        (round(text.get_position()[0]), round(text.get_position()[1])): text.get_text() for text in ax.texts
    }
    for (column, a), (row, b) in itertools.combinations(enumerate(LAWS), 2):
        truth = stats.spearmanr(*([law.h for law in LAWS[agent]] for agent in (a, b))).statistic
        shown = cells[(column, row)].replace("−", "-").split("\n")
        assert float(shown[0]) == pytest.approx(truth, abs=0.02)
        assert shown[2] == "n = 12"


def test_couples_with_few_pairs_have_no_correlation(measured: Results) -> None:
    rows = expected_curves() + [
        row for pair in list(PAIRS.values())[:3] for row in counted("new", pair, MODEL)
    ]
    ax = figures.correlation(results(rows)).axes[0]
    assert sum(text.get_text() == "n = 3" for text in ax.texts) == 3
    alone = results(expected_curves({"gemma": LAWS["gemma"]}))
    with pytest.raises(RequestError, match="it has no pairs that two agents were both asked about"):
        figures.correlation(alone)


def test_ratios_within_a_family_are_paired_over_pairs(measured: Results) -> None:
    drawn = figures.families(measured)
    beta, size = drawn.axes
    base, other = LAWS["x/qwen-8b"], LAWS["x/qwen-32b"]
    [mark] = [line for line in lines(beta, "o") if len(line) == 1]
    assert mark[0, 0] == pytest.approx(
        np.median([b.beta / a.beta for a, b in zip(base, other, strict=True)]), rel=0.03
    )
    [mark] = [line for line in lines(size, "o") if len(line) == 1]
    ratio = np.median([abs(b.h / a.h) for a, b in zip(base, other, strict=True)])
    assert mark[0, 0] == pytest.approx(ratio, rel=0.1)
    assert [label.get_text() for label in beta.get_yticklabels()] == [
        "qwen-32b\nover qwen-8b"
    ]  # the smaller below


# --- contagion ------------------------------------------------------------------------------------------


def test_trait_changes_are_those_of_the_verdict(studied: Results) -> None:
    [run] = studied.contagion.values()
    verdict = contagion_study(studied, None)[2]
    left, right = figures.contagion_traits(studied).axes
    shown = [line[0, 0] for line in lines(right, "D")]
    assert verdict.contagion.index is not None
    assert shown == [
        verdict.contagion.index.estimate,
        *(effect.estimate for effect in verdict.contagion.traits),
    ]
    for number, company in enumerate((run.treatment, run.control)):
        changes = verdict.changes[company]
        marks = [line[0, 0] for line in lines(left, style(number)[1])]
        assert marks[1:] == [effect.estimate for effect in changes.traits]


def test_guards_are_compared_by_what_they_change(studied: Results) -> None:
    verdict = contagion_study(studied, None)[2]
    contagion, mitigation, relief = figures.contagion_guards(studied).axes
    guards = list(verdict.guards.values())
    for ax, comparisons in (
        (mitigation, [one.mitigation for one in guards]),
        (relief, [one.relief for one in guards]),
    ):
        marks = [line[0, 0] for line in lines(ax) if len(line) == 1]
        assert marks == [one.index.estimate for one in comparisons if one.index]
    assert [label.get_text() for label in contagion.get_yticklabels()] == ["no guard", *verdict.guards]


def test_cooperation_is_shown_round_by_round(studied: Results) -> None:
    [run] = studied.contagion.values()
    table = contagion_study(studied, None)[2].cooperation
    ax = figures.cooperation(studied).axes[0]
    rows = table.query("opponents == 'malicious' and guard == 'none' and who == 'agent'")
    rows = rows[rows["game"] == run.game_names[0]].sort_values("round")
    shares = [line[:, 1].tolist() for line in lines(ax, "o") if len(line) == run.rounds]
    assert rows["share"].tolist() in shares
    with pytest.raises(RequestError, match="no guard 'trust'; the nearest is"):
        figures.cooperation(studied, guard="trust")


# --- all of them ----------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", FIGURES)
def test_a_figure_without_its_data_names_them_and_the_command(name: str) -> None:
    with pytest.raises(
        RequestError, match=rf"cannot draw {name} from made: it has no .+; `spinodal .+` makes"
    ):
        FIGURES[name].draw(results())


def test_an_unknown_figure_is_told_the_nearest() -> None:
    with pytest.raises(RequestError, match="no figure 'phaseplane'; the nearest is 'phase-plane'"):
        find_figure("phaseplane")


@pytest.mark.parametrize("name", FIGURES)
def test_words_are_legible_inside_the_figure_and_apart(
    name: str, everything: dict[str, Results], tmp_path: Path
) -> None:
    from matplotlib.backends.backend_agg import FigureCanvasAgg

    drawn = FIGURES[name].draw(everything[name])
    canvas = FigureCanvasAgg(drawn)
    canvas.draw()
    renderer = canvas.get_renderer()
    whole = drawn.bbox.padded(2.0)
    words = _words(drawn)
    assert len(words) > 5
    for text in words:
        assert text.get_fontsize() >= 5.9, text.get_text()
        box = text.get_window_extent(renderer)
        assert whole.contains(box.x0, box.y0), text.get_text()
        assert whole.contains(box.x1, box.y1), text.get_text()
    titles = [title for ax in drawn.axes for title in (ax.title, ax._left_title)]
    outer = [*titles, *(label for ax in drawn.axes for label in (ax.xaxis.label, ax.yaxis.label))]
    ids = {id(text) for text in words}
    boxes = [(one.get_text(), one.get_window_extent(renderer)) for one in outer if id(one) in ids]
    for (a, first), (b, second) in itertools.combinations(boxes, 2):
        assert not first.padded(-1.0).overlaps(second.padded(-1.0)), f"{a!r} over {b!r}"
    assert drawn.get_size_inches()[0] <= 7.1
    assert len(caption_of(drawn)) > 80
    assert save(drawn, tmp_path / "drawn.svg", title=FIGURES[name].title).stat().st_size > 3000


def _words(drawn: Figure) -> list[Text]:
    """Every text on the picture; of tick labels those that are drawn."""
    found: list[Text] = [text for text in drawn.findobj(Text) if isinstance(text, Text)]
    ticks = [
        tick
        for ax in drawn.axes
        for axis in (ax.xaxis, ax.yaxis)
        for tick in (*axis.majorTicks, *axis.minorTicks)
    ]
    labels = {id(text) for tick in ticks for text in (tick.label1, tick.label2)}
    there = {
        id(tick.label1) for ax in drawn.axes for axis in (ax.xaxis, ax.yaxis) for tick in axis._update_ticks()
    }
    return [
        text
        for text in found
        if text.get_text().strip()
        and text.get_visible()
        and (text.axes is None or text.axes.get_visible())
        and (id(text) not in labels or id(text) in there)
    ]


def test_series_never_share_both_colour_and_marker() -> None:
    looks = [style(number) for number in range(64)]
    assert len(set(looks)) == 64


def test_names_are_cut_only_where_they_stay_apart() -> None:
    assert short_names(["openai/gpt-5", "google/gemma"]) == {"openai/gpt-5": "gpt-5", "google/gemma": "gemma"}
    assert short_names(["a/x", "b/x"]) == {"a/x": "a/x", "b/x": "b/x"}


def test_the_same_data_give_the_same_file(measured: Results, tmp_path: Path) -> None:
    files = [save(figures.models(measured), tmp_path / f"{n}.svg").read_bytes() for n in (1, 2)]
    assert files[0] == files[1]
