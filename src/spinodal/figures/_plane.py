"""Curves on the plane of conformity and bias: marks where the data determine them, else arrows."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from spinodal.figures._curves import Curve

if TYPE_CHECKING:
    from matplotlib.axes import Axes

Interval = tuple[float, float]
Place = tuple[float, float]

_CORE: Final = 0.98
"""Share of the marks that the axes are made for; the rest lie on the frame, as arrows."""


def extent(places: Sequence[Place]) -> tuple[Interval, float]:
    """The range of beta, and the largest |h|, that show nearly all of these."""
    sound = [(beta, h) for beta, h in places if math.isfinite(beta) and math.isfinite(h)] or [(1.0, 0.0)]
    low, high = np.quantile([beta for beta, _ in sound], [1.0 - _CORE, _CORE])
    size = float(np.quantile([abs(h) for _, h in sound], _CORE))
    return (min(0.0, max(1.1 * float(low), -2.0)) - 0.1, max(4.0, min(1.12 * float(high), 12.0))), max(
        0.75, min(1.15 * size, 2.0)
    )


def edge_place(curve: Curve, betas: Interval, reach: float, *, up: float = 1.0) -> tuple[Place, str]:
    """Where on the frame a curve without determined (beta, h) is drawn, and the arrow it gets.

    Where no reply leaned one way, or P does not depend on m, nothing bounds h: above or below, by the side it
    leans to; where every B lies below every A, nothing bounds beta: at the right. `up` turns h round.
    """
    note, b0 = curve.estimate.note, curve.estimate.b0
    bounded = math.isfinite(curve.estimate.h_ci[0]) and math.isfinite(curve.estimate.h_ci[1])
    if bounded and note.startswith("separated: every B"):
        return (betas[1], float(np.clip(up * curve.h, -reach, reach))), ">"
    if bounded and note.startswith("separated"):
        return (betas[0], float(np.clip(up * curve.h, -reach, reach))), "<"
    upwards = up * b0 >= 0.0
    return (float(np.clip(curve.beta, *betas)), reach if upwards else -reach), "^" if upwards else "v"


def arrow_beyond(beta: float, h: float, betas: Interval, reach: float) -> str | None:
    """The arrow of a determined mark that lies beyond the frame; None inside it."""
    if beta > betas[1]:
        return ">"
    if beta < betas[0]:
        return "<"
    if abs(h) > reach:
        return "^" if h > 0.0 else "v"
    return None


def faint_arrows(ax: Axes, arrows: Sequence[tuple[Place, str]], color: str) -> None:
    """Hollow, faint triangles on the frame."""
    for symbol in dict.fromkeys(symbol for _, symbol in arrows):
        places = [place for place, one in arrows if one == symbol]
        ax.plot(
            *zip(*places, strict=True), marker=symbol, linestyle="", color=color, fillstyle="none",
            markersize=5, markeredgewidth=0.9, alpha=0.55, clip_on=False, zorder=3,
        )  # fmt: skip


def interval_bars(
    ax: Axes,
    curves: Sequence[Curve],
    places: Sequence[Place],
    ups: Sequence[float],
    betas: Interval,
    reach: float,
    color: str,
) -> None:
    """The 95% intervals of beta and h through each mark, cut at the frame; `ups` turn h round."""
    least = ax.get_ylim()[0]
    x, y = np.array(places).T
    beta = np.clip([curve.estimate.beta_ci for curve in curves], *betas)
    turned = [sorted(up * end for end in curve.estimate.h_ci) for curve, up in zip(curves, ups, strict=True)]
    h = np.clip(turned, least, reach)
    thin: dict[str, Any] = {"colors": color, "linewidths": 0.6, "alpha": 0.4, "zorder": 2}
    ax.hlines(y, beta[:, 0], beta[:, 1], **thin)
    ax.vlines(x, h[:, 0], h[:, 1], **thin)
