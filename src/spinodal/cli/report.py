"""`spinodal report`: write a run's page again from its folder."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer


def register(app: typer.Typer) -> None:
    """Add the verb to the application."""
    app.command()(report)


def report(
    run: Annotated[
        Path, typer.Argument(help="A run folder, as `spinodal assess` or `spinodal society` wrote it.")
    ],
    open_page: Annotated[bool, typer.Option("--open", help="Open the page in the browser.")] = False,
) -> None:
    """Write report.html again from the tables of a run folder, and print its path."""
    from spinodal.report import write_report, write_society
    from spinodal.runs import read_run
    from spinodal.society_runs import is_society, read_society

    path = write_society(read_society(run)) if is_society(run) else write_report(read_run(run))
    typer.echo(path)
    if open_page:
        typer.launch(str(path))
