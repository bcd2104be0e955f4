"""The response with the states it gives a population, and the flow between them."""

from __future__ import annotations

from itertools import pairwise
from typing import TYPE_CHECKING

import numpy as np

from spinodal.plots._style import COLOR, INK, PERCEIVED, SOFT, legend, new_axes
from spinodal.response import EmpiricalResponse, probabilities
from spinodal.theory import Outlook, drift

if TYPE_CHECKING:
    from matplotlib.axes import Axes

_FLOW_AT = -0.07
"""Height of the arrows of the flow, under the curve."""


def outlook(found: Outlook, ax: Axes | None = None) -> Axes:
    """P(m) with its fixed points, where agents adopt A as often as it is held, and the flow of m."""
    ax = new_axes(ax)
    response = found.response
    m = np.linspace(-1.0, 1.0, 801)
    ax.plot(m, (1.0 + m) / 2.0, color=SOFT, linewidth=1.0, linestyle=(0, (4, 3)))
    ax.plot(m, probabilities(response, m), color=INK, linewidth=1.8, label="response P(m)")
    if isinstance(response, EmpiricalResponse):
        ax.plot(response.m, response.p, ".", color=INK, markersize=6)
    _flow(found, ax)
    for stable, name in ((True, "stable state"), (False, "unstable")):
        at = np.array([point.m for point in found.fixed_points if point.stable is stable])
        if at.size == 0:
            continue
        ax.scatter(
            at,
            (1.0 + at) / 2.0,
            s=64,
            zorder=4,
            facecolors=[(COLOR["A"] if x > 0 else COLOR["B"]) if stable else "white" for x in at],
            edgecolors=INK,
            linewidths=1.2,
            clip_on=False,
            label=name,
        )
    ax.set(xlim=(-1.02, 1.02), ylim=(-0.12, 1.04), xlabel=PERCEIVED, ylabel="probability to adopt A")
    ax.set_yticks(np.linspace(0.0, 1.0, 6))
    ax.annotate(
        "A adopted as often as held",
        (0.3, 0.65),
        xytext=(4, -4),
        textcoords="offset points",
        color=SOFT,
        fontsize=8.5,
        va="top",
        ha="left",
    )
    legend(ax, loc="upper left")
    _name_handles(ax)
    return ax


def _flow(found: Outlook, ax: Axes) -> None:
    """Arrows between neighbouring fixed points, the way the population moves."""
    ends = [-1.0, *(point.m for point in found.fixed_points), 1.0]
    ax.axhline(_FLOW_AT, color=SOFT, linewidth=0.6)
    for left, right in pairwise(ends):
        if right - left < 0.03:
            continue
        middle = 0.5 * (left + right)
        rises = float(drift(found.response, middle)) > 0.0
        half = min(0.35 * (right - left), 0.12)
        tail, head = (middle - half, middle + half) if rises else (middle + half, middle - half)
        ax.annotate(
            "",
            (head, _FLOW_AT),
            xytext=(tail, _FLOW_AT),
            arrowprops={
                "arrowstyle": "-|>",
                "color": COLOR["A" if rises else "B"],
                "linewidth": 1.6,
                "mutation_scale": 12,
            },
        )


def _name_handles(ax: Axes) -> None:
    """Grey in the legend for what has a side's colour in the picture."""
    shown = ax.get_legend()
    for handle in shown.legend_handles if shown else ():
        if handle is not None and handle.get_label() == "stable state":
            handle.set(facecolor=SOFT)
