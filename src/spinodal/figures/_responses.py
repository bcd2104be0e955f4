"""Response curves: the points with their intervals, and the fits with their bands."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

import numpy as np

from spinodal.figures._curves import Curve, conditions_in_words, fitted, known_pair, main_curves
from spinodal.figures._entry import figure
from spinodal.figures._look import PAGE, brief, finish, grid_of, hide, panels, plain, short_names, title
from spinodal.figures._needs import CURVES
from spinodal.plots._style import COLOR, FAINT, INK, PERCEIVED, note

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

    from spinodal.results import Results

_MOST: Final = 9
_M: Final = np.linspace(-1.0, 1.0, 101)


@figure(
    "responses",
    title="Response curves",
    caption="Probability to adopt A against the magnetization perceived: points with 95% intervals, the "
    "fitted "
    "P(m) = ½ [1 + tanh β(m + h)] with its 95% band.",
    needs=(CURVES,),
)
def responses(
    results: Results,
    *,
    agent: str | None = None,
    pair: str | None = None,
    template: str | None = None,
    temperature: float | None = None,
    peers: int | None = None,
) -> Figure:
    """P(m) in a panel each: of one pair for every agent, or of one agent for pairs across its range of bias.

    Without a pair and with several agents it is the pair that most of them were asked about, whose curves are
    all determined where there is one.
    """
    found = main_curves(results, agent, template=template, temperature=temperature, peers=peers)
    curves = [curve for own in found.values() for curve in own]
    if pair is not None:
        named = known_pair(pair, (curve.pair for curve in curves), results)
        shown, by_pair = [curve for curve in curves if curve.pair == named], True
    elif len(found) > 1:
        shown, by_pair = _same_pair(curves), True
    else:
        shown, by_pair = _across(fitted(curves)), False
    left_out, shown = len(shown[_MOST:]), fitted(shown[:_MOST])
    rows, columns = grid_of(len(shown))
    drawn, axes = panels(
        rows, columns, width=PAGE if columns > 1 else 3.5, height=0.35 + 1.85 * rows, sharex=True, sharey=True
    )
    names = short_names(curve.agent for curve in shown)
    for number, (ax, curve) in enumerate(zip(axes, shown, strict=False)):
        _draw(ax, curve)
        title(ax, brief(names[curve.agent] if by_pair else f"{curve.option_a} / {curve.option_b}", 38))
        if number + columns >= len(shown):
            ax.set_xlabel(PERCEIVED)
            ax.tick_params(labelbottom=True)
        if number % columns == 0:
            ax.set_ylabel("probability to adopt A")
    hide(axes[len(shown) :])
    if by_pair:
        subject = f"“{shown[0].option_a}” (A) against “{shown[0].option_b}” (B), {len(shown)} agents"
    else:
        subject = f"{names[shown[0].agent]}, pairs across its range of bias, A named first"
    undetermined = sum(not curve.identifiable for curve in shown)
    dashed = (
        f" Dashed: the data do not determine (β, h) ({undetermined} of {len(shown)})." if undetermined else ""
    )
    more = f" {left_out} more are not shown." if left_out else ""
    return finish(
        drawn,
        f"Response curves: {subject}. Points: shares or mean probabilities with 95% intervals; line: fitted "
        f"½ [1 + tanh β(m + h)] with its 95% band; diagonal: A adopted as often as it is held.{dashed}{more} "
        f"{conditions_in_words(shown)}",
    )


def _same_pair(curves: list[Curve]) -> list[Curve]:
    by_pair: dict[str, list[Curve]] = {}
    for curve in curves:
        by_pair.setdefault(curve.pair, []).append(curve)
    most = max(len(own) for own in by_pair.values())
    full = [own for own in by_pair.values() if len(own) == most]
    for own in full[:30]:
        if all(curve.identifiable for curve in fitted(own)):
            return own
    return full[0]


def _across(curves: list[Curve], number: int = 6) -> list[Curve]:
    """Determined curves evenly through the order of their bias; all where there are few."""
    if len(curves) <= number:
        return curves
    sound = sorted((curve for curve in curves if curve.identifiable), key=lambda curve: curve.h) or curves
    places = np.linspace(0, len(sound) - 1, min(number, len(sound))).round().astype(int)
    return [sound[place] for place in np.unique(places)]


def _draw(ax: Axes, curve: Curve) -> None:
    ax.plot(_M, (1.0 + _M) / 2.0, color=FAINT, linewidth=1.0, zorder=0)
    estimate = curve.estimate
    bands = _sigmoid(estimate.draws[:, :1] + 2.0 * estimate.draws[:, 1:] * _M)
    low, high = np.quantile(bands, [0.025, 0.975], axis=0)
    ax.fill_between(_M, low, high, color=COLOR["A"], alpha=0.18, linewidth=0)
    style: dict[str, Any] = {"color": COLOR["A"], "linewidth": 1.5}
    if not curve.identifiable:
        style |= {"linestyle": (0, (4, 2)), "alpha": 0.6}
    ax.plot(_M, curve.tanh(_M), **style)
    for point in curve.points:
        ax.plot([point.m] * 2, point.ci, color=INK, linewidth=0.8, zorder=3)
    ax.plot(
        [point.m for point in curve.points], [point.p for point in curve.points],
        "o", color=INK, markersize=3.2, zorder=4, clip_on=False,
    )  # fmt: skip
    ax.set(xlim=(-1.03, 1.03), ylim=(-0.03, 1.03), xticks=(-1, 0, 1), yticks=(0, 0.5, 1))
    if curve.identifiable:
        words = f"β = {plain(curve.beta)}\nh = {plain(curve.h)}"
    else:
        words = "(β, h) not\ndetermined"
    rising = curve.tanh(0.0) < 0.5
    place = {"ha": "left", "va": "top"} if rising else {"ha": "right", "va": "bottom"}
    note(ax, words, -0.98 if rising else 0.98, 0.99 if rising else 0.02, color=INK, **place)


def _sigmoid(x: np.ndarray) -> np.ndarray:
    return np.asarray(0.5 * (1.0 + np.tanh(0.5 * x)))
