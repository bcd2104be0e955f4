"""`spinodal study`: a whole study from one file, planned, carried out, watched and reported."""

from __future__ import annotations

import math
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from rich.console import Console

    from spinodal.studies import Study
    from spinodal.studies._plan import StudyPlan
    from spinodal.studies._status import StudyStatus
    from spinodal.studies.crews import Crew

_File = Annotated[Path, typer.Argument(metavar="FILE", help="The study: a YAML file (docs/studies.md).")]
_Run = Annotated[
    str | None,
    typer.Option(
        "--run",
        metavar="DIR|ADDRESS",
        help="Its folder, or an address that all workers reach: s3://BUCKET/STUDY, gs://, file://. "
        "Default: one in runs/, named by the file and its digest.",
    ),
]
_Only = Annotated[
    list[str] | None,
    typer.Option("--only", metavar="GLOB", help="Only parts whose ids match, as in 'assess-*'; repeat it."),
]


def register(app: typer.Typer) -> None:
    """Add the verb to the application."""
    group = typer.Typer(
        help="A study from one file: agents, pairs, conditions, societies, contagion.", no_args_is_help=True
    )
    for verb in (plan, run, status, report):
        group.command()(verb)
    app.add_typer(group, name="study")


def plan(
    file: _File,
    where: _Run = None,
    only: _Only = None,
    json: Annotated[bool, typer.Option("--json", help="Print one JSON object.")] = False,
) -> None:
    """Say what the study would take at most: calls, tokens, money, time. No model is called."""
    from spinodal.cli._progress import progress_bar
    from spinodal.studies import load_study, plan_study
    from spinodal.studies._folder import open_study, parts_named
    from spinodal.studies._storage import open_storage

    study = load_study(file)
    storage = open_storage(_place(study, where))
    begun = storage.read("meta.json") is not None
    if begun:
        open_study(storage, study)  # refuses another study's folder
    parts = parts_named(study, only or ())
    with progress_bar("counting", quiet=json) as progress:
        planned = plan_study(study, parts, storage if begun else None, progress)
    if json:
        import json as json_module

        typer.echo(json_module.dumps(planned.to_dict(), indent=2, allow_nan=False))
    else:
        _print_plan(study, planned, storage.address)


def run(
    file: _File,
    where: _Run = None,
    workers: Annotated[
        int | None,
        typer.Option(help="Worker processes, or of a cluster the most CPUs to use. Default: 1, or all."),
    ] = None,
    address: Annotated[
        str | None,
        typer.Option(metavar="HOST:PORT|auto", help="A Ray cluster whose workers do the parts."),
    ] = None,
    only: _Only = None,
    json: Annotated[bool, typer.Option("--json", help="Print how the study stands as JSON.")] = False,
) -> None:
    """Carry the study out, part by part; each part is a run folder of its own.

    Ends with a page, report.html. Killed at any moment, worker or command, the same command goes on from
    there and repeats no finished model call; parts that failed are tried again.
    """
    from spinodal.cli._study_progress import StudyProgress
    from spinodal.studies import load_study, run_study, study_status

    study = load_study(file)
    place = _place(study, where)
    crew = _crew(study, workers, address)
    with StudyProgress(study, quiet=json) as progress:
        done = run_study(study, place, crew=crew, only=only or (), observer=progress)
    page = _write_report(place, quiet=json)
    if json:
        import json as json_module

        told = study_status(study, place).to_dict()
        typer.echo(json_module.dumps({**told, "run": place, "report": page}, indent=2, allow_nan=False))
    else:
        _print_status(study_status(study, place))
        typer.echo("Nothing is measured yet, so there is no page." if page is None else f"Report: {page}")
    if done.failed:
        from spinodal._errors import RunError

        first, why = next(iter(done.failed.items()))
        raise RunError(
            f"{len(done.failed)} of {len(study.parts)} parts failed ({', '.join(done.failed)}); {first}: "
            f"{why.rstrip('.')}; the same command tries them again"
        )


def status(
    file: _File,
    where: _Run = None,
    json: Annotated[bool, typer.Option("--json", help="Print one JSON object.")] = False,
) -> None:
    """Say how far the study is: parts done, running, failed and left, calls, money, last activity."""
    from spinodal.studies import load_study, study_status

    study = load_study(file)
    stands = study_status(study, _place(study, where))
    if json:
        import json as json_module

        typer.echo(json_module.dumps(stands.to_dict(), indent=2, allow_nan=False))
    else:
        _print_status(stands, parts=True)


def report(
    file: _File,
    where: _Run = None,
    open_page: Annotated[bool, typer.Option("--open", help="Open the page in the browser.")] = False,
) -> None:
    """Write the study's page again from its folder, and print its path."""
    from spinodal._errors import RequestError
    from spinodal.studies import load_study
    from spinodal.studies._folder import open_study
    from spinodal.studies._storage import open_storage

    study = load_study(file)
    place = _place(study, where)
    storage = open_storage(place)
    if storage.read("meta.json") is None:
        raise RequestError(f"there is no study in {place}; `spinodal study run {file}` makes one")
    open_study(storage, study)
    page = _write_report(place, quiet=False)
    if page is None:
        raise RequestError(f"nothing of the study in {place} is measured yet; run it first")
    typer.echo(page)
    if open_page and "://" not in page:
        typer.launch(page)


