"""A plain SVG of cumulative shares against a logarithmic axis: what the benchmarks need of plotting."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from html import escape

import numpy as np

from spinodal.response import FloatArray

_WIDTH, _HEIGHT, _LEFT, _RIGHT, _TOP, _BOTTOM = 760, 420, 60, 20, 40, 110
_STROKES = (("#0072b2", ""), ("#d55e00", "7 3"), ("#009e73", "2 3"), ("#6a3d9a", "10 3 2 3"))
"""Colour and dash of each line: told apart without colour too."""


def step_picture(
    values: Mapping[str, FloatArray],
    *,
    title: str,
    x_label: str,
    y_label: str,
    x_range: tuple[float, float],
    marks: Sequence[float] = (),
) -> str:
    """The share of each set of values that is at most x, with vertical marks; x logarithmic."""
    low, high = np.log10(x_range)

    def at_x(x: float) -> float:
        return _LEFT + (np.log10(x) - low) / (high - low) * (_WIDTH - _LEFT - _RIGHT)

    def at_y(share: float) -> float:
        return _HEIGHT - _BOTTOM - share * (_HEIGHT - _TOP - _BOTTOM)

    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {_WIDTH} {_HEIGHT}" font-family="sans-serif" '
        'font-size="13">',
        f'<rect width="{_WIDTH}" height="{_HEIGHT}" fill="white"/>',
        f'<text x="{_LEFT}" y="22" font-size="15" font-weight="bold">{escape(title)}</text>',
    ]
    for share in (0.0, 0.25, 0.5, 0.75, 1.0):
        y = at_y(share)
        parts.append(f'<path d="M{_LEFT} {y:.1f}H{_WIDTH - _RIGHT}" stroke="#ddd"/>')
        parts.append(f'<text x="{_LEFT - 8}" y="{y + 4:.1f}" text-anchor="end">{share:.0%}</text>')
    for tick in (10, 20, 50, 100, 200, 500, 1000, 2000):
        if x_range[0] <= tick <= x_range[1]:
            parts.append(
                f'<text x="{at_x(tick):.1f}" y="{at_y(0.0) + 18:.1f}" text-anchor="middle">{tick:,}</text>'
            )
    for mark in marks:
        x = at_x(mark)
        parts.append(
            f'<path d="M{x:.1f} {at_y(0.0):.1f}V{at_y(1.0):.1f}" stroke="#999" stroke-dasharray="4 4"/>'
            f'<text x="{x + 4:.1f}" y="{at_y(1.0) + 12:.1f}" fill="#555">target {mark:g}</text>'
        )
    for number, (name, calls) in enumerate(values.items()):
        colour, dash = _STROKES[number % len(_STROKES)]
        ordered = np.sort(np.clip(calls, *x_range))
        reached = np.arange(1, ordered.size + 1) / ordered.size
        reached = np.where(np.isfinite(np.sort(calls)), reached, np.isfinite(calls).mean())
        path = f"M{at_x(x_range[0]):.1f} {at_y(0.0):.1f}" + "".join(
            f"H{at_x(float(x)):.1f}V{at_y(float(share)):.1f}"
            for x, share in zip(ordered, reached, strict=True)
        )
        stroke = f'stroke="{colour}" stroke-width="2" stroke-dasharray="{dash}"'
        parts.append(f'<path d="{path}" fill="none" {stroke}/>')
        y = _HEIGHT - 62 + 16 * number
        parts.append(
            f'<path d="M{_LEFT} {y - 4}h36" {stroke}/><text x="{_LEFT + 44}" y="{y}">{escape(name)}</text>'
        )
    middle = (at_y(0.0) + at_y(1.0)) / 2.0
    parts.append(
        f'<text x="{_WIDTH - _RIGHT}" y="{at_y(0.0) + 34:.1f}" text-anchor="end">{escape(x_label)}</text>'
    )
    parts.append(
        f'<text transform="translate(14 {middle:.0f}) rotate(-90)" text-anchor="middle">'
        f"{escape(y_label)}</text></svg>"
    )
    return "\n".join(parts) + "\n"
