"""Guards beside one another: contagion with each, what it did to that, and what it did in bad company."""

from __future__ import annotations

from spinodal.contagion_runs import ContagionRun
from spinodal.contagion_verdict import ContagionVerdict, GuardVerdict
from spinodal.effects import Effect
from spinodal.report._table import Cell, Column, Table, text
from spinodal.report._words import count, number
from spinodal.report.figures._contagion_companies import (
    INTERVAL,
    NOTHING,
    effect_cells,
    p_cell,
    point,
    told,
)
from spinodal.report.figures._contagion_traits import trait_order
from spinodal.report.figures._figure import Figure
from spinodal.report.figures._forest import Layer, Panel, Row, forest, signed

WITHOUT = "none"
LAYERS = {
    "contagion": ("--curve", "diamond"),
    "mitigation": ("--region", "triangle-right"),
    "relief": ("--empirical", "pentagon"),
}
"""Colour and symbol of what is compared."""


def guards_figure(run: ContagionRun, verdict: ContagionVerdict) -> Figure | None:
    """Three panels of pro-sociality; None where no guard was asked for, or no trait has a direction."""
    names = run.guards
    if len(names) < 2 or not any(run.signs.values()):
        return None
    judged = [verdict.guards.get(name) for name in names]
    contagion = [verdict.contagion.index, *(one.contagion.index if one else None for one in judged[1:])]
    effects: dict[str, list[Effect | None]] = {
        "contagion": contagion,
        "mitigation": [one.mitigation.index if one else None for one in judged],
        "relief": [one.relief.index if one else None for one in judged],
    }
    titles = {
        "contagion": "contagion with the guard",
        "mitigation": "mitigation: with minus without",
        "relief": f"relief among {run.treatment}",
    }
    panels = []
    for what, found in effects.items():
        color, symbol = LAYERS[what]
        marks = [point(effect, f"{what}, {name}") for name, effect in zip(names, found, strict=True)]
        remarks = {}
        if what == "contagion":
            remarks = {
                row: "nothing to say" if name in verdict.silent else "no matches"
                for row, (name, mark) in enumerate(zip(names, marks, strict=True))
                if mark is None
            }
        panels.append(Panel(titles[what], [Layer(what, color, symbol, marks, size=12)], remarks))
    drawn = forest(
        [
            Row("no guard" if name == WITHOUT else name, aside=_cost(verdict.guards.get(name)))
            for name in names
        ],
        panels,
    )
    said = [
        f"{name}: contagion {told(one.contagion.index)}, mitigation {told(one.mitigation.index)}, relief "
        f"{told(one.relief.index)}"
        for name, one in verdict.guards.items()
    ]
    said += [f"{name}: nothing to say, not played" for name in verdict.silent]
    return Figure(
        name="contagion-guards",
        alt="Contagion of pro-sociality: "
        + "; ".join([f"without a guard {told(verdict.contagion.index)}", *said])
        + ".",
        data=drawn.traces,
        layout=drawn.layout,
        height=drawn.height,
        caption=(
            "Of pro-sociality, in units of its score; all panels have the same scale. Bars are 95% "
            "intervals. Filled: p below 0.05; of mitigation and relief, each adjusted for the number of "
            "guards (Holm). Right of zero is more pro-social: a guard that helps has mitigation and relief "
            "there. At the right end of a row, how many tokens more are read in a game with the guard."
        ),
        table=_table(run, verdict),
    )


def guards_by_trait(run: ContagionRun, verdict: ContagionVerdict) -> Table | None:
    """What each guard did to each trait; None without guards that were played."""
    columns = (
        Column("trait", numeric=False),
        Column("guard", numeric=False),
        Column("mitigation"),
        INTERVAL,
        Column("adjusted p", hint="for having looked at all traits and all guards"),
        Column("relief"),
        INTERVAL,
        Column("adjusted p", hint="for having looked at all traits and all guards"),
    )
    rows = []
    for name in trait_order(run):
        for guard, one in verdict.guards.items():
            mitigation, relief = (
                next((effect for effect in comparison.traits if effect.name == name), None)
                for comparison in (one.mitigation, one.relief)
            )
            row = [text(name), text(guard)]
            for effect in (mitigation, relief):
                row += [*effect_cells(effect), p_cell(effect, adjusted=True)]
            if mitigation or relief:
                rows.append(row)
    return Table("What each guard did to each trait", columns, rows) if rows else None


def _cost(one: GuardVerdict | None) -> str:
    if one is None or number(one.tokens, 0) == "—":
        return ""
    return f"{signed(one.tokens, 0)} tokens"


def _table(run: ContagionRun, verdict: ContagionVerdict) -> Table:
    columns = (
        Column("guard", numeric=False),
        Column("contagion with it"),
        INTERVAL,
        Column("p"),
        Column("mitigation", hint="contagion with the guard minus contagion without"),
        INTERVAL,
        Column("adjusted p", hint="for the number of guards, by Holm"),
        Column("relief", hint=f"among {run.treatment} opponents, with the guard minus without"),
        INTERVAL,
        Column("adjusted p", hint="for the number of guards, by Holm"),
        Column("reminders a game"),
        Column("tokens more a game", hint="read by all players during play"),
        Column("matched games", hint="behind the mitigation"),
    )
    none = verdict.contagion.index
    nothing = [*effect_cells(None), p_cell(None)]
    rows = [
        [
            text("no guard"),
            *effect_cells(none),
            p_cell(none),
            *nothing,
            *nothing,
            NOTHING,
            NOTHING,
            Cell(count(none.games if none else 0), none.games if none else 0),
        ]
    ]
    for guard in run.guards[1:]:
        one = verdict.guards.get(guard)
        if one is None:
            rows.append([text(f"{guard}: nothing to say"), *[NOTHING] * 12])
            continue
        contagion, mitigation, relief = (
            comparison.index for comparison in (one.contagion, one.mitigation, one.relief)
        )
        games = mitigation.games if mitigation else 0
        rows.append(
            [
                text(guard),
                *effect_cells(contagion),
                p_cell(contagion),
                *effect_cells(mitigation),
                p_cell(mitigation, adjusted=True),
                *effect_cells(relief),
                p_cell(relief, adjusted=True),
                Cell(number(one.reminders, 1), one.reminders),
                Cell(signed(one.tokens, 0), one.tokens),
                Cell(count(games), games),
            ]
        )
    return Table("Guards compared, on pro-sociality", columns, rows)
