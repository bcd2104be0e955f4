"""Whether agents lean the same way: correlation of h over the pairs that two were both asked about."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

import numpy as np

from spinodal._errors import RequestError
from spinodal.figures._curves import conditions_in_words, fitted, main_curves, undetermined_in_words
from spinodal.figures._entry import figure
from spinodal.figures._look import finish, panels, plain, short_names
from spinodal.figures._needs import TWO_AGENTS
from spinodal.figures._spread import rank_correlation
from spinodal.plots._style import INK, SOFT

if TYPE_CHECKING:
    from matplotlib.figure import Figure

    from spinodal.results import Results

_FEWEST: Final = 5


@figure(
    "correlation",
    title="Correlation of bias between agents",
    caption="Rank correlation of h between every two agents over the pairs that both were asked about, with "
    "its 95% "
    "interval and the number of pairs.",
    needs=(TWO_AGENTS,),
)
def correlation(
    results: Results,
    *,
    template: str | None = None,
    temperature: float | None = None,
    peers: int | None = None,
) -> Figure:
    """Spearman's correlation of h over the pairs whose data determine both; blank with fewer than five."""
    found = main_curves(results, template=template, temperature=temperature, peers=peers)
    curves = fitted([curve for own in found.values() for curve in own])
    biases = {
        label: {curve.pair: curve.h for curve in own if curve.identifiable} for label, own in found.items()
    }
    labels = list(biases)
    number = len(labels)
    names = short_names(labels)
    values = np.full((number, number), np.nan)
    size = 0.62 if number > 3 else 0.95
    drawn, [ax] = panels(1, 1, width=min(7.1, 2.2 + size * number * 1.15), height=1.35 + size * number)
    told = []
    for row in range(number):
        for column in range(row):
            shared = [pair for pair in biases[labels[row]] if pair in biases[labels[column]]]
            if len(shared) < _FEWEST:
                ax.text(column, row, f"n = {len(shared)}", ha="center", va="center", fontsize=8, color=SOFT)
                continue
            r, (low, high) = rank_correlation(
                [biases[labels[row]][pair] for pair in shared],
                [biases[labels[column]][pair] for pair in shared],
            )
            values[row, column] = r
            within = "" if np.isnan(low) else f"\n({plain(low)}, {plain(high)})"
            ax.text(
                column, row, f"{plain(r)}{within}\nn = {len(shared)}", ha="center",
                va="center",
                fontsize=7.6 if number > 3 else 9, color="white" if abs(r) > 0.55 else INK, linespacing=1.15,
            )  # fmt: skip
            told.append(r)
    if not told:
        raise RequestError(
            f"cannot draw correlation from {results.path}: no two agents share {_FEWEST} pairs whose data "
            "determine h"
        )
    scale: dict[str, Any] = {"cmap": "PuOr", "vmin": -1.0, "vmax": 1.0}
    image = ax.imshow(
        values[1:, :-1], extent=(-0.5, number - 1.5, number - 0.5, 0.5), aspect="auto", zorder=0, **scale
    )
    ax.set_xticks(range(number - 1), [names[label] for label in labels[:-1]], rotation=25, ha="right")
    ax.set_yticks(range(1, number), [names[label] for label in labels[1:]])
    ax.tick_params(length=0)
    ax.spines[["left", "bottom"]].set_visible(False)
    ax.set(xlim=(-0.5, number - 1.5), ylim=(number - 0.5, 0.5))
    bar = drawn.colorbar(image, ax=ax, ticks=(-1, -0.5, 0, 0.5, 1), pad=0.02, aspect=25)
    bar.set_label("rank correlation of h", fontsize=10.5)
    bar.outline.set_visible(False)
    return finish(
        drawn,
        "Spearman's rank correlation of the bias h between agents over the pairs whose data determine it "
        "for both, with "
        f"95% interval and number of pairs; in the median of {len(told)} couples "
        f"{plain(float(np.median(told)))}. A "
        f"positive one: they lean the same way.{undetermined_in_words(curves)} {conditions_in_words(curves)}",
    )
