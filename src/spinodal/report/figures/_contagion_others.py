"""Every company beside the control: the change since before play, and what of it the control's lacks."""

from __future__ import annotations

from spinodal.contagion_runs import ContagionRun
from spinodal.contagion_verdict import Comparison, ContagionVerdict
from spinodal.report._table import Cell, Column, Table, text
from spinodal.report._words import count
from spinodal.report.figures._contagion_companies import (
    INTERVAL,
    NOTHING,
    effect_cells,
    p_cell,
    point,
    told,
)
from spinodal.report.figures._figure import Figure
from spinodal.report.figures._forest import Layer, Panel, Row, forest


def others_figure(run: ContagionRun, verdict: ContagionVerdict) -> Figure | None:
    """Two panels of pro-sociality; None without further opponents, or where no trait has a direction."""
    if not run.others or not any(run.signs.values()):
        return None
    names = [run.control, run.treatment, *run.others]
    against: dict[str, Comparison] = {run.treatment: verdict.contagion, **verdict.others}
    changes = {name: verdict.changes[name].index for name in names}
    minus = {name: against[name].index if name in against else None for name in names}
    left = [point(changes[name], f"among {name}", tested=False) for name in names]
    right = [point(minus[name], f"{name} minus {run.control}") for name in names]
    remarks = {
        row: "compared with" if name == run.control else "no matches"
        for row, (name, mark) in enumerate(zip(names, right, strict=True))
        if mark is None
    }
    drawn = forest(
        [Row(name) for name in names],
        [
            Panel("change since before play", [Layer("change", "--ink-soft", "circle", left)]),
            Panel(
                f"minus the change among {run.control}",
                [Layer("minus control", "--curve", "diamond", right, size=12)],
                remarks,
            ),
        ],
    )
    return Figure(
        name="contagion-others",
        alt="Change of pro-sociality since before play, by opponents: "
        + "; ".join(f"{name} {told(changes[name])}" for name in names)
        + f". Minus the change among {run.control}: "
        + "; ".join(f"{name} {told(minus[name])}" for name in names if name != run.control)
        + ".",
        data=drawn.traces,
        layout=drawn.layout,
        height=drawn.height,
        caption=(
            "Pro-sociality without a guard, in units of its score. Bars are 95% intervals; filled on the "
            "right: p below 0.05, of each comparison by itself."
        ),
        table=_table(run, verdict, names, against),
    )


def _table(
    run: ContagionRun, verdict: ContagionVerdict, names: list[str], against: dict[str, Comparison]
) -> Table:
    columns = (
        Column("opponents", numeric=False),
        Column("change since before play"),
        INTERVAL,
        Column("games"),
        Column(f"minus {run.control}"),
        INTERVAL,
        Column("p"),
        Column("matched games"),
    )
    rows = []
    for name in names:
        change = verdict.changes[name].index
        minus = against[name].index if name in against else None
        rows.append(
            [
                text(name),
                *effect_cells(change),
                Cell(count(change.games if change else 0), change.games if change else 0),
                *effect_cells(minus),
                p_cell(minus),
                Cell(count(minus.games), minus.games) if minus else NOTHING,
            ]
        )
    return Table("Pro-sociality by opponents, no guard", columns, rows)
