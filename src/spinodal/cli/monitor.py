"""`spinodal monitor`: what a monitor heard, in words, as a picture and as a page."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from spinodal.cli._response import Beta, Bias

if TYPE_CHECKING:
    from spinodal.monitor import MonitorLog


def register(app: typer.Typer) -> None:
    """Add the verb to the application."""
    app.command()(monitor)


def monitor(
    log: Annotated[Path, typer.Argument(help="The folder that a monitor wrote.")],
    conversation: Annotated[
        str | None, typer.Option("--conversation", help="One of its conversations alone (default: all).")
    ] = None,
    response: Annotated[
        Path | None,
        typer.Option(
            "--response",
            help="The basin of the response in this run folder of assess, which measured the log's pair.",
        ),
    ] = None,
    beta: Beta = None,
    h: Bias = None,
    plot: Annotated[Path | None, typer.Option("--plot", help="Draw it: a .png, .svg or .pdf file.")] = None,
    report: Annotated[
        Path | None, typer.Option("--report", help="Write it as a page: an .html file.")
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object.")] = False,
) -> None:
    """Sum up a monitor's log: who stands for what, the drift towards the misaligned basin, the alarms.

    The basin is the one the monitor had, or that of another response: --response, or --beta and --h.
    """
    from spinodal._errors import RequestError
    from spinodal.monitor import read_log
    from spinodal.plots import require_picture

    if plot is not None:
        require_picture(plot)
    if report is not None and (report.suffix.lower() != ".html" or not report.parent.is_dir()):
        raise RequestError(
            f"cannot write a page to {report}; give a name that ends in .html, in a folder there is"
        )
    found = _judged(read_log(log), response, beta, h)
    if conversation is not None:
        found = found.one(conversation)
    if plot is not None:
        from spinodal.plots import monitor_log, monitor_panels, save

        save(monitor_panels(found) if len(found.conversations) == 1 else monitor_log(found), plot)
    if report is not None:
        from spinodal._files import write_whole
        from spinodal.report import render_monitor

        write_whole(report, render_monitor(found).encode())
    if as_json:
        files = {"plot": plot, "report": report}
        written = {name: str(file) for name, file in files.items() if file is not None}
        typer.echo(json.dumps(found.to_dict() | written, allow_nan=False, ensure_ascii=False))
        return
    _print(found)
    for file in (plot, report):
        if file is not None:
            typer.echo(file)


def _judged(log: MonitorLog, run: Path | None, beta: float | None, h: float | None) -> MonitorLog:
    """The log with the basin of the response asked for; as it is where none is."""
    from spinodal._errors import RequestError
    from spinodal.cli._response import response_of
    from spinodal.monitor import basin_of, response_in

    if run is None and beta is None and h is None:
        return log
    if run is not None and not (beta is None and h is None):
        raise RequestError("--response gives the response; leave --beta and --h out")
    response = response_of(beta, h, None) if run is None else response_in(run, log.pair.id)
    return log.judged_by(basin_of(response, log.basin.against, log.agents))


def _print(found: MonitorLog) -> None:
    from rich.console import Console
    from rich.table import Table

    from spinodal.report._monitor import headline, sentence

    told = found.to_dict()["conversations"]
    console = Console(highlight=False, soft_wrap=True)
    console.print(headline(found, told), markup=False)
    console.print(found.basin.words, markup=False)
    console.print(f"A: {found.pair.option_a}; B: {found.pair.option_b}", markup=False)
    for one in told:
        console.print(f"\n{one['conversation']}: {sentence(one)}", markup=False)
        table = Table("speaker", "stands for", "utterances", "for A", "for B")
        for who in one["speakers"]:
            numbers = (who["utterances"], who["for_a"], who["for_b"])
            table.add_row(_plain(who["speaker"]), who["stance"] or "unknown", *map(str, numbers))
        console.print(table)


def _plain(text: str) -> str:
    from rich.markup import escape

    return escape(text)
