"""How much of a model's attention is on its instructions, turn by turn."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import numpy as np
from matplotlib.ticker import MaxNLocator, PercentFormatter

from spinodal.plots._style import FAINT, INK, SOFT, legend, new_axes, note, series

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from spinodal.attention import AttentionSummary, Measure

TURNS: Final = "the agent's own turn"
_SHIFT: Final = 0.07
"""Turns by which the marks of one guard stand beside those of the next."""


def attention_by_turn(
    found: AttentionSummary,
    ax: Axes | None = None,
    *,
    segment: str = "system",
    measure: Measure = "share_without_sinks",
) -> Axes:
    """A segment's share by turn, with 95% intervals: a line a guard and kind of turn.

    Decisions are hollow and dashed, as they are asked for in other words than messages.
    """
    ax = new_axes(ax)
    for number, guard in enumerate(found.guards):
        color, marker = (INK, "o") if number == 0 else series(number)
        shift = _SHIFT * (number - (len(found.guards) - 1) / 2)
        for kind in found.kinds:
            levels = [found.level(segment, turn, guard) for turn in found.turns(kind, guard)]
            told = [one for one in levels if one is not None and measure in one.values]
            if not told or (segment == "guard" and not any(one.values["share"][0] for one in told)):
                continue
            x = np.array([one.turn + shift for one in told])
            y = np.array([one.values[measure][0] for one in told])
            ends = np.array([one.values[measure][1] for one in told])
            solid = kind != "decision"
            ax.vlines(x, ends[:, 0], ends[:, 1], color=color, linewidth=1.0)
            ax.plot(
                x, y, marker, linestyle="-" if solid else "--", color=color, linewidth=1.2, markersize=5,
                markerfacecolor=color if solid else "white",
                label=_named(guard, kind, found.kinds),
            )  # fmt: skip
    ax.xaxis.set_major_locator(MaxNLocator(integer=True))
    ax.set_xlabel(TURNS)
    if measure.startswith("share"):
        ax.yaxis.set_major_formatter(PercentFormatter(1.0, decimals=None))
        ax.set_ylabel("share of the attention" + _left_out(measure))
    else:
        ax.axhline(1.0, color=SOFT, linewidth=0.8, linestyle=":")
        ax.set_ylabel("share of attention over share of tokens")
    ax.set_ylim(bottom=0.0)
    legend(ax)
    return ax


def attention_panels(found: AttentionSummary) -> Axes:
    """Four panels; returns the first axes.

    The system prompt's share without a guard, with what of it rests on sinks; the same without sinks, with
    each guard; for its length; and the share of the guards' words.
    """
    from matplotlib import pyplot

    axes = pyplot.subplots(2, 2, figsize=(11.5, 7.6), layout="constrained")[1]
    first: Axes = axes[0][0]
    _with_sinks(found, new_axes(first))
    first.set_title("On the system prompt, without a guard")
    attention_by_turn(found, axes[0][1])
    axes[0][1].set_title("On the system prompt, sinks left out")
    attention_by_turn(found, axes[1][0], measure="relative_without_sinks")
    axes[1][0].set_title("The same, for its length")
    attention_by_turn(found, axes[1][1], segment="guard")
    axes[1][1].set_title("On the guard's words, sinks left out")
    if found.guards[1:]:
        for ax in (axes[1][0], axes[1][1]):
            if ax.get_legend() is not None:
                ax.get_legend().remove()
    else:
        note(axes[1][1], "no guard", 0.5, 0.5, xycoords="axes fraction", ha="center")
    return first


def _with_sinks(found: AttentionSummary, ax: Axes) -> None:
    """Bars of the system prompt's share: its sinks, and its other words."""
    turns = sorted(turn for kind in found.kinds for turn in found.turns(kind))
    levels = [one for turn in turns if (one := found.level("system", turn)) is not None]
    rest = np.array([found.beside_sinks("system", one.turn) for one in levels])
    whole = np.array([one.values["share"][0] for one in levels])
    x = [one.turn for one in levels]
    ax.bar(x, rest, color=series(0)[0], width=0.7, label="its other words")
    ax.bar(x, whole - rest, bottom=rest, color=FAINT, width=0.7, label="its tokens that are attention sinks")
    ax.yaxis.set_major_formatter(PercentFormatter(1.0))
    ax.xaxis.set_major_locator(MaxNLocator(integer=True))
    ax.set_xlabel(TURNS)
    ax.set_ylabel("share of all attention")
    ax.set_ylim(top=1.35 * float(whole.max(initial=1e-9)))
    legend(ax, loc="upper right")


def _named(guard: str, kind: str, kinds: list[str]) -> str:
    name = "no guard" if guard == "none" else guard
    return name if len(kinds) == 1 else f"{name}, {kind}s"


def _left_out(measure: str) -> str:
    if measure.endswith("sinks"):
        return ", sinks left out"
    return ", first token left out" if measure.endswith("first") else ""
