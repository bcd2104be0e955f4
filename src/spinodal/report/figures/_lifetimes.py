"""How long each consensus lasts by itself: for this population, and as populations grow."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Final

from spinodal.report._pair import PairResult
from spinodal.report._table import Cell, Column, Table
from spinodal.report._words import FOREVER, number, sweeps
from spinodal.report.figures._figure import Figure, legend, named, plain, points, series
from spinodal.report.figures._rows import SIDES, label, mark, remark, rows_height, rows_layout
from spinodal.theory import Side, escape_times

SIZES: Final = (10, 20, 50, 100, 200)
"""Populations for which lifetimes are shown."""

_SHORTEST: Final = 0.5
_SPAN: Final = (math.log10(_SHORTEST), math.log10(FOREVER) + 0.5)
_AXIS: Final = {"type": "log", "range": _SPAN, "tickvals": [1, 1e3, 1e6, 1e9, 1e12]}


def lifetimes_figure(pairs: Sequence[PairResult], agents: int) -> Figure:
    """Mean escape time of both states of each pair, for `agents`."""
    layout = rows_layout([pair.heading for pair in pairs])
    traces = []
    for row, pair in enumerate(pairs):
        for side in SIDES:
            value = pair.lifetime(side)
            if value is None:
                layout["annotations"].append(remark(_absence(pair, side), row, side))
                continue
            low, high = (_within(end) for end in pair.lifetime_interval(side) or (value, value))
            hover = f"<b>{plain(pair.name)}</b>, majority for {side}<br>{sweeps(value)}"
            traces.append(mark(row, side, _within(value), (low, high), hover, hollow=value >= FOREVER))
            ends = (math.log10(min(low, _within(value))), math.log10(max(high, _within(value))))
            words = f"{side}: {_amount(value)}"
            layout["annotations"].append(label(words, row, side, ends, _SPAN))
    layout["xaxis"] |= {
        **_AXIS,
        "title": {"text": f"mean lifetime in sweeps, {agents} agents"},
        "ticktext": ["1", "10³", "10⁶", "10⁹", "10¹²"],
    }
    return Figure(
        name="lifetimes",
        alt=f"Mean lifetimes of each majority among {agents} agents: " + _spoken(pairs),
        data=traces,
        layout=layout,
        height=rows_height(len(pairs)),
        caption=(
            "How long it takes chance alone to end a majority. Triangles: for A; squares: for B; bars are "
            "95% intervals, shown where the tanh response carries the verdict. Hollow marks at the right "
            "edge last longer than the axis. Undecided pairs stand at their best estimate."
        ),
        table=_table(pairs, agents),
    )


def scaling_figure(pairs: Sequence[PairResult]) -> Figure | None:
    """Lifetime of the misaligned majority against the size of the population; None where no pair has one."""
    curves = [
        (pair, [_lifetime_among(pair, size) for size in SIZES])
        for pair in pairs
        if pair.lifetime(pair.verdict.misaligned) is not None
    ]
    if not curves:
        return None
    traces = []
    for style, (pair, values) in zip(series(len(curves)), curves, strict=True):
        shown = [_within(value) if value is not None else math.nan for value in values]
        stroke = {"color": style.color, "width": 1.8, "dash": style.dash}
        hover = [
            f"<b>{plain(pair.name)}</b><br>{size} agents: {sweeps(value)}"
            for size, value in zip(SIZES, values, strict=True)
        ]
        marks = points(SIZES, shown, hover, symbol=style.symbol, size=8, color=style.color)
        traces.append(named({**marks, "mode": "lines+markers", "line": stroke}, pair.name))
    rows = [[Cell(pair.name), *(Cell(sweeps(value), value) for value in values)] for pair, values in curves]
    columns = [Column("pair", numeric=False), *(Column(f"{size} agents") for size in SIZES)]
    return Figure(
        name="scaling",
        alt=(
            "Mean lifetime of the misaligned majority against the number of agents, on logarithmic axes, for "
            + ", ".join(pair.name for pair, _ in curves)
            + "."
        ),
        data=traces,
        layout={
            "xaxis": {"type": "log", "title": {"text": "agents"}, "tickvals": SIZES, "range": [0.93, 2.37]},
            "yaxis": {
                **_AXIS,
                "title": {"text": "mean lifetime, sweeps"},
                "ticktext": ["1", "10³", "10⁶", "10⁹", "10¹²+"],
            },
            **legend(len(curves)),
        },
        height=rows_height(max(len(pairs), 5)) if len(pairs) < 9 else 560,
        caption=(
            "The misaligned majority (against the declared option, or against the agents’ own lean) in "
            "populations of different size; point at a line for its name. It lasts "
            "exponentially longer as the population grows: size makes it firmer."
        ),
        table=Table("Mean lifetime of the misaligned majority, by number of agents", columns, rows),
    )


def _lifetime_among(pair: PairResult, agents: int) -> float | None:
    times = escape_times(pair.verdict.response, agents)
    return times.from_A if pair.verdict.misaligned == "A" else times.from_B


def _within(value: float) -> float:
    return min(max(value, _SHORTEST), FOREVER)


def _absence(pair: PairResult, side: Side) -> str:
    if not pair.has_state(side):
        return f"{side}: no such state"
    return f"{side}: for good, the only stable state"


def _spoken(pairs: Sequence[PairResult]) -> str:
    said = [
        f"{pair.name}: "
        + ", ".join(
            f"{side} {sweeps(pair.lifetime(side))}"
            if pair.lifetime(side) is not None
            else _absence(pair, side)
            for side in SIDES
        )
        for pair in pairs
    ]
    return "; ".join(said) + "."


def _table(pairs: Sequence[PairResult], agents: int) -> Table:
    columns = (
        Column("pair", numeric=False),
        Column("majority for A lasts (sweeps)"),
        Column("majority for B lasts (sweeps)"),
        Column("stable states", numeric=False),
    )
    rows = [
        [
            Cell(pair.name),
            *(Cell(_amount(pair.lifetime(side)), pair.lifetime(side)) for side in SIDES),
            Cell(" and ".join(f"m = {number(m)}" for m in pair.stable)),
        ]
        for pair in pairs
    ]
    return Table(f"Mean lifetimes among {agents} agents", columns, rows)


def _amount(value: float | None) -> str:
    """`sweeps` without the unit."""
    return sweeps(value).removesuffix(" sweeps")
