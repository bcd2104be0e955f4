"""`spinodal pairs`: list the option pairs, check a file of one's own, print one to start from."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from rich.table import Table

    from spinodal.pairs import OptionPair


def register(app: typer.Typer) -> None:
    """Add the verb to the application."""
    pairs = typer.Typer(help="List the option pairs, check a file of your own, or print one to start from.")
    pairs.callback(invoke_without_command=True)(_help)
    pairs.command("list")(list_pairs)
    pairs.command("check")(check)
    pairs.command("example")(example)
    app.add_typer(pairs, name="pairs")


def _help(context: typer.Context) -> None:
    if context.invoked_subcommand is None:
        typer.echo(context.get_help())


def list_pairs(
    bank_set: Annotated[
        str | None, typer.Option("--set", help="opinions, safety or all (the default) of the bank.")
    ] = None,
    category: Annotated[
        list[str] | None, typer.Option("--category", "-c", help="Only this category; may be repeated.")
    ] = None,
    file: Annotated[
        Path | None, typer.Option("--file", "-f", help="A YAML or CSV file instead of the bank.")
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print a list of objects.")] = False,
) -> None:
    """List the pairs of the bank, or of a file of your own."""
    from spinodal._errors import RequestError
    from spinodal.pairs import bank_pairs, load_pairs, select_pairs

    if file is not None and bank_set is not None:
        raise RequestError("--file and --set were both given; leave one out")
    pairs = select_pairs(
        load_pairs(file) if file is not None else bank_pairs(bank_set or "all"),
        categories=category or (),
    )
    if as_json:
        import json

        typer.echo(json.dumps([pair.to_dict() for pair in pairs], indent=2, ensure_ascii=False))
    else:
        _print(_pairs_table(pairs))


def check(file: Annotated[Path, typer.Argument(help="A YAML or CSV file of pairs.")]) -> None:
    """Check a file of pairs, and say what it holds."""
    from collections import Counter

    from spinodal.pairs import load_pairs

    pairs = load_pairs(file)
    noun = "pair" if len(pairs) == 1 else "pairs"
    typer.echo(f"{file}: {len(pairs)} {noun}, {sum(p.aligned for p in pairs)} with a declared aligned option")
    for category, count in Counter(pair.category for pair in pairs).items():
        typer.echo(f"  {category}: {count}")


def example() -> None:
    """Print a commented file of pairs to start from: `spinodal pairs example > mine.yaml`."""
    from spinodal.pairs import example_file

    typer.echo(example_file(), nl=False)


def _pairs_table(pairs: Iterable[OptionPair]) -> Table:
    from rich.box import SIMPLE_HEAD
    from rich.table import Table

    table = Table(box=SIMPLE_HEAD, pad_edge=False)
    for heading in ("id", "category", "option A", "option B", "aligned"):
        table.add_column(heading, overflow="fold")
    for pair in pairs:
        table.add_row(pair.id, pair.category, *pair.options, "A" if pair.aligned else "-")
    return table


def _print(table: Table) -> None:
    """Print for a terminal's width, wrapping; piped, one plain line a pair, however wide."""
    from rich.console import Console

    console = Console(markup=False, emoji=False, highlight=False)
    if console.is_terminal:
        console.print(table)
        return
    table.box = None
    console.width = 10_000
    with console.capture() as captured:
        console.print(table)
    for line in captured.get().splitlines():
        typer.echo(line.rstrip())
