"""`spinodal compare`: runs side by side: two assessments with their differences, or several societies."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from spinodal.report import Difference, PairDifferences


def register(app: typer.Typer) -> None:
    """Add the verb to the application."""
    app.command()(compare)


def compare(
    runs: Annotated[
        list[Path],
        typer.Argument(
            help="Two run folders of assess that asked the same pairs, or two to six of a society.",
            metavar="RUN...",
        ),
    ],
    out: Annotated[
        Path | None, typer.Option(help="File for the page. Default: comparison.html in the last run.")
    ] = None,
    as_json: Annotated[
        bool, typer.Option("--json", help="Print one JSON object; write a page only with --out.")
    ] = False,
) -> None:
    """Set runs side by side: assessments pair by pair, second minus first, or societies on the same axes."""
    from spinodal._errors import RequestError
    from spinodal.society_runs import is_society

    societies = [is_society(run) for run in runs]
    if all(societies):
        page = _societies(runs, as_json)
    elif any(societies):
        odd = runs[societies.index(not societies[0])]
        raise RequestError(f"{odd} is another kind of run than {runs[0]}; compare runs of one kind")
    elif len(runs) != 2:
        raise RequestError(f"{len(runs)} run folders of assess to compare; name 2")
    else:
        page = _assessments(runs[0], runs[1], as_json)
    if out is not None or not as_json:
        from spinodal._files import write_whole

        out = out or runs[-1] / "comparison.html"
        write_whole(out, page().encode())
        typer.echo(out, err=as_json)


def _assessments(first: Path, second: Path, as_json: bool) -> Callable[[], str]:
    """Print what differs between two assessments; return what makes the page."""
    from spinodal.report import compare_runs, render_comparison, run_names
    from spinodal.runs import read_run

    runs = read_run(first), read_run(second)
    pairs = compare_runs(*runs)
    names = run_names(*runs)
    if as_json:
        both = [{"run": str(run.path), "agent": name} for run, name in zip(runs, names, strict=True)]
        found = {"first": both[0], "second": both[1], "pairs": [pair.to_dict() for pair in pairs]}
        typer.echo(json.dumps(found))
    else:
        _show(pairs, names)
    return lambda: render_comparison(*runs)


def _societies(folders: list[Path], as_json: bool) -> Callable[[], str]:
    """Print how each society agrees with its prediction; return what makes the page."""
    from spinodal._errors import RequestError
    from spinodal.report import MOST_SOCIETIES, render_society_comparison, society_names
    from spinodal.society_runs import read_society
    from spinodal.society_verdict import judge_society

    if not 2 <= len(folders) <= MOST_SOCIETIES:
        raise RequestError(f"{len(folders)} societies to compare; name 2 to {MOST_SOCIETIES} run folders")
    runs = [read_society(folder) for folder in folders]
    verdicts = [judge_society(run) for run in runs]
    named = list(zip(society_names(runs), runs, verdicts, strict=True))
    if as_json:
        found = [{"run": str(run.path), "name": name, **verdict.to_dict()} for name, run, verdict in named]
        typer.echo(json.dumps({"societies": found}))
    else:
        for name, _, verdict in named:
            typer.echo(f"{name}: {verdict.sentence}")
    return lambda: render_society_comparison(runs, verdicts)


def _show(pairs: list[PairDifferences], names: tuple[str, str]) -> None:
    typer.echo(f"First: {names[0]}\nSecond: {names[1]}\nDifferences are second - first, with 95% intervals.")
    for pair in pairs:
        words = dict.fromkeys([pair.first.look.word, pair.second.look.word])
        typer.echo(f"\n{pair.first.id}: {' → '.join(words)}")
        for quantity, one in zip(("β", "h", "z_c to A", "z_c to B"), pair.all, strict=True):
            typer.echo(f"  {quantity:8}  {_difference(one)}")


def _difference(one: Difference) -> str:
    from spinodal.report._words import interval, number

    if one.interval is None:
        return f"none told in {one.missing}"
    return f"{number(one.difference)} ({interval(one.interval)})"
