"""`spinodal fit`: observations of any origin to (beta, h), their intervals and the phase."""

from __future__ import annotations

import math
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

if TYPE_CHECKING:
    from spinodal.fitting import CurveFit


def register(app: typer.Typer) -> None:
    """Add the verb to the application."""
    app.command("fit")(fit)


def fit(
    file: Annotated[
        Path,
        typer.Argument(
            help="CSV or Parquet: m, count_a, count_b (or m, log_odds), and columns that tell curves apart."
        ),
    ],
    as_json: Annotated[bool, typer.Option("--json", help="Print a list of objects, one a curve.")] = False,
    at_temperature: Annotated[
        float | None,
        typer.Option(
            "--at-temperature", help="Derive the response at this temperature (from log-odds only)."
        ),
    ] = None,
) -> None:
    """Fit a response curve to every group of rows, with honest intervals."""
    from spinodal._files import read_table
    from spinodal.cli._progress import progress_bar
    from spinodal.fitting import fit_curves

    table = read_table(file)
    with progress_bar("fitting curves") as progress:
        fits = fit_curves(
            table, at_temperature=at_temperature, on_curve=lambda done, total: progress(done / total)
        )
    if as_json:
        import json

        # plain print: a terminal's width must not break the JSON
        print(json.dumps([_jsonable(found.to_dict()) for found in fits], allow_nan=False, ensure_ascii=False))
    else:
        _show(fits)


def _jsonable(value: Any) -> Any:
    """`value` with infinities and NaN as None, which JSON has no words for."""
    if isinstance(value, dict):
        return {key: _jsonable(entry) for key, entry in value.items()}
    if isinstance(value, list | tuple):
        return [_jsonable(entry) for entry in value]
    if isinstance(value, float) and not math.isfinite(value):
        return None
    if value is None or isinstance(value, str | int | float):
        return value
    return str(value)


def _show(fits: list[CurveFit]) -> None:
    from rich.console import Console
    from rich.markup import escape
    from rich.table import Table

    names = list(fits[0].keys)
    told_apart = [name for name in names if len({found.keys[name] for found in fits}) > 1] or names[:1]
    table = Table(box=None, pad_edge=False, header_style="bold")
    for name in told_apart:
        table.add_column(name, overflow="fold")
    for name in ("beta", "95%", "h", "95%"):
        table.add_column(name, justify="right", no_wrap=True)
    for name in ("phase", "P(bistable)", "best", "remark"):
        table.add_column(name, overflow="fold")
    for found in fits:
        table.add_row(
            *(escape(str(found.keys[name])) for name in told_apart),
            _number(found.beta),
            _interval(found.beta_ci),
            _number(found.h),
            _interval(found.h_ci),
            found.phase,
            f"{found.p_bistable:.2f}",
            found.preferred,
            found.note,
        )
    console = Console(highlight=False)
    if not console.is_terminal:  # a pipe has no width to keep to
        console.width = 200
    console.print(table)


def _interval(interval: tuple[float, float]) -> str:
    low, high = interval
    left, right = ("(" if low == -math.inf else "["), (")" if high == math.inf else "]")
    return f"{left}{_number(low)}, {_number(high)}{right}".replace("inf", "∞")


def _number(value: float) -> str:
    return f"{round(value, 2) + 0.0:.2f}"  # no negative zero
