"""How conformity, bias and the share inside the spinodal depend on one thing that was varied."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from spinodal._errors import RequestError
from spinodal.figures._curves import Condition, Curve, by_agent, fitted, known_pair
from spinodal.figures._look import brief, counted, line, panels, plain, short_names, style
from spinodal.figures._spread import bars, median_interval, share_interval
from spinodal.plots._style import REGION, note

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

    from spinodal.results import Results

Level = float | str

_ENOUGH: Final = 6
"""Pairs from which on medians over them are drawn; of fewer, each curve."""
_SHARED: Final = 0.8
"""A level counts for an agent where it has at least so many of the pairs of its fullest level."""


@dataclass(frozen=True)
class Series:
    """One agent's curves at each level, of the same pairs at all of them."""

    agent: str
    by_level: Mapping[Level, Mapping[str, Curve]]

    @property
    def pairs(self) -> list[str]:
        """The pairs, at every level the same."""
        return list(next(iter(self.by_level.values())))


def series_over(
    results: Results,
    varied: str,
    *,
    agent: str | None,
    pair: str | None,
    fixed: Mapping[str, Any],
    expand: Callable[[Curve], Sequence[Curve]] = lambda curve: [curve],
) -> list[Series]:
    """Of each agent, under the other conditions of its fullest set, its curves over the values of `varied`.

    `varied` and the keys of `fixed` name fields of a condition. `expand` gives further curves that follow
    from one. Agents with one level only are left out. Raises `RequestError` where none is left.
    """
    found = []
    for label, own in by_agent(results, agent).items():
        if pair is not None and any(curve.pair == pair for curve in own):
            own = [curve for curve in own if curve.pair == pair]
        elif pair is not None:
            continue
        sets: dict[Condition, dict[Level, dict[str, Curve]]] = {}
        for curve in (further for one in own for further in expand(one)):
            condition = curve.condition
            if any(getattr(condition, name) != value for name, value in fixed.items() if value is not None):
                continue
            level = getattr(condition, varied)
            if level is None:  # the provider's own temperature is no number
                continue
            others = _without(condition, varied)
            pairs = sets.setdefault(others, {}).setdefault(level, {})
            if curve.pair not in pairs or curve.weight > pairs[curve.pair].weight:
                pairs[curve.pair] = curve
        best = max((_shared(levels) for levels in sets.values()), key=_fullness, default={})
        if len(best) > 1:
            found.append(Series(label, best))
    if not found:
        asked = ", ".join(
            f"{name} {value}" for name, value in {**fixed, "pair": pair}.items() if value is not None
        )
        if pair is not None:
            known_pair(pair, (curve.pair for own in by_agent(results).values() for curve in own), results)
        raise RequestError(
            f"{results.path} has no agent and pair with two values of "
            f"{varied}{' for ' + asked if asked else ''}; "
            "leave the options out, or measure there"
        )
    return found


