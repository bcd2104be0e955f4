"""Forest plots: a row a name, and below it marks with their intervals, in panels side by side."""

from __future__ import annotations

import math
import textwrap
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from spinodal.report._words import ABSENT, number
from spinodal.report.figures._figure import Trace, note, plain, points

_LINE: Final = 17
"""Pixels a line of words."""
_LANE: Final = 27
"""Pixels of the lane that a row's marks stand in."""
_HEADING: Final = 30
_WIDEST: Final = 34
"""Characters of a name that a phone shows on one line."""
_GAP: Final = 0.09
"""Between panels, as a share of the width."""
_SMALLEST: Final = 0.02
"""Least reach of an axis of differences: below it, scatter would look like effects."""


@dataclass(frozen=True)
class Point:
    """One mark."""

    at: float
    ends: tuple[float, float] | None
    """Its interval; None or NaN where there is none."""
    hover: str
    """Plotly's own small HTML."""
    filled: bool = True


@dataclass(frozen=True)
class Layer:
    """Marks of one kind: one a row, or none."""

    name: str
    color: str
    symbol: str
    marks: Sequence[Point | None]
    shift: float = 0.0
    """Pixels below the middle of the lane."""
    size: int = 10


@dataclass(frozen=True)
class Panel:
    """Marks that share an axis."""

    title: str
    layers: Sequence[Layer]
    remarks: Mapping[int, str] = field(default_factory=dict)
    """Words where a row has no mark."""
    shares: bool = False
    """Its axis goes from 0 to 1, whatever those of the other panels."""


@dataclass(frozen=True)
class Row:
    """One name."""

    name: str
    group: str = ""
    """Stands as a heading over the first row of its group."""
    aside: str = ""
    """Stands at the right end of the name's line."""


@dataclass(frozen=True)
class Forest:
    """What a figure takes over."""

    traces: list[Trace]
    layout: dict[str, Any]
    height: int


