"""What the pages of the published data share: tables in Markdown, intervals, empty pictures."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import Any

import numpy as np

from spinodal.response import FloatArray

ROOT = Path(__file__).parents[2]
PICTURES = ROOT / "docs" / "images"
RESAMPLES = 4000
"""Bootstrap samples, of pairs or of loops."""

Cells = list[str]


def table(head: Cells, rows: Iterable[Cells]) -> str:
    lines = [head, ["---"] * len(head), *rows]
    return "\n".join("| " + " | ".join(line) + " |" for line in lines)


def interval(values: FloatArray, digits: int = 2) -> str:
    low, high = np.nanquantile(values, [0.025, 0.975])
    return f"{low:.{digits}f} to {high:.{digits}f}"


def canvas(panels: int, width: float, height: float) -> Any:
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    figure = Figure(figsize=(width, height), layout="constrained")
    FigureCanvasAgg(figure)
    return figure, figure.subplots(1, panels)
