"""What a monitor heard of a conversation: where the group stood, and how it swung."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

import numpy as np

from spinodal.report._table import Cell, Column, Table, text
from spinodal.report._words import ABSENT, number, plural
from spinodal.report.figures._figure import LEGEND_BELOW, Figure, Trace, line, named, note, plain, points
from spinodal.report.figures._society_paths import M_AXIS

if TYPE_CHECKING:
    from spinodal.monitor import MonitorLog

_MOST_ROWS: Final = 500
"""Utterances in a table and marks in a picture; of more, the last."""

_MARK: Final = {"A": ("--a", "circle"), "B": ("--b", "square"), None: ("--ink-soft", "x-thin")}


def magnetization_figure(place: int, one: MonitorLog) -> Figure:
    """m after each utterance of one conversation, the misaligned basin shaded, the alarms marked."""
    x, m = one.column("number"), one.column("m")
    steps = {**line(x, m, "--curve", width=1.8), "line": {"color": "--curve", "width": 1.8, "shape": "hv"}}
    return Figure(
        name=f"magnetization-{place}",
        alt=_alt(one),
        data=[steps, *_stances(one), *_alarms(one)],
        layout={
            "showlegend": True,
            "legend": LEGEND_BELOW,
            "margin": {"t": 16, "r": 16, "l": 52},
            "xaxis": _across(one),
            "yaxis": {**M_AXIS, "title": {"text": "magnetization m"}},
            **_basin(one),
        },
        height=420,
        caption=one.basin.words,
        table=utterance_table(one),
    )


def drift_figure(place: int, one: MonitorLog) -> Figure:
    """The drift score after each utterance."""
    x, drift = one.column("number"), one.column("drift")
    edge = line(
        [x[0] - 0.5, x[-1] + 0.5], [1.0, 1.0], f"--{one.basin.against.lower()}", width=1.4, dash="dash"
    )
    hover = [f"utterance {int(at)}<br>drift {number(value)}" for at, value in zip(x, drift, strict=True)]
    score = points(x, drift, hover, size=4, color="--curve")
    shown = {"mode": "lines+markers", "line": {"color": "--curve", "width": 1.8, "shape": "hv"}}
    return Figure(
        name=f"drift-{place}",
        alt=f"Drift score over {plural(len(x), 'utterance')}; at the end {number(drift[-1])}.",
        data=[edge, {**score, **shown}],
        layout={
            "margin": {"t": 12, "r": 16, "l": 52},
            "xaxis": _across(one),
            "yaxis": {"title": {"text": "drift score"}, "range": [-0.08, 2.08]},
        },
        height=260,
        caption=(
            "0 at the aligned state, 1 at the edge of the misaligned basin (dashed)."
            if one.basin.kind == "part"
            else "No state is aligned: 1 at full alignment, 2 where all are misaligned."
            if one.basin.kind == "whole"
            else "0 at the aligned state, 1 (dashed) where all are misaligned."
        ),
    )


def signs_figure(place: int, one: MonitorLog) -> Figure:
    """Variance and autocorrelation of the last estimates, after each utterance."""
    x = one.column("number")
    looks = (("variance", "--region", "solid"), ("autocorrelation", "--curve", "dot"))
    traces = [
        named(line(x, one.column(name), color, width=1.8, dash=dash), name) for name, color, dash in looks
    ]
    some = bool(np.isfinite(one.column("variance")).any())
    return Figure(
        name=f"signs-{place}",
        alt=f"Variance and autocorrelation of the last {one.window} estimates of m, over utterances.",
        data=traces,
        layout={
            "showlegend": True,
            "legend": LEGEND_BELOW,
            "margin": {"t": 12, "r": 16, "l": 52},
            "xaxis": _across(one),
            "yaxis": {"title": {"text": f"last {one.window} of m"}},
            "annotations": []
            if some
            else [note("too few utterances", xref="paper", yref="paper", x=0.5, y=0.5)],
        },
        height=280,
        caption="Both may rise before a transition, and among few agents by chance too: a hint, no alarm.",
    )


def utterance_table(one: MonitorLog) -> Table:
    """The utterances, the last of them where there are many; their words where they were kept."""
    rows = one.events.tail(_MOST_ROWS)
    with_text = bool(rows["text"].notna().any())
    columns = [
        Column("utterance"),
        Column("speaker", numeric=False),
        Column("takes", numeric=False, hint="A, B or neither"),
        Column("m"),
        Column("drift"),
        Column("alarm", numeric=False),
        *([Column("said", numeric=False)] if with_text else []),
    ]
    told = []
    for row in rows.to_dict("records"):
        cells = [
            Cell(str(int(row["number"])), float(row["number"])),
            text(row["speaker"]),
            text(row["stance"] or "neither"),
            Cell(number(row["m"]), float(row["m"])),
            Cell(number(row["drift"]), float(row["drift"])),
            text("stands" if row["alarm"] else ABSENT),
        ]
        told.append([*cells, *([text(row["text"] or ABSENT)] if with_text else [])])
    said = "Utterances heard" if len(one.events) <= _MOST_ROWS else f"The last {_MOST_ROWS} utterances heard"
    return Table(said, columns, told)


def _across(one: MonitorLog) -> dict[str, Any]:
    x = one.column("number")
    return {"title": {"text": "utterance heard"}, "range": [x[0] - 0.5, max(x[-1], x[0] + 1) + 0.5]}


def _stances(one: MonitorLog) -> list[Trace]:
    rows = one.events.tail(_MOST_ROWS)
    labels = {"A": f"for A: {one.pair.option_a}", "B": f"for B: {one.pair.option_b}", None: "neither"}
    traces = []
    for side, (color, symbol) in _MARK.items():
        some = rows[rows["stance"].isna()] if side is None else rows[rows["stance"] == side]
        some = some[some["m"].notna()]
        if not len(some):
            continue
        hover = [
            f"utterance {int(at)}: {plain(str(who))}<br>m = {number(m)}"
            for at, who, m in zip(some["number"], some["speaker"], some["m"], strict=True)
        ]
        look: dict[str, Any] = {"size": 7, "color": color, "symbol": symbol}
        if side is None:
            look["line"] = {"color": color, "width": 1.4}
        traces.append(named(points(some["number"], some["m"], hover, **look), labels[side]))
    return traces


def _alarms(one: MonitorLog) -> list[Trace]:
    m = dict(zip(one.column("number"), one.column("m"), strict=True))
    traces = []
    for raised, name, look in (
        (True, "alarm", {"symbol": "triangle-down", "color": "--risk", "size": 15}),
        (False, "alarm cleared", {"symbol": "triangle-up-open", "color": "--ink", "size": 13}),
    ):
        at = [number for _, number, one_raised in one.alarms() if one_raised is raised]
        if at:
            hover = [f"{name} after utterance {number}" for number in at]
            traces.append(named(points(at, [m[number] for number in at], hover, **look), name))
    return traces


def _basin(one: MonitorLog) -> dict[str, Any]:
    basin = one.basin
    if basin.span is None:
        return {}
    color = f"--{basin.against.lower()}"
    across = {"xref": "paper", "x0": 0, "x1": 1, "layer": "below"}
    low, high = basin.span
    shapes: list[dict[str, Any]] = [
        {**across, "type": "rect", "y0": low, "y1": high, "fillcolor": f"{color}/0.12", "line": {"width": 0}}
    ]
    if basin.edge is not None:
        edge = {"color": color, "width": 1.4, "dash": "dash"}
        shapes.append({**across, "type": "line", "y0": basin.edge, "y1": basin.edge, "line": edge})
    return {"shapes": shapes}


def _alt(one: MonitorLog) -> str:
    m, raised = one.column("m"), sum(raised for _, _, raised in one.alarms())
    return (
        f"Magnetization over {plural(len(m), 'utterance')}, {number(m[-1])} at the end. {one.basin.words} "
        f"{plural(raised, 'alarm')}."
    )
