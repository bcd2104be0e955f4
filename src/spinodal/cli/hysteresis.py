"""`spinodal hysteresis`: zealots swept to the other side and back, in theory or among real agents."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from spinodal.cli._bundles import command_words, refuse, unbundled
from spinodal.cli._response import Beta, Bias, Curve, Shown
from spinodal.cli._society import ELSEWHERE, ONLY_THEORY, SocietyOptions

if TYPE_CHECKING:
    from spinodal.theory import HysteresisLoop, Side, Stage


def register(app: typer.Typer) -> None:
    """Add the verb to the application."""
    app.command("hysteresis")(hysteresis)


@unbundled
def hysteresis(
    *,
    context: typer.Context,
    agents: Annotated[int, typer.Option("--agents", help="Regular agents.")],
    zealots: Annotated[int, typer.Option("--zealots", help="The most zealots, on either side.")],
    beta: Beta = None,
    h: Bias = None,
    curve: Curve = None,
    shown: Shown = None,
    settle: Annotated[
        float, typer.Option("--settle", help="Sweeps to settle after each change of the zealots.")
    ] = 25.0,
    sample: Annotated[int, typer.Option("--sample", help="Sweeps to average over, after those.")] = 25,
    by: Annotated[int, typer.Option("--by", help="Zealots exchanged at a time.")] = 1,
    sweeps_per_step: Annotated[
        int, typer.Option("--sweeps-per-step", help="With real agents: sweeps at each number of zealots.")
    ] = 4,
    equilibrate: Annotated[
        int, typer.Option("--equilibrate", help="With real agents: further sweeps at the first number.")
    ] = 0,
    plot: Annotated[
        Path | None, typer.Option("--plot", help="Draw the loop: a .png, .svg or .pdf file.")
    ] = None,
    options: SocietyOptions,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object.")] = False,
) -> None:
    """Sweep zealots from B's side to A's and back; give the mean magnetization on both ways, exactly.

    The area between the two ways is the population's memory: 0 where it has one state.

    With --pair, --model or --group it is done to real agents, who start as all B; at each number of
    zealots the second half of the sweeps is averaged. Ends with a page that sets the loop beside the theory.
    """
    if options.names_agents:
        from spinodal.cli._living import live
        from spinodal.cli._society import Course, request_of

        refuse(context, ("beta", "h", "curve", "settle", "sample", "plot"), ONLY_THEORY)
        course = Course(
            experiment="hysteresis",
            stages=_steps(zealots, by, sweeps_per_step, equilibrate),
            toward=None,
            m0=(-1.0,),
            stop_at_consensus=False,
        )
        words = command_words(context, "run", "plan", "as_json")
        request = request_of(options, course, agents=agents, shown=shown, command=words)
        live(request, options.run, plan=options.plan, json=as_json)
        return
    refuse(context, ("sweeps_per_step", "equilibrate", *options.names), ELSEWHERE)
    import spinodal.theory as physics
    from spinodal.cli._progress import progress_bar
    from spinodal.cli._response import response_of

    if plot is not None:
        from spinodal.plots import require_picture

        require_picture(plot)  # before the work, not after it
    response = response_of(beta, h, curve, shown)
    with progress_bar("sweeping zealots") as progress:
        loop = physics.hysteresis(
            response, agents, zealots, settle=settle, sample=sample, by=by, progress=progress
        )
    if plot is not None:
        from spinodal.plots import save

        save(loop.plot(), plot)
    mean_field = _mean_field(loop)
    if as_json:
        import json

        print(json.dumps({**loop.to_dict(), "mean_field": mean_field}, allow_nan=False))
    else:
        _show(loop, mean_field)


def _steps(most: int, by: int, sweeps: int, equilibrate: int) -> tuple[Stage, ...]:
    """A stage a step of the theory's own path."""
    from spinodal._errors import RequestError
    from spinodal.theory import Stage, zealots_swept

    if sweeps < 2:
        raise RequestError(f"{sweeps} sweeps a step; give 2 or more: the first half is for settling")
    if equilibrate < 0:
        raise RequestError(f"{equilibrate} sweeps to equilibrate; give 0 or more")
    stages = [Stage(sweeps, max(count, 0), max(-count, 0)) for count in zealots_swept(most, by)]
    first = stages[0]
    return (Stage(sweeps + equilibrate, first.zealots_a, first.zealots_b), *stages[1:])


def _mean_field(loop: HysteresisLoop) -> dict[Side, dict[str, Any]]:
    """Where the infinite population jumps, by the option whose zealots make it."""
    from spinodal.theory import tipping_threshold

    sides: tuple[Side, ...] = ("A", "B")
    thresholds = {side: tipping_threshold(loop.response, side) for side in sides}
    return {
        side: {
            "zealots_per_agent": threshold.zealots_per_agent,
            "zealots": threshold.zealots_among(loop.agents),
        }
        for side, threshold in thresholds.items()
    }


def _show(loop: HysteresisLoop, mean_field: dict[Side, dict[str, Any]]) -> None:
    middle = loop.zealots.size // 2
    typer.echo(
        f"With no zealots mean m is {loop.up[middle]:+.3f} on the way to A and {loop.down[middle]:+.3f} "
        f"on the way back ({loop.agents:,} agents). Area of the loop: {loop.area:.4f}."
    )
    for side, found in mean_field.items():
        z, here = found["zealots_per_agent"], found["zealots"]
        where = "at no number of zealots" if z is None else f"at {z:.4f} zealots an agent, {here} here"
        typer.echo(f"The infinite population jumps to {side} {where}.")
