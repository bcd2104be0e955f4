"""All curves on one: P against x = beta (m + h), where a tanh response has one shape."""

from __future__ import annotations

from itertools import pairwise
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from spinodal._errors import RequestError
from spinodal.figures._curves import Curve, conditions_in_words, fitted, main_curves, undetermined_in_words
from spinodal.figures._entry import figure
from spinodal.figures._look import COLUMN, counted, finish, panels, short_names, style
from spinodal.figures._needs import CURVES
from spinodal.figures._spread import mean_interval
from spinodal.plots._style import INK, SOFT, legend

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

    from spinodal.results import Results

_WIDEST: Final = 4.0
_BINS: Final = np.linspace(-3.0, 3.0, 13)
_FEWEST: Final = 6


@figure(
    "collapse",
    title="The collapse of all curves on one",
    caption="Every measured point against x = β(m + h) of its own curve's fit, with ½ (1 + tanh x); below, "
    "how far "
    "points lie from it.",
    needs=(CURVES,),
)
def collapse(
    results: Results,
    *,
    agent: str | None = None,
    template: str | None = None,
    temperature: float | None = None,
    peers: int | None = None,
) -> Figure:
    """Points of all curves whose (beta, h) the data determine, at x = beta (m + h), and their deviations.

    The black marks are means of the deviations in bins of x, with 95% intervals over curves.
    """
    found = main_curves(results, agent, template=template, temperature=temperature, peers=peers)
    curves = fitted([curve for own in found.values() for curve in own])
    sound = [curve for curve in curves if curve.identifiable]
    if not sound:
        raise RequestError(
            f"cannot draw collapse from {results.path}: the data determine (β, h) of no curve; measure more"
        )
    names = short_names(found)
    drawn, (top, below) = panels(2, 1, width=COLUMN, height=4.4, heights=(2.2, 1.2), sharex=True)
    dense = sum(len(curve.points) for curve in sound) > 400
    gathered: list[tuple[np.ndarray, np.ndarray]] = []
    for number, agent_label in enumerate(found):
        own = [curve for curve in sound if curve.agent == agent_label]
        if not own:
            continue
        color, marker = style(number)
        parts = [_points(curve) for curve in own]
        gathered += parts
        x, p = np.concatenate([one[0] for one in parts]), np.concatenate([one[1] for one in parts])
        shown = np.abs(x) <= _WIDEST
        away = p - _collapsed(x)
        marks: dict[str, Any] = {
            "color": color,
            "markersize": 2.4,
            "alpha": 0.45 if dense else 0.8,
            "markeredgewidth": 0,
        }
        for ax, values in ((top, p), (below, away)):
            ax.plot(x[shown], values[shown], marker, linestyle="", rasterized=dense, zorder=2, **marks)
        top.plot([], [], marker, color=color, markersize=4, label=names[agent_label])
    grid = np.linspace(-_WIDEST, _WIDEST, 300)
    top.plot(grid, _collapsed(grid), color=INK, linewidth=1.3, zorder=3, label="½ (1 + tanh x)")
    below.axhline(0.0, color=INK, linewidth=1.0, zorder=1)
    _binned(below, gathered)
    top.set(ylim=(-0.03, 1.03), ylabel="probability to adopt A", yticks=(0, 0.5, 1))
    below.set(
        xlim=(-_WIDEST, _WIDEST),
        ylim=(-0.32, 0.32),
        xlabel="x = β (m + h)",
        ylabel="deviation from\nthe curve",
    )
    legend(top, loc="upper left", handletextpad=0.3, borderaxespad=0.0, labelspacing=0.25)
    below.axvline(0.0, color=SOFT, linewidth=0.6, linestyle=":")
    everything = np.concatenate([p - _collapsed(x) for x, p in gathered])
    beyond = int(sum((np.abs(x) > _WIDEST).sum() for x, _ in gathered))
    outside = f" {counted(beyond, 'point')} beyond |x| = {_WIDEST:g} are not shown." if beyond else ""
    return finish(
        drawn,
        f"{counted(len(everything), 'point')} of {counted(len(sound), 'curve')}, each at x = β(m + h) of its "
        "own "
        f"fit. Root mean square deviation {np.sqrt((everything**2).mean()):.3f}, median size "
        f"{np.median(np.abs(everything)):.3f}; black: means in bins of x with 95% intervals over "
        f"curves.{outside}"
        f"{undetermined_in_words(curves)} {conditions_in_words(curves)}",
    )


def _collapsed(x: np.ndarray) -> np.ndarray:
    return np.asarray(0.5 * (1.0 + np.tanh(x)))


def _points(curve: Curve) -> tuple[np.ndarray, np.ndarray]:
    m = np.array([point.m for point in curve.points])
    return curve.beta * (m + curve.h), np.array([point.p for point in curve.points])


def _binned(ax: Axes, curves: list[tuple[np.ndarray, np.ndarray]]) -> None:
    """Mean deviation in bins of x, each curve counted once a bin; of six curves or more."""
    for left, right in pairwise(_BINS):
        means = []
        for x, p in curves:
            inside = (x >= left) & (x < right)
            if inside.any():
                means.append(float((p - _collapsed(x))[inside].mean()))
        if len(means) < _FEWEST:
            continue
        low, high = mean_interval(means)
        at = 0.5 * (left + right)
        ax.plot([at] * 2, [float(low), float(high)], color=INK, linewidth=1.0, zorder=4)
        ax.plot([at], [float(np.mean(means))], "s", color=INK, markersize=3.0, zorder=5)
