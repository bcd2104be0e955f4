"""Populations in time from several starts, and where they end."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

import numpy as np

from spinodal.figures._choosing import chosen
from spinodal.figures._curves import nearest_curve
from spinodal.figures._entry import figure
from spinodal.figures._expected import expected_path
from spinodal.figures._look import counted, finish, panels, plain, short_names, style, title
from spinodal.figures._needs import PATHS
from spinodal.figures._spread import mean_interval
from spinodal.plots._style import INK, MAGNETIZATION, SOFT, SWEEPS, legend
from spinodal.theory import Stage

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

    from spinodal.results import Results

_MOST_LINES: Final = 15
_BINS: Final = np.linspace(-1.0, 1.0, 21)
_LOOKS: Final = 120


@figure(
    "trajectories",
    title="Populations in time",
    caption="Magnetization over time from several starts, means with 95% intervals, the expectation by the "
    "measured "
    "response, and how the final states are distributed.",
    needs=(PATHS,),
)
def trajectories(results: Results, *, agent: str | None = None, pair: str | None = None) -> Figure:
    """m(t) of every population of one agent and pair, and histograms of the final m, by start.

    A population that reached a consensus and was followed no further is carried on there. Dashed is the exact
    expectation of the measured response, where the results hold one of this agent and pair. Without names:
    the agent and pair with most populations.
    """
    label, named, rows = chosen(results, results.paths, agent, pair)
    agents = int(rows["agents"].iloc[0])
    grid = np.unique(np.linspace(0.0, float(rows["sweep"].max()), _LOOKS).round(6))
    starts = sorted(map(float, rows["m0"].unique()))
    by_start: Any = rows.groupby("m0")
    runs = {m0: np.array([_on(grid, one) for _, one in some.groupby("trajectory")]) for m0, some in by_start}
    drawn, (ax, ends) = panels(1, 2, height=2.9, ratios=(1.75, 1.0), sharey=True)
    warmth = rows["temperature"].iloc[0]
    curve = nearest_curve(results, label, named, agents, None if warmth != warmth else float(warmth))
    stopped = bool(rows["stopped"].any())
    for number, m0 in enumerate(starts):
        color, _ = style(number)
        m = runs[m0]
        for path in m[:: max(1, -(-len(m) // _MOST_LINES))]:
            ax.plot(grid, path, color=color, alpha=0.22, linewidth=0.5, rasterized=True, zorder=1)
        low, high = mean_interval(m)
        ax.fill_between(
            grid, np.clip(low, -1, 1), np.clip(high, -1, 1), color=color, alpha=0.22, linewidth=0, zorder=2
        )
        ax.plot(grid, m.mean(axis=0), color=color, linewidth=1.6, zorder=3)
        if curve is not None:
            every = max(1.0 / agents, grid[-1] / _LOOKS)
            trace = expected_path(
                curve, agents, m0, [Stage(float(grid[-1]))], stop_at_consensus=stopped, every=every
            )
            ax.plot(trace.sweeps, trace.mean, color=INK, linewidth=0.9, linestyle=(0, (4, 2)), zorder=4)
        _histogram(ends, number, m[:, -1], color)
    ax.plot([], [], color=SOFT, linewidth=1.6, label="mean of runs, 95% interval")
    if curve is not None:
        ax.plot([], [], color=INK, linewidth=0.9, linestyle=(0, (4, 2)), label="expected from the response")
    ax.set(
        xlim=(0.0, grid[-1]),
        ylim=(-1.03, 1.03),
        xlabel=SWEEPS,
        ylabel=MAGNETIZATION,
        yticks=(-1, -0.5, 0, 0.5, 1),
    )
    legend(ax, loc="lower center", bbox_to_anchor=(0.5, 1.0), ncols=2, columnspacing=1.2, borderaxespad=0.1)
    ends.set(xlim=(-0.65, len(starts) - 0.35), xlabel="magnetization at the start")
    ends.set_xticks(range(len(starts)), [plain(m0, 1) for m0 in starts])
    title(ends, "final states, share of runs")
    counts = {len(m) for m in runs.values()}
    number_of_runs = (
        f"{counts.pop()} runs from each" if len(counts) == 1 else f"{sum(map(len, runs.values()))} runs"
    )
    final = "; ".join(f"{plain(m0, 1)}: {np.mean(m[:, -1] > 0):.0%}" for m0, m in sorted(runs.items()))
    first = rows.iloc[0]
    predicted = (
        ""
        if curve is None
        else f" Dashed: the exact expectation from the measured response alone ({curve.condition.in_words})."
    )
    carried = (
        " Runs that reached a consensus were followed no further and are carried on there." if stopped else ""
    )
    return finish(
        drawn,
        f"{short_names([label])[label]}, “{first['option_a']}” (A, m = 1) against “{first['option_b']}” (B): "
        f"{counted(agents, 'agent')}, {number_of_runs} of {counted(len(starts), 'start')}. Share that ends "
        "with a "
        f"majority for A, by start: {final}.{carried}{predicted}",
    )


def _on(grid: np.ndarray, run: pd.DataFrame) -> np.ndarray:
    """One run's m on the grid of sweeps, linear between records; stopped, at its consensus."""
    run = run.sort_values("sweep")
    at, m = run["sweep"].to_numpy(dtype=float), run["m"].to_numpy(dtype=float)
    found = np.interp(grid, at, m)
    if run["stopped"].any():
        found[grid > at[-1] + 1e-9] = np.sign(m[-1])
    return np.asarray(found)


def _histogram(ax: Axes, number: int, final: np.ndarray, color: str) -> None:
    share = np.histogram(final, _BINS)[0] / final.size
    width = 0.9
    shape: dict[str, Any] = {"height": np.diff(_BINS), "align": "edge", "color": color, "linewidth": 0}
    ax.barh(_BINS[:-1], width * share, left=number - 0.45, **shape)
    ax.plot([number - 0.45] * 2, [-1.0, 1.0], color=SOFT, linewidth=0.6)
