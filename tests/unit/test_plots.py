"""Pictures: every result draws itself, labelled in words; files are written whole or not at all."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pytest
from matplotlib import pyplot
from matplotlib.axes import Axes

from spinodal._errors import RequestError
from spinodal.plots import Mark, phase_plane, save
from spinodal.response import EmpiricalResponse, TanhResponse
from spinodal.theory import (
    Chain,
    Stage,
    follow_protocol,
    hysteresis,
    landscape,
    outlook,
    propagate,
    spinodal_h,
    tipping_curve,
    tipping_trial,
)

RESPONSE = TanhResponse(2.943, 0.325)
START = np.eye(31)[25]
MEASURED = EmpiricalResponse(np.array([-0.8, 0.0, 0.8]), np.array([0.1, 0.4, 0.9]))


@pytest.fixture(autouse=True)
def _close() -> Iterator[None]:
    yield
    pyplot.close("all")


DRAWN: dict[str, tuple[Callable[..., Axes], str, str]] = {
    "outlook": (outlook(RESPONSE).plot, "magnetization perceived, m", "probability to adopt A"),
    "outlook of a curve": (outlook(MEASURED).plot, "magnetization perceived, m", "probability to adopt A"),
    "landscape": (landscape(RESPONSE).plot, "magnetization m", "potential Φ(m), per agent"),
    "stationary law": (Chain(RESPONSE, 30).plot, "magnetization m", "long-run probability, 30 agents"),
    "stationary law of many": (
        Chain(RESPONSE, 3_000).plot,
        "magnetization m",
        "long-run probability, 3,000 agents",
    ),
    "trace": (
        follow_protocol(RESPONSE, 30, START, [Stage(2.0, 3, 2), Stage(2.0)]).plot,
        "time in sweeps",
        "magnetization m",
    ),
    "trial": (
        tipping_trial(RESPONSE, 300, "B", 240, hold=5, after=5).plot,
        "time in sweeps",
        "magnetization m",
    ),
    "tipping curve": (
        tipping_curve(RESPONSE, 30, "A", [0, 2, 4], hold=5, after=5).plot,
        "zealots for A beside 30 regular agents",
        "probability tipped to A",
    ),
    "hysteresis": (
        hysteresis(RESPONSE, 30, 5, settle=2.0, sample=1).plot,
        "zealots beside 30 regular agents: for B (−), for A (+)",
        "mean magnetization m of the regular agents",
    ),
    "samples": (
        propagate([2.0, 2.5, 0.5], [0.1, 0.5, 0.0], 30).plot,
        "conformity β",
        "bias h (up: leans to A)",
    ),
    "phase plane": (lambda ax=None: phase_plane(ax=ax), "conformity β", "bias h (up: leans to A)"),
}


@pytest.mark.parametrize("name", DRAWN)
def test_every_result_draws_itself_in_words(name: str, tmp_path: Path) -> None:
    draw, across, upwards = DRAWN[name]
    ax = draw()
    assert (ax.get_xlabel(), ax.get_ylabel()) == (across, upwards)
    assert save(ax, tmp_path / "picture.png").stat().st_size > 5_000


@pytest.mark.parametrize("name", DRAWN)
def test_every_result_draws_on_the_axes_it_is_given(name: str) -> None:
    _, mine = pyplot.subplots()
    assert DRAWN[name][0](mine) is mine


def test_the_fixed_points_are_marked_where_they_are() -> None:
    ax = outlook(RESPONSE).plot()
    marked = np.sort(np.concatenate([dots.get_offsets()[:, 0] for dots in ax.collections]))
    assert marked.tolist() == pytest.approx([-0.95102, -0.52156, 0.99918], abs=1e-5)


def test_the_boundary_drawn_is_the_spinodal() -> None:
    ax = phase_plane()
    curves = [line.get_xydata() for line in ax.lines if len(line.get_xdata()) > 100]
    assert len(curves) == 2
    for curve in curves:
        assert np.abs(curve[:, 1]) == pytest.approx(spinodal_h(curve[:, 0]))


def test_fits_lie_where_they_are_and_are_named_by_group() -> None:
    marks = [
        Mark(2.5, 0.2, (2.0, 3.0), (0.1, 0.3), group="one", label="shutdown"),
        Mark(1.5, -0.1, group="two"),
        Mark(50.0, np.nan, (1.0, np.inf), (-np.inf, np.inf), group="two", identifiable=False),
    ]
    ax = phase_plane(marks)
    places = {
        (float(line.get_xdata()[0]), float(line.get_ydata()[0]))
        for line in ax.lines
        if line.get_marker() in "os" and len(line.get_xdata())
    }
    assert {(2.5, 0.2), (1.5, -0.1)} <= places
    legend = ax.get_legend()
    assert legend is not None
    assert [text.get_text() for text in legend.get_texts()] == ["one", "two", "not determined by the data"]
    assert any(text.get_text() == "shutdown" for text in ax.texts)


def test_the_loop_crosses_the_mean_field_states() -> None:
    """Far from the jumps a large population follows the states of the infinite one."""
    response = TanhResponse(3.0, 0.0)
    loop = hysteresis(response, 2_000, 200, settle=10.0, sample=1, by=200)
    ax = loop.plot()
    states = np.vstack([line.get_xydata() for line in ax.lines if len(line.get_xdata()) > 1_000])
    near = states[np.isfinite(states).all(axis=1) & (np.abs(states[:, 0]) < 5.0)]
    assert np.abs(near[:, 1] - loop.up[1]).min() < 0.01
    assert np.abs(near[:, 1] - loop.down[1]).min() < 0.01


@pytest.mark.parametrize("suffix", [".png", ".svg", ".pdf", ".PNG"])
def test_the_same_picture_gives_the_same_file(tmp_path: Path, suffix: str) -> None:
    first, again = (
        save(outlook(RESPONSE).plot(), tmp_path / f"{name}{suffix}").read_bytes() for name in "ab"
    )
    assert first == again
    assert sorted(path.name for path in tmp_path.iterdir()) == [f"a{suffix}", f"b{suffix}"]


def test_saving_closes_the_figure(tmp_path: Path) -> None:
    save(outlook(RESPONSE).plot(), tmp_path / "a.svg")
    assert pyplot.get_fignums() == []


@pytest.mark.parametrize("name", ["picture", "picture.gif", "picture.jpeg"])
def test_a_file_of_another_kind_is_refused(tmp_path: Path, name: str) -> None:
    with pytest.raises(RequestError, match=r"ends in \.png, \.svg, \.pdf"):
        save(outlook(RESPONSE).plot(), tmp_path / name)
    assert list(tmp_path.iterdir()) == []


def test_a_folder_that_is_not_there_is_refused(tmp_path: Path) -> None:
    with pytest.raises(RequestError, match="there is no folder"):
        save(outlook(RESPONSE).plot(), tmp_path / "absent" / "a.png")
