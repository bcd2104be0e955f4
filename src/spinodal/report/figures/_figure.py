"""What every figure is: a Plotly specification whose colours are names, its words, and its numbers."""

from __future__ import annotations

import html
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any, Final

from spinodal.report._table import Table

Trace = dict[str, Any]

SERIES: Final = (
    ("--series-1", "circle", "solid"),
    ("--series-2", "square", "dash"),
    ("--series-3", "diamond", "dot"),
    ("--series-4", "triangle-up", "dashdot"),
    ("--series-5", "triangle-down", "longdash"),
    ("--series-6", "star", "longdashdot"),
    ("--series-7", "hexagon", "solid"),
    ("--series-8", "pentagon", "dash"),
)
"""Colour, symbol and dash of the n-th series: told apart without colour."""

FEW: Final = 12
"""Up to this many pairs are labelled in pictures and shown at full length; with more, names are on hover and
long figures scroll in their box."""

LEGEND_BELOW: Final = {"orientation": "h", "y": -0.18, "yanchor": "top", "x": 0, "font": {"size": 12}}
"""Place of a legend: under the horizontal axis, in rows."""


@dataclass(frozen=True)
class Figure:
    """One figure of the page.

    Keys ending in `color` hold a name of the style sheet, "--a" or "--a/0.3" with an opacity: the
    page looks it up, so that one specification serves the light and the dark theme.
    """

    name: str
    """Unique on the page; letters, digits and hyphens."""
    alt: str
    """What the picture shows, for who cannot see it."""
    data: Sequence[Trace]
    layout: dict[str, Any]
    height: int
    """Height in pixels."""
    caption: str = ""
    table: Table | None = None
    """The numbers behind the picture."""

    @property
    def specification(self) -> dict[str, Any]:
        """What the page hands to Plotly."""
        return {"data": list(self.data), "layout": {**self.layout, "height": self.height}}


def plain(text: str) -> str:
    """Text that Plotly shows as it stands: Plotly reads a little HTML in its labels."""
    return html.escape(text, quote=False)


@dataclass(frozen=True)
class Series:
    """How one line of several is drawn."""

    color: str
    symbol: str
    dash: str


def series(total: int) -> list[Series]:
    """Styles of `total` lines: told apart while there are styles, else alike, with names on hover only."""
    if total > len(SERIES):
        return [Series("--ink-soft/0.7", "circle", "solid")] * total
    return [Series(*style) for style in SERIES[:total]]


def legend(total: int) -> dict[str, Any]:
    """Layout of the legend of `total` lines; none where they are drawn alike."""
    return {"showlegend": total <= len(SERIES), "legend": LEGEND_BELOW}


def points(x: Iterable[float], y: Iterable[float], hover: Sequence[str], **marker: Any) -> Trace:
    """A trace of marks that show `hover` (Plotly's own small HTML) when pointed at."""
    return {
        "type": "scatter",
        "mode": "markers",
        "x": list(x),
        "y": list(y),
        "customdata": list(hover),
        "hovertemplate": "%{customdata}<extra></extra>",
        "showlegend": False,
        "marker": marker,
    }


def line(x: Iterable[float], y: Iterable[float], color: str, **style: Any) -> Trace:
    """A line without hover."""
    return {
        "type": "scatter",
        "mode": "lines",
        "x": list(x),
        "y": list(y),
        "hoverinfo": "skip",
        "showlegend": False,
        "line": {"color": color, **style},
    }


def named(trace: Trace, name: str) -> Trace:
    """The trace with a line in the legend."""
    return {**trace, "name": plain(name), "showlegend": True}


def note(text: str, **place: Any) -> dict[str, Any]:
    """A label in the picture, without an arrow; `text` is shown as it stands."""
    return {"text": plain(text), "showarrow": False, "font": {"size": 12, "color": "--ink-soft"}, **place}
