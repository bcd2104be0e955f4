"""Mitigations beside one another: contagion with each guard, and what the guard did to it."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from spinodal.figures._contagion_traits import draw_effects, effect_in_words, effects_of, rule
from spinodal.figures._entry import figure
from spinodal.figures._look import brief, finish, panels, short_names, style, title
from spinodal.figures._needs import GUARDED
from spinodal.figures._studies import contagion_study
from spinodal.plots._style import INK

if TYPE_CHECKING:
    from matplotlib.figure import Figure

    from spinodal.contagion_verdict import Comparison
    from spinodal.results import Results


@figure(
    "contagion-guards",
    title="Mitigations compared",
    caption="Pro-sociality with each guard: contagion, the guard's change of it, and its whole effect in bad "
    "company; "
    "95% intervals.",
    needs=(GUARDED,),
)
def contagion_guards(results: Results, *, study: str | None = None) -> Figure:
    """Three panels of pro-sociality, a row a guard: contagion with it, mitigation, relief.

    Filled marks: adjusted p < 0.05, the guards' tests taken together.
    """
    name, run, verdict = contagion_study(results, study, guarded=True)
    guards = list(verdict.guards)
    rows = ["no guard", *guards]
    drawn, axes = panels(1, 3, height=1.15 + 0.36 * len(rows), sharey=True)
    columns: list[dict[str, Comparison]] = [
        {"no guard": verdict.contagion} | {guard: one.contagion for guard, one in verdict.guards.items()},
        {guard: one.mitigation for guard, one in verdict.guards.items()},
        {guard: one.relief for guard, one in verdict.guards.items()},
    ]
    for ax, column in zip(axes, columns, strict=True):
        for guard, comparison in column.items():
            if comparison.index is None:
                continue
            color, marker = (INK, "o") if guard == "no guard" else style(guards.index(guard))
            alone = replace(comparison, traits=(), index=replace(comparison.index, name=guard))
            draw_effects(ax, alone, rows, 0.0, color, marker, "", size=6.0)
        rule(ax, len(rows))
        ax.locator_params(axis="x", nbins=4)
    axes[0].set_yticks(range(len(rows)), [brief(row, 34) for row in rows])
    axes[0].set_xlabel(f"{run.treatment} minus {run.control}")
    axes[1].set_xlabel("with it minus without")
    axes[2].set_xlabel("with it minus without")
    for ax, words in zip(axes, ("contagion", "mitigation", f"among {run.treatment} opponents"), strict=True):
        title(ax, words)
    told = "; ".join(
        f"{guard} {effect_in_words(one.mitigation.index)}"
        for guard, one in verdict.guards.items()
        if one.mitigation.index is not None
    )
    silent = "".join(f" {guard} had nothing to say and was not played." for guard in verdict.silent)
    shown = any(effects_of(one.mitigation) for one in verdict.guards.values())
    return finish(
        drawn,
        f"{short_names([name])[name]}: pro-sociality (0 to 1; right is better) without a guard and with "
        "each. Contagion is "
        f"the score after play among {run.treatment} opponents minus that among {run.control} ones over "
        "matched games; "
        f"mitigation what the guard changes of it{': ' + told if shown and told else ''}. 95% intervals; "
        "filled: adjusted "
        f"p < 0.05, the guards' tests taken together.{silent}",
    )
