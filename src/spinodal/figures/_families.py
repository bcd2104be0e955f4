"""Members of a family of models against its smallest: ratios of conformity and bias, pair by pair."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

import numpy as np

from spinodal._errors import RequestError
from spinodal.figures._curves import Curve, conditions_in_words, fitted, main_curves, undetermined_in_words
from spinodal.figures._entry import figure
from spinodal.figures._look import finish, panels, plain, short_names, style
from spinodal.figures._needs import FAMILIES, family_members
from spinodal.figures._spread import median_interval
from spinodal.plots._style import INK, SOFT

if TYPE_CHECKING:
    from matplotlib.figure import Figure

    from spinodal.results import Results

_SIZE: Final = re.compile(r"(\d+(?:\.\d+)?)\s*[bB]\b")
_RANGE: Final = 8.0
"""Ratios beyond this, or below its inverse, lie on the frame."""


@figure(
    "families",
    title="Ratios within families",
    caption="β and |h| of each member of a family over those of its smallest, pair by pair, with medians and "
    "95% "
    "intervals.",
    needs=(FAMILIES,),
)
def families(
    results: Results,
    *,
    template: str | None = None,
    temperature: float | None = None,
    peers: int | None = None,
) -> Figure:
    """Ratios over the pairs whose data determine both members; the first is the smallest by its name's "
    ""8B"."""
    from matplotlib.ticker import NullFormatter, NullLocator

    found = main_curves(results, template=template, temperature=temperature, peers=peers)
    rows: list[tuple[str, str, dict[str, Curve], dict[str, Curve]]] = []
    for members in family_members(results).values():
        labels = sorted((label for label in members if label in found), key=_billions)
        by_pair = {label: {curve.pair: curve for curve in fitted(found[label])} for label in labels}
        rows += [(labels[0], label, by_pair[labels[0]], by_pair[label]) for label in labels[1:]]
    names = short_names(found)
    random = np.random.default_rng(0)
    drawn, axes = panels(1, 2, height=1.1 + 0.55 * max(len(rows), 1), sharey=True)
    told = []
    for place, (first, label, base, other) in enumerate(rows):
        shared = [
            pair for pair in base if pair in other and base[pair].identifiable and other[pair].identifiable
        ]
        shared = [pair for pair in shared if base[pair].beta > 0.0 and other[pair].beta > 0.0]
        color, marker = style(place)
        said = []
        ratios = (
            ("β", np.array([other[pair].beta / base[pair].beta for pair in shared])),
            ("|h|", np.array([abs(other[pair].h) / max(abs(base[pair].h), 1e-9) for pair in shared])),
        )
        for ax, (symbol, ratio) in zip(axes, ratios, strict=True):
            if not ratio.size:
                continue
            scatter = place + 0.28 * (random.random(ratio.size) - 0.5)
            ax.plot(
                np.clip(ratio, 1.0 / _RANGE, _RANGE), scatter, ".", color=color, markersize=4.2, alpha=0.55,
                markeredgewidth=0, rasterized=ratio.size > 200,
            )  # fmt: skip
            low, high = median_interval(ratio)
            ax.plot([low, high], [place, place], color=INK, linewidth=2.0, zorder=3, solid_capstyle="butt")
            ax.plot(
                [float(np.median(ratio))], [place], marker, color=color, markersize=6, markeredgecolor=INK,
                markeredgewidth=0.7, zorder=4,
            )  # fmt: skip
            within = "" if low != low else f" ({plain(low)} to {plain(high)})"
            said.append(f"{symbol} {plain(float(np.median(ratio)))}{within}")
        told.append(f"{names[label]} over {names[first]}: {', '.join(said) or 'none'}, {len(shared)} pairs")
    if not any(" over " in one and "none" not in one for one in told):
        raise RequestError(
            f"cannot draw families from {results.path}: no two members share a pair whose data determine (β, "
            "h) of both"
        )
    for ax, words in zip(axes, ("ratio of conformity β", "ratio of the size of bias |h|"), strict=True):
        ax.axvline(1.0, color=SOFT, linewidth=0.9)
        ax.set(xscale="log", xlim=(1.0 / _RANGE, _RANGE), ylim=(len(rows) - 0.5, -0.5), xlabel=words)
        ax.set_xticks([0.125, 0.25, 0.5, 1.0, 2.0, 4.0, 8.0], ["⅛", "¼", "½", "1", "2", "4", "8"])
        ax.xaxis.set_minor_locator(NullLocator())
        ax.xaxis.set_minor_formatter(NullFormatter())
    axes[0].set_yticks(range(len(rows)), [f"{names[row[1]]}\nover {names[row[0]]}" for row in rows])
    curves = [curve for row in rows for by_pair in row[2:] for curve in by_pair.values()]
    curves = list({id(curve): curve for curve in curves}.values())
    return finish(
        drawn,
        f"Ratios within families, paired over the option pairs of both: dots pairs (those beyond {_RANGE:g} "
        "or below "
        f"1/{_RANGE:g} at the frame), marks medians, bars their 95% intervals. {'; '.join(told)}."
        f"{undetermined_in_words(curves)} {conditions_in_words(curves)}",
    )


def _billions(label: str) -> float:
    """Billions of parameters by the name; 0 where it does not say, which keeps the given order."""
    found = _SIZE.findall(label.replace("-", " "))
    return float(found[-1]) if found else 0.0
