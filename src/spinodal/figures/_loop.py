"""Hysteresis loops: zealots swept to the other side and back, with what was to be expected."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import numpy as np

from spinodal.figures._choosing import named
from spinodal.figures._curves import nearest_curve
from spinodal.figures._entry import figure
from spinodal.figures._expected import expected_loop, paces_in_words
from spinodal.figures._look import brief, counted, finish, grid_of, hide, panels, plain, short_names, title
from spinodal.figures._needs import LOOPS
from spinodal.figures._spread import mean_interval
from spinodal.figures._swept import SweptLoop, swept_loops
from spinodal.plots._hysteresis import mean_field_states
from spinodal.plots._style import COLOR, INK, SOFT

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

    from spinodal.results import Results

_MOST: Final = 6


@figure(
    "loop",
    title="Hysteresis loops",
    caption="Mean magnetization while signed zealots are swept up and back, with the states of an infinite "
    "population "
    "and the exact expectation of the measured response.",
    needs=(LOOPS,),
)
def loop(results: Results, *, agent: str | None = None, pair: str | None = None) -> Figure:
    """Loops in a panel each, six at most, with the exact expectation where the response was measured.

    Without a name: of each agent the loop of middle area, or of one agent loops across its range of areas.
    Grey: the states of an infinite population, stable where the line is whole.
    """
    loops = swept_loops(results, named(results, results.loops, agent, pair))
    shown = _shown(loops)
    rows, columns = grid_of(len(shown))
    drawn, axes = panels(
        rows, columns, height=0.6 + 1.95 * rows, width=7.1 if columns > 1 else 4.4, sharey=True
    )
    names = short_names(one.agent for one in loops)
    several = len({one.agent for one in shown}) > 1
    told, expected = [], False
    for number, (ax, one) in enumerate(zip(axes, shown, strict=False)):
        curve = nearest_curve(results, one.agent, one.pair, one.agents, one.temperature)
        area = f"{plain(one.area)} observed"
        if curve is not None:
            response = curve.in_a_population
            zealots, m, stable = mean_field_states(response, one.agents)
            zealots, m, stable = zealots[::4], m[::4], stable[::4]  # still finer than the picture
            for there, style in ((stable, "-"), (~stable, (0, (2, 2)))):
                ax.plot(
                    np.where(there, zealots, np.nan), m, color=SOFT, linewidth=0.9, linestyle=style, zorder=1
                )
            up, down = expected_loop(response, one.agents, one.steps, one.pace, float(one.up[0]))
            ax.plot(one.zealots, up, color=COLOR["A"], linewidth=1.1, linestyle=(0, (4, 2)), zorder=2)
            ax.plot(one.zealots, down, color=COLOR["B"], linewidth=1.1, linestyle=(0, (4, 2)), zorder=2)
            area += f", {plain(float(np.trapezoid(down - up, one.zealots / one.agents)))} expected"
            expected = True
        _draw(ax, one)
        title(ax, brief(f"{names[one.agent]}: {one.pair}" if several else one.pair, 34))
        told.append(f"{names[one.agent]}, “{one.option_a}” (A) against “{one.option_b}” (B): area {area}")
        if number + columns >= len(shown):
            ax.set_xlabel(f"zealots beside {one.agents}: for B (−), A (+)")
        if number % columns == 0:
            ax.set_ylabel("mean magnetization m")
    hide(axes[len(shown) :])
    _key(drawn, axes[0], expected, 4 if columns > 1 else 2)
    more = f" {counted(len(loops) - len(shown), 'more loop')} not shown." if len(loops) > len(shown) else ""
    words = (
        " Dashed: the exact expectation of the measured response "
        f"({paces_in_words(one.pace for one in shown)}); "
        "grey: states of an infinite population."
        if expected
        else ""
    )
    return finish(
        drawn,
        f"Hysteresis loops, each step the mean m of the regular agents. {'; '.join(told)} (in m times "
        "zealots per "
        f"agent).{words}{more}",
    )


def _shown(loops: list[SweptLoop]) -> list[SweptLoop]:
    agents = list(dict.fromkeys(one.agent for one in loops))
    if len(agents) == 1:
        ordered = sorted(loops, key=lambda one: one.area)
        places = np.unique(np.linspace(0, len(ordered) - 1, min(_MOST, len(ordered))).round().astype(int))
        return [ordered[place] for place in places]
    found = []
    for agent in agents[:_MOST]:
        ordered = sorted((one for one in loops if one.agent == agent), key=lambda one: one.area)
        found.append(ordered[len(ordered) // 2])
    return found


def _draw(ax: Axes, one: SweptLoop) -> None:
    for values, side, marker in ((one.up_runs, "A", "^"), (one.down_runs, "B", "v")):
        color = COLOR["A" if side == "A" else "B"]
        if len(values) > 1:
            low, high = mean_interval(values)
            ax.fill_between(one.zealots, low, high, color=color, alpha=0.18, linewidth=0)
        mean = values.mean(axis=0)
        ax.plot(
            one.zealots, mean, color=color, linewidth=0.8, marker=marker, markersize=2.6, markeredgewidth=0.3,
            markeredgecolor=INK, zorder=3,
        )  # fmt: skip
    reach = float(np.abs(one.zealots).max())
    ax.axvline(0.0, color=SOFT, linewidth=0.5, linestyle=":")
    ax.set(xlim=(-reach, reach), ylim=(-1.06, 1.06), yticks=(-1, 0, 1))


def _key(drawn: Figure, ax: Axes, expected: bool, beside: int) -> None:
    handles = [
        ax.plot(
            [], [], color=COLOR["A"], linewidth=0.8, marker="^", markersize=4, label="zealots for A growing"
        )[0],
        ax.plot(
            [], [], color=COLOR["B"], linewidth=0.8, marker="v", markersize=4, label="zealots for B growing"
        )[0],
    ]
    if expected:
        handles += [
            ax.plot([], [], color=INK, linewidth=1.1, linestyle=(0, (4, 2)), label="expected")[0],
            ax.plot([], [], color=SOFT, linewidth=0.9, label="infinite population")[0],
        ]
    drawn.legend(handles=handles, loc="outside lower center", ncols=beside, frameon=False, fontsize=9)
