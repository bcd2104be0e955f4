"""Societies of real agents beside what was predicted of them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from spinodal._errors import RequestError
from spinodal.plots._style import (
    COLOR,
    INK,
    MAGNETIZATION,
    NOTE_SIZE,
    REGION,
    SWEEPS,
    legend,
    new_axes,
    series,
)
from spinodal.plots._trace import mark_watershed, stages

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from spinodal.society_paths import Paths
    from spinodal.society_runs import SocietyRun
    from spinodal.society_verdict import SocietyVerdict
    from spinodal.theory import Side, Stage

_MOST_LINES = 60
"""Trajectories drawn one by one from each start; of more, evenly many."""


def society_paths(run: SocietyRun, verdict: SocietyVerdict, ax: Axes | None = None) -> Axes:
    """Every trajectory in the colour of its start, the means, and the predicted means and central 90%."""
    from spinodal.society_paths import paths, watershed

    ax = new_axes(ax, width=7.2)
    found = paths(run, verdict)
    for number, one in enumerate(found):
        color = series(number)[0]
        _predicted(one, color, ax, named=number == 0)
        drawn = np.unique(np.linspace(0, one.runs - 1, min(one.runs, _MOST_LINES)).round().astype(int))
        for m in one.m[drawn] if one.runs else ():
            ax.plot(one.sweeps, m, color=color, alpha=0.35, linewidth=0.8, rasterized=drawn.size > 20)
        if one.runs:
            name = f"from m = {one.m0:g}, {one.runs} runs".replace("-", "−")
            ax.plot(one.sweeps, one.mean, color=color, linewidth=2.2, label=name)
    if run.experiment == "tip":
        mark_watershed(ax, watershed(run), run.toward)
    _finish(ax, run.sweeps, run.stages, _outcome(verdict))
    return ax


def society_loop(run: SocietyRun, verdict: SocietyVerdict, ax: Axes | None = None) -> Axes:
    """The hysteresis loop: each trajectory, their mean, the expectation and the central 90% of m."""
    from spinodal.society_paths import paths
    from spinodal.society_paths import society_loop as loop_of

    ax = new_axes(ax)
    loop = loop_of(run, paths(run, verdict))
    for way in loop.ways:
        side: Side = "A" if loop.zealots[way][-1] >= loop.zealots[way][0] else "B"
        color, zealots = COLOR[side], loop.zealots[way]
        if loop.predicted is not None and loop.band is not None:
            ax.fill_between(zealots, *loop.band[:, way], color=color, alpha=0.13, linewidth=0)
            ax.plot(zealots, loop.predicted[way], color=color, linewidth=1.4, linestyle="--")
        for m in loop.m[:, way]:
            ax.plot(zealots, m, color=color, alpha=0.35, linewidth=0.8)
        if len(loop.m):
            mean, name = loop.m[:, way].mean(axis=0), f"zealots for {side} growing"
            ax.plot(zealots, mean, color=color, linewidth=2.2, marker="o", markersize=4, label=name)
    areas = [f"{loop.areas.mean():.2f} observed"] if loop.areas.size else []
    areas += [f"{loop.predicted_area:.2f} predicted"] if loop.predicted_area is not None else []
    ax.set_title(f"area of the loop: {', '.join(areas) or 'none'}", loc="left", fontsize=NOTE_SIZE + 0.5)
    ax.set(
        ylim=(-1.08, 1.08),
        xlabel=f"zealots beside {run.agents:,} regular agents: for B (−), for A (+)",
        ylabel="mean magnetization, second half of each step",
    )
    legend(ax, loc="best")
    return ax


def societies_side_by_side(
    runs: Sequence[SocietyRun],
    verdicts: Sequence[SocietyVerdict],
    ax: Axes | None = None,
    *,
    m0: float | None = None,
) -> Axes:
    """The mean of each society's trajectories from one start, over its own predicted central 90%.

    `m0` is that start: the only one where it is left out. Raises `RequestError` where a society lacks it.
    """
    from spinodal.society_paths import paths

    ax = new_axes(ax, width=7.2)
    for number, (run, verdict) in enumerate(zip(runs, verdicts, strict=True)):
        color, marker = series(number)
        here = [one for one in paths(run, verdict) if m0 is None or one.m0 == m0]
        if len(here) != 1:
            raise RequestError(f"{run.name} has {len(here)} such starts; name one of its own as m0")
        [one] = here
        _predicted(one, color, ax, named=False)
        if one.runs:
            ax.plot(
                one.sweeps, one.mean, color=color, linewidth=2.0, marker=marker, markersize=4, label=run.name
            )
    schedules = {run.stages for run in runs}
    _finish(ax, max(run.sweeps for run in runs), schedules.pop() if len(schedules) == 1 else (), "")
    return ax


def _predicted(one: Paths, color: str, ax: Axes, *, named: bool) -> None:
    """The predicted mean and central 90%, and the complete graph's mean beside those of a graph."""
    if one.predicted is None:
        return
    law = one.predicted
    ax.fill_between(
        law.sweeps, law.quantile(0.05), law.quantile(0.95), color=color, alpha=0.12, linewidth=0, zorder=0
    )
    name = "predicted mean, central 90%" if named else None
    ax.plot(law.sweeps, law.mean, color=color, linewidth=1.4, linestyle="--", label=name)
    if one.well_mixed is not None:
        law, name = one.well_mixed, "if everyone saw everyone" if named else None
        ax.plot(law.sweeps, law.mean, color=REGION, linewidth=1.2, linestyle=":", label=name)


def _outcome(verdict: SocietyVerdict) -> str:
    if verdict.agreement is None:
        return "no prediction to compare with"
    held = "as predicted" if verdict.holds else "not as predicted"
    return f"{held}, p = {verdict.agreement.p_value:.3f}"


def _finish(ax: Axes, sweeps: int, lived: Sequence[Stage], outcome: str) -> None:
    stages(lived, ax)
    ax.set(xlim=(0.0, sweeps), ylim=(-1.04, 1.04), xlabel=SWEEPS, ylabel=MAGNETIZATION)
    if outcome:
        ax.set_title(outcome, loc="left", fontsize=NOTE_SIZE + 0.5, pad=18, color=INK)
    legend(ax, loc="upper left", bbox_to_anchor=(0.0, -0.16), ncols=3)
