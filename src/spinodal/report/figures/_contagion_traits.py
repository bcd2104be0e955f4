"""What company did to each trait: its change among either opponents, and the difference of the two."""

from __future__ import annotations

from collections.abc import Mapping

from spinodal.contagion_runs import ContagionRun
from spinodal.contagion_verdict import INDEX, Comparison, ContagionVerdict
from spinodal.effects import Effect
from spinodal.report._table import Cell, Column, Table, text
from spinodal.report._words import count, number
from spinodal.report.figures._contagion_companies import (
    INTERVAL,
    company_styles,
    effect_cells,
    p_cell,
    point,
    told,
)
from spinodal.report.figures._figure import FEW, Figure
from spinodal.report.figures._forest import Layer, Panel, Row, forest
from spinodal.traits import prosociality

VALENCES = {"pro": "pro-social traits", "anti": "anti-social traits", "neutral": "neutral traits"}

_APART = 4.5
"""Pixels between the lane's middle and either opponents' mark."""


def traits_figure(run: ContagionRun, verdict: ContagionVerdict) -> Figure | None:
    """Changes since before play on the left, contagion on the right; None where nothing was played."""
    changes = {name: by_name(verdict.changes[name]) for name in (run.treatment, run.control)}
    contagion = by_name(verdict.contagion)
    if not any((*changes.values(), contagion)):
        return None
    names = trait_order(run)
    if any(INDEX in effects for effects in (*changes.values(), contagion)):
        names = [INDEX, *names]
    styles = company_styles(run)
    left = [
        Layer(
            company,
            styles[company].color,
            styles[company].symbol,
            [point(effects.get(name), f"among {company} opponents", tested=False) for name in names],
            shift=-_APART if company == run.treatment else _APART,
            size=9,
        )
        for company, effects in changes.items()
    ]
    main = Layer(
        "contagion",
        "--curve",
        "diamond",
        [point(contagion.get(name), verdict.contagion.what) for name in names],
        size=12,
    )
    missing = {} if contagion else {0: "nothing to compare"}
    drawn = forest(
        [Row(name, VALENCES.get(run.valence.get(name, ""), "")) for name in names],
        [
            Panel("change since before play", left),
            Panel(f"contagion: {run.treatment} minus {run.control}", [main], missing),
        ],
    )
    return Figure(
        name="contagion-traits",
        alt=f"Contagion, {verdict.contagion.what}, of each trait, in units of its score: "
        + "; ".join(f"{name} {told(contagion.get(name))}" for name in names)
        + ".",
        data=drawn.traces,
        layout=drawn.layout,
        height=drawn.height,
        caption=(
            "In units of the score, which goes from 0 to 1; both panels have the same scale. Bars are 95% "
            "intervals. On the right a filled mark has an adjusted p below 0.05: pro-sociality by itself, "
            "the traits all together. On the left no claim is made, for whatever a game does to the "
            "answers, whoever plays, is in it."
        ),
        table=_table(run, names, changes, contagion),
    )


def long_figure(run: ContagionRun) -> bool:
    """Whether there are so many traits that their figures scroll in their box."""
    return len(run.valence) > 2 * FEW


def by_name(comparison: Comparison) -> Mapping[str, Effect]:
    """All effects of a comparison, the index among them."""
    found = {effect.name: effect for effect in comparison.traits}
    return found if comparison.index is None else {INDEX: comparison.index, **found}


def trait_order(run: ContagionRun) -> list[str]:
    """Traits, the pro-social first and the neutral last."""
    return sorted(run.valence, key=lambda name: list(VALENCES).index(run.valence[name]))


def _table(
    run: ContagionRun,
    names: list[str],
    changes: Mapping[str, Mapping[str, Effect]],
    contagion: Mapping[str, Effect],
) -> Table:
    columns = [
        Column("trait", numeric=False),
        Column("kind", numeric=False),
        Column("before play"),
        *(
            column
            for company in changes
            for column in (
                Column(f"change, {company}", hint="after play minus before, no guard"),
                INTERVAL,
            )
        ),
        Column("contagion"),
        INTERVAL,
        Column("p"),
        Column("adjusted p", hint="for having looked at all traits"),
        Column("matched games"),
    ]
    scores = {**run.profile, INDEX: prosociality(run.profile, run.signs)}
    rows = []
    for name in names:
        effect, before = contagion.get(name), scores[name]
        row = [text(name), text(run.valence.get(name, "index")), Cell(number(before), before)]
        for effects in changes.values():
            row += effect_cells(effects.get(name))
        row += effect_cells(effect)
        row += [p_cell(effect), p_cell(effect, adjusted=True)]
        row.append(Cell(count(effect.games if effect else 0), effect.games if effect else 0))
        rows.append(row)
    return Table("Each trait before play, its changes, and contagion", columns, rows)
