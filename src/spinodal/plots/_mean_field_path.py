"""An infinite population over time."""

from __future__ import annotations

from typing import TYPE_CHECKING

from spinodal.plots._style import INK, MAGNETIZATION, SWEEPS, legend, new_axes, series

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from spinodal.theory import MeanFieldPath


def mean_field_path(found: MeanFieldPath, ax: Axes | None = None) -> Axes:
    """The magnetization of the whole and, where there are several, of each kind."""
    ax = new_axes(ax)
    if found.kinds.shape[1] > 1:
        for number, m in enumerate(found.kinds.T):
            ax.plot(found.sweeps, m, color=series(number)[0], linestyle="--", label=f"kind {number + 1}")
    ax.plot(found.sweeps, found.m, color=INK, linewidth=2.0, label="the whole")
    ax.set(xlim=(0.0, found.sweeps[-1]), ylim=(-1.05, 1.05), xlabel=SWEEPS, ylabel=MAGNETIZATION)
    legend(ax)
    return ax