def forest(rows: Sequence[Row], panels: Sequence[Panel], *, shares: bool = False) -> Forest:
    """The panels, their rows aligned; axes of differences about zero, alike in all panels, or from 0 to 1.

    `shares` is for all panels; a panel can also ask for it by itself.
    """
    lanes, total, words = _places(rows)
    titles = [_balanced(panel.title, 42 // len(panels)) for panel in panels]
    top = 34 + 15 * max(map(len, titles))
    reach = _reach([panel for panel in panels if not panel.shares])
    layout: dict[str, Any] = {
        "margin": {"l": 14, "r": 14, "t": top, "b": 8},
        "yaxis": {"visible": False, "range": [total, 0], "automargin": False},
        "annotations": words,
        "shapes": [],
    }
    width = (1.0 - _GAP * (len(panels) - 1)) / len(panels)
    traces: list[Trace] = []
    for place, (panel, title) in enumerate(zip(panels, titles, strict=True)):
        axis = "x" if place == 0 else f"x{place + 1}"
        whole = shares or panel.shares
        left = place * (width + _GAP)
        layout[f"xaxis{axis[1:]}"] = {
            "side": "top",
            "domain": [left, left + width],
            "anchor": "y",
            "automargin": False,
            "title": {"text": "<br>".join(map(plain, title))},
            **(_SHARES if whole else _about_zero(reach)),
        }
        if not whole:
            layout["shapes"].append(_upright(axis, 0.0, total, "--ink-soft"))
        for layer in panel.layers:
            traces.append(_trace(layer, axis, lanes))
        for row, words_ in panel.remarks.items():
            middle = 0.5 if whole else 0.0
            remark = note(words_, xref=axis, x=middle, xanchor="center", y=lanes[row], yanchor="middle")
            layout["annotations"].append({**remark, "bgcolor": "--surface"})
    layout["shapes"] += _rules(rows, lanes)
    return Forest(traces, layout, top + 8 + round(total))


def with_thresholds(drawn: Forest, of: Mapping[float, str]) -> Forest:
    """With upright dashed lines at these values of the first panel, their words below the picture."""
    layout = dict(drawn.layout)
    total, more = layout["yaxis"]["range"][0], 4 + _LINE * len(of)
    layout["margin"] = layout["margin"] | {"b": layout["margin"]["b"] + more}
    for place, (value, words) in enumerate(of.items()):
        line = {"color": "--region", "width": 1.6, "dash": "dash"}
        layout["shapes"] = [*layout["shapes"], {**_upright("x", value, total, "--region"), "line": line}]
        anchor = "right" if value > 0.5 else "left"
        label = note(words, xref="x", x=value, xanchor=anchor, y=total, yanchor="top", yshift=-_LINE * place)
        label |= {"font": {"size": 12, "color": "--region"}}
        layout["annotations"] = [*layout["annotations"], label]
    return Forest(drawn.traces, layout, drawn.height + more)


def signed(value: float | None, digits: int = 3) -> str:
    """A difference with its sign; the dash where there is none."""
    text = number(value, digits)
    return f"+{text}" if value is not None and value > 0 and text.strip("0.") else text


def signed_interval(ends: tuple[float, float] | None, digits: int = 3) -> str:
    """An interval of differences, "−0.12 to +0.03"; the dash where there is none."""
    if ends is None or any(math.isnan(end) for end in ends):
        return ABSENT
    return f"{signed(ends[0], digits)} to {signed(ends[1], digits)}"


_SHARES: Final = {"range": [-0.03, 1.03], "tickvals": [0, 0.25, 0.5, 0.75, 1], "tickformat": ".2~f"}


def _places(rows: Sequence[Row]) -> tuple[list[float], float, list[dict[str, Any]]]:
    """Height of each row's lane, of all together, and the words of the rows, in pixels from the top."""
    at, group = 4.0, ""
    lanes, words = [], []
    for row in rows:
        if row.group != group:
            group = row.group
            heading = note("", xref="paper", x=0, xanchor="left", y=at + _HEADING - 4, yanchor="bottom")
            words.append({**heading, "text": f"<b>{plain(group)}</b>"})
            at += _HEADING
        lines = wrapped(row.name)
        name = note("", xref="paper", x=0, xanchor="left", y=at + 3, yanchor="top", align="left")
        text = "<br>".join(map(plain, lines))
        words.append({**name, "text": text, "font": {"size": 13, "color": "--ink"}})
        if row.aside:
            words.append(note(row.aside, xref="paper", x=1, xanchor="right", y=at + 3, yanchor="top"))
        at += 3 + _LINE * len(lines)
        lanes.append(at + _LANE / 2)
        at += _LANE + 3
    return lanes, at, words


def wrapped(name: str) -> list[str]:
    """A name in lines that a phone has room for; a guard's settings break after their commas."""
    loose = name.replace(",", ", ").replace(":", ": ")
    lines = textwrap.wrap(loose, _WIDEST, break_on_hyphens=True) if len(name) > _WIDEST else [name]
    return [line.replace(": ", ":").replace(", ", ",") for line in lines] or [""]


def _balanced(words: str, widest: int) -> list[str]:
    """Words in as few lines as the width allows, all about as long."""
    lines = textwrap.wrap(words, widest)
    for width in range(widest - 1, 0, -1):
        narrower = textwrap.wrap(words, width, break_long_words=False)
        if len(narrower) > len(lines) or max(map(len, narrower)) > widest:
            break
        lines = narrower
    return lines


def _rules(rows: Sequence[Row], lanes: Sequence[float]) -> Iterator[dict[str, Any]]:
    """Thin lines between rows."""
    for lane in lanes[: len(rows) - 1]:
        y = lane + _LANE / 2 + 2
        yield {
            "type": "line", "xref": "paper", "x0": 0, "x1": 1, "y0": y, "y1": y,
            "line": {"color": "--rule", "width": 1}, "layer": "below",
        }  # fmt: skip


def _upright(axis: str, x: float, total: float, color: str) -> dict[str, Any]:
    return {
        "type": "line", "xref": axis, "x0": x, "x1": x, "y0": 0, "y1": total,
        "line": {"color": color, "width": 1.2}, "layer": "below",
    }  # fmt: skip


def _trace(layer: Layer, axis: str, lanes: Sequence[float]) -> Trace:
    there = [(lane + layer.shift, mark) for lane, mark in zip(lanes, layer.marks, strict=True) if mark]
    trace = points(
        [mark.at for _, mark in there],
        [lane for lane, _ in there],
        [mark.hover for _, mark in there],
        symbol=layer.symbol,
        size=layer.size,
        color=[layer.color if mark.filled else "--surface" for _, mark in there],
        line={"width": 2, "color": layer.color},
    )
    reaches = [
        (None, None) if mark.ends is None else (mark.at - mark.ends[0], mark.ends[1] - mark.at)
        for _, mark in there
    ]
    error = {"type": "data", "symmetric": False, "color": layer.color, "thickness": 2, "width": 3}
    error |= {"arrayminus": [below for below, _ in reaches], "array": [above for _, above in reaches]}
    return {**trace, "name": layer.name, "xaxis": axis, "yaxis": "y", "error_x": error, "cliponaxis": False}


def _reach(panels: Sequence[Panel]) -> float:
    """How far from zero the axes go."""
    marks = [mark for panel in panels for layer in panel.layers for mark in layer.marks if mark]
    ends = [abs(end) for mark in marks for end in (mark.at, *(mark.ends or ())) if not math.isnan(end)]
    return 1.1 * float(max([_SMALLEST, *ends]))


def _about_zero(reach: float) -> dict[str, Any]:
    """An axis about zero, with a number at either side."""
    scale = 10.0 ** math.floor(math.log10(reach))
    step = next(scale * times for times in (5.0, 2.0, 1.0) if scale * times <= reach)
    ticks = [-step, -step / 2, 0.0, step / 2, step]
    digits = max(0, -math.floor(math.log10(step)))
    return {
        "range": [-reach, reach],
        "tickvals": ticks,
        "ticktext": [signed(-step, digits), "", "0", "", signed(step, digits)],
    }
