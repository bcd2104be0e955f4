"""`spinodal report`: write a run's page again from its folder."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from spinodal.contagion_runs import ContagionRun
    from spinodal.guard_runs import GuardStudy
    from spinodal.society_runs import SocietyRun
    from spinodal.society_verdict import SocietyVerdict


def register(app: typer.Typer) -> None:
    """Add the verb to the application."""
    app.command()(report)


def report(
    run: Annotated[
        Path,
        typer.Argument(
            help="A run folder: of assess, of a study of guards, a society, contagion, critical-size, a "
            "study or an import."
        ),
    ],
    response: Annotated[
        list[Path] | None,
        typer.Option(
            help="Of a society: judge it by this measurement of its agents' response, a run folder of "
            "assess. Repeat it for other numbers of peers."
        ),
    ] = None,
    contagion: Annotated[
        Path | None,
        typer.Option(
            help="Of an assessment: add this contagion study, a run folder of contagion, as a second part."
        ),
    ] = None,
    plot: Annotated[
        Path | None,
        typer.Option(
            help="Of a society, beside its prediction, of a contagion study or a study of guards: a .png, "
            ".svg or .pdf file."
        ),
    ] = None,
    as_json: Annotated[
        bool,
        typer.Option(
            "--json", help="Of a society or a contagion study: print its verdict; of guards: their ranking."
        ),
    ] = False,
    open_page: Annotated[bool, typer.Option("--open", help="Open the page in the browser.")] = False,
) -> None:
    """Write report.html again from the tables of a run folder, and print its path."""
    from spinodal._errors import RequestError
    from spinodal.contagion_runs import is_contagion, read_contagion
    from spinodal.critical_size import is_critical_size
    from spinodal.guard_runs import is_guard_study, read_guards
    from spinodal.society_runs import is_society, read_society

    society, study, guards = is_society(run), is_contagion(run), is_guard_study(run)
    if response and not society:
        raise RequestError(f"{run} holds no society; --response is for societies")
    if (as_json or plot is not None) and not (society or study or guards):
        option = "--json" if as_json else "--plot"
        raise RequestError(
            f"{run} holds no society, no contagion study and no study of guards; {option} is for these"
        )
    if contagion is not None and (society or study or guards or is_critical_size(run) or _is_study(run)):
        raise RequestError(f"{run} holds no assessment; --contagion adds a study to the page of one")
    if society:
        lived = read_society(run)
        path = _society(lived.beside(response) if response else lived, plot, as_json)
    elif study:
        path = _contagion(read_contagion(run), plot, as_json)
    elif guards:
        path = _guards(read_guards(run), plot, as_json)
    else:
        path = _other(run, None if contagion is None else read_contagion(contagion))
    typer.echo(path, err=as_json)
    if open_page:
        typer.launch(str(path))


def _other(run: Path, contagion: ContagionRun | None) -> Path:
    """The page of an assessment, of group sizes, or of nothing that is known."""
    from spinodal.cli._progress import progress_bar
    from spinodal.critical_size import is_critical_size, read_critical_size
    from spinodal.report import write_report, write_study
    from spinodal.report._critical_size import write_critical_size
    from spinodal.runs import read_run

    if is_critical_size(run):
        return write_critical_size(read_critical_size(run))
    if _is_study(run):
        with progress_bar("writing the page") as progress:
            return write_study(run, progress)
    return write_report(read_run(run), contagion)


def _is_study(run: Path) -> bool:
    """Whether a folder is a study's, or was imported."""
    from spinodal.results import IMPORTED, STUDY
    from spinodal.runs import META, read_meta

    return (run / META).is_file() and bool({STUDY, IMPORTED} & set(read_meta(run)))


def _contagion(run: ContagionRun, plot: Path | None, as_json: bool) -> Path:
    """The page of a contagion study, with what else is asked for."""
    from spinodal.contagion_verdict import judge_contagion
    from spinodal.plots import require_picture, save
    from spinodal.report import write_contagion

    if plot is not None:
        require_picture(plot)  # before the work, not after it
    verdict = judge_contagion(run)
    if plot is not None:
        save(verdict.plot(), plot)
    if as_json:
        typer.echo(json.dumps(verdict.to_dict(), indent=2))
    return write_contagion(run, verdict)


def _guards(study: GuardStudy, plot: Path | None, as_json: bool) -> Path:
    """The page of a study of guards, with what else is asked for."""
    from spinodal.guard_effects import rank_guards
    from spinodal.plots import require_picture, save
    from spinodal.report import write_guards

    if plot is not None:
        require_picture(plot)  # before the work, not after it
    ranking = rank_guards(study)
    if plot is not None:
        save(ranking.plot(), plot)
    if as_json:
        typer.echo(json.dumps(ranking.to_dict(), indent=2))
    return write_guards(study, ranking)


def _society(run: SocietyRun, plot: Path | None, as_json: bool) -> Path:
    """The page of a society, with what else is asked for."""
    from spinodal.plots import require_picture
    from spinodal.report import write_society
    from spinodal.society_verdict import judge_society

    if plot is not None:
        require_picture(plot)  # before the work, not after it
    verdict = judge_society(run)
    if plot is not None:
        _draw(run, verdict, plot)
    if as_json:
        typer.echo(json.dumps(verdict.to_dict(), indent=2))
    return write_society(run, verdict)


def _draw(run: SocietyRun, verdict: SocietyVerdict, plot: Path) -> None:
    from spinodal.plots import save, society_loop, society_paths

    save(society_loop(run, verdict) if run.experiment == "hysteresis" else society_paths(run, verdict), plot)
