"""Figures at the size they are printed: a column or a page wide, with text that is legible there."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Final

import numpy as np

from spinodal.plots._style import NOTE_SIZE, SERIES, new_axes

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

COLUMN: Final = 3.5
"""Width of a journal's column, in inches."""
PAGE: Final = 7.1
"""Width of its page."""
TITLE_SIZE: Final = NOTE_SIZE + 0.3

_PRINTED: Final = 0.8
"""Size of text in print, of that on a screen, which the pictures of `spinodal.plots` have."""
_LINES: Final = ("-", (0, (5, 2)), (0, (1, 1.4)), (0, (5, 1.5, 1, 1.5)))


def panels(
    rows: int,
    columns: int,
    *,
    width: float = PAGE,
    height: float,
    ratios: Sequence[float] | None = None,
    heights: Sequence[float] | None = None,
    sharex: bool | str = False,
    sharey: bool | str = False,
) -> tuple[Figure, list[Axes]]:
    """A figure of so many panels in the look of the house, row by row; sizes in inches."""
    from matplotlib.figure import Figure

    drawn = Figure(figsize=(width, height), layout="constrained", facecolor="white")
    axes = drawn.subplots(
        rows,
        columns,
        squeeze=False,
        sharex=sharex,  # type: ignore[arg-type]
        sharey=sharey,  # type: ignore[arg-type]
        width_ratios=ratios,
        height_ratios=heights,
    )
    return drawn, [new_axes(ax) for ax in axes.ravel()]


def grid_of(number: int, most: int = 3) -> tuple[int, int]:
    """Rows and columns of so many panels, `most` beside one another."""
    columns = min(number, most) if number != 4 else 2
    return -(-number // columns), columns


def finish(figure: Figure, caption: str) -> Figure:
    """Set the text to its printed size, and give the figure its caption."""
    from matplotlib.text import Text

    for text in figure.findobj(Text):
        if isinstance(text, Text):
            text.set_fontsize(float(text.get_fontsize()) * _PRINTED)
    for ax in figure.axes:
        ax.tick_params(labelsize=NOTE_SIZE * _PRINTED, length=2.5)
    figure.set_label(" ".join(caption.split()))
    return figure


def letter(axes: Iterable[Axes]) -> None:
    """a, b, c, ... at the upper left of the panels."""
    for number, ax in enumerate(axes):
        ax.set_title(
            "abcdefghijkl"[number] + "  " + ax.get_title(loc="left"), loc="left", fontsize=TITLE_SIZE
        )


def title(ax: Axes, text: str) -> None:
    """A panel's title, at its left."""
    ax.set_title(text, loc="left", fontsize=TITLE_SIZE)


def hide(axes: Iterable[Axes]) -> None:
    """Take away panels that nothing is drawn on."""
    for ax in axes:
        ax.set_visible(False)


def style(number: int) -> tuple[str, str]:
    """Colour and marker of the n-th series: no two alike among the first 64."""
    around, place = divmod(number, len(SERIES))
    return SERIES[place][0], SERIES[(place + around) % len(SERIES)][1]


def line(number: int) -> str | tuple[int, tuple[float, ...]]:
    """Dashes of the n-th line."""
    return _LINES[number % len(_LINES)]


def brief(text: str, most: int = 44) -> str:
    """The text, cut to so many characters."""
    return text if len(text) <= most else text[: most - 1].rstrip() + "…"


def short_names(labels: Iterable[str]) -> dict[str, str]:
    """Labels of agents without the providers' part of the model string, where they stay apart."""
    whole = list(dict.fromkeys(labels))
    cut = {
        label: label.split(" ")[0].rsplit("/", 1)[-1] + label[len(label.split(" ")[0]) :] for label in whole
    }
    return cut if len(set(cut.values())) == len(cut) else {label: label for label in whole}


def counted(number: int, thing: str, things: str = "") -> str:
    """'1 curve', '3 curves'."""
    return f"{number:,} {thing if number == 1 else things or thing + 's'}"


def signed(value: float, digits: int = 2) -> str:
    """A number with its sign, the minus as it is printed."""
    return f"{value:+.{digits}f}".replace("-", "−")


def plain(value: float, digits: int = 2) -> str:
    """A number, the minus as it is printed."""
    return f"{value:.{digits}f}".replace("-", "−")


def scatter_offsets(number: int, width: float) -> np.ndarray:
    """Where to put so many marks beside one another, about 0."""
    return np.linspace(-width / 2.0, width / 2.0, number) if number > 1 else np.zeros(1)
