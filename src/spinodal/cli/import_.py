"""`spinodal import`: published data of the conformity study, from a folder the user downloaded."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from spinodal.archive import Imported


def register(app: typer.Typer) -> None:
    """Add the verb to the application."""
    app.command("import")(import_)


def import_(
    folder: Annotated[
        Path,
        typer.Argument(
            help="The downloaded replication archive of arXiv 2605.10721, a part of it, or its tidy tables."
        ),
    ],
    run: Annotated[Path, typer.Option("--run", help="The folder to be made.")],
    revision: Annotated[
        bool,
        typer.Option(
            "--revision", help="Also the curves that the paper's revision added (further pairs and wordings)."
        ),
    ] = False,
    skip_broken: Annotated[
        bool,
        typer.Option(
            "--skip-broken", help="Leave broken files out, and list them; else nothing is imported."
        ),
    ] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print the summary as one object.")] = False,
) -> None:
    """Read published response curves, loops, tipping traces and trajectories into a run folder."""
    from spinodal.archive import import_archive
    from spinodal.cli._progress import progress_bar

    with progress_bar("reading the archive") as progress:
        found = import_archive(folder, run, revision=revision, skip_broken=skip_broken, progress=progress)
    if as_json:
        import json

        # plain print: a terminal's width must not break the JSON
        print(json.dumps(found.to_dict(), allow_nan=False, ensure_ascii=False))
    else:
        _show(found)


def _show(found: Imported) -> None:
    from rich.console import Console
    from rich.table import Table

    table = Table(box=None, pad_edge=False, header_style="bold")
    table.add_column("model", overflow="fold")
    names = ("curves", "loops", "tippings", "paths")
    for name in names:
        table.add_column(name, justify="right", no_wrap=True)
    for model, counts in found.models.items():
        table.add_row(model, *(str(counts[name]) for name in names))
    console = Console(highlight=False, soft_wrap=True)
    if not console.is_terminal:  # a pipe has no width to keep to
        console.width = 200
    told = found.to_dict()
    if len(found.models) > 1:
        table.add_row("all", *(str(told[name]) for name in names), style="bold")
    console.print(table)
    sets = ", ".join(f"{count} {name}" for name, count in told["sets"].items())
    if sets:
        console.print(f"Curves by set: {sets}.", markup=False)
    console.print(
        f"{told['pairs']} pairs, {told['published_fits']} published fits, from {told['files']} files "
        f"({told['layout']} layout{', commit ' + told['commit'][:7] if told['commit'] else ''}).",
        markup=False,
    )
    for one in found.left_out:
        console.print(f"left out: {one['file']}:{one['line']}: {one['message']}", markup=False)
    if number := told["not_read"]["of the revision"]:
        console.print(
            f"{number} curves of the paper's revision were not read; --revision reads them.", markup=False
        )
    console.print(str(found.path), markup=False)
