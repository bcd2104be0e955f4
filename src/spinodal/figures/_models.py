"""Agents on the phase plane: medians and quartiles over their pairs."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from spinodal._errors import RequestError
from spinodal.figures._curves import conditions_in_words, fitted, main_curves, undetermined_in_words
from spinodal.figures._entry import figure
from spinodal.figures._look import counted, finish, panels, plain, short_names, style
from spinodal.figures._needs import CURVES
from spinodal.figures._spread import median_interval, share_interval
from spinodal.plots._phase import region
from spinodal.plots._style import INK, legend

if TYPE_CHECKING:
    from matplotlib.figure import Figure

    from spinodal.results import Results


@figure(
    "models",
    title="Agents on the phase plane",
    caption="Median conformity and size of bias of each agent over its pairs, with 95% intervals (thick) and "
    "quartiles (thin), and the spinodal.",
    needs=(CURVES,),
)
def models(
    results: Results,
    *,
    agent: str | None = None,
    template: str | None = None,
    temperature: float | None = None,
    peers: int | None = None,
) -> Figure:
    """Medians of beta and |h| over the pairs whose data determine them, and each agent's share inside."""
    found = main_curves(results, agent, template=template, temperature=temperature, peers=peers)
    curves = fitted([curve for own in found.values() for curve in own])
    names = short_names(found)
    drawn, [ax] = panels(1, 1, width=5.4, height=3.9)
    told, corners = [], []
    for number, (label, own) in enumerate(found.items()):
        sound = [curve for curve in own if curve.identifiable]
        if not sound:
            continue
        color, marker = style(number)
        beta, size = np.array([curve.beta for curve in sound]), np.abs([curve.h for curve in sound])
        x, y = float(np.median(beta)), float(np.median(size))
        quartiles = np.quantile(beta, [0.25, 0.75]), np.quantile(size, [0.25, 0.75])
        corners.append((quartiles[0][1], quartiles[1][1]))
        ax.plot(quartiles[0], [y, y], color=color, linewidth=0.9, alpha=0.7, zorder=2)
        ax.plot([x, x], quartiles[1], color=color, linewidth=0.9, alpha=0.7, zorder=2)
        ax.plot(
            median_interval(beta),
            [y, y],
            color=color,
            linewidth=2.8,
            alpha=0.55,
            zorder=3,
            solid_capstyle="butt",
        )
        ax.plot(
            [x, x],
            median_interval(size),
            color=color,
            linewidth=2.8,
            alpha=0.55,
            zorder=3,
            solid_capstyle="butt",
        )
        inside = sum(curve.bistable for curve in own)
        low, high = share_interval(inside, len(own))
        ax.plot(
            [x], [y], marker, color=color, markersize=7, markeredgecolor=INK, markeredgewidth=0.6, zorder=5,
            label=f"{names[label]}: {inside / len(own):.0%} inside",
        )  # fmt: skip
        told.append(
            f"{names[label]} β {plain(x)}, |h| {plain(y)}, {inside / len(own):.0%} inside ({low:.0%} to "
            f"{high:.0%}), "
            f"{counted(len(own), 'pair')}"
        )
    if not told:
        raise RequestError(
            f"cannot draw models from {results.path}: the data determine (β, h) of no curve; measure more"
        )
    region(
        ax, (0.0, max(4.5, 1.08 * max(x for x, _ in corners))), max(0.75, 1.1 * max(y for _, y in corners)),
        folded=True, words=False,
    )  # fmt: skip
    ax.annotate("two states", (0.97, 0.03), xycoords="axes fraction", ha="right", va="bottom", fontsize=9)
    ax.annotate("one state", (0.03, 0.97), xycoords="axes fraction", ha="left", va="top", fontsize=9)
    legend(ax, loc="upper center", bbox_to_anchor=(0.5, -0.16), ncols=2, handletextpad=0.3, columnspacing=1.4)
    return finish(
        drawn,
        "Medians over option pairs of conformity β and size of bias |h|: thick bars 95% intervals of the "
        "medians "
        "(between order statistics), thin bars quartiles; line: the spinodal. Inside: share of all pairs "
        "inside the "
        f"spinodal by their best estimates, 95% interval over pairs. {'; '.join(told)}."
        f"{undetermined_in_words(curves, '; they count for the share, not for the medians')} "
        f"{conditions_in_words(curves)}",
    )
