"""What company did to an agent, trait by trait, without a guard and with each."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import numpy as np

from spinodal.plots._style import FAINT, INK, SOFT, legend, new_axes, note, series

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from spinodal.contagion_verdict import Comparison, ContagionVerdict
    from spinodal.effects import Effect

_ROOM: Final = 0.7
"""Share of a row's height over which its marks are spread."""
_LEVEL: Final = 0.05


def contagion_forest(verdict: ContagionVerdict, ax: Axes | None = None) -> Axes:
    """Contagion on pro-sociality and on each trait, with 95% intervals; a mark a guard.

    A filled mark is an effect that the tests taken together show (adjusted p < 0.05).
    """
    comparisons = {"no guard": verdict.contagion}
    comparisons |= {name: guard.contagion for name, guard in verdict.guards.items()}
    rows = [effect.name for effect in _effects(verdict.contagion)]
    ax = new_axes(ax, width=7.2, height=1.6 + 0.38 * max(len(rows), 1))
    if not rows:
        note(ax, "no matched games came to their end", 0.0, 0.0, ha="center")
        return ax
    offsets = np.linspace(-_ROOM / 2, _ROOM / 2, len(comparisons)) if len(comparisons) > 1 else [0.0]
    for number, (name, comparison) in enumerate(comparisons.items()):
        color, marker = (INK, "o") if number == 0 else series(number)
        found = {effect.name: effect for effect in _effects(comparison)}
        for row, trait in enumerate(rows):
            if trait not in found:
                continue
            effect, at = found[trait], row + float(offsets[number])
            ax.plot(effect.interval, [at, at], color=color, linewidth=1.4 if number == 0 else 0.9)
            shown = effect.p_adjusted < _LEVEL
            ax.plot(
                [effect.estimate], [at], marker, color=color, markersize=6 if number == 0 else 4.5,
                markerfacecolor=color if shown else "white", label=name if row == 0 else None,
            )  # fmt: skip
    ax.axvline(0.0, color=SOFT, linewidth=1.0)
    for border in range(1, len(rows)):
        ax.axhline(border - 0.5, color=FAINT, linewidth=0.6)
    ax.set_yticks(range(len(rows)), rows)
    ax.set_ylim(len(rows) - 0.4, -0.6)
    ax.set_xlabel(f"contagion: score after play, {verdict.contagion.what}")
    legend(ax, loc="lower center", bbox_to_anchor=(0.4, 1.0), ncols=min(len(comparisons), 3))
    return ax


def _effects(comparison: Comparison) -> list[Effect]:
    index = [] if comparison.index is None else [comparison.index]
    return [*index, *comparison.traits]