def draw_dependence(
    found: Sequence[Series],
    *,
    xlabel: str,
    place: Callable[[Level], float] | None,
    words: Callable[[Level], str],
) -> tuple[Figure, list[Axes], str]:
    """Three panels over the levels: beta, |h|, and the share of pairs inside (of few pairs, its chance).

    `place` puts a level on a logarithmic axis; None: categories, in the order met. Returns the figure,
    unfinished, its axes, and sentences for its caption.
    """
    drawn, axes = panels(1, 3, height=2.75)
    levels = list(dict.fromkeys(level for series in found for level in series.by_level))
    if place is not None:
        levels.sort(key=place)
    position = {level: float(n) if place is None else place(level) for n, level in enumerate(levels)}
    everything = [curve for series in found for pairs in series.by_level.values() for curve in pairs.values()]
    fitted(everything)
    few = [len(series.pairs) < _ENOUGH for series in found]
    names = short_names(series.agent for series in found)
    lines: list[tuple[Series, str | None]] = []
    for series, alone in zip(found, few, strict=True):
        lines += [(series, pair) for pair in series.pairs] if alone else [(series, None)]
    several_pairs = len({pair for _, pair in lines if pair}) > 1 or not all(few)
    for number, (series, pair) in enumerate(lines):
        shift = 0.0 if len(lines) == 1 else 0.16 * (number / (len(lines) - 1) - 0.5)
        own = [level for level in levels if level in series.by_level]
        x = np.array([position[level] for level in own])
        x = x + shift if place is None else x * (1.0 + 0.25 * shift)
        label = names[series.agent] if len(found) > 1 or not all(few) else ""
        if several_pairs and pair:
            label = f"{label}, {brief(pair, 26)}" if label else brief(pair, 30)
        if pair is None:
            _medians(axes, series, own, x, number, label)
        else:
            _curves(axes, [series.by_level[level][pair] for level in own], x, number, label)
    last = "probability of two states" if all(few) else "share of pairs inside\nthe spinodal"
    for ax, ylabel in zip(axes, ("conformity β", "size of the bias, |h|", last), strict=True):
        ax.set(xlabel=xlabel, ylabel=ylabel)
        if place is None:
            ax.set_xlim(-0.5, len(levels) - 0.5)
            ax.set_xticks(range(len(levels)), [brief(words(level), 16) for level in levels])
            if len(levels) > 2 or max(len(words(level)) for level in levels) > 10:
                ax.tick_params(axis="x", rotation=20)
        else:
            from matplotlib.ticker import NullFormatter, NullLocator

            ax.set_xscale("log")
            ax.set_xticks([position[level] for level in levels], [words(level) for level in levels])
            ax.xaxis.set_minor_locator(NullLocator())
            ax.xaxis.set_minor_formatter(NullFormatter())
            if len(levels) > 6:
                ax.tick_params(axis="x", rotation=45)
    axes[0].axhline(1.0, color=REGION, linewidth=0.8, linestyle=":", zorder=0)
    note(
        axes[0],
        "β = 1",
        0.01,
        1.0,
        xycoords=axes[0].get_yaxis_transform(),
        va="bottom",
        color=REGION,
    )
    axes[0].set_ylim(bottom=min(0.0, axes[0].get_ylim()[0]))
    axes[1].set_ylim(bottom=0.0)
    axes[2].set_ylim(-0.03, 1.03)
    handles, labels = axes[0].get_legend_handles_labels()
    if labels:
        drawn.legend(
            handles, labels, loc="outside lower center", ncols=min(len(labels), 3), frameon=False, fontsize=9
        )
    return drawn, axes, _sentences(found, levels, everything, words, few)


def _without(condition: Condition, varied: str) -> Condition:
    blank: dict[str, Any] = {"template": "", "temperature": None, "n_peers": 0}
    return replace(condition, **{varied: blank[varied]})


def _shared(levels: dict[Level, dict[str, Curve]]) -> dict[Level, dict[str, Curve]]:
    """Levels that have most of the pairs, each with those pairs that all of them have."""
    most = max(len(pairs) for pairs in levels.values())
    for share in (_SHARED, 0.3, 0.0):  # where few levels are that full, thinner ones will do
        kept = {level: pairs for level, pairs in levels.items() if len(pairs) >= share * most}
        common = set.intersection(*(set(pairs) for pairs in kept.values()))
        if len(kept) > 1 and common:
            return {
                level: {name: curve for name, curve in pairs.items() if name in common}
                for level, pairs in kept.items()
            }
    return {}


def _fullness(levels: dict[Level, dict[str, Curve]]) -> int:
    return (len(levels) > 1) * sum(len(pairs) for pairs in levels.values())


def _medians(
    axes: Sequence[Axes], series: Series, own: Sequence[Level], x: np.ndarray, number: int, label: str
) -> None:
    """Medians over the pairs determined at every level, each of these pairs faint, and the share inside."""
    color, marker = style(number)
    sound = [name for name in series.pairs if all(series.by_level[level][name].identifiable for level in own)]
    table = [[series.by_level[level][name] for name in sound] for level in own]
    beta = np.array([[curve.beta for curve in row] for row in table])
    for ax, values in ((axes[0], beta), (axes[1], np.abs([[curve.h for curve in row] for row in table]))):
        if not values.size:
            continue
        for row in values.T:
            ax.plot(x, row, color=color, linewidth=0.4, alpha=0.16, zorder=1)
        middle = np.median(values, axis=1)
        reach = np.hstack(
            [bars(float(m), median_interval(row)) for m, row in zip(middle, values, strict=True)]
        )
        _line(ax, x, middle, reach, color, marker, number, label)
        seen = 1.15 * max(float(np.quantile(values, 0.9)), float(np.nanmax(middle + np.nan_to_num(reach[1]))))
        ax.set_ylim(top=max(seen, ax.get_ylim()[1] if number else 0.0))
    counts = [sum(curve.bistable for curve in series.by_level[level].values()) for level in own]
    total = len(series.pairs)
    share = np.array(counts) / total
    reach = np.hstack([bars(float(s), share_interval(c, total)) for s, c in zip(share, counts, strict=True)])
    _line(axes[2], x, share, reach, color, marker, number, label)


