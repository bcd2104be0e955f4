"""`spinodal phase-diagram`: the plane of conformity and bias, with any fits on it."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

if TYPE_CHECKING:
    from spinodal.plots import Mark


def register(app: typer.Typer) -> None:
    """Add the verb to the application."""
    app.command("phase-diagram")(phase_diagram)


def phase_diagram(
    fits: Annotated[
        list[Path] | None,
        typer.Argument(
            metavar="[FITS_OR_RUN]...",
            help="Tables with columns beta and h, or run folders. None: the bare plane.",
        ),
    ] = None,
    by: Annotated[
        str | None,
        typer.Option("--by", help="Column to colour by (default: agent, else model, else the file)."),
    ] = None,
    plot: Annotated[Path, typer.Option("--plot", help="Where to draw: a .png, .svg or .pdf file.")] = Path(
        "phase-diagram.svg"
    ),
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object.")] = False,
) -> None:
    """Draw the (beta, h) plane with the spinodal and the bistable region, and fits where they lie."""
    from spinodal.cli._marks import marks_of
    from spinodal.cli._table import read_fits
    from spinodal.plots import phase_plane, require_picture, save

    require_picture(plot)
    marks = [mark for file in fits or () for mark in marks_of(read_fits(file), file, by)]
    save(phase_plane(marks), plot)
    groups = _groups(marks)
    if as_json:
        import json

        print(json.dumps({"plot": str(plot), "groups": groups}, allow_nan=False, ensure_ascii=False))
        return
    for group in groups:
        plural = "s" * (group["curves"] != 1)
        typer.echo(
            f"{group['group']}: {group['curves']} curve{plural}, "
            f"median beta {_number(group['median_beta'])}, median |h| {_number(group['median_size_of_h'])}, "
            f"{group['share_bistable']:.0%} inside the spinodal"
        )
    typer.echo(plot)


def _groups(marks: list[Mark]) -> list[dict[str, Any]]:
    """What lies where, by group: over all of its curves, identifiable or not."""
    import numpy as np

    from spinodal.theory import is_bistable

    found = []
    for name in dict.fromkeys(mark.group for mark in marks):
        some = [mark for mark in marks if mark.group == name]
        beta, h = np.array([mark.beta for mark in some]), np.array([mark.h for mark in some])
        told = np.abs(h[np.isfinite(h)])
        found.append(
            {
                "group": name,
                "curves": len(some),
                "median_beta": float(np.median(beta)),
                "median_size_of_h": float(np.median(told)) if told.size else None,
                "share_bistable": float(np.mean(is_bistable(beta, h))),
            }
        )
    return found


def _number(value: float | None) -> str:
    return "unknown" if value is None else f"{value:.2f}"
