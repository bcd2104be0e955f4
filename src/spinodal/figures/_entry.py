"""What a figure is: its name, what it shows, the data it needs, and the function that draws it."""

from __future__ import annotations

import functools
import inspect
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, ParamSpec

from spinodal._errors import RequestError
from spinodal._nearest import nearest

if TYPE_CHECKING:
    from matplotlib.figure import Figure

    from spinodal.results import Results

P = ParamSpec("P")


@dataclass(frozen=True)
class Need:
    """Data that a figure is drawn from."""

    what: str
    """In words, as they follow "it has no"."""
    command: str
    """What makes such data."""
    there: Callable[[Results], bool]
    """Whether a folder has them."""


@dataclass(frozen=True)
class FigureEntry:
    """A figure that can be drawn of results."""

    name: str
    title: str
    caption: str
    """What it shows, for any data. `caption_of` a figure drawn says what is on that one."""
    needs: tuple[Need, ...]
    draw: Callable[..., Figure]
    """`draw(results, **options)`; raises `RequestError` where the data lack what it needs."""

    @property
    def options(self) -> tuple[str, ...]:
        """Names of the options that `draw` takes."""
        return tuple(
            name
            for name, parameter in inspect.signature(self.draw).parameters.items()
            if parameter.kind is inspect.Parameter.KEYWORD_ONLY
        )

    def lacking(self, results: Results) -> str:
        """What the data lack for this figure, and what makes it: one line; empty where nothing does."""
        for need in self.needs:
            if not need.there(results):
                return f"it has no {need.what}; `{need.command}` makes such data"
        return ""


FIGURES: Final[dict[str, FigureEntry]] = {}
"""Every figure by its name, in the order of the gallery."""


def figure(
    name: str, *, title: str, caption: str, needs: tuple[Need, ...]
) -> Callable[[Callable[P, Figure]], Callable[P, Figure]]:
    """Enter a function among the figures: it is then called on results that have what it needs."""

    def enter(function: Callable[P, Figure]) -> Callable[P, Figure]:
        @functools.wraps(function)
        def draw(*arguments: P.args, **options: P.kwargs) -> Figure:
            results: Results = arguments[0]  # type: ignore[assignment]
            if lacking := FIGURES[name].lacking(results):
                raise RequestError(f"cannot draw {name} from {results.path}: {lacking}")
            return function(*arguments, **options)

        FIGURES[name] = FigureEntry(name, title, caption, needs, draw)
        return draw

    return enter


def find_figure(name: str) -> FigureEntry:
    """The figure of that name; `RequestError` with the nearest known name where there is none."""
    if name not in FIGURES:
        raise RequestError(
            f"there is no figure {name!r}; the nearest is {nearest(name, FIGURES)!r} "
            "(`spinodal figure list` names them all)"
        )
    return FIGURES[name]


def caption_of(figure: Figure) -> str:
    """The sentences that belong under a figure drawn here."""
    return str(figure.get_label())