def _curves(axes: Sequence[Axes], curves: Sequence[Curve], x: np.ndarray, number: int, label: str) -> None:
    """One pair's curves with their own intervals; those that the data do not determine are passed over."""
    color, marker = style(number)
    sound = np.array([curve.identifiable for curve in curves])
    beta = np.array([curve.beta for curve in curves])
    reach = np.hstack([bars(curve.beta, curve.estimate.beta_ci) for curve in curves])
    size = np.abs([curve.h for curve in curves])
    ends = [_size_interval(curve) for curve in curves]
    reach_h = np.hstack([bars(float(s), end) for s, end in zip(size, ends, strict=True)])
    tops = [ax.get_ylim()[1] if number else 0.0 for ax in axes[:2]]
    _line(axes[0], x[sound], beta[sound], reach[:, sound], color, marker, number, label)
    _line(axes[1], x[sound], size[sound], reach_h[:, sound], color, marker, number, label)
    for ax, top, values, above in zip(axes, tops, (beta, size), (reach[1], reach_h[1]), strict=False):
        if sound.any():  # an interval without an end runs off the picture
            ends_at = values[sound] + np.minimum(above[sound], 0.8 * values[sound] + 0.1)
            ax.set_ylim(top=max(top, 1.08 * float(ends_at.max())))
    chance = np.array([curve.p_bistable for curve in curves])
    _line(axes[2], x, chance, None, color, marker, number, label)


def _size_interval(curve: Curve) -> tuple[float, float]:
    low, high = curve.estimate.h_ci
    return (0.0 if low <= 0.0 <= high else min(abs(low), abs(high))), max(abs(low), abs(high))


def _line(
    ax: Axes,
    x: np.ndarray,
    y: np.ndarray,
    reach: np.ndarray | None,
    color: str,
    marker: str,
    number: int,
    label: str,
) -> None:
    known: dict[str, Any] = {"color": color, "marker": marker, "markersize": 4, "linewidth": 1.3, "zorder": 3}
    known |= {"linestyle": line(number), "label": label or None, "capsize": 0, "elinewidth": 1.0}
    ax.errorbar(x, y, yerr=None if reach is None else np.nan_to_num(reach, nan=0.0, posinf=1e6), **known)


def _sentences(
    found: Sequence[Series],
    levels: Sequence[Level],
    everything: Sequence[Curve],
    words: Callable[[Level], str],
    few: Sequence[bool],
) -> str:
    told = []
    for series in found:
        own = [level for level in levels if level in series.by_level]
        first, last = (list(series.by_level[level].values()) for level in (own[0], own[-1]))
        name = short_names([series.agent])[series.agent]
        both = [(a, b) for a, b in zip(first, last, strict=True) if a.identifiable and b.identifiable]
        changed = ""
        if both:
            betas = [float(np.median([pair[n].beta for pair in both])) for n in (0, 1)]
            changed = f"{'median ' if len(both) > 1 else ''}β {plain(betas[0])} to {plain(betas[1])}"
        same = sum(a.bistable == b.bistable for a, b in zip(first, last, strict=True))
        told.append(
            f"{name} ({counted(len(first), 'pair')}), {words(own[0])} to {words(own[-1])}: "
            f"{changed or 'not determined'}, "
            f"{same} of {len(first)} classified the same"
        )
    open_ones = sum(not curve.identifiable for curve in everything)
    left = (
        f" The data do not determine (β, h) of {open_ones} of {len(everything)} curves, left out of the "
        "first two panels."
        if open_ones
        else ""
    )
    bars_are = (
        "Bars: 95% intervals of each curve."
        if all(few)
        else "Marks: medians over the pairs determined at every level, with 95% intervals; faint: each pair; "
        "right: share "
        "of all pairs, with 95% intervals."
    )
    if any(few) and not all(few):
        bars_are += (
            f" Of agents with fewer than {_ENOUGH} pairs: each pair, with its own 95% intervals, and its "
            "chance "
            "to be inside."
        )
    return f"{bars_are} {'; '.join(told)}.{left}"
