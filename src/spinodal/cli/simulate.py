"""`spinodal simulate`: live through the dynamics, well-mixed or on a network."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from spinodal.cli._networks import graph_of, placement_of
from spinodal.cli._response import Beta, Bias, Curve
from spinodal.cli._stages import Stages, side_of, stage_of

if TYPE_CHECKING:
    from spinodal.simulate import Kind, Method, Trajectories
    from spinodal.simulate.graphs import Graph
    from spinodal.theory import Stage


def register(app: typer.Typer) -> None:
    """Add the verb to the application."""
    app.command("simulate")(simulate)


def simulate(
    beta: Beta = None,
    h: Bias = None,
    curve: Curve = None,
    agents: Annotated[
        int | None,
        typer.Option(
            "--agents", help="Regular agents; with a graph file, its nodes, or those that zealots leave."
        ),
    ] = None,
    kinds: Annotated[
        list[str] | None,
        typer.Option(
            "--kind",
            metavar="BETA:H:AGENTS",
            help="Instead of --beta, --h and --agents: agents of a kind. Repeat it to mix several.",
        ),
    ] = None,
    sweeps: Annotated[
        int | None, typer.Option("--sweeps", help="How long; a sweep is one update for every agent.")
    ] = None,
    runs: Annotated[int, typer.Option("--runs", help="Replicas.")] = 1,
    m0: Annotated[float, typer.Option("--m0", help="Magnetization at the start, from -1 to 1.")] = 0.0,
    seed: Annotated[int, typer.Option("--seed", help="The same seed gives the same numbers.")] = 0,
    zealots: Annotated[int, typer.Option("--zealots", help="Zealots, there all the time.")] = 0,
    toward: Annotated[str, typer.Option("--toward", help="The option zealots hold: A or B.")] = "B",
    stages: Stages = None,
    graph: Annotated[
        str | None,
        typer.Option(
            "--graph",
            help="Who sees whom: a file of edges, or a generator such as random-regular:degree=8.",
        ),
    ] = None,
    largest_component: Annotated[
        bool, typer.Option("--largest-component", help="Of a disconnected graph, keep its largest part.")
    ] = False,
    zealots_on: Annotated[
        str,
        typer.Option(
            "--zealots-on",
            help="Nodes of zealots: random, degree, lowest-degree, or their names, 3,17,42 say.",
        ),
    ] = "random",
    shown: Annotated[
        int | None, typer.Option("--shown", help="An agent sees only so many random peers (default: all).")
    ] = None,
    method: Annotated[
        str,
        typer.Option("--method", help="auto; well-mixed counts or leaps; on a graph attempts or events."),
    ] = "auto",
    stop_at_consensus: Annotated[
        bool, typer.Option("--stop-at-consensus", help="A run in which all agree, zealots included, is over.")
    ] = False,
    every: Annotated[int, typer.Option("--every", help="Record every so many sweeps.")] = 1,
    workers: Annotated[
        int | None, typer.Option("--workers", help="Cores to use (default: all). The numbers do not change.")
    ] = None,
    checkpoint: Annotated[
        Path | None, typer.Option("--checkpoint", help="File to keep what is done, and to go on from.")
    ] = None,
    keep_every: Annotated[
        float, typer.Option("--checkpoint-every", help="Seconds between two writes of that file.")
    ] = 10.0,
    out: Annotated[
        Path | None, typer.Option("--out", help="Write every run's magnetization in time, as Parquet.")
    ] = None,
    plot: Annotated[
        Path | None, typer.Option("--plot", help="Draw the runs: a .png, .svg or .pdf file.")
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object.")] = False,
) -> None:
    """Let populations of agents with response P(m) = 1/2 [1 + tanh(beta (m + h))] live through the dynamics.

    Random sequential updates: a random agent looks at the others (never at itself) and adopts A with
    probability P. Exact, save the method leaps for the largest populations, whose error is stated.
    """
    import spinodal.simulate as physics
    from spinodal._files import write_table
    from spinodal.cli._progress import progress_bar
    from spinodal.plots import require_picture, save

    if plot is not None:
        require_picture(plot)  # before the work, not after it
    schedule = _schedule(sweeps, zealots, toward, stages)
    seats = sum(physics.seats(schedule))
    net = None if graph is None else graph_of(graph, agents, seats, seed, largest_component)
    population = physics.Population(_kinds(beta, h, curve, agents, kinds, net, seats), shown=shown, graph=net)
    with progress_bar("simulating") as progress:
        found = physics.simulate(
            population,
            schedule,
            m0=m0,
            runs=runs,
            seed=seed,
            placement=None if net is None else placement_of(zealots_on, net),
            method=_method(method),
            stop_at_consensus=stop_at_consensus,
            every=every,
            workers=workers,
            checkpoint=checkpoint,
            keep_every=keep_every,
            progress=progress,
        )
    if out is not None:
        write_table(out, found.to_frame())
    if plot is not None:
        save(found.plot(), plot)
    if as_json:
        import json

        print(json.dumps(found.to_dict()))
    else:
        _show(found)


def _schedule(sweeps: int | None, zealots: int, toward: str, stages: list[str] | None) -> list[Stage]:
    from spinodal._errors import RequestError
    from spinodal.theory import Stage

    side = side_of(toward)
    if stages:
        if sweeps is not None or zealots:
            raise RequestError(
                "--stage says how long and with which zealots; leave --sweeps and --zealots out"
            )
        return [stage_of(text) for text in stages]
    if sweeps is None:
        raise RequestError("how long? give --sweeps, or one --stage or more")
    return [Stage(sweeps, zealots, 0) if side == "A" else Stage(sweeps, 0, zealots)]


def _kinds(
    beta: float | None,
    h: float | None,
    curve: Path | None,
    agents: int | None,
    kinds: list[str] | None,
    net: Graph | None,
    seats: int,
) -> list[Kind]:
    from spinodal._errors import RequestError
    from spinodal.cli._response import response_of
    from spinodal.simulate import Kind

    if kinds:
        if (beta, h, curve) != (None, None, None):
            raise RequestError("--kind gives the response of its agents; leave --beta, --h and --curve out")
        return [_kind(text) for text in kinds]
    response = response_of(beta, h, curve)
    if net is not None:
        agents = net.nodes - seats
    if agents is None:
        raise RequestError("how many agents? give --agents")
    return [Kind(response, agents)]


def _kind(text: str) -> Kind:
    from spinodal._errors import RequestError
    from spinodal.response import TanhResponse
    from spinodal.simulate import Kind

    parts = text.split(":")
    try:
        beta, h, agents = float(parts[0]), float(parts[1]), int(parts[2])
    except (ValueError, IndexError):
        raise RequestError(f"--kind {text} is not BETA:H:AGENTS; 2.9:0.3:40, say") from None
    return Kind(TanhResponse(beta, h), agents, ":".join(parts[3:]))


def _method(text: str) -> Method:
    from spinodal._errors import RequestError
    from spinodal.simulate import METHODS

    for method in METHODS:
        if text == method:
            return method
    raise RequestError(f"--method {text} is unknown; give one of {', '.join(METHODS)}")


def _show(found: Trajectories) -> None:
    import numpy as np
    from rich.console import Console

    console = Console(highlight=False, soft_wrap=True)
    final, agents = found.final_m, found.population.agents
    updates = int(found.attempts.sum())
    console.print(
        f"[bold]Mean m {found.mean_m[0]:+.3f} at the start, {final.mean():+.3f} after "
        f"{found.sweeps[-1]} sweeps[/] ({found.runs} run{'s' * (found.runs > 1)} of {agents:,} agents)."
    )
    for word, share in (("for A", np.mean(final > 0.0)), ("for B", np.mean(final < 0.0))):
        console.print(f"  majority {word}  {share:6.1%} of the runs")
    console.print(
        f"{updates:,} updates simulated ({found.method}), {int(found.flips.sum()):,} of them flips, "
        f"in {found.seconds:.2f} s."
    )
    if found.step_error:
        console.print(f"Time steps put the mean m off by about {found.step_error:.1g} at most.")
