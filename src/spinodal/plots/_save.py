"""A picture to a file, whole or not at all."""

from __future__ import annotations

import io
from pathlib import Path
from typing import TYPE_CHECKING, Final

from spinodal._errors import RequestError

if TYPE_CHECKING:
    from matplotlib.axes import Axes

KINDS: Final = (".png", ".svg", ".pdf")
_DOTS_PER_INCH: Final = 200


def require_picture(path: str | Path) -> Path:
    """Raise `RequestError` unless `path` ends in .png, .svg or .pdf and lies in a folder that exists."""
    path = Path(path)
    if path.suffix.lower() not in KINDS:
        raise RequestError(f"cannot draw to {path}; give a name that ends in {', '.join(KINDS)}")
    if not path.parent.is_dir():
        raise RequestError(f"there is no folder {path.parent} to draw to; make it, or name another")
    return path


def save(ax: Axes, path: str | Path) -> Path:
    """Write the figure of `ax` as .png, .svg or .pdf, by the suffix of `path`, and close it.

    Raises `RequestError` as `require_picture`, `RunError` where the disk does not take it.
    """
    from matplotlib import pyplot, rc_context

    from spinodal._files import write_whole

    path = require_picture(path)
    kind = path.suffix.lower().removeprefix(".")
    figure = ax.get_figure(root=True)
    if figure is None:
        raise RequestError(f"cannot draw to {path}: the axes belong to no figure; draw again")
    buffer = io.BytesIO()
    # the same picture gives the same file
    undated = {"svg": {"Date": None}, "pdf": {"CreationDate": None}}.get(kind)
    with rc_context({"svg.hashsalt": "spinodal", "svg.fonttype": "none"}):
        figure.savefig(buffer, format=kind, dpi=_DOTS_PER_INCH, metadata=undated)
    pyplot.close(figure)
    write_whole(path, buffer.getvalue())
    return path
