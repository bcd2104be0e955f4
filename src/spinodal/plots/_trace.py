"""The exact distribution over time, and what a stage of zealots does to it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from spinodal.plots._style import COLOR, INK, MAGNETIZATION, NOTE_SIZE, SOFT, SWEEPS, legend, new_axes
from spinodal.theory import Side, Stage, TippingTrial, Trace, tipping_watershed

if TYPE_CHECKING:
    from collections.abc import Sequence

    from matplotlib.axes import Axes

_CELLS = 101
"""Magnetization is binned to this many rows at most."""


def trace(found: Trace, ax: Axes | None = None) -> Axes:
    """The distribution over time as a map, its mean and central 90%, and the stages with zealots."""
    ax = new_axes(ax, width=7.2)
    from matplotlib.colors import LinearSegmentedColormap, PowerNorm

    rows, edges = _binned(found)
    density = rows / np.diff(edges)[:, None]
    greys = LinearSegmentedColormap.from_list("spinodal", ["white", "#b9b3d6", "#6a4c93"])
    # a consensus holds nearly everything in one row: the scale is that of the broader laws
    ceiling = max(float(np.quantile(density.max(axis=0), 0.25)), 1e-12)
    ax.pcolormesh(
        _time_edges(found.sweeps),
        edges,
        density,
        cmap=greys,
        norm=PowerNorm(0.5, 0.0, ceiling),
        rasterized=True,
    )
    ax.plot(found.sweeps, found.mean, color=INK, linewidth=2.0, label="mean")
    for level, name in ((0.05, "central 90%"), (0.95, None)):
        ax.plot(found.sweeps, found.quantile(level), color=INK, linewidth=0.9, linestyle=":", label=name)
    stages(found.stages, ax)
    ax.set(xlim=(0.0, found.sweeps[-1] or 1.0), ylim=(-1.02, 1.02), xlabel=SWEEPS, ylabel=MAGNETIZATION)
    legend(ax, loc="best")
    return ax


def trial(found: TippingTrial, ax: Axes | None = None) -> Axes:
    """The trial in time, with the watershed, and how many populations are past it."""
    every = max((found.hold + found.after) / 200.0, 1.0 / found.agents)
    ax = trace(found.trace(every), ax)
    mark_watershed(ax, tipping_watershed(found.response, found.toward), found.toward)
    ax.set_title(
        f"{found.zealots} zealots beside {found.agents} agents: {found.p_tipped:.1%} tipped to "
        f"{found.toward} when they leave, {found.p_remains:.1%} after {found.after:g} more sweeps",
        loc="left",
        fontsize=NOTE_SIZE + 0.5,
        pad=20,
    )
    return ax


def mark_watershed(ax: Axes, m: float, toward: Side) -> Axes:
    """A line at the magnetization past which a population counts as tipped."""
    ax.axhline(m, color=COLOR[toward], linewidth=1.2, linestyle=(0, (4, 3)), label="watershed")
    legend(ax, loc="best")
    return ax


def stages(of: Sequence[Stage], ax: Axes) -> None:
    """A bar above the picture for each stage with zealots, in the colour of their option."""
    total = sum(stage.sweeps for stage in of) or 1.0
    begin = 0.0
    for stage in of:
        end = begin + stage.sweeps
        here: tuple[tuple[int, Side], ...] = ((stage.zealots_a, "A"), (stage.zealots_b, "B"))
        for level, (count, side) in enumerate((count, side) for count, side in here if count):
            height = 1.015 + 0.075 * level
            place: dict[str, Any] = {
                "transform": ax.get_xaxis_transform(),
                "clip_on": False,
                "color": COLOR[side],
            }
            ax.plot([begin, end], [height] * 2, linewidth=4, solid_capstyle="butt", **place)
            words = f"{count:,} zealots for {side}" if end - begin > 0.2 * total else f"{count:,} {side}"
            at: dict[str, Any] = {"ha": "center", "va": "bottom", "fontsize": NOTE_SIZE}
            ax.text(0.5 * (begin + end), height + 0.008, words, **place, **at)
        if begin > 0.0:
            ax.axvline(begin, color=SOFT, linewidth=0.7)
        begin = end


def _binned(found: Trace) -> tuple[np.ndarray, np.ndarray]:
    """Probability by row of magnetization (rows, T), and the rows' edges."""
    states = found.agents + 1
    half = 1.0 / found.agents
    outer = np.concatenate([found.magnetization - half, [1.0 + half]])
    if states <= _CELLS:
        return found.laws.T, outer
    starts = np.unique(np.linspace(0, states, _CELLS + 1).astype(int)[:-1])
    return np.add.reduceat(found.laws, starts, axis=1).T, outer[np.append(starts, states)]


def _time_edges(times: np.ndarray) -> np.ndarray:
    """Edges around each time, from the first to the last."""
    middles = 0.5 * (times[1:] + times[:-1])
    return np.concatenate([times[:1], middles, times[-1:]])
