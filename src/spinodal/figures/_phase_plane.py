"""The phase plane of one agent: every pair at its (beta, h), with the spinodal."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import numpy as np

from spinodal.figures._curves import Curve, conditions_in_words, fitted, main_curves, undetermined_in_words
from spinodal.figures._entry import figure
from spinodal.figures._look import counted, finish, panels, short_names, title
from spinodal.figures._needs import CURVES
from spinodal.figures._plane import arrow_beyond, edge_place, extent, faint_arrows, interval_bars
from spinodal.figures._spread import share_interval
from spinodal.plots._phase import region
from spinodal.plots._style import COLOR, INK, REGION, SOFT, legend

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

    from spinodal.results import Results

_KINDS: Final = {
    "two": ("two states", REGION, "D"),
    "A": ("one state, for A", COLOR["A"], "o"),
    "B": ("one state, for B", COLOR["B"], "s"),
}


@figure(
    "phase-plane",
    title="The phase plane of one agent",
    caption="Every pair at its conformity β and bias h, with 95% intervals, and the spinodal: two states "
    "inside, "
    "one outside.",
    needs=(CURVES,),
)
def phase_plane(
    results: Results,
    *,
    agent: str | None = None,
    absolute: bool = False,
    template: str | None = None,
    temperature: float | None = None,
    peers: int | None = None,
) -> Figure:
    """One agent's pairs on the plane; without a name, the agent's with most pairs. `absolute`: |h|, not h.

    Pairs whose (beta, h) the data do not determine are faint arrows on the frame.
    """
    found = main_curves(results, agent, template=template, temperature=temperature, peers=peers)
    label = max(found, key=lambda name: len(found[name]))
    curves = fitted(found[label])
    sound = [curve for curve in curves if curve.identifiable]
    betas, reach = extent([(curve.beta, curve.h) for curve in sound])
    drawn, [ax] = panels(1, 1, width=5.2, height=3.7)
    region(ax, betas, reach, folded=absolute)
    for kind in _KINDS:
        own = [curve for curve in sound if _kind(curve) == kind]
        if own:
            _marks(ax, own, kind, betas, reach, absolute=absolute)
    arrows = []
    for curve in curves:
        if not curve.identifiable:
            up = -1.0 if absolute and curve.estimate.b0 < 0.0 else 1.0
            arrows.append(edge_place(curve, betas, reach, up=up))
    faint_arrows(ax, arrows, SOFT)
    _key(ax, sound, len(arrows))
    title(ax, f"{short_names(found)[label]}, {counted(len(curves), 'pair')}")
    inside = sum(curve.bistable for curve in curves)
    low, high = share_interval(inside, len(curves))
    p = float(np.mean([curve.p_bistable for curve in curves]))
    return finish(
        drawn,
        f"{label}: {counted(len(curves), 'option pair')} at conformity β and "
        f"{'|h|' if absolute else 'bias h'}, bars "
        f"95% intervals. By the best estimates {inside} of {len(curves)} lie inside the spinodal "
        f"({inside / len(curves):.0%}, "
        f"95% interval over pairs {low:.0%} to {high:.0%}); averaged over the uncertainty of each, {p:.0%}."
        f"{undetermined_in_words(curves, '; they are faint arrows on the frame')} "
        f"{conditions_in_words(curves)}",
    )


def _kind(curve: Curve) -> str:
    return "two" if curve.bistable else "A" if curve.h > 0.0 else "B"


def _marks(
    ax: Axes, curves: list[Curve], kind: str, betas: tuple[float, float], reach: float, *, absolute: bool
) -> None:
    """Marks of one kind with their intervals; those beyond the frame are arrows on it."""
    _, color, marker = _KINDS[kind]
    ups = [-1.0 if absolute and curve.h < 0.0 else 1.0 for curve in curves]
    least = 0.0 if absolute else -reach
    places, symbols = [], []
    for curve, up in zip(curves, ups, strict=True):
        h = up * curve.h
        places.append((float(np.clip(curve.beta, *betas)), float(np.clip(h, least, reach))))
        symbols.append(arrow_beyond(curve.beta, h, betas, reach) or marker)
    interval_bars(ax, curves, places, ups, betas, reach, color)
    for symbol in dict.fromkeys(symbols):
        some = [place for place, one in zip(places, symbols, strict=True) if one == symbol]
        ax.plot(
            *zip(*some, strict=True), marker=symbol, linestyle="", color=color, markersize=4.2,
            markeredgecolor=INK, markeredgewidth=0.4, clip_on=symbol == marker, zorder=6,
        )  # fmt: skip


def _key(ax: Axes, sound: list[Curve], arrows: int) -> None:
    for kind, (words, color, marker) in _KINDS.items():
        number = sum(_kind(curve) == kind for curve in sound)
        if number:
            ax.plot(
                [], [], marker, color=color, markersize=4.2, markeredgecolor=INK, markeredgewidth=0.4,
                label=f"{words} ({number})",
            )  # fmt: skip
    if arrows:
        ax.plot(
            [],
            [],
            "^",
            color=SOFT,
            fillstyle="none",
            markersize=5,
            alpha=0.55,
            label=f"not determined ({arrows})",
        )
    legend(ax, loc="upper center", bbox_to_anchor=(0.5, -0.16), ncols=4, handletextpad=0.2, columnspacing=1.2)
