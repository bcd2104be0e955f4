"""Operational tipping: how likely so many zealots tip a finite population."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import ArrayLike

from spinodal.plots._style import COLOR, INK, SOFT, legend, new_axes, note
from spinodal.theory import TippingCurve, tipping_threshold

if TYPE_CHECKING:
    from matplotlib.axes import Axes


def tipping_curve(found: TippingCurve, ax: Axes | None = None) -> Axes:
    """Probability tipped when the zealots leave, and some time after, against their number."""
    ax = new_axes(ax)
    color = COLOR[found.toward]
    leave, later = f"when they leave, after {found.hold:g} sweeps", f"{found.after:g} sweeps after they left"
    ax.plot(found.zealots, found.p_tipped, color=color, linewidth=2.0, label=leave)
    ax.plot(found.zealots, found.p_remains, color=INK, linewidth=1.4, linestyle=(0, (5, 2)), label=later)
    z = tipping_threshold(found.response, found.toward).zealots_per_agent
    right = float(found.zealots.max()) or 1.0
    if z is not None and z * found.agents <= right:
        at = z * found.agents
        ax.axvline(at, color=SOFT, linewidth=1.0, linestyle=":")
        late = at > 0.7 * right
        note(
            ax,
            f"infinite population: {at:.3g}",
            at,
            0.03,
            xytext=(-4 if late else 4, 0),
            textcoords="offset points",
            ha="right" if late else "left",
        )
    ax.set(
        xlim=(0.0, right),
        ylim=(-0.02, 1.02),
        xlabel=f"zealots for {found.toward} beside {found.agents:,} regular agents",
        ylabel=f"probability tipped to {found.toward}",
    )
    legend(ax, loc="best")
    share = ax.secondary_xaxis(
        "top", functions=(partial(_share, found.agents), partial(_zealots, found.agents))
    )
    share.set_xlabel("share of everybody, %", fontsize=9.0, color=SOFT)
    share.tick_params(colors=SOFT, labelsize=8.5)
    share.spines["top"].set_color(SOFT)
    return ax


def _share(agents: int, zealots: ArrayLike) -> ArrayLike:
    count = np.asarray(zealots, dtype=np.float64)
    return np.asarray(100.0 * count / (agents + count))


def _zealots(agents: int, percent: ArrayLike) -> ArrayLike:
    share = np.asarray(percent, dtype=np.float64) / 100.0
    return np.asarray(agents * share / (1.0 - share))
