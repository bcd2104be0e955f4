"""One look for every picture: colours, axes, and the words on them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from spinodal.theory import Side

if TYPE_CHECKING:
    from matplotlib.axes import Axes

COLOR: Final[dict[Side, str]] = {"A": "#0072B2", "B": "#D55E00"}
"""Blue for A, the aligned option where there is one; vermilion for B. From the palette of Okabe and Ito,
told apart by colour-blind readers, as in the report."""

INK: Final = "#1a1a1a"
SOFT: Final = "#6b6b6b"
FAINT: Final = "#d9d9d9"
REGION: Final = "#6a4c93"
"""The bistable region."""

SERIES: Final = (
    ("#0072B2", "o"),
    ("#D55E00", "s"),
    ("#009E73", "D"),
    ("#CC79A7", "^"),
    ("#E69F00", "v"),
    ("#56B4E9", "P"),
    ("#6a4c93", "X"),
    ("#000000", "*"),
)
"""Colour and marker of the n-th series."""

MAGNETIZATION: Final = "magnetization m"
PERCEIVED: Final = "magnetization perceived, m"
SWEEPS: Final = "time in sweeps"

LABEL_SIZE: Final = 10.5
NOTE_SIZE: Final = 9.0


def new_axes(ax: Axes | None = None, *, width: float = 6.4, height: float = 4.2) -> Axes:
    """The axes given, or those of a new figure, in the look of the house."""
    if ax is None:
        from matplotlib import pyplot

        ax = pyplot.subplots(figsize=(width, height), layout="constrained")[1]
    ax.spines[["top", "right"]].set_visible(False)
    ax.spines[["left", "bottom"]].set_color(SOFT)
    ax.tick_params(colors=SOFT, labelcolor=INK, labelsize=NOTE_SIZE)
    for words in (ax.xaxis.label, ax.yaxis.label, ax.title):
        words.set_fontsize(LABEL_SIZE)
    ax.set_axisbelow(True)
    return ax


def note(ax: Axes, text: str, x: float, y: float, **style: Any) -> None:
    """A small label at a place in data coordinates, legible over marks and lines."""
    from matplotlib.patheffects import withStroke

    label = ax.annotate(
        text, (x, y), **{"fontsize": NOTE_SIZE, "color": SOFT, "annotation_clip": False, **style}
    )
    label.set_path_effects([withStroke(linewidth=2.5, foreground="white", alpha=0.8)])
    label.set_zorder(5)


def legend(ax: Axes, **style: Any) -> None:
    """The legend, without a frame, if anything is named."""
    if ax.get_legend_handles_labels()[1]:
        ax.legend(**{"frameon": False, "fontsize": NOTE_SIZE, **style})


def series(n: int) -> tuple[str, str]:
    """Colour and marker of the n-th series; after the last they come around again."""
    return SERIES[n % len(SERIES)]
