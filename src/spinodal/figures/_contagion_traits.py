"""Trait changes over play, by the company it was played in."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from spinodal.figures._entry import figure
from spinodal.figures._look import finish, panels, scatter_offsets, short_names, signed, style
from spinodal.figures._needs import CONTAGION
from spinodal.figures._studies import contagion_study
from spinodal.plots._style import FAINT, SOFT

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

    from spinodal.contagion_verdict import Comparison
    from spinodal.effects import Effect
    from spinodal.results import Results

LEVEL = 0.05


@figure(
    "contagion-traits",
    title="Trait changes after play",
    caption="Change of each trait's score from before play to after it, by opponents, and contagion: the "
    "change among "
    "the treatment's opponents minus that among the control's; 95% intervals.",
    needs=(CONTAGION,),
)
def contagion_traits(results: Results, *, study: str | None = None) -> Figure:
    """Left: changes by opponents, no guard. Right: the treatment's minus the control's, over matched games.

    Filled marks: shown by the tests taken together (adjusted p < 0.05).
    """
    name, run, verdict = contagion_study(results, study)
    changes = dict(verdict.changes)
    rows = _names([*changes.values(), verdict.contagion])
    drawn, (left, right) = panels(
        1, 2, height=1.25 + 0.27 * max(len(rows), 2), sharey=True, ratios=(1.25, 1.0)
    )
    companies = [run.treatment, run.control, *run.others]
    there = [company for company in companies if company in changes]
    for company, offset in zip(there, scatter_offsets(len(there), 0.55), strict=True):
        color, marker = style(companies.index(company))
        draw_effects(left, changes[company], rows, float(offset), color, marker, company)
    draw_effects(right, verdict.contagion, rows, 0.0, "#1a1a1a", "D", "")
    for ax in (left, right):
        rule(ax, len(rows))
    left.set_yticks(range(len(rows)), rows)
    left.set_xlabel("score after play minus before")
    right.set_xlabel(verdict.contagion.what)
    for ax in (left, right):
        ax.locator_params(axis="x", nbins=6)
    handles, labels = left.get_legend_handles_labels()
    if labels:
        drawn.legend(handles, labels, loc="outside lower center", ncols=4, frameon=False, fontsize=9)
    index = verdict.contagion.index
    found = "" if index is None else f" On pro-sociality: {effect_in_words(index)}."
    return finish(
        drawn,
        f"{short_names([name])[name]}: change of trait scores (0 to 1) over play without a guard, by "
        "opponents (left), and "
        f"contagion, the change among {run.treatment} opponents minus that among {run.control} ones over "
        "matched games "
        "(right). 95% intervals; filled: adjusted p < 0.05, the tests of a comparison taken together. A "
        "transcript alone "
        f"can make a change; contagion is what is left of it.{found}",
    )


def draw_effects(
    ax: Axes,
    comparison: Comparison,
    rows: list[str],
    offset: float,
    color: str,
    marker: str,
    label: str,
    size: float = 4.5,
) -> None:
    """One mark an effect with its 95% interval; filled where the adjusted p is below 0.05."""
    named = False
    for effect in effects_of(comparison):
        at = rows.index(effect.name) + offset
        line: dict[str, Any] = {"color": color, "linewidth": 1.1, "zorder": 2}
        ax.plot(effect.interval, [at, at], **line)
        ax.plot(
            [effect.estimate], [at], marker, color=color, markersize=size, markeredgewidth=1.0, zorder=3,
            markerfacecolor=color if effect.p_adjusted < LEVEL else "white",
            label=None if named or not label else label,
        )  # fmt: skip
        named = True


def effects_of(comparison: Comparison) -> list[Effect]:
    """Pro-sociality first, then the traits."""
    return [*([] if comparison.index is None else [comparison.index]), *comparison.traits]


def rule(ax: Axes, rows: int) -> None:
    """Zero, lines between the rows, and the first row on top."""
    ax.axvline(0.0, color=SOFT, linewidth=0.9, zorder=1)
    for border in range(1, rows):
        ax.axhline(border - 0.5, color=FAINT, linewidth=0.5, zorder=0)
    ax.set_ylim(max(rows, 1) - 0.4, -0.6)
    ax.tick_params(axis="y", length=0)


def effect_in_words(effect: Effect) -> str:
    """Estimate, interval and number of games."""
    low, high = effect.interval
    within = "" if np.isnan(low) else f" (95% {signed(low, 3)} to {signed(high, 3)})"
    return f"{signed(effect.estimate, 3)}{within}, {effect.games} matched games"


def _names(comparisons: list[Comparison]) -> list[str]:
    return list(dict.fromkeys(effect.name for one in comparisons for effect in effects_of(one)))
