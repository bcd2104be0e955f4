"""Names beside marks, placed so that they cover one another as little as possible."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from spinodal.report.figures._figure import note

_WIDTH_OF_CHARACTER = 0.0115
_HEIGHT = 0.045
_GAP = 0.017
"""Of the picture's width and height, for a picture of about 650 by 450 pixels."""

Box = tuple[float, float, float, float]


def place_labels(
    marks: Sequence[tuple[float, float, str]],
    x_range: tuple[float, float],
    y_range: tuple[float, float],
    reserved: Sequence[Box] = (),
) -> list[dict[str, Any]]:
    """Labels for (x, y, text): right, left, above or below its mark, whichever overlaps least.

    `reserved` boxes are (left, low, right, high) in shares of the picture.
    """
    spots = [(_share(x, x_range), _share(y, y_range)) for x, y, _ in marks]
    taken = [*reserved, *((u - 0.01, v - 0.015, u + 0.01, v + 0.015) for u, v in spots)]
    labels = []
    for (x, y, text), (u, v) in zip(marks, spots, strict=True):
        width = _WIDTH_OF_CHARACTER * len(text)
        candidates = {
            ("left", "middle"): (u + _GAP, v - _HEIGHT / 2),
            ("right", "middle"): (u - _GAP - width, v - _HEIGHT / 2),
            ("center", "bottom"): (u - width / 2, v + _GAP),
            ("center", "top"): (u - width / 2, v - _GAP - _HEIGHT),
        }
        boxes = {place: (left, low, left + width, low + _HEIGHT) for place, (left, low) in candidates.items()}
        (across, upwards), box = min(boxes.items(), key=lambda item: _cost(item[1], taken))
        taken.append(box)
        shift = {"left": 9, "right": -9, "center": 0}[across], {"bottom": 7, "top": -7, "middle": 0}[upwards]
        label = note(text, x=x, y=y, xanchor=across, yanchor=upwards, xshift=shift[0], yshift=shift[1])
        labels.append({**label, "font": {"size": 12, "color": "--ink"}})
    return labels


def _share(value: float, span: tuple[float, float]) -> float:
    return (value - span[0]) / (span[1] - span[0])


def _cost(box: Box, taken: Sequence[Box]) -> float:
    left, low, right, high = box
    outside = max(-left, 0.0) + max(right - 1.0, 0.0) + max(-low, 0.0) + max(high - 1.0, 0.0)
    overlap = sum(
        max(min(right, other[2]) - max(left, other[0]), 0.0)
        * max(min(high, other[3]) - max(low, other[1]), 0.0)
        for other in taken
    )
    return 100.0 * overlap + 30.0 * outside
