"""`spinodal society`: a population of real agents that look at each other and choose."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from spinodal.cli._bundles import ADVERSARIES, AGENTS, COURSE, OUTPUT, SOCIETY, command_words, unbundled
from spinodal.cli._society import SocietyOptions
from spinodal.cli._stages import Stages, side_of, stage_of

if TYPE_CHECKING:
    from spinodal.theory import Side, Stage


def register(app: typer.Typer) -> None:
    """Add the verb to the application."""
    app.command("society")(society)


@unbundled
def society(
    *,
    context: typer.Context,
    agents: Annotated[
        int | None,
        typer.Option(
            help="Regular agents. Default: 20, or what the groups or the graph say.", rich_help_panel=AGENTS
        ),
    ] = None,
    shown: Annotated[
        int | None,
        typer.Option(help="An agent sees only so many random peers. Default: all.", rich_help_panel=SOCIETY),
    ] = None,
    zealots: Annotated[
        int | None, typer.Option(help="Zealots, there all the time.", rich_help_panel=ADVERSARIES)
    ] = None,
    toward: Annotated[
        str | None,
        typer.Option(metavar="A|B", help="The option zealots hold.", rich_help_panel=ADVERSARIES),
    ] = None,
    sweeps: Annotated[
        int | None,
        typer.Option(
            help="How long; a sweep is one update for every agent. Default: 10.", rich_help_panel=COURSE
        ),
    ] = None,
    stage: Stages = None,
    options: SocietyOptions,
    json: Annotated[
        bool, typer.Option("--json", help="Print one JSON object.", rich_help_panel=OUTPUT)
    ] = False,
) -> None:
    """Let societies of real agents live: one agent at a time looks at the others and chooses.

    First the response of the agents is measured, for the prediction; then the societies live side by
    side. Ends with a page, report.html in the run folder, that sets one beside the other. Killed at any
    moment, the same command goes on from there and repeats no finished model call.
    """
    from spinodal.cli._living import live
    from spinodal.cli._society import Course, request_of
    from spinodal.society.plan import DEFAULT_M0

    side = None if toward is None else side_of(toward)
    course = Course(
        experiment="society",
        stages=_stages(stage, sweeps, zealots, side),
        toward=side,
        m0=DEFAULT_M0,
        stop_at_consensus=True,
    )
    words = command_words(context, "run", "plan", "json")
    request = request_of(options, course, agents=agents, shown=shown, command=words)
    live(request, options.run, plan=options.plan, json=json)


def _stages(
    stages: list[str] | None, sweeps: int | None, zealots: int | None, toward: Side | None
) -> tuple[Stage, ...]:
    from spinodal._errors import RequestError
    from spinodal.society.plan import DEFAULT_SWEEPS
    from spinodal.theory import Stage

    if stages:
        if sweeps is not None or zealots is not None:
            raise RequestError(
                "--stage says how long and with which zealots; leave --sweeps and --zealots out"
            )
        return tuple(stage_of(text) for text in stages)
    if zealots and toward is None:
        raise RequestError(f"which option do the {zealots} zealots hold? give --toward A or --toward B")
    length, there = DEFAULT_SWEEPS if sweeps is None else sweeps, zealots or 0
    return (Stage(length, there, 0) if toward == "A" else Stage(length, 0, there),)
