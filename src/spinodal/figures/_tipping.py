"""Populations that zealots join and leave."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

import numpy as np

from spinodal.figures._choosing import named
from spinodal.figures._curves import nearest_curve
from spinodal.figures._entry import figure
from spinodal.figures._expected import expected_path
from spinodal.figures._look import brief, counted, finish, grid_of, hide, panels, short_names, title
from spinodal.figures._needs import TIPPINGS
from spinodal.plots._style import COLOR, INK, MAGNETIZATION, REGION, SOFT, SWEEPS
from spinodal.theory import Side, Stage

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

    from spinodal.results import Results

_MOST: Final = 6
_MOST_LINES: Final = 25
_KEYS: Final = [
    "agent",
    "pair",
    "agents",
    "temperature",
    "zealots",
    "toward",
    "zealots_from",
    "zealots_until",
]


@figure(
    "tipping",
    title="Tipping by zealots",
    caption="Populations that zealots join, stay with and leave (shaded while they are there): whether they "
    "tip, and "
    "whether they return.",
    needs=(TIPPINGS,),
)
def tipping(results: Results, *, agent: str | None = None, pair: str | None = None) -> Figure:
    """m over time of every population, a panel a number of zealots, six at most.

    The band is the central 95% of populations by the exact chain of the measured response, where the results
    hold one, from where the first record finds them; dashed its mean.
    """
    rows = named(results, results.tippings, agent, pair)
    groups: list[Any] = list(rows.groupby(_KEYS, sort=True, dropna=False))
    shown = groups[:_MOST]
    lines, columns = grid_of(len(shown))
    drawn, axes = panels(
        lines, columns, height=0.55 + 1.8 * lines, width=7.1 if columns > 1 else 4.2, sharey=True
    )
    names = short_names(str(keys[0]) for keys, _ in shown)
    ended, any_expected = [], False
    pairs = {str(keys[1]): some for keys, some in shown}
    for number, (ax, (keys, some)) in enumerate(zip(axes, shown, strict=False)):
        m = _paths(some)
        any_expected |= _expected(ax, results, keys, some, m)
        _draw(ax, keys, some, m)
        side = 1.0 if keys[5] == "A" else -1.0
        # imported records are means over the sweep that begins there, ours the state at that moment
        last = float(keys[7]) - (1.0 if "imported" in results.meta else 0.0)
        leaving = max(int(np.searchsorted(_sweeps(some), last, side="right")) - 1, 0)
        tipped = int((side * m[:, leaving] > 0.0).sum())
        stay = int((side * m[:, -1] > 0.0).sum())
        ended.append(f"{keys[4]} zealots for {keys[5]} ({keys[1]}): {tipped} and {stay} of {len(m)}")
        what = "" if len(pairs) == 1 else f"{brief(str(keys[1]), 17)}, "
        who = "" if len(names) == 1 else f"{brief(names[str(keys[0])], 20)}\n"
        title(ax, f"{who}{what}{keys[4]} zealots for {keys[5]}")
        if number + columns >= len(shown):
            ax.set_xlabel(SWEEPS)
        if number % columns == 0:
            ax.set_ylabel(MAGNETIZATION)
    hide(axes[len(shown) :])
    _key(axes[0], any_expected)
    handles, labels = axes[0].get_legend_handles_labels()
    drawn.legend(
        handles, labels, loc="outside lower center", ncols=4 if columns > 2 else 2, frameon=False, fontsize=9
    )
    asked = "; ".join(
        f"{pair_id}: “{some['option_a'].iloc[0]}” (A) against “{some['option_b'].iloc[0]}” (B)"
        for pair_id, some in pairs.items()
    )
    more = f" {len(groups) - len(shown)} more conditions are not shown." if len(groups) > len(shown) else ""
    band = (
        " Band and dashed line: central 95% of populations and mean by the exact chain of the measured "
        "response, from "
        "where the first record finds them."
        if any_expected
        else ""
    )
    return finish(
        drawn,
        f"{', '.join(names.values())}: {counted(int(shown[0][0][2]), 'regular agent')} that zealots join and "
        "leave "
        f"(shaded while they are there). {asked}. Tipped when they leave, and at the end: "
        f"{'; '.join(ended)}.{band}{more}",
    )


def _sweeps(some: pd.DataFrame) -> np.ndarray:
    return np.sort(some["sweep"].unique()).astype(float)


def _paths(some: pd.DataFrame) -> np.ndarray:
    """Shape (runs, sweeps); a run that ended early is carried on where it was."""
    return np.asarray(
        some.pivot(index="trajectory", columns="sweep", values="m").ffill(axis=1).to_numpy(dtype=float)
    )


def _draw(ax: Axes, keys: tuple[object, ...], some: pd.DataFrame, m: np.ndarray) -> None:
    side: Side = "A" if keys[5] == "A" else "B"
    sweeps = _sweeps(some)
    ax.axvspan(
        float(some["zealots_from"].iloc[0]),
        float(some["zealots_until"].iloc[0]),
        color=COLOR[side],
        alpha=0.10,
        lw=0,
    )
    ax.axhline(0.0, color=SOFT, linewidth=0.6, linestyle=":")
    for path in m[:: max(1, -(-len(m) // _MOST_LINES))]:
        ax.plot(
            sweeps,
            path,
            color=INK,
            linewidth=0.7,
            alpha=0.45,
            marker=".",
            markersize=2.5 if len(m) < 6 else 0,
        )
    ax.plot(sweeps, m.mean(axis=0), color=COLOR[side], linewidth=1.8)
    ax.set(xlim=(sweeps[0], sweeps[-1]), ylim=(-1.05, 1.05), yticks=(-1, 0, 1))


def _expected(
    ax: Axes, results: Results, keys: tuple[object, ...], some: pd.DataFrame, m: np.ndarray
) -> bool:
    warmth = some["temperature"].iloc[0]
    agents, zealots = int(some["agents"].iloc[0]), int(some["zealots"].iloc[0])
    curve = nearest_curve(
        results, str(keys[0]), str(keys[1]), agents, None if warmth != warmth else float(warmth)
    )
    if curve is None:
        return False
    sweeps = _sweeps(some)
    joined, left = float(some["zealots_from"].iloc[0]), float(some["zealots_until"].iloc[0])
    there = {"zealots_a": zealots} if keys[5] == "A" else {"zealots_b": zealots}
    stages = [Stage(joined - sweeps[0]), Stage(left - joined, **there), Stage(max(sweeps[-1] - left, 0.0))]
    trace = expected_path(
        curve, agents, float(m[:, 0].mean()), [stage for stage in stages if stage.sweeps > 0.0],
        stop_at_consensus=not curve.listed, every=0.25,
    )  # fmt: skip
    at = trace.sweeps + sweeps[0]
    ax.fill_between(at, trace.quantile(0.025), trace.quantile(0.975), color=REGION, alpha=0.13, linewidth=0)
    ax.plot(at, trace.mean, color=REGION, linewidth=1.1, linestyle=(0, (4, 2)))
    return True


def _key(ax: Axes, expected: bool) -> None:
    ax.plot([], [], color=INK, linewidth=0.7, alpha=0.6, marker=".", markersize=3, label="runs")
    ax.plot([], [], color=SOFT, linewidth=1.8, label="their mean")
    if expected:
        ax.plot([], [], color=REGION, linewidth=1.1, linestyle=(0, (4, 2)), label="expected mean")
        ax.plot([], [], color=REGION, linewidth=6, alpha=0.2, label="expected, 95% of runs")
