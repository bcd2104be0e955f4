"""Who the agent was before play: its traits, and those that guards take for its own."""

from __future__ import annotations

import math

from spinodal.contagion_runs import ContagionRun
from spinodal.guards import GuardSpec
from spinodal.report._table import Cell, Column, Table, text
from spinodal.report._words import number
from spinodal.report.figures._contagion_traits import VALENCES, trait_order
from spinodal.report.figures._figure import Figure, plain
from spinodal.report.figures._forest import Layer, Panel, Point, Row, forest, with_thresholds


def profile_figure(run: ContagionRun) -> Figure:
    """A dot a trait; filled where a guard by implicit traits reinforces it."""
    names = trait_order(run)
    reinforcing = {name: [guard for guard, core in run.core_traits.items() if name in core] for name in names}
    marks: list[Point | None] = []
    for name in names:
        score = run.profile.get(name, math.nan)
        by = reinforcing[name]
        hover = f"<b>{plain(name)}</b><br>{number(score)}" + "".join(
            f"<br>reinforced by {plain(one)}" for one in by
        )
        marks.append(None if math.isnan(score) else Point(score, None, hover, filled=bool(by)))
    unknown = {row: "no answer told" for row, mark in enumerate(marks) if mark is None}
    drawn = forest(
        [Row(name, VALENCES[run.valence[name]]) for name in names],
        [Panel("score before play", [Layer("before", "--region", "circle", marks, size=12)], unknown)],
        shares=True,
    )
    limits = thresholds(run)
    if limits:
        own = {value: f"above {value:g}: its own" for value in sorted(set(limits.values()))}
        drawn = with_thresholds(drawn, own)
    said = ", ".join(f"{name} {number(run.profile.get(name, math.nan))}" for name in names)
    return Figure(
        name="contagion-profile",
        alt=f"Score of each trait before play, from 0 to 1: {said}.",
        data=drawn.traces,
        layout=drawn.layout,
        height=drawn.height,
        caption=_caption(bool(limits)),
        table=_table(run, names, reinforcing),
    )


def thresholds(run: ContagionRun) -> dict[str, float]:
    """By guard by implicit traits: the score above which a trait is the agent's own."""
    return {guard: GuardSpec.parse(guard).threshold for guard in run.core_traits}


def _caption(thresholds_: bool) -> str:
    middle = "Answering without regard to the statement, yes to all or by chance, gives 0.5."
    if not thresholds_:
        return middle
    return (
        f"{middle} Filled: a guard by implicit traits reminds the agent of it. It takes traits above its "
        "threshold, and of these the pro-social ones alone unless it is told to be literal."
    )


def _table(run: ContagionRun, names: list[str], reinforcing: dict[str, list[str]]) -> Table:
    columns = (
        Column("trait", numeric=False),
        Column("kind", numeric=False),
        Column("score before play"),
        Column("reinforced by", numeric=False),
    )
    rows = []
    for name in names:
        score = run.profile.get(name, math.nan)
        rows.append(
            [
                text(name),
                text(run.valence[name]),
                Cell(number(score), score),
                text(", ".join(reinforcing[name]) or "—"),
            ]
        )
    return Table("Traits before play", columns, rows)
