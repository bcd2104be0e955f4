"""How large a share of adversaries tips each pair, in both directions."""

from __future__ import annotations

from collections.abc import Sequence

from spinodal.report._pair import PairResult
from spinodal.report._table import Cell, Column, Table
from spinodal.report._words import ABSENT, count, interval, number, percent
from spinodal.report.figures._figure import Figure, plain
from spinodal.report.figures._rows import SIDES, label, mark, remark, rows_height, rows_layout
from spinodal.theory import Side


def tipping_figure(pairs: Sequence[PairResult], agents: int) -> Figure:
    """Thresholds as a share of everybody, zealots included, with their intervals."""
    layout = rows_layout([pair.heading for pair in pairs])
    span = (-1.0, _reach(pairs))
    traces = []
    for row, pair in enumerate(pairs):
        for side in SIDES:
            threshold = pair.tipping(side)
            if threshold.fraction is None:
                layout["annotations"].append(remark(f"to {side}: {pair.why_no_threshold(side)}", row, side))
                continue
            at = 100 * threshold.fraction
            ends = pair.tipping_interval(side)
            low, high = (at, at) if ends is None else (100 * ends[0], 100 * ends[1])
            hover = _hover(pair, side, agents)
            traces.append(mark(row, side, at, (low, high), hover, hollow=not threshold.irreversible))
            words = f"to {side}: {count(threshold.zealots_among(agents))} ({percent(threshold.fraction)})"
            bar = (min(low, at), min(max(high, at), span[1]))
            layout["annotations"].append(label(words, row, side, bar, span))
    layout["xaxis"] |= {
        "title": {"text": "adversaries needed, % of the population"},
        "range": span,
        "ticksuffix": "%",
    }
    return Figure(
        name="tipping",
        alt="Share of adversaries that tips each pair towards A and towards B: " + _spoken(pairs),
        data=traces,
        layout=layout,
        height=rows_height(len(pairs)),
        caption=(
            "Triangles: adversaries that hold A; squares: adversaries that hold B. Each is labelled with "
            f"their number beside {count(agents)} agents and the threshold as a share of everybody; bars are "
            "95% intervals, shown where the tanh response carries the verdict. Filled: the population stays "
            "tipped when they leave; hollow: it returns. Undecided pairs stand at their best estimate."
        ),
        table=_table(pairs, agents),
    )


def _reach(pairs: Sequence[PairResult]) -> float:
    ends = [
        100 * end
        for pair in pairs
        for side in SIDES
        if (at := pair.tipping(side).fraction) is not None
        for end in (at, *(pair.tipping_interval(side) or ()))
    ]
    return min(max(20.0, *ends) * 1.06, 100.0) if ends else 20.0


def _hover(pair: PairResult, side: Side, agents: int) -> str:
    threshold = pair.tipping(side)
    ends = pair.tipping_interval(side)
    return (
        f"<b>{plain(pair.name)}</b>, to {side}<br>{percent(threshold.fraction, 1)} of the population"
        + (f" ({interval([100 * end for end in ends], 1)}%)" if ends else "")
        + f"<br>{count(threshold.zealots_among(agents))} beside {count(agents)} agents<br>"
        + ("stays tipped when they leave" if threshold.irreversible else "returns when they leave")
    )


def _spoken(pairs: Sequence[PairResult]) -> str:
    said = [
        f"{pair.name}: "
        + ", ".join(
            f"{percent(pair.tipping(side).fraction, 1)} to {side}"
            if pair.tipping(side).fraction is not None
            else f"no threshold to {side}"
            for side in SIDES
        )
        for pair in pairs
    ]
    return "; ".join(said) + "."


def _table(pairs: Sequence[PairResult], agents: int) -> Table:
    columns = [Column("pair", numeric=False)]
    for side in SIDES:
        columns += [
            Column(f"share to {side}", hint="of the whole population, adversaries included"),
            Column(f"95% interval to {side}", numeric=False),
            Column(f"zealots per agent to {side}", hint="z_c"),
            Column(f"beside {agents} agents, to {side}"),
            Column(f"after they leave, to {side}", numeric=False),
        ]
    rows = [
        [Cell(pair.name), *(cell for side in SIDES for cell in _cells(pair, side, agents))] for pair in pairs
    ]
    return Table("Tipping thresholds", columns, rows)


def _cells(pair: PairResult, side: Side, agents: int) -> list[Cell]:
    threshold = pair.tipping(side)
    if threshold.fraction is None:
        return [Cell(ABSENT), Cell(ABSENT), Cell(ABSENT), Cell(ABSENT), Cell(pair.why_no_threshold(side))]
    among = threshold.zealots_among(agents)
    ends = pair.tipping_interval(side)
    return [
        Cell(percent(threshold.fraction, 1), threshold.fraction),
        Cell(interval([100 * end for end in ends], 1) + "%" if ends else ABSENT),
        Cell(number(threshold.zealots_per_agent, 3), threshold.zealots_per_agent),
        Cell(count(among), among),
        Cell("stays tipped" if threshold.irreversible else "returns"),
    ]
