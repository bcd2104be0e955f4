"""Conformity over group size, and what it has to exceed for two majorities and for consensus."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from spinodal.plots._style import INK, REGION, SOFT, legend, new_axes, note
from spinodal.theory import GroupSizeTable, SizeRange, is_bistable

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from spinodal.theory import CriticalSizes


def critical_sizes(found: CriticalSizes, ax: Axes | None = None) -> Axes:
    """beta(N), the sizes with two stable majorities, and 1/2 ln N, above which unbiased agents all agree."""
    ax = new_axes(ax)
    asked = found.two_majorities
    sizes = np.unique(np.geomspace(asked.smallest, asked.largest, 600).round().astype(np.int64))
    responses = [found.law(int(size)) for size in sizes]
    beta = np.array([response.beta for response in responses])
    two = is_bistable(beta, [response.h for response in responses])
    top = 1.12 * max(float(beta.max()), 1.0)
    ax.fill_between(
        sizes, 0, 1, where=two, transform=ax.get_xaxis_transform(), color=REGION, alpha=0.12, linewidth=0,
        label="two stable majorities",
    )  # fmt: skip
    ax.plot(sizes, beta, color=INK, linewidth=2.0, label="conformity β of an agent")
    if isinstance(found.law, GroupSizeTable):
        ax.plot(found.law.agents, found.law.beta, "o", color=INK, markersize=5)
    ax.plot(
        sizes, 0.5 * np.log(sizes), color=SOFT, linestyle="--", label="½ ln N: above, full consensus (h = 0)"
    )
    ax.axhline(1.0, color=SOFT, linewidth=1.0, linestyle=":")
    for place, held in ((0.03, asked), (0.10, found.full_consensus)):
        _mark(ax, held, place * top)
    ax.set(
        xscale="log",
        xlim=(asked.smallest, asked.largest),
        ylim=(0.0, top),
        xlabel="agents in the group, N",
        ylabel="conformity β",
    )
    legend(ax, loc="lower center", bbox_to_anchor=(0.5, 1.0), ncols=3)
    return ax


def _mark(ax: Axes, held: SizeRange, height: float) -> None:
    for size in held.crossings:
        ax.axvline(size, color=SOFT, linewidth=0.8)
        note(ax, f"{size:,}", size, height, ha="center")
