"""`spinodal hysteresis`: zealots swept from one side to the other and back."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from spinodal.cli._response import Beta, Bias, Curve, Shown

if TYPE_CHECKING:
    from spinodal.theory import HysteresisLoop, Side


def register(app: typer.Typer) -> None:
    """Add the verb to the application."""
    app.command("hysteresis")(hysteresis)


def hysteresis(
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
    plot: Annotated[
        Path | None, typer.Option("--plot", help="Draw the loop: a .png, .svg or .pdf file.")
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object.")] = False,
) -> None:
    """Sweep zealots from B's side to A's and back; give the mean magnetization on both ways, exactly.

    The area between the two ways is the population's memory: 0 where it has one state.
    """
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
