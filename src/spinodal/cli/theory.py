"""`spinodal theory`: what a population with a given conformity and bias will do."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from spinodal.theory import Outlook, TippingThreshold


def register(app: typer.Typer) -> None:
    @app.command()
    def theory(
        beta: Annotated[float, typer.Option("--beta", help="Conformity: the steepness of the response.")],
        h: Annotated[float, typer.Option("--h", help="Bias: the agent is indifferent at m = -h.")],
        agents: Annotated[
            int | None, typer.Option("--agents", help="Also give the lifetimes among this many agents.")
        ] = None,
        as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object.")] = False,
    ) -> None:
        """Say what a population with response P(m) = 1/2 [1 + tanh(beta (m + h))] will do.

        Lifetimes are in sweeps (one update of every agent); in JSON, 1.797e308 stands for any longer.
        """
        from spinodal.response import TanhResponse
        from spinodal.theory import outlook, spinodal_h

        found = outlook(TanhResponse(beta, h), agents)
        limit = float(spinodal_h(beta))
        spinodal = limit if limit == limit else None
        if as_json:
            import json

            print(json.dumps({"beta": beta, "h": h, "spinodal_h": spinodal, **found.to_dict()}))
        else:
            _show(found, beta, h, spinodal, agents)


def _show(found: Outlook, beta: float, h: float, spinodal: float | None, agents: int | None) -> None:
    from rich.console import Console

    console = Console(highlight=False, soft_wrap=True)
    needed = "no bias allows two states" if spinodal is None else f"two states need |h| < {spinodal:.4f}"
    console.print(f"[bold]{found.phase.capitalize()}[/] at beta = {beta:g}, h = {h:g} ({needed}).")
    for point in found.fixed_points:
        console.print(f"  {'stable' if point.stable else 'unstable':8}  m = {point.m:+.5f}")
    for side, threshold in found.tipping.items():
        console.print(_tipping_line(threshold))
        lasting = None if found.escape is None else found.escape.in_words(side)
        if lasting is not None:
            console.print(f"Among {agents} agents a majority for {side} lasts {lasting}.")


def _tipping_line(threshold: TippingThreshold) -> str:
    if threshold.zealots_per_agent is None or threshold.fraction is None:
        return f"Tipping to {threshold.toward}: no threshold."
    lasting = "for good" if threshold.irreversible else "while they stay"
    return (
        f"Tipping to {threshold.toward}: {threshold.zealots_per_agent:.4f} zealots an agent, "
        f"{threshold.fraction:.1%} of everybody, {lasting}."
    )
