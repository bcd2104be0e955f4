"""How many populations are past the watershed at the end of each stage, beside the probability of it."""

from __future__ import annotations

from collections.abc import Sequence

from spinodal.report._table import Cell, Column, Table
from spinodal.report._words import ABSENT, number, percent
from spinodal.report.figures._figure import LEGEND_BELOW, Figure, Trace, named, points, series
from spinodal.society_paths import TippedShare
from spinodal.theory import Side, Stage


def tipped_figure(
    shares: Sequence[TippedShare], stages: Sequence[Stage], toward: Side, border: float
) -> Figure:
    """Observed shares with Wilson's intervals, predicted ones as hollow diamonds; a colour a start."""
    starts = sorted({one.m0 for one in shares})
    traces: list[Trace] = []
    for number_, (m0, style) in enumerate(zip(starts, series(len(starts)), strict=True)):
        here = [one for one in shares if one.m0 == m0]
        shift = 0.16 * (number_ - (len(starts) - 1) / 2)
        seen = [one for one in here if one.runs]
        marks = points(
            [one.stage + shift - 0.04 for one in seen],
            [one.share for one in seen],
            [f"from m = {number(m0)}<br>{one.tipped} of {one.runs} past the watershed" for one in seen],
            symbol=style.symbol,
            size=11,
            color=style.color,
        )
        marks["error_y"] = {
            "type": "data",
            "symmetric": False,
            "array": [one.interval[1] - one.share if one.interval else 0 for one in seen],
            "arrayminus": [one.share - one.interval[0] if one.interval else 0 for one in seen],
            "color": f"{style.color}/0.6",
            "thickness": 2,
            "width": 3,
        }
        traces.append(named(marks, f"observed from m = {number(m0)}"))
        told = [one for one in here if one.predicted is not None]
        if told:
            hollow = points(
                [one.stage + shift + 0.04 for one in told],
                [one.predicted or 0.0 for one in told],
                [f"from m = {number(m0)}<br>predicted {percent(one.predicted)}" for one in told],
                symbol="diamond-open",
                size=12,
                color=style.color,
                line={"width": 2, "color": style.color},
            )
            traces.append(named(hollow, f"predicted from m = {number(m0)}"))
    names = [stage_words(stage) for stage in stages]
    return Figure(
        name="tipped",
        alt=f"Share of populations past the watershed toward {toward} when each stage ends: "
        + "; ".join(
            f"from m = {number(one.m0)}, stage {one.stage + 1}, {one.tipped} of {one.runs} observed"
            + (f", {percent(one.predicted)} predicted" if one.predicted is not None else "")
            for one in shares
        )
        + ".",
        data=traces,
        layout={
            "margin": {"b": 60},
            "xaxis": {
                "range": [-0.6, len(stages) - 0.4],
                "tickvals": list(range(len(stages))),
                "ticktext": [
                    f"{name}<br>{stage.sweeps:g} sweeps" for name, stage in zip(names, stages, strict=True)
                ],
            },
            "yaxis": {
                "title": {"text": f"share tipped to {toward}"},
                "range": [-0.05, 1.05],
                "tickformat": ".0%",
            },
            "showlegend": True,
            "legend": LEGEND_BELOW | {"y": -0.28},
        },
        height=360,
        caption=(
            f"Tipped: past m = {number(border)} on {toward}’s side, the watershed without zealots. Bars are "
            "Wilson’s 95% intervals of the observed shares; hollow diamonds the predicted probabilities."
        ),
        table=_table(shares, names),
    )


def stage_words(stage: Stage) -> str:
    """Who is there in a stage."""
    there = [
        f"{count:g} for {side}" for count, side in ((stage.zealots_a, "A"), (stage.zealots_b, "B")) if count
    ]
    return " and ".join(there) if there else "no zealots"


def _table(shares: Sequence[TippedShare], names: Sequence[str]) -> Table:
    columns = (
        Column("stage", numeric=False),
        Column("from m"),
        Column("until sweep"),
        Column("tipped"),
        Column("of"),
        Column("share"),
        Column("95% interval", numeric=False),
        Column("predicted"),
    )
    rows = [
        (
            Cell(f"{one.stage + 1}: {names[one.stage]}"),
            Cell(number(one.m0), one.m0),
            Cell(str(one.sweep), one.sweep),
            Cell(str(one.tipped), one.tipped),
            Cell(str(one.runs), one.runs),
            Cell(percent(one.share), one.share),
            Cell(f"{percent(one.interval[0])} to {percent(one.interval[1])}" if one.interval else ABSENT),
            Cell(percent(one.predicted), one.predicted),
        )
        for one in shares
    ]
    return Table("Populations past the watershed at the end of each stage", columns, rows)
