"""The potential: the valleys a population rests in, and the tops it has to cross."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from spinodal.plots._style import COLOR, INK, MAGNETIZATION, SOFT, new_axes, note
from spinodal.theory import Landscape, Side, states_of

if TYPE_CHECKING:
    from matplotlib.axes import Axes


_ROOM = 0.12
"""Share of the picture's height that a label needs."""


def landscape(found: Landscape, ax: Axes | None = None) -> Axes:
    """The potential with its states, its tops and the barriers out of the A and the B state."""
    ax = new_axes(ax)
    ax.plot(found.m, found.phi, color=INK, linewidth=1.8)
    at = np.array([point.m for point in found.fixed_points])
    colors = [
        (COLOR["A"] if point.m > 0 else COLOR["B"]) if point.stable else "white"
        for point in found.fixed_points
    ]
    ax.scatter(at, found.phi_at_fixed_points, s=56, c=colors, edgecolors=INK, linewidths=1.2, zorder=4)
    states = states_of(found.fixed_points)
    if states.A is not None and states.B is not None:
        inner = [
            (phi, point.m)
            for point, phi in zip(found.fixed_points, found.phi_at_fixed_points, strict=True)
            if states.B < point.m < states.A and not point.stable
        ]
        top, watershed = max(inner)
        _barrier(ax, found, "A", states.A, float(top), watershed)
        _barrier(ax, found, "B", states.B, float(top), watershed)
    ax.set(xlim=(-1.02, 1.02), xlabel=MAGNETIZATION, ylabel="potential Φ(m), per agent")
    ax.margins(y=0.12)
    return ax


def _barrier(ax: Axes, found: Landscape, side: Side, state: float, top: float, watershed: float) -> None:
    height = found.barriers.from_A if side == "A" else found.barriers.from_B
    if height is None or not np.isfinite(height):
        return
    bottom = top - height
    # a level line from the top to above the valley, and the drop beneath it
    ax.plot([state, watershed], [top, top], color=SOFT, linewidth=0.8, linestyle=(0, (4, 3)))
    arrow = {"arrowstyle": "<->", "color": COLOR[side], "linewidth": 1.2, "shrinkA": 0, "shrinkB": 4}
    ax.annotate("", (state, bottom), xytext=(state, top), arrowprops=arrow)
    words = f"ΔΦ = {height:.3g}"
    at_right = state > watershed
    style = {"ha": "right" if at_right else "left", "color": COLOR[side], "textcoords": "offset points"}
    if height > _ROOM * float(np.ptp(found.phi)):
        note(ax, words, state, 0.5 * (top + bottom), xytext=(-8 if at_right else 8, 0), va="center", **style)
    else:  # no room beside so short an arrow
        note(ax, words, state, bottom, xytext=(5 if at_right else -5, -10), va="top", **style)
