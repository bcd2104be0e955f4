"""What each guard changes in the share of adversaries that a population withstands."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from matplotlib.ticker import FuncFormatter

from spinodal.plots._style import FAINT, INK, NOTE_SIZE, SOFT, new_axes, note

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from spinodal.guard_effects import GuardRanking


def guard_ranking(ranking: GuardRanking, ax: Axes | None = None) -> Axes:
    """The mean change over pairs with its 95% interval, a row a guard, the best on top.

    A filled mark is a change told from none (adjusted p < 0.05). At the right, the share withstood without a
    guard and with it, and the tokens more that an agent reads a prompt.
    """
    effects = ranking.effects
    ax = new_axes(ax, width=7.6, height=1.3 + 0.42 * max(len(effects), 1))
    if not effects:
        note(ax, "no guard measured a pair that was measured without one", 0.0, 0.0, ha="center")
        return ax
    for row, one in enumerate(effects):
        effect = one.withstood
        if all(map(math.isfinite, effect.interval)):
            ax.plot(effect.interval, [row, row], color=INK, linewidth=1.4)
        ax.plot(
            [effect.estimate], [row], "o", color=INK, markersize=6,
            markerfacecolor=INK if one.is_clear else "white",
        )  # fmt: skip
        before, after = one.shares
        more = one.tokens[1] - one.tokens[0]
        words = f"{before:.1%} → {after:.1%}" + (f", {more:+.0f} tokens" if math.isfinite(more) else "")
        ax.annotate(
            words.replace("-", "−"),
            (1.01, row),
            xycoords=ax.get_yaxis_transform(),
            va="center",
            fontsize=NOTE_SIZE,
            color=SOFT,
            annotation_clip=False,
        )
    ax.axvline(0.0, color=SOFT, linewidth=1.0)
    for border in range(1, len(effects)):
        ax.axhline(border - 0.5, color=FAINT, linewidth=0.6)
    ax.set_yticks(range(len(effects)), [one.guard for one in effects])
    ax.set_ylim(len(effects) - 0.4, -0.6)
    ax.xaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{100 * value:+.3g}".replace("-", "−")))
    pairs = len(effects[0].pairs)
    ax.set_xlabel(
        f"change of the share of adversaries withstood, in points of percent ({pairs} "
        f"pair{'s' * (pairs > 1)})"
    )
    return ax