def _place(study: Study, where: str | None) -> str:
    return where if where is not None else str(study.default_folder)


def _crew(study: Study, workers: int | None, address: str | None) -> Crew:
    from spinodal._errors import RequestError
    from spinodal.studies.crews import HereCrew, ProcessCrew, RayCrew

    if workers is not None and workers < 1:
        raise RequestError(f"--workers {workers}; give 1 or more")
    if address is not None:
        return RayCrew(address, workers)
    from spinodal.studies._agents import require_keys

    require_keys(study.agents)  # before anything is spent; a cluster's workers have keys of their own
    return HereCrew() if workers in (None, 1) else ProcessCrew(workers)


def _write_report(place: str, *, quiet: bool) -> str | None:
    """Write the page; where it is. None where nothing is measured yet."""
    from spinodal.cli._progress import progress_bar
    from spinodal.report import write_study
    from spinodal.runs import REPORT
    from spinodal.studies._folder import copy_to_read, has_results
    from spinodal.studies._storage import open_storage

    storage = open_storage(place)
    if not has_results(storage):
        return None
    with copy_to_read(storage) as folder, progress_bar("writing the page", quiet=quiet) as progress:
        page = write_study(folder, progress)
        if storage.local is None:
            storage.write({REPORT: page.read_bytes()})
    return f"{storage.address.rstrip('/')}/{REPORT}"


def _console() -> Console:
    """Where tables go; wide where nobody's screen says how wide."""
    from rich.console import Console

    console = Console(highlight=False, soft_wrap=True)
    return console if console.is_terminal else Console(highlight=False, soft_wrap=True, width=160)


def _print_plan(study: Study, planned: StudyPlan, place: str) -> None:
    from rich.table import Table

    from spinodal.report._words import duration, plural

    console = _console()
    who, what = plural(len(study.agents), "agent"), plural(len(study.parts), "part")
    console.print(f"{study.name}: {who}, {what}; run folder: {place}", markup=False)
    table = Table(box=None)
    table.add_column("kind", no_wrap=True)
    table.add_column("agent", overflow="fold", min_width=12)
    for heading in ("parts", "curves", "calls at most", "tokens in", "tokens out", "cost", "time"):
        table.add_column(heading, justify="right", no_wrap=True)
    total = planned.total
    rows = [(row.kind, row.agent, row.parts, row.costs, row.seconds) for row in planned.rows]
    rows.append(
        ("total", "", sum(row.parts for row in planned.rows), total, planned.seconds(len(planned.lanes)))
    )
    for kind, agent, parts, costs, seconds in rows:
        money = "unknown" if math.isnan(costs.cost) else f"${costs.cost:.2f}"
        time = "unknown" if math.isnan(seconds) else duration(seconds)
        numbers = (parts, costs.curves, costs.calls, costs.input_tokens, costs.output_tokens)
        table.add_row(kind, agent, *(f"{number:,}" for number in numbers), money, time)
    console.print(table)
    if total.fewest_calls < total.calls:
        console.print(
            f"Where every provider returns log-probabilities: {total.fewest_calls:,} calls at most."
        )
    if len(planned.lanes) > 1 and not math.isnan(planned.seconds(1)):
        console.print(
            f"Time with a worker for each of {len(planned.lanes)} providers; with one worker "
            f"{duration(planned.seconds(1))}."
        )
    if math.isnan(planned.seconds(1)):
        console.print("Time is unknown until calls were made, or limits are given under `providers:`.")
    console.print("Nothing was spent.")


def _print_status(stands: StudyStatus, *, parts: bool = False) -> None:
    from rich.table import Table

    from spinodal.report._words import duration, plural

    console = _console()
    if parts:
        table = Table(box=None)
        table.add_column("part", overflow="fold")
        for heading in ("state", "calls", "failed", "time"):
            table.add_column(heading, justify="right", no_wrap=True)
        table.add_column("why", overflow="fold")
        for part in stands.parts:
            told = part.told
            numbers = (f"{told.calls:,}", f"{told.failed_calls:,}", duration(told.seconds))
            table.add_row(part.part.id, part.stand, *numbers, told.message)
        console.print(table)
    counts = ", ".join(f"{number} {stand}" for stand, number in stands.counts.items())
    money = "" if not stands.cost else f", ${stands.cost:.4f}"
    seen = "" if stands.age is None else f"; last activity {duration(stands.age)} ago"
    console.print(
        f"{stands.name}: {plural(len(stands.parts), 'part')}, {counts}; {stands.calls:,} calls{money}{seen}",
        markup=False,
    )
