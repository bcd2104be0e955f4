"""The stationary law of a finite population."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from spinodal.plots._style import COLOR, INK, MAGNETIZATION, SOFT, new_axes
from spinodal.theory import Chain, fixed_points

if TYPE_CHECKING:
    from matplotlib.axes import Axes

_DECADES = 12.0
"""How far below the likeliest state the picture reaches."""
_BARS = 200
"""Up to this many agents each state is a bar."""


def stationary_law(chain: Chain, ax: Axes | None = None) -> Axes:
    """The long-run probability of each magnetization, on a logarithmic scale, with the mean-field states."""
    ax = new_axes(ax)
    logs = chain.log_stationary() / np.log(10.0)
    m = chain.magnetization
    floor = max(float(logs.max()) - _DECADES, float(logs[np.isfinite(logs)].min()) - 0.5)
    shown = np.maximum(logs, floor)
    if chain.agents <= _BARS:
        colors = np.where(m > 0, COLOR["A"], np.where(m < 0, COLOR["B"], SOFT))
        ax.bar(m, 10.0**shown - 10.0**floor, width=1.7 / chain.agents, bottom=10.0**floor, color=colors)
    else:
        ax.plot(m, 10.0**shown, color=INK, linewidth=1.4)
        for color, half in ((COLOR["A"], m >= 0), (COLOR["B"], m <= 0)):
            ax.fill_between(m[half], 10.0**floor, 10.0 ** shown[half], color=color, alpha=0.35, linewidth=0)
    z = {"zealots_a": chain.zealots_a / chain.agents, "zealots_b": chain.zealots_b / chain.agents}
    for point in fixed_points(chain.response, **z):
        style = "-" if point.stable else (0, (4, 3))
        ax.axvline(point.m, color=SOFT, linewidth=0.8, linestyle=style, zorder=0)
    ax.set_yscale("log")
    ax.set(
        xlim=(-1.04, 1.04),
        ylim=(10.0**floor, 10.0 ** (float(logs.max()) + 0.3)),
        xlabel=MAGNETIZATION,
        ylabel=f"long-run probability, {chain.agents:,} agents",
    )
    return ax
