"""`spinodal sweep`: a grid or a list of parameters, times replicas, to one table."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

if TYPE_CHECKING:
    from spinodal.simulate.sweeps import SweepPlan, SweepProgress, SweepTable

_PARAMETERS = "Parameters: one value, several (0,0.1,0.2), or a range (1.5:3:0.25)"
_WORK = "The work"


def register(app: typer.Typer) -> None:
    """Add the verb to the application."""
    app.command("sweep")(sweep)


def _parameter(about: str) -> Any:
    return typer.Option(help=about, metavar="VALUES", rich_help_panel=_PARAMETERS)


def sweep(
    file: Annotated[
        Path | None,
        typer.Argument(
            help="A request (.yaml: grid, points, runs, seed, out), or a table of points (.csv, .parquet) "
            "such as the fits of a run. Options come on top."
        ),
    ] = None,
    beta: Annotated[str | None, _parameter("Conformity.")] = None,
    h: Annotated[str | None, _parameter("Bias: an agent is indifferent at m = -h.")] = None,
    agents: Annotated[str | None, _parameter("Regular agents.")] = None,
    zealots: Annotated[str | None, _parameter("Zealots beside them. Default: 0.")] = None,
    toward: Annotated[str | None, _parameter("The option zealots hold: A or B. Default: B.")] = None,
    hold: Annotated[str | None, _parameter("Sweeps after which the zealots leave. Default: all.")] = None,
    zealots_on: Annotated[
        str | None, _parameter("Nodes of zealots: random, degree, lowest-degree. Default: random.")
    ] = None,
    m0: Annotated[str | None, _parameter("Magnetization at the start. Default: 0.")] = None,
    sweeps: Annotated[
        str | None, _parameter("How long; a sweep is one update for every agent. Default: 100.")
    ] = None,
    graph: Annotated[
        list[str] | None,
        _parameter(
            "Who sees whom: well-mixed, a generator such as random-regular:degree=8, or an edge file. "
            "Repeat the option for several. Default: well-mixed."
        ),
    ] = None,
    shown: Annotated[str | None, _parameter("An agent sees only so many random peers. Default: all.")] = None,
    method: Annotated[
        str | None,
        _parameter("auto; well-mixed counts or leaps; on a graph attempts or events. Default: auto."),
    ] = None,
    draw: Annotated[
        str | None, _parameter("Numbers of independent draws, each with its own graph. Default: 0.")
    ] = None,
    runs: Annotated[
        int | None, typer.Option(help="Replicas of each cell. Default: 1.", rich_help_panel=_WORK)
    ] = None,
    seed: Annotated[
        int | None,
        typer.Option(help="The same seed gives the same numbers. Default: 0.", rich_help_panel=_WORK),
    ] = None,
    out: Annotated[
        Path | None, typer.Option(help="The table, a .parquet file; a row a run.", rich_help_panel=_WORK)
    ] = None,
    workers: Annotated[
        int | None,
        typer.Option(help="Cells under way at once. Default: one a core.", rich_help_panel=_WORK),
    ] = None,
    ray: Annotated[
        str | None,
        typer.Option(
            metavar="ADDRESS",
            help="Work on a Ray cluster: host:port of its head, auto, or local.",
            rich_help_panel=_WORK,
        ),
    ] = None,
    plot: Annotated[
        Path | None, typer.Option(help="Draw the result: a .png, .svg or .pdf file.", rich_help_panel=_WORK)
    ] = None,
    as_json: Annotated[
        bool, typer.Option("--json", help="Print a JSON object, an entry a cell.", rich_help_panel=_WORK)
    ] = False,
) -> None:
    """Simulate every cell of a grid, or of a list of points, into one Parquet table.

    Killed at any moment, the same command goes on from there; another grid with the same seed takes over
    the cells in common. The numbers do not depend on the workers.
    """
    from spinodal._errors import RequestError
    from spinodal.plots import require_picture, save
    from spinodal.simulate import sweeps as family

    if plot is not None:
        require_picture(plot)  # before the work, not after it
    given = {
        "beta": beta,
        "h": h,
        "agents": agents,
        "zealots": zealots,
        "toward": toward,
        "hold": hold,
        "zealots_on": zealots_on,
        "m0": m0,
        "sweeps": sweeps,
        "graph": graph,
        "shown": shown,
        "method": method,
        "draw": draw,
    }
    asked = family.SweepRequest() if file is None else family.read_request(file)
    plan = family.SweepPlan.of(
        asked.grid | {name: values for name, values in given.items() if values is not None},
        asked.points,
        runs=asked.runs if runs is None else runs,
        seed=asked.seed if seed is None else seed,
    )
    path = out or asked.out
    if path is None:
        raise RequestError("where to? give --out, a .parquet file")
    began = time.monotonic()
    with _telling(plan, quiet=as_json) as tell:
        table = family.sweep(plan, out=path, workers=workers, ray=ray, progress=tell)
    if plot is not None:
        save(table.plot(), plot)
    if as_json:
        import json

        print(json.dumps({"out": str(path), "runs": len(table.table), **table.to_dict()}))
    else:
        _show(table, path, time.monotonic() - began)


@contextmanager
def _telling(plan: SweepPlan, *, quiet: bool) -> Iterator[Callable[[SweepProgress], None]]:
    """What is planned in a line or two, then a bar."""
    from rich.console import Console

    from spinodal.cli._progress import progress_bar

    console = Console(stderr=True, highlight=False, soft_wrap=True, quiet=quiet)
    cells, runs = len(plan.cells), plan.runs
    console.print(
        f"{_many(cells, 'cell')}, {_many(runs, 'run')} each: {_many(cells * runs, 'run')}, "
        f"{_many(plan.updates, 'update')}"
    )
    with progress_bar("sweeping", quiet=quiet) as bar:

        def tell(now: SweepProgress) -> None:
            if now.kept == cells:
                console.print("all of them finished before")
            elif now.finished == now.kept:
                before = f"{_many(now.kept, 'cell')} finished before, the rest takes " if now.kept else ""
                console.print(
                    f"{before}about {_duration(now.estimate / now.workers)} on {_many(now.workers, 'worker')}"
                )
            bar(now.share)

        yield tell


def _show(table: SweepTable, path: Path, seconds: float) -> None:
    from rich.console import Console

    console = Console(highlight=False, soft_wrap=True)
    runs, cells = table.table, table.summary
    console.print(f"[bold]{_many(len(runs), 'run')}[/] in {path}, {seconds:.1f} s.")
    order = cells.sort_values("final_m", kind="stable")
    for word, cell in (("lowest", order.iloc[0]), ("highest", order.iloc[-1])) if len(cells) > 1 else ():
        where = ", ".join(f"{name} = {_plain(cell[name])}" for name in (*table.labels, *table.swept))
        console.print(f"  {word:7} mean m at the end {cell['final_m']:+.3f}, with {where}", markup=False)
    console.print(f"Mean m at the end of all runs {runs['final_m'].mean():+.3f}.")
    changed = runs["crossed"].dropna()
    if len(changed):
        console.print(f"The majority changed in {changed.mean():.1%} of the runs.")
    engines = ", ".join(sorted(set(runs["engine"])))
    console.print(
        f"{_many(int(runs['attempts'].sum()), 'update')} simulated ({engines}), "
        f"{int(runs['flips'].sum()):,} of them flips."
    )


def _many(count: int, what: str) -> str:
    return f"{count:,} {what}{'s' * (count != 1)}"


def _duration(seconds: float) -> str:
    if seconds < 1.0:
        return "a second"
    if seconds < 120.0:
        return f"{seconds:.0f} s"
    return f"{seconds / 60.0:.0f} min" if seconds < 7200.0 else f"{seconds / 3600.0:.0f} h"


def _plain(value: Any) -> str:
    return f"{value:g}" if isinstance(value, float) else str(value)
