"""Pictures that several tests of coverage and of error rates share."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import ArrayLike

if TYPE_CHECKING:
    from matplotlib.axes import Axes


def draw_level(axes: Axes, p_values: ArrayLike, level: float, title: str) -> None:
    """p-values where nothing is there to find: their cumulative share, and what the levels promise."""
    p = np.sort(np.asarray(p_values, dtype=np.float64))
    axes.plot([0, *p, 1], [0, *(np.arange(1, p.size + 1) / p.size), 1], drawstyle="steps-post")
    axes.plot([0, 1], [0, 1], "k--", lw=1, label="as often as the level says")
    axes.axvline(level, color="0.6", lw=0.8)
    axes.set(
        xlabel="p-value, or level of the test",
        ylabel="share of studies that reject",
        title=f"{title}: {(p <= level).mean():.1%} of {p.size} reject at {level:g}",
    )
    axes.legend(frameon=False)


def draw_covered(
    axes: Axes, truth: Sequence[float], intervals: Sequence[tuple[float, float]], title: str
) -> None:
    """Intervals in order of the truth, the truth taken off; an infinite end reaches the picture's edge."""
    order = np.argsort(truth)
    ends = np.asarray(intervals, dtype=np.float64)[order] - np.asarray(truth)[order, None]
    edge = 3.0 * np.quantile(np.abs(ends[np.isfinite(ends)]), 0.9)
    missed = (ends[:, 0] > 0.0) | (ends[:, 1] < 0.0)
    for which, color, label in ((~missed, "C0", None), (missed, "C3", f"{missed.sum()} miss the truth")):
        at = np.flatnonzero(which)
        axes.vlines(at, *np.clip(ends[at], -edge, edge).T, color=color, lw=1, label=label)
    axes.axhline(0.0, color="k", lw=0.8)
    axes.set(ylim=(-edge, edge), xlabel="agents, in order of the truth", ylabel="interval minus truth")
    axes.set_title(f"{title}: {(~missed).mean():.1%} of {missed.size} intervals cover it")
    axes.legend(frameon=False, loc="upper left")
