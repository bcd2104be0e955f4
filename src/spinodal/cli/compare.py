"""`spinodal compare`: two runs side by side, with the differences and their intervals."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from spinodal.report import Difference, PairDifferences


def register(app: typer.Typer) -> None:
    """Add the verb to the application."""
    app.command()(compare)


def compare(
    first: Annotated[Path, typer.Argument(help="A run folder.", metavar="RUN_A")],
    second: Annotated[Path, typer.Argument(help="Another, that asked the same pairs.", metavar="RUN_B")],
    out: Annotated[
        Path | None, typer.Option(help="File for the page. Default: comparison.html in RUN_B.")
    ] = None,
    as_json: Annotated[
        bool, typer.Option("--json", help="Print one JSON object; write a page only with --out.")
    ] = False,
) -> None:
    """Compare two runs pair by pair: conformity, bias and tipping thresholds, second minus first."""
    from spinodal._files import write_whole
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
    if out is not None or not as_json:
        page = out or runs[1].path / "comparison.html"
        write_whole(page, render_comparison(*runs).encode())
        typer.echo(page, err=as_json)


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
