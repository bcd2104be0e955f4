"""Figures with a row a pair: its name, and below it a lane for each side with a mark or a remark."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

from spinodal.report.figures._figure import Trace, note, points
from spinodal.theory import Side

SIDES: Final[tuple[Side, Side]] = ("A", "B")

ROW: Final = 64
"""Pixels a row."""

MARGIN: Final = {"l": 14, "r": 18, "t": 54, "b": 18}

_LANES: Final = {"A": 0.12, "B": 0.38}
"""How far below its row's name each side's lane stands, in rows."""

_SYMBOLS: Final = {"A": "triangle-right", "B": "square"}
"""Side A and side B, told apart without colour."""

_LABEL_ROOM: Final = 0.72
"""Share of the width beyond which there is no room for a label on the right of a mark."""


def rows_layout(names: Sequence[str]) -> dict[str, Any]:
    """Axis and names of the rows; the x axis stands on top, where a long figure starts."""
    return {
        "margin": MARGIN,
        "yaxis": {"visible": False, "range": [len(names) - 0.3, -0.45], "automargin": False},
        "xaxis": {"side": "top"},
        "annotations": [
            {
                **note(name, xref="paper", x=0, xanchor="left", y=row - 0.14, yanchor="middle"),
                "font": {"size": 13, "color": "--ink"},
            }
            for row, name in enumerate(names)
        ],
        "shapes": [
            {
                "type": "line",
                "xref": "paper",
                "x0": 0,
                "x1": 1,
                "y0": row + 0.62,
                "y1": row + 0.62,
                "line": {"color": "--rule", "width": 1},
            }
            for row in range(len(names) - 1)
        ],
    }


def rows_height(count: int) -> int:
    """Height of the figure in pixels."""
    return MARGIN["t"] + MARGIN["b"] + ROW * max(count, 1)


def mark(
    row: int, side: Side, x: float, ends: tuple[float, float] | None, hover: str, *, hollow: bool
) -> Trace:
    """One side's mark in its lane, with its interval."""
    color = f"--{side.lower()}"
    trace = points(
        [x],
        [row + _LANES[side]],
        [hover],
        symbol=_SYMBOLS[side] + ("-open" if hollow else ""),
        size=11,
        color=color,
        line={"width": 2, "color": color},
    )
    low, high = ends or (x, x)
    trace["error_x"] = {
        "type": "data",
        "symmetric": False,
        "array": [max(high - x, 0.0)],
        "arrayminus": [max(x - low, 0.0)],
        "color": f"{color}/0.6",
        "thickness": 2,
        "width": 3,
    }
    return trace


def label(
    text: str, row: int, side: Side, ends: tuple[float, float], span: tuple[float, float]
) -> dict[str, Any]:
    """Words beside a mark whose interval has these ends, on axis coordinates (logs on a log axis)."""
    right = (ends[1] - span[0]) / (span[1] - span[0]) < _LABEL_ROOM
    place = {"x": ends[1], "xanchor": "left"} if right else {"x": ends[0], "xanchor": "right"}
    words = note(text, y=row + _LANES[side], yanchor="middle", xshift=10 if right else -10, **place)
    return {**words, "font": {"size": 12, "color": f"--{side.lower()}"}}


def remark(text: str, row: int, side: Side) -> dict[str, Any]:
    """Words where a side has no mark, at the left end of its lane."""
    words = note(text, xref="paper", x=0, xanchor="left", y=row + _LANES[side], yanchor="middle")
    return {**words, "font": {"size": 12, "color": f"--{side.lower()}"}}
