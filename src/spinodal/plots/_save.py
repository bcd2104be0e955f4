"""A picture to a file, whole or not at all."""

from __future__ import annotations

import io
import re
from pathlib import Path
from typing import TYPE_CHECKING, Final

from spinodal._errors import RequestError

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

KINDS: Final = (".png", ".svg", ".pdf")
DOTS_PER_INCH: Final = 200
"""Of pictures, and of the dense parts of drawings."""


def require_picture(path: str | Path) -> Path:
    """Raise `RequestError` unless `path` ends in .png, .svg or .pdf and lies in a folder that exists."""
    path = Path(path)
    if path.suffix.lower() not in KINDS:
        raise RequestError(f"cannot draw to {path}; give a name that ends in {', '.join(KINDS)}")
    if not path.parent.is_dir():
        raise RequestError(f"there is no folder {path.parent} to draw to; make it, or name another")
    return path


def save(drawn: Axes | Figure, path: str | Path, *, title: str = "", dots: int = DOTS_PER_INCH) -> Path:
    """Write a figure, or that of these axes, as .png, .svg or .pdf by the suffix of `path`, and close it.

    `dots` an inch hold for pictures, and for the dense parts of drawings. `title` is kept in the file where
    its kind has a place for one. Raises `RequestError` as `require_picture`, `RunError` where the disk does
    not take it.
    """
    from matplotlib import pyplot, rc_context
    from matplotlib.figure import Figure

    from spinodal._files import write_whole

    path = require_picture(path)
    kind = path.suffix.lower().removeprefix(".")
    figure = drawn if isinstance(drawn, Figure) else drawn.get_figure(root=True)
    if figure is None:
        raise RequestError(f"cannot draw to {path}: the axes belong to no figure; draw again")
    buffer = io.BytesIO()
    # the same picture gives the same file
    told: dict[str, str | None] = {"Title": title} if title else {}
    told |= {"svg": {"Date": None}, "pdf": {"CreationDate": None}}.get(kind, {})
    with rc_context({"svg.hashsalt": "spinodal", "svg.fonttype": "none"}):
        figure.savefig(buffer, format=kind, dpi=dots, metadata=told)
    pyplot.close(figure)
    content = buffer.getvalue()
    write_whole(path, _compact(content) if kind == "svg" else content)
    return path


def _compact(svg: bytes) -> bytes:
    """The drawing with coordinates to a hundredth of a point, in about half the bytes."""
    return _COORDINATES.sub(lambda found: _DECIMALS.sub(rb"\1", found.group()), svg)


_COORDINATES: Final = re.compile(rb' (?:d|x|y)="[^"]*"')
_DECIMALS: Final = re.compile(rb"(\.\d\d)\d+")
