"""The plane of conformity and bias: where two states coexist, and what lies where."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from spinodal.plots._style import COLOR, INK, REGION, SOFT, legend, new_axes, note, series
from spinodal.theory import OutlookSamples, spinodal_h

if TYPE_CHECKING:
    from matplotlib.axes import Axes

Interval = tuple[float, float]

_WIDEST = (-3.0, 12.0)
_TALLEST = 2.5
"""What the plane shows at most; marks beyond lie on its frame."""
_TAIL = 0.02
"""So large a share of the marks may lie beyond it at each end."""


@dataclass(frozen=True)
class Mark:
    """One response on the plane."""

    beta: float
    h: float
    beta_ci: Interval | None = None
    """Interval of beta; ends may be infinite."""
    h_ci: Interval | None = None
    group: str = ""
    """What it is drawn and named with, such as its model."""
    label: str = ""
    """Its own name."""
    identifiable: bool = True
    """False where the data do not determine (beta, h): drawn as a hollow mark without bars."""


def phase_plane(marks: Sequence[Mark] = (), ax: Axes | None = None) -> Axes:
    """The bistable region with its boundary, the spinodal, and the critical point; marks by group."""
    ax = new_axes(ax, width=7.0, height=4.6)
    betas, reach = _extent(marks)
    region(ax, betas, reach)
    groups = list(dict.fromkeys(mark.group for mark in marks))
    for mark in marks:
        color, symbol = series(groups.index(mark.group))
        _draw(ax, mark, color, symbol, betas, reach, len(marks))
    for n, group in enumerate(groups):
        if group:
            color, symbol = series(n)
            ax.plot([], [], symbol, color=color, markersize=6.5, label=group)
    if any(not mark.identifiable for mark in marks):
        ax.plot([], [], "o", color=SOFT, fillstyle="none", markersize=6.5, label="not determined by the data")
    legend(ax, loc="lower center", bbox_to_anchor=(0.5, 1.0), ncols=4)
    return ax


def samples(found: OutlookSamples, ax: Axes | None = None) -> Axes:
    """The draws on the plane, and how many of them are bistable."""
    ax = new_axes(ax, width=7.0, height=4.6)
    betas, reach = _extent([Mark(float(b), float(h)) for b, h in zip(*_central(found), strict=True)])
    region(ax, betas, reach)
    for inside, color, name in ((True, REGION, "two states"), (False, SOFT, "one state")):
        some = found.bistable == inside
        if some.any():
            ax.plot(
                found.beta[some],
                found.h[some],
                ".",
                color=color,
                markersize=4,
                alpha=0.5,
                markeredgewidth=0,
                label=f"{name}: {some.mean():.1%} of the draws",
            )
    legend(ax, loc="lower center", bbox_to_anchor=(0.5, 1.0), ncols=2, markerscale=2.5)
    return ax


def _central(found: OutlookSamples) -> tuple[np.ndarray, np.ndarray]:
    """Corners of the middle 99% of the draws, which the picture shows."""
    levels = [0.005, 0.995]
    return np.quantile(found.beta, levels), np.quantile(found.h, levels)


def _extent(marks: Sequence[Mark]) -> tuple[Interval, float]:
    """The range of beta, and the largest |h|, that show the marks within reason."""
    sound = [mark for mark in marks if mark.identifiable and math.isfinite(mark.h)] or [Mark(0.0, 0.0)]
    low, high = np.quantile([mark.beta for mark in sound], [_TAIL, 1.0 - _TAIL])
    bias = float(np.quantile([abs(mark.h) for mark in sound], 1.0 - _TAIL))
    betas = min(0.0, max(float(low), _WIDEST[0])) - 0.1, max(4.0, min(1.1 * float(high), _WIDEST[1]))
    return betas, max(0.75, min(1.15 * bias, _TALLEST))


def region(ax: Axes, betas: Interval, reach: float, *, folded: bool = False, words: bool = True) -> None:
    """The bistable region, the spinodal and the critical point, with what lasts where.

    `betas` and `reach` (the largest |h|) are what the axes show; `folded`: |h| instead of h.
    """
    beta = 1.0 + (betas[1] - 1.0) * np.linspace(0.0, 1.0, 300) ** 2
    edge = spinodal_h(beta)
    ax.fill_between(beta, 0.0 * edge if folded else -edge, edge, color=REGION, alpha=0.12, linewidth=0)
    for sign in (1.0,) if folded else (1.0, -1.0):
        ax.plot(beta, sign * edge, color=REGION, linewidth=1.8)
    if not folded:
        ax.axhline(0.0, color=SOFT, linewidth=0.6, linestyle=":", zorder=0)
    ax.plot([1.0], [0.0], "o", color=REGION, markersize=5, clip_on=False)
    ax.set(
        xlim=betas,
        ylim=(0.0 if folded else -reach, reach),
        xlabel="conformity β",
        ylabel="size of the bias, |h|" if folded else "bias h (up: leans to A)",
    )
    if not words:
        return
    near = {"textcoords": "offset points", "color": REGION}
    note(ax, "critical point", 1.0, 0.0, xytext=(-6, 6), ha="right", **near)
    if folded:
        note(ax, "two states", betas[1], 0.0, xytext=(-6, 5), ha="right", **near)
    else:
        note(ax, "two states", betas[1], 0.0, xytext=(-6, -12), ha="right", **near)
    middle = 1.0 + 0.62 * (betas[1] - 1.0)
    note(ax, "spinodal", middle, float(spinodal_h(middle)), xytext=(-4, 6), ha="right", **near)
    left = betas[0] + 0.01 * (betas[1] - betas[0])
    if folded:
        note(ax, "one state: the majority the agents lean to", left, 0.97 * reach, va="top")
    else:
        note(ax, "only a majority for A lasts", left, 0.97 * reach, va="top", color=COLOR["A"])
        note(ax, "only a majority for B lasts", left, -0.97 * reach, va="bottom", color=COLOR["B"])


def _draw(ax: Axes, mark: Mark, color: str, symbol: str, betas: Interval, reach: float, total: int) -> None:
    h = mark.h if math.isfinite(mark.h) else reach
    x, y = min(max(mark.beta, betas[0]), betas[1]), min(max(h, -reach), reach)
    if mark.identifiable:
        thin: dict[str, Any] = {"color": color, "linewidth": 0.9, "alpha": 0.45}
        if mark.beta_ci is not None:
            ax.plot(np.clip(mark.beta_ci, *betas), [y, y], **thin)
        if mark.h_ci is not None:
            ax.plot([x, x], np.clip(mark.h_ci, -reach, reach), **thin)
    beyond = x != mark.beta or y != mark.h
    ax.plot(
        [x],
        [y],
        symbol,
        color=color,
        fillstyle="full" if mark.identifiable else "none",
        markersize=6.5 if total <= 40 else 4.5,
        markeredgecolor=INK if mark.identifiable else color,
        markeredgewidth=0.5 if mark.identifiable else 1.0,
        alpha=0.9 if mark.identifiable else 0.6,
        clip_on=not beyond,
    )
    if mark.label and total <= 12:
        note(ax, mark.label, x, y, xytext=(6, 4), textcoords="offset points", fontsize=8.0)
