"""Sampled populations over time."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from spinodal.plots._style import COLOR, INK, MAGNETIZATION, NOTE_SIZE, SWEEPS, legend, new_axes, series
from spinodal.plots._trace import stages

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from spinodal.simulate import Trajectories

_MOST_LINES = 100
"""Runs drawn one by one; of more, evenly many."""


def trajectories(found: Trajectories, ax: Axes | None = None) -> Axes:
    """Every run in the colour of its final majority, means of all and of each kind, the stages of zealots."""
    ax = new_axes(ax, width=7.2)
    drawn = np.unique(np.linspace(0, found.runs - 1, min(found.runs, _MOST_LINES)).round().astype(int))
    faint = max(0.08, min(0.7, 6.0 / drawn.size))
    for m in found.m[drawn]:
        color = COLOR["A"] if m[-1] > 0.0 else COLOR["B"] if m[-1] < 0.0 else INK
        ax.plot(found.sweeps, m, color=color, alpha=faint, linewidth=0.9, rasterized=drawn.size > 20)
    if found.runs > 1:
        ax.plot(found.sweeps, found.mean_m, color=INK, linewidth=2.0, label=f"mean of {found.runs:,} runs")
    kinds = found.population.kinds
    if len(kinds) > 1:
        for number, kind in enumerate(kinds):
            name = kind.name or f"kind {number + 1}"
            ax.plot(
                found.sweeps,
                found.m_by_kind[..., number].mean(axis=0),
                color=series(number + 2)[0],
                linestyle="--",
                label=f"{name}, {kind.agents:,} agents",
            )
    stages(found.stages, ax)
    ax.set(xlim=(0.0, found.sweeps[-1]), ylim=(-1.02, 1.02), xlabel=SWEEPS, ylabel=MAGNETIZATION)
    ax.set_title(
        f"{found.population.agents:,} agents; {np.mean(found.final_m > 0.0):.0%} of the runs end with a "
        f"majority for A, {np.mean(found.final_m < 0.0):.0%} for B",
        loc="left",
        fontsize=NOTE_SIZE + 0.5,
        pad=18,
    )
    legend(ax, loc="best")
    return ax
