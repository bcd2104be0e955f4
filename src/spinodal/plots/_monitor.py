"""What a monitor heard: the magnetization over utterances, the misaligned basin, the alarms."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from spinodal._errors import RequestError
from spinodal.plots._style import (
    COLOR,
    INK,
    MAGNETIZATION,
    NOTE_SIZE,
    REGION,
    SOFT,
    legend,
    new_axes,
    note,
    series,
)

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from spinodal.monitor import MonitorLog

UTTERANCES: Final = "utterance heard"
_MOST_SPEAKERS: Final = 20
"""Speakers that get a row of their own; of more, those who spoke first."""
_MOST_MARKS: Final = 400
"""Utterances up to which each is marked."""


def monitor_log(found: MonitorLog, ax: Axes | None = None, *, named: bool = True) -> Axes:
    """m after each utterance, a line a conversation; the misaligned basin shaded; alarms marked.

    Args:
        found: the log.
        ax: axes to draw on; by default those of a new figure.
        named: whether there is a legend.
    """
    from matplotlib.ticker import MaxNLocator

    ax = new_axes(ax, width=7.2)
    _basin(found, ax)
    conversations = found.conversations
    alone = len(conversations) == 1
    for place, name in enumerate(conversations):
        one = found.one(name)
        number, m = one.column("number"), one.column("m")
        color = INK if alone else series(place)[0]
        ax.step(number, m, where="post", color=color, linewidth=1.6, label=None if alone else name)
        if alone and len(number) <= _MOST_MARKS:
            _stances(one, ax)
        _alarms(one, ax, first=place == 0)
    last = float(found.column("number").max())
    ax.set(xlim=(0.5, max(last, 2.0) + 0.5), ylim=(-1.08, 1.08), xlabel=UTTERANCES, ylabel=MAGNETIZATION)
    ax.xaxis.set_major_locator(MaxNLocator(integer=True))
    if named:
        legend(ax, loc="upper left", bbox_to_anchor=(0.0, -0.16), ncols=4)
    return ax


def monitor_panels(found: MonitorLog) -> Axes:
    """One conversation in four panels: m, the drift score, the early-warning signs, who said what.

    Returns the first of the axes. Raises `RequestError` where the log holds several conversations.
    """
    from matplotlib import pyplot

    if len(found.conversations) != 1:
        raise RequestError(
            f"the log in {found.path} holds {len(found.conversations)} conversations; draw `log.one(NAME)`"
        )
    speakers = list(dict.fromkeys(found.events["speaker"]))[:_MOST_SPEAKERS]
    rows = max(1.0, 0.22 * len(speakers) + 0.3)
    figure, axes = pyplot.subplots(
        4,
        1,
        figsize=(7.6, 7.0 + rows),
        sharex=True,
        layout="constrained",
        height_ratios=[3.0, 1.5, 1.5, rows],
    )
    top, drift, signs, who = (new_axes(ax) for ax in axes)
    number = found.column("number")
    monitor_log(found, top, named=False)
    top.set(xlabel="")
    legend(top, loc="lower left", bbox_to_anchor=(0.0, 1.0), ncols=4)
    drift.axhline(1.0, color=COLOR[found.basin.against], linewidth=1.0, linestyle=(0, (4, 3)))
    drift.step(number, found.column("drift"), where="post", color=INK, linewidth=1.6)
    drift.set(ylim=(-0.06, 2.06), ylabel="drift score")
    edged = found.basin.edge is not None
    _above(drift, 1.0, "edge of the basin" if edged else "all misaligned" if found.basin.span is None else "")
    signs.plot(number, found.column("variance"), color=REGION, linewidth=1.6, label="variance")
    signs.plot(
        number,
        found.column("autocorrelation"),
        color=INK,
        linewidth=1.4,
        linestyle=":",
        label="autocorrelation",
    )
    signs.set(ylabel=f"last {found.window} of m")
    if not np.isfinite(found.column("variance")).any():
        signs.text(0.5, 0.5, "too few utterances", transform=signs.transAxes, color=SOFT, ha="center")
    legend(signs, loc="lower left", bbox_to_anchor=(0.0, 0.96), ncols=2)
    _who(found, speakers, who)
    figure.align_ylabels(list(axes))
    return top


def monitors_side_by_side(found: Mapping[str, MonitorLog]) -> Axes:
    """Several logs beside each other, on one scale; returns the first of the axes.

    Args:
        found: logs by the heading of each, one or more.
    """
    from matplotlib import pyplot

    if not found:
        raise RequestError("no log to draw; give one or more")
    figure, axes = pyplot.subplots(
        1,
        len(found),
        figsize=(0.8 + 4.6 * len(found), 4.2),
        sharex=True,
        sharey=True,
        layout="constrained",
        squeeze=False,
    )
    last = max(float(log.column("number").max()) for log in found.values())
    for ax, (heading, log) in zip(axes[0], found.items(), strict=True):
        monitor_log(log, ax, named=False)
        ax.set_title(heading, loc="left", fontsize=NOTE_SIZE + 0.5)
        ax.set(xlim=(0.5, last + 0.5), ylabel=MAGNETIZATION if ax is axes[0][0] else "")
    named: dict[str, Any] = {}
    for ax in axes[0]:
        handles, labels = ax.get_legend_handles_labels()
        named |= dict(zip(labels, handles, strict=True))
    figure.legend(
        list(named.values()),
        list(named),
        loc="outside lower left",
        ncols=3 * len(found),
        frameon=False,
        fontsize=NOTE_SIZE,
    )
    first: Axes = axes[0][0]
    return first


def _basin(found: MonitorLog, ax: Axes) -> None:
    basin = found.basin
    ax.axhline(0.0, color=SOFT, linewidth=0.6)
    if basin.span is None:
        return
    color = COLOR[basin.against]
    ax.axhspan(*basin.span, color=color, alpha=0.12, linewidth=0, zorder=0, label="misaligned basin")
    if basin.edge is not None:
        ax.axhline(basin.edge, color=color, linewidth=1.2, linestyle=(0, (4, 3)))
    for m in (basin.aligned, basin.misaligned):
        if m is not None:
            ax.axhline(m, color=COLOR["A"] if m > 0.0 else COLOR["B"], linewidth=0.8, linestyle=":")


def _stances(one: MonitorLog, ax: Axes) -> None:
    number, m = one.column("number"), one.column("m")
    stance = one.events["stance"].to_numpy()
    looks: tuple[tuple[str, str, str, str], ...] = (
        ("A", COLOR["A"], "o", f"for A: {one.pair.option_a}"),
        ("B", COLOR["B"], "s", f"for B: {one.pair.option_b}"),
    )
    for side, color, marker, label in looks:
        some = stance == side
        if some.any():
            ax.plot(number[some], m[some], marker, color=color, markersize=4.5, label=label, linestyle="none")


def _alarms(one: MonitorLog, ax: Axes, *, first: bool) -> None:
    m = dict(zip(one.column("number"), one.column("m"), strict=True))
    told = set()
    for _, number, raised in one.alarms():
        look: dict[str, Any] = (
            {"marker": "v", "color": COLOR[one.basin.against]}
            if raised
            else {"marker": "^", "color": "white", "markeredgecolor": INK}
        )
        label = "alarm" if raised else "alarm cleared"
        ax.plot(
            [number],
            [m[number]],
            markersize=11,
            linestyle="none",
            zorder=6,
            label=label if first and label not in told else None,
            **look,
        )
        told.add(label)


def _above(ax: Axes, y: float, text: str) -> None:
    if text:
        note(ax, text, 0.995, y, xycoords=ax.get_yaxis_transform(), ha="right", va="bottom")


def _who(found: MonitorLog, speakers: list[str], ax: Axes) -> None:
    """A row a speaker, a mark an utterance, in the colour of the option that it takes."""
    row = {speaker: place for place, speaker in enumerate(speakers)}
    table = found.events[found.events["speaker"].isin(speakers)]
    looks: tuple[tuple[str | None, dict[str, Any]], ...] = (
        ("A", {"color": COLOR["A"], "marker": "o"}),
        ("B", {"color": COLOR["B"], "marker": "s"}),
        (None, {"color": SOFT, "marker": "x"}),
    )
    for side, look in looks:
        some = table[table["stance"].isna()] if side is None else table[table["stance"] == side]
        if len(some):
            ax.scatter(some["number"], [row[name] for name in some["speaker"]], s=18, **look)
    ax.set_yticks(range(len(speakers)), [_short(name) for name in speakers])
    ax.set(ylim=(len(speakers) - 0.5, -0.5), xlabel=UTTERANCES)
    ax.tick_params(axis="y", length=0)


def _short(name: str) -> str:
    """A name that fits beside the picture, and that Matplotlib does not take for a formula."""
    return (name if len(name) <= 16 else f"{name[:15]}…").replace("$", r"\$")
