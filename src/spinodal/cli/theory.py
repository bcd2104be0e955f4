"""`spinodal theory`: what a population with a given response will do."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from spinodal.cli._response import Beta, Bias, Curve, Shown

if TYPE_CHECKING:
    import pandas as pd
    from rich.console import Console

    from spinodal.theory import Outlook, OutlookSamples, Spread, TippingThreshold


def register(app: typer.Typer) -> None:
    """Add the verb to the application."""
    app.command("theory")(theory)


def theory(
    beta: Beta = None,
    h: Bias = None,
    curve: Curve = None,
    fits: Annotated[
        Path | None,
        typer.Option(
            "--fits", help="Many responses at once: a table with columns beta and h, or a run folder."
        ),
    ] = None,
    samples: Annotated[
        Path | None,
        typer.Option("--samples", help="A table of draws of one response's beta and h: its uncertainty."),
    ] = None,
    agents: Annotated[
        int | None, typer.Option("--agents", help="Also give the lifetimes among this many agents.")
    ] = None,
    shown: Shown = None,
    plot: Annotated[
        Path | None,
        typer.Option(
            "--plot",
            help="Draw the response and its states (of many: the phase plane): a .png, .svg or .pdf file.",
        ),
    ] = None,
    as_json: Annotated[
        bool, typer.Option("--json", help="Print one JSON object; with --fits, a list of them.")
    ] = False,
) -> None:
    """Say what a population with response P(m) = 1/2 [1 + tanh(beta (m + h))] will do.

    Lifetimes are in sweeps (one update of every agent); in JSON, 1.797e308 stands for any longer.
    """
    from spinodal._errors import RequestError

    one = beta is not None or h is not None or curve is not None
    if (fits is not None) + (samples is not None) + one > 1:
        raise RequestError("give one of --beta and --h, --curve, --fits or --samples")
    if shown is not None and not one:
        raise RequestError("--shown is for one response; give --beta and --h, or --curve")
    if plot is not None:
        from spinodal.plots import require_picture

        require_picture(plot)  # before the work, not after it
    if fits is not None:
        _many(fits, agents, plot, as_json)
    elif samples is not None:
        _draws(samples, agents, plot, as_json)
    else:
        _one(beta, h, curve, agents, shown, plot, as_json)


def _one(
    beta: float | None,
    h: float | None,
    curve: Path | None,
    agents: int | None,
    shown: int | None,
    plot: Path | None,
    as_json: bool,
) -> None:
    from spinodal.cli._response import response_of
    from spinodal.theory import outlook, spinodal_h

    response = response_of(beta, h, curve, shown)
    limit = float("nan") if beta is None or shown is not None else float(spinodal_h(beta))
    spinodal = limit if limit == limit else None
    found = outlook(response, agents)
    if plot is not None:
        from spinodal.plots import save

        save(found.plot(), plot)
    if as_json:
        _print_json({"beta": beta, "h": h, "spinodal_h": spinodal, **found.to_dict()})
        return
    console = _console()
    if beta is None:
        console.print(f"[bold]{found.phase.capitalize()}[/] by the curve in {curve}.")
    else:
        needed = "no bias allows two states" if spinodal is None else f"two states need |h| < {spinodal:.4f}"
        needed = f"each agent shown {shown} others" if shown is not None else needed
        console.print(f"[bold]{found.phase.capitalize()}[/] at beta = {beta:g}, h = {h:g} ({needed}).")
    _show(found, console)


def _show(found: Outlook, console: Console) -> None:
    for point in found.fixed_points:
        console.print(f"  {'stable' if point.stable else 'unstable':8}  m = {point.m:+.5f}")
    for side, threshold in found.tipping.items():
        console.print(_tipping_line(threshold))
        lasting = None if found.escape is None else found.escape.in_words(side)
        if lasting is not None:
            console.print(f"Among {found.agents} agents a majority for {side} lasts {lasting}.")


def _tipping_line(threshold: TippingThreshold) -> str:
    if threshold.zealots_per_agent is None or threshold.fraction is None:
        return f"Tipping to {threshold.toward}: no threshold."
    lasting = "for good" if threshold.irreversible else "while they stay"
    return (
        f"Tipping to {threshold.toward}: {threshold.zealots_per_agent:.4f} zealots an agent, "
        f"{threshold.fraction:.1%} of everybody, {lasting}."
    )


def _many(file: Path, agents: int | None, plot: Path | None, as_json: bool) -> None:
    from spinodal.cli._progress import progress_bar
    from spinodal.cli._table import read_fits
    from spinodal.theory import outlooks, spinodal_h

    table = read_fits(file)
    responses = _responses(table, file)
    with progress_bar("looking ahead") as progress:
        found = outlooks(responses, agents, progress=progress)
    if plot is not None:
        from spinodal.cli._marks import marks_of
        from spinodal.plots import phase_plane, save

        save(phase_plane(marks_of(table, file)), plot)
    limits = spinodal_h([response.beta for response in responses])
    rows = [
        {
            **names,
            "beta": response.beta,
            "h": response.h,
            "spinodal_h": float(limit) if limit == limit else None,
            **one.to_dict(),
        }
        for names, response, limit, one in zip(_names(table), responses, limits, found, strict=True)
    ]
    if as_json:
        _print_json(rows)
    else:
        _show_table(rows, found)


def _responses(table: pd.DataFrame, file: Path) -> list[Any]:
    """The tanh response of each row; a flat one has a log-odds bias b0 where it has no h."""
    from spinodal._errors import RequestError
    from spinodal.cli._table import numbers
    from spinodal.response import TanhResponse

    beta, h = numbers(table, file, "beta"), numbers(table, file, "h")
    b0 = numbers(table, file, "b0") if "b0" in table.columns else None
    responses = []
    for row in range(len(table)):
        try:
            if h[row] != h[row] and b0 is not None:
                responses.append(TanhResponse.from_log_odds(float(b0[row]), float(beta[row])))
            else:
                responses.append(TanhResponse(float(beta[row]), float(h[row])))
        except RequestError as error:
            raise RequestError(f"{file}, row {row + 1}: {error}") from None
    return responses


def _names(table: pd.DataFrame) -> list[dict[str, Any]]:
    """What names each curve: the columns that no fit computes."""
    from dataclasses import fields

    from spinodal.fitting import CurveFit

    computed = {field.name for field in fields(CurveFit)}
    names = table[[column for column in table.columns if column not in computed]]
    plain = names.astype(object).where(names.notna(), None)
    return [{str(key): value for key, value in row.items()} for row in plain.to_dict("records")]


def _show_table(rows: list[dict[str, Any]], found: list[Outlook]) -> None:
    from rich.markup import escape
    from rich.table import Table

    told = {"beta", "h", "spinodal_h", *found[0].to_dict()}
    names = [name for name in rows[0] if name not in told and isinstance(rows[0][name], str)]
    apart = [name for name in names if len({str(row[name]) for row in rows}) > 1] or names[:1]
    table = Table(box=None, pad_edge=False, header_style="bold")
    for name in apart:
        table.add_column(name, overflow="fold")
    for name in ("beta", "h", "phase", "z to A", "z to B"):
        table.add_column(name, justify="left" if name == "phase" else "right", no_wrap=True)
    lasting = found[0].escape is not None
    for side in ("A", "B") if lasting else ():
        table.add_column(f"majority for {side} lasts")
    for row, one in zip(rows, found, strict=True):
        thresholds = (one.tipping[side].zealots_per_agent for side in ("A", "B"))
        lives = () if one.escape is None else (one.escape.in_words("A"), one.escape.in_words("B"))
        table.add_row(
            *(escape(str(row[name])) for name in apart),
            f"{row['beta']:.2f}",
            f"{row['h']:.2f}",
            one.phase,
            *("none" if z is None else f"{z:.3f}" for z in thresholds),
            *(life or "-" for life in lives),
        )
    console = _console()
    if not console.is_terminal:  # a pipe has no width to keep to
        console.width = 200
    console.print(table)


def _draws(file: Path, agents: int | None, plot: Path | None, as_json: bool) -> None:
    from spinodal.cli._progress import progress_bar
    from spinodal.cli._table import numbers, read_fits
    from spinodal.theory import propagate

    table = read_fits(file)
    beta, h = numbers(table, file, "beta"), numbers(table, file, "h")
    with progress_bar("carrying draws through") as progress:
        found = propagate(beta, h, agents, progress=progress)
    if plot is not None:
        from spinodal.plots import save

        save(found.plot(), plot)
    if as_json:
        _print_json(found.to_dict())
    else:
        _show_samples(found)


def _show_samples(found: OutlookSamples) -> None:
    console = _console()
    console.print(f"[bold]Bistable with probability {found.p_bistable:.3f}[/] ({found.beta.size:,} draws).")
    for side, spread in found.tipping.items():
        console.print(f"Tipping to {side}: {_spread(spread, 'zealots an agent')}.")
    for side, spread in (found.lifetimes or {}).items():
        console.print(f"Among {found.agents} agents a majority for {side} lasts {_spread(spread, 'sweeps')}.")


def _spread(spread: Spread, unit: str) -> str:
    if spread.interval is None or spread.median is None:
        return "no draw has one" if unit != "sweeps" else "in no draw"
    low, high = spread.interval
    exists = "" if spread.probability == 1.0 else f"; in {spread.probability:.1%} of the draws"
    return f"{spread.median:.4g} {unit} (95%: {low:.4g} to {high:.4g}{exists})"


def _console() -> Console:
    from rich.console import Console

    return Console(highlight=False, soft_wrap=True)


def _print_json(found: Any) -> None:
    import json

    print(json.dumps(found, allow_nan=False, ensure_ascii=False))
